"""What the daemon counts. Plain numbers, added to where things happen; metrics and the control socket read them."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

BUCKETS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Upper ends of the classes that times to answer are counted in, seconds; what took longer is counted beyond them."""


@dataclass(slots=True)
class Stats:
    """Since the start."""

    queries: Counter[str] = field(default_factory=Counter)
    """By transport."""
    replies: Counter[str] = field(default_factory=Counter)
    """By rcode."""
    errors: Counter[str] = field(default_factory=Counter)
    """Extended DNS Errors told, by info-code."""
    statuses: Counter[str] = field(default_factory=Counter)
    """Questions resolved anew, by status."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Queries without a reply, and connections ended, by reason."""
    hits: int = 0
    """Answers from the cache."""
    misses: int = 0
    """Answers that had to be resolved."""
    stale: int = 0
    """Answers that were out of date, for want of newer ones (RFC 8767)."""
    prefetches: int = 0
    """Answers renewed before their time was over."""
    upstream: Counter[str] = field(default_factory=Counter)
    """Queries sent to servers, by transport."""
    latency: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    """Questions resolved anew, by the time they took: one count for each of `BUCKETS`, and one beyond."""
    latency_seconds: float = 0.0
    """The sum of those times."""
    in_flight: int = 0
    """Questions that are being resolved."""
    connections: int = 0
    """Connections that are open."""

    def took(self, seconds: float) -> None:
        """One question was resolved in so many seconds."""
        index = next((index for index, bound in enumerate(BUCKETS) if seconds <= bound), len(BUCKETS))
        self.latency[index] += 1
        self.latency_seconds += seconds

    def to_json(self) -> dict[str, object]:
        """As the control socket tells it."""
        return {
            "queries": dict(self.queries),
            "replies": dict(self.replies),
            "extended_errors": dict(self.errors),
            "statuses": dict(self.statuses),
            "dropped": dict(self.dropped),
            "hits": self.hits,
            "misses": self.misses,
            "stale": self.stale,
            "prefetches": self.prefetches,
            "upstream": dict(self.upstream),
            "in_flight": self.in_flight,
            "connections": self.connections,
        }

"""When to look at a trust point's keys again (RFC 5011 §2.3), and how long hold-downs last (§2.4). Seconds throughout."""

from dataclasses import dataclass, replace
from typing import Final

HOUR: Final = 3600
DAY: Final = 86400
ADD_HOLD_DOWN: Final = 30 * DAY
REMOVE_HOLD_DOWN: Final = 30 * DAY
"""RFC 5011 §2.4.2: for so long a revoked key must have been gone before it counts as removed."""


def query_interval(original_ttl: int, expires_in: int) -> int:
    """RFC 5011 §2.3: MAX(1 hour, MIN(15 days, ½ original TTL, ½ signature expiration interval))."""
    return max(HOUR, min(15 * DAY, original_ttl // 2, expires_in // 2))


def retry_time(original_ttl: int, expires_in: int) -> int:
    """RFC 5011 §2.3: MAX(1 hour, MIN(1 day, 0.1 × original TTL, 0.1 × signature expiration interval))."""
    return max(HOUR, min(DAY, original_ttl // 10, expires_in // 10))


def add_hold_down(original_ttl: int) -> int:
    """RFC 5011 §2.4.1: 30 days, or the original TTL of the first DNSKEY RRset that held the key, whichever is greater."""
    return max(ADD_HOLD_DOWN, original_ttl)


@dataclass(frozen=True, slots=True)
class Timers:
    """When a trust point was looked at, and when to look again. Times are epoch seconds; 0 is never."""

    next_query: int
    last_query: int = 0
    last_success: int = 0
    query_interval: int = HOUR
    retry_time: int = HOUR
    failures: int = 0
    """Looks in a row that brought no authenticated key set."""

    def is_due(self, now: int) -> bool:
        """Whether to look now: the time has come, or the clock was set back, so that it is not known whether it has."""
        return now >= self.next_query or now < self.last_query

    def succeeded(self, now: int, original_ttl: int, expires_in: int) -> "Timers":
        """After a look that brought an authenticated key set with that TTL and that time left on its signature."""
        interval = query_interval(original_ttl, expires_in)
        return Timers(now + interval, now, now, interval, retry_time(original_ttl, expires_in), 0)

    def failed(self, now: int) -> "Timers":
        """After a look that did not. The retry time is that of the last success."""
        last_success = min(self.last_success, now)
        return replace(
            self,
            next_query=now + self.retry_time,
            last_query=now,
            last_success=last_success,
            failures=self.failures + 1,
        )

"""Answers that were given, with the chains behind them: what is asked again is answered from here, and can be explained."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from unbroken.chain import LinkKind, Question, Status
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.resolving.cache import ExpiringMap, lifetime, message_octets
from unbroken.resolving.clock import Clock
from unbroken.resolving.resolution import Resolution
from unbroken.resolving.work import ResolverLimits
from unbroken.service.extended_error import extended_errors
from unbroken.service.kept import Kept, is_failure

_PER_LINK: Final = 3_000
"""Octets that a link of an answer's own takes, with its evidence and attempts: roughly, as measured."""
_OWN_LINKS: Final = (LinkKind.DATA, LinkKind.DENIAL)
"""The others are zones' links, which many chains share."""
_FAILURES_SHARE: Final = 8
_LONGEST_FAILURE: Final = 300
"""RFC 9520 §3.2: a failure must not be kept for longer than five minutes."""
_FAILURES_REMEMBERED: Final = 2.0 * _LONGEST_FAILURE
_STALE_RECHECK: Final = 30
"""RFC 8767 §5: while stale data are handed out, new ones are tried for not more often than every so many seconds."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Seconds that a bogus answer, and at first a failure, are kept, and that data may be stale after their end."""

    bogus: int = 30
    failure: int = 5
    stale: int = 0


class AnswerCache:
    """Resolutions by question: a bounded number of them, and a bounded number of octets."""

    def __init__(self, limits: ResolverLimits, lifetimes: Lifetimes, clock: Clock) -> None:
        """Of `limits` those on messages, their octets and TTLs count."""
        self._limits = limits
        self._lifetimes = lifetimes
        self._clock = clock
        self._kept: ExpiringMap[Question, Kept] = ExpiringMap(limits.messages, clock, limits.message_octets)
        self._failed: ExpiringMap[Question, Kept] = ExpiringMap(
            limits.messages // _FAILURES_SHARE + 1, clock, limits.message_octets // _FAILURES_SHARE
        )
        self._failures: ExpiringMap[Question, int] = ExpiringMap(limits.messages // _FAILURES_SHARE + 1, clock)
        self.generation = 0
        """Counts the times that something was forgotten on request."""

    def get(self, question: Question) -> Kept | None:
        """The answer to exactly this question, or what follows from a name above it that is proven not to exist.

        After a failure, until it is time to try again: the stale answer, if there is one, or the failure.
        """
        kept = self._fresh(question)
        if kept is not None:
            # A flood of names that nobody asks for twice must not push out those that are asked for all the time.
            self._kept.renew(question)
            return kept
        failed = self._failed.get(question)
        if failed is not None:
            return self.stale(question) or failed
        return self._denied_above(question)

    def stale(self, question: Question) -> Kept | None:
        """An answer whose time is over, but which may be handed out when a newer one can't be had (RFC 8767)."""
        kept = self._kept.get(question)
        if kept is None or kept.is_fresh(self._clock.monotonic()) or not kept.may_be_stale(self._clock.now()):
            return None
        return kept.stale()

    def _fresh(self, question: Question) -> Kept | None:
        kept = self._kept.get(question)
        return kept if kept is not None and kept.is_fresh(self._clock.monotonic()) else None

    def _denied_above(self, question: Question) -> Kept | None:
        # RFC 8020 §2: below a name that does not exist there is nothing. Only what is proven counts: a forged NXDOMAIN for a
        # TLD would take all of it. The type does not matter for that, so it is looked for where clients most often leave it.
        for count in range(question.name.label_count - 1, 0, -1):
            for rdtype in (rr.A, question.rdtype):
                kept = self._fresh(Question(question.name.ancestor(count), rdtype))
                if kept is not None and kept.is_denial_of_name:
                    return kept.restated(question)
        return None

    def put(self, resolution: Resolution, generation: int) -> Kept:
        """Keep a resolution for as long as it holds; what is to be handed out: this, or what is stale instead of a failure.

        `generation` is that at which it was begun: when something was forgotten since, it may rest on just that.
        """
        question, failed = resolution.question, is_failure(resolution)
        stale = self.stale(question) if failed else None
        seconds = self._failure_seconds(question, stale is not None) if failed else self._seconds(resolution)
        kept = Kept(resolution, self._clock.monotonic(), max(0.0, seconds), extended_errors(resolution))
        if generation == self.generation:
            octets = _octets(resolution)
            if failed:
                self._failed.put(question, kept, kept.lifetime, octets)
            else:
                self._keep(question, kept, octets)
        return stale or kept

    def _keep(self, question: Question, kept: Kept, octets: int) -> None:
        self._failed.discard(question)
        self._failures.discard(question)
        # RFC 8767 §4: a TTL of 0 asks for no caching at all, and bogus data are never handed out.
        is_data = kept.lifetime > 0 and kept.resolution.status is not Status.BOGUS
        self._kept.put(question, kept, kept.lifetime + (self._lifetimes.stale if is_data else 0), octets)

    def _failure_seconds(self, question: Question, has_stale: bool) -> float:
        """RFC 9520 §3.2: each failure after the first is kept twice as long, up to five minutes."""
        count = self._failures.get(question) or 0
        self._failures.put(question, min(count + 1, 16), _FAILURES_REMEMBERED)
        seconds = min(self._lifetimes.failure << count, _LONGEST_FAILURE)
        return max(seconds, _STALE_RECHECK) if has_stale else seconds

    def _seconds(self, resolution: Resolution) -> float:
        if resolution.status is Status.BOGUS:
            # RFC 4035 §4.7: bogus data may be kept, for a short time, to spare the servers.
            return self._lifetimes.bogus
        now, until = self._clock.now(), resolution.chain.valid_until
        seconds = lifetime(resolution.message, now, self._limits)
        return min(seconds, until - now) if until is not None else seconds

    def discard(self, name: Name, *, tree: bool) -> int:
        """Forget the answers for a name, or for all at and below it; how many."""
        self.generation += 1

        def is_doomed(asked: Question) -> bool:
            return asked.name == name or (tree and asked.name.is_below(name))

        self._failures.discard_where(is_doomed)
        return self._kept.discard_where(is_doomed) + self._failed.discard_where(is_doomed)

    def clear(self) -> None:
        """Forget everything."""
        self.generation += 1
        for kept in (self._kept, self._failed, self._failures):
            kept.clear()

    @property
    def octets(self) -> int:
        """About what is taken."""
        return self._kept.octets + self._failed.octets

    def __len__(self) -> int:
        return len(self._kept) + len(self._failed)

    def __iter__(self) -> Iterator[Question]:
        yield from self._kept
        yield from self._failed


def _octets(resolution: Resolution) -> int:
    """About what an answer takes: its message, much of which the chain holds again, and the links of its own."""
    own = sum(link.kind in _OWN_LINKS for link in resolution.chain.all_links)
    return 2 * message_octets(resolution.message) + _PER_LINK * own

"""Answers that were given, with the chains behind them: what is asked again is answered from here, and can be explained."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from unbroken.chain import Outcome, Question, Status
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.resolving.cache import ExpiringMap, lifetime, message_octets
from unbroken.resolving.clock import Clock
from unbroken.resolving.resolution import Resolution
from unbroken.resolving.work import ResolverLimits
from unbroken.service.extended_error import ExtendedError, extended_errors
from unbroken.service.reply import Content

_PER_LINK: Final = 2_000
"""Octets that a link of a chain takes with its evidence and attempts, roughly; zones' links are shared by many chains."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A resolution, and until when it may be handed out. Times are of the monotonic clock."""

    resolution: Resolution
    made_at: float
    lifetime: float
    """Seconds."""
    errors: tuple[ExtendedError, ...]

    @property
    def is_denial_of_name(self) -> bool:
        """Whether it proves that the name does not exist, and so that nothing below it does."""
        chain = self.resolution.chain
        return chain.status is Status.SECURE and chain.outcome is Outcome.NXDOMAIN and not chain.hops

    def content(self, now: float) -> Content:
        """What a validating client of ours gets: SERVFAIL for what is withheld (RFC 4035 §5.5)."""
        if self.resolution.is_withheld or self.resolution.message.rcode == rr.SERVFAIL:
            return Content(rr.SERVFAIL, errors=self.errors)
        return self._data(now, is_secure=self.resolution.status is Status.SECURE)

    def unchecked(self, now: float) -> Content:
        """What a client with CD gets: the data, whatever was found of them (RFC 4035 §3.2.2)."""
        return self._data(now, is_secure=self.resolution.status is Status.SECURE)

    def _data(self, now: float, *, is_secure: bool) -> Content:
        message, elapsed = self.resolution.message, int(max(0.0, now - self.made_at))
        answer = tuple(_counted_down(rrset, elapsed) for rrset in message.answer)
        # RFC 2308 §5: what denies lasts no longer than the SOA's MINIMUM field lets it, which is in the lifetime.
        most = int(self.lifetime)
        authority = tuple(_counted_down(rrset, elapsed, most) for rrset in message.authority)
        return Content(message.rcode, answer, authority, is_secure, self.errors)

    def restated(self, question: Question) -> "Kept":
        """The denial of a name above as that of `question`."""
        old = self.resolution.message
        asked = (question.name, question.rdtype, rr.CLASS_IN)
        message = Message(old.id, old.flags, asked, old.answer, old.authority, rcode=old.rcode)
        return replace(self, resolution=replace(self.resolution, question=question, message=message))


def _counted_down(rrset: RRset, elapsed: int, most: int | None = None) -> RRset:
    ttl = rrset.ttl if most is None else min(rrset.ttl, most)
    left = max(0, ttl - elapsed)
    return rrset if left == rrset.ttl else rrset.with_ttl(left)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Seconds that a bogus answer, and a failure, are kept."""

    bogus: int = 30
    failure: int = 5


class AnswerCache:
    """Resolutions by question: a bounded number of them, and a bounded number of octets."""

    def __init__(self, limits: ResolverLimits, lifetimes: Lifetimes, clock: Clock) -> None:
        """Of `limits` those on messages, their octets and TTLs count."""
        self._limits = limits
        self._lifetimes = lifetimes
        self._clock = clock
        self._kept: ExpiringMap[Question, Kept] = ExpiringMap(limits.messages, clock, limits.message_octets)
        self.generation = 0
        """Counts the times that something was forgotten on request."""

    def get(self, question: Question) -> Kept | None:
        """The answer to exactly this question, or what follows from a name above it that is proven not to exist."""
        return self._kept.get(question) or self._denied_above(question)

    def _denied_above(self, question: Question) -> Kept | None:
        # RFC 8020 §2: below a name that does not exist there is nothing. Only what is proven counts: a forged NXDOMAIN for a
        # TLD would take all of it. The type does not matter for that, so it is looked for where clients most often leave it.
        for count in range(question.name.label_count - 1, 0, -1):
            for rdtype in (rr.A, question.rdtype):
                kept = self._kept.get(Question(question.name.ancestor(count), rdtype))
                if kept is not None and kept.is_denial_of_name:
                    return kept.restated(question)
        return None

    def put(self, resolution: Resolution, generation: int) -> Kept:
        """Keep a resolution for as long as it holds; what is kept, even if for no time.

        `generation` is that at which it was begun: when something was forgotten since, it may rest on just that.
        """
        kept = Kept(
            resolution, self._clock.monotonic(), max(0.0, self._seconds(resolution)), extended_errors(resolution)
        )
        if generation == self.generation:
            octets = 2 * message_octets(resolution.message) + _PER_LINK * len(resolution.chain.all_links)
            self._kept.put(resolution.question, kept, kept.lifetime, octets)
        return kept

    def _seconds(self, resolution: Resolution) -> float:
        if resolution.status is Status.BOGUS:
            # RFC 4035 §4.7: bogus data may be kept, for a short time, to spare the servers.
            return self._lifetimes.bogus
        if resolution.is_withheld or resolution.message.rcode == rr.SERVFAIL:
            return self._lifetimes.failure
        now, until = self._clock.now(), resolution.chain.valid_until
        seconds = lifetime(resolution.message, now, self._limits)
        return min(seconds, until - now) if until is not None else seconds

    def discard(self, name: Name, *, tree: bool) -> int:
        """Forget the answers for a name, or for all at and below it; how many."""
        self.generation += 1
        return self._kept.discard_where(lambda asked: asked.name == name or (tree and asked.name.is_below(name)))

    def clear(self) -> None:
        """Forget everything."""
        self.generation += 1
        self._kept.clear()

    @property
    def octets(self) -> int:
        """About what is taken."""
        return self._kept.octets

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Question]:
        return iter(self._kept)

"""One answer that is kept, with the chain behind it, and what clients get of it: fresh, stale, or of a failure."""

from dataclasses import dataclass, replace
from typing import Final

from unbroken.chain import Outcome, Question, Status
from unbroken.dns import Message, RRset
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede
from unbroken.dns.serial import seconds_until
from unbroken.resolving.resolution import Resolution
from unbroken.service.extended_error import ExtendedError
from unbroken.service.reply import Content

_STALE_TTL: Final = 30
"""RFC 8767 §5: the TTL that stale records should have, seconds."""
_LAST_SHARE: Final = 10
_SHORTEST_TO_RENEW: Final = 10


@dataclass(frozen=True, slots=True)
class Kept:
    """A resolution, and until when it may be handed out. Times are of the monotonic clock."""

    resolution: Resolution
    made_at: float
    lifetime: float
    """Seconds."""
    errors: tuple[ExtendedError, ...]
    is_stale: bool = False

    @property
    def is_failure(self) -> bool:
        """Whether there is nothing to hand out but SERVFAIL, though nothing is bogus."""
        return is_failure(self.resolution)

    @property
    def is_secure(self) -> bool:
        """Whether the chain is unbroken."""
        return self.resolution.status is Status.SECURE

    @property
    def is_denial_of_name(self) -> bool:
        """Whether it proves that the name does not exist, and so that nothing below it does."""
        chain = self.resolution.chain
        return chain.status is Status.SECURE and chain.outcome is Outcome.NXDOMAIN and not chain.hops

    def is_fresh(self, now: float) -> bool:
        """Whether its time is not over."""
        return now < self.made_at + self.lifetime

    @property
    def renewal_at(self) -> float:
        """When a tenth of its time is left, so that it may be renewed before anybody has to wait; its end if that is near."""
        share = self.lifetime / _LAST_SHARE if self.lifetime >= _SHORTEST_TO_RENEW else 0.0
        return self.made_at + self.lifetime - share

    def is_nearly_over(self, now: float) -> bool:
        """Whether it may be renewed already."""
        return self.lifetime >= _SHORTEST_TO_RENEW and now > self.renewal_at

    def may_be_stale(self, now: int) -> bool:
        """Whether it holds data that may still be handed out when they can't be had anew, at epoch second `now`.

        RFC 4035 §5.3.3: data must not outlive their signatures, and RFC 8767 §4 lengthens TTLs only.
        """
        if self.is_failure or self.resolution.status is Status.BOGUS:
            return False
        message = self.resolution.message
        signatures = (rrset for rrset in (*message.answer, *message.authority) if rrset.rdtype == rr.RRSIG)
        return all(seconds_until(rrsig.expiration, now) > 0 for rrset in signatures for rrsig in rrset.rrsigs())

    def stale(self) -> "Kept":
        """The same as what is handed out for want of anything newer."""
        return replace(self, is_stale=True)

    def content(self, now: float) -> Content:
        """What a validating client of ours gets: SERVFAIL for what is withheld (RFC 4035 §5.5)."""
        if self.is_failure or self.resolution.is_withheld:
            return Content(rr.SERVFAIL, errors=self.errors)
        return self._stale_data(now) if self.is_stale else self._data(now)

    def unchecked(self, now: float) -> Content:
        """What a client with CD gets: the data, whatever was found of them (RFC 4035 §3.2.2)."""
        if self.resolution.message.rcode == rr.SERVFAIL:
            return Content(rr.SERVFAIL, errors=self.errors)
        return self._stale_data(now) if self.is_stale else self._data(now)

    def _data(self, now: float) -> Content:
        message, elapsed = self.resolution.message, int(max(0.0, now - self.made_at))
        answer = tuple(_counted_down(rrset, elapsed) for rrset in message.answer)
        # RFC 2308 §5: what denies lasts no longer than the SOA's MINIMUM field lets it, which is in the lifetime.
        most = int(self.lifetime)
        authority = tuple(_counted_down(rrset, elapsed, most) for rrset in message.authority)
        return Content(message.rcode, answer, authority, self.is_secure, self.errors)

    def _stale_data(self, now: float) -> Content:
        """Without AD: the chain was whole when it was made, and nobody knows whether it still is."""
        message, age = self.resolution.message, int(now - self.made_at - self.lifetime)
        answer = tuple(rrset.with_ttl(_STALE_TTL) for rrset in message.answer)
        authority = tuple(rrset.with_ttl(_STALE_TTL) for rrset in message.authority)
        # RFC 8914 §4.4 and §4.20.
        code = Ede.STALE_NXDOMAIN_ANSWER if message.rcode == rr.NXDOMAIN else Ede.STALE_ANSWER
        error = ExtendedError(code, f"out of date for {max(0, age)} s, and could not be had anew yet")
        return Content(message.rcode, answer, authority, errors=(error, *self.errors))

    def restated(self, question: Question) -> "Kept":
        """The denial of a name above as that of `question`."""
        old = self.resolution.message
        asked = (question.name, question.rdtype, rr.CLASS_IN)
        message = Message(old.id, old.flags, asked, old.answer, old.authority, rcode=old.rcode)
        return replace(self, resolution=replace(self.resolution, question=question, message=message))


def is_failure(resolution: Resolution) -> bool:
    """Whether a resolution has nothing to hand out, though nothing in it is bogus."""
    if resolution.status is Status.BOGUS:
        return False
    return resolution.is_withheld or resolution.message.rcode == rr.SERVFAIL


def _counted_down(rrset: RRset, elapsed: int, most: int | None = None) -> RRset:
    ttl = rrset.ttl if most is None else min(rrset.ttl, most)
    left = max(0, ttl - elapsed)
    return rrset if left == rrset.ttl else rrset.with_ttl(left)

"""Negative trust anchors set at run time (RFC 7646): each with an end and a reason, lifted when the zone validates again."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Final

from unbroken.anchors.store import NegativeTrustAnchor, TrustAnchors
from unbroken.chain import Status
from unbroken.dns import Name
from unbroken.errors import UsageError
from unbroken.resolving.clock import Clock

MOST_SECONDS: Final = 7 * 86_400
"""RFC 7646 §2 wants negative anchors to be short-lived; BIND and others allow a week."""
_MOST: Final = 1_000
_MOST_REASON: Final = 200
_GOOD: Final = (Status.SECURE, Status.INSECURE)


class Negatives:
    """The negative anchors in force beside the configured anchors. Every change is told, with the name that it concerns."""

    def __init__(self, base: TrustAnchors, clock: Clock, changed: Callable[[TrustAnchors, Name], None]) -> None:
        self._base = base
        self._clock = clock
        self._changed = changed
        self._own: dict[Name, NegativeTrustAnchor] = {}

    def restore(self, anchors: Iterable[NegativeTrustAnchor]) -> None:
        """Take in those of an earlier run whose time is not over."""
        now = self._clock.now()
        for anchor in anchors:
            if anchor.is_active(now) and not anchor.owner.is_root and len(self._own) < _MOST:
                self._own[anchor.owner] = anchor
        self._changed(self.anchors, Name.ROOT)

    def add(self, name: Name, seconds: int, reason: str) -> NegativeTrustAnchor:
        """Turn validation off at and below `name` for so long. Raises UsageError."""
        if name.is_root:
            raise UsageError(
                "a negative trust anchor for the root would turn all validation off; name the zone that is broken"
            )
        if not 0 < seconds <= MOST_SECONDS:
            raise UsageError(f"a negative trust anchor lasts from one second to {MOST_SECONDS // 86_400} days")
        if not reason.strip() or len(reason) > _MOST_REASON:
            raise UsageError(f"a negative trust anchor needs a reason, of at most {_MOST_REASON} characters")
        if name not in self._own and len(self._own) >= _MOST:
            raise UsageError(f"there are {_MOST} negative trust anchors; remove some first")
        anchor = NegativeTrustAnchor(name, self._clock.now() + seconds, reason.strip())
        self._own[name] = anchor
        self._changed(self.anchors, name)
        return anchor

    def remove(self, name: Name) -> None:
        """Validate there again. Raises UsageError when there is no such anchor."""
        if name not in self._own:
            raise UsageError(
                f"there is no negative trust anchor for {name}; `unbroken control nta list` shows those there are"
            )
        del self._own[name]
        self._changed(self.anchors, name)

    def rebase(self, base: TrustAnchors) -> None:
        """Other configured anchors."""
        self._base = base
        self._changed(self.anchors, Name.ROOT)

    def drop_ended(self) -> tuple[NegativeTrustAnchor, ...]:
        """Take out those whose time is over; which."""
        now = self._clock.now()
        ended = tuple(anchor for anchor in self._own.values() if not anchor.is_active(now))
        for anchor in ended:
            self.remove(anchor.owner)
        return ended

    async def lift(self, probe: Callable[[Name, TrustAnchors], Awaitable[Status]]) -> tuple[NegativeTrustAnchor, ...]:
        """Take out those whose zone validates without them; which. `probe` judges a name by other anchors than those in force.

        RFC 7646 §2: a zone that validates again no longer needs its negative anchor.
        """
        lifted = []
        for anchor in tuple(self._own.values()):
            others = [other for other in self._own.values() if other.owner != anchor.owner]
            status = await probe(anchor.owner, self._base.with_negatives(others))
            if status in _GOOD and self._own.get(anchor.owner) is anchor:
                self.remove(anchor.owner)
                lifted.append(anchor)
        return tuple(lifted)

    @property
    def anchors(self) -> TrustAnchors:
        """The configured anchors with the negative ones."""
        return self._base.with_negatives(self._own.values())

    def __iter__(self) -> Iterator[NegativeTrustAnchor]:
        return iter(sorted(self._own.values(), key=lambda anchor: anchor.owner))

    def __len__(self) -> int:
        return len(self._own)

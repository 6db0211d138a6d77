"""Replies that are right again for the same octets: what clients ask most is answered without being read."""

from dataclasses import dataclass
from typing import Final

from unbroken.resolving.clock import Clock

_MOST: Final = 8_192
_LONGEST: Final = 320
"""Octets of a query that may be known again: header, name, OPT. Longer ones have options that differ each time."""


@dataclass(frozen=True, slots=True)
class Known:
    """A reply without its id, and its rcode in words."""

    rest: bytes
    rcode: str
    until: float


class Memo:
    """Replies by query, both without their ids, until the TTLs in them would change. For one transport and one size."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[bytes, Known] = {}
        self._generation = 0

    def get(self, query: bytes, generation: int) -> Known | None:
        """The reply to these octets, unless something was forgotten since (see `AnswerCache.generation`)."""
        if generation != self._generation:
            self._known.clear()
            self._generation = generation
            return None
        known = self._known.get(query[2:])
        return known if known is not None and self._clock.monotonic() < known.until else None

    def put(self, query: bytes, reply: bytes, rcode: str, seconds: float) -> None:
        """Remember a reply for so long, less than a second as a rule."""
        if seconds <= 0 or len(query) > _LONGEST:
            return
        if len(self._known) >= _MOST:
            # All are about to be out of date anyway.
            self._known.clear()
        self._known[query[2:]] = Known(reply[2:], rcode, self._clock.monotonic() + seconds)

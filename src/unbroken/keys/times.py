"""The moments of a key's life, as BIND's key files hold them; what they mean together is RFC 7583's."""

from dataclasses import dataclass, fields
from typing import Final

from unbroken.chain.times import MAX_EPOCH, parse_moment, to_iso


@dataclass(frozen=True, slots=True)
class KeyTimes:
    """Epoch seconds, or None when nothing is planned. No clock is asked here: whoever has one judges them."""

    created: int | None = None
    publish: int | None = None
    activate: int | None = None
    revoke: int | None = None
    inactive: int | None = None
    delete: int | None = None
    ds_publish: int | None = None
    sync_publish: int | None = None
    sync_delete: int | None = None

    def items(self) -> list[tuple[str, int]]:
        """The moments that are set, under the names of BIND's files, in the order in which BIND writes them."""
        values = [(tag, getattr(self, name)) for name, tag in _TAGS.items()]
        return [(tag, value) for tag, value in values if value is not None]

    @staticmethod
    def from_tags(values: dict[str, int]) -> "KeyTimes":
        """From names as BIND's files have them; names that are no moments are passed over."""
        return KeyTimes(**{name: values[tag] for name, tag in _TAGS.items() if tag in values})


_TAGS: Final = {each.name: each.name.title().replace("_", "").replace("Ds", "DS") for each in fields(KeyTimes)}
TAGS: Final = frozenset(_TAGS.values())


def stamp(moment: int) -> str:
    """`20261125041343`: YYYYMMDDHHMMSS in UTC."""
    return to_iso(moment).translate({ord(mark): None for mark in "-T:Z"})


def parse_stamp(text: str) -> int:
    """Epoch seconds of YYYYMMDDHHMMSS. Raises ValueError."""
    if len(text) != 14 or not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text[:40]!r} is no time; write YYYYMMDDHHMMSS")
    moment = parse_moment(text)
    if not 0 <= moment <= MAX_EPOCH:
        raise ValueError(f"{text!r} is before 1970")
    return moment

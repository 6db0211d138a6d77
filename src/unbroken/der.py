"""A small reader and writer of DER (ITU-T X.690 §10): what CMS and private keys need, and no more.

Bounded by construction: definite lengths in their shortest form, one-octet tags, nothing read twice, and no recursion,
since the caller steps into an element when it wants to. BER's indefinite lengths are refused.
"""

from dataclasses import dataclass
from typing import Final

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
OID: Final = 0x06
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31


class DerError(ValueError):
    """Not the DER that was expected; says what and at which octet."""


def context(number: int, *, constructed: bool = True) -> int:
    """The identifier octet of a context-specific tag."""
    return (0xA0 if constructed else 0x80) | number


@dataclass(frozen=True, slots=True)
class Element:
    """One tag-length-value within `data`: it starts at `start`, its contents at `body`, and ends before `end`."""

    data: bytes
    tag: int
    start: int
    body: int
    end: int

    @property
    def contents(self) -> bytes:
        return self.data[self.body : self.end]

    @property
    def encoding(self) -> bytes:
        """Tag and length included."""
        return self.data[self.start : self.end]

    def inside(self) -> "Reader":
        """A reader of what this constructed element holds."""
        return Reader(self.data, self.body, self.end)

    def integer(self) -> int:
        """X.690 §8.3: two's complement, as short as can be."""
        octets = self.contents
        if not octets:
            raise DerError(f"empty INTEGER at octet {self.start}")
        if len(octets) > 1 and (octets[0], octets[1] >> 7) in ((0x00, 0), (0xFF, 1)):
            raise DerError(f"INTEGER with a superfluous octet at octet {self.start}")
        return int.from_bytes(octets, signed=True)

    def oid(self) -> str:
        """Dotted decimal (X.690 §8.19)."""
        octets = self.contents
        if not octets or octets[-1] & 0x80 or len(octets) > 64:
            raise DerError(f"malformed OBJECT IDENTIFIER at octet {self.start}")
        arcs, value = [], 0
        for octet in octets:
            value = value << 7 | octet & 0x7F
            if not octet & 0x80:
                arcs.append(value)
                value = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


class Reader:
    """Elements one after another between two offsets of `data`."""

    __slots__ = ("_data", "_end", "_position")

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        self._data = data
        self._position = start
        self._end = len(data) if end is None else end

    @property
    def is_at_end(self) -> bool:
        return self._position >= self._end

    def take(self, tag: int, what: str) -> Element:
        """The next element, which must have this tag; `what` names it in the error. Raises DerError."""
        element = self.take_any(what)
        if element.tag != tag:
            raise DerError(f"tag {element.tag:#04x} where {what} was expected, at octet {element.start}")
        return element

    def take_optional(self, tag: int) -> Element | None:
        """The next element if it has this tag. Raises DerError when that element is malformed."""
        if self.is_at_end or self._data[self._position] != tag:
            return None
        return self.take_any("an optional element")

    def take_any(self, what: str) -> Element:
        """The next element, whatever it is. Raises DerError."""
        start = self._position
        if self._end - start < 2:
            raise DerError(f"the data ends where {what} was expected, at octet {start}")
        tag, first = self._data[start], self._data[start + 1]
        if tag & 0x1F == 0x1F:
            raise DerError(f"a tag of several octets at octet {start}")
        body = start + 2
        length = first
        if first & 0x80:
            body += first & 0x7F
            length = int.from_bytes(self._data[start + 2 : body])
            # X.690 §10.1: the definite form, in as few octets as can be.
            if first == 0x80 or first > 0x84 or body > self._end or length < 0x80 or self._data[start + 2] == 0:
                raise DerError(f"a length that is not DER at octet {start + 1}")
        end = body + length
        if end > self._end:
            raise DerError(f"{what} at octet {start} reaches {end - self._end} octets too far")
        self._position = end
        return Element(self._data, tag, start, body, end)

    def finish(self, what: str) -> None:
        """Raises DerError unless everything was read."""
        if not self.is_at_end:
            raise DerError(f"trailing octets in {what} at octet {self._position}")


def encode(tag: int, *contents: bytes) -> bytes:
    """One element: tag, length, contents."""
    body = b"".join(contents)
    length = len(body)
    if length < 0x80:
        return bytes((tag, length)) + body
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(octets))) + octets + body


def encode_integer(value: int) -> bytes:
    """A non-negative INTEGER, with the zero octet that keeps its sign (X.690 §8.3)."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def encode_oid(text: str) -> bytes:
    """An OBJECT IDENTIFIER from dotted decimal (X.690 §8.19)."""
    first, second, *rest = (int(arc) for arc in text.split("."))
    octets = bytearray()
    for arc in (40 * first + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        octets += bytes(reversed(groups))
    return encode(OID, bytes(octets))

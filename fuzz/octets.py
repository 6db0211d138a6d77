"""Mutations that know nothing of what the octets mean, and those that know DNS wire format."""

from dataclasses import dataclass
from random import Random
from typing import Final

_INTERESTING: Final = (0x00, 0x01, 0x3F, 0x40, 0x7F, 0x80, 0xC0, 0xFE, 0xFF)
_MAX_SIZE: Final = 70_000


def mutate(random: Random, data: bytes, times: int = 3) -> bytes:
    """A few random changes: bits, octets, insertions, deletions, repetitions, a cut."""
    buffer = bytearray(data)
    for _ in range(1 if random.random() < 0.5 else random.randint(1, times)):
        _mutate_once(random, buffer)
    return bytes(buffer[:_MAX_SIZE])


def _mutate_once(random: Random, buffer: bytearray) -> None:
    position = random.randrange(len(buffer) + 1)
    kind = random.randrange(10)
    if kind == 0 or position >= len(buffer):
        buffer[position:position] = random.randbytes(random.randint(1, 8))
    elif kind <= 4:
        buffer[position] ^= 1 << random.randrange(8)
    elif kind == 5:
        buffer[position] = random.choice(_INTERESTING)
    elif kind == 6:
        del buffer[position : position + random.randint(1, 12)]
    elif kind == 7:
        length = random.randint(1, 64)
        buffer[position:position] = buffer[position : position + length] * random.randint(1, 3)
    elif kind == 8:
        other = random.randrange(len(buffer))
        length = random.randint(1, 40)
        buffer[position : position + length] = buffer[other : other + length]
    else:
        del buffer[position:]


@dataclass(frozen=True, slots=True)
class Record:
    """Where a record lies: from `start` to `end`; its fixed fields (type, class, TTL, length) begin at `fixed`."""

    start: int
    fixed: int
    end: int


def records(wire: bytes, start: int) -> list[Record]:
    """The records from an offset to the end, as far as they can be told apart."""
    found: list[Record] = []
    position = start
    while position < len(wire):
        fixed = skip_name(wire, position)
        if fixed + 10 > len(wire):
            break
        end = fixed + 10 + int.from_bytes(wire[fixed + 8 : fixed + 10], "big")
        if end > len(wire):
            break
        found.append(Record(position, fixed, end))
        position = end
    return found


def skip_name(wire: bytes, position: int) -> int:
    """The offset after a name, compressed or not; an offset past the end when it does not end."""
    while position < len(wire):
        length = wire[position]
        if length >= 0xC0:
            return position + 2
        position += 1 + length
        if length == 0:
            return position
    return len(wire) + 1


def mutate_message(random: Random, wire: bytes, other: bytes) -> bytes:
    """Change fields of a message, its counts, names and lengths, or mix in a record of another message."""
    buffer = bytearray(wire)
    found = records(wire, skip_name(wire, 12) + 4)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        kind = random.randrange(9)
        if kind <= 1 and len(buffer) >= 12:
            if kind == 0:
                buffer[random.randrange(2, 12)] ^= 1 << random.randrange(8)
            else:
                buffer[random.choice((5, 7, 9, 11))] = random.choice((0, 1, 2, 3, 255))
        elif kind == 2 and found:
            donors = records(other, skip_name(other, 12) + 4)
            if donors:
                donor = random.choice(donors)
                place = random.choice(found).start
                buffer[place:place] = other[donor.start : donor.end]
                _count_one_more(random, buffer)
        elif kind == 3 and found:
            one = random.choice(found)
            buffer[one.end : one.end] = wire[one.start : one.end]
            _count_one_more(random, buffer)
        elif kind <= 6 and found:
            _bend_field(random, buffer, random.choice(found))
        else:
            _mutate_once(random, buffer)
    return bytes(buffer[:_MAX_SIZE])


def _count_one_more(random: Random, buffer: bytearray) -> None:
    low = random.choice((7, 9, 11))
    if low < len(buffer):
        buffer[low] = (buffer[low] + 1) & 0xFF


def _bend_field(random: Random, buffer: bytearray, record: Record) -> None:
    """One field of a record: type, class, TTL, length, or a compression pointer where its name begins."""
    kind = random.randrange(6)
    if kind == 0:
        put(buffer, record.fixed, random.choice((1, 2, 5, 6, 15, 16, 39, 41, 43, 46, 47, 48, 50, 255, 65535)), 2)
    elif kind == 1:
        put(buffer, record.fixed + 2, random.choice((0, 1, 3, 254, 255, 65535)), 2)
    elif kind == 2:
        put(buffer, record.fixed + 4, random.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)), 4)
    elif kind == 3:
        put(buffer, record.fixed + 8, random.choice((0, 1, 4, 255, 65535, record.end - record.fixed - 9)), 2)
    elif kind == 4:
        put(buffer, record.start, 0xC000 | random.randrange(min(len(buffer) + 4, 0x4000)), 2)
    else:
        inside = random.randrange(record.fixed + 10, record.end) if record.end > record.fixed + 10 else record.fixed
        put(buffer, inside, 0xC000 | random.randrange(min(len(buffer) + 4, 0x4000)), 2)


def put(buffer: bytearray, position: int, value: int, size: int) -> None:
    """Overwrite a number in network order, as far as it lies inside."""
    if position + size <= len(buffer):
        buffer[position : position + size] = value.to_bytes(size, "big")

"""Serial number arithmetic on 32 bits (RFC 1982), in which RRSIG times are compared (RFC 4034 §3.1.5)."""

from typing import Final

_MODULUS: Final = 1 << 32
_HALF: Final = 1 << 31


def is_before(first: int, second: int) -> bool:
    """`first` < `second` (RFC 1982 §3.2). False when they are equal or exactly half the circle apart (undefined there)."""
    return 0 < (second - first) % _MODULUS < _HALF


def seconds_until(moment: int, now: int) -> int:
    """Seconds from `now` to the RRSIG time `moment`, negative when it is past, taking the nearer way around the circle."""
    distance = (moment - now) % _MODULUS
    return distance if distance < _HALF else distance - _MODULUS


def to_epoch(moment: int, now: int) -> int:
    """The 64-bit epoch second that an RRSIG time means, read at `now`."""
    return now + seconds_until(moment, now)

"""How the SOA's serial moves on when a zone is signed (RFC 1912 §2.2, RFC 1982)."""

from enum import Enum

from unbroken.chain.times import to_iso
from unbroken.dns import serial


class SerialPolicy(Enum):
    """KEEP leaves it; INCREMENT adds one; DATE makes it YYYYMMDDnn, UNIXTIME the epoch second. All move forwards."""

    KEEP = "keep"
    INCREMENT = "increment"
    DATE = "date"
    UNIXTIME = "unixtime"


def next_serial(policy: SerialPolicy, current: int, now: int) -> int:
    """The serial that follows `current` at epoch second `now`. What policy wishes for counts only if it lies ahead (RFC 1982
    §3.2), since a secondary takes no other for newer; else it is one more. 0 is passed over: some servers read it as "none".
    """
    if policy is SerialPolicy.KEEP:
        return current
    following = (current + 1) % 2**32 or 1
    if policy is SerialPolicy.INCREMENT:
        return following
    wish = now if policy is SerialPolicy.UNIXTIME else int(to_iso(now)[:10].replace("-", "")) * 100
    return wish % 2**32 if serial.is_before(current, wish % 2**32) else following


def later(first: int, second: int) -> int:
    """The one that a secondary takes for newer (RFC 1982 §3.2)."""
    return second if serial.is_before(first, second) else first

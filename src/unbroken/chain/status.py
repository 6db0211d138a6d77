"""The four security statuses (RFC 4033 §5, RFC 4035 §4.3) and how they combine."""

from collections.abc import Iterable
from enum import Enum


class Status(Enum):
    """What a validator can say of data. Nothing starts out better than INDETERMINATE."""

    SECURE = "secure"
    INSECURE = "insecure"
    BOGUS = "bogus"
    INDETERMINATE = "indeterminate"


_WORST_FIRST = (Status.BOGUS, Status.INDETERMINATE, Status.INSECURE, Status.SECURE)


def combine(statuses: Iterable[Status]) -> Status:
    """The status of a whole from those of its parts: the worst of them; INDETERMINATE when there are none."""
    present = set(statuses)
    return next((status for status in _WORST_FIRST if status in present), Status.INDETERMINATE)

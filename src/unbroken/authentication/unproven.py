"""Why a denial is no proof. A value, so that the reason reaches the person who asks."""

from unbroken.records import dataclass


@dataclass(frozen=True, slots=True)
class Unproven:
    """The records at hand do not prove it; `reason` completes the sentence "they do not prove that …: reason"."""

    reason: str
    has_records: bool = True
    """False when there was no denial record of the right kind at all."""

"""Epoch seconds as ISO 8601 text in UTC, and back. No clock is read here."""

from contextlib import suppress
from typing import Final

MAX_EPOCH: Final = 253402300799  # 9999-12-31T23:59:59Z, the last moment that four digits of a year can name


def to_iso(moment: int) -> str:
    """`2025-08-07T12:00:00Z`. Moments outside the years 1970 to 9999 are moved to the nearer end."""
    from datetime import UTC, datetime, timedelta  # of all who need durations, few need dates

    bounded = min(max(moment, 0), MAX_EPOCH)
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=bounded)).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_iso(text: str) -> int:
    """Epoch seconds of an ISO 8601 moment; UTC where it names no zone. Raises ValueError."""
    from datetime import UTC, datetime

    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    if not 0 <= seconds <= MAX_EPOCH:
        raise ValueError(f"{text!r} is before 1970")
    return seconds


def parse_moment(text: str) -> int:
    """Epoch seconds of what a person writes: `1754702925`, `2025-08-09T01:28:45Z`, `20250809`, or RRSIG's own
    `20250809012845` (RFC 4034 §3.2: fourteen digits are a date, ten at most are seconds). Raises ValueError."""
    stripped = text.strip()
    if not (stripped.isascii() and stripped.isdigit()):
        return from_iso(stripped)
    if len(stripped) == 14:
        return from_iso(f"{stripped[:8]}T{stripped[8:]}")
    if len(stripped) == 8:
        # ISO 8601-1 §5.2.2.1, basic format. Read as seconds they would all be in the year 1970 or just after.
        with suppress(ValueError):
            return from_iso(stripped)
    if len(stripped) <= 10:
        return int(stripped)
    raise ValueError(f"{text!r} is neither epoch seconds nor YYYYMMDDHHMMSS")


def duration_text(seconds: int) -> str:
    """A length of time in its largest unit: `45 s`, `12 min`, `5 h`, `12 d`."""
    length = abs(seconds)
    if length < 120:
        return f"{length} s"
    if length < 2 * 3600:
        return f"{length // 60} min"
    if length < 2 * 86400:
        return f"{length // 3600} h"
    return f"{length // 86400} d"

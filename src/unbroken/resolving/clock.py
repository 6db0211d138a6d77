"""The two clocks: wall time, by which signatures are judged, and monotonic time, by which TTLs and round trips run."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where the resolver reads time, and nowhere else."""

    def now(self) -> int:
        """Wall time, epoch seconds: for signatures and provenance."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed point: for TTLs, round trips and deadlines."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> int:
        """Epoch seconds."""
        return int(time.time())

    def monotonic(self) -> float:
        """Seconds."""
        return time.monotonic()


class FixedWallClock:
    """The machine's monotonic clock under a wall clock that stands at one moment (`--at`)."""

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        """The chosen epoch second."""
        return self._now

    def monotonic(self) -> float:
        """Seconds."""
        return time.monotonic()


class SettableClock:
    """Both clocks stand still until they are moved: for replays and tests."""

    def __init__(self, now: int = 0, monotonic: float = 0.0) -> None:
        self.wall = now
        self.ticks = monotonic

    def now(self) -> int:
        """Epoch seconds."""
        return self.wall

    def monotonic(self) -> float:
        """Seconds."""
        return self.ticks

    def advance(self, seconds: float) -> None:
        """Move both clocks."""
        self.wall += int(seconds)
        self.ticks += seconds

"""The lab's clock: the machine's, moved by as much as a test wants."""

import time


class LabClock:
    """A clock as the resolver reads it (`unbroken.resolving.clock.Clock`). It runs like the machine's, from wherever it was
    set; caches see the same jump as signatures do."""

    def __init__(self, offset: float = 0.0) -> None:
        """`offset`: seconds ahead of the machine's clock."""
        self._offset = offset

    @property
    def offset(self) -> float:
        """Seconds ahead of the machine's clock."""
        return self._offset

    def now(self) -> int:
        """Epoch seconds."""
        return int(time.time() + self._offset)

    def monotonic(self) -> float:
        """Seconds."""
        return time.monotonic() + self._offset

    def set(self, moment: int) -> None:
        """Put the clock to an epoch second, from which it runs on."""
        self._offset = moment - time.time()

    def advance(self, seconds: float) -> None:
        """Move the clock; backwards when negative."""
        self._offset += seconds

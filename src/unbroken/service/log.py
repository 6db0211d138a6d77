"""The daemon's log: one event a line on standard error, as `key=value` or JSON, and never more than a disk can bear."""

import json
import sys
from typing import Final, TextIO

from unbroken.chain.times import to_iso
from unbroken.report.escape import safe
from unbroken.resolving.clock import Clock

_LINES_PER_SECOND: Final = 50
_BURST: Final = 200


class Log:
    """Writes events. Whoever asks the daemon for broken names decides how many there are, so lines are rationed."""

    def __init__(self, clock: Clock, stream: TextIO | None = None, *, as_json: bool = False) -> None:
        self._clock = clock
        self._stream = stream
        self._as_json = as_json
        self._allowance = float(_BURST)
        self._counted_at = clock.monotonic()
        self._suppressed = 0

    def write(self, event: str, **facts: object) -> None:
        """One line, with the time. Values that are None are left out."""
        if not self._may_write():
            self._suppressed += 1
            return
        if self._suppressed:
            facts["lines_left_out_before"] = self._suppressed
            self._suppressed = 0
        shown = {key: value for key, value in facts.items() if value is not None}
        line = {"time": to_iso(self._clock.now()), "event": event, **shown}
        text = (
            json.dumps(line, default=str)
            if self._as_json
            else " ".join(f"{key}={_value(value)}" for key, value in line.items())
        )
        stream = self._stream or sys.stderr
        try:
            stream.write(text + "\n")
            stream.flush()
        except (OSError, ValueError):  # a full disk, a reader that went away: answering matters more
            pass

    def _may_write(self) -> bool:
        now = self._clock.monotonic()
        self._allowance = min(_BURST, self._allowance + (now - self._counted_at) * _LINES_PER_SECOND)
        self._counted_at = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True


def _value(value: object) -> str:
    """A bare word as it is, anything else as a JSON string: quoted, escaped, on one line."""
    text = str(value)
    is_word = text != "" and not any(char in ' "=\\' or not "!" <= char <= "~" for char in text)
    return text if is_word else json.dumps(safe(text))

"""Signals that end a process, met in a way that lets it clean up."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], None]


@contextmanager
def handling(handler: Handler, *numbers: signal.Signals) -> Iterator[None]:
    """Within the block `handler` meets these signals; but one that is ignored (`nohup`) stays ignored."""
    before = {
        number: signal.signal(number, handler) for number in numbers if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


@contextmanager
def leaving_cleanly() -> Iterator[None]:
    """Within the block SIGTERM and SIGHUP unwind the stack, so that what is temporary is removed, and exit as they would."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    with handling(leave, signal.SIGTERM, signal.SIGHUP):
        yield

"""What runs first, before anything that takes time to load: streams that are there, and interrupts without a traceback."""

# `signal` takes longer to load than an impatient finger to press.
import _signal  # type: ignore[import-not-found]
import gc
import os
import sys

closed_streams: set[int] = set()
"""File descriptors of standard streams that the caller had closed."""


def main() -> None:
    """The entry point. Exits; never lets a traceback out."""
    # Ignored from the start (`nohup`, a shell's `&`), it stays ignored.
    is_interruptible = _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler
    # While modules load there is nothing to clean up, and an exception out of an import can't always be caught: just end.
    _set_interrupt(is_interruptible, _signal.SIG_DFL)
    _open_standard_streams()
    # Loading makes many objects and no garbage; looking for it at the usual pace is a tenth of the work of a short command.
    gc.set_threshold(50_000, 20, 50)
    from unbroken.cli.main import EXIT_INTERRUPTED, run

    sys.unraisablehook = _end_if_interrupted
    _set_interrupt(is_interruptible, _signal.default_int_handler)
    try:
        code = run()
    except KeyboardInterrupt:  # a second one, while the first was told
        code = EXIT_INTERRUPTED
    _set_interrupt(is_interruptible, _signal.SIG_DFL)
    gc.freeze()  # nor is there any to look for at the end, while the interpreter is taken apart
    sys.exit(code)


def _end_if_interrupted(lost: "sys.UnraisableHookArgs") -> None:
    """An interrupt that meets a callback, as each import makes one, would be told of and forgotten: end as if it had come
    through. Files that matter stand a kill at any moment."""
    if lost.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(lost)
        return
    from unbroken.cli.main import EXIT_INTERRUPTED, complain

    os._exit(complain("interrupted", EXIT_INTERRUPTED))


def _set_interrupt(is_interruptible: bool, handler: object) -> None:
    if is_interruptible:
        _signal.signal(_signal.SIGINT, handler)


def _open_standard_streams() -> None:
    """A stream that the caller has closed leads nowhere; or the next file to be opened would take its number, and its text."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            closed_streams.add(number)
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", errors="replace"))  # noqa: SIM115 - for good

"""Where files that a command makes go: a file, written whole or not at all, or standard output (`-`)."""

import os
import sys
from typing import Final, TextIO

from unbroken.cli.entry import closed_streams
from unbroken.errors import InputError, StateError, UsageError

STANDARD_OUTPUT: Final = "-"


def check_writable(path: str | None) -> None:
    """Refuse what can't be written before anything is asked of the network. Raises InputError or UsageError."""
    if path is None:
        return
    if path == STANDARD_OUTPUT:
        if 1 in closed_streams:
            raise UsageError("standard output is closed; give the name of a file instead of -")
        if sys.stdout.isatty():
            raise UsageError("standard output is a terminal; redirect it, or give the name of a file instead of -")
        return
    real = os.path.realpath(path)
    folder = os.path.dirname(real)
    if not path or path.endswith("/") or os.path.isdir(real):
        raise InputError(path or "''", "is a folder" if path else "is no file name", "give the name of a file")
    if os.path.exists(real) and not os.path.isfile(real):
        if not os.access(real, os.W_OK):
            raise InputError(path, "may not be written to", "choose another file")
    elif not os.path.isdir(folder):
        raise InputError(path, f"there is no folder {folder}", "make it first, or choose another")
    elif not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(path, f"the folder {folder} may not be written to", "choose another")


def write(path: str, data: bytes) -> None:
    """Write it. Raises UsageError when that fails all the same, since the verdict is not in doubt then."""
    if path == STANDARD_OUTPUT:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    from unbroken.files import write_atomically

    try:
        write_atomically(path, data)
    except StateError as error:
        raise UsageError(str(error)) from None


def text_stream(path: str | None) -> TextIO:
    """Where the chain is shown: on standard error when standard output carries the file."""
    return sys.stderr if path == STANDARD_OUTPUT else sys.stdout

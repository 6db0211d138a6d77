"""`unbroken`: the group of commands, loaded when called, and the one place where errors become a line and an exit code."""

import os
import sys
from argparse import Action
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from typing import Final, NoReturn

from unbroken.cli.command import Command, Parser, Told
from unbroken.errors import UnbrokenError
from unbroken.report.escape import safe

EXIT_CODES: Final = (
    "Exit codes: 0 secure, 1 bogus, 2 usage or unreadable input, 3 insecure, 4 indeterminate or unreachable."
)
EXIT_USAGE: Final = 2
EXIT_UNREACHABLE: Final = 4
EXIT_INTERRUPTED: Final = 130
EXIT_BROKEN_PIPE: Final = 141  # 128 + SIGPIPE, as a shell reports a program that it ended


class _Version(Action):
    def __call__(self, *_: object) -> NoReturn:
        from unbroken import __version__

        raise Told(f"unbroken {__version__}\n")


def _options(parser: Parser) -> None:
    parser.flag("--version", action=_Version, nargs=0, help="Show the version.")


GROUP: Final = Command(
    add=_options,
    about="""DNSSEC, told as a chain of trust.

    Every answer is shown with the chain that leads to it from the trust anchor: which link holds, which one breaks, and
    what to do about it.

    \b
    Examples:
      unbroken check example.com            is the name secure, and why?
      unbroken check --lab www.one.example  the same in a signed Internet on this machine
      unbroken explain DS_DIGEST_MISMATCH   what a finding means
    """,
    epilog=EXIT_CODES,
    parts={
        "check": ("Resolve a name and walk its chain of trust.", "check", "COMMAND"),
        "diff": ("Tell what changed between two full checks.", "diff", "COMMAND"),
        "prove": ("Write the proof of an answer to a file (RFC 9102).", "prove", "COMMAND"),
        "verify": ("Verify a proof or capture offline.", "verify", "COMMAND"),
        "sign": ("Sign a zone file.", "sign", "COMMAND"),
        "verify-zone": ("Verify a signed zone file as a whole.", "verify_zone", "COMMAND"),
        "anchors": ("Show trust anchors, verify IANA's, judge those of resolvers.", "anchors", "COMMAND"),
        "explain": ("Explain a finding code: what, why, and what to do.", "explain", "COMMAND"),
        "keys": ("Make zone keys, list, show and convert them.", "keys", "COMMAND"),
        "ds": ("Make DS, CDS and CDNSKEY records, or check a delegation.", "ds", "COMMAND"),
        "resolve": ("Run the validating resolver for other programs.", "resolve", "COMMAND"),
        "control": ("Control a running resolver.", "control", "COMMAND"),
        "lab": ("Run a signed Internet on loopback, whole or broken.", "lab", "COMMAND"),
    },
)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    _write_anything()
    try:
        code = GROUP.invoke("unbroken", sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return complain("interrupted", EXIT_INTERRUPTED)
    except UnbrokenError as error:
        return complain(str(error), _exit_code(error))
    except BrokenPipeError:
        return _drop_output(EXIT_BROKEN_PIPE)
    except OSError as error:
        return _drop_output(complain(_os_text(error), EXIT_USAGE))
    except RecursionError:
        return complain("the input is nested too deeply to be read", EXIT_USAGE)
    return code


def _exit_code(error: UnbrokenError) -> int:
    """Bad input and bad usage are 2; a world that is not in the state that the request needs is 4."""
    from unbroken.errors import StateError

    return EXIT_UNREACHABLE if isinstance(error, StateError) else EXIT_USAGE


def _os_text(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def complain(text: str, code: int) -> int:
    """One line on standard error, whatever the text holds; the code."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"unbroken: {safe(' '.join(text.split()))}\n")
        sys.stderr.flush()
    return code


def _write_anything() -> None:
    """A terminal or file whose encoding lacks a sign gets a question mark for it, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _drop_output(code: int) -> int:
    """What can't be written (`| head`, a full disk) is dropped, so that the interpreter does not complain of it at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code

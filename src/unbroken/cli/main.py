"""`unbroken`: the group of commands, loaded when called, and the one place where errors become a line and an exit code."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper
from typing import Final

import click

from unbroken.errors import UnbrokenError
from unbroken.report.escape import safe

# Name -> the module below `unbroken.cli` whose `command` it is, and its line in the list of commands.
COMMANDS: Final = {
    "check": ("check", "Resolve a name and walk its chain of trust."),
    "diff": ("diff", "Tell what changed between two full checks."),
    "prove": ("prove", "Write the proof of an answer to a file (RFC 9102)."),
    "verify": ("verify", "Verify a proof or capture offline."),
    "sign": ("sign", "Sign a zone file."),
    "verify-zone": ("verify_zone", "Verify a signed zone file as a whole."),
    "anchors": ("anchors", "Show trust anchors, or verify IANA's file of them."),
    "explain": ("explain", "Explain a finding code: what, why, and what to do."),
    "keys": ("keys", "Make zone keys, list, show and convert them."),
    "ds": ("ds", "Make DS, CDS and CDNSKEY records, or check a delegation."),
    "lab": ("lab", "Run a signed Internet on loopback, whole or broken."),
}

# What click 8.2 raises for a group without a subcommand; before, it shows the help itself.
_NO_ARGUMENTS: Final[tuple[type[Exception], ...]] = (getattr(click.exceptions, "NoArgsIsHelpError", click.Abort),)

EXIT_USAGE: Final = 2
EXIT_UNREACHABLE: Final = 4
EXIT_INTERRUPTED: Final = 130
EXIT_BROKEN_PIPE: Final = 141  # 128 + SIGPIPE, as a shell reports a program that it ended


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = import_module(f"unbroken.cli.{entry[0]}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """An unknown command is answered with the nearest one there is."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            near = get_close_matches(name, COMMANDS, n=1, cutoff=0.5)
            hint = f"did you mean `{near[0]}`?" if near else "`unbroken --help` lists the commands"
            raise click.UsageError(f"there is no command {name!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table: nothing is imported for `--help`."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_line) for name, (_, help_line) in COMMANDS.items()])


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from unbroken import __version__

    click.echo(f"unbroken {__version__}")
    ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 secure, 1 bogus, 2 usage or unreadable input, 3 insecure, 4 indeterminate or unreachable.",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def group() -> None:
    """DNSSEC, told as a chain of trust.

    Every answer is shown with the chain that leads to it from the trust anchor: which link holds, which one breaks, and
    what to do about it.

    \b
    Examples:
      unbroken check example.com            is the name secure, and why?
      unbroken check --lab www.one.example  the same in a signed Internet on this machine
      unbroken explain DS_DIGEST_MISMATCH   what a finding means
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    _write_anything()
    try:
        result = _invoke(sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _complain("interrupted", EXIT_INTERRUPTED)
    except click.ClickException as error:
        if isinstance(error, _NO_ARGUMENTS):  # nothing at all was asked for: the help is the answer
            click.echo(error.format_message(), err=True)
            return EXIT_USAGE
        return _complain(_usage_text(error), EXIT_USAGE)
    except UnbrokenError as error:
        return _complain(str(error), _exit_code(error))
    except BrokenPipeError:
        return _drop_output(EXIT_BROKEN_PIPE)
    except OSError as error:
        return _drop_output(_complain(_os_text(error), EXIT_USAGE))
    except RecursionError:
        return _complain("the input is nested too deeply to be read", EXIT_USAGE)
    return result if isinstance(result, int) else 0


def _invoke(arguments: list[str]) -> object:
    """What click's own `main` does, but that takes a reader that went away for exit code 1, which here means bogus."""
    try:
        with group.make_context("unbroken", arguments) as context:
            return group.invoke(context)
    except click.exceptions.Exit as exit_:  # the help or the version was asked for
        return exit_.exit_code


def _exit_code(error: UnbrokenError) -> int:
    """Bad input and bad usage are 2; a world that is not in the state that the request needs is 4."""
    from unbroken.errors import StateError

    return EXIT_UNREACHABLE if isinstance(error, StateError) else EXIT_USAGE


def _usage_text(error: click.ClickException) -> str:
    message = error.format_message()
    text = message[:1].lower() + message[1:]
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{text.rstrip('.')}; see `{context.command_path} --help`" if context and "`" not in text else text


def _os_text(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def _complain(text: str, code: int) -> int:
    """One line on standard error, whatever the text holds."""
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

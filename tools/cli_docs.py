"""Write docs/commands.md from the command line itself, so that the two can't differ: `python tools/cli_docs.py [--check]`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from unbroken.cli.main import group

TARGET = Path(__file__).resolve().parent.parent / "docs" / "commands.md"
HEADER = """# Commands

<!-- Made from the command line's own help by tools/cli_docs.py; edit the help there, not this file. -->
"""


def document() -> str:
    """The whole page."""
    return HEADER + "".join(_section(context) for context in _contexts(_context(group, "unbroken", None)))


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    return click.Context(command, info_name=name, parent=parent, terminal_width=100, help_option_names=["-h", "--help"])


def _contexts(context: click.Context) -> Iterator[click.Context]:
    """A command and all below it."""
    yield context
    command = context.command
    if not isinstance(command, click.Group):
        return
    for name in command.list_commands(context):
        try:
            child = command.get_command(context, name)
        except ImportError:  # a command whose module is not part of this build
            continue
        if child is not None:
            yield from _contexts(_context(child, name, context))


def _section(context: click.Context) -> str:
    return f"\n## `{context.command_path}`\n\n```text\n{context.command.get_help(context)}\n```\n"


def main() -> int:
    """Write the page, or with `--check` tell whether it is current."""
    text = document()
    if "--check" in sys.argv[1:]:
        current = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
        if current != text:
            sys.stderr.write(f"{TARGET.name} is not current: run python tools/cli_docs.py\n")
            return 1
        return 0
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

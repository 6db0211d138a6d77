"""Write docs/commands.md from the command line itself, so that the two can't differ: `python tools/cli_docs.py [--check]`."""

import sys
from collections.abc import Iterator
from pathlib import Path

from unbroken.cli.command import Command
from unbroken.cli.main import GROUP

TARGET = Path(__file__).resolve().parent.parent / "docs" / "commands.md"
WIDTH = 100  # columns
HEADER = """# Commands

<!-- Made from the command line's own help by tools/cli_docs.py; edit the help there, not this file. -->
"""


def document() -> str:
    """The whole page."""
    return HEADER + "".join(_sections(GROUP, "unbroken"))


def _sections(command: Command, path: str) -> Iterator[str]:
    """A command and all below it."""
    yield f"\n## `{path}`\n\n```text\n{command.help(path, WIDTH)}```\n"
    for name in command.parts:
        try:
            part = command.part(name)
        except ImportError:  # a command whose module is not part of this build
            continue
        yield from _sections(part, f"{path} {name}")


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

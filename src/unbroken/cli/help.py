"""The help of a command, for terminals and for docs/commands.md."""

from collections.abc import Iterable, Iterator
from shutil import get_terminal_size
from textwrap import dedent, fill, indent
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from unbroken.cli.command import Command

_WIDEST: Final = 100
_NARROWEST: Final = 50
_COLUMN: Final = 32
"""The first column of a table is no wider, but where a line needs it."""
_VERBATIM: Final = "\b\n"
"""Starts a paragraph whose lines stay as they are."""


def help_text(command: "Command", path: str, width: int | None) -> str:
    """All of it; `width` in columns, None: as the terminal has it."""
    if width is None:
        width = max(_NARROWEST, min(get_terminal_size().columns - 2, _WIDEST))
    parser = command.parser(path)
    words = (
        ["[OPTIONS]", *parser.words]
        if parser.words
        else ["[OPTIONS]", *(["COMMAND [ARGS]..."] if command.parts else [])]
    )
    sections = [f"Usage: {path} {' '.join(words)}", *_paragraphs(command.about, width)]
    sections.append("Options:\n" + _table(parser.options, width))
    if command.parts:
        sections.append("Commands:\n" + _table(((name, part[0]) for name, part in command.parts.items()), width))
    sections += _paragraphs(command.epilog, width)
    return "\n\n".join(sections) + "\n"


def _paragraphs(text: str, width: int) -> Iterator[str]:
    """Filled and set in by two; text is as docstrings are written."""
    first, _, others = text.partition("\n")
    for paragraph in filter(None, f"{first}\n{dedent(others)}".strip().split("\n\n")):
        is_verbatim = paragraph.startswith(_VERBATIM)
        yield indent(paragraph.removeprefix(_VERBATIM), "  ") if is_verbatim else _filled(paragraph, width, 2)


def _filled(text: str, width: int, column: int) -> str:
    space = " " * column
    # Names of options and of records stay whole.
    return fill(
        text, width, initial_indent=space, subsequent_indent=space, break_on_hyphens=False, break_long_words=False
    )


def _table(rows: Iterable[tuple[str, str]], width: int) -> str:
    """Two columns."""
    listed = list(rows)
    column = min(_COLUMN, max(len(head) for head, _ in listed) + 2)
    lines = []
    for head, text in listed:
        body = _filled(text, width, column + 2)
        lines.append(f"  {head}\n{body}" if len(head) + 2 > column else f"  {head:{column}}{body[column + 2 :]}")
    return "\n".join(lines)

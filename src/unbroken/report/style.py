"""Ink: colour by plain ANSI, glyphs with an ASCII twin, and text folded into columns."""

from typing import Final

from unbroken.chain import Status
from unbroken.records import dataclass

_RESET: Final = "\x1b[0m"
STYLES: Final = {
    "": "",
    "good": "\x1b[32m",
    "bad": "\x1b[1;31m",
    "warn": "\x1b[33m",
    "unknown": "\x1b[35m",
    "dim": "\x1b[2m",
    "strong": "\x1b[1m",
    "remedy": "\x1b[36m",
}
STATUS_STYLES: Final = {
    Status.SECURE: "good",
    Status.INSECURE: "warn",
    Status.BOGUS: "bad",
    Status.INDETERMINATE: "unknown",
}


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What the tree is drawn with. Every glyph is one column wide."""

    anchor: str
    secure: str
    insecure: str
    bogus: str
    indeterminate: str
    trunk: str
    branch: str
    last_branch: str
    arrow: str
    times: str
    ellipsis: str
    bar: str
    unreached: str

    def mark(self, status: Status) -> str:
        """The mark in front of a link."""
        return {
            Status.SECURE: self.secure,
            Status.INSECURE: self.insecure,
            Status.BOGUS: self.bogus,
            Status.INDETERMINATE: self.indeterminate,
        }[status]


UNICODE: Final = Glyphs("◆", "✓", "○", "✗", "?", "│", "├", "╰", "→", "×", "…", "┃", "·")
ASCII: Final = Glyphs("*", "+", "o", "X", "?", "|", "|", "`", "->", "x", "...", "|", ".")


@dataclass(frozen=True, slots=True)
class Span:
    """Text in one style."""

    text: str
    style: str = ""


class Line:
    """A line in the making: spans, and how many columns they take."""

    __slots__ = ("_spans", "width")

    def __init__(self, *spans: Span) -> None:
        self._spans: list[Span] = []
        self.width = 0
        for span in spans:
            self.add(span.text, span.style)

    def add(self, text: str, style: str = "") -> "Line":
        """Append text. It must be safe already: see `unbroken.report.escape`."""
        if text:
            self._spans.append(Span(text, style))
            self.width += len(text)
        return self

    def pad_to(self, column: int) -> "Line":
        """Fill with spaces up to a column."""
        return self.add(" " * (column - self.width))

    def render(self, colour: bool) -> str:
        """The line as text, without trailing blanks."""
        if not colour:
            return "".join(span.text for span in self._spans).rstrip()
        return "".join(_paint(span) for span in self._spans).rstrip()


def _paint(span: Span) -> str:
    code = STYLES[span.style]
    return f"{code}{span.text}{_RESET}" if code and span.text.strip() else span.text


def fold(text: str, width: int) -> list[str]:
    """Text in lines of at most `width`, broken between words, and inside one only when it is longer than a whole line."""
    lines: list[str] = []
    current = ""
    for word in text.split(" "):
        joined = f"{current} {word}" if current else word
        if len(joined) <= width:
            current = joined
            continue
        if current:
            lines.append(current)
        while len(word) > width:
            lines.append(word[:width])
            word = word[width:]
        current = word
    return [*lines, current] if current or not lines else lines

"""DS and DNSKEY records in zone-file lines: a subset of the master file format of RFC 1035 §5.1.

Read here: comments, blank lines, parentheses, owner names given or repeated by a leading blank, `@`, TTL and class in
either order or left out, `$ORIGIN`, `$TTL`. Refused: `$INCLUDE` and other directives, classes other than IN, quoted
strings, other record types but RRSIG, which is skipped since it comes along in pasted answers. The general reader is
dnspython's; this one exists since reading four lines must not cost its start-up time.
"""

import re
from collections.abc import Iterator
from typing import Final

from unbroken.anchors.records import DNSKEY, DS, Entry, parse_dnskey, parse_ds, parse_owner
from unbroken.dns import Name
from unbroken.errors import InputError
from unbroken.records import dataclass, field

_TOKEN: Final = re.compile(
    r"(?P<blank>[ \t\r\f\v]+)|(?P<newline>\n)|(?P<comment>;[^\n]*)|(?P<open>\()|(?P<close>\))"
    r"|(?P<word>(?:[^\s;()\"\\]|\\[^\n])+)"
)
_TTL: Final = re.compile(r"[0-9]+|(?:[0-9]+[smhdw])+", re.IGNORECASE)
_FIX: Final = "write one record a line: OWNER IN DS TAG ALGORITHM DIGEST-TYPE DIGEST"


@dataclass(slots=True)
class Line:
    """One logical line: its number in the file, whether it began with a blank, and its words."""

    number: int
    has_leading_blank: bool = False
    words: list[str] = field(default_factory=list)


def parse_zone_lines(text: str, source: str, first_line: int = 1) -> Iterator[Entry]:
    """Every DS and DNSKEY record of `text`. Raises InputError with where=SOURCE:LINE."""
    origin, owner = Name.ROOT, None
    for line in logical_lines(text, source, first_line):
        where = f"{source}:{line.number}"
        if line.words[0].startswith("$") and not line.has_leading_blank:
            origin = directive(where, line.words, origin)
            continue
        if not line.has_leading_blank:
            owner = absolute(where, line.words.pop(0), origin)
        if owner is None:
            raise InputError(where, "the first record has no owner name", _FIX)
        entry = _record(where, owner, line.words)
        if entry is not None:
            yield entry


def logical_lines(text: str, source: str, first_line: int = 1) -> Iterator[Line]:
    """Lines with something in them but comments, parentheses joined (RFC 1035 §5.1). Raises InputError."""
    position, number, is_open, opened_at = 0, first_line, False, 0
    line = Line(number)
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise InputError(f"{source}:{number}", f"unexpected character {text[position]!r}", _FIX)
        kind, position = match.lastgroup, match.end()
        if kind == "word":
            line.words.append(match.group())
        elif kind == "blank":
            line.has_leading_blank |= match.start() == 0 or (text[match.start() - 1] == "\n" and not line.words)
        elif kind in ("open", "close"):
            if is_open == (kind == "open"):
                raise InputError(f"{source}:{number}", f"unbalanced {match.group()!r}", "each ( needs one )")
            is_open, opened_at = not is_open, number
        elif kind == "newline":
            number += 1
            if not is_open:
                if line.words:
                    yield line
                line = Line(number)
    if is_open:
        raise InputError(f"{source}:{opened_at}", "'(' is never closed", "add the missing )")
    if line.words:
        yield line


def directive(where: str, words: list[str], origin: Name) -> Name:
    """The origin that holds after a `$` line (RFC 1035 §5.1, RFC 2308 §4)."""
    name = words[0].upper()
    if name == "$ORIGIN" and len(words) == 2:
        return absolute(where, words[1], origin)
    if name == "$TTL" and len(words) == 2:
        return origin
    raise InputError(where, f"{words[0][:40]} is not read in anchor files", "write the records out")


def absolute(where: str, text: str, origin: Name) -> Name:
    """The name that `text` is under `origin`; a missing final dot is forgiven below the root. Raises InputError."""
    if text == "@":
        return origin
    name = parse_owner(where, text)
    stem = text.removesuffix(".")
    is_escaped = (len(stem) - len(stem.rstrip("\\"))) % 2 == 1
    if origin.is_root or (stem != text and not is_escaped):
        return name
    try:
        return Name.from_labels(name.labels + origin.labels)
    except ValueError as error:
        raise InputError(where, f"{text[:80]!r} under {origin} is not a domain name: {error}") from None


def _record(where: str, owner: Name, words: list[str]) -> Entry | None:
    """The entry, or None for an RRSIG."""
    rest = skip_ttl_and_class(where, words)
    rdtype = rest[0].upper() if rest else ""
    if rdtype == "RRSIG":
        return None
    if rdtype not in ("DS", "DNSKEY"):
        raise InputError(where, f"{rdtype[:40] or 'nothing'!r} where DS or DNSKEY was expected", _FIX)
    if len(rest) < 5:
        raise InputError(where, f"the {rdtype} record ends early", _FIX)
    # RFC 4034 §2.2, §5.3: blanks are allowed inside the Base64 or hexadecimal text.
    one, two, three, data = rest[1], rest[2], rest[3], "".join(rest[4:])
    if rdtype == "DS":
        return Entry(where, owner, DS, parse_ds(where, one, two, three, data))
    return Entry(where, owner, DNSKEY, parse_dnskey(where, one, two, three, data))


def skip_ttl_and_class(where: str, words: list[str]) -> list[str]:
    """RFC 1035 §5.1: TTL and class are optional and come in either order."""
    has_ttl = has_class = False
    for index, word in enumerate(words):
        if not has_ttl and _TTL.fullmatch(word):
            has_ttl = True
        elif not has_class and word.upper() == "IN":
            has_class = True
        elif word.upper() in ("CH", "HS", "CS"):
            raise InputError(where, f"class {word}", "trust anchors are of class IN")
        else:
            return words[index:]
    return []

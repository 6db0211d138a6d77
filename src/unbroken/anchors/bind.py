"""Trust anchors in BIND's configuration syntax: `trust-anchors`, and the older `managed-keys` and `trusted-keys`.

Other top-level statements are skipped, so a whole `named.conf` may be given; blocks inside a `view` are not looked for.
BIND keeps `initial-…` entries up to date by RFC 5011 and `static-…` entries as they are; as a start both mean the same.
"""

import re
from collections.abc import Iterator
from typing import Final

from unbroken.anchors.records import DNSKEY, DS, Entry, parse_dnskey, parse_ds, parse_owner
from unbroken.errors import InputError

BLOCK: Final = re.compile(r"^[ \t]*(?:trust-anchors|managed-keys|trusted-keys)\s*\{", re.MULTILINE)
_BLOCKS: Final = ("trust-anchors", "managed-keys", "trusted-keys")
_TOKEN: Final = re.compile(
    r"(?P<skip>[^\S\n]+|//[^\n]*|#[^\n]*)|(?P<newline>\n)|(?P<comment>/\*.*?\*/)|(?P<torn>/\*)"
    r"|(?P<string>\"[^\"]*\")|(?P<quote>\")|(?P<mark>[{};])|(?P<word>[^\s{};\"]+)",
    re.DOTALL,
)
_FIX: Final = 'write: NAME static-ds TAG ALGORITHM DIGEST-TYPE "DIGEST";'

_Token = tuple[int, str, bool]  # line, text, whether it was quoted or bare (and so no mark)


def parse_bind(text: str, source: str) -> Iterator[Entry]:
    """Every entry of every anchor block. Raises InputError with where=SOURCE:LINE."""
    return (entry for entry, _ in parse_bind_kinds(text, source))


def parse_bind_kinds(text: str, source: str) -> Iterator[tuple[Entry, str]]:
    """The same, each with its kind: `static-ds`, `initial-ds`, `static-key` or `initial-key`."""
    depth = 0
    pending: list[_Token] = []  # the words of the statement being read
    block = ""
    last_line = 1
    for token in _tokens(text, source):
        last_line, value, is_word = token
        where = f"{source}:{last_line}"
        if is_word:
            pending.append(token)
        elif value == "{":
            depth += 1
            if depth == 1:
                block = pending[0][1].lower() if len(pending) == 1 else ""
            elif block in _BLOCKS:
                raise InputError(where, "'{' inside a list of anchors", _FIX)
            pending = []
        elif value == "}":
            depth -= 1
            if depth < 0:
                raise InputError(where, "'}' without '{'", "remove it")
            if pending and depth == 0 and block in _BLOCKS:
                raise InputError(where, "the last entry does not end in ';'", _FIX)
            block, pending = (block if depth else ""), []
        else:
            if pending and depth == 1 and block in _BLOCKS:
                yield _entry(where, block, pending)
            pending = []
    if depth:
        raise InputError(f"{source}:{last_line}", "'{' is never closed", "add the missing '};'")


def _tokens(text: str, source: str) -> Iterator[_Token]:
    position, line = 0, 1
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:  # pragma: no cover - the alternatives cover every character
            raise InputError(f"{source}:{line}", f"unexpected character {text[position]!r}")
        kind, value, position = match.lastgroup, match.group(), match.end()
        if kind == "torn":
            raise InputError(f"{source}:{line}", "'/*' is never closed", "add the missing '*/'")
        if kind == "quote":
            raise InputError(f"{source}:{line}", "'\"' is never closed", "add the missing '\"'")
        if kind == "string":
            yield line, value[1:-1], True
        elif kind in ("word", "mark"):
            yield line, value, kind == "word"
        line += value.count("\n")


def _entry(where: str, block: str, tokens: list[_Token]) -> tuple[Entry, str]:
    words = [text for _, text, _ in tokens]
    kind = "static-key"
    if block != "trusted-keys":  # only the oldest form has no word for the kind
        kind = words.pop(1).lower() if len(words) > 1 else ""
    if kind not in ("static-ds", "initial-ds", "static-key", "initial-key"):
        raise InputError(where, f"{kind[:40]!r} is no kind of trust anchor", _FIX)
    if len(words) < 5:
        raise InputError(where, "the entry ends early", _FIX)
    owner = parse_owner(where, words[0])
    data = "".join("".join(words[4:]).split())  # BIND allows blanks and line ends inside the quotes
    if kind.endswith("-ds"):
        return Entry(where, owner, DS, parse_ds(where, words[1], words[2], words[3], data)), kind
    return Entry(where, owner, DNSKEY, parse_dnskey(where, words[1], words[2], words[3], data)), kind

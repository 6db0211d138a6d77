"""Trust anchors in the configuration of PowerDNS Recursor: Lua, YAML, or as `rec_control get-tas` lists them.

Neither language is run or read as a whole: only calls of `addTA` and `clearTA` with plain strings, and the block
`trustanchors` in block or flow style. What can't be read that way is an error, not a guess.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from unbroken.anchors.ready.model import FoundKey
from unbroken.anchors.records import DS, Entry, parse_ds, parse_owner
from unbroken.dns import Name
from unbroken.errors import InputError

LUA: Final = re.compile(r"^[ \t]*(?:addTA|clearTA|addNTA|clearNTA|readTrustAnchorsFromFile)[ \t]*\(", re.MULTILINE)
YAML: Final = re.compile(r"^[ \t]*(?:dnssec|trustanchors|trustanchorfile)[ \t]*:", re.MULTILINE)
LISTED: Final = "Configured Trust Anchors:"

# Possessive quantifiers: what is read once is not read again, so that no file takes more time than its size is worth.
_LUA_TOKEN: Final = re.compile(r"--\[\[|--|\"[^\"\n]*+\"|'[^'\n]*+'")
_CALL: Final = re.compile(r"\b(addTA|clearTA|readTrustAnchorsFromFile)\s*\(")
_STRING: Final = r"\s*+(?:\"([^\"\n]*+)\"|'([^'\n]*+)')\s*+"
_ARGUMENTS: Final = re.compile(rf"(?:{_STRING}(?:,{_STRING})?(?:,\s*+[0-9]{{1,9}}+\s*+)?)?\s*+\)")
_YAML_KEY: Final = re.compile(r"^([ \t]*)trustanchors[ \t]*:[ \t]*(.*)$")
_YAML_PART: Final = re.compile(
    r"\bname[ \t]*:[ \t]*(?:'([^'\n]*)'|\"([^\"\n]*)\"|([^\s,}\]'\"]+))"
    r"|(?<![0-9A-Fa-f])([0-9]{1,5}[ \t]+[0-9]{1,3}[ \t]+[0-9]{1,3}[ \t]+[0-9A-Fa-f][0-9A-Fa-f \t]*)"
)
_FIX: Final = "write: TAG ALGORITHM DIGEST-TYPE DIGEST"


@dataclass(frozen=True, slots=True)
class Configured:
    """The anchors of a configuration; `files` are others that it names; `clears_root`: the built-in root anchors do not
    count."""

    keys: tuple[FoundKey, ...]
    clears_root: bool
    files: tuple[str, ...] = ()


def read_lua(text: str, source: str) -> Configured:
    """`addTA(".", "20326 8 2 …")`, `clearTA()`, in order. Raises InputError with where=SOURCE:LINE."""
    code = _without_comments(text)
    keys: list[FoundKey] = []
    files: list[str] = []
    clears_root = False
    for call in _CALL.finditer(code):
        where = f"{source}:{code.count(chr(10), 0, call.start()) + 1}"
        function = call.group(1)
        given = _ARGUMENTS.match(code, call.end())
        if given is None:
            raise InputError(
                where, f"{function} with something else than strings can't be read", "write the strings out"
            )
        first, second = given.group(1) or given.group(2), given.group(3) or given.group(4)
        if function == "readTrustAnchorsFromFile":
            files += [first] if first else []
        elif function == "clearTA":
            owner = parse_owner(where, first) if first else None
            keys = [key for key in keys if owner is not None and key.entry.owner != owner]
            clears_root |= owner is None or owner.is_root
        elif not first or not second:
            raise InputError(where, "addTA needs a zone and a DS record", _FIX)
        else:
            keys.append(_key(where, parse_owner(where, first), second))
    return Configured(tuple(keys), clears_root, tuple(files))


def _without_comments(text: str) -> str:
    """Lua without its comments, line ends kept. Comment signs inside of plain strings are none."""
    parts: list[str] = []
    position = 0
    while (token := _LUA_TOKEN.search(text, position)) is not None:
        if not token.group().startswith("--"):
            parts.append(text[position : token.end()])
            position = token.end()
            continue
        parts.append(text[position : token.start()])
        end = text.find("]]" if token.group() == "--[[" else "\n", token.end())
        if end < 0:
            return "".join(parts)
        position = end + 2 if token.group() == "--[[" else end
        parts.append("\n" * text.count("\n", token.start(), position) + " ")
    return "".join(parts) + text[position:]


def read_yaml(text: str, source: str) -> Configured:
    """The list `dnssec.trustanchors`, which stands in for the built-in anchors. Raises InputError with where=SOURCE:LINE."""
    lines = [re.sub(r"(^|\s)#.*$", "", line) for line in text.split("\n")]
    files = tuple(
        match.group(1).strip("'\"")
        for line in lines
        if (match := re.match(r"[ \t]*trustanchorfile[ \t]*:[ \t]*(\S+)", line))
    )
    start = next((index for index, line in enumerate(lines) if _YAML_KEY.match(line)), None)
    if start is None:
        return Configured((), False, files)
    return Configured(tuple(_yaml_keys(lines, start, source)), True, files)


def _yaml_keys(lines: list[str], start: int, source: str) -> Iterator[FoundKey]:
    head = _YAML_KEY.match(lines[start])
    assert head is not None
    owner: Name | None = None
    for index in range(start, len(lines)):
        line = head.group(2) if index == start else lines[index]
        if index > start and _ends_block(line, len(head.group(1))):
            return
        where = f"{source}:{index + 1}"
        for part in _YAML_PART.finditer(line):
            if part.group(4) is None:
                owner = parse_owner(where, part.group(1) or part.group(2) or part.group(3) or "")
            elif owner is None:
                raise InputError(where, "a DS record before the name of its zone", "put 'name' before 'dsrecords'")
            else:
                yield _key(where, owner, part.group(4))


def _ends_block(line: str, indent: int) -> bool:
    """A line that is not further in ends a block; items of a list may be as far in as its key."""
    if not line.strip():
        return False
    depth = len(line) - len(line.lstrip())
    return depth < indent or (depth == indent and line.lstrip()[0] not in "-]}")


def read_list(text: str, source: str) -> Iterator[FoundKey]:
    """What `rec_control get-tas` prints: a zone a line, below it its DS records, further in. Raises InputError."""
    owner: Name | None = None
    for number, line in enumerate(text.split("\n"), 1):
        where = f"{source}:{number}"
        if not line.strip() or line.strip() == LISTED:
            continue
        if not line[0].isspace():
            owner = parse_owner(where, line.strip())
        elif owner is None:
            raise InputError(where, "a DS record before the name of its zone", "give the output as it is")
        else:
            yield _key(where, owner, line)


def _key(where: str, owner: Name, text: str) -> FoundKey:
    words = text.split()
    if len(words) < 4:
        raise InputError(where, f"{text.strip()[:80]!r} is no DS record", _FIX)
    rdata = parse_ds(where, words[0], words[1], words[2], "".join(words[3:]))
    return FoundKey(Entry(where, owner, DS, rdata))

"""State files: JSON with a format name, a version and a checksum, written whole or not at all.

What is in them decides what is trusted, so a file that is not exactly what was written is never used: not in part, and not by
falling back to something else without a word.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any, Final

from unbroken.chain.json_reader import JsonObject
from unbroken.errors import InputError
from unbroken.files import read_bounded, write_atomically

MAX_SIZE: Final = 1 << 20  # octets
_MODE: Final = 0o644


def save(path: str | os.PathLike[str], file_format: str, version: int, content: Mapping[str, Any]) -> None:
    """Write `content` (JSON values) under that format name and version. Raises StateError, and leaves what was there."""
    body = {"format": file_format, "version": version, **content}
    text = json.dumps({**body, "checksum": _checksum(body)}, indent=2, ensure_ascii=True)
    write_atomically(str(path), text.encode() + b"\n", _MODE)


def load(path: str | os.PathLike[str], fix: str) -> JsonObject:
    """The object in a state file, its checksum verified; of which format it is the caller must look.

    Raises InputError(where=PATH) for a file that can't be read, is cut short, was changed by hand or is damaged in any way;
    `fix` is what to do about it.
    """
    return parse(read_bounded(str(path), MAX_SIZE), str(path), fix)


def parse(data: bytes, source: str, fix: str) -> JsonObject:
    """As `load`, from octets in hand; `source` stands in for the path. Raises InputError."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise InputError(source, "is damaged: it is not JSON, or not whole", fix) from None
    if not isinstance(value, dict) or "checksum" not in value:
        raise InputError(source, "is no state file of unbroken", fix)
    given = value.pop("checksum")
    if given != _checksum(value):
        raise InputError(source, "is damaged or was changed by hand: its checksum is wrong", fix)
    return JsonObject(value, source)


def expect(found: JsonObject, file_format: str, version: int, fix: str) -> None:
    """Refuse another format, or a version that is not known. Raises InputError."""
    if found.text("format") != file_format:
        raise InputError(found.where, f"is of format {found.text('format')[:40]!r}, not {file_format!r}", fix)
    if (given := found.number("version", 1 << 31)) != version:
        raise InputError(found.where, f"is of version {given}; this release reads version {version}", fix)


def _checksum(body: Mapping[str, Any]) -> str:
    """Over the values, not over the text: how it is indented does not matter."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()

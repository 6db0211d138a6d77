"""IANA's `root-anchors.xml` (RFC 9718 §2): the digests of a zone's keys, each with the time for which it is meant.

The XML is untrusted until its signature was verified (`unbroken.anchors.iana`), so it is read defensively: UTF-8 only,
no document type (so no entities to expand), bounded depth, and expat's events rather than a tree.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from xml.parsers import expat

from unbroken._kernel import ds_digest
from unbroken.anchors.records import DS, MAX_RECORDS, Entry, parse_dnskey, parse_ds, parse_number, parse_owner
from unbroken.chain.times import to_iso
from unbroken.dns import Name, RRset, WireError
from unbroken.errors import InputError

_DECLARATION: Final = re.compile(r"<\?xml[^>]{0,200}?encoding\s{0,8}=\s{0,8}[\"']([A-Za-z0-9._-]{1,40})[\"']")
_MAX_DEPTH: Final = 8
_MAX_FIELD: Final = 16384  # characters in one element; an RSA-4096 key has 700
_FIX: Final = "fetch the file again from https://data.iana.org/root-anchors/"


@dataclass(slots=True)
class _KeyDigest:
    line: int
    attributes: dict[str, str]
    fields: dict[str, str] = field(default_factory=dict)


def parse_root_xml(data: bytes, source: str, now: int) -> Iterator[Entry]:
    """DS entries for the key digests in force at `now` (epoch seconds). Raises InputError with where=SOURCE:LINE."""
    document = _Document(source)
    document.feed(_defused(data, source))
    if document.zone is None:
        raise InputError(source, "no Zone element", _FIX)
    owner = parse_owner(f"{source}:{document.zone[0]}", document.zone[1])
    in_force = [digest for digest in document.digests if _is_in_force(f"{source}:{digest.line}", digest, now)]
    if document.digests and not in_force:
        what = f"none of its {len(document.digests)} key digests is in force at {to_iso(now)}"
        raise InputError(source, what, f"is the clock right? if so, {_FIX}")
    for digest in in_force:
        yield _entry(f"{source}:{digest.line}", owner, digest)


def _defused(data: bytes, source: str) -> bytes:
    """`data` without byte-order mark, certain to be UTF-8 without document type."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(source, f"not UTF-8 at octet {error.start}", _FIX) from None
    declared = _DECLARATION.match(text)
    if declared and declared.group(1).upper() not in ("UTF-8", "US-ASCII"):
        raise InputError(f"{source}:1", f"encoding {declared.group(1)}", "only UTF-8 is read")
    # Entities are declared only in a document type; without one, nothing can expand.
    position = text.find("<!DOCTYPE")
    if position >= 0:
        line = text.count("\n", 0, position) + 1
        raise InputError(f"{source}:{line}", "a document type declaration", f"{_FIX}; IANA's file has none")
    return text.encode()


class _Document:
    """Collects what matters from expat's events."""

    def __init__(self, source: str) -> None:
        self.zone: tuple[int, str] | None = None
        self.digests: list[_KeyDigest] = []
        self._source = source
        self._path: list[str] = []
        self._text: list[str] = []
        self._size = 0
        self._parser = expat.ParserCreate("utf-8")  # overrides whatever the document declares
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def feed(self, data: bytes) -> None:
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            what = f"not well-formed XML: {expat.ErrorString(error.code)}"
            raise InputError(f"{self._source}:{error.lineno}", what, _FIX) from None

    def _where(self) -> str:
        return f"{self._source}:{self._parser.CurrentLineNumber}"

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        self._text.clear()
        self._size = 0
        if len(self._path) > _MAX_DEPTH:
            raise InputError(self._where(), "elements nested too deeply", _FIX)
        if self._path[0] != "TrustAnchor":
            raise InputError(self._where(), f"the document is {name[:40]!r}, not 'TrustAnchor'", _FIX)
        if self._path == ["TrustAnchor", "KeyDigest"]:
            if len(self.digests) >= MAX_RECORDS:
                raise InputError(self._where(), f"more than {MAX_RECORDS} key digests", _FIX)
            self.digests.append(_KeyDigest(self._parser.CurrentLineNumber, attributes))

    def _characters(self, data: str) -> None:
        self._size += len(data)
        if self._size > _MAX_FIELD:
            raise InputError(self._where(), f"an element of more than {_MAX_FIELD} characters", _FIX)
        self._text.append(data)

    def _end(self, name: str) -> None:
        value = "".join(self._text).strip()
        if self._path == ["TrustAnchor", "Zone"]:
            if self.zone is not None:
                raise InputError(self._where(), "a second Zone element", _FIX)
            self.zone = (self._parser.CurrentLineNumber, value)
        elif self._path[:-1] == ["TrustAnchor", "KeyDigest"]:
            fields = self.digests[-1].fields
            if name in fields:
                raise InputError(self._where(), f"a second {name[:40]} element in one KeyDigest", _FIX)
            fields[name] = value
        self._path.pop()
        self._text.clear()
        self._size = 0


def _is_in_force(where: str, digest: _KeyDigest, now: int) -> bool:
    """RFC 9718 §2: a digest is not used before its validFrom time, nor from its validUntil time on."""
    valid_from = _moment(where, digest, "validFrom")
    valid_until = _moment(where, digest, "validUntil")
    return (valid_from is None or valid_from <= now) and (valid_until is None or now < valid_until)


def _moment(where: str, digest: _KeyDigest, attribute: str) -> float | None:
    text = digest.attributes.get(attribute)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise InputError(where, f"{attribute} is {text[:40]!r}", "a time like 2017-02-02T00:00:00+00:00") from None


def _entry(where: str, owner: Name, digest: _KeyDigest) -> Entry:
    names = ("KeyTag", "Algorithm", "DigestType", "Digest")
    for name in names:
        if name not in digest.fields:
            raise InputError(where, f"KeyDigest without {name}", _FIX)
    tag, algorithm, kind, text = (digest.fields[name] for name in names)
    rdata = parse_ds(where, tag, str(parse_number(where, algorithm, "Algorithm", 255)), kind, "".join(text.split()))
    _check_public_key(where, owner, digest, rdata)
    return Entry(where, owner, DS, rdata)


def _check_public_key(where: str, owner: Name, digest: _KeyDigest, ds: bytes) -> None:
    """RFC 9718 §2: PublicKey and Flags come together and are the key that the digest is of.

    The key adds nothing to its digest, so only the digest is kept; but a file that contradicts itself is not trusted.
    """
    key, flags = digest.fields.get("PublicKey"), digest.fields.get("Flags")
    if key is None and flags is None:
        return
    if key is None or flags is None:
        raise InputError(where, "one of PublicKey and Flags without the other", _FIX)
    rdata = parse_dnskey(where, flags, "3", str(ds[2]), "".join(key.split()))
    try:
        dnskey = RRset(owner, 48, 0, (rdata,)).dnskeys()[0]
    except WireError as error:
        raise InputError(where, f"PublicKey does not parse: {error}", _FIX) from None
    computed = ds_digest(owner, dnskey, ds[3])
    if dnskey.key_tag != int.from_bytes(ds[:2]) or computed not in (None, ds[4:]):
        raise InputError(where, "PublicKey is not the key that Digest and KeyTag are of", _FIX)

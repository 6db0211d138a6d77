"""Trust anchors from a file, its format found out by looking at it."""

import codecs
import os
from collections.abc import Iterator
from enum import Enum
from typing import Final

from unbroken.anchors.records import Entry, build
from unbroken.anchors.store import TrustAnchors
from unbroken.errors import InputError

MAX_SIZE: Final = 1 << 20  # octets


class Format(Enum):
    """What an anchor file may be."""

    ZONE_LINES = "DS or DNSKEY zone-file lines"
    BIND = "BIND trust-anchors"
    ROOT_XML = "IANA root-anchors.xml"
    AUTOTRUST = "Unbound auto-trust-anchor-file"


def load(path: str | os.PathLike[str], *, now: int) -> TrustAnchors:
    """The trust anchors in the file at `path`.

    `now` (epoch seconds) decides which keys of an IANA XML file are in force; other formats carry no times. The
    signature of the XML is not looked at here: see `unbroken.anchors.iana`. Raises InputError, with where=PATH:LINE
    for what is in the file.
    """
    return parse(read(path), str(path), now=now)


def read(path: str | os.PathLike[str]) -> bytes:
    """The octets of a file of at most 1 MiB. Raises InputError."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_SIZE + 1)
    except OSError as error:
        raise InputError(str(path), error.strerror or "cannot be read", "give the name of a file to read") from None
    except ValueError:  # a NUL in the path
        raise InputError(repr(path), "no possible file name", "give the name of a file to read") from None
    if len(data) > MAX_SIZE:
        raise InputError(str(path), "more than 1 MiB", "a trust anchor file holds a few records")
    return data


def parse(data: bytes, source: str, *, now: int) -> TrustAnchors:
    """As `load`, from octets in hand; `source` stands in for the path. Raises InputError."""
    if len(data) > MAX_SIZE:
        raise InputError(source, "more than 1 MiB", "a trust anchor file holds a few records")
    return build(_entries(data, source, now), source)


def detect(text: str) -> Format:
    """What the text looks like. Zone-file lines are what it is when it is nothing else."""
    if text.lstrip().startswith("<"):
        return Format.ROOT_XML
    # The words that each format has to have come first: its pattern takes longer to compile than a whole file takes to read.
    if "autotrust" in text or ";;" in text:
        from unbroken.anchors.autotrust import MARK

        if MARK.search(text):
            return Format.AUTOTRUST
    if "{" in text:
        from unbroken.anchors.bind import BLOCK

        if BLOCK.search(text):
            return Format.BIND
    return Format.ZONE_LINES


def decode(data: bytes, source: str) -> str:
    """The text of an anchor file, without byte-order mark. Raises InputError with where=SOURCE:LINE."""
    # The codec that takes the mark off would be one more module to load.
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{source}:{line}", "not text", "anchor files are ASCII or UTF-8 text") from None


def _entries(data: bytes, source: str, now: int) -> Iterator[Entry]:
    text = decode(data, source)
    match detect(text):
        case Format.ROOT_XML:
            from unbroken.anchors.rootxml import parse_root_xml  # expat and datetime, for this format only

            return parse_root_xml(data, source, now)
        case Format.AUTOTRUST:
            from unbroken.anchors.autotrust import parse_autotrust

            return parse_autotrust(text, source)
        case Format.BIND:
            from unbroken.anchors.bind import parse_bind

            return parse_bind(text, source)
        case Format.ZONE_LINES:
            from unbroken.anchors.zonefile import parse_zone_lines

            return parse_zone_lines(text, source)

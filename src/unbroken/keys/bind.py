"""BIND's key files, which ldns reads and writes too: `K<zone>+<algorithm>+<tag>.key` with the DNSKEY record, and `.private`
(Private-key-format v1.3). Text in, text out; files are `store`'s."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from unbroken.dns import Dnskey, Name, registry
from unbroken.dns import rdtype as rr
from unbroken.dns.master_file import rrsets_from_text
from unbroken.dns.presentation import rdata_to_text
from unbroken.errors import InputError
from unbroken.keys.pkcs8 import KINDS, RSA_FIELDS, Kind, PrivateNumbers
from unbroken.keys.pkcs11_uri import Pkcs11Uri, is_pkcs11_uri, parse_pkcs11_uri
from unbroken.keys.stored import StoredKey
from unbroken.keys.times import TAGS, KeyTimes, parse_stamp, stamp

PRIVATE_MARK: Final = "Private-key-format:"
_FORMAT: Final = f"{PRIVATE_MARK} v1.3"
_VERSION: Final = re.compile(r"v1\.[0-9]{1,3}")
_STEM: Final = re.compile(r"K(?P<zone>[^/]*\.)\+(?P<algorithm>[0-9]{3})\+(?P<tag>[0-9]{5})")
_FIELD: Final = re.compile(r"(?P<name>[A-Za-z0-9-]{1,32}):[ \t]*(?P<value>[\x20-\x7e]*?)[ \t]*")
_ALGORITHM: Final = re.compile(r"(?P<number>[0-9]{1,3})(?: .*)?")
_COMMENT: Final = re.compile(r"^; *(?P<name>[A-Za-z]+): *(?P<stamp>[0-9]{14})\b", re.MULTILINE)
_ROLE: Final = re.compile(r"^; This is a (?:revoked )?(?P<words>[a-z -]+) key, keyid", re.MULTILINE)
_ROLE_WORDS: Final = {"KSK": "key-signing", "ZSK": "zone-signing", "CSK": "combined-signing", "standby": "standby"}
_PLAIN: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")
_DAMAGED: Final = "restore the file from a copy"


@dataclass(frozen=True, slots=True)
class PublicHalf:
    """What a `.key` file holds. `role` is empty unless a comment names it."""

    zone: Name
    dnskey: Dnskey
    ttl: int
    role: str
    times: KeyTimes


@dataclass(frozen=True, slots=True)
class PrivateHalf:
    """What a `.private` file holds. It does not say for which zone the key is, nor under which flags."""

    algorithm: int
    private: PrivateNumbers | Pkcs11Uri
    times: KeyTimes
    others: tuple[tuple[str, str], ...]


def file_stem(zone: Name, algorithm: int, key_tag: int) -> str:
    """The name that BIND gives a key's files, without suffix: the zone in lower case, all but letters, digits, hyphen and
    underscore as %XX."""
    labels = ("".join(chr(o) if o in _PLAIN else f"%{o:02X}" for o in label.lower()) for label in zone.labels)
    return f"K{'.'.join(labels)}.+{algorithm:03}+{key_tag:05}"


def parse_stem(stem: str) -> tuple[Name, int, int] | None:
    """Zone, algorithm and key tag of a file name without suffix, as BIND or ldns gives it; None for other names."""
    match = _STEM.fullmatch(stem)
    if match is None:
        return None
    text = re.sub(r"%([0-9A-Fa-f]{2})", lambda escape: f"\\{int(escape[1], 16):03}", match["zone"])
    try:
        return Name(text), int(match["algorithm"]), int(match["tag"])
    except ValueError:
        return None


# --- .key ---------------------------------------------------------------------------------------------------------


def parse_public(text: str, where: str) -> PublicHalf:
    """Raises InputError unless there is exactly one DNSKEY record in the text."""
    rrsets = [rrset for rrset in rrsets_from_text(text, None, 0, where) if rrset.rdtype == rr.DNSKEY]
    dnskeys = [(rrset, dnskey) for rrset in rrsets for dnskey in rrset.dnskeys()]
    if len(dnskeys) != 1:
        raise InputError(where, f"holds {len(dnskeys)} DNSKEY records", "give the file of one key")
    rrset, dnskey = dnskeys[0]
    comments: dict[str, int] = {}
    for match in _COMMENT.finditer(text):
        if match["name"] in TAGS:
            comments[match["name"]] = _moment(match["stamp"], where)
    words = _ROLE.search(text)
    roles = [role for role, its in _ROLE_WORDS.items() if words is not None and words["words"] == its]
    return PublicHalf(rrset.owner, dnskey, rrset.ttl, roles[0] if roles else "", KeyTimes.from_tags(comments))


def public_text(key: StoredKey) -> str:
    """The `.key` file: comments for people, then the record."""
    revoked = "revoked " if key.dnskey.is_revoked else ""
    head = f"; This is a {revoked}{_ROLE_WORDS[key.role]} key, keyid {key.key_tag}, for {key.zone}"
    # BIND's own sentence ends in the zone's final dot; the root's name is that dot.
    times = [f"; {tag}: {stamp(moment)} ({_ctime(moment)})" for tag, moment in key.times.items()]
    ttl = f"{key.ttl} " if key.ttl else ""
    record = f"{key.zone} {ttl}IN DNSKEY {rdata_to_text(rr.DNSKEY, key.dnskey.rdata)}"
    return "\n".join([head, *times, record, ""])


def _ctime(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).ctime()


# --- .private -------------------------------------------------------------------------------------------------------


def parse_private(text: str, where: str) -> PrivateHalf:
    """Raises InputError; no message repeats a secret."""
    fields = _fields(text, where)
    version = fields.pop(PRIVATE_MARK.rstrip(":"), "")
    # BIND reads every minor version of format 1, and so does this.
    if not _VERSION.fullmatch(version):
        raise InputError(where, f"is not in Private-key-format v1.2 or v1.3: {version[:20]!r}", "export the key anew")
    algorithm = _ALGORITHM.fullmatch(fields.pop("Algorithm", ""))
    kind = KINDS.get(int(algorithm["number"])) if algorithm else None
    if algorithm is None or kind is None:
        which = f"algorithm {algorithm['number']}" if algorithm else "an algorithm without number"
        raise InputError(where, f"is for {which}, of which no keys can be loaded", "use a key of another algorithm")
    times = {name: _moment(fields.pop(name).split(" ")[0], where) for name in TAGS & fields.keys()}
    private = _label(fields, where) or _numbers(fields, kind, where)
    others = tuple((name, value) for name, value in fields.items())
    return PrivateHalf(int(algorithm["number"]), private, KeyTimes.from_tags(times), others)


def _fields(text: str, where: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        match = _FIELD.fullmatch(line.rstrip("\r"))
        if match is None:
            raise InputError(f"{where} line {number}", "is not `Name: value`", _DAMAGED)
        if match["name"] in fields:
            raise InputError(f"{where} line {number}", f"gives {match['name']} again", _DAMAGED)
        fields[match["name"]] = match["value"]
    return fields


def _label(fields: dict[str, str], where: str) -> Pkcs11Uri | None:
    """Where in a token the key is, when the file holds no key: BIND's `Label`, a C string in Base64."""
    if "Label" not in fields:
        return None
    fields.pop("Engine", None)
    octets = _base64(fields.pop("Label"), "Label", where).removesuffix(b"\x00")
    text = octets.decode("utf-8", "replace")
    if not is_pkcs11_uri(text):
        raise InputError(
            where, "its Label is no PKCS#11 URI", "make the files anew with `unbroken keys import pkcs11:…`"
        )
    for name in RSA_FIELDS:
        fields.pop(name, None)  # BIND may repeat the public numbers
    return parse_pkcs11_uri(text)


def _numbers(fields: dict[str, str], kind: Kind, where: str) -> PrivateNumbers:
    names = RSA_FIELDS if kind is Kind.RSA else ("PrivateKey",)
    missing = [name for name in names if name not in fields]
    if missing:
        raise InputError(where, f"lacks the field {missing[0]}", _DAMAGED)
    values = [_base64(fields.pop(name), name, where) for name in names]
    try:
        if kind is Kind.RSA:
            return PrivateNumbers(kind, rsa=tuple(int.from_bytes(value) for value in values))
        # BIND pads scalars, ldns need not.
        return PrivateNumbers(kind, secret=_padded(values[0], kind))
    except ValueError as error:
        raise InputError(where, f"bad private key: {error}", _DAMAGED) from None


def _padded(scalar: bytes, kind: Kind) -> bytes:
    lengths = {Kind.P256: 32, Kind.P384: 48}
    return scalar.rjust(lengths.get(kind, 0), b"\x00")


def _base64(value: str, name: str, where: str) -> bytes:
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InputError(where, f"the field {name} is not Base64", _DAMAGED) from None


def _moment(text: str, where: str) -> int:
    try:
        return parse_stamp(text)
    except ValueError as error:
        raise InputError(where, f"bad time: {error}", _DAMAGED) from None


def private_text(key: StoredKey) -> str:
    """The `.private` file. Raises ValueError for a key whose private part is nowhere."""
    if key.private is None:
        raise ValueError("there is no private part")
    lines = [_FORMAT, f"Algorithm: {key.algorithm} ({registry.algorithm_text(key.algorithm)})"]
    values: list[tuple[str, bytes]]
    if isinstance(key.private, Pkcs11Uri):
        # As BIND writes it: both are C strings, their final NUL included.
        values = [("Engine", b"pkcs11\x00"), ("Label", str(key.private).encode() + b"\x00")]
    elif key.private.kind is Kind.RSA:
        octets = (number.to_bytes((number.bit_length() + 7) // 8) for number in key.private.rsa)
        values = list(zip(RSA_FIELDS, octets, strict=True))
    else:
        values = [("PrivateKey", key.private.secret)]
    lines += [f"{name}: {base64.b64encode(value).decode('ascii')}" for name, value in values]
    lines += [f"{tag}: {stamp(moment)}" for tag, moment in key.times.items()]
    lines += [f"{name}: {value}" for name, value in key.others]
    return "\n".join([*lines, ""])

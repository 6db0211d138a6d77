"""From the fields that people write to DS and DNSKEY RDATA: shared by the readers of all anchor file formats."""

import binascii
import re
from collections.abc import Iterable
from typing import Final

from unbroken.anchors.store import TrustAnchors
from unbroken.dns import Name, RRset, WireError
from unbroken.dns.registry import ALGORITHMS, DIGEST_LENGTHS
from unbroken.errors import InputError
from unbroken.records import dataclass

DS: Final = 43
DNSKEY: Final = 48
MAX_RECORDS: Final = 4096  # more is no list of trust anchors, and every record costs memory

_ZONE_KEY: Final = 0x0100
_REVOKED: Final = 0x0080
_MNEMONICS: Final = {row.mnemonic: row.number for row in ALGORITHMS.values()}
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One anchor record as read: `where` is FILE:LINE."""

    where: str
    owner: Name
    rdtype: int
    rdata: bytes


def parse_owner(where: str, text: str) -> Name:
    """An absolute name; a missing final dot is forgiven. Raises InputError."""
    try:
        return Name(text)
    except ValueError as error:
        raise InputError(where, f"{text[:80]!r} is not a domain name: {error}", "give the name of the zone") from None


def parse_number(where: str, text: str, field: str, maximum: int) -> int:
    """A decimal number of 0 to `maximum`. Raises InputError naming the `field`."""
    if text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= maximum:
        return int(text)
    raise InputError(where, f"{field} is {text[:40]!r}", f"give a number from 0 to {maximum}")


def parse_algorithm(where: str, text: str) -> int:
    """RFC 4034 §2.2: the algorithm is written as a number or as its mnemonic. Raises InputError."""
    number = _MNEMONICS.get(text.upper())
    return number if number is not None else parse_number(where, text, "the algorithm", 255)


def parse_ds(where: str, key_tag: str, algorithm: str, digest_type: str, digest: str) -> bytes:
    """DS RDATA from its four fields, the digest in hexadecimal without blanks (RFC 4034 §5.3). Raises InputError."""
    tag = parse_number(where, key_tag, "the key tag", 65535)
    number = parse_algorithm(where, algorithm)
    kind = parse_number(where, digest_type, "the digest type", 255)
    if not _HEX.fullmatch(digest):
        # RFC 4034 §5.3: the Digest field is hexadecimal. Old conversions of IANA's file have it in Base64.
        raise InputError(
            where, "the digest is not hexadecimal", "copy the DS record again, whole, with a hexadecimal digest"
        )
    octets = bytes.fromhex(digest)
    # RFC 4034 App. A.2, RFC 4509 §2.1, RFC 6605 §2: each digest type has one length; another means a torn record.
    expected = DIGEST_LENGTHS.get(kind, len(octets))
    if len(octets) != expected:
        what = f"the digest has {len(octets)} octets, but digest type {kind} has {expected}"
        raise InputError(where, what, "copy the DS record again, whole")
    return tag.to_bytes(2) + bytes((number, kind)) + octets


def parse_dnskey(where: str, flags: str, protocol: str, algorithm: str, public_key: str) -> bytes:
    """DNSKEY RDATA from its four fields, the key in Base64 without blanks (RFC 4034 §2.2). Raises InputError."""
    bits = parse_number(where, flags, "the flags field", 65535)
    # RFC 4034 §2.1.1: a key without the Zone Key bit must not verify RRSIGs of a zone.
    if not bits & _ZONE_KEY:
        raise InputError(where, f"flags {bits}: this is not a zone key", "use a DNSKEY with flags 257 or 256")
    # RFC 5011 §2.1: a revoked key must never again be a trust anchor.
    if bits & _REVOKED:
        raise InputError(where, f"flags {bits}: this key is revoked", "take this record out and use the zone's new key")
    # RFC 4034 §2.1.2: the protocol field must be 3, or the key is invalid.
    if parse_number(where, protocol, "the protocol", 255) != 3:
        raise InputError(where, f"the protocol is {protocol}", "a DNSKEY has protocol 3")
    number = parse_algorithm(where, algorithm)
    try:
        octets = binascii.a2b_base64(public_key, strict_mode=True)
    except (binascii.Error, ValueError):
        octets = b""
    if not octets:
        raise InputError(where, "the public key is not Base64", "copy the DNSKEY record again, whole")
    return bits.to_bytes(2) + bytes((3, number)) + octets


def build(entries: Iterable[Entry], source: str) -> TrustAnchors:
    """Anchors from entries, joined by owner. Raises InputError: none at all, too many, or RDATA that does not parse."""
    grouped: dict[tuple[Name, int], list[Entry]] = {}
    for count, entry in enumerate(entries, 1):
        if count > MAX_RECORDS:
            raise InputError(entry.where, f"more than {MAX_RECORDS} trust anchors", "keep the few that are needed")
        grouped.setdefault((entry.owner, entry.rdtype), []).append(entry)
    if not grouped:
        raise InputError(source, "no trust anchor in it", "put DS or DNSKEY records of the zone in it")
    return TrustAnchors.from_records((_rrset(group) for group in grouped.values()), source)


def _rrset(group: list[Entry]) -> RRset:
    first = group[0]
    try:
        return RRset(first.owner, first.rdtype, 0, tuple(entry.rdata for entry in group))
    except WireError as error:
        raise InputError(first.where, f"the records of {first.owner} do not parse: {error}") from None

"""ZONEMD: a digest of the whole zone in the zone (RFC 8976)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from unbroken._kernel import KernelZone, Name, RRset, zone_digest
from unbroken.dns import rdtype as rr
from unbroken.errors import UsageError

SIMPLE: Final = 1
"""The one scheme there is (RFC 8976 §5.2)."""
SHA384: Final = 1
SHA512: Final = 2
HASHES: Final = {SHA384: "SHA-384", SHA512: "SHA-512"}
_LENGTHS: Final = {SHA384: 48, SHA512: 64}
_MIN_LENGTH: Final = 12  # RFC 8976 §2.2.4


def zonemd_rrset(apex: Name, serial: int, digests: Sequence[tuple[int, bytes]], ttl: int) -> RRset:
    """The ZONEMD RRset with a record for each (hash algorithm, digest)."""
    head = serial.to_bytes(4, "big") + bytes((SIMPLE,))
    return RRset(apex, rr.ZONEMD, ttl, tuple(head + bytes((number,)) + digest for number, digest in digests))


def placeholder(apex: Name, serial: int, numbers: Sequence[int], ttl: int) -> RRset:
    """RFC 8976 §3.1: a record stands at the apex before the zone is signed, so that the denial chain lists the type."""
    unknown = [number for number in numbers if number not in _LENGTHS]
    if unknown:
        raise UsageError(f"there is no ZONEMD hash algorithm {unknown[0]}; use 1 (SHA-384) or 2 (SHA-512)")
    return zonemd_rrset(apex, serial, [(number, bytes(_LENGTHS[number])) for number in numbers], ttl)


class ZonemdOutcome(Enum):
    """What became of one ZONEMD record."""

    VERIFIED = "verified"
    DIGEST_MISMATCH = "digest_mismatch"
    SERIAL_MISMATCH = "serial_mismatch"
    UNSUPPORTED = "unsupported"
    REPEATED = "repeated"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class ZonemdAttempt:
    """One record and its outcome."""

    serial: int
    scheme: int
    hash_algorithm: int
    outcome: ZonemdOutcome


def check_zonemd(zone: KernelZone) -> tuple[ZonemdAttempt, ...]:
    """Every ZONEMD record at the apex, held against the zone (RFC 8976 §4). One that verifies is enough."""
    rrset, soa = zone.rrset(zone.origin, rr.ZONEMD), zone.rrset(zone.origin, rr.SOA)
    if rrset is None or soa is None:
        return ()
    serial = int.from_bytes(soa.rdatas[0][-20:-16], "big")
    pairs = [rdata[4:6] for rdata in rrset.rdatas]
    return tuple(_check(zone, rdata, serial, pairs.count(rdata[4:6]) > 1) for rdata in rrset.rdatas)


def _check(zone: KernelZone, rdata: bytes, serial: int, is_repeated: bool) -> ZonemdAttempt:
    own, scheme, number, digest = int.from_bytes(rdata[:4], "big"), rdata[4], rdata[5], rdata[6:]
    return ZonemdAttempt(own, scheme, number, _outcome(zone, serial, own, (scheme, number), digest, is_repeated))


def _outcome(
    zone: KernelZone, serial: int, own: int, kind: tuple[int, int], digest: bytes, is_repeated: bool
) -> ZonemdOutcome:
    # RFC 8976 §4 step 4.4: of several records with one scheme and hash algorithm none counts.
    if is_repeated:
        return ZonemdOutcome.REPEATED
    # RFC 8976 §4 step 4.1: the serial MUST be that of the SOA.
    if own != serial:
        return ZonemdOutcome.SERIAL_MISMATCH
    # RFC 8976 §4 steps 4.2, 4.3: schemes and hash algorithms that are not known do not count.
    scheme, number = kind
    if scheme != SIMPLE or number not in HASHES:
        return ZonemdOutcome.UNSUPPORTED
    # RFC 8976 §2.2.4: a digest is as long as its hash algorithm makes it, and never shorter than 12 octets.
    if len(digest) != max(_LENGTHS[number], _MIN_LENGTH):
        return ZonemdOutcome.MALFORMED
    return ZonemdOutcome.VERIFIED if zone_digest(zone, number) == digest else ZonemdOutcome.DIGEST_MISMATCH

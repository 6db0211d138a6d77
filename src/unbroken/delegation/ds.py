"""DS records, what the parent holds for a child's keys (RFC 4034 §5), and CDS and CDNSKEY, by which the child asks for them
(RFC 7344)."""

from collections.abc import Iterable
from typing import Final

from unbroken._kernel import Dnskey, Ds, Name, RRset, ds_digest
from unbroken.dns import rdtype as rr
from unbroken.dns import registry
from unbroken.errors import UsageError
from unbroken.keys import ZoneKey

DELETE_CDS: Final = bytes(5)
"""`0 0 0 00` (RFC 8078 §4, its erratum 5049: the digest is one octet)."""
DELETE_CDNSKEY: Final = b"\x00\x00\x03\x00\x00"
"""`0 3 0 AA==` (RFC 8078 §4)."""


def ds_for(zone: Name, dnskey: Dnskey, digest_type: int = registry.SHA256) -> Ds:
    """The DS of that key of `zone`, by any digest type that can be computed (1, 2, 4). Raises UsageError for others."""
    digest = ds_digest(zone, dnskey, digest_type)
    if digest is None:
        raise UsageError(f"a DS with {registry.digest_text(digest_type)} can't be made; use 2 (SHA-256) or 4 (SHA-384)")
    rdata = dnskey.key_tag.to_bytes(2, "big") + bytes((dnskey.algorithm, digest_type)) + digest
    return RRset(zone, rr.DS, 0, (rdata,)).dses()[0]


def ds_rrset(
    zone: Name, keys: Iterable[ZoneKey], digest_types: tuple[int, ...] = (registry.SHA256,), ttl: int = 3600
) -> RRset:
    """The DS RRset for the keys that sign the DNSKEY RRset; TTL in seconds. Raises UsageError when there are none, or
    for digest types that must not delegate."""
    # RFC 9904 §2, RFC 9905 §2: SHA-1 is MUST NOT for new DS records.
    if registry.SHA1 in digest_types:
        raise UsageError("SHA-1 must not be used in new DS records; use 2 (SHA-256) or 4 (SHA-384)")
    # RFC 4034 §5.2: a DS refers to a zone key; RFC 5011 §2.1: a revoked key is no longer an entry point.
    entries = [key.dnskey for key in keys if key.signs_keys and key.dnskey.is_zone_key and not key.dnskey.is_revoked]
    rdatas = tuple(ds_for(zone, dnskey, digest_type).rdata for dnskey in entries for digest_type in digest_types)
    if not rdatas:
        raise UsageError(f"no key of {zone} can have a DS: none signs the DNSKEY RRset")
    return RRset(zone, rr.DS, ttl, rdatas)


def entry_points(dnskeys: Iterable[Dnskey]) -> tuple[Dnskey, ...]:
    """The keys that a parent is to vouch for, as far as the keys themselves tell: those with the SEP flag, which is what
    it is for (RFC 4034 §2.1.1), or when none has it, all that may have a DS."""
    # RFC 4034 §5.2: a DS refers to a zone key; §2.1.2: of protocol 3; RFC 5011 §2.1: and not to a revoked one.
    usable = [each for each in dnskeys if each.is_zone_key and each.protocol == 3 and not each.is_revoked]
    marked = [each for each in usable if each.is_secure_entry_point]
    return tuple(marked or usable)


def ds_of_keys(zone: Name, dnskeys: Iterable[Dnskey], digest_types: tuple[int, ...]) -> tuple[Ds, ...]:
    """A DS for each of the keys by each of the digest types. Raises UsageError for digest types that can't be made."""
    return tuple(ds_for(zone, dnskey, digest_type) for dnskey in dnskeys for digest_type in digest_types)


def cds_rrset(zone: Name, dses: Iterable[Ds], ttl: int = 3600) -> RRset:
    """The CDS RRset that asks the parent for just these DS (RFC 7344 §3.1). Raises ValueError without any."""
    return RRset(zone, rr.CDS, ttl, tuple(ds.rdata for ds in dses))


def cdnskey_rrset(zone: Name, dnskeys: Iterable[Dnskey], ttl: int = 3600) -> RRset:
    """The CDNSKEY RRset that asks for a DS for each of these keys (RFC 7344 §3.2). Raises ValueError without any."""
    return RRset(zone, rr.CDNSKEY, ttl, tuple(dnskey.rdata for dnskey in dnskeys))


def delete_cds(zone: Name, ttl: int = 3600) -> RRset:
    """The CDS RRset that asks the parent to take all DS away (RFC 8078 §4)."""
    return RRset(zone, rr.CDS, ttl, (DELETE_CDS,))


def delete_cdnskey(zone: Name, ttl: int = 3600) -> RRset:
    """The CDNSKEY RRset that asks the parent to take all DS away (RFC 8078 §4)."""
    return RRset(zone, rr.CDNSKEY, ttl, (DELETE_CDNSKEY,))

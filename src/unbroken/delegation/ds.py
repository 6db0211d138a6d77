"""DS records: what the parent holds for a child's keys (RFC 4034 §5)."""

from collections.abc import Iterable

from unbroken._kernel import Dnskey, Ds, Name, RRset, ds_digest
from unbroken.dns import rdtype as rr
from unbroken.dns import registry
from unbroken.errors import UsageError
from unbroken.keys import ZoneKey


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

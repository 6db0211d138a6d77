"""The tools that faults are made with: sign one RRset or all of a zone otherwise than it should be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Unpack

from unbroken._kernel import RRset
from unbroken.dns import rdtype as rr
from unbroken.keys import Signer, ZoneKey, make_dnskey
from unbroken.lab.signed import SignedZone
from unbroken.signing import RrsigOverrides, merge_rrsets, sign_rrset, signable_rrsets

_BY_ENTRY_POINTS = (rr.DNSKEY, rr.CDS, rr.CDNSKEY)


@dataclass(frozen=True, slots=True)
class Disguised:
    """A private key that passes for one of another algorithm."""

    private: Signer
    algorithm: int

    @property
    def public_key(self) -> bytes:
        return self.private.public_key

    def sign(self, data: bytes) -> bytes:
        return self.private.sign(data)


def disguise(key: ZoneKey, algorithm: int) -> ZoneKey:
    """The same key pair under another algorithm number."""
    dnskey = make_dnskey(key.dnskey.flags, algorithm, key.dnskey.public_key)
    return ZoneKey(key.zone, dnskey, Disguised(key.private, algorithm), key.signs_keys, key.signs_data)


def signers_of(zone: SignedZone, rdtype: int) -> tuple[ZoneKey, ...]:
    """The keys that sign RRsets of that type."""
    return zone.key_signing_keys if rdtype in _BY_ENTRY_POINTS else zone.data_keys


def signatures(
    rrset: RRset, keys: Sequence[ZoneKey], inception: int, expiration: int, **overrides: Unpack[RrsigOverrides]
) -> RRset:
    """One RRSIG a key over `rrset`."""
    first, *others = (sign_rrset(rrset, key, inception, expiration, **overrides) for key in keys)
    for other in others:
        first = merge_rrsets(first, other)
    return first


def with_rrset(zone: SignedZone, rrset: RRset, keys: Sequence[ZoneKey] = ()) -> SignedZone:
    """The zone with this RRset, properly signed: by the keys given or by those that should."""
    rrsigs = signatures(rrset, keys or signers_of(zone, rrset.rdtype), zone.inception, zone.expiration)
    return zone.with_zone(zone.zone.replace(rrset, rrsigs))


def with_all_signatures(zone: SignedZone, sign: Callable[[RRset], RRset]) -> SignedZone:
    """The zone with every signature made by `sign`, which is given the RRset."""
    return zone.with_zone(zone.zone.replace(*map(sign, signable_rrsets(zone.zone))))


def flipped(rrsigs: RRset) -> RRset:
    """The same RRSIGs, one bit of each signature turned."""
    rdatas = tuple(rdata[:-1] + bytes((rdata[-1] ^ 1,)) for rdata in rrsigs.rdatas)
    return RRset(rrsigs.owner, rr.RRSIG, rrsigs.ttl, rdatas)

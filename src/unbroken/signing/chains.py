"""The chain of NSEC or NSEC3 records through a zone."""

from collections.abc import Iterable, Mapping, Sequence

from unbroken._kernel import Name, RRset, base32hex, nsec3_hash_many
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError
from unbroken.signing.parameters import OPT_OUT, Nsec3Denial
from unbroken.signing.rdata import nsec3_rdata, nsec3param_rdata, nsec_rdata
from unbroken.signing.zone import Zone


def nsec_chain(zone: Zone) -> list[RRset]:
    """An NSEC record at every authoritative name and every delegation (RFC 4035 §2.3); empty non-terminals have
    none."""
    owners = sorted(zone.layout.delegations.union(zone.layout.authoritative))
    ttl = zone.negative_ttl()
    chain = []
    for owner, next_name in zip(owners, owners[1:] + owners[:1], strict=True):
        # RFC 4035 §2.3: the bitmap holds the type of every RRset at the name, its own NSEC and RRSIG included.
        rdtypes = _visible_types(zone, owner) | {rr.NSEC, rr.RRSIG}
        chain.append(RRset(owner, rr.NSEC, ttl, (nsec_rdata(next_name, rdtypes),)))
    return chain


def _visible_types(zone: Zone, owner: Name) -> set[int]:
    """RFC 4035 §2.3, RFC 6840 §4.4: at a delegation only NS and DS are the parent's; glue and the rest do not show."""
    rdtypes = set(zone.node(owner))
    return rdtypes & {rr.NS, rr.DS} if owner in zone.layout.delegations else rdtypes


def nsec3param_rrset(zone: Zone, denial: Nsec3Denial) -> RRset:
    """RFC 5155 §7.1: one at the apex, so that secondaries know which chain to answer from."""
    return RRset(zone.origin, rr.NSEC3PARAM, zone.negative_ttl(), (nsec3param_rdata(denial),))


def nsec3_chain(zone: Zone, denial: Nsec3Denial) -> list[RRset]:
    """An NSEC3 record for every authoritative name, delegation and empty non-terminal (RFC 5155 §7.1). With opt-out the
    delegations without DS are left out. The NSEC3PARAM must be in the zone already. Raises InputError when two names
    have one hash."""
    types = _types_by_name(zone, denial)
    names = list(types)
    by_hash: dict[bytes, Name] = {}
    for digest, name in zip(nsec3_hash_many(names, denial.salt, denial.iterations), names, strict=True):
        # RFC 5155 §7.1 step 7: on a hash collision start again with another salt.
        if digest in by_hash:
            raise InputError(
                f"zone {zone.origin}", f"{name} and {by_hash[digest]} have one NSEC3 hash", "change the salt"
            )
        by_hash[digest] = name
    return _linked(zone, denial, sorted(by_hash), by_hash, types)


def _types_by_name(zone: Zone, denial: Nsec3Denial) -> dict[Name, set[int]]:
    layout = zone.layout
    types: dict[Name, set[int]] = {}
    for owner in layout.authoritative:
        types[owner] = _visible_types(zone, owner) | {rr.RRSIG}
    for owner in layout.delegations:
        visible = _visible_types(zone, owner)
        is_signed = rr.DS in visible
        if is_signed or not denial.opt_out:
            # RFC 5155 §7.1: RRSIG shows only where a signature is; an unsigned delegation has none (its NSEC3 is
            # elsewhere).
            types[owner] = visible | ({rr.RRSIG} if is_signed else set())
    # RFC 5155 §7.1 lets opt-out leave out empty non-terminals that only lead to unsigned delegations. They are kept: a
    # name that such an empty name shields from a wildcard above it could not be denied otherwise.
    for owner in layout.empty_non_terminals:
        types[owner] = set()
    return types


def _linked(
    zone: Zone,
    denial: Nsec3Denial,
    hashes: Sequence[bytes],
    by_hash: Mapping[bytes, Name],
    types: Mapping[Name, Iterable[int]],
) -> list[RRset]:
    flags = OPT_OUT if denial.opt_out else 0
    ttl = zone.negative_ttl()
    chain = []
    for digest, next_hash in zip(hashes, [*hashes[1:], *hashes[:1]], strict=True):
        owner = zone.origin.prepend(base32hex(digest).encode("ascii"))
        rdata = nsec3_rdata(denial, flags, next_hash, types[by_hash[digest]])
        chain.append(RRset(owner, rr.NSEC3, ttl, (rdata,)))
    return chain

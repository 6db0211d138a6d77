"""Signing a whole zone in memory (RFC 4035 §2, RFC 5155 §7.1)."""

from collections.abc import Iterable, Sequence

from unbroken._kernel import RRset
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError, UsageError
from unbroken.keys import ZoneKey, dnskey_rrset
from unbroken.signing.chains import nsec3_chain, nsec3param_rrset, nsec_chain
from unbroken.signing.parameters import Nsec3Denial, SigningParameters
from unbroken.signing.rrsig import Task, sign_all
from unbroken.signing.zone import Zone, merge_rrsets

# RFC 7344 §4.1: CDS and CDNSKEY are signed by a key that the DS RRset knows, as the DNSKEY RRset is.
_BY_ENTRY_POINTS = frozenset({rr.DNSKEY, rr.CDS, rr.CDNSKEY})


def sign_zone(zone: Zone, keys: Sequence[ZoneKey], parameters: SigningParameters) -> Zone:
    """The zone with the keys' DNSKEYs (beside those it has), a fresh denial chain, and RRSIGs over all that is its own.
    What an earlier signing left is replaced. Raises UsageError without keys or with keys of another zone, InputError
    when the zone lacks its SOA."""
    _require_signable(zone, keys)
    bare = zone.remove_types(rr.RRSIG, rr.NSEC, rr.NSEC3, rr.NSEC3PARAM)
    complete = _with_chain(_with_dnskeys(bare, keys, parameters.dnskey_ttl), parameters)
    tasks = _tasks(complete, keys, parameters)
    return complete.replace(*sign_all(tasks, parameters.inception, parameters.expiration))


def _require_signable(zone: Zone, keys: Sequence[ZoneKey]) -> None:
    if not keys:
        raise UsageError(f"{zone.origin} can't be signed without keys")
    for key in keys:
        # RFC 4035 §2.2: the signer's name is the zone that holds the RRset.
        if key.zone != zone.origin:
            raise UsageError(f"key {key.key_tag} belongs to {key.zone}, not to {zone.origin}")
    if zone.soa is None:
        raise InputError(f"zone {zone.origin}", "it has no SOA record", "add one at the apex")


def _with_dnskeys(zone: Zone, keys: Sequence[ZoneKey], ttl: int) -> Zone:
    ours = dnskey_rrset(zone.origin, (key.dnskey for key in keys), ttl)
    present = zone.rrset(zone.origin, rr.DNSKEY)
    return zone.replace(ours if present is None else merge_rrsets(present, ours))


def _with_chain(zone: Zone, parameters: SigningParameters) -> Zone:
    denial = parameters.denial
    if not isinstance(denial, Nsec3Denial):
        return zone.replace(*nsec_chain(zone))
    marked = zone.replace(nsec3param_rrset(zone, denial))
    return marked.replace(*nsec3_chain(marked, denial))


def _tasks(zone: Zone, keys: Sequence[ZoneKey], parameters: SigningParameters) -> list[Task]:
    data_keys = _signers(keys, [key for key in keys if key.signs_data])
    entry_points = _signers(keys, [key for key in keys if key.signs_keys])
    if parameters.dnskey_by_all:
        entry_points = tuple(dict.fromkeys((*entry_points, *data_keys)))
    return [
        Task(rrset, entry_points if rrset.rdtype in _BY_ENTRY_POINTS else data_keys) for rrset in signable_rrsets(zone)
    ]


def _signers(keys: Sequence[ZoneKey], chosen: Sequence[ZoneKey]) -> tuple[ZoneKey, ...]:
    """RFC 4035 §2.2: each algorithm of the DNSKEY RRset signs every RRset, so an algorithm whose keys have no key of
    the wanted role signs with all it has."""
    covered = {key.algorithm for key in chosen}
    return (*chosen, *(key for key in keys if key.algorithm not in covered and (key.signs_keys or key.signs_data)))


def signable_rrsets(zone: Zone) -> Iterable[RRset]:
    """The RRsets that a signer signs."""
    layout = zone.layout
    for owner in layout.authoritative:
        yield from zone.node(owner).values()
    # RFC 4035 §2.2: the NS RRset at a zone cut and glue are not signed; DS and NSEC there are the parent's own.
    for owner in layout.delegations:
        yield from (rrset for rdtype, rrset in zone.node(owner).items() if rdtype in (rr.DS, rr.NSEC))
    for owner in zone.owners():
        node = zone.node(owner)
        if rr.NSEC3 in node and len(node) == 1:
            yield node[rr.NSEC3]

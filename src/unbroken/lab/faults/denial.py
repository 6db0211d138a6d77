"""Faults of NSEC and NSEC3 records."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from unbroken._kernel import RRset, base32hex_decode
from unbroken.chain import Code, Status
from unbroken.dns import rdtype as rr
from unbroken.errors import UsageError
from unbroken.lab.faults.bending import flipped, signatures
from unbroken.lab.faults.fault import Apply, Fault, Patient, Probe
from unbroken.lab.signed import SignedZone
from unbroken.signing import Nsec3Denial, Zone, nsec3_chain, nsec_rdata

_UNKNOWN_HASH: Final = 6  # RFC 5155 §11 and the IANA registry know only 1
_FOREIGN_SALT: Final = bytes.fromhex("ab")


def _chain(zone: Zone, rdtype: int) -> list[RRset]:
    return [rrset for owner in zone.owners() if (rrset := zone.rrset(owner, rdtype)) is not None]


def _signed(zone: SignedZone, rrsets: list[RRset]) -> Zone:
    """These RRsets in the zone, properly signed."""
    rrsigs = [signatures(rrset, zone.data_keys, zone.inception, zone.expiration) for rrset in rrsets]
    return zone.zone.replace(*rrsets, *rrsigs)


def _on(rdtype: int, change: Callable[[SignedZone, list[RRset]], Zone]) -> Apply:
    """A fault that changes the denial chain of zones that have one of that type."""

    def apply(patient: Patient) -> tuple[SignedZone, ...]:
        patient.require_denial(is_nsec3=rdtype == rr.NSEC3)
        child = patient.child
        return (child.with_zone(change(child, _chain(child.zone, rdtype))),)

    return apply


def _missing(zone: SignedZone, chain: list[RRset]) -> Zone:
    return zone.zone.remove_types(*{rrset.rdtype for rrset in chain})


def _unsigned(zone: SignedZone, chain: list[RRset]) -> Zone:
    changed = zone.zone
    for rrset in chain:
        changed = changed.remove_rrsigs(rrset.owner, rrset.rdtype)
    return changed


def _bad_signatures(zone: SignedZone, chain: list[RRset]) -> Zone:
    return zone.zone.replace(
        *(flipped(signatures(rrset, zone.data_keys, zone.inception, zone.expiration)) for rrset in chain)
    )


def _nsec_wrong_next(zone: SignedZone, chain: list[RRset]) -> Zone:
    """Each record reaches to the name right behind it (RFC 4034 §6.1), and so covers nothing."""
    bent = []
    for rrset in chain:
        nsec = rrset.nsec()
        if nsec is not None:
            rdata = nsec_rdata(rrset.owner.prepend(b"\x00"), nsec.types)
            bent.append(RRset(rrset.owner, rr.NSEC, rrset.ttl, (rdata,)))
    return _signed(zone, bent)


def _nsec3_wrong_next(zone: SignedZone, chain: list[RRset]) -> Zone:
    """Each record reaches to the hash right behind its own, and so covers nothing."""
    bent = []
    for rrset in chain:
        digest = base32hex_decode(rrset.owner.labels[0])
        if digest is not None:
            after = ((int.from_bytes(digest, "big") + 1) % 2**160).to_bytes(20, "big")
            rdata = rrset.rdatas[0]
            start = 5 + rdata[4] + 1  # behind hash algorithm, flags, iterations, salt and the length of the hash
            bent.append(RRset(rrset.owner, rr.NSEC3, rrset.ttl, (rdata[:start] + after + rdata[start + 20 :],)))
    return _signed(zone, bent)


def _nsec3_wrong_hash(zone: SignedZone, chain: list[RRset]) -> Zone:
    """The names are hashed with a salt, and the records say that there is none."""
    bare = zone.zone.remove_types(rr.NSEC3)
    opt_out = isinstance(zone.denial, Nsec3Denial) and zone.denial.opt_out
    foreign = nsec3_chain(bare, Nsec3Denial(salt=_FOREIGN_SALT, opt_out=opt_out))
    assert len(foreign) == len(chain)
    bent = []
    for rrset in foreign:
        rdata = rrset.rdatas[0]
        unsalted = rdata[:4] + b"\x00" + rdata[5 + rdata[4] :]
        bent.append(RRset(rrset.owner, rr.NSEC3, rrset.ttl, (unsalted,)))
    return _signed(zone.with_zone(bare), bent)


def _nsec3_unknown_hash(zone: SignedZone, chain: list[RRset]) -> Zone:
    bent = [
        RRset(rrset.owner, rr.NSEC3, rrset.ttl, tuple(bytes((_UNKNOWN_HASH,)) + rdata[1:] for rdata in rrset.rdatas))
        for rrset in chain
    ]
    return _signed(zone, bent)


def _iterations(count: int) -> Apply:
    def apply(patient: Patient) -> tuple[SignedZone, ...]:
        patient.require_denial(is_nsec3=True)
        child = patient.child
        assert isinstance(child.denial, Nsec3Denial)
        denial = replace(child.denial, iterations=count)
        return (child.signed_anew(parameters=replace(child.parameters, denial=denial)),)

    return apply


def _wildcard_unproven(patient: Patient) -> tuple[SignedZone, ...]:
    child = patient.child
    if child.zone.rrset(child.origin.wildcard(), rr.A) is None:
        raise UsageError(f"{child.origin} has no wildcard A RRset; choose a zone that has, such as wildcard.test")
    return (child.with_zone(child.zone.remove_types(rr.NSEC, rr.NSEC3)),)


def _fault(
    name: str, description: str, code: Code, apply: Apply, status: Status = Status.BOGUS, probe: Probe = Probe.NO_NAME
) -> Fault:
    victim = "two.example." if "nsec3" in name else "one.example."
    return Fault(name, description, code, status, apply, probe, victim)


_NSEC: Final = rr.NSEC
_NSEC3: Final = rr.NSEC3

DENIAL_FAULTS: Final = (
    _fault("nsec-missing", "the zone has no NSEC records", Code.DENIAL_MISSING, _on(_NSEC, _missing)),
    _fault(
        "bad-nsec-next",
        "the NSEC records point to wrong next names",
        Code.DENIAL_INCOMPLETE,
        _on(_NSEC, _nsec_wrong_next),
    ),
    _fault(
        "bad-nsec-rrsig",
        "the signatures over the NSEC records have a bit flipped",
        Code.SIGNATURE_BAD,
        _on(_NSEC, _bad_signatures),
    ),
    _fault("nsec-rrsig-missing", "the NSEC records are not signed", Code.SIGNATURE_MISSING, _on(_NSEC, _unsigned)),
    _fault("nsec3-missing", "the zone has no NSEC3 records", Code.DENIAL_MISSING, _on(_NSEC3, _missing)),
    _fault(
        "bad-nsec3-next",
        "the NSEC3 records point to wrong next hashes",
        Code.DENIAL_INCOMPLETE,
        _on(_NSEC3, _nsec3_wrong_next),
    ),
    _fault(
        "bad-nsec3-rrsig",
        "the signatures over the NSEC3 records have a bit flipped",
        Code.SIGNATURE_BAD,
        _on(_NSEC3, _bad_signatures),
    ),
    _fault("nsec3-rrsig-missing", "the NSEC3 records are not signed", Code.SIGNATURE_MISSING, _on(_NSEC3, _unsigned)),
    _fault(
        "bad-nsec3-hash",
        "the NSEC3 records are named by hashes of another salt than they state",
        Code.DENIAL_INCOMPLETE,
        _on(_NSEC3, _nsec3_wrong_hash),
    ),
    _fault(
        "nsec3-unknown-hash",
        "the NSEC3 records use a hash algorithm that does not exist",
        Code.NSEC3_HASH_UNKNOWN,
        _on(_NSEC3, _nsec3_unknown_hash),
    ),
    _fault(
        "nsec3-iter-200",
        "the NSEC3 records use 200 iterations",
        Code.NSEC3_ITERATIONS_INSECURE,
        _iterations(200),
        Status.INSECURE,
    ),
    _fault(
        "nsec3-iter-1000",
        "the NSEC3 records use 1000 iterations",
        Code.NSEC3_ITERATIONS_REFUSED,
        _iterations(1000),
    ),
    Fault(
        "wildcard-unproven",
        "a wildcard answers, and nothing proves that the name itself does not exist",
        Code.WILDCARD_UNPROVEN,
        Status.BOGUS,
        _wildcard_unproven,
        Probe.EXPANDED,
        "wildcard.test.",
    ),
)

"""Faults of signatures, each on one RRset (`-a`) or on all of the zone (`-all`)."""

from collections.abc import Callable
from typing import Final

from unbroken._kernel import Name, RRset
from unbroken.chain import Code, Status
from unbroken.dns import rdtype as rr
from unbroken.errors import UsageError
from unbroken.lab.faults.bending import flipped, signatures, signers_of, with_all_signatures
from unbroken.lab.faults.fault import Apply, Fault, Patient
from unbroken.lab.signed import SignedZone

# Unbound forgives a clock that is wrong by up to a day (val-sig-skew-max); these are wrong by more.
_WEEK: Final = 7 * 86400  # seconds
_Sign = Callable[[SignedZone, RRset], RRset]


def _expired(zone: SignedZone, rrset: RRset) -> RRset:
    return signatures(rrset, signers_of(zone, rrset.rdtype), zone.now - 5 * _WEEK, zone.now - _WEEK)


def _not_yet(zone: SignedZone, rrset: RRset) -> RRset:
    return signatures(rrset, signers_of(zone, rrset.rdtype), zone.now + _WEEK, zone.now + 5 * _WEEK)


def _expired_before(zone: SignedZone, rrset: RRset) -> RRset:
    return signatures(rrset, signers_of(zone, rrset.rdtype), zone.now + _WEEK, zone.now - _WEEK)


def _flipped(zone: SignedZone, rrset: RRset) -> RRset:
    return flipped(signatures(rrset, signers_of(zone, rrset.rdtype), zone.inception, zone.expiration))


def _wrong_signer(zone: SignedZone, rrset: RRset) -> RRset:
    """In the name of a zone beside the one that holds the RRset."""
    origin = zone.origin
    signer = Name("not-this-zone.") if origin.is_root else origin.parent().prepend(b"not-this-zone")
    keys = signers_of(zone, rrset.rdtype)
    return signatures(rrset, keys, zone.inception, zone.expiration, signer=signer)


def _wrong_labels(zone: SignedZone, rrset: RRset) -> RRset:
    keys = signers_of(zone, rrset.rdtype)
    labels = rrset.owner.rrsig_labels + 1
    return signatures(rrset, keys, zone.inception, zone.expiration, labels=labels)


def _one(sign: _Sign) -> Apply:
    def apply(patient: Patient) -> tuple[SignedZone, ...]:
        child = patient.child
        return (child.with_zone(child.zone.replace(sign(child, _the_one(patient)))),)

    return apply


def _all(sign: _Sign) -> Apply:
    def apply(patient: Patient) -> tuple[SignedZone, ...]:
        return (with_all_signatures(patient.child, lambda rrset: sign(patient.child, rrset)),)

    return apply


def _the_one(patient: Patient) -> RRset:
    owner = patient.data_owner()
    rrset = patient.child.zone.rrset(owner, rr.A)
    if rrset is None:
        raise UsageError(f"{owner} has no A RRset to break; give the zone one, or choose the fault for all RRsets")
    return rrset


def _none_on_one(patient: Patient) -> tuple[SignedZone, ...]:
    child = patient.child
    return (child.with_zone(child.zone.remove_rrsigs(_the_one(patient).owner, rr.A)),)


def _none_at_all(patient: Patient) -> tuple[SignedZone, ...]:
    return (patient.child.with_zone(patient.child.zone.remove_types(rr.RRSIG)),)


def _pair(name: str, description: str, code: Code, sign: _Sign) -> tuple[Fault, Fault]:
    return (
        Fault(f"{name}-a", f"the signature over the A RRset of www {description}", code, Status.BOGUS, _one(sign)),
        Fault(f"{name}-all", f"every signature of the zone {description}", code, Status.BOGUS, _all(sign)),
    )


RRSIG_FAULTS: Final = (
    *_pair("rrsig-exp", "has expired", Code.SIGNATURE_EXPIRED, _expired),
    *_pair("rrsig-not-yet", "is not yet valid", Code.SIGNATURE_NOT_YET_VALID, _not_yet),
    *_pair(
        "rrsig-exp-before",
        "expires before it becomes valid",
        Code.SIGNATURE_EXPIRED_BEFORE_INCEPTION,
        _expired_before,
    ),
    Fault(
        "rrsig-no-a",
        "the A RRset of www has no signature",
        Code.SIGNATURE_MISSING,
        Status.BOGUS,
        _none_on_one,
    ),
    Fault("rrsig-no-all", "nothing in the zone is signed", Code.DNSKEY_NOT_SIGNED, Status.BOGUS, _none_at_all),
    *_pair("bad-rrsig", "has a bit flipped", Code.SIGNATURE_BAD, _flipped),
    *_pair("rrsig-signer", "is in the name of another zone", Code.SIGNER_NOT_ZONE, _wrong_signer),
    *_pair("rrsig-labels", "counts more labels than the name has", Code.SIGNATURE_LABELS, _wrong_labels),
)

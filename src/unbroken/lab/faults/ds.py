"""Faults of the DS RRset, all at the parent."""

from collections.abc import Callable
from typing import Final

from unbroken._kernel import Ds, RRset
from unbroken.chain import Code, Status
from unbroken.dns import rdtype as rr
from unbroken.dns import registry
from unbroken.keys import tags_in_use
from unbroken.lab.faults.bending import with_rrset
from unbroken.lab.faults.fault import Fault, Patient
from unbroken.lab.signed import SignedZone

UNASSIGNED: Final = 100  # neither an algorithm nor a digest type has this number


def _bend(patient: Patient, bend: Callable[[Ds], tuple[int, int, int, bytes]]) -> tuple[SignedZone, ...]:
    """Each DS record replaced by (tag, algorithm, digest type, digest), and the RRset signed again."""
    present = patient.require_ds()
    fields = map(bend, present.dses())
    rdatas = tuple(
        tag.to_bytes(2, "big") + bytes((algorithm, kind)) + digest for tag, algorithm, kind, digest in fields
    )
    bent = RRset(present.owner, rr.DS, present.ttl, rdatas)
    return (with_rrset(patient.require_parent(), bent),)


def _bad_tag(patient: Patient) -> tuple[SignedZone, ...]:
    taken = tags_in_use(key.dnskey for key in patient.child.keys)
    return _bend(
        patient,
        lambda ds: (
            next(tag for tag in range(ds.key_tag ^ 1, 65536) if tag not in taken),
            ds.algorithm,
            ds.digest_type,
            ds.digest,
        ),
    )


def _other_algorithm(algorithm: int) -> int:
    return registry.RSASHA256 if algorithm != registry.RSASHA256 else registry.ECDSAP256SHA256


def _bad_key_algorithm(patient: Patient) -> tuple[SignedZone, ...]:
    return _bend(patient, lambda ds: (ds.key_tag, _other_algorithm(ds.algorithm), ds.digest_type, ds.digest))


def _unassigned_key_algorithm(patient: Patient) -> tuple[SignedZone, ...]:
    return _bend(patient, lambda ds: (ds.key_tag, UNASSIGNED, ds.digest_type, ds.digest))


def _bogus_digest(patient: Patient) -> tuple[SignedZone, ...]:
    return _bend(
        patient, lambda ds: (ds.key_tag, ds.algorithm, ds.digest_type, bytes(octet ^ 0xFF for octet in ds.digest))
    )


def _unassigned_digest(patient: Patient) -> tuple[SignedZone, ...]:
    return _bend(patient, lambda ds: (ds.key_tag, ds.algorithm, UNASSIGNED, ds.digest))


def _no_ds(patient: Patient) -> tuple[SignedZone, ...]:
    patient.require_ds()
    parent = patient.require_parent()
    return (parent.signed_anew(parent.zone.remove(patient.origin, rr.DS)),)


def _no_ds_unproven(patient: Patient) -> tuple[SignedZone, ...]:
    patient.require_ds()
    parent = patient.require_parent()
    return (parent.with_zone(parent.zone.remove(patient.origin, rr.DS)),)


DS_FAULTS: Final = (
    Fault(
        "ds-bad-tag",
        "the DS names a key tag that no key has",
        Code.DS_NO_KEY_WITH_TAG,
        Status.BOGUS,
        _bad_tag,
    ),
    Fault(
        "ds-bad-key-algo",
        "the DS names another algorithm than its key has",
        Code.DS_ALGORITHM_MISMATCH,
        Status.BOGUS,
        _bad_key_algorithm,
    ),
    Fault(
        "ds-unassigned-key-algo",
        "the DS names an algorithm that does not exist",
        Code.DS_ALGORITHM_UNSUPPORTED,
        Status.INSECURE,
        _unassigned_key_algorithm,
    ),
    Fault(
        "ds-bogus-digest-value",
        "the DS holds the digest of something else",
        Code.DS_DIGEST_MISMATCH,
        Status.BOGUS,
        _bogus_digest,
    ),
    Fault(
        "ds-unassigned-digest-algo",
        "the DS uses a digest type that does not exist",
        Code.DS_DIGEST_UNSUPPORTED,
        Status.INSECURE,
        _unassigned_digest,
    ),
    Fault(
        "no-ds",
        "the parent has no DS, and proves it",
        Code.DELEGATION_INSECURE,
        Status.INSECURE,
        _no_ds,
    ),
    Fault(
        "no-ds-unproven",
        "the DS is gone from the parent, whose denial record still says that there is one",
        Code.DELEGATION_UNPROVEN,
        Status.BOGUS,
        _no_ds_unproven,
    ),
)

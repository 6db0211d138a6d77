"""Faults that no signature can mend: servers that do not answer, names that lead in a circle."""

from dataclasses import replace
from typing import Final

from unbroken._kernel import RRset
from unbroken.chain import Code, Status
from unbroken.dns import rdtype as rr
from unbroken.lab.faults.fault import Fault, Patient
from unbroken.lab.signed import SignedZone


def _unreachable(patient: Patient) -> tuple[SignedZone, ...]:
    return (replace(patient.child, is_silent=True),)


def _parent_unreachable(patient: Patient) -> tuple[SignedZone, ...]:
    return (replace(patient.require_parent(), is_silent=True),)


def _cname_loop(patient: Patient) -> tuple[SignedZone, ...]:
    child = patient.child
    here = patient.data_owner()
    there = child.origin.prepend(b"and-back")
    zone = child.zone
    for rdtype in tuple(zone.node(here)):
        zone = zone.remove(here, rdtype)
    circle = [RRset(owner, rr.CNAME, 300, (target.wire,)) for owner, target in ((here, there), (there, here))]
    return (child.signed_anew(zone.replace(*circle)),)


ZONE_FAULTS: Final = (
    Fault(
        "unreachable",
        "the zone's servers do not answer",
        Code.LOOKUP_FAILED,
        Status.INDETERMINATE,
        _unreachable,
    ),
    Fault(
        "parent-unreachable",
        "the parent's servers do not answer",
        Code.LOOKUP_FAILED,
        Status.INDETERMINATE,
        _parent_unreachable,
    ),
    Fault(
        "cname-loop",
        "www is an alias that leads back to itself",
        Code.REDIRECTION_LOOP,
        Status.INDETERMINATE,
        _cname_loop,
    ),
)

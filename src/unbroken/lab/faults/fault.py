"""What a fault is: a pure function from healthy zones to broken ones, and what a validator must then find."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from unbroken._kernel import Name, RRset
from unbroken.chain import Code, Question, Status
from unbroken.dns import rdtype as rr
from unbroken.errors import UsageError
from unbroken.lab.signed import SignedZone
from unbroken.lab.world import DenialStyle


@dataclass(frozen=True, slots=True)
class Patient:
    """The zone that the fault is named for, and the zone that delegates it (None for the root)."""

    child: SignedZone
    parent: SignedZone | None

    @property
    def origin(self) -> Name:
        return self.child.origin

    def require_parent(self) -> SignedZone:
        """Raises UsageError at the root."""
        if self.parent is None:
            raise UsageError(f"{self.origin} has no parent in the lab; choose a zone below it")
        return self.parent

    def require_ds(self) -> RRset:
        """The DS RRset at the parent. Raises UsageError when there is none."""
        rrset = self.require_parent().zone.rrset(self.origin, rr.DS)
        if rrset is None:
            raise UsageError(f"{self.origin} has no DS at its parent; choose a zone that has")
        return rrset

    def require_split_keys(self) -> None:
        """Raises UsageError when one key does everything."""
        if self.child.spec.is_csk:
            raise UsageError(f"{self.origin} has one key for everything; choose a zone with KSK and ZSK")

    def require_denial(self, is_nsec3: bool) -> None:
        """Raises UsageError when the zone denies by the other kind of record."""
        if is_nsec3 == (self.child.spec.denial is DenialStyle.NSEC):
            has, needs = ("NSEC", "NSEC3") if is_nsec3 else ("NSEC3", "NSEC")
            raise UsageError(
                f"{self.origin} denies by {has}, not by {needs}; choose another zone or the fault for {has}"
            )

    def data_owner(self) -> Name:
        """The name whose A RRset stands for "one RRset": `www`, or the zone's first name server."""
        return data_owner(self.child)


def data_owner(zone: SignedZone) -> Name:
    """See `Patient.data_owner`."""
    www = zone.origin.prepend(b"www")
    return www if zone.zone.rrset(www, rr.A) is not None else zone.origin.prepend(b"ns1")


class Probe(Enum):
    """Which question shows the fault."""

    DATA = "an existing RRset"
    NO_NAME = "a name that does not exist"
    EXPANDED = "a name that a wildcard answers"

    def question(self, zone: SignedZone) -> Question:
        """That question, for one zone."""
        if self is Probe.DATA:
            return Question(data_owner(zone), rr.A)
        label = b"nothing-here" if self is Probe.NO_NAME else b"from-the-wildcard"
        return Question(zone.origin.prepend(label), rr.A)


Apply = Callable[[Patient], tuple[SignedZone, ...]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to break a zone."""

    name: str
    description: str
    code: Code
    """The finding that decides the verdict."""
    status: Status
    """The verdict on `probe`."""
    apply: Apply
    """The zones that change, changed. Raises UsageError when the zone can't have this fault."""
    probe: Probe = Probe.DATA
    victim: str = "one.example."
    """A zone of the default world that can have it."""

    def __call__(self, patient: Patient) -> tuple[SignedZone, ...]:
        if not patient.child.spec.is_signed:
            raise UsageError(f"{patient.origin} is not signed, so {self.name} can't break it; choose a signed zone")
        return self.apply(patient)

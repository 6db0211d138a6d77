"""A proof that something does not exist, with the part that each record plays in it (RFC 4035 §5.4, RFC 5155 §8)."""

from enum import Enum

from unbroken.dns import Name
from unbroken.records import dataclass


class DenialKind(Enum):
    """What is denied."""

    NODATA = "nodata"
    NXDOMAIN = "nxdomain"
    NO_DS = "no_ds"  # at a delegation: the child zone is insecure
    NOT_A_CUT = "not_a_cut"  # no DS and no NS: the name lies inside its zone
    WILDCARD_NODATA = "wildcard_nodata"
    WILDCARD_ANSWER = "wildcard_answer"  # the name itself does not exist, so that the wildcard applies


class Mechanism(Enum):
    """How it is denied."""

    NSEC = "nsec"
    NSEC3 = "nsec3"


class Relation(Enum):
    """How a denial record stands to a name."""

    MATCHES = "matches"
    COVERS = "covers"


class Subject(Enum):
    """Which name of a proof a record speaks of (RFC 5155 §1.3 terms)."""

    QNAME = "qname"
    CLOSEST_ENCLOSER = "closest_encloser"
    NEXT_CLOSER = "next_closer"
    SOURCE_OF_SYNTHESIS = "source_of_synthesis"


@dataclass(frozen=True, slots=True)
class DenialRole:
    """The record at `record` (owner name) matches or covers `name`, which is the proof's `subject`."""

    record: Name
    relation: Relation
    name: Name
    subject: Subject


@dataclass(frozen=True, slots=True)
class Denial:
    """A complete proof. `opt_out`: it rests on a span that may hold unsigned delegations, so it secures nothing."""

    kind: DenialKind
    mechanism: Mechanism
    closest_encloser: Name | None = None
    next_closer: Name | None = None
    source_of_synthesis: Name | None = None
    opt_out: bool = False
    roles: tuple[DenialRole, ...] = ()
    compact: bool = False
    """RFC 9824: the NSEC matches the name, whose type bitmap says that it does not exist (NXNAME)."""

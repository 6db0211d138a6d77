"""What one validation has worked out already, so that no response can make it work the same out again.

Whoever answers chooses how many names and RRsets lead through the same delegations and rest on the same denial records. Each
of these is judged once; the signature attempts and walk steps that are charged to the budget are those of the first time.
"""

from enum import Enum

from unbroken.authentication.denial import DenialRecords
from unbroken.chain import Evidence, Finding, Link, SignatureAttempt
from unbroken.dns import Dnskey, Ds, Name
from unbroken.records import dataclass, field
from unbroken.validation.trust import ZoneTrust


class Crossing(Enum):
    """What a name below a secure zone turned out to be."""

    SIGNED = "signed"  # a delegation with an authentic DS RRset
    INSECURE = "insecure"  # a delegation, proven to have none
    NOT_A_CUT = "not_a_cut"  # no delegation: the name lies inside the zone
    BROKEN = "broken"  # neither could be established


@dataclass(frozen=True, slots=True)
class Delegation:
    """The verdict on one name, with the link that shows it."""

    crossing: Crossing
    link: Link
    dses: tuple[Ds, ...] = ()


@dataclass(frozen=True, slots=True)
class DenialEvidence:
    """What a response holds of a zone's denial records, and how much of it is authentic."""

    records: DenialRecords
    evidence: tuple[Evidence, ...]
    attempts: tuple[SignatureAttempt, ...]
    failure: Finding | None
    """Why a record was left out, if one was."""
    valid_until: int


@dataclass(slots=True)
class Memory:
    """Keyed by what each result depends on. Responses and zone keys stay the same throughout one validation."""

    zones: dict[tuple[Name, bool], tuple[int, ZoneTrust]] = field(default_factory=dict)
    """By target and whether it is claimed to be an apex; with the number of responses that there were."""
    delegations: dict[tuple[Name, Name], tuple[int | None, Delegation]] = field(default_factory=dict)
    """By parent zone and name; with the number of responses that there were, where more of them may change the result."""
    entered: dict[tuple[Name, Name], ZoneTrust] = field(default_factory=dict)
    """By zone, and the zone that its trust comes from: itself, when it is an anchor's."""
    denials: dict[tuple[int, Name], tuple[tuple[Dnskey, ...], DenialEvidence]] = field(default_factory=dict)
    """By identity of the message, which the context keeps alive, and zone; with the keys that verified."""
    holders: dict[tuple[int, Name], bool] = field(default_factory=dict)
    """By identity of the message and zone: whether it has denial records that may be of that zone."""

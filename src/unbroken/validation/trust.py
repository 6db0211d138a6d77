"""What was found about zones, kept for the next question: a cached zone leaves no hole in a chain, its links come along."""

from unbroken.anchors.store import TrustAnchors
from unbroken.authentication.policy import Policy
from unbroken.chain import Finding, Limits, Link, Status
from unbroken.dns import Dnskey, Name
from unbroken.records import dataclass

Basis = tuple[TrustAnchors, Policy, Limits]
"""What a verdict on a zone rests on beside its records. Tuples compare their members by identity first, so this is cheap."""


@dataclass(frozen=True, slots=True)
class ZoneTrust:
    """A zone's keys as far as they can be trusted. `keys` is empty unless SECURE; `anchor` is where its chain starts.

    `links` lead from that anchor to this zone's KEY link, or to the link that made it insecure.
    """

    zone: Name
    status: Status
    keys: tuple[Dnskey, ...]
    links: tuple[Link, ...]
    anchor: Name | None
    valid_until: int
    """Epoch second."""
    reason: Finding | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    trust: ZoneTrust
    made_at: int
    basis: Basis


class TrustCache:
    """Zones found SECURE or INSECURE, until their TTL or signatures run out. Bounded: the oldest entries go first.

    What was found holds for the anchors, policy and limits that it was found with, and not for any time before: an entry
    made on another `basis`, or after `now`, is not used.
    """

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._zones: dict[Name, _Kept] = {}

    def get(self, zone: Name, now: int, basis: Basis) -> ZoneTrust | None:
        """What is known of exactly this zone at epoch second `now`."""
        kept = self._zones.get(zone)
        if kept is None or now < kept.made_at or kept.basis != basis:
            return None
        if kept.trust.valid_until <= now:
            del self._zones[zone]
            return None
        return kept.trust

    def put(self, trust: ZoneTrust, now: int, basis: Basis) -> None:
        """Remember. BOGUS and INDETERMINATE are refused: how long to hold those is for the resolver (RFC 9520)."""
        if trust.status not in (Status.SECURE, Status.INSECURE):
            return
        self._zones.pop(trust.zone, None)
        self._zones[trust.zone] = _Kept(trust, now, basis)
        while len(self._zones) > self._capacity:
            self._zones.pop(next(iter(self._zones)))

    def discard_below(self, name: Name) -> int:
        """Forget every zone at or below `name`; the number of those."""
        doomed = [zone for zone in self._zones if zone.is_subdomain_of(name)]
        for zone in doomed:
            del self._zones[zone]
        return len(doomed)

    def __len__(self) -> int:
        return len(self._zones)

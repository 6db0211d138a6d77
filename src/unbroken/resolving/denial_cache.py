"""Aggressive use of what was denied before (RFC 8198): NSEC records that were proven answer for all that they deny.

Nothing is trusted for having been kept: what is made of these records goes through the validator like any server's answer.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from unbroken.authentication.denial import DenialRecords, prove_negative
from unbroken.authentication.nsec import NsecRecord
from unbroken.chain import (
    Budget,
    Chain,
    Denial,
    DenialKind,
    Evidence,
    Limits,
    Link,
    Provenance,
    SignatureOutcome,
    Status,
)
from unbroken.chain.rfc9102 import signatures_rrset
from unbroken.dns import Message, Name, RRset, Rrsig
from unbroken.dns import rdtype as rr
from unbroken.dns.serial import seconds_until
from unbroken.resolving.cache import ExpiringMap
from unbroken.resolving.clock import Clock
from unbroken.resolving.work import ResolverLimits
from unbroken.validation.protocol import Answer, Lookup

_NOT_DENIED: Final = (rr.ANY, rr.RRSIG, rr.NSEC)
"""Types that no NSEC record says anything of."""
_ZONES: Final = 500
_RECORDS_PER_ZONE: Final = 1_000


@dataclass(slots=True)
class _Zone:
    """What is known of one zone: its NSEC RRsets by owner, those owners in canonical order, and its SOA."""

    nsecs: ExpiringMap[Name, Evidence]
    soa: ExpiringMap[Name, Evidence]
    owners: list[Name] = field(default_factory=list)

    def at_or_before(self, name: Name) -> Evidence | None:
        """The NSEC RRset that matches a name or may cover it."""
        index = bisect_right(self.owners, name) - 1
        if index < 0:
            return None
        return _aged(self.nsecs, self.owners[index])

    def add(self, evidence: Evidence, seconds: float) -> None:
        """Keep an NSEC RRset, and no owners beyond those of what is kept."""
        self.nsecs.put(evidence.rrset.owner, evidence, seconds)
        if len(self.owners) > _RECORDS_PER_ZONE:
            self.owners = [owner for owner in self.owners if self.nsecs.get(owner) is not None]
        index = bisect_right(self.owners, evidence.rrset.owner)
        if index == 0 or self.owners[index - 1] != evidence.rrset.owner:
            self.owners.insert(index, evidence.rrset.owner)


class DenialCache:
    """Proven NSEC records, by zone. NSEC3 records are not kept: to look through them means hashing for every question."""

    def __init__(self, limits: ResolverLimits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._zones: ExpiringMap[Name, _Zone] = ExpiringMap(_ZONES, clock)

    def learn(self, chain: Chain) -> None:
        """Keep the NSEC and SOA RRsets that a secure chain has authenticated."""
        for link in chain.all_links:
            if link.status is Status.SECURE:
                for evidence, rrsig in _verified(link):
                    self._keep(evidence, rrsig)

    def get(self, lookup: Lookup, boundary: Name) -> Answer | None:
        """The denial that follows from what is kept, if one does, for a zone at or below `boundary`."""
        if lookup.rdtype in _NOT_DENIED:
            return None
        # RFC 4035 §3.1.4.1: DS is denied by the parent.
        inside = lookup.name.parent() if lookup.rdtype == rr.DS and not lookup.name.is_root else lookup.name
        for count in range(inside.label_count, boundary.label_count - 1, -1):
            apex = inside.ancestor(count)
            zone = self._zones.get(apex)
            if zone is not None:
                return self._denial(lookup, apex, zone)
        return None

    def discard_about(self, name: Name) -> int:
        """Forget the records of all zones that may say something of a name or of names below it; of how many zones."""
        return self._zones.discard_where(lambda apex: name.is_subdomain_of(apex) or apex.is_below(name))

    def clear(self) -> None:
        """Forget everything."""
        self._zones.clear()

    def _keep(self, evidence: Evidence, rrsig: Rrsig) -> None:
        rrset, apex = evidence.rrset, rrsig.signer
        ttl = min(rrset.ttl, rrsig.original_ttl, seconds_until(rrsig.expiration, self._clock.now()))
        if rrset.rdtype == rr.SOA:
            # RFC 2308 §5: a negative answer is kept no longer than the MINIMUM field says.
            ttl = min(ttl, int.from_bytes(rrset.rdatas[0][-4:], "big"))
        # RFC 8198 §5.4: nor longer than negative answers are kept at all.
        seconds = min(ttl, self._limits.maximum_negative_ttl)
        zone = self._zones.get(apex) or _Zone(ExpiringMap(_RECORDS_PER_ZONE, self._clock), ExpiringMap(1, self._clock))
        self._zones.put(apex, zone, self._limits.maximum_negative_ttl)
        if rrset.rdtype == rr.SOA:
            zone.soa.put(apex, evidence, seconds)
        else:
            zone.add(evidence, seconds)

    def _denial(self, lookup: Lookup, apex: Name, zone: _Zone) -> Answer | None:
        soa, nearest = _aged(zone.soa, apex), zone.at_or_before(lookup.name)
        if soa is None or nearest is None:
            return None
        evidences = [nearest]
        record = _record(nearest, apex)
        if record is not None and record.covers(lookup.name):
            # RFC 8198 §5.1: a wildcard could give an answer, so that is to be denied too.
            wildcard = _wildcard(record.closest_encloser(lookup.name))
            other = zone.at_or_before(wildcard) if wildcard is not None else None
            evidences += [other] if other is not None and other.rrset.owner != nearest.rrset.owner else []
        records = [made for evidence in evidences if (made := _record(evidence, apex)) is not None]
        rcode = _proven_rcode(DenialRecords(tuple(records), ()), lookup)
        return None if rcode is None else _answer(lookup, rcode, [soa, *evidences])


def _verified(link: Link) -> Iterator[tuple[Evidence, Rrsig]]:
    """NSEC and SOA RRsets of a link, with the signature that verified. One that was expanded from a wildcard is left out."""
    good = {
        (attempt.owner, attempt.rrsig.type_covered): attempt.rrsig
        for attempt in link.attempts
        if attempt.outcome is SignatureOutcome.VERIFIED
    }
    for evidence in link.evidence:
        rrset = evidence.rrset
        rrsig = good.get((rrset.owner, rrset.rdtype))
        if rrset.rdtype in (rr.NSEC, rr.SOA) and rrsig is not None and rrsig.labels == rrset.owner.rrsig_labels:
            yield evidence, rrsig


def _aged(kept: ExpiringMap[Name, Evidence], owner: Name) -> Evidence | None:
    """What is kept, with the TTL that is left."""
    evidence, seconds = kept.get(owner), int(kept.seconds_left(owner))
    return replace(evidence, rrset=evidence.rrset.with_ttl(seconds)) if evidence is not None else None


def _record(evidence: Evidence, apex: Name) -> NsecRecord | None:
    nsec = evidence.rrset.nsec()
    return NsecRecord(evidence.rrset.owner, nsec, apex) if nsec is not None else None


def _wildcard(encloser: Name) -> Name | None:
    try:
        return encloser.wildcard()
    except ValueError:
        return None


def _proven_rcode(records: DenialRecords, lookup: Lookup) -> int | None:
    for rcode, kind in ((rr.NXDOMAIN, DenialKind.NXDOMAIN), (rr.NOERROR, DenialKind.NODATA)):
        proof = prove_negative(records, lookup.name, lookup.rdtype, rcode, Budget(Limits()))
        if isinstance(proof, Denial) and proof.kind is kind:
            return rcode
    return None


def _answer(lookup: Lookup, rcode: int, evidences: list[Evidence]) -> Answer:
    authority: tuple[RRset, ...] = ()
    for evidence in evidences:
        authority += (evidence.rrset, signatures_rrset(evidence))
    question = (lookup.name, lookup.rdtype, rr.CLASS_IN)
    provenance: Provenance = evidences[-1].provenance
    return Answer(Message(0, rr.QR | rr.AA, question, (), authority, rcode=rcode), provenance)

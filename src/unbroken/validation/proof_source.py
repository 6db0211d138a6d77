"""An RFC 9102 proof as the source of responses: what a server would have said, were these records all its data.

A proof holds records, not messages. Nothing here needs to be trusted: a message made up wrongly can only fail to validate.
"""

from collections.abc import Iterator
from typing import Final

from unbroken._kernel import base32hex_decode, nsec3_hash
from unbroken.chain.evidence import Evidence, Provenance
from unbroken.chain.limits import Budget, Limits, OverLimit
from unbroken.chain.rfc9102 import Proof, signatures_rrset
from unbroken.dns import Message, Name, Nsec3, RRset
from unbroken.dns import rdtype as rr
from unbroken.validation.protocol import Answer, Failure, Lookup, NoAnswer, Response

_DENIALS: Final = frozenset({rr.NSEC, rr.NSEC3})
_MAX_ITERATIONS: Final = 500  # above that, no validator hashes either (RFC 9276 §3.2)
_MAX_PARAMETERS: Final = 2  # different salts and iterations in one zone's proof that are tried


class ProofSource:
    """`fetch` answers look-ups from a proof; hand it to `unbroken.validation.drivers.drive`."""

    def __init__(self, proof: Proof, limits: Limits | None = None) -> None:
        """`limits`: those of the validation; names are hashed as often as it allows, and not for every look-up again."""
        self._proof = proof
        self._budget = Budget(limits or Limits())
        self._hashes: dict[tuple[Name, bytes, int], bytes] = {}
        self._index = {(item.rrset.owner, item.rrset.rdtype): item for item in proof.records}
        first = proof.records[0].provenance if proof.records else Provenance()
        self._provenance = first

    def fetch(self, lookup: Lookup) -> Response:
        """What the proof holds for the look-up: the RRset, an alias, a denial, or NoAnswer when it holds none of these."""
        return (
            self._positive(lookup)
            or self._alias(lookup)
            or self._negative(lookup)
            or NoAnswer(Failure.NOT_IN_CAPTURE, "the proof does not hold it")
        )

    def _positive(self, lookup: Lookup) -> Answer | None:
        if lookup.rdtype == rr.ANY:
            found = [item for (owner, rdtype), item in self._index.items() if owner == lookup.name and rdtype != rr.DS]
        else:
            exact = self._index.get((lookup.name, lookup.rdtype))
            found = [exact] if exact else []
        return self._answer(lookup, found) if found else None

    def _alias(self, lookup: Lookup) -> Answer | None:
        cname = self._index.get((lookup.name, rr.CNAME))
        if cname is not None:
            return self._answer(lookup, [cname])
        # RFC 6672 §2.3: a DNAME redirects the names below its owner, never the owner itself.
        for count in range(lookup.name.label_count - 1, -1, -1):
            dname = self._index.get((lookup.name.ancestor(count), rr.DNAME))
            if dname is not None:
                return self._answer(lookup, [dname], synthesis=_synthesise(lookup.name, dname.rrset))
        return None

    def _answer(self, lookup: Lookup, found: list[Evidence], synthesis: RRset | None = None) -> Answer:
        answer = _sections(found) + ((synthesis,) if synthesis else ())
        authority: tuple[RRset, ...] = ()
        # RFC 4035 §3.1.3.3: an answer expanded from a wildcard comes with the proof that nothing closer exists.
        signers = {
            rrsig.signer for item in found for rrsig in item.rrsigs if rrsig.labels < item.rrset.owner.rrsig_labels
        }
        if signers:
            authority = _sections([record for record in self._denials() if _is_signed_by(record, signers)])
        return self._message(lookup, rr.NOERROR, answer, authority)

    def _negative(self, lookup: Lookup) -> Answer | None:
        zone = self._denying_zone(lookup)
        if zone is None:
            return None
        records = [record for record in self._denials() if _is_signed_by(record, {zone})]
        soa = self._index.get((zone, rr.SOA))
        rcode = self._rcode(lookup, zone, records)
        return self._message(lookup, rcode, (), _sections(([soa] if soa else []) + records))

    def _denials(self) -> Iterator[Evidence]:
        return (item for item in self._proof.records if item.rrset.rdtype in _DENIALS)

    def _denying_zone(self, lookup: Lookup) -> Name | None:
        """The closest zone above the name whose denial records are in the proof."""
        # RFC 4035 §3.1.4.1: DS is the parent's; but the root has no parent, so it denies its own.
        is_of_parent = lookup.rdtype == rr.DS and not lookup.name.is_root
        best: Name | None = None
        for record in self._denials():
            for rrsig in record.rrsigs:
                encloses = (
                    lookup.name.is_below(rrsig.signer) if is_of_parent else lookup.name.is_subdomain_of(rrsig.signer)
                )
                if encloses and (best is None or rrsig.signer.is_below(best)):
                    best = rrsig.signer
        return best

    def _rcode(self, lookup: Lookup, zone: Name, records: list[Evidence]) -> int:
        """NXDOMAIN unless a record shows that the name exists, or a wildcard for it, or names below it.

        A proof does not say which rcode came with its records.
        """
        nsec = [record.rrset for record in records if record.rrset.rdtype == rr.NSEC]
        nsec3 = [record.rrset for record in records if record.rrset.rdtype == rr.NSEC3]
        # RFC 5155 §7.2.4: a delegation may lie in an opt-out span, without a record that shows it.
        if lookup.rdtype == rr.DS and any(record.opt_out for rrset in nsec3 for record in rrset.nsec3s()):
            return rr.NOERROR
        exists = _nsec_shows(lookup.name, nsec) or self._nsec3_shows(lookup.name, zone, nsec3)
        return rr.NOERROR if exists else rr.NXDOMAIN

    def _nsec3_shows(self, name: Name, zone: Name, rrsets: list[RRset]) -> bool:
        """Whether an NSEC3 matches the name, or the wildcard at its closest encloser. Nothing here is verified yet, so what
        would cost more than the validator may spend on its own hashes is left open.
        """
        owners = {base32hex_decode(rrset.owner.labels[0]) for rrset in rrsets if not rrset.owner.is_root}
        try:
            return any(self._is_matched(name, zone, owners, *parameters) for parameters in _parameters(rrsets))
        except OverLimit:
            return False

    def _is_matched(self, name: Name, zone: Name, owners: set[bytes | None], salt: bytes, iterations: int) -> bool:
        if self._hash(name, salt, iterations) in owners:
            return True
        for count in range(name.label_count - 1, zone.label_count - 1, -1):
            encloser = name.ancestor(count)
            if self._hash(encloser, salt, iterations) in owners:
                wildcard = _wildcard(encloser)
                return wildcard is not None and self._hash(wildcard, salt, iterations) in owners
        return False

    def _hash(self, name: Name, salt: bytes, iterations: int) -> bytes:
        key = (name, salt, iterations)
        if key not in self._hashes:
            self._budget.charge_nsec3(iterations)
            self._hashes[key] = nsec3_hash(name, salt, iterations)
        return self._hashes[key]

    def _message(self, lookup: Lookup, rcode: int, answer: tuple[RRset, ...], authority: tuple[RRset, ...]) -> Answer:
        question = (lookup.name, lookup.rdtype, rr.CLASS_IN)
        return Answer(Message(0, rr.QR | rr.AA, question, answer, authority, rcode=rcode), self._provenance)


def _sections(records: list[Evidence]) -> tuple[RRset, ...]:
    section: list[RRset] = []
    for record in records:
        section.append(record.rrset)
        if record.rrsigs:
            section.append(signatures_rrset(record))
    return tuple(section)


def _is_signed_by(record: Evidence, signers: set[Name]) -> bool:
    return any(rrsig.signer in signers for rrsig in record.rrsigs)


def _synthesise(name: Name, dname: RRset) -> RRset | None:
    """RFC 6672 §3.1: the CNAME that a DNAME implies; none when its target would be too long (§2.2)."""
    try:
        target = name.replace_suffix(dname.owner, dname.target())
    except ValueError:
        return None
    return RRset(name, rr.CNAME, dname.ttl, (target.wire,))


def _nsec_shows(name: Name, rrsets: list[RRset]) -> bool:
    known = [rrset.owner for rrset in rrsets] + [nsec.next_name for rrset in rrsets if (nsec := rrset.nsec())]
    if not known:
        return False
    # RFC 4592 §2.2.2: a name exists that has data, or names below it.
    if any(other.is_subdomain_of(name) for other in known):
        return True
    closest_encloser = max((name.common_ancestor(other) for other in known), key=lambda other: other.label_count)
    return _wildcard(closest_encloser) in [rrset.owner for rrset in rrsets]


def _wildcard(name: Name) -> Name | None:
    try:
        return name.wildcard()
    except ValueError:
        return None


def _parameters(rrsets: list[RRset]) -> list[tuple[bytes, int]]:
    records: list[Nsec3] = [record for rrset in rrsets for record in rrset.nsec3s()]
    found = {
        (record.salt, record.iterations): None
        for record in records
        if record.hash_algorithm == 1 and record.iterations <= _MAX_ITERATIONS
    }
    return list(found)[:_MAX_PARAMETERS]

"""Proofs by NSEC3 (RFC 5155 §8, RFC 6840 §4, RFC 9276 §3.2). The records are verified already."""

from unbroken import _kernel
from unbroken.authentication.unproven import Unproven
from unbroken.chain import Budget, Denial, DenialKind, DenialRole, Mechanism, Relation, Subject
from unbroken.dns import Name, Nsec3
from unbroken.dns import rdtype as rr
from unbroken.records import dataclass

_SHA1 = 1  # the only NSEC3 hash algorithm there is (RFC 5155 §11)


@dataclass(frozen=True, slots=True)
class Nsec3Record:
    """An authenticated NSEC3 record; `owner_hash` is the decoded first label of its owner."""

    owner: Name
    owner_hash: bytes
    nsec3: Nsec3

    def covers(self, digest: bytes) -> bool:
        """Whether a hash falls strictly between owner and next, around the end of the circle too (RFC 5155 §3.1.7)."""
        first, last = self.owner_hash, self.nsec3.next_hash
        if first < last:
            return first < digest < last
        return digest != first and (digest > first or digest < last)

    @property
    def is_delegation(self) -> bool:
        """NS but no SOA: from the parent's side of a zone cut (RFC 6840 §4.1)."""
        return self.nsec3.has_type(rr.NS) and not self.nsec3.has_type(rr.SOA)


def parse_nsec3(owner: Name, nsec3: Nsec3, zone: Name) -> Nsec3Record | None:
    """The record, or None when RFC 5155 §8.1, §8.2 tell a validator to ignore it."""
    # RFC 5155 §8.1: unknown hash algorithms MUST be ignored; §8.2: so MUST be flags other than 0 or 1.
    if nsec3.hash_algorithm != _SHA1 or nsec3.flags > 1:
        return None
    # RFC 5155 §3: the owner is the hash as one label under the zone's apex.
    if owner.label_count != zone.label_count + 1 or not owner.is_below(zone):
        return None
    digest = _kernel.base32hex_decode(owner.labels[0])
    if digest is None or len(digest) != 20 or len(nsec3.next_hash) != 20:
        return None
    return Nsec3Record(owner, digest, nsec3)


@dataclass(frozen=True, slots=True)
class Nsec3Records:
    """The NSEC3 records of one zone with one salt and iteration count (RFC 5155 §8.2: a mixture may be refused)."""

    zone: Name
    salt: bytes
    iterations: int
    records: tuple[Nsec3Record, ...]

    def hash(self, name: Name, budget: Budget) -> bytes:
        """Hash of a name, charged to the budget first."""
        budget.charge_nsec3(self.iterations)
        return _kernel.nsec3_hash(name, self.salt, self.iterations)

    def matching(self, digest: bytes) -> Nsec3Record | None:
        """The record that matches."""
        return next((record for record in self.records if record.owner_hash == digest), None)

    def covering(self, digest: bytes) -> Nsec3Record | None:
        """The record that covers."""
        return next((record for record in self.records if record.covers(digest)), None)


def group_by_parameters(zone: Name, records: list[Nsec3Record]) -> list[Nsec3Records]:
    """RFC 5155 §8.2: records with other parameters don't belong to the same proof. Largest group first."""
    groups: dict[tuple[bytes, int], list[Nsec3Record]] = {}
    for record in records:
        groups.setdefault((record.nsec3.salt, record.nsec3.iterations), []).append(record)
    found = [Nsec3Records(zone, salt, count, tuple(group)) for (salt, count), group in groups.items()]
    return sorted(found, key=lambda group: -len(group.records))


@dataclass(frozen=True, slots=True)
class EncloserProof:
    """RFC 5155 §8.3: the closest encloser is matched, the next closer name is covered."""

    closest_encloser: Name
    next_closer: Name
    match: Nsec3Record
    cover: Nsec3Record

    @property
    def roles(self) -> tuple[DenialRole, ...]:
        """Both parts, for a person to read."""
        return (
            DenialRole(self.match.owner, Relation.MATCHES, self.closest_encloser, Subject.CLOSEST_ENCLOSER),
            DenialRole(self.cover.owner, Relation.COVERS, self.next_closer, Subject.NEXT_CLOSER),
        )

    @property
    def opt_out(self) -> bool:
        """Whether the next closer name may be an unsigned delegation (RFC 5155 §6)."""
        return self.cover.nsec3.opt_out


def prove_closest_encloser(records: Nsec3Records, qname: Name, budget: Budget) -> EncloserProof | Unproven:
    """The longest ancestor of `qname` (not itself) that an NSEC3 matches, with the next closer name covered (§8.3)."""
    next_closer, next_hash = qname, records.hash(qname, budget)
    for count in range(qname.label_count - 1, records.zone.label_count - 1, -1):
        candidate = qname.ancestor(count)
        digest = records.hash(candidate, budget)
        match = records.matching(digest)
        if match is not None:
            return _encloser_proof(records, candidate, match, next_closer, next_hash)
        next_closer, next_hash = candidate, digest
    return Unproven(f"no NSEC3 matches an ancestor of {qname}", bool(records.records))


def _encloser_proof(
    records: Nsec3Records, encloser: Name, match: Nsec3Record, next_closer: Name, next_hash: bytes
) -> EncloserProof | Unproven:
    # RFC 5155 §8.3: the DNAME bit must not be set, and NS only together with SOA: else the name is not in this zone.
    if match.nsec3.has_type(rr.DNAME) or match.is_delegation:
        return Unproven(f"the NSEC3 of {encloser} is that of a delegation or DNAME, which speaks for nothing below it")
    cover = records.covering(next_hash)
    if cover is None:
        return Unproven(f"no NSEC3 covers the next closer name {next_closer}")
    return EncloserProof(encloser, next_closer, match, cover)


def prove_nodata(records: Nsec3Records, qname: Name, qtype: int, budget: Budget) -> Denial | Unproven:
    """RFC 5155 §8.5 (the name matches), §8.6 (DS in an opt-out span), §8.7 (the wildcard matches)."""
    match = records.matching(records.hash(qname, budget))
    if match is not None:
        return _nodata_at(match, qname, qtype, Subject.QNAME)
    proof = prove_closest_encloser(records, qname, budget)
    if isinstance(proof, Unproven):
        return proof
    wildcard = proof.closest_encloser.wildcard()
    match = records.matching(records.hash(wildcard, budget))
    if match is not None:
        at_wildcard = _nodata_at(match, wildcard, qtype, Subject.SOURCE_OF_SYNTHESIS)
        if isinstance(at_wildcard, Denial):
            return _denial(DenialKind.WILDCARD_NODATA, proof, at_wildcard.roles, wildcard)
        # In an opt-out span the name may exist nonetheless, so that no wildcard applies; its NSEC3 may be here by chance.
        if not proof.opt_out:
            return at_wildcard
    # RFC 5155 §8.6 for DS, and for other types errata 3441: an empty non-terminal that exists only for the sake of opted-out
    # delegations has no NSEC3 of its own. The span may hold anything unsigned, so this is never secure.
    if proof.opt_out:
        return _denial(DenialKind.NODATA, proof, (), None)
    return Unproven(f"no NSEC3 matches {qname} or the wildcard {wildcard}")


def _denial(kind: DenialKind, proof: EncloserProof, more: tuple[DenialRole, ...], wildcard: Name | None) -> Denial:
    return Denial(
        kind,
        Mechanism.NSEC3,
        closest_encloser=proof.closest_encloser,
        next_closer=proof.next_closer,
        source_of_synthesis=wildcard,
        opt_out=proof.opt_out,
        roles=proof.roles + more,
    )


def _nodata_at(match: Nsec3Record, name: Name, qtype: int, subject: Subject) -> Denial | Unproven:
    types = match.nsec3
    roles = (DenialRole(match.owner, Relation.MATCHES, name, subject),)
    if types.has_type(rr.NXNAME) and types.types <= {rr.NXNAME, rr.RRSIG}:
        # RFC 9824 §3.1: compact denial, here by NSEC3, whose bitmap never lists NSEC3 itself (RFC 5155 §7.1).
        return Denial(DenialKind.NXDOMAIN, Mechanism.NSEC3, roles=roles, compact=True)
    # RFC 5155 §8.5: neither the type asked nor CNAME may be set.
    if types.has_type(qtype) or (qtype == rr.ANY and types.types - {rr.RRSIG}):
        return Unproven(f"the NSEC3 of {name} says that the type exists")
    # RFC 4035 §2.5: an NSEC may stand beside a CNAME, so a question for it is not redirected, and no CNAME contradicts its
    # absence. In a zone with NSEC3 it is always absent.
    if types.has_type(rr.CNAME) and qtype != rr.NSEC:
        return Unproven(f"the NSEC3 of {name} says that a CNAME exists")
    if qtype == rr.DS:
        # RFC 4035 §5.2: the proof must come from the parent's side of the cut, where there is no SOA.
        if types.has_type(rr.SOA) and not name.is_root:
            return Unproven(f"the NSEC3 of {name} is from the child's side of the zone cut")
    elif match.is_delegation:
        # RFC 6840 §4.1: a delegation NSEC3 says nothing of any type but DS.
        return Unproven(f"the NSEC3 of {name} is from the parent's side of a zone cut")
    return Denial(DenialKind.NODATA, Mechanism.NSEC3, roles=roles)


def prove_nxdomain(records: Nsec3Records, qname: Name, budget: Budget) -> Denial | Unproven:
    """RFC 5155 §8.4: closest encloser proof, and the wildcard under it is covered too."""
    match = records.matching(records.hash(qname, budget))
    if match is not None:
        proof_at = _nodata_at(match, qname, rr.ANY, Subject.QNAME)
        if isinstance(proof_at, Denial) and proof_at.compact:
            return proof_at
        return Unproven(f"an NSEC3 says that {qname} exists")
    proof = prove_closest_encloser(records, qname, budget)
    if isinstance(proof, Unproven):
        return proof
    wildcard = proof.closest_encloser.wildcard()
    cover = records.covering(records.hash(wildcard, budget))
    if cover is None:
        return Unproven(f"no NSEC3 covers the wildcard {wildcard}")
    role = DenialRole(cover.owner, Relation.COVERS, wildcard, Subject.SOURCE_OF_SYNTHESIS)
    return _denial(DenialKind.NXDOMAIN, proof, (role,), wildcard)


def prove_wildcard_answer(records: Nsec3Records, qname: Name, encloser: Name, budget: Budget) -> Denial | Unproven:
    """RFC 5155 §8.8: the next closer name under the wildcard's parent is covered."""
    next_closer = qname.ancestor(encloser.label_count + 1)
    cover = records.covering(records.hash(next_closer, budget))
    if cover is None:
        return Unproven(f"no NSEC3 covers the next closer name {next_closer}", bool(records.records))
    return Denial(
        DenialKind.WILDCARD_ANSWER,
        Mechanism.NSEC3,
        closest_encloser=encloser,
        next_closer=next_closer,
        source_of_synthesis=encloser.wildcard(),
        opt_out=cover.nsec3.opt_out,
        roles=(DenialRole(cover.owner, Relation.COVERS, next_closer, Subject.NEXT_CLOSER),),
    )


def prove_no_ds(records: Nsec3Records, name: Name, budget: Budget) -> Denial | Unproven:
    """At a delegation without DS, or in an opt-out span: NO_DS. Where there is no delegation: NOT_A_CUT (§8.6, §8.9)."""
    match = records.matching(records.hash(name, budget))
    if match is not None:
        if match.nsec3.has_type(rr.DS):
            return Unproven(f"the NSEC3 of {name} says that a DS exists")
        if match.nsec3.has_type(rr.SOA):
            return Unproven(f"the NSEC3 of {name} is from the child's side of the zone cut")
        # RFC 5155 §8.9: the NS bit MUST be set for it to be a delegation.
        kind = DenialKind.NO_DS if match.nsec3.has_type(rr.NS) else DenialKind.NOT_A_CUT
        role = DenialRole(match.owner, Relation.MATCHES, name, Subject.QNAME)
        return Denial(kind, Mechanism.NSEC3, roles=(role,))
    proof = prove_closest_encloser(records, name, budget)
    if isinstance(proof, Unproven):
        return proof
    return _denial(DenialKind.NO_DS if proof.opt_out else DenialKind.NOT_A_CUT, proof, (), None)

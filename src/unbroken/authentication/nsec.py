"""Proofs by NSEC (RFC 4035 §5.4 as corrected by RFC 6840 §4, RFC 6672 §5.3.4, RFC 9824). The records are verified already."""

from unbroken.authentication.unproven import Unproven
from unbroken.chain import Denial, DenialKind, DenialRole, Mechanism, Relation, Subject
from unbroken.dns import Name, Nsec
from unbroken.dns import rdtype as rr
from unbroken.records import dataclass


@dataclass(frozen=True, slots=True)
class NsecRecord:
    """An authenticated NSEC record of a zone."""

    owner: Name
    nsec: Nsec
    zone: Name

    def covers(self, name: Name) -> bool:
        """Whether `name` falls strictly between owner and next name in the canonical order of the zone (RFC 4034 §6.1),
        and this record may speak for it.
        """
        if not name.is_subdomain_of(self.zone) or name == self.owner:
            return False
        # RFC 6840 §4.1: an ancestor-delegation NSEC, or one with DNAME, MUST NOT be used to deny anything below its owner.
        if name.is_below(self.owner) and (self.is_delegation or self.nsec.has_type(rr.DNAME)):
            return False
        following = self.nsec.next_name
        if self.owner < following:
            return self.owner < name < following
        # RFC 4034 §4.1.1: the last NSEC of a zone leads back to the apex, so there is no upper end.
        return following == self.zone and self.owner < name

    @property
    def is_delegation(self) -> bool:
        """At a zone cut, from the parent's side: NS but no SOA (RFC 6840 §4.1)."""
        return self.nsec.has_type(rr.NS) and not self.nsec.has_type(rr.SOA)

    def closest_encloser(self, name: Name) -> Name:
        """The longest ancestor of a covered name that this record shows to exist: owner and next name exist, and so do
        all names above them (RFC 4592 §2.2.2).
        """
        by_owner = name.common_ancestor(self.owner)
        by_next = name.common_ancestor(self.nsec.next_name)
        return by_owner if by_owner.label_count >= by_next.label_count else by_next

    def shows_empty_non_terminal(self, name: Name) -> bool:
        """Whether a covered name exists all the same, since the next name is below it."""
        return self.nsec.next_name.is_below(name)


NsecRecords = tuple[NsecRecord, ...]


def _matching(records: NsecRecords, name: Name) -> NsecRecord | None:
    return next((record for record in records if record.owner == name), None)


def _covering(records: NsecRecords, name: Name) -> NsecRecord | None:
    return next((record for record in records if record.covers(name)), None)


def _role(record: NsecRecord, relation: Relation, name: Name, subject: Subject) -> DenialRole:
    return DenialRole(record.owner, relation, name, subject)


def prove_nodata(records: NsecRecords, qname: Name, qtype: int) -> Denial | Unproven:
    """The name exists, the type does not: directly, as an empty non-terminal, or at the wildcard that answers for it."""
    match = _matching(records, qname)
    if match is not None:
        return _nodata_at(match, qname, qtype)
    cover = _covering(records, qname)
    if cover is None:
        return Unproven(f"no NSEC matches or covers {qname}", bool(records))
    role = _role(cover, Relation.COVERS, qname, Subject.QNAME)
    if cover.shows_empty_non_terminal(qname):
        return Denial(DenialKind.NODATA, Mechanism.NSEC, roles=(role,))
    return _wildcard_nodata(records, cover, role, qname, qtype)


def _nodata_at(match: NsecRecord, qname: Name, qtype: int) -> Denial | Unproven:
    types = match.nsec
    role = _role(match, Relation.MATCHES, qname, Subject.QNAME)
    if types.has_type(rr.NXNAME):
        # RFC 9824 §3.1: the name does not exist; NXNAME MUST be the only type beside RRSIG and NSEC.
        if types.types <= {rr.NXNAME, rr.RRSIG, rr.NSEC}:
            return Denial(DenialKind.NXDOMAIN, Mechanism.NSEC, roles=(role,), compact=True)
        return Unproven(f"the NSEC of {qname} has NXNAME beside other types")
    if types.has_type(qtype) or (qtype == rr.ANY and types.types - {rr.RRSIG, rr.NSEC}):
        return Unproven(f"the NSEC of {qname} says that the type exists")
    # RFC 6840 §4.3: the CNAME bit MUST be clear as well, or the answer would have been the CNAME.
    if types.has_type(rr.CNAME):
        return Unproven(f"the NSEC of {qname} says that a CNAME exists")
    if qtype == rr.DS:
        # RFC 4035 §5.2: the proof must come from the parent's side of the cut, where there is no SOA.
        if types.has_type(rr.SOA) and not qname.is_root:
            return Unproven(f"the NSEC of {qname} is from the child's side of the zone cut")
    elif match.is_delegation:
        # RFC 6840 §4.1: a delegation NSEC says nothing of any type but DS.
        return Unproven(f"the NSEC of {qname} is from the parent's side of a zone cut")
    return Denial(DenialKind.NODATA, Mechanism.NSEC, roles=(role,))


def _wildcard_nodata(
    records: NsecRecords, cover: NsecRecord, cover_role: DenialRole, qname: Name, qtype: int
) -> Denial | Unproven:
    encloser = cover.closest_encloser(qname)
    wildcard = encloser.wildcard()
    match = _matching(records, wildcard)
    if match is None:
        between = _covering(records, wildcard)
        if between is None or not between.shows_empty_non_terminal(wildcard):
            return Unproven(f"no NSEC matches the wildcard {wildcard}")
        match = between
    elif isinstance(failed := _nodata_at(match, wildcard, qtype), Unproven):
        return failed
    return Denial(
        DenialKind.WILDCARD_NODATA,
        Mechanism.NSEC,
        closest_encloser=encloser,
        source_of_synthesis=wildcard,
        roles=(cover_role, _role(match, Relation.MATCHES, wildcard, Subject.SOURCE_OF_SYNTHESIS)),
    )


def prove_nxdomain(records: NsecRecords, qname: Name) -> Denial | Unproven:
    """Neither the name nor a wildcard that could answer for it exists (RFC 4035 §5.4)."""
    match = _matching(records, qname)
    if match is not None:
        proof = _nodata_at(match, qname, rr.ANY)
        return proof if isinstance(proof, Denial) and proof.compact else Unproven(f"an NSEC says that {qname} exists")
    cover = _covering(records, qname)
    if cover is None:
        return Unproven(f"no NSEC covers {qname}", bool(records))
    if cover.shows_empty_non_terminal(qname):
        return Unproven(f"the NSEC at {cover.owner} shows that {qname} exists as an empty non-terminal")
    encloser = cover.closest_encloser(qname)
    wildcard = encloser.wildcard()
    wildcard_cover = _covering(records, wildcard)
    if wildcard_cover is None or wildcard_cover.shows_empty_non_terminal(wildcard):
        return Unproven(f"no NSEC covers the wildcard {wildcard}")
    return Denial(
        DenialKind.NXDOMAIN,
        Mechanism.NSEC,
        closest_encloser=encloser,
        source_of_synthesis=wildcard,
        roles=(
            _role(cover, Relation.COVERS, qname, Subject.QNAME),
            _role(wildcard_cover, Relation.COVERS, wildcard, Subject.SOURCE_OF_SYNTHESIS),
        ),
    )


def prove_wildcard_answer(records: NsecRecords, qname: Name, encloser: Name) -> Denial | Unproven:
    """The name that was expanded from `*.encloser` does not exist itself, nor does anything between (RFC 4035 §5.3.4)."""
    cover = next((r for r in records if r.covers(qname) and not r.shows_empty_non_terminal(qname)), None)
    if cover is None:
        return Unproven(f"no NSEC covers {qname}", bool(records))
    if cover.closest_encloser(qname) != encloser:
        return Unproven(f"{cover.closest_encloser(qname)} exists, so the wildcard of {encloser} does not apply")
    return Denial(
        DenialKind.WILDCARD_ANSWER,
        Mechanism.NSEC,
        closest_encloser=encloser,
        source_of_synthesis=encloser.wildcard(),
        roles=(_role(cover, Relation.COVERS, qname, Subject.QNAME),),
    )


def prove_no_ds(records: NsecRecords, name: Name) -> Denial | Unproven:
    """At a delegation without DS: NO_DS. Where there is no delegation at all: NOT_A_CUT (RFC 4035 §5.2, RFC 6840 §4.4)."""
    match = _matching(records, name)
    if match is not None:
        proof = _nodata_at(match, name, rr.DS)
        if isinstance(proof, Unproven) and not match.nsec.has_type(rr.CNAME):
            return proof
        # RFC 6840 §4.4: the NS bit MUST be set, or the record may be from within a zone, at a name that is no delegation.
        is_cut = match.nsec.has_type(rr.NS) and not match.nsec.has_type(rr.SOA)
        if match.nsec.has_type(rr.DS):
            return Unproven(f"the NSEC of {name} says that a DS exists")
        kind = DenialKind.NO_DS if is_cut else DenialKind.NOT_A_CUT
        return Denial(kind, Mechanism.NSEC, roles=(_role(match, Relation.MATCHES, name, Subject.QNAME),))
    cover = _covering(records, name)
    if cover is None:
        return Unproven(f"no NSEC matches or covers {name}", bool(records))
    return Denial(DenialKind.NOT_A_CUT, Mechanism.NSEC, roles=(_role(cover, Relation.COVERS, name, Subject.QNAME),))

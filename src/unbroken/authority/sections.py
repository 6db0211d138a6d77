"""The answer while it grows: three sections without repeats, RRSIGs beside their RRsets when the DO bit asks for
them."""

from dataclasses import dataclass, field

from unbroken._kernel import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.signing import Zone

_Section = dict[tuple[Name, int, int], RRset]


@dataclass(slots=True)
class Sections:
    """`wants_dnssec` is the DO bit of the query (RFC 3225 §3, RFC 4035 §3.1)."""

    wants_dnssec: bool
    answer: _Section = field(default_factory=dict)
    authority: _Section = field(default_factory=dict)
    additional: _Section = field(default_factory=dict)

    def add_answer(self, zone: Zone, rrset: RRset, owner: Name | None = None) -> None:
        """`owner`: the name asked for, when the RRset is synthesised from a wildcard's (RFC 4592 §3.3)."""
        self._add(self.answer, zone, rrset, rrset.ttl, owner)

    def add_authority(self, zone: Zone, rrset: RRset, ttl: int | None = None) -> None:
        """`ttl`: seconds, when it is not the RRset's own."""
        self._add(self.authority, zone, rrset, rrset.ttl if ttl is None else ttl)

    def add_additional(self, zone: Zone, rrset: RRset) -> None:
        """An RRset that another section holds already is not repeated."""
        if not any(_key(rrset) in section for section in (self.answer, self.authority)):
            self._add(self.additional, zone, rrset, rrset.ttl)

    def add_loose(self, rrset: RRset) -> None:
        """A record of the answer that has no signature: a CNAME made from a DNAME (RFC 6672 §5.3.1)."""
        self.answer.setdefault(_key(rrset), rrset)

    def _add(self, section: _Section, zone: Zone, rrset: RRset, ttl: int, owner: Name | None = None) -> None:
        rrsigs = zone.rrsigs(rrset.owner, rrset.rdtype) if self.wants_dnssec and rrset.rdtype != rr.RRSIG else None
        for found in (rrset, rrsigs):
            if found is not None:
                shaped = found if found.ttl == ttl else found.with_ttl(ttl)
                shaped = shaped if owner is None else shaped.with_owner(owner)
                section.setdefault(_key(shaped), shaped)


def _key(rrset: RRset) -> tuple[Name, int, int]:
    return rrset.owner, rrset.rdtype, rrset.covers

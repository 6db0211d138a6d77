"""The authoritative algorithm of RFC 1034 §4.3.2 with DNSSEC (RFC 4035 §3.1, RFC 5155 §7.2), wildcards (RFC 4592) and
DNAME (RFC 6672 §3.2): a question in, sections filled."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from unbroken._kernel import Name, RRset
from unbroken.authority import denial
from unbroken.authority.index import Authority, ZoneIndex
from unbroken.authority.sections import Sections
from unbroken.dns import rdtype as rr

_MAX_ALIASES: Final = 16  # CNAMEs followed in one answer; the resolver asks for the rest
# RFC 4035 §3.1: not included unless asked for by type or with the DO bit.
_ONLY_WITH_DO: Final = frozenset({rr.NSEC, rr.NSEC3, rr.RRSIG})
# RFC 2181 §10.1, RFC 4035 §2.5: what may stand beside a CNAME answers for itself.
_BESIDE_CNAME: Final = frozenset({rr.CNAME, rr.ANY, rr.RRSIG, rr.NSEC})


@dataclass(frozen=True, slots=True)
class Step:
    """What one name led to: the rcode so far, whether the data is the zone's own, and the alias to follow, if any."""

    rcode: int = rr.NOERROR
    is_authoritative: bool = True
    alias: Name | None = None


def fill(authority: Authority, name: Name, rdtype: int, sections: Sections) -> Step:
    """Look up a question and put what answers it into `sections`."""
    index = authority.index_for(name, rdtype)
    if index is None:
        return Step(rr.REFUSED, is_authoritative=False)
    step = _look_up(index, name, rdtype, sections)
    for _ in range(_MAX_ALIASES):
        target = step.alias
        if target is None or not target.is_subdomain_of(index.zone.origin) or _is_delegated(index, target):
            break
        # RFC 2308 §2.1: the rcode is that of the last name in the chain.
        step = _look_up(index, target, rdtype, sections)
    return step


def _is_delegated(index: ZoneIndex, name: Name) -> bool:
    return index.closest_encloser(name) in index.delegations


def _look_up(index: ZoneIndex, name: Name, rdtype: int, sections: Sections) -> Step:
    encloser = index.closest_encloser(name)
    if encloser in index.delegations:
        # RFC 4035 §3.1.4.1: DS at a cut is the parent's own; anything else at or below it is the child's.
        if name != encloser or rdtype != rr.DS:
            return _refer(index, encloser, sections)
        return _answer_at(index, name, name, rdtype, sections)
    if name == encloser:
        return _answer_at(index, name, name, rdtype, sections)
    dname = index.zone.rrset(encloser, rr.DNAME)
    if dname is not None:
        return _substitute(index, dname, name, sections)
    source = denial.wildcard_of(encloser)
    if source is not None and source in index.existing:
        return _answer_at(index, name, source, rdtype, sections)
    _deny(index, denial.no_name(index, name, encloser), sections)
    return Step(rr.NXDOMAIN)


def _answer_at(index: ZoneIndex, name: Name, node: Name, rdtype: int, sections: Sections) -> Step:
    """Answer for `name` from the records at `node`: the name itself, or the wildcard that stands for it."""
    zone, is_wildcard = index.zone, name != node
    cname = zone.rrset(node, rr.CNAME)
    aliased = cname is not None and rdtype not in _BESIDE_CNAME
    found = [cname] if aliased and cname is not None else list(_matching(index, node, rdtype, sections.wants_dnssec))
    if not found:
        proof = denial.wildcard_no_data(index, name, node.parent()) if is_wildcard else denial.no_data(index, name)
        _deny(index, proof, sections)
        return Step()
    for rrset in found:
        sections.add_answer(zone, rrset, name if is_wildcard else None)
        _add_addresses(index, rrset, sections)
    if is_wildcard:
        _prove(index, denial.wildcard_answer(index, name, node.parent()), sections)
    return Step(alias=found[0].target() if aliased else None)


def _matching(index: ZoneIndex, node: Name, rdtype: int, wants_dnssec: bool) -> Iterator[RRset]:
    zone = index.zone
    if rdtype == rr.RRSIG:
        yield from zone.signatures(node).values()
    elif rdtype == rr.ANY:
        yield from (rrset for rdtype, rrset in zone.node(node).items() if wants_dnssec or rdtype not in _ONLY_WITH_DO)
    elif (rrset := zone.rrset(node, rdtype)) is not None:
        yield rrset


def _substitute(index: ZoneIndex, dname: RRset, name: Name, sections: Sections) -> Step:
    """RFC 6672 §3.2 step 3c: the DNAME, and the CNAME that it makes of the name, which is not signed (§5.3.1)."""
    sections.add_answer(index.zone, dname)
    try:
        target = name.replace_suffix(dname.owner, dname.target())
    except ValueError:
        return Step(rr.YXDOMAIN)  # RFC 6672 §2.2: the new name would be too long
    sections.add_loose(RRset(name, rr.CNAME, dname.ttl, (target.wire,)))
    return Step(alias=target)


def _refer(index: ZoneIndex, cut: Name, sections: Sections) -> Step:
    """RFC 4035 §3.1.4: NS, then DS with its signature, or the proof that there is none."""
    zone = index.zone
    ns, ds = zone.rrset(cut, rr.NS), zone.rrset(cut, rr.DS)
    if ns is not None:
        sections.add_authority(zone, ns)
        _add_addresses(index, ns, sections)
    if sections.wants_dnssec:
        if ds is not None:
            sections.add_authority(zone, ds)
        else:
            _prove(index, denial.no_ds(index, cut), sections)
    return Step(is_authoritative=False)


def _add_addresses(index: ZoneIndex, rrset: RRset, sections: Sections) -> None:
    """Addresses of name servers and mail exchanges that the zone knows, glue of this and of sibling delegations
    included."""
    if rrset.rdtype not in (rr.NS, rr.MX):
        return
    for target in rrset.names():
        for rdtype in (rr.A, rr.AAAA):
            addresses = index.zone.rrset(target, rdtype)
            if addresses is not None:
                sections.add_additional(index.zone, addresses)


def _deny(index: ZoneIndex, owners: Iterator[Name], sections: Sections) -> None:
    """The SOA of a negative answer and, with DO, its proof."""
    soa = index.zone.soa
    if soa is not None:
        # RFC 2308 §3: with the lesser of its own TTL and its MINIMUM.
        sections.add_authority(index.zone, soa, ttl=index.zone.negative_ttl())
    _prove(index, owners, sections)


def _prove(index: ZoneIndex, owners: Iterator[Name], sections: Sections) -> None:
    if sections.wants_dnssec:
        for rrset in denial.records(index, owners):
            sections.add_authority(index.zone, rrset)

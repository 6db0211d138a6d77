"""Following CNAME and DNAME records through an answer section."""

from collections.abc import Iterable
from typing import Final

from unbroken.dns import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.records import dataclass

MAX_HOPS_IN_MESSAGE: Final = 16
NOT_REDIRECTED: Final = (rr.CNAME, rr.ANY, rr.RRSIG, rr.NSEC)
"""Types that a CNAME may stand beside, or that ask for it: they are answered at the name itself (RFC 4035 §2.5)."""


@dataclass(frozen=True, slots=True)
class Trail:
    """Where an answer section leads from the name asked for."""

    end: Name
    """The name at which data was found, or at which the records give out."""
    found: bool
    """Whether data of the type asked for is there."""
    records: tuple[RRset, ...]
    """What the way consists of, signatures beside what they cover, in its order."""
    is_loop: bool = False
    is_synthesised: bool = False
    """A CNAME among the records was made here, from a DNAME."""
    is_cut_short: bool = False
    """`end` is outside the zone whose server said so: what it says of that name does not count."""


def follow(answer: Iterable[RRset], name: Name, rdtype: int, zone: Name = Name.ROOT) -> Trail:
    """Walk from `name` through the CNAME and DNAME records of `zone`, a bounded number of hops."""
    by_owner: dict[Name, list[RRset]] = {}
    dnames: list[RRset] = []
    for rrset in answer:
        if rrset.rdclass == rr.CLASS_IN and rrset.owner.is_subdomain_of(zone):
            by_owner.setdefault(rrset.owner, []).append(rrset)
            if rrset.rdtype == rr.DNAME:
                dnames.append(rrset)
    current, records, seen, made = name, list[RRset](), set[Name](), False
    for _ in range(MAX_HOPS_IN_MESSAGE):
        if not current.is_subdomain_of(zone):
            return Trail(current, False, tuple(records), is_synthesised=made, is_cut_short=True)
        if current in seen:
            break
        seen.add(current)
        here = by_owner.get(current, [])
        data = _of_type(here, rdtype)
        if any(rdtype in (rrset.rdtype, rr.ANY) for rrset in data):
            data = _with_dname(data, dnames, by_owner, current)
            return Trail(current, True, (*records, *data), is_synthesised=made)
        step = _redirect(here, dnames, by_owner, current) if rdtype not in NOT_REDIRECTED else _STAY
        records.extend(rrset for rrset in step.records if all(rrset is not known for known in records))
        made = made or step.is_synthesised
        if step.target is None:
            return Trail(current, False, tuple(records), is_synthesised=made)
        current = step.target
    return Trail(current, False, tuple(records), is_loop=True, is_synthesised=made)


@dataclass(frozen=True, slots=True)
class _Step:
    target: Name | None
    records: tuple[RRset, ...] = ()
    is_synthesised: bool = False


_STAY: Final = _Step(None)


def _of_type(rrsets: Iterable[RRset], rdtype: int) -> tuple[RRset, ...]:
    """RRsets of a type with the RRSIGs over them; for ANY everything, for RRSIG every RRSIG."""
    return tuple(
        rrset
        for rrset in rrsets
        if rdtype in (rrset.rdtype, rr.ANY) or (rrset.rdtype == rr.RRSIG and rrset.covers == rdtype)
    )


def _with_dname(
    data: tuple[RRset, ...], dnames: list[RRset], by_owner: dict[Name, list[RRset]], current: Name
) -> tuple[RRset, ...]:
    """An unsigned CNAME that was asked for itself, with the DNAME above that it was made from."""
    dname = next((rrset for rrset in dnames if current.is_below(rrset.owner)), None)
    if dname is None or len(data) != 1 or data[0].rdtype != rr.CNAME:
        return data
    return (*_of_type(by_owner[dname.owner], rr.DNAME), *data)


def _redirect(here: list[RRset], dnames: list[RRset], by_owner: dict[Name, list[RRset]], current: Name) -> _Step:
    dname = next((rrset for rrset in dnames if current.is_below(rrset.owner)), None)
    hop = _of_type(by_owner[dname.owner], rr.DNAME) if dname is not None else ()
    cnames = _of_type(here, rr.CNAME)
    cname = next((rrset for rrset in cnames if rrset.rdtype == rr.CNAME), None)
    if cname is not None:
        # Whether an unsigned CNAME follows from the DNAME is for the validator to judge (RFC 6672 §5.3.1).
        return _Step(cname.target(), (*hop, *cnames))
    if dname is None:
        return _STAY
    try:
        # RFC 6672 §2.3: the suffix is replaced; §2.2: a result that is too long is YXDOMAIN, and the way ends.
        target = current.replace_suffix(dname.owner, dname.target())
    except ValueError:
        return _Step(None, hop)
    # RFC 6672 §3.2: the server synthesises a CNAME; where one does not, it is made here.
    return _Step(target, (*hop, synthesise(current, dname, target)), is_synthesised=True)


def synthesise(name: Name, dname: RRset, target: Name) -> RRset:
    """The CNAME that a DNAME stands for at a name below it (RFC 6672 §3.1), with the DNAME's TTL."""
    return RRset(name, rr.CNAME, dname.ttl, (target.wire,))

"""Which NSEC or NSEC3 records prove that something is not there (RFC 4035 §3.1.3, RFC 5155 §7.2).

Each function gives the owners of the records, not the records: a missing one leaves a hole that the validator will
find."""

from collections.abc import Callable, Iterator

from unbroken._kernel import Name, RRset
from unbroken.authority.index import Nsec3Chain, ZoneIndex
from unbroken.dns import rdtype as rr


def records(index: ZoneIndex, owners: Iterator[Name]) -> Iterator[RRset]:
    """The denial records at these owners."""
    rdtype = rr.NSEC3 if index.nsec is None else rr.NSEC
    for owner in owners:
        rrset = index.zone.rrset(owner, rdtype)
        if rrset is not None:
            yield rrset


def no_data(index: ZoneIndex, name: Name) -> Iterator[Name]:
    """The name exists, the type does not."""
    if index.nsec is not None:
        # RFC 4035 §3.1.3.1: the NSEC that matches the name. An empty non-terminal has none; the one before covers it.
        yield index.nsec.covering(name)
    elif index.nsec3 is not None:
        # RFC 5155 §7.2.3, §7.2.4: the NSEC3 that matches. Without one (opt-out) the closest provable encloser proof.
        matching = index.nsec3.matching(name)
        if matching is not None:
            yield matching
        else:
            encloser = _provable_encloser(index, index.nsec3, name)
            yield from _closest_encloser_proof(index.nsec3, name, encloser)


def no_name(index: ZoneIndex, name: Name, encloser: Name) -> Iterator[Name]:
    """Neither the name nor a wildcard for it exists."""
    if index.nsec is not None:
        # RFC 4035 §3.1.3.2: one record covers the name, one the wildcard at the closest encloser; they may be the same.
        yield index.nsec.covering(name)
        yield from _covering_wildcard(index.nsec.covering, encloser)
    elif index.nsec3 is not None:
        # RFC 5155 §7.2.2: a closest encloser proof, and a record that covers the wildcard at that encloser.
        provable = _provable_encloser(index, index.nsec3, name)
        yield from _closest_encloser_proof(index.nsec3, name, provable)
        yield from _covering_wildcard(index.nsec3.covering, provable)


def wildcard_answer(index: ZoneIndex, name: Name, encloser: Name) -> Iterator[Name]:
    """The name does not exist, so the wildcard at `encloser` answered for it."""
    if index.nsec is not None:
        # RFC 4035 §3.1.3.3: a record that covers the name, so that no closer match exists.
        yield index.nsec.covering(name)
    elif index.nsec3 is not None:
        # RFC 5155 §7.2.6: the record that covers the next closer name is enough; the RRSIG's Labels tell the encloser.
        yield index.nsec3.covering(name.ancestor(encloser.label_count + 1))


def wildcard_no_data(index: ZoneIndex, name: Name, encloser: Name) -> Iterator[Name]:
    """The name does not exist, the wildcard does, but not with that type."""
    source = encloser.wildcard()
    if index.nsec is not None:
        # RFC 4035 §3.1.3.4: one record matches the wildcard, one covers the name.
        yield index.nsec.covering(source)
        yield index.nsec.covering(name)
    elif index.nsec3 is not None:
        # RFC 5155 §7.2.5: a closest encloser proof and the record that matches the wildcard.
        yield from _closest_encloser_proof(index.nsec3, name, _provable_encloser(index, index.nsec3, name))
        matching = index.nsec3.matching(source)
        if matching is not None:
            yield matching


def no_ds(index: ZoneIndex, cut: Name) -> Iterator[Name]:
    """A delegation without DS (RFC 4035 §3.1.4, RFC 5155 §7.2.7): as NODATA for DS at the cut."""
    return no_data(index, cut)


def _provable_encloser(index: ZoneIndex, chain: Nsec3Chain, name: Name) -> Name:
    """The closest provable encloser (RFC 5155 §1.3) of a name that has no NSEC3 record of its own. With opt-out it may
    lie above the closest encloser, whose record may be missing (§7.1)."""
    encloser = name
    while encloser != index.zone.origin:
        encloser = encloser.parent()
        if encloser in index.existing and chain.matching(encloser) is not None:
            break
    return encloser


def _closest_encloser_proof(chain: Nsec3Chain, name: Name, encloser: Name) -> Iterator[Name]:
    """RFC 5155 §7.2.1: a record that matches the closest (provable) encloser, and one that covers the next closer
    name."""
    matching = chain.matching(encloser)
    if matching is not None:
        yield matching
    if name != encloser:
        yield chain.covering(name.ancestor(encloser.label_count + 1))


def _covering_wildcard(covering: Callable[[Name], Name], encloser: Name) -> Iterator[Name]:
    source = wildcard_of(encloser)
    if source is not None:  # an encloser too long for one needs no proof against it
        yield covering(source)


def wildcard_of(encloser: Name) -> Name | None:
    """The source of synthesis (RFC 4592 §3.3.1); None when the encloser leaves no room for the label."""
    try:
        return encloser.wildcard()
    except ValueError:
        return None

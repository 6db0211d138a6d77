"""Finding RRsets and the signatures over them in a message section."""

from collections.abc import Iterable

from unbroken._kernel import Name, RRset, Rrsig
from unbroken.dns import rdtype as rr


def find_rrset(section: Iterable[RRset], owner: Name, rdtype: int) -> RRset | None:
    """The class-IN RRset of that owner and type (not of RRSIGs: see `find_rrsigs`)."""
    for rrset in section:
        if rrset.rdtype == rdtype and rrset.owner == owner and rrset.rdclass == rr.CLASS_IN:
            return rrset
    return None


def find_rrsig_rrset(section: Iterable[RRset], owner: Name, covered: int) -> RRset | None:
    """The RRSIGs at `owner` that cover that type (RFC 4035 §5.3.1: same owner, same class, type covered)."""
    for rrset in section:
        if (
            rrset.rdtype == rr.RRSIG
            and rrset.covers == covered
            and rrset.owner == owner
            and rrset.rdclass == rr.CLASS_IN
        ):
            return rrset
    return None


def find_rrsigs(section: Iterable[RRset], owner: Name, covered: int) -> tuple[Rrsig, ...]:
    """The same, parsed; none when there are none."""
    rrset = find_rrsig_rrset(section, owner, covered)
    return rrset.rrsigs() if rrset is not None else ()

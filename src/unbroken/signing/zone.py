"""A whole zone in memory: RRsets by owner and type, RRSIGs by owner and covered type. Never changed in place."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Self

from unbroken._kernel import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.dns.presentation import rrset_to_text, rrsets_from_text
from unbroken.errors import InputError
from unbroken.signing.layout import Layout

Node = Mapping[int, RRset]
_EMPTY: Final[Node] = {}


class Zone:
    """The RRsets of one zone. Every change gives a new Zone that shares what did not change.

    It holds what it is given, sense or nonsense, so that broken zones can be served too; only owners outside the zone
    and classes other than IN are refused.
    """

    __slots__ = ("_layout", "_nodes", "_signatures", "origin")

    def __init__(self, origin: Name, nodes: Mapping[Name, Node], signatures: Mapping[Name, Node]) -> None:
        self.origin: Final = origin
        self._nodes: Final = nodes
        self._signatures: Final = signatures
        self._layout: Layout | None = None

    @classmethod
    def from_rrsets(cls, origin: Name, rrsets: Iterable[RRset]) -> Self:
        """Raises InputError for an owner outside the zone or a class other than IN. RRsets of one owner and type are
        merged."""
        return cls(origin, {}, {})._with(rrsets, merge=True)

    @classmethod
    def from_text(cls, text: str, origin: Name, default_ttl: int = 3600) -> Self:
        """A master file (RFC 1035 §5). TTL in seconds. Raises InputError."""
        return cls.from_rrsets(origin, rrsets_from_text(text, origin, default_ttl, f"zone {origin}"))

    def to_text(self) -> str:
        """A master file, names in canonical order, each RRset followed by its RRSIGs, the SOA first."""
        return "".join(line + "\n" for rrset in self for line in rrset_to_text(rrset))

    # --- looking -------------------------------------------------------------------------------------------------------

    def rrset(self, owner: Name, rdtype: int) -> RRset | None:
        """The RRset of that owner and type; RRSIGs are had by `rrsigs`."""
        return self._nodes.get(owner, _EMPTY).get(rdtype)

    def rrsigs(self, owner: Name, covered: int) -> RRset | None:
        """The RRSIGs at `owner` that cover that type."""
        return self._signatures.get(owner, _EMPTY).get(covered)

    def node(self, owner: Name) -> Node:
        """The RRsets at an owner by type, without RRSIGs; empty when there are none."""
        return self._nodes.get(owner, _EMPTY)

    def signatures(self, owner: Name) -> Node:
        """The RRSIG RRsets at an owner by covered type."""
        return self._signatures.get(owner, _EMPTY)

    def owners(self) -> Iterable[Name]:
        """Every owner of something other than RRSIGs, in no particular order."""
        return self._nodes.keys()

    @property
    def soa(self) -> RRset | None:
        return self.rrset(self.origin, rr.SOA)

    @property
    def layout(self) -> Layout:
        """Zone cuts, occluded names, empty non-terminals (computed once)."""
        if self._layout is None:
            self._layout = Layout.of(self.origin, self._nodes)
        return self._layout

    def negative_ttl(self) -> int:
        """Seconds that a denial lives, and NSEC and NSEC3 records with it."""
        # RFC 9077 §3 (which updates RFC 4034 §4 and RFC 5155 §3): the lesser of the SOA's MINIMUM and the SOA's own
        # TTL.
        soa = self.soa
        return 0 if soa is None else min(soa.ttl, int.from_bytes(soa.rdatas[0][-4:], "big"))

    def __iter__(self) -> Iterator[RRset]:
        """All RRsets, owners in canonical order, the SOA before other types, each followed by its RRSIGs."""
        for owner in sorted(self._nodes.keys() | self._signatures.keys()):
            node, signatures = self.node(owner), self.signatures(owner)
            for rdtype in sorted(node.keys() | signatures.keys(), key=lambda rdtype: (rdtype != rr.SOA, rdtype)):
                yield from (found[rdtype] for found in (node, signatures) if rdtype in found)

    def __len__(self) -> int:
        """RRsets, RRSIGs counted apart."""
        return sum(map(len, self._nodes.values())) + sum(map(len, self._signatures.values()))

    def __eq__(self, other: object) -> bool:
        """Same origin and records; TTLs and order do not count."""
        if not isinstance(other, Zone):
            return NotImplemented
        mine, theirs = (self._nodes, self._signatures), (other._nodes, other._signatures)
        return self.origin == other.origin and mine == theirs

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Zone {self.origin} {len(self)} RRsets>"

    # --- changing ------------------------------------------------------------------------------------------------------

    def replace(self, *rrsets: RRset) -> Self:
        """With these RRsets in the place of those of the same owner and type. RRSIGs over them are left as they are:
        give an RRset of RRSIGs to replace those that cover its type."""
        return self._with(rrsets, merge=False)

    def remove(self, owner: Name, rdtype: int) -> Self:
        """Without that RRset and the RRSIGs over it."""
        nodes = _without(self._nodes, owner, rdtype)
        return type(self)(self.origin, nodes, _without(self._signatures, owner, rdtype))

    def remove_rrsigs(self, owner: Name, covered: int) -> Self:
        """Without the RRSIGs over that RRset."""
        return type(self)(self.origin, self._nodes, _without(self._signatures, owner, covered))

    def remove_types(self, *rdtypes: int) -> Self:
        """Without any RRset of these types and the RRSIGs over them; RRSIG means all signatures."""
        dropped = frozenset(rdtypes)
        signatures = {} if rr.RRSIG in dropped else _without_types(self._signatures, dropped)
        return type(self)(self.origin, _without_types(self._nodes, dropped), signatures)

    def _with(self, rrsets: Iterable[RRset], *, merge: bool) -> Self:
        nodes, signatures = dict(self._nodes), dict(self._signatures)
        for rrset in rrsets:
            self._require_inside(rrset)
            table, rdtype = (signatures, rrset.covers) if rrset.rdtype == rr.RRSIG else (nodes, rrset.rdtype)
            node = table.get(rrset.owner, _EMPTY)
            present = node.get(rdtype)
            merged = merge_rrsets(present, rrset) if merge and present is not None else rrset
            table[rrset.owner] = {**node, rdtype: merged}
        return type(self)(self.origin, nodes, signatures)

    def _require_inside(self, rrset: RRset) -> None:
        if rrset.rdclass != rr.CLASS_IN:
            raise InputError(
                f"zone {self.origin}", f"{rrset.owner} has records of class {rrset.rdclass}", "only IN is served"
            )
        if not rrset.owner.is_subdomain_of(self.origin):
            raise InputError(f"zone {self.origin}", f"{rrset.owner} lies outside it", "move the record to its own zone")


def merge_rrsets(first: RRset, second: RRset) -> RRset:
    """One RRset with the records of both; the smaller TTL counts (RFC 2181 §5.2)."""
    return RRset(first.owner, first.rdtype, min(first.ttl, second.ttl), first.rdatas + second.rdatas, first.rdclass)


def _without(table: Mapping[Name, Node], owner: Name, rdtype: int) -> Mapping[Name, Node]:
    node = table.get(owner, _EMPTY)
    if rdtype not in node:
        return table
    changed = dict(table)
    changed[owner] = {kept: rrset for kept, rrset in node.items() if kept != rdtype}
    if not changed[owner]:
        del changed[owner]
    return changed


def _without_types(table: Mapping[Name, Node], dropped: frozenset[int]) -> Mapping[Name, Node]:
    kept = {
        owner: {rdtype: rrset for rdtype, rrset in node.items() if rdtype not in dropped}
        for owner, node in table.items()
    }
    return {owner: node for owner, node in kept.items() if node}

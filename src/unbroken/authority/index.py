"""A zone prepared for answering: which names exist, and where in the denial chain a name falls."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from unbroken._kernel import Name, RRset, base32hex_decode, nsec3_hash
from unbroken.dns import rdtype as rr
from unbroken.signing import Zone


@dataclass(frozen=True, slots=True)
class NsecChain:
    """The owners of NSEC records in canonical order."""

    owners: tuple[Name, ...]

    @classmethod
    def of(cls, zone: Zone) -> Self | None:
        owners = sorted(owner for owner in zone.owners() if zone.rrset(owner, rr.NSEC) is not None)
        return cls(tuple(owners)) if owners else None

    def covering(self, name: Name) -> Name:
        """The owner that comes before `name`, around the end if need be: its NSEC covers the name, if any does."""
        return self.owners[bisect_right(self.owners, name) - 1]


@dataclass(frozen=True, slots=True)
class Nsec3Chain:
    """The NSEC3 records of one set of parameters in hash order."""

    salt: bytes
    iterations: int
    hashes: tuple[bytes, ...]
    owners: tuple[Name, ...]

    @classmethod
    def of(cls, zone: Zone) -> Self | None:
        """RFC 5155 §7.3: a server answers from the chain that NSEC3PARAM names; where that one has no records (a zone
        in disarray), from the largest there is."""
        chains: dict[tuple[int, bytes], dict[bytes, Name]] = {}
        for owner in zone.owners():
            rrset = zone.rrset(owner, rr.NSEC3)
            digest = base32hex_decode(owner.labels[0]) if rrset is not None and not owner.is_root else None
            if rrset is None or digest is None:
                continue
            for record in rrset.nsec3s():
                chains.setdefault((record.iterations, record.salt), {})[digest] = owner
        if not chains:
            return None
        named = _parameters(zone.rrset(zone.origin, rr.NSEC3PARAM))
        chosen = next((key for key in named if key in chains), max(chains, key=lambda key: (len(chains[key]), key)))
        hashes = sorted(chains[chosen])
        return cls(chosen[1], chosen[0], tuple(hashes), tuple(chains[chosen][digest] for digest in hashes))

    def digest(self, name: Name) -> bytes:
        return nsec3_hash(name, self.salt, self.iterations)

    def matching(self, name: Name) -> Name | None:
        """The owner of the NSEC3 record that matches `name` (RFC 5155 §1.3)."""
        digest = self.digest(name)
        at = bisect_right(self.hashes, digest) - 1
        return self.owners[at] if at >= 0 and self.hashes[at] == digest else None

    def covering(self, name: Name) -> Name:
        """The owner of the NSEC3 record before the hash of `name`, around the end if need be."""
        return self.owners[bisect_right(self.hashes, self.digest(name)) - 1]


def _parameters(rrset: RRset | None) -> list[tuple[int, bytes]]:
    """Iterations and salt of each NSEC3PARAM record (RFC 5155 §4.2)."""
    if rrset is None:
        return []
    return [(int.from_bytes(rdata[2:4], "big"), rdata[5 : 5 + rdata[4]]) for rdata in rrset.rdatas]


@dataclass(frozen=True, slots=True)
class ZoneIndex:
    """One zone to answer from. `existing` holds the names that are the zone's own or its delegations, empty
    non-terminals included, names below a cut or a DNAME not: so the closest existing ancestor of a name says all about
    it."""

    zone: Zone
    existing: frozenset[Name]
    delegations: frozenset[Name]
    nsec: NsecChain | None
    nsec3: Nsec3Chain | None

    @classmethod
    def of(cls, zone: Zone) -> Self:
        layout = zone.layout
        existing = layout.delegations.union(layout.authoritative, layout.empty_non_terminals, (zone.origin,))
        return cls(zone, existing, layout.delegations, NsecChain.of(zone), Nsec3Chain.of(zone))

    def closest_encloser(self, name: Name) -> Name:
        """The longest existing ancestor of a name in the zone, or the name itself (RFC 4592 §3.3.1)."""
        while name not in self.existing:
            name = name.parent()
        return name

    def is_parent_of(self, child: Name) -> bool:
        """Whether a zone at `child` would have this one as its parent: no other cut lies between them."""
        encloser = self.closest_encloser(child)
        return encloser == child or encloser not in self.delegations


class Authority:
    """The zones that one server answers from."""

    __slots__ = ("_indexes",)

    def __init__(self, zones: Iterable[Zone | ZoneIndex]) -> None:
        indexes = (zone if isinstance(zone, ZoneIndex) else ZoneIndex.of(zone) for zone in zones)
        self._indexes = {index.zone.origin: index for index in indexes}

    def replace(self, *zones: Zone) -> "Authority":
        """With these zones in the place of those of the same origin, or beside the others."""
        return Authority([*self._indexes.values(), *map(ZoneIndex.of, zones)])

    def zones(self) -> tuple[Zone, ...]:
        return tuple(index.zone for index in self._indexes.values())

    def index_for(self, name: Name, rdtype: int) -> ZoneIndex | None:
        """The zone that answers a question: the longest match (RFC 1034 §4.3.2 step 2), for DS the one above the
        cut."""
        nearest = self._nearest(name)
        if nearest is None or rdtype != rr.DS or nearest.zone.origin != name or name.is_root:
            return nearest
        # RFC 4035 §3.1.4.1: DS lives on the parent's side; a server of the child alone answers from there (NODATA).
        above = self._nearest(name.parent())
        return above if above is not None and above.is_parent_of(name) else nearest

    def _nearest(self, name: Name) -> ZoneIndex | None:
        for label_count in range(name.label_count, -1, -1):
            index = self._indexes.get(name.ancestor(label_count))
            if index is not None:
                return index
        return None

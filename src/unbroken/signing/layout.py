"""How a zone is laid out: which names are its own, where it delegates, what lies hidden below, which names are
empty."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Self

from unbroken._kernel import Name
from unbroken.dns import rdtype as rr


@dataclass(frozen=True, slots=True)
class Layout:
    """The names of a zone by what they are to it. Owners of nothing but NSEC3 records are in none of the groups: for
    all other purposes they do not exist (RFC 5155 §7.2.8)."""

    authoritative: tuple[Name, ...]  # canonical order; the apex included, delegations not
    delegations: frozenset[Name]  # zone cuts (RFC 9499 §7): NS below the apex
    occluded: frozenset[Name]  # below a zone cut (glue lives there) or below a DNAME (RFC 6672 §2.4)
    empty_non_terminals: frozenset[Name]  # above a name that exists, without records of their own (RFC 4592 §2.2.2)

    @classmethod
    def of(cls, origin: Name, nodes: Mapping[Name, Mapping[int, object]]) -> Self:
        """One pass in canonical order, in which everything below a name follows it directly (RFC 4034 §6.1)."""
        own, delegations, occluded = [], set(), set()
        hidden_below: Name | None = None
        for owner in sorted(name for name, node in nodes.items() if not _is_nsec3_only(node)):
            node = nodes[owner]
            if hidden_below is not None and owner.is_below(hidden_below):
                occluded.add(owner)
                continue
            hidden_below = None
            if rr.NS in node and owner != origin:
                delegations.add(owner)
                hidden_below = owner
                continue
            own.append(owner)
            if rr.DNAME in node:
                hidden_below = owner
        existing = delegations.union(own)
        return cls(tuple(own), frozenset(delegations), frozenset(occluded), empty_non_terminals(origin, existing))


def _is_nsec3_only(node: Mapping[int, object]) -> bool:
    return rr.NSEC3 in node and len(node) == 1


def empty_non_terminals(origin: Name, existing: AbstractSet[Name]) -> frozenset[Name]:
    """The names between `origin` and any of `existing` that are not themselves among them. `origin` is one when it is
    missing."""
    found: set[Name] = set()
    for name in existing:
        while name != origin:
            name = name.parent()
            if name in existing or name in found:
                break
            found.add(name)
    return frozenset(found)

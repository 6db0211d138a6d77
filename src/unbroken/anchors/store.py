"""Trust anchors in memory: positive (RFC 4033 §2), negative (RFC 7646), and which of them counts for a name."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, final

from unbroken.chain import Question
from unbroken.dns import Dnskey, Ds, Name, RRset
from unbroken.errors import InputError
from unbroken.records import dataclass

_DS: Final = 43
_DNSKEY: Final = 48


@dataclass(frozen=True, slots=True)
class TrustAnchor:
    """What is believed of one zone without proof: digests of its keys, keys themselves, or both.

    RFC 4033 §2: a trust anchor is a configured DNSKEY RR or the hash of one as a DS RR. Any one that matches is enough.
    `source` tells people where it came from.
    """

    owner: Name
    dses: tuple[Ds, ...]
    dnskeys: tuple[Dnskey, ...]
    source: str

    def union(self, other: "TrustAnchor") -> "TrustAnchor":
        """Both anchors' records, without doubles, in order of first appearance. The owners must be equal."""
        if self.owner != other.owner:
            raise ValueError(f"anchors of {self.owner} and {other.owner} cannot be joined")
        sources = dict.fromkeys((*self.source.split(", "), *other.source.split(", ")))
        return TrustAnchor(
            self.owner,
            tuple(dict.fromkeys(self.dses + other.dses)),
            tuple(dict.fromkeys(self.dnskeys + other.dnskeys)),
            ", ".join(sources),
        )


@dataclass(frozen=True, slots=True)
class NegativeTrustAnchor:
    """RFC 7646 §2: validation is switched off from `owner` down, because somebody knows that the zone is broken.

    `until` is the epoch second from which it no longer counts; None: nobody set an end (RFC 7646 §2 wants one). `added` is when
    it was set, if that is known. `witness` is a question that failed: it must validate, too, before the zone counts as mended.
    """

    owner: Name
    until: int | None
    reason: str
    added: int | None = None
    witness: Question | None = None

    def is_active(self, now: int) -> bool:
        """Whether it counts at `now` (epoch seconds)."""
        return self.until is None or now < self.until


@final
class TrustAnchors(Mapping[Name, TrustAnchor]):
    """An immutable mapping from owner to `TrustAnchor`, in canonical order of owners, with negative anchors beside."""

    __slots__ = ("_negatives", "_positives")

    def __init__(self, anchors: Iterable[TrustAnchor] = (), negatives: Iterable[NegativeTrustAnchor] = ()) -> None:
        """Several anchors of one owner are joined; of several negatives of one owner the last counts."""
        positives: dict[Name, TrustAnchor] = {}
        for anchor in anchors:
            earlier = positives.get(anchor.owner)
            positives[anchor.owner] = anchor if earlier is None else earlier.union(anchor)
        self._positives: Final = {owner: positives[owner] for owner in sorted(positives)}
        by_owner = {negative.owner: negative for negative in negatives}
        self._negatives: Final = {owner: by_owner[owner] for owner in sorted(by_owner)}

    @classmethod
    def from_records(cls, records: Iterable[RRset], source: str = "records") -> "TrustAnchors":
        """Anchors from RRsets of DS and DNSKEY records, at any owners. Raises InputError for another type."""
        return cls(_from_rrset(rrset, source) for rrset in records)

    def __getitem__(self, owner: Name) -> TrustAnchor:
        return self._positives[owner]

    def __iter__(self) -> Iterator[Name]:
        return iter(self._positives)

    def __len__(self) -> int:
        return len(self._positives)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TrustAnchors):
            return NotImplemented
        return self._positives == other._positives and self._negatives == other._negatives

    def __hash__(self) -> int:
        return hash((tuple(self._positives.values()), tuple(self._negatives.values())))

    def __repr__(self) -> str:
        owners = ", ".join(map(str, self._positives))
        return f"<TrustAnchors {owners or 'none'}; {len(self._negatives)} negative>"

    @property
    def negatives(self) -> tuple[NegativeTrustAnchor, ...]:
        """All negative anchors, also those that have ended, in canonical order of owners."""
        return tuple(self._negatives.values())

    def closest(self, name: Name) -> TrustAnchor | None:
        """The anchor of the closest zone that encloses `name`, itself included; None: no chain starts (RFC 4033 §5)."""
        for owner in _upwards(name):
            if (anchor := self._positives.get(owner)) is not None:
                return anchor
        return None

    def negative_for(self, name: Name, now: int) -> NegativeTrustAnchor | None:
        """The negative anchor that governs `name` at `now` (epoch seconds), if one does.

        Walks up from `name`: at each owner a negative anchor is looked for first, so it wins over a positive one of
        the same name.
        """
        for owner in _upwards(name):
            negative = self._negatives.get(owner)
            if negative is not None and negative.is_active(now):
                return negative
            # RFC 7646 §2: a positive anchor below a negative one is more specific; it is validated from.
            if owner in self._positives:
                return None
        return None

    def merge(self, other: "TrustAnchors") -> "TrustAnchors":
        """Both sets; anchors of one owner are joined, a negative of `other` replaces one of the same owner."""
        return TrustAnchors((*self.values(), *other.values()), (*self.negatives, *other.negatives))

    def with_negatives(self, negatives: Iterable[NegativeTrustAnchor]) -> "TrustAnchors":
        """The same positive anchors, and these negatives added."""
        return TrustAnchors(self.values(), (*self.negatives, *negatives))

    def without_negative(self, owner: Name) -> "TrustAnchors":
        """The same anchors but the negative one of `owner`: with them, its zone is validated as if nobody had switched
        that off."""
        return TrustAnchors(self.values(), (negative for negative in self.negatives if negative.owner != owner))


def _upwards(name: Name) -> Iterator[Name]:
    """`name`, its parent, and so on to the root: at most 128 names."""
    yield name
    for count in range(name.label_count - 1, -1, -1):
        yield name.ancestor(count)


def _from_rrset(rrset: RRset, source: str) -> TrustAnchor:
    if rrset.rdtype == _DS:
        return TrustAnchor(rrset.owner, rrset.dses(), (), source)
    if rrset.rdtype == _DNSKEY:
        return TrustAnchor(rrset.owner, (), rrset.dnskeys(), source)
    raise InputError(
        str(rrset.owner), f"a record of type {rrset.rdtype} is no trust anchor", "give DS or DNSKEY records"
    )

"""Negative trust anchors as an operator sets them (RFC 7646): for a short time, with a reason, and gone by themselves.

`TrustAnchors.negative_for` says which of them governs a name, the validator honours it. Here is how they are set, kept in
a file, and lifted once the zone validates again.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, final

from unbroken._kernel import type_to_text
from unbroken.anchors import statefile
from unbroken.anchors.store import NegativeTrustAnchor, TrustAnchors
from unbroken.chain import Chain, Code, Question, Status
from unbroken.chain.json_reader import JsonObject
from unbroken.chain.times import MAX_EPOCH, duration_text, from_iso, to_iso
from unbroken.dns import Name
from unbroken.errors import InputError, UsageError

FORMAT: Final = "unbroken-negative-anchors"
VERSION: Final = 1
DAY: Final = 86400  # seconds
DEFAULT_LIFETIME: Final = DAY
MAX_LIFETIME: Final = 7 * DAY
"""RFC 7646 §2: a negative trust anchor is for a limited time, a week at most unless somebody configured more."""
MAX_NEGATIVES: Final = 1000
MAX_REASON: Final = 200  # characters; it is shown to clients (RFC 8914)
RECHECK_INTERVAL: Final = 300
"""Seconds between two looks whether the zone validates again."""
_SOA: Final = 6
_FIX: Final = "restore it from a copy, or remove it and set the negative trust anchors anew"


@final
class NegativeAnchors(Mapping[Name, NegativeTrustAnchor]):
    """An immutable mapping from owner to negative trust anchor, in canonical order. Setting and lifting give a new one."""

    __slots__ = ("_by_owner",)

    def __init__(self, negatives: Iterable[NegativeTrustAnchor] = ()) -> None:
        """Of several of one owner the last counts."""
        by_owner = {negative.owner: negative for negative in negatives}
        self._by_owner: Final = {owner: by_owner[owner] for owner in sorted(by_owner)}

    def __getitem__(self, owner: Name) -> NegativeTrustAnchor:
        return self._by_owner[owner]

    def __iter__(self) -> Iterator[Name]:
        return iter(self._by_owner)

    def __len__(self) -> int:
        return len(self._by_owner)

    def set(
        self,
        owner: Name,
        reason: str,
        now: int,
        lifetime: int = DEFAULT_LIFETIME,
        *,
        longest: int = MAX_LIFETIME,
        witness: Question | None = None,
    ) -> "NegativeAnchors":
        """With a negative trust anchor at `owner` from `now` (epoch seconds) for `lifetime` seconds; one of the same owner is
        replaced. Raises UsageError: longer than `longest`, without reason, at the root, a `witness` outside, or too many
        of them.
        """
        reason = " ".join(reason.split())
        if owner.is_root:
            raise UsageError(
                "a negative trust anchor at the root would turn all validation off; set it at the broken zone"
            )
        if not reason or len(reason) > MAX_REASON or not reason.isprintable():
            raise UsageError(
                f"a negative trust anchor needs a reason, of at most {MAX_REASON} printable characters (RFC 7646)"
            )
        if not 0 < lifetime <= longest:
            raise UsageError(f"a negative trust anchor lasts from 1 s to {duration_text(longest)} (RFC 7646 section 2)")
        if witness is not None and not witness.name.is_subdomain_of(owner):
            raise UsageError(f"{witness.name} is not in {owner}, so that it can't witness for it")
        if len(self) >= MAX_NEGATIVES and owner not in self:
            raise UsageError(f"there are {MAX_NEGATIVES} negative trust anchors already; lift one first")
        return NegativeAnchors((*self.values(), NegativeTrustAnchor(owner, now + lifetime, reason, now, witness)))

    def lift(self, owner: Name) -> "NegativeAnchors":
        """Without the one at `owner`. Raises UsageError if there is none."""
        if owner not in self:
            raise UsageError(f"there is no negative trust anchor at {owner}")
        return NegativeAnchors(negative for negative in self.values() if negative.owner != owner)

    def settle(self, now: int) -> tuple["NegativeAnchors", tuple[NegativeTrustAnchor, ...]]:
        """Those that still count at `now` (epoch seconds), and those that have ended.

        One that was set in the future was set by a wrong clock: what counts is how long it was meant to last.
        """
        moved = [_not_in_future(negative, now) for negative in self.values()]
        ended = tuple(negative for negative in moved if not negative.is_active(now))
        return NegativeAnchors(negative for negative in moved if negative.is_active(now)), ended

    def closest(self, name: Name, now: int) -> NegativeTrustAnchor | None:
        """The one of the closest zone that encloses `name`, itself included, among those that count at `now`. Positive anchors,
        which may lie between, are not known here: see `TrustAnchors.negative_for`."""
        return TrustAnchors((), self.values()).negative_for(name, now)


def _not_in_future(negative: NegativeTrustAnchor, now: int) -> NegativeTrustAnchor:
    if negative.added is None or negative.until is None or negative.added <= now:
        return negative
    return replace(negative, added=now, until=now + max(0, negative.until - negative.added))


# --- lifted by itself -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recheck:
    """Whether to lift a negative trust anchor now, and why. If not, look again at `next_check` (epoch seconds)."""

    is_lifted: bool
    because: str
    next_check: int


def questions_for(negative: NegativeTrustAnchor) -> tuple[Question, ...]:
    """What must validate before the zone counts as mended: its SOA, and the witness. Validate them with
    `anchors.without_negative(owner)`, and with a trust cache of their own."""
    soa = Question(negative.owner, _SOA)
    return (soa,) if negative.witness in (None, soa) else (soa, negative.witness)


def recheck(
    negative: NegativeTrustAnchor, chains: Sequence[Chain], now: int, interval: int = RECHECK_INTERVAL
) -> Recheck:
    """What the chains of `questions_for(negative)` mean for it at `now` (RFC 7646 §4).

    All secure, or insecure for a reason of the zone's own (it has no DS any more): it has done its work. Bogus,
    undetermined, or insecure by another negative trust anchor: nothing is known to be mended.
    """
    next_check = now + interval
    if tuple(chain.question for chain in chains) != questions_for(negative):
        return Recheck(False, "not all of its questions were asked", next_check)
    for chain in chains:
        reason = chain.reason
        if chain.status is Status.SECURE:
            continue
        if chain.status is Status.INSECURE and (reason is None or reason.code is not Code.NEGATIVE_TRUST_ANCHOR):
            continue
        sentence = reason.sentence if reason is not None else f"It is {chain.status.value}."
        question = f"{chain.question.name} {type_to_text(chain.question.rdtype)}"
        return Recheck(False, f"{question} does not validate: {sentence}", next_check)
    found = "validates again" if all(c.status is Status.SECURE for c in chains) else "is insecure without it, too"
    return Recheck(True, f"{negative.owner} {found}", next_check)


# --- in a file ------------------------------------------------------------------------------------------------------------


def save(path: str | os.PathLike[str], negatives: NegativeAnchors) -> None:
    """Write them: the old file or the new one is there at any moment. Raises StateError."""
    entries = [_to_json(negative) for negative in negatives.values()]
    statefile.save(path, FORMAT, VERSION, {"negative_anchors": entries})


def load(path: str | os.PathLike[str]) -> NegativeAnchors:
    """What `save` wrote. Raises InputError, where=PATH and the place in it, for anything else."""
    return read(statefile.load(path, _FIX))


def read(found: JsonObject) -> NegativeAnchors:
    """The negative trust anchors of a state file that was opened already. Raises InputError."""
    statefile.expect(found, FORMAT, VERSION, _FIX)
    entries = found.objects("negative_anchors")
    if len(entries) > MAX_NEGATIVES:
        raise InputError(found.where, f"has more than {MAX_NEGATIVES} negative trust anchors", _FIX)
    return NegativeAnchors(_from_json(entry) for entry in entries)


def _to_json(negative: NegativeTrustAnchor) -> dict[str, Any]:
    witness = negative.witness
    return {
        "zone": str(negative.owner),
        "reason": negative.reason,
        "added": None if negative.added is None else to_iso(negative.added),
        "until": None if negative.until is None else to_iso(negative.until),
        "witness": None if witness is None else {"name": str(witness.name), "type": type_to_text(witness.rdtype)},
    }


def _from_json(entry: JsonObject) -> NegativeTrustAnchor:
    witness = None
    if entry.has("witness"):
        given = entry.object("witness")
        witness = Question(given.name("name"), given.rdtype("type"))
    return NegativeTrustAnchor(
        entry.name("zone"), _moment(entry, "until"), entry.text("reason"), _moment(entry, "added"), witness
    )


def _moment(entry: JsonObject, key: str) -> int | None:
    if not entry.has(key):
        return None
    try:
        moment = from_iso(entry.text(key))
    except ValueError:
        moment = -1
    if not 0 <= moment <= MAX_EPOCH:
        raise InputError(f"{entry.where}.{key}", "is not a moment", _FIX)
    return moment

"""The state machine of RFC 5011: from a trust point and an observation to the next trust point. No I/O, no clock.

Who may be trusted without proof is decided here, so the order of the rules matters: revocations come first and need nobody's
consent; all else needs a DNSKEY RRset that validated from the anchors as they were before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from unbroken._kernel import ds_digest
from unbroken.anchors.rfc5011.states import (
    TRANSITIONS,
    Change,
    KeyEvent,
    KeyState,
    Observation,
    Step,
    TrackedKey,
    TrustPoint,
    is_same_key,
    without_revoke_bit,
)
from unbroken.anchors.rfc5011.timers import REMOVE_HOLD_DOWN, Timers, add_hold_down
from unbroken.anchors.store import TrustAnchor
from unbroken.dns import Dnskey, Ds, Name

MAX_PENDING: Final = 8
"""Keys that may wait for their hold-down at once; RFC 5011 §2.4.3 asks for room for five."""
MAX_KEYS: Final = 64
"""Keys of one trust point in all states. Revoked and removed ones stay, so that they never come back; at one roll of the
root's key in three years they last for two centuries."""


def begin(anchor: TrustAnchor, now: int) -> TrustPoint:
    """A trust point from anchors that somebody configured: they are trusted from the start. It is due for a look at `now`."""
    keys: list[TrackedKey] = []
    for dnskey in anchor.dnskeys:
        if not dnskey.is_revoked and not any(is_same_key(key.dnskey, dnskey) for key in keys):
            keys.append(TrackedKey(dnskey, KeyState.VALID, now, now))
    unseen = tuple(ds for ds in anchor.dses if not any(is_digest_of(ds, anchor.owner, key.dnskey) for key in keys))
    return TrustPoint(anchor.owner, tuple(_without_stand_ins(keys)), unseen, anchor.source, Timers(next_query=now))


def step(point: TrustPoint, seen: Observation, now: int) -> Step:
    """The trust point after an observation at `now` (epoch seconds), and what changed.

    An observation that is not authenticated counts as a failed query (RFC 5011 §2.3), but its revocations hold.
    """
    work = _Work(point, now)
    work.set_back_clock()
    # The order of records in a response is anybody's choice: nothing may come of it.
    for dnskey in sorted(seen.revoked, key=lambda key: key.rdata):
        work.revoke(dnskey)
    if not seen.is_authenticated:
        return work.finish(point.timers.failed(now))
    for key in tuple(work.keys):
        work.judge(key, seen)
    for dnskey in sorted(seen.keys, key=lambda key: key.rdata):
        work.admit(dnskey, seen.original_ttl)
    return work.finish(point.timers.succeeded(now, seen.original_ttl, seen.expires_in))


def is_digest_of(ds: Ds, owner: Name, dnskey: Dnskey) -> bool:
    """Whether a DS record is that of a key without REVOKE bit (RFC 4034 §5.1.4)."""
    if (ds.key_tag, ds.algorithm) != (dnskey.key_tag, dnskey.algorithm):
        return False
    return ds_digest(owner, dnskey, ds.digest_type) == ds.digest


def _without_stand_ins(keys: Sequence[TrackedKey]) -> list[TrackedKey]:
    """RFC 5011 §2.2, §4.1: anchors are keys with the SEP bit. One without it counts only while there is no other: nobody
    revokes a zone signing key that is rolled, so that it would be trusted for ever.
    """
    if not any(key.state.is_trusted and key.dnskey.is_secure_entry_point for key in keys):
        return list(keys)
    return [key for key in keys if key.dnskey.is_secure_entry_point or not key.state.is_trusted]


class _Work:
    """One step in the making."""

    def __init__(self, point: TrustPoint, now: int) -> None:
        self.point, self.now = point, now
        self.keys = list(point.keys)
        self.digests = list(point.digests)
        self.changes: list[Change] = []
        self.notes: list[str] = []

    def finish(self, timers: Timers) -> Step:
        kept = _without_stand_ins(self.keys)
        dropped = ", ".join(str(key.dnskey.key_tag) for key in self.keys if key not in kept)
        if dropped:
            self.notes.append(f"key {dropped} of {self.point.owner} has no SEP bit, and gives way to a key that has")
            self.keys = kept
        point = replace(self.point, keys=tuple(self.keys), digests=tuple(self.digests), timers=timers)
        if point.anchor is None and self.point.anchor is not None:
            # RFC 5011 §5: a trust point with all of its anchors revoked is deleted.
            self.notes.append(f"every trust anchor of {point.owner} is revoked: get its new anchor out of band")
        return Step(point, tuple(self.changes), tuple(self.notes))

    def set_back_clock(self) -> None:
        """Times that lie ahead were taken from a clock that was wrong, then or now: no hold-down may rest on them."""
        if all(max(key.since, key.last_seen) <= self.now for key in self.keys):
            return
        self.notes.append("the clock was set back: hold-downs that began later than now begin anew")
        self.keys = [
            replace(key, since=min(key.since, self.now), last_seen=min(key.last_seen, self.now)) for key in self.keys
        ]

    def revoke(self, dnskey: Dnskey) -> None:
        """RFC 5011 §2.1: revocation is immediate and permanent. A key that was never of interest stays so."""
        dnskey = without_revoke_bit(dnskey)
        known = next((key for key in self.keys if is_same_key(key.dnskey, dnskey)), None)
        if known is None and not self._forget_digests(dnskey):
            return
        self._forget_digests(dnskey)
        self._apply(known, dnskey, KeyEvent.REVOKE_BIT)
        self._seen(dnskey)

    def judge(self, key: TrackedKey, seen: Observation) -> None:
        """One tracked key against an authenticated key set."""
        if any(is_same_key(dnskey, key.dnskey) for dnskey in seen.keys):
            if key.state is KeyState.ADD_PENDING and self.now >= key.since + key.hold_down:
                # RFC 5011 §2.2: the first time that the key is seen after its timer has run out.
                self._apply(key, key.dnskey, KeyEvent.ADD_TIME)
            else:
                self._apply(key, key.dnskey, KeyEvent.KEY_PRESENT)
            self._seen(key.dnskey)
        elif not any(is_same_key(dnskey, key.dnskey) for dnskey in seen.revoked):
            # RFC 5011 §2.2: a pending key that is absent once starts all over; §4.2: a valid one is still trusted.
            self._apply(key, key.dnskey, KeyEvent.KEY_REMOVED)
            if key.state is KeyState.REVOKED and self.now - key.last_seen >= REMOVE_HOLD_DOWN:
                self._apply(key, key.dnskey, KeyEvent.REMOVE_TIME)

    def admit(self, dnskey: Dnskey, original_ttl: int) -> None:
        """A key of an authenticated set: perhaps one that a configured digest is of, perhaps a new one."""
        known = next((key for key in self.keys if is_same_key(key.dnskey, dnskey)), None)
        # Only a key that is not known, or waits: one that was revoked stays so, whatever is configured.
        if self._forget_digests(dnskey) and (known is None or known.state is KeyState.ADD_PENDING):
            self._apply(known, dnskey, KeyEvent.CONFIGURED)
        # RFC 5011 §4.1: a new key is one with the SEP bit.
        elif known is None and dnskey.is_secure_entry_point and self._has_room(dnskey):
            self._apply(None, dnskey, KeyEvent.NEW_KEY, add_hold_down(original_ttl))

    def _has_room(self, dnskey: Dnskey) -> bool:
        pending = sum(key.state is KeyState.ADD_PENDING for key in self.keys)
        if pending < MAX_PENDING and len(self.keys) < MAX_KEYS:
            return True
        limit = f"{MAX_PENDING} keys are pending" if pending >= MAX_PENDING else f"{MAX_KEYS} keys are known"
        self.notes.append(f"key {dnskey.key_tag} of {self.point.owner} is not taken up: {limit} already")
        return False

    def _forget_digests(self, dnskey: Dnskey) -> bool:
        """Drop the digests that are of this key; whether there were any."""
        kept = [ds for ds in self.digests if not is_digest_of(ds, self.point.owner, dnskey)]
        found = len(kept) < len(self.digests)
        self.digests = kept
        return found

    def _apply(self, key: TrackedKey | None, dnskey: Dnskey, event: KeyEvent, hold_down: int = 0) -> None:
        before = key.state if key is not None else KeyState.START
        after = TRANSITIONS.get((before, event))
        if after is None:
            return
        self.changes.append(Change(dnskey, event, before, after))
        changed = TrackedKey(dnskey, after, self.now, key.last_seen if key is not None else self.now, hold_down)
        self.keys = list(self._with(dnskey, None if after is KeyState.START else changed))

    def _with(self, dnskey: Dnskey, changed: TrackedKey | None) -> Iterator[TrackedKey]:
        """The keys with one of them exchanged, dropped, or added at the end."""
        is_known = False
        for key in self.keys:
            if not is_same_key(key.dnskey, dnskey):
                yield key
                continue
            is_known = True
            if changed is not None:
                yield changed
        if not is_known and changed is not None:
            yield changed

    def _seen(self, dnskey: Dnskey) -> None:
        self.keys = [replace(key, last_seen=self.now) if is_same_key(key.dnskey, dnskey) else key for key in self.keys]

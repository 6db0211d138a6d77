"""The values of RFC 5011: a key's state and events, a trust point, and what one look at a zone's keys showed."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from unbroken.anchors.rfc5011.timers import Timers
from unbroken.anchors.store import TrustAnchor
from unbroken.dns import Dnskey, Ds, Name, RRset

_DNSKEY: Final = 48
_REVOKE: Final = 0x0080  # RFC 5011 §3: bit 8 of the flags


class KeyState(Enum):
    """RFC 5011 §4.2. A key that is not tracked is in START."""

    START = "start"
    ADD_PENDING = "add-pending"
    VALID = "valid"
    MISSING = "missing"
    REVOKED = "revoked"
    REMOVED = "removed"

    @property
    def is_trusted(self) -> bool:
        """RFC 5011 §4.2: in VALID and MISSING, and in no other state, a key is a trust anchor."""
        return self in (KeyState.VALID, KeyState.MISSING)


class KeyEvent(Enum):
    """RFC 5011 §4.1, and CONFIGURED: the key is one that somebody put there by hand."""

    CONFIGURED = "configured"
    NEW_KEY = "new-key"
    KEY_PRESENT = "key-present"
    KEY_REMOVED = "key-removed"
    ADD_TIME = "add-time"
    REMOVE_TIME = "remove-time"
    REVOKE_BIT = "revoke-bit"


TRANSITIONS: Final = {
    # RFC 5011 §4, the table; what is not in it changes nothing.
    (KeyState.START, KeyEvent.NEW_KEY): KeyState.ADD_PENDING,
    (KeyState.ADD_PENDING, KeyEvent.KEY_REMOVED): KeyState.START,
    (KeyState.ADD_PENDING, KeyEvent.ADD_TIME): KeyState.VALID,
    (KeyState.VALID, KeyEvent.KEY_REMOVED): KeyState.MISSING,
    (KeyState.VALID, KeyEvent.REVOKE_BIT): KeyState.REVOKED,
    (KeyState.MISSING, KeyEvent.KEY_PRESENT): KeyState.VALID,
    (KeyState.MISSING, KeyEvent.REVOKE_BIT): KeyState.REVOKED,
    (KeyState.REVOKED, KeyEvent.REMOVE_TIME): KeyState.REMOVED,
    # Beyond it: an anchor set by hand is trusted at once, and the revocation of a key that only waits for its hold-down, or
    # of which only a digest is known, is as permanent as any (RFC 5011 §2.1).
    (KeyState.START, KeyEvent.CONFIGURED): KeyState.VALID,
    (KeyState.ADD_PENDING, KeyEvent.CONFIGURED): KeyState.VALID,
    (KeyState.START, KeyEvent.REVOKE_BIT): KeyState.REVOKED,
    (KeyState.ADD_PENDING, KeyEvent.REVOKE_BIT): KeyState.REVOKED,
}


@dataclass(frozen=True, slots=True)
class TrackedKey:
    """A key of a trust point. `dnskey` is its form without REVOKE bit. Times are epoch seconds.

    `since`: when the state began. `last_seen`: when the zone last showed the key, revoked or not. `hold_down`: seconds from
    `since` for which an ADD_PENDING key must be seen without a break (RFC 5011 §2.4.1); 0 in other states.
    """

    dnskey: Dnskey
    state: KeyState
    since: int
    last_seen: int
    hold_down: int = 0

    @property
    def trusted_from(self) -> int | None:
        """Epoch second from which an ADD_PENDING key may become VALID; None in other states."""
        return self.since + self.hold_down if self.state is KeyState.ADD_PENDING else None


@dataclass(frozen=True, slots=True)
class TrustPoint:
    """A trust point of RFC 5011: a zone whose keys are trust anchors and look after themselves.

    `digests` are configured DS records whose key the zone has not shown yet. `source` tells where the first anchors came from.
    """

    owner: Name
    keys: tuple[TrackedKey, ...]
    digests: tuple[Ds, ...]
    source: str
    timers: Timers

    @property
    def anchor(self) -> TrustAnchor | None:
        """What is trusted now. None: every anchor was revoked, and the trust point is as good as never configured
        (RFC 5011 §5)."""
        trusted = tuple(key.dnskey for key in self.keys if key.state.is_trusted)
        if not trusted and not self.digests:
            return None
        return TrustAnchor(self.owner, self.digests, trusted, self.source)

    def look_anchor(self, now: int) -> TrustAnchor | None:
        """What to validate a look at the zone's keys with, at `now` (epoch seconds): what is trusted, and pending keys whose
        hold-down is over.

        RFC 5011 §2.2: such a key becomes an anchor the next time that the RRset with it is seen. By then the zone may sign
        with no older key; whoever was out of reach for the last days of a roll would never get over it. It must have been
        in at least two authenticated sets, since one could be a single forgery with a stolen key.
        """
        anchor = self.anchor
        if anchor is None:
            return None
        mature = tuple(
            key.dnskey
            for key in self.keys
            if key.trusted_from is not None and key.trusted_from <= now and key.last_seen > key.since
        )
        return TrustAnchor(self.owner, anchor.dses, anchor.dnskeys + mature, self.source) if mature else anchor

    def find(self, dnskey: Dnskey) -> TrackedKey | None:
        """The tracked key that this DNSKEY is, whatever its REVOKE and SEP bits."""
        return next((key for key in self.keys if is_same_key(key.dnskey, dnskey)), None)


@dataclass(frozen=True, slots=True)
class Observation:
    """What one look at a trust point's DNSKEY RRset showed.

    `keys`: the zone keys in it that are not revoked and that policy supports; empty unless `is_authenticated`.
    `revoked`: those that revoked themselves, in their form without REVOKE bit; they need no authentication (RFC 5011 §2.1).
    `original_ttl` and `expires_in` (seconds until the signature that counts ends) are 0 unless authenticated. `problem`: why it
    is not.
    """

    keys: tuple[Dnskey, ...] = ()
    revoked: tuple[Dnskey, ...] = ()
    is_authenticated: bool = False
    original_ttl: int = 0
    expires_in: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A key that went from one state to another."""

    dnskey: Dnskey
    event: KeyEvent
    before: KeyState
    after: KeyState


@dataclass(frozen=True, slots=True)
class Step:
    """A trust point after one look, and what changed. `notes` are sentences for the log: what was refused, and why."""

    point: TrustPoint
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()


def is_same_key(one: Dnskey, other: Dnskey) -> bool:
    """RFC 5011 §3: setting the REVOKE bit changes flags and key tag, not the key."""
    return one.algorithm == other.algorithm and one.public_key == other.public_key and one.protocol == other.protocol


def without_revoke_bit(dnskey: Dnskey) -> Dnskey:
    """The key as it was before it was revoked."""
    if not dnskey.is_revoked:
        return dnskey
    rdata = (dnskey.flags & ~_REVOKE).to_bytes(2) + dnskey.rdata[2:]
    return RRset(Name.ROOT, _DNSKEY, 0, (rdata,)).dnskeys()[0]

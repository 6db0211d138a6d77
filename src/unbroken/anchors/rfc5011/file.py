"""Trust points in a file: RFC 5011 §2.4.1 counts in months, so what was seen must outlive the process."""

import os
from base64 import b64encode
from collections.abc import Iterable
from typing import Any, Final

from unbroken.anchors import statefile
from unbroken.anchors.rfc5011.machine import MAX_KEYS
from unbroken.anchors.rfc5011.states import KeyState, TrackedKey, TrustPoint, is_same_key
from unbroken.anchors.rfc5011.timers import Timers
from unbroken.chain.json_reader import JsonObject
from unbroken.chain.times import MAX_EPOCH, from_iso, to_iso
from unbroken.dns import Name, RRset, WireError
from unbroken.errors import InputError

FORMAT: Final = "unbroken-trust-points"
VERSION: Final = 1
_DS: Final = 43
_DNSKEY: Final = 48
_MAX_SECONDS: Final = 1 << 32
FIX: Final = "restore it from a copy, or remove it to begin anew from the configured anchors"


def save(path: str | os.PathLike[str], points: Iterable[TrustPoint]) -> None:
    """Write the trust points: the old file or the new one is there at any moment. Raises StateError."""
    statefile.save(path, FORMAT, VERSION, {"trust_points": [_point_json(point) for point in points]})


def load(path: str | os.PathLike[str]) -> tuple[TrustPoint, ...]:
    """The trust points in a file that `save` wrote. Raises InputError, where=PATH and the place in it, for anything else."""
    return read(statefile.load(path, FIX))


def read(found: JsonObject) -> tuple[TrustPoint, ...]:
    """The trust points of a state file that was opened already. Raises InputError."""
    statefile.expect(found, FORMAT, VERSION, FIX)
    points = tuple(_read_point(entry) for entry in found.objects("trust_points"))
    if len({point.owner for point in points}) < len(points):
        raise InputError(found.where, "has two trust points of one name", FIX)
    if not points:
        raise InputError(found.where, "has no trust point in it", FIX)
    return points


def _point_json(point: TrustPoint) -> dict[str, Any]:
    timers = point.timers
    return {
        "zone": str(point.owner),
        "source": point.source,
        "last_query": _moment_json(timers.last_query),
        "last_success": _moment_json(timers.last_success),
        "next_query": to_iso(timers.next_query),
        "query_interval": timers.query_interval,
        "retry_time": timers.retry_time,
        "failures": timers.failures,
        "digests": [{"rdata": b64encode(ds.rdata).decode()} for ds in point.digests],
        "keys": [_key_json(key) for key in point.keys],
    }


def _key_json(key: TrackedKey) -> dict[str, Any]:
    return {
        "key_tag": key.dnskey.key_tag,
        "state": key.state.value,
        "since": to_iso(key.since),
        "last_seen": to_iso(key.last_seen),
        "hold_down": key.hold_down,
        "rdata": b64encode(key.dnskey.rdata).decode(),
    }


def _moment_json(moment: int) -> str | None:
    """0 stands for never."""
    return to_iso(moment) if moment else None


def _read_point(entry: JsonObject) -> TrustPoint:
    owner = entry.name("zone")
    keys = [_read_key(item, owner) for item in entry.objects("keys")]
    if len(keys) > MAX_KEYS * 2:
        raise InputError(entry.where, f"has {len(keys)} keys", FIX)
    for index, key in enumerate(keys):
        if any(is_same_key(key.dnskey, other.dnskey) for other in keys[:index]):
            raise InputError(entry.where, f"has key {key.dnskey.key_tag} twice", FIX)
    rdatas = tuple(item.octets("rdata") for item in entry.objects("digests"))
    digests = _rrset(entry, owner, _DS, rdatas).dses() if rdatas else ()
    timers = Timers(
        next_query=_moment(entry, "next_query"),
        last_query=_optional_moment(entry, "last_query"),
        last_success=_optional_moment(entry, "last_success"),
        query_interval=entry.number("query_interval", _MAX_SECONDS),
        retry_time=entry.number("retry_time", _MAX_SECONDS),
        failures=entry.number("failures", _MAX_SECONDS),
    )
    return TrustPoint(owner, tuple(keys), digests, entry.text("source"), timers)


def _read_key(item: JsonObject, owner: Name) -> TrackedKey:
    (dnskey,) = _rrset(item, owner, _DNSKEY, (item.octets("rdata"),)).dnskeys()
    state = item.member("state", KeyState)
    # RFC 5011 §2.1: the form with REVOKE bit is never one to trust, and START is the state of what is not tracked.
    if dnskey.is_revoked or not dnskey.is_zone_key or dnskey.key_tag != item.number("key_tag", 65535):
        raise InputError(item.where, "is no key that could have been written there", FIX)
    if state is KeyState.START:
        raise InputError(item.where, "has no state", FIX)
    hold_down = item.number("hold_down", _MAX_SECONDS)
    return TrackedKey(dnskey, state, _moment(item, "since"), _moment(item, "last_seen"), hold_down)


def _rrset(item: JsonObject, owner: Name, rdtype: int, rdatas: tuple[bytes, ...]) -> RRset:
    try:
        return RRset(owner, rdtype, 0, rdatas)
    except WireError as error:
        raise InputError(item.where, f"has rdata that does not parse ({error})", FIX) from None


def _moment(item: JsonObject, key: str) -> int:
    try:
        moment = from_iso(item.text(key))
    except ValueError:
        moment = -1
    if not 0 <= moment <= MAX_EPOCH:
        raise InputError(f"{item.where}.{key}", "is not a moment", FIX)
    return moment


def _optional_moment(item: JsonObject, key: str) -> int:
    return _moment(item, key) if item.has(key) else 0

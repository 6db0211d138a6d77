"""What `unbroken anchors` shows of state files: keys in their RFC 5011 states, negative trust anchors with reason and end."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from unbroken.errors import InputError

if TYPE_CHECKING:
    from unbroken.anchors import NegativeTrustAnchor
    from unbroken.anchors.rfc5011 import TrackedKey, TrustPoint


def load(path: str) -> "tuple[tuple[TrustPoint, ...], tuple[NegativeTrustAnchor, ...]]":
    """The trust points or the negative trust anchors in a state file, whichever it holds. Raises InputError."""
    from unbroken.anchors import negative, statefile
    from unbroken.anchors.rfc5011 import file as points

    found = statefile.load(path, points.FIX)
    if found.text("format") == negative.FORMAT:
        return (), tuple(negative.read(found).values())
    if found.text("format") != points.FORMAT:
        raise InputError(path, "is a state file of another kind", "give one of trust points or negative trust anchors")
    return points.read(found), ()


def lines(point: "TrustPoint") -> Iterator[str]:
    """A trust point as zone-file lines. What is not trusted stands behind a comment sign, so that the whole is an anchor
    file."""
    from unbroken._kernel import rdata_to_text
    from unbroken.chain.times import to_iso
    from unbroken.dns import rdtype as rr
    from unbroken.dns.registry import algorithm_text

    timers = point.timers
    seen = to_iso(timers.last_success) if timers.last_success else "never"
    failed = f", {timers.failures} failed looks since" if timers.failures else ""
    yield f"; {point.owner} follows RFC 5011: keys last seen {seen}{failed}, next look {to_iso(timers.next_query)}"
    if point.anchor is None:
        yield f"; every trust anchor of {point.owner} is revoked"
    for ds in point.digests:
        yield f"{point.owner} IN DS {rdata_to_text(rr.DS, ds.rdata)} ; configured, its key not seen yet"
    for key in point.keys:
        record = f"{point.owner} IN DNSKEY {rdata_to_text(rr.DNSKEY, key.dnskey.rdata)}"
        sign = "" if key.state.is_trusted else "; "
        yield f"{sign}{record} ; key tag {key.dnskey.key_tag}, {algorithm_text(key.dnskey.algorithm)}, {_state(key)}"


def _state(key: "TrackedKey") -> str:
    from unbroken.chain.times import to_iso

    text = f"{key.state.value} since {to_iso(key.since)}"
    if key.trusted_from is not None:
        text += f", trusted from {to_iso(key.trusted_from)} at the earliest"
    return text


def negative_line(found: "NegativeTrustAnchor", now: int) -> str:
    """A negative trust anchor in one line, as a comment."""
    from unbroken.chain.times import to_iso

    until = "without an end" if found.until is None else f"until {to_iso(found.until)}"
    ended = "" if found.is_active(now) else " (ended)"
    since = "" if found.added is None else f"since {to_iso(found.added)}, "
    return f"; negative trust anchor at {found.owner} {since}{until}{ended}: {found.reason}"


def to_json(points: "tuple[TrustPoint, ...]", negatives: "tuple[NegativeTrustAnchor, ...]", now: int) -> str:
    """Both as one JSON object, times in ISO 8601."""
    from unbroken.chain.times import to_iso

    document = {
        "at": to_iso(now),
        "trust_points": [_point_json(point) for point in points],
        "negative_anchors": [_negative_json(found, now) for found in negatives],
    }
    return json.dumps(document, indent=2) + "\n"


def _point_json(point: "TrustPoint") -> dict[str, Any]:
    from unbroken.chain.times import to_iso

    timers = point.timers
    return {
        "zone": str(point.owner),
        "last_success": to_iso(timers.last_success) if timers.last_success else None,
        "next_query": to_iso(timers.next_query),
        "failures": timers.failures,
        "digests": [
            {"key_tag": ds.key_tag, "algorithm": ds.algorithm, "digest": ds.digest.hex()} for ds in point.digests
        ],
        "keys": [
            {
                "key_tag": key.dnskey.key_tag,
                "algorithm": key.dnskey.algorithm,
                "state": key.state.value,
                "is_trusted": key.state.is_trusted,
                "since": to_iso(key.since),
                "last_seen": to_iso(key.last_seen),
                "trusted_from": None if key.trusted_from is None else to_iso(key.trusted_from),
            }
            for key in point.keys
        ],
    }


def _negative_json(found: "NegativeTrustAnchor", now: int) -> dict[str, Any]:
    from unbroken.chain.times import to_iso

    return {
        "zone": str(found.owner),
        "reason": found.reason,
        "added": None if found.added is None else to_iso(found.added),
        "until": None if found.until is None else to_iso(found.until),
        "is_active": found.is_active(now),
    }

"""Negative trust anchors in a file, so that they outlive a restart."""

import json
import os
from collections.abc import Iterable
from typing import Any, Final

from unbroken.anchors.store import NegativeTrustAnchor
from unbroken.chain.times import from_iso, to_iso
from unbroken.dns import Name
from unbroken.errors import InputError
from unbroken.files import read_bounded, write_atomically

_VERSION: Final = 1
_MAX_SIZE: Final = 1 << 20


def load(path: str) -> tuple[NegativeTrustAnchor, ...]:
    """Those in the file; none when it is not there yet. Raises InputError for a file that is not one of ours."""
    if not os.path.exists(path):
        return ()
    try:
        record = json.loads(read_bounded(path, _MAX_SIZE))
        if record["version"] != _VERSION:
            raise ValueError("another version")
        return tuple(_anchor(item) for item in record["negative_anchors"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        fix = "remove it, and set the negative trust anchors anew"
        raise InputError(path, "does not hold negative trust anchors as this version writes them", fix) from None


def _anchor(item: Any) -> NegativeTrustAnchor:
    return NegativeTrustAnchor(Name(item["name"]), from_iso(item["until"]), str(item["reason"]))


def save(path: str, anchors: Iterable[NegativeTrustAnchor]) -> None:
    """Write the file anew, whole or not at all. Raises StateError."""
    items = [
        {"name": str(anchor.owner), "until": to_iso(anchor.until), "reason": anchor.reason}
        for anchor in anchors
        if anchor.until is not None
    ]
    record = {"version": _VERSION, "negative_anchors": items}
    write_atomically(path, (json.dumps(record, indent=2) + "\n").encode("ascii"), mode=0o600)

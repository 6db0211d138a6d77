"""The anchors to start a resolver with: what an earlier run knew, else what is configured, else what is built in.

RFC 5011 §2.2: what was seen since an anchor was configured is worth more than the configuration, which may be years old.
So a state file comes first, zone by zone; but which zones have anchors at all is for the configuration to say.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from unbroken.anchors import rfc5011
from unbroken.anchors.builtin import iana_root
from unbroken.anchors.files import load, parse, read
from unbroken.anchors.rfc5011 import TrustPoint
from unbroken.anchors.rfc5011.machine import is_digest_of
from unbroken.anchors.store import TrustAnchor, TrustAnchors
from unbroken.chain.times import to_iso
from unbroken.dns import Name
from unbroken.errors import InputError

_CA_FILE: Final = "CA file"  # how `verify_signature` names it


@dataclass(frozen=True, slots=True)
class AnchorFile:
    """A configured file of trust anchors, in any format that `load` reads.

    `signature` and `authorities` (paths) go with IANA's root-anchors.xml: its detached PKCS#7 signature and the CA
    certificates to trust for it (RFC 9718 §3); both or neither. With `is_followed` the anchors look after themselves by
    RFC 5011.
    """

    path: str
    signature: str | None = None
    authorities: str | None = None
    is_followed: bool = True


class Origin(Enum):
    """Where the anchors of a zone came from, in order of precedence."""

    STATE_FILE = "state file"
    CONFIGURED = "configured"
    BUILT_IN = "built in"


@dataclass(frozen=True, slots=True)
class Start:
    """What to start with. `points` follow RFC 5011, the anchors in `fixed` stay as they are; no zone is in both.

    `origins` says for each zone where its anchors came from, `notes` are sentences for the log.
    """

    points: tuple[TrustPoint, ...]
    fixed: TrustAnchors
    origins: tuple[tuple[Name, Origin], ...]
    notes: tuple[str, ...] = ()

    @property
    def anchors(self) -> TrustAnchors:
        """All of them together, as the validator takes them."""
        return trusted(self.points, self.fixed)


def trusted(points: Iterable[TrustPoint], fixed: TrustAnchors) -> TrustAnchors:
    """What trust points and fixed anchors make up together at this moment."""
    followed = (point.anchor for point in points)
    return TrustAnchors((*fixed.values(), *(anchor for anchor in followed if anchor is not None)), fixed.negatives)


def anchors_to_start_with(
    state_file: str | None,
    configured: Sequence[AnchorFile],
    now: int,
    *,
    built_in: TrustAnchors | None = None,
    known: Iterable[TrustPoint] | None = None,
) -> Start:
    """The anchors for a start at `now` (epoch seconds): state file, else configured files, else IANA's built-in anchors.

    A `state_file` that is not there is a first start; the configured anchors are then trust points to be saved under that name.
    `built_in` stands in for IANA's anchors, as those of a lab do. `known` stands in for what is in the state file: the trust
    points of a resolver that runs, which may be newer.
    Raises InputError, where=PATH: a file that can't be read or does not parse, a signature that is not IANA's, digests
    none of which is in force (RFC 9718 §2), a damaged state file, a zone whose anchors are all revoked.
    """
    origin = Origin.CONFIGURED if configured else Origin.BUILT_IN
    if configured:
        followed, fixed = _configured(configured, now)
    else:
        followed, fixed = built_in if built_in is not None else _built_in(now), TrustAnchors()
    earlier = {point.owner: point for point in known} if known is not None else _known(state_file)
    notes: list[str] = []
    points: list[TrustPoint] = []
    origins: dict[Name, Origin] = dict.fromkeys(fixed, Origin.CONFIGURED)
    for owner, anchor in followed.items():
        point = earlier.pop(owner, None)
        origins[owner] = origin if point is None else Origin.STATE_FILE
        if point is not None:
            notes += _passed_over(point, anchor, str(state_file))
            point = _still_alive(point, str(state_file))
        points.append(point or rfc5011.begin(anchor, now))
    notes += [
        f"{state_file}: what it knows of {owner} is not used, since no anchor is configured to follow"
        for owner in earlier
    ]
    return Start(tuple(points), fixed, tuple(sorted(origins.items())), tuple(notes))


def _built_in(now: int) -> TrustAnchors:
    anchors = iana_root(now)
    if not anchors:
        raise InputError(
            "built-in root anchors", f"none was in force at {to_iso(now)}", "set the clock, or configure a trust anchor"
        )
    return anchors


def _configured(files: Sequence[AnchorFile], now: int) -> tuple[TrustAnchors, TrustAnchors]:
    """Those that follow RFC 5011, and those that do not."""
    followed, fixed = TrustAnchors(), TrustAnchors()
    for file in files:
        if file.is_followed:
            followed = followed.merge(_load(file, now))
        else:
            fixed = fixed.merge(_load(file, now))
    for owner in followed:
        if owner in fixed:
            what = f"the anchors of {owner} are configured both to stay and to follow RFC 5011"
            raise InputError(followed[owner].source, what, "choose one for all anchors of a zone")
    return followed, fixed


def _load(file: AnchorFile, now: int) -> TrustAnchors:
    if file.signature is None and file.authorities is None:
        return load(file.path, now=now)
    if file.signature is None or file.authorities is None:
        missing = "signature file" if file.signature is None else "CA certificates"
        raise InputError(file.path, f"has no {missing} configured", "give both, or neither")
    from unbroken.anchors.iana import SignatureRefused, verify_signature  # `cryptography`, for this case only

    document = read(file.path)
    try:
        verify_signature(document, read(file.signature), read(file.authorities), now)
    except SignatureRefused as error:
        where = file.authorities if error.where == _CA_FILE else file.signature
        what = f"the signature over {file.path} is not accepted: {error.what}"
        raise InputError(where, what, error.fix or "fetch both files again") from None
    return parse(document, file.path, now=now)


def _known(state_file: str | None) -> dict[Name, TrustPoint]:
    if state_file is None or not os.path.exists(state_file):
        return {}
    return {point.owner: point for point in rfc5011.load(state_file)}


def _still_alive(point: TrustPoint, state_file: str) -> TrustPoint:
    """RFC 5011 §5: a zone whose anchors are all revoked is as if it never had any. For the root that is no way to start,
    and for others it is a decision that somebody should take."""
    if point.anchor is None:
        fix = "get its new anchor out of band, configure it, and remove the state file"
        raise InputError(state_file, f"every trust anchor of {point.owner} was revoked", fix)
    return point


def _passed_over(point: TrustPoint, configured: TrustAnchor, state_file: str) -> list[str]:
    """A sentence when something is configured that the state file has never heard of: a missed key roll looks like this."""
    tags = [key.key_tag for key in configured.dnskeys if point.find(key) is None]
    tags += [
        ds.key_tag
        for ds in configured.dses
        if ds not in point.digests and not any(is_digest_of(ds, point.owner, key.dnskey) for key in point.keys)
    ]
    if not tags:
        return []
    names = ", ".join(map(str, dict.fromkeys(tags)))
    unknown = f"comes before the configured anchors of {point.owner}, and does not know key {names}"
    return [f"{state_file}: {unknown}; remove the file to begin with the configured ones"]

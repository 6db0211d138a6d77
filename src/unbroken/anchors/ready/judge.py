"""From the keys in an anchor file to whether its owner is ready for the root's roll from KSK-2017 to KSK-2024.

A key is told by its digest, not by its tag: a tag is 16 bits that anybody can hit.
"""

import os
from typing import Final

from unbroken._kernel import ds_digest
from unbroken.anchors.builtin import iana_root
from unbroken.anchors.files import read
from unbroken.anchors.ready.model import (
    Contents,
    FileKind,
    FoundKey,
    KeyReport,
    Readiness,
    ReadyStatus,
    Trust,
)
from unbroken.anchors.ready.sources import read_contents
from unbroken.anchors.records import DS, Entry
from unbroken.chain.times import to_iso
from unbroken.dns import Ds, Name, RRset, WireError
from unbroken.dns.registry import SHA256
from unbroken.errors import InputError

KSK_2017: Final = 20326
KSK_2024: Final = 38696
_NAMES: Final = {KSK_2024: "KSK-2024", KSK_2017: "KSK-2017"}
ROLL: Final = 1791676800
"""2026-10-11T00:00:00Z: the day from which KSK-2024 signs the root's keys, and KSK-2017 does not."""
_NOTES: Final = 12
_MOST_USEFUL: Final = (Trust.TRUSTED, Trust.MISSING, Trust.PENDING, Trust.REVOKED, Trust.REMOVED, Trust.ABSENT)


def check(path: str | os.PathLike[str], now: int) -> Readiness:
    """Whether the owner of an anchor file is ready, at `now` (epoch seconds). Raises InputError for what can't be read."""
    return judge(read_contents(read(path), str(path), now), str(path), now)


def judge(contents: Contents, source: str, now: int) -> Readiness:
    """The verdict on what a file holds. `source` names the file. Raises InputError for a record that does not parse."""
    notes = list(contents.notes)
    root = [key for key in contents.keys if key.entry.owner.is_root]
    reports: dict[int, KeyReport] = {}
    for tag, name in _NAMES.items():
        found = [key for key in root if _is_key(key.entry, tag, notes)]
        reports[tag] = _report(name, tag, found)
    others = len(contents.keys) - len(root)
    if others:
        notes.append(f"{others} anchors of other zones in it are not judged.")
    if root or contents.has_built_in:
        status, because, fix = _decide(contents, reports[KSK_2024], reports[KSK_2017], now)
    else:
        status, because, fix = (
            ReadyStatus.UNKNOWN,
            "it has no anchor of the root",
            "give the file that has the root's anchors",
        )
    return Readiness(source, contents.kind, status, because, fix, tuple(reports.values()), _shortened(notes))


def _shortened(notes: list[str]) -> tuple[str, ...]:
    """Without doubles, and not for ever: a file may hold thousands of records that are worth a note."""
    unique = list(dict.fromkeys(notes))
    more = (f"And {len(unique) - _NOTES} more of the kind.",) if len(unique) > _NOTES else ()
    return (*unique[:_NOTES], *more)


def _report(name: str, tag: int, found: list[FoundKey]) -> KeyReport:
    best = min(found, key=lambda key: _MOST_USEFUL.index(key.trust), default=None)
    if best is None:
        return KeyReport(name, tag, Trust.ABSENT)
    return KeyReport(name, tag, best.trust, best.trusted_from, best.entry.where)


def _is_key(entry: Entry, tag: int, notes: list[str]) -> bool:
    """Whether a record is that key of the root's, as IANA's digest has it (RFC 9718 §2)."""
    (expected,) = (ds for ds in iana_root()[Name.ROOT].dses if ds.key_tag == tag)
    given, digest = _tag_and_digest(entry, expected)
    if given != (tag, expected.algorithm):
        return False
    if digest is None:
        notes.append(f"{entry.where} names {_NAMES[tag]} by a digest of another type, which is believed by its tag.")
        return True
    if digest != expected.digest:
        notes.append(f"{entry.where} has the tag of {_NAMES[tag]} and is another key.")
        return False
    return True


def _tag_and_digest(entry: Entry, expected: Ds) -> tuple[tuple[int, int], bytes | None]:
    """Tag and algorithm of a record, and its SHA-256 digest if that can be told."""
    try:
        rrset = RRset(entry.owner, entry.rdtype, 0, (entry.rdata,))
        if entry.rdtype == DS:
            (ds,) = rrset.dses()
            return (ds.key_tag, ds.algorithm), ds.digest if ds.digest_type == SHA256 else None
        (key,) = rrset.dnskeys()
        return (key.key_tag, key.algorithm), ds_digest(entry.owner, key, expected.digest_type)
    except WireError as error:
        raise InputError(entry.where, f"the record does not parse: {error}", "use the file as it was written") from None


def _decide(contents: Contents, new: KeyReport, old: KeyReport, now: int) -> tuple[ReadyStatus, str, str]:
    has_rolled = now >= ROLL
    failing = f", and {_FAILING}" if has_rolled else ""
    if new.trust.counts:
        if has_rolled or old.trust.counts or contents.has_built_in:
            return ReadyStatus.READY, "KSK-2024 is trusted", ""
        return (
            ReadyStatus.NOT_READY,
            "KSK-2024 is trusted, but KSK-2017, which signs until 2026-10-11, is not",
            _FIX_OLD,
        )
    if contents.has_built_in and new.trust is Trust.ABSENT:
        return (
            ReadyStatus.UNKNOWN,
            "the anchors built into the release count too, which this file does not show",
            _FIX_LIST,
        )
    if new.trust is Trust.PENDING:
        waits = "KSK-2024 waits for its hold-down time"
        if has_rolled:
            # RFC 5011 §2.2: a pending key needs key sets signed by a trusted key, and there are none any more.
            return ReadyStatus.NOT_READY, waits + failing, _fix(contents.kind)
        until = f", until {to_iso(new.trusted_from)} at the earliest" if new.trusted_from is not None else ""
        return ReadyStatus.WAITING, waits + until, "leave the resolver running, and look again"
    what = {Trust.REVOKED: "was revoked", Trust.REMOVED: "is not trusted any more"}.get(new.trust, "is not in it")
    return ReadyStatus.NOT_READY, f"KSK-2024 {what}{failing}", _fix(contents.kind)


_FAILING: Final = "the root's keys are signed by KSK-2024 alone since 2026-10-11, so that nothing validates now"
_FIX_OLD: Final = "add KSK-2017 as well until then, from https://data.iana.org/root-anchors/"
_FIX_LIST: Final = "save what 'rec_control get-tas' prints in a file, and give that"


def _fix(kind: FileKind) -> str:
    """How to get the key into it."""
    return {
        FileKind.UNBOUND: "run 'unbound-anchor -a FILE' with Unbound stopped, then start it",
        FileKind.BIND_STATE: "stop named, remove the file and its journal, and start a release that has KSK-2024 built in",
        FileKind.BIND_CONFIG: "add KSK-2024 as initial-ds, or use 'dnssec-validation auto' with a release that has it built in",
        FileKind.KNOT_RESOLVER: "stop Knot Resolver and put IANA's current anchors in the file",
        FileKind.POWERDNS_LUA: "add a call addTA('.', '38696 8 2 …') with IANA's digest",
        FileKind.POWERDNS_YAML: "add 38696 to the dsrecords of the root, or take the trustanchors out to use the built-in ones",
        FileKind.POWERDNS_LIST: "update the Recursor, or add KSK-2024 to its trust anchors",
        FileKind.UNBROKEN: "remove the file to begin anew with the built-in anchors",
    }.get(kind, "take IANA's current anchors from https://data.iana.org/root-anchors/")

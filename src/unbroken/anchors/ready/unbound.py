"""Key states in the files of Unbound and Knot Resolver: zone-file lines with the state in a comment.

Both keep keys that are not trusted in the same file, so each record is read with its comment, and a revoked key's REVOKE
bit is taken off first: it is told by the state.
"""

import re
from collections.abc import Iterator
from typing import Final

from unbroken.anchors.ready.model import FoundKey, Trust
from unbroken.anchors.rfc5011.timers import ADD_HOLD_DOWN
from unbroken.anchors.zonefile import parse_zone_lines
from unbroken.errors import InputError

_FLAGS: Final = re.compile(r"\b(DNSKEY\s+)([0-9]{1,5})\b")
_REVOKE: Final = 0x0080  # RFC 5011 §3

# Unbound: the number after `;;state=`.
_UNBOUND_STATE: Final = re.compile(r";;state=([0-9]{1,3})")
_UNBOUND_SINCE: Final = re.compile(r";;lastchange=([0-9]{1,12})")
_UNBOUND_STATES: Final = (Trust.ABSENT, Trust.PENDING, Trust.TRUSTED, Trust.MISSING, Trust.REVOKED, Trust.REMOVED)

# Knot Resolver: `; AddPend:1739318400 ; KeyTag:38696`; the number is when a timer ends. Lines of keys that it does not
# trust are put behind a comment sign, so that releases without RFC 5011 do not trust them either.
KNOT_STATE: Final = re.compile(
    r";\s*(Start|AddPend|Valid|Missing|Revoked|Removed):([0-9]{0,12})\s*(?:;|$)", re.MULTILINE
)
_KNOT_STATES: Final = {
    "Start": Trust.PENDING,
    "AddPend": Trust.PENDING,
    "Valid": Trust.TRUSTED,
    "Missing": Trust.MISSING,
    "Revoked": Trust.REVOKED,
    "Removed": Trust.REMOVED,
}
_KNOT_HIDDEN: Final = re.compile(r";\s*(?=\S+\s+(?:[0-9]+\s+)?(?:IN\s+)?(?:DNSKEY|DS)\s)")


def read_unbound(text: str, source: str) -> Iterator[FoundKey]:
    """The keys of an `auto-trust-anchor-file`, each with its state. Raises InputError with where=SOURCE:LINE."""
    for number, line in enumerate(text.split("\n"), 1):
        where = f"{source}:{number}"
        if line.startswith(";;REVOKED"):
            raise InputError(where, "all keys of this zone were revoked", "get the zone's new trust anchor out of band")
        record = line.partition(";")[0]
        if not record.strip():
            continue
        match = _UNBOUND_STATE.search(line)
        if match is None or int(match.group(1)) >= len(_UNBOUND_STATES):
            raise InputError(where, "a record without a known ';;state='", "use the file as Unbound wrote it")
        trust = _UNBOUND_STATES[int(match.group(1))]
        since = _UNBOUND_SINCE.search(line)
        yield from _keys(record, source, number, trust, _unbound_time(trust, since))


def _unbound_time(trust: Trust, since: re.Match[str] | None) -> int | None:
    if since is None:
        return None
    changed = int(since.group(1))
    # RFC 5011 §2.4.1: 30 days from the change to ADDPEND, unless Unbound was told otherwise (add-holddown).
    return changed + ADD_HOLD_DOWN if trust is Trust.PENDING else changed


def read_knot(text: str, source: str) -> Iterator[FoundKey]:
    """The keys of a `root.keys` that Knot Resolver manages. Raises InputError with where=SOURCE:LINE."""
    for number, line in enumerate(text.split("\n"), 1):
        shown = _KNOT_HIDDEN.match(line)
        content = line[shown.end() :] if shown else line
        record = content.partition(";")[0]
        if not record.strip():
            continue
        match = KNOT_STATE.search(content)
        trust = _KNOT_STATES[match.group(1)] if match else Trust.TRUSTED
        ends = int(match.group(2)) if match and match.group(2) and trust is Trust.PENDING else None
        yield from _keys(record, source, number, trust, ends)


def _keys(record: str, source: str, number: int, trust: Trust, moment: int | None) -> Iterator[FoundKey]:
    flags = _FLAGS.search(record)
    if flags is not None and int(flags.group(2)) & _REVOKE and trust in (Trust.REVOKED, Trust.REMOVED):
        cleared = f"{flags.group(1)}{int(flags.group(2)) & ~_REVOKE}"
        record = record[: flags.start()] + cleared + record[flags.end() :]
    for entry in parse_zone_lines(record, source, number):
        yield FoundKey(entry, trust, moment)

"""The state file of Unbound's `auto-trust-anchor-file`: zone-file lines, the RFC 5011 state in a comment."""

import re
from collections.abc import Iterator
from typing import Final

from unbroken.anchors.records import Entry
from unbroken.anchors.zonefile import parse_zone_lines
from unbroken.errors import InputError

MARK: Final = re.compile(r"^(?:; autotrust trust anchor file|;;REVOKED|[^;\n]+;.*;;state=)", re.MULTILINE)
_STATE: Final = re.compile(r";;state=([0-9]{1,3})")

# RFC 5011 §4: a key is trusted in the states VALID and MISSING; MISSING only says that the zone did not show it lately.
# A key in ADDPEND waits for its hold-down time (§2.4.1), and one that is REVOKED or REMOVED is trusted no more.
_TRUSTED: Final = {"START": False, "ADDPEND": False, "VALID": True, "MISSING": True, "REVOKED": False, "REMOVED": False}
_STATES: Final = tuple(_TRUSTED)  # the number in the file is the index


def parse_autotrust(text: str, source: str) -> Iterator[Entry]:
    """The records of keys that are VALID or MISSING. Raises InputError with where=SOURCE:LINE."""
    trusted = 0
    for number, line in enumerate(text.split("\n"), 1):
        where = f"{source}:{number}"
        # RFC 5011 §5: with all its keys revoked the trust point is gone, as if it had never been configured.
        if line.startswith(";;REVOKED"):
            raise InputError(where, "all keys of this zone were revoked", "get the zone's new trust anchor out of band")
        record = line.partition(";")[0]
        if not record.strip():
            continue
        if not _is_trusted(where, line):
            continue
        trusted += 1
        yield from parse_zone_lines(record, source, number)
    if not trusted:
        raise InputError(
            source, "no key in state VALID or MISSING", "wait for the hold-down time, or give the anchor anew"
        )


def _is_trusted(where: str, line: str) -> bool:
    match = _STATE.search(line)
    if match is None:
        raise InputError(where, "a record without ';;state='", "use the file as Unbound wrote it")
    state = int(match.group(1))
    if state >= len(_STATES):
        raise InputError(where, f"state {state} is unknown", "use the file as Unbound wrote it")
    return _TRUSTED[_STATES[state]]

"""Is a resolver ready for the root's key roll? Read from the files in which Unbound, BIND, Knot Resolver and PowerDNS keep
anchors."""

from unbroken.anchors.ready.judge import check, judge
from unbroken.anchors.ready.model import Contents, FileKind, FoundKey, KeyReport, Readiness, ReadyStatus, Trust
from unbroken.anchors.ready.sources import read_contents

__all__ = [
    "Contents",
    "FileKind",
    "FoundKey",
    "KeyReport",
    "Readiness",
    "ReadyStatus",
    "Trust",
    "check",
    "judge",
    "read_contents",
]

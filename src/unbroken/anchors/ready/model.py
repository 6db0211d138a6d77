"""What was found in an anchor file, and what it means for the root's key roll."""

from dataclasses import dataclass, field
from enum import Enum

from unbroken.anchors.records import Entry


class FileKind(Enum):
    """Whose file it is; the value is for people."""

    UNBOUND = "Unbound auto-trust-anchor-file"
    BIND_STATE = "BIND managed-keys file"
    BIND_CONFIG = "BIND trust-anchors"
    KNOT_RESOLVER = "Knot Resolver root.keys"
    POWERDNS_LUA = "PowerDNS Recursor Lua configuration"
    POWERDNS_YAML = "PowerDNS Recursor YAML settings"
    POWERDNS_LIST = "PowerDNS rec_control get-tas"
    UNBROKEN = "unbroken state file"
    ROOT_XML = "IANA root-anchors.xml"
    ZONE_LINES = "DS or DNSKEY zone-file lines"


class Trust(Enum):
    """What the owner of the file makes of a key, in the words of RFC 5011 §4.2 where it follows that."""

    TRUSTED = "trusted"
    MISSING = "missing"  # still trusted
    PENDING = "pending"
    REVOKED = "revoked"
    REMOVED = "removed"
    ABSENT = "absent"

    @property
    def counts(self) -> bool:
        """Whether the key is a trust anchor now."""
        return self in (Trust.TRUSTED, Trust.MISSING)


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A DS or DNSKEY record of a file and its state. Times are epoch seconds: since when it is trusted, or when a pending
    key will be at the earliest; None where the file does not tell."""

    entry: Entry
    trust: Trust = Trust.TRUSTED
    trusted_from: int | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """A file as read. `has_built_in`: anchors that its program brings along count beside these, so that absence proves
    nothing."""

    kind: FileKind
    keys: tuple[FoundKey, ...]
    has_built_in: bool = False
    notes: tuple[str, ...] = ()


class ReadyStatus(Enum):
    """Whether the root validates with these anchors, now and after the roll."""

    READY = "ready"
    WAITING = "waiting"  # the new key is pending, and the old one still signs
    UNKNOWN = "unknown"  # the anchors that count are built in, or in another file
    NOT_READY = "not ready"


@dataclass(frozen=True, slots=True)
class KeyReport:
    """One of the root's keys in a file. `where`: FILE:LINE, empty when it is absent."""

    name: str
    key_tag: int
    trust: Trust
    trusted_from: int | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """The verdict on one file. `because` is a sentence, and so is each of `notes`; `fix` says what to do."""

    source: str
    kind: FileKind
    status: ReadyStatus
    because: str
    fix: str
    keys: tuple[KeyReport, ...]
    notes: tuple[str, ...] = field(default=())

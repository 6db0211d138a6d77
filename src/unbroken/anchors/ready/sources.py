"""From the octets of an anchor file, whoever's it is, to its keys with their states."""

from collections.abc import Iterable
from typing import Final

from unbroken.anchors import autotrust, bind, statefile
from unbroken.anchors.files import MAX_SIZE, decode
from unbroken.anchors.ready import managed_keys, powerdns, unbound
from unbroken.anchors.ready.model import Contents, FileKind, FoundKey, Trust
from unbroken.anchors.records import DNSKEY, DS, MAX_RECORDS, Entry
from unbroken.anchors.rfc5011 import KeyState, TrustPoint
from unbroken.anchors.rfc5011 import file as point_file
from unbroken.anchors.zonefile import parse_zone_lines
from unbroken.errors import InputError

_STATES: Final = {
    KeyState.ADD_PENDING: Trust.PENDING,
    KeyState.VALID: Trust.TRUSTED,
    KeyState.MISSING: Trust.MISSING,
    KeyState.REVOKED: Trust.REVOKED,
    KeyState.REMOVED: Trust.REMOVED,
}
_STATIC: Final = "These anchors stay as they are: after a later roll of the key, somebody has to change them."
_INITIAL: Final = (
    "named starts from these, and keeps what it has learned in its managed-keys file: look at that one, too."
)


def read_contents(data: bytes, source: str, now: int) -> Contents:
    """The keys in a file of any known kind; `source` names it. `now`: epoch seconds, for times in it.

    Raises InputError, where=SOURCE or SOURCE:LINE, for what can't be read.
    """
    if len(data) > MAX_SIZE:
        raise InputError(source, "more than 1 MiB", "a trust anchor file holds a few records")
    managed_keys.refuse_journal(data, source)
    text = decode(data, source)
    if text.lstrip().startswith("{"):
        points = point_file.read(statefile.parse(data, source, point_file.FIX))
        return Contents(
            FileKind.UNBROKEN, _bounded((key for point in points for key in _of_point(point, source)), source)
        )
    if text.lstrip().startswith("<"):
        return _root_xml(data, source, now)
    if "KEYDATA" in text:
        keys = _bounded(managed_keys.read_managed_keys(text, source, now), source)
        notes = () if keys else ("named has not got the keys of any zone yet.",)
        return Contents(FileKind.BIND_STATE, keys, notes=notes)
    if autotrust.MARK.search(text):
        return Contents(FileKind.UNBOUND, _bounded(unbound.read_unbound(text, source), source))
    return _configuration(text, source)


def _configuration(text: str, source: str) -> Contents:
    """Files that a person writes, and Knot Resolver's, which look like one that a person writes."""
    if powerdns.LISTED in text:
        notes = (_STATIC,)
        return Contents(FileKind.POWERDNS_LIST, _bounded(powerdns.read_list(text, source), source), notes=notes)
    if bind.BLOCK.search(text):
        return _bind(text, source)
    if powerdns.LUA.search(text):
        return _powerdns(FileKind.POWERDNS_LUA, powerdns.read_lua(text, source), source)
    if powerdns.YAML.search(text):
        return _powerdns(FileKind.POWERDNS_YAML, powerdns.read_yaml(text, source), source)
    if unbound.KNOT_STATE.search(text):
        return Contents(FileKind.KNOT_RESOLVER, _bounded(unbound.read_knot(text, source), source))
    keys = _bounded(map(FoundKey, parse_zone_lines(text, source)), source)
    if not keys:
        raise InputError(source, "no trust anchor in it", "give an anchor file of a resolver")
    return Contents(
        FileKind.ZONE_LINES, keys, notes=("Whether its owner follows RFC 5011 is not to be seen from the file.",)
    )


def _bind(text: str, source: str) -> Contents:
    found = list(bind.parse_bind_kinds(text, source))
    keys = _bounded((FoundKey(entry) for entry, _ in found), source)
    root = [kind for entry, kind in found if entry.owner.is_root]
    notes = [_INITIAL] if any(kind.startswith("initial") for kind in root) else []
    notes += [_STATIC] if any(kind.startswith("static") for kind in root) else []
    return Contents(FileKind.BIND_CONFIG, keys, notes=tuple(notes))


def _powerdns(kind: FileKind, found: powerdns.Configured, source: str) -> Contents:
    notes = [f"It names a further file of anchors, {path}: look at that one, too." for path in found.files]
    has_built_in = not found.clears_root
    return Contents(kind, _bounded(found.keys, source), has_built_in, (*notes, _STATIC))


def _root_xml(data: bytes, source: str, now: int) -> Contents:
    from unbroken.anchors.rootxml import parse_root_xml  # expat, for this format only

    return Contents(FileKind.ROOT_XML, _bounded(map(FoundKey, parse_root_xml(data, source, now)), source))


def _of_point(point: TrustPoint, source: str) -> Iterable[FoundKey]:
    for ds in point.digests:
        yield FoundKey(Entry(source, point.owner, DS, ds.rdata))
    for key in point.keys:
        moment = key.trusted_from if key.state is KeyState.ADD_PENDING else key.since
        yield FoundKey(Entry(source, point.owner, DNSKEY, key.dnskey.rdata), _STATES[key.state], moment)


def _bounded(keys: Iterable[FoundKey], source: str) -> tuple[FoundKey, ...]:
    found: list[FoundKey] = []
    for key in keys:
        if len(found) >= MAX_RECORDS:
            raise InputError(key.entry.where, f"more than {MAX_RECORDS} trust anchors", f"is {source} the right file?")
        found.append(key)
    return tuple(found)

"""The records that a described zone brings along, read before anything is signed, so that errors name the file and its line."""

import re
from collections.abc import Mapping
from typing import Final

from unbroken._kernel import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.dns.presentation import rrsets_from_text
from unbroken.errors import InputError
from unbroken.lab.world import World, ZoneSpec

_TTL: Final = 300
_WORD: Final = {rr.SOA: "SOA", rr.CNAME: "CNAME"}


def check_world(world: World, text: str, where: str) -> None:
    """Read each zone's records. `text` is the file that describes the world, `where` its name. Raises InputError."""
    for spec in world.zones:
        _check(spec, world, _first_line(text, spec), where)


def _first_line(text: str, spec: ZoneSpec) -> int:
    """The line of the file that a zone's records begin in; 1 when escapes in them hide it."""
    header = "|".join(re.escape(form) for form in {str(spec.origin), str(spec.origin).removesuffix(".")} if form)
    found = re.search(rf"^\s*\[\s*zone\s*\.\s*[\"']?(?:{header})[\"']?\s*\]", text, re.MULTILINE | re.IGNORECASE)
    position = text.find(spec.records, found.end() if found else 0) if spec.records else -1
    return 1 if position < 0 else text.count("\n", 0, position) + 1


def _check(spec: ZoneSpec, world: World, first_line: int, where: str) -> None:
    rrsets = rrsets_from_text("\n" * (first_line - 1) + spec.records, spec.origin, _TTL, where)
    taken = _made_names(spec, world)
    for rrset in rrsets:
        if rrset.rdtype == rr.SOA:
            raise _error(
                rrset, spec, first_line, where, "a zone has one SOA record, and the lab makes it", "leave it out"
            )
        if rrset.rdtype == rr.CNAME:
            others = [
                other for other in rrsets if other.owner == rrset.owner and other.rdtype not in (rr.CNAME, rr.RRSIG)
            ]
            # RFC 1034 §3.6.2, RFC 2181 §10.1: a name with a CNAME has one, and no other data.
            if len(rrset) > 1 or others or rrset.owner in taken:
                beside = taken.get(rrset.owner, "other data" if others else "another CNAME")
                raise _error(rrset, spec, first_line, where, f"{rrset.owner} has a CNAME beside {beside}", "keep one")


def _made_names(spec: ZoneSpec, world: World) -> Mapping[Name, str]:
    """Names that get records from the lab, and which."""
    made = {spec.origin: "the zone's SOA and NS records"}
    made |= {spec.origin.prepend(label): "the zone's own name server" for label in (b"ns1", b"ns2")}
    return made | {child.origin: "a delegation" for child in world.children(spec.origin)}


def _error(rrset: RRset, spec: ZoneSpec, first_line: int, where: str, what: str, fix: str) -> InputError:
    line = _line_of(rrset, spec)
    return InputError(f"{where} line {first_line + line}", what, fix)


def _line_of(rrset: RRset, spec: ZoneSpec) -> int:
    """The line of the records, from 0, that an RRset of that owner and type is in, as far as one line by itself tells."""
    for number, line in enumerate(spec.records.splitlines()):
        if not re.search(rf"\b{_WORD[rrset.rdtype]}\b", line, re.IGNORECASE):
            continue
        try:
            alone = rrsets_from_text(line, spec.origin, _TTL)
        except InputError:  # it goes on in the next line, or repeats the owner of the one before
            return number
        if any(other.owner == rrset.owner for other in alone):
            return number
    return 0

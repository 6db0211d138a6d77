"""`unbroken ds`: DS, CDS and CDNSKEY records from a zone, a key or a zone file; and `unbroken ds check`."""

import json
import os
import sys
from typing import TYPE_CHECKING, Any, Final

from unbroken.cli import options
from unbroken.cli.command import Command, Parser
from unbroken.errors import InputError, StateError, UsageError

if TYPE_CHECKING:
    from unbroken._kernel import Dnskey, Name, RRset

EXIT_EPILOG: Final = (
    "Exit codes of ds: 0 done, 2 usage or unreadable input, 4 unreachable; of ds check: 0 in order, 1 broken, "
    "2 usage, 3 insecure (no DS at the parent), 4 unreachable."
)
_MAX_ZONE: Final = 256 << 20  # octets of a zone file


def _add(parser: Parser) -> None:
    parser.word("source", "ZONE|FILE")
    parser.option(
        "--digest",
        dest="digests",
        metavar="N",
        type=options.choice("1", "2", "4"),
        action="append",
        default=[],
        help="Digest type: 2 (SHA-256), 4 (SHA-384), or 1 (SHA-1), which must not be used any more. May be given several "
        "times.  [default: 2 and 4]",
    )
    parser.flag("--cds", help="CDS records instead (RFC 7344).")
    parser.flag("--cdnskey", help="CDNSKEY records instead (RFC 7344); with --cds, both.")
    parser.flag("--delete", help="CDS and CDNSKEY that ask the parent to remove all DS (RFC 8078 section 4).")
    parser.option(
        "--zone", metavar="ZONE", help="Zone of a bare PEM key, or origin of a zone file that does not name it."
    )
    parser.option("--ttl", metavar="SECONDS", type=options.whole_number(0, 0x7FFFFFFF), help="Write this TTL.")
    options.add_anchor(parser)
    options.add_network(parser)
    options.add_at(parser)
    parser.flag("--json", dest="as_json", help="Print the records as JSON.")


def _run(source: str, as_json: bool, **settings: Any) -> int:
    """Make DS records, for the parent, or CDS and CDNSKEY records, for the zone itself, or check a delegation.

    FILE is a key (.key, .private, what the two names have in common, or PEM) or a zone file, `-` standard input; of a zone
    file the keys at its apex count. What is no file is a ZONE, and its DNSKEY RRset is asked for; end its name with a dot
    if a file is called the same, or if it is called `check`. Of several keys, those with the SEP flag get a DS, and if
    none has it, all; revoked keys get none.

    A zone whose keys can't be authenticated gets its DS all the same, since that is what DS are made for, with a warning:
    compare them with what the zone's operator says.

    \b
    Examples:
      unbroken ds Kexample.com.+013+12345
      unbroken ds example.com --digest 2
      unbroken ds example.com.zone --cds --cdnskey
      unbroken ds example.com --delete
      unbroken ds check example.com
    """
    zone, dnskeys = _keys(source, settings)
    rrsets = _delete(zone, settings) if settings["delete"] else _rrsets(zone, dnskeys, settings)
    if as_json:
        rows = [row for rrset in rrsets for row in _rows(rrset)]
        sys.stdout.write(json.dumps({"zone": str(zone), "records": rows}, indent=2) + "\n")
        return 0
    ttl = "" if settings["ttl"] is None else f"{settings['ttl']} "
    for row in (row for rrset in rrsets for row in _rows(rrset)):
        sys.stdout.write(f"{row['owner']} {ttl}IN {row['type']} {row['rdata']}\n")
    return 0


def _rows(rrset: "RRset") -> list[dict[str, str]]:
    from unbroken._kernel import type_to_text
    from unbroken.dns.presentation import rdata_to_text

    head = {"owner": str(rrset.owner), "type": type_to_text(rrset.rdtype)}
    return [{**head, "rdata": rdata_to_text(rrset.rdtype, rdata)} for rdata in rrset.rdatas]


def _delete(zone: "Name", settings: dict[str, Any]) -> "list[RRset]":
    from unbroken.delegation import delete_cdnskey, delete_cds

    wants_cds, wants_cdnskey = settings["cds"], settings["cdnskey"]
    both = wants_cds == wants_cdnskey
    rrsets = [delete_cds(zone)] if wants_cds or both else []
    return [*rrsets, delete_cdnskey(zone)] if wants_cdnskey or both else rrsets


def _rrsets(zone: "Name", dnskeys: "tuple[Dnskey, ...]", settings: dict[str, Any]) -> "list[RRset]":
    from unbroken._kernel import RRset
    from unbroken.delegation import cdnskey_rrset, cds_rrset, ds_of_keys, entry_points
    from unbroken.dns import rdtype as rr

    digests = tuple(map(int, settings["digests"])) or (2, 4)
    if 1 in digests:
        _warn("a DS with SHA-1 must not be made any more (RFC 9905 section 2); use --digest 2")
    entries = entry_points(dnskeys)
    if not entries:
        raise InputError(str(zone), "has no key that can have a DS", "a DS names a zone key that is not revoked")
    dses = ds_of_keys(zone, entries, digests)
    rrsets = [cds_rrset(zone, dses)] if settings["cds"] else []
    rrsets += [cdnskey_rrset(zone, entries)] if settings["cdnskey"] else []
    return rrsets or [RRset(zone, rr.DS, 0, tuple(ds.rdata for ds in dses))]


def _warn(text: str) -> None:
    from unbroken.cli.key_options import warn

    warn(text)


# --- where the keys come from ---------------------------------------------------------------------------------------


def _keys(source: str, settings: dict[str, Any]) -> "tuple[Name, tuple[Dnskey, ...]]":
    """The zone and its keys, from a file if there is one of that name, else from the network."""
    from unbroken.dns.user_name import name_from_user

    is_pair = any(os.path.isfile(source + suffix) for suffix in (".key", ".private"))
    if source == "-" or is_pair or (os.path.exists(source) and not os.path.isdir(source)):
        return _from_file(source, is_pair and not os.path.isfile(source), settings)
    if source.startswith(("/", "./", "../")) or source.endswith((".key", ".private", ".pem", ".zone")):
        raise InputError(source, "there is no such file", "give a key file, a zone file or the name of a zone")
    zone = name_from_user(source)
    if settings["delete"]:
        return zone, ()
    return zone, _from_network(zone, settings)


def _from_file(source: str, is_pair: bool, settings: dict[str, Any]) -> "tuple[Name, tuple[Dnskey, ...]]":
    from unbroken.files import read_bounded
    from unbroken.keys import KeyHints, read

    zone = _zone_option(settings)
    if source != "-" and (is_pair or _is_key_file(source)):
        key = read(source, KeyHints(zone=zone))
        return key.zone, (key.dnskey,)
    data = read_bounded(source, _MAX_ZONE)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(source, "is neither a key file nor a zone file", "give one of them") from None
    return _apex_keys(text, "standard input" if source == "-" else source, zone)


def _zone_option(settings: dict[str, Any]) -> "Name | None":
    from unbroken.dns.user_name import name_from_user

    return None if settings["zone"] is None else name_from_user(settings["zone"])


def _is_key_file(path: str) -> bool:
    from unbroken.keys.store import is_key_file

    return path.endswith((".key", ".private")) or is_key_file(path)


def _apex_keys(text: str, where: str, zone: "Name | None") -> "tuple[Name, tuple[Dnskey, ...]]":
    """The DNSKEYs at the apex, which is where the SOA is, or without one, where the only DNSKEYs are."""
    from unbroken.dns import rdtype as rr
    from unbroken.dns.master_file import rrsets_from_text

    rrsets = rrsets_from_text(text, zone, where=where)
    found = {rrset.owner: rrset.dnskeys() for rrset in rrsets if rrset.rdtype == rr.DNSKEY}
    apexes = {rrset.owner for rrset in rrsets if rrset.rdtype == rr.SOA} or set(found)
    if zone is not None:
        apexes = {zone}
    if len(apexes) > 1:
        raise InputError(where, "holds keys of several zones", "name one of them with --zone")
    for apex in apexes & found.keys():
        return apex, found[apex]
    raise InputError(where, "holds no DNSKEY record at the apex of a zone", "give a signed zone, or a key file")


def _from_network(zone: "Name", settings: dict[str, Any]) -> "tuple[Dnskey, ...]":
    from unbroken.chain import Question, Status
    from unbroken.cli.online import Network, ask_all
    from unbroken.dns import rdtype as rr

    asked = (Question(zone, rr.DNSKEY),)
    (answer,), _ = ask_all(asked, Network.from_options(settings), settings["anchor_files"], settings["at"])
    if answer.failure is not None:
        raise StateError(
            f"{zone}: its DNSKEY RRset can't be had: {answer.failure.detail or answer.failure.failure.value}"
        )
    rrsets = [rrset for rrset in answer.message.answer if rrset.rdtype == rr.DNSKEY and rrset.owner == zone]
    if not rrsets:
        raise InputError(str(zone), "publishes no DNSKEY", "sign the zone first, or give a key file")
    if answer.status is not Status.SECURE:
        _warn(
            f"the DNSKEY RRset of {zone} is {answer.status.value}: whoever is on the path may have written it; compare the DS "
            "with those of the zone's own key files"
        )
    return rrsets[0].dnskeys()


def _add_check(parser: Parser) -> None:
    parser.word("zone", "ZONE")
    options.add_anchor(parser)
    options.add_network(parser)
    options.add_at(parser)
    parser.flag("--json", dest="as_json", help="Print the verdict as JSON.")


def _run_check(zone: str, as_json: bool, **settings: Any) -> int:
    """Check that the parent's DS match the zone's keys.

    For each DS at the parent it is told which key it matches and whether that key signs the zone's DNSKEY RRset, or why
    not; then which DS the parent should add and remove. If the zone publishes CDS or CDNSKEY (RFC 7344), they say what it
    wants, unless that would break the delegation.

    Exit codes: 0 in order, 1 broken: a DS leads nowhere, 2 usage, 3 insecure: no DS at the parent that counts, 4
    unreachable.

    \b
    Examples:
      unbroken ds check example.com
      unbroken ds check example.com --json
      unbroken ds check --lab two.test
    """
    from unbroken.cli.delegation import check_delegation

    if not zone:
        raise UsageError("name the zone whose delegation is to be checked")
    return check_delegation(zone, settings, as_json=as_json)


COMMAND: Final = Command(
    _run,
    _add,
    epilog=EXIT_EPILOG,
    parts={"check": ("Check that the parent's DS match the zone's keys.", "ds", "CHECK")},
)
CHECK: Final = Command(_run_check, _add_check)

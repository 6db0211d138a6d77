"""`unbroken ds`: DS, CDS and CDNSKEY records from a zone, a key or a zone file; and `unbroken ds check`."""

import json
import os
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from unbroken.cli import options
from unbroken.errors import InputError, StateError, UsageError

if TYPE_CHECKING:
    from unbroken._kernel import Dnskey, Name, RRset

EXIT_EPILOG: Final = (
    "Exit codes of ds: 0 done, 2 usage or unreadable input, 4 unreachable; of ds check: 0 in order, 1 broken, "
    "2 usage, 3 insecure (no DS at the parent), 4 unreachable."
)
_MAX_ZONE: Final = 256 << 20  # octets of a zone file


class _DsGroup(click.Group):
    """`unbroken ds check ZONE` is a subcommand; whatever else follows `ds` is the command itself, options first or last."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """A group reads its options up to the first word that is none; without a subcommand, they are the command's."""
        if args and args[0] != "check" and args[0] not in ctx.help_option_names:
            args = ["records", *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command itself has no name of its own, so that errors speak of `unbroken ds`."""
        name, found, rest = super().resolve_command(ctx, args)
        return "" if name == "records" else name, found, rest

    def list_commands(self, ctx: click.Context) -> list[str]:
        """`records` is what `ds` alone means, and is shown as that."""
        return [name for name in super().list_commands(ctx) if name != "records"]

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """As of the command itself."""
        return ["[OPTIONS]", "ZONE|FILE"]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Those of the command itself, then the subcommand."""
        records.format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


@click.group(
    "ds", cls=_DsGroup, short_help="Make DS, CDS and CDNSKEY records, or check a delegation.", epilog=EXIT_EPILOG
)
def command() -> None:
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


@command.command("records", hidden=True)
@click.argument("source", metavar="ZONE|FILE")
@click.option(
    "--digest", "digests", metavar="N", multiple=True, type=click.Choice(["1", "2", "4"]),
    help="Digest type: 2 (SHA-256), 4 (SHA-384), or 1 (SHA-1), which must not be used any more. May be given several "
    "times.  [default: 2 and 4]",
)  # fmt: skip
@click.option("--cds", is_flag=True, help="CDS records instead (RFC 7344).")
@click.option("--cdnskey", is_flag=True, help="CDNSKEY records instead (RFC 7344); with --cds, both.")
@click.option(
    "--delete", is_flag=True, help="CDS and CDNSKEY that ask the parent to remove all DS (RFC 8078 section 4)."
)
@click.option("--zone", metavar="ZONE", help="Zone of a bare PEM key, or origin of a zone file that does not name it.")
@click.option("--ttl", metavar="SECONDS", type=click.IntRange(0, 0x7FFFFFFF), help="Write this TTL.")
@options.anchor_option
@options.network_options
@options.at_option
@click.option("--json", "as_json", is_flag=True, help="Print the records as JSON.")
def records(source: str, as_json: bool, **settings: Any) -> int:
    """See `command`."""
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


records.help = command.help
records.epilog = command.epilog

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


@command.command("check", short_help="Check that the parent's DS match the zone's keys.")
@click.argument("zone")
@options.anchor_option
@options.network_options
@options.at_option
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
def check(zone: str, as_json: bool, **settings: Any) -> int:
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

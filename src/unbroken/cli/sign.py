"""`unbroken sign ZONEFILE`: a signed zone out of any master file, judged before it replaces anything."""

import json
import sys
from typing import TYPE_CHECKING, Any, Final

from unbroken.cli import key_options, options, output, zone_options
from unbroken.cli.command import Command, Parser
from unbroken.errors import InputError, UsageError

if TYPE_CHECKING:
    from unbroken._kernel import RRset
    from unbroken.keys import ZoneKey
    from unbroken.signing.parameters import Denial
    from unbroken.signing.prepare import ZonePlan
    from unbroken.signing.publish import SigningRequest, SigningResult
    from unbroken.signing.write import Validity

EPILOG = (
    "Exit codes: 0 signed and published, 1 not published, since validators would refuse it, 2 usage or unreadable input, "
    "4 the output can't be written."
)
_HASHES = {"sha384": 1, "sha512": 2}


def _add_plan(parser: Parser) -> None:
    """What the signed zone shall be."""
    parser.option(
        "--serial",
        metavar="keep|increment|date|unixtime",
        type=options.choice("keep", "increment", "date", "unixtime"),
        default="keep",
        shown_default="default: keep",
        help="How the SOA's serial moves on; it never goes back.",
    )
    parser.option(
        "--zonemd",
        metavar="sha384|sha512",
        type=options.choice(*_HASHES),
        action="append",
        default=[],
        help="Add a digest of the whole zone (RFC 8976). May be given twice.",
    )
    parser.flag("--cds", help="Publish CDS and CDNSKEY records for the KSKs (RFC 7344).")
    parser.flag("--dnskey-by-all", help="Let ZSKs sign the DNSKEY RRset too.")
    parser.option(
        "--dnskey-ttl",
        metavar="SECONDS",
        type=options.whole_number(0, 0x7FFFFFFF),
        help="TTL of the DNSKEY RRset.  [default: as in ZONEFILE, else the SOA's]",
    )
    parser.option(
        "--dnskey-file",
        metavar="FILE",
        help="Offline KSK: take the DNSKEY RRset and the signatures over it from FILE instead of making them. Other "
        "records in it do not count, so that a small zone of that name, signed where the KSK is, will do.",
    )


def _add_denial(parser: Parser) -> None:
    """How the signed zone denies."""
    parser.flag("--nsec3", help="Deny by NSEC3 instead of NSEC.")
    parser.option("--salt", metavar="HEX", default="", help="NSEC3: salt; RFC 9276 advises none.")
    parser.option(
        "--iterations",
        metavar="N",
        type=options.whole_number(0, 65535),
        default=0,
        shown_default="default: 0",
        help="NSEC3: additional iterations; anything but 0 makes some validators refuse the zone (RFC 9276).",
    )
    parser.flag("--opt-out", help="NSEC3: leave out delegations without DS (for large registries).")


def _add_time(parser: Parser) -> None:
    """When signatures hold."""
    parser.option(
        "--inception-offset",
        metavar="DURATION",
        type=zone_options.duration,
        default="1h",
        shown_default="default: 1h",
        help="How long before now signatures begin, for validators whose clocks are slow.",
    )
    parser.option(
        "--validity",
        metavar="DURATION",
        type=zone_options.duration,
        default="14d",
        shown_default="default: 14d",
        help="How long from now signatures hold.",
    )
    parser.option(
        "--jitter",
        metavar="DURATION",
        type=zone_options.duration,
        default="12h",
        shown_default="default: 12h",
        help="Let signatures end up to so much earlier, each RRset's at another moment; at most a quarter of --validity.",
    )
    parser.option(
        "--refresh",
        metavar="DURATION",
        type=zone_options.duration,
        default="7d",
        shown_default="default: 7d",
        help="With --earlier: signatures that still last so long are kept.",
    )


def _add_gate(parser: Parser) -> None:
    """What is judged before anything is replaced."""
    parser.option(
        "--earlier",
        metavar="FILE",
        help="The zone as it was signed before (may be OUT itself): its signatures are kept where they still fit.",
    )
    parser.option(
        "--verify",
        dest="gate",
        metavar="changed|all|none",
        type=options.choice("changed", "all", "none"),
        default="changed",
        shown_default="default: changed",
        help="What is judged as a validator would before publishing: what --earlier does not have, everything, nothing.",
    )
    parser.option(
        "--parent-ds",
        dest="parent_ds",
        metavar="FILE",
        action="append",
        default=[],
        help="The DS set that the parent has, or that caches still hold: it must lead into the signed zone. Each FILE "
        "given counts by itself.",
    )


def _add(parser: Parser) -> None:
    parser.word("zonefile", "ZONEFILE")
    parser.option(
        "-k",
        "--key",
        dest="key_files",
        metavar="KEY",
        action="append",
        default=[],
        required=True,
        help="A key of the zone: a file of any format that `unbroken keys` knows. Give each key.",
    )
    parser.option(
        "-o", "--output", metavar="OUT", required=True, help="Where the signed zone goes; - is standard output."
    )
    _add_gate(parser)
    _add_time(parser)
    _add_denial(parser)
    _add_plan(parser)
    parser.option(
        "--at",
        metavar="TIME",
        type=options.moment,
        help="Sign, and judge, as of this time instead of now; written as for `verify-zone`.",
    )
    key_options.add_token(parser)
    parser.flag("--deterministic", help="ECDSA signatures by RFC 6979, so that output is the same each time; slower.")
    zone_options.add_threads(parser)
    parser.flag("--stats", help="Print how much was signed, how fast, and how long each step took.")
    parser.flag("-q", "--quiet", help="Print errors only.")
    parser.flag("--json", dest="as_json", help="Print the outcome as JSON.")


def _run(**settings: Any) -> int:
    """Sign a zone file.

    ZONEFILE is any master file ($INCLUDE, $GENERATE, unknown types; `-` reads standard input), signed already or not.
    What comes out has a DNSKEY RRset, an NSEC or NSEC3 chain and signatures, one record a line, in canonical order. It
    is judged as a validator would before it takes OUT's place: a zone that would break is not written.

    Every key given signs, whatever its timing metadata says: KSKs the DNSKEY, CDS and CDNSKEY RRsets, ZSKs all else, CSKs
    all. To publish a key that does not sign yet, or no longer, $INCLUDE its .key file in ZONEFILE.

    With --earlier, signatures of the zone as it was that still hold long enough, over records that did not change, are
    kept; the result is otherwise the same. A DURATION is 14d, 12h, 1d12h or a number of seconds.

    \b
    Examples:
      unbroken sign example.com.zone -k Kexample.com.+013+12345 -k Kexample.com.+013+54321 -o example.com.signed
      unbroken sign example.com.zone -k csk.pem -o example.com.signed --nsec3 --serial unixtime
      unbroken sign example.com.zone -k csk.pem -o example.com.signed --earlier example.com.signed --parent-ds ds.txt
    """
    from unbroken.signing.publish import RefusedError, sign_file

    request = _request(settings)
    quiet, as_json = settings["quiet"], settings["as_json"]
    steps = zone_options.Steps()
    try:
        result = zone_options.run_showing_progress(
            lambda progress: sign_file(request, progress, steps),
            settings["zonefile"],
            steps,
            quiet=quiet or as_json,
        )
    except RefusedError as refused:
        return _refused(refused, as_json=as_json)
    _show(result, settings, steps.seconds)
    return 0


def _request(settings: dict[str, Any]) -> "SigningRequest":
    from unbroken.signing.publish import Gate, SigningRequest

    output.check_writable(settings["output"])
    now = options.current_time(settings["at"])
    keys = _keys(settings)
    origin = keys[0].zone
    if settings["zonefile"] == "-" and settings["earlier"] == "-":
        raise UsageError("only one file can be standard input")
    return SigningRequest(
        settings["zonefile"],
        settings["output"],
        keys,
        _plan(settings, keys),
        _validity(settings, now),
        settings["earlier"],
        Gate(settings["gate"]),
        zone_options.entry_sets(settings["parent_ds"], origin, now),
        settings["dnskey_by_all"],
        settings["threads"],
    )


def _keys(settings: dict[str, Any]) -> "list[ZoneKey]":
    from unbroken.keys import load

    access = key_options.token_access(settings)
    keys = [load(path, access) for path in settings["key_files"]]
    if settings["deterministic"]:
        from unbroken.signing.deterministic import make_deterministic

        keys = [make_deterministic(key) for key in keys]
    return keys


def _validity(settings: dict[str, Any], now: int) -> "Validity":
    from unbroken.signing.write import Validity

    lasts, jitter, refresh = settings["validity"], settings["jitter"], settings["refresh"]
    if lasts == 0:
        raise UsageError("--validity 0 makes signatures that never hold; give 14d, say")
    # Short validities, as tests use them, get less of both.
    jitter = min(jitter, lasts // 4)
    refresh = min(refresh, lasts // 2)
    return Validity(now, now - settings["inception_offset"], now + lasts, jitter, refresh)


def _plan(settings: dict[str, Any], keys: "list[ZoneKey]") -> "ZonePlan":
    from unbroken.signing.prepare import ZonePlan
    from unbroken.signing.serial import SerialPolicy

    return ZonePlan(
        denial=_denial(settings),
        serial=SerialPolicy(settings["serial"]),
        dnskey_ttl=settings["dnskey_ttl"],
        zonemd=tuple(_HASHES[name] for name in dict.fromkeys(settings["zonemd"])),
        key_material=_key_material(settings["dnskey_file"], keys),
        publish=_child_records(keys) if settings["cds"] else (),
    )


def _denial(settings: dict[str, Any]) -> "Denial":
    from unbroken.signing.parameters import NSEC, Nsec3Denial

    if not settings["nsec3"]:
        if settings["salt"] or settings["iterations"] or settings["opt_out"]:
            raise UsageError("--salt, --iterations and --opt-out belong to --nsec3")
        return NSEC
    try:
        salt = bytes.fromhex(settings["salt"].replace("-", ""))
    except ValueError:
        raise UsageError(f"--salt {settings['salt']!r} is not hexadecimal") from None
    if (salt or settings["iterations"]) and settings["gate"] == "none" and not settings["quiet"]:
        # RFC 9276 §3.1: SHOULD be no salt and 0 iterations. Else the gate says so.
        sys.stderr.write("unbroken: warning: RFC 9276 advises no salt and 0 iterations; some validators refuse more\n")
    return Nsec3Denial(salt, settings["iterations"], settings["opt_out"])


def _key_material(path: str | None, keys: "list[ZoneKey]") -> "tuple[RRset, ...]":
    """The DNSKEY RRset and the RRSIGs over it, made where the KSK is."""
    if path is None:
        return ()
    from unbroken.dns import rdtype as rr
    from unbroken.dns.presentation import rrsets_from_text
    from unbroken.files import read_bounded

    zone = keys[0].zone
    text = read_bounded(path, 1 << 20).decode("ascii", "replace")
    found = [rrset for rrset in rrsets_from_text(text, zone, where=path) if rrset.owner == zone]
    material = tuple(rrset for rrset in found if rrset.rdtype == rr.DNSKEY or rrset.covers == rr.DNSKEY)
    if len(material) != 2:
        raise InputError(path, f"does not hold the DNSKEY RRset of {zone} with its signatures", "write both into it")
    return material


def _child_records(keys: "list[ZoneKey]") -> "tuple[RRset, ...]":
    """CDS and CDNSKEY for the keys that sign the DNSKEY RRset (RFC 7344 §4)."""
    from unbroken.delegation import cdnskey_rrset, cds_rrset, ds_rrset

    zone = keys[0].zone
    dses = ds_rrset(zone, keys).dses()
    entries = [key.dnskey for key in keys if key.key_tag in {ds.key_tag for ds in dses}]
    return cds_rrset(zone, dses), cdnskey_rrset(zone, entries)


def _refused(refused: Any, *, as_json: bool) -> int:
    if as_json:
        outcome = {"published": False, **zone_options.report_to_json(refused.report)}
        sys.stdout.write(json.dumps(outcome, indent=2) + "\n")
    else:
        sys.stderr.write("".join(line + "\n" for line in zone_options.finding_lines(refused.report.findings)))
    errors = zone_options.counted(refused.report.errors, "error")
    sys.stderr.write(f"unbroken: {refused.report.origin} is not published: {errors}, see above\n")
    return 1


def _show(result: "SigningResult", settings: dict[str, Any], steps: dict[str, float]) -> None:
    out = output.text_stream(settings["output"])
    if settings["as_json"]:
        out.write(json.dumps(_to_json(result, settings["output"], steps), indent=2) + "\n")
        return
    if settings["quiet"]:
        return
    stats, zone = result.stats, result.prepared.zone
    lines = [f"note: {note}" for note in result.prepared.notes]
    if result.report is not None:
        lines += zone_options.finding_lines(result.report.findings)
    judged = "not judged" if result.report is None else f"{result.report.verified:,} signatures verified"
    lines.append(
        f"✓ {zone.origin} serial {result.prepared.serial}: {stats.made:,} signatures made, {stats.kept:,} kept, {judged}; "
        f"in {'standard output' if settings['output'] == output.STANDARD_OUTPUT else settings['output']}"
    )
    if settings["stats"]:
        seconds = sum(steps.values())
        rate = stats.made / seconds if seconds else 0
        lines.append(
            f"  {zone.owner_count:,} names, {stats.records:,} records, {stats.octets:,} octets in {seconds:.2f} s; "
            f"{rate:,.0f} signatures a second, judging included"
        )
        lines.append("  " + ", ".join(f"{name} {duration:.2f} s" for name, duration in steps.items()))
    out.write("".join(line + "\n" for line in lines))


def _to_json(result: "SigningResult", output: str, steps: dict[str, float]) -> dict[str, Any]:
    from unbroken.chain.times import to_iso
    from unbroken.dns.serial import to_epoch

    stats, prepared = result.stats, result.prepared
    now = result.report.at if result.report is not None else options.current_time(None)
    first = stats.first_expiration
    return {
        "published": True,
        "zone": str(prepared.zone.origin),
        "serial": prepared.serial,
        "output": output,
        "signatures_made": stats.made,
        "signatures_kept": stats.kept,
        "denial_records": stats.denials,
        "records": stats.records,
        "octets": stats.octets,
        "seconds": round(sum(steps.values()), 3),
        "steps": {name: round(duration, 3) for name, duration in steps.items()},
        "first_expiration": to_iso(to_epoch(first, now)) if first is not None else None,
        "notes": list(prepared.notes),
        "judged": zone_options.report_to_json(result.report) if result.report is not None else None,
    }


COMMAND: Final = Command(_run, _add, epilog=EPILOG)

"""`unbroken verify-zone FILE`: every signature of a zone file, its denial chain, and what leads into it."""

import json
import sys
from typing import TYPE_CHECKING, Any, Final

from unbroken.cli import options, zone_options
from unbroken.cli.command import Command, Parser
from unbroken.errors import UsageError

if TYPE_CHECKING:
    from unbroken._kernel import Name, Progress
    from unbroken.signing.verify import ZoneReport

EPILOG = "Exit codes: 0 no error was found, 1 there are errors, 2 usage or unreadable input."


def _add(parser: Parser) -> None:
    parser.word("file", "FILE")
    parser.option("--origin", metavar="NAME", help="Completes relative names until the file's own $ORIGIN.")
    options.add_at(parser)
    parser.option(
        "--anchor",
        dest="anchors",
        metavar="FILE",
        action="append",
        default=[],
        help="DS or DNSKEY records that must lead into the zone: the parent's DS set, or a trust anchor. Each FILE given "
        "counts by itself.",
    )
    parser.option(
        "--earlier", metavar="FILE", help="The zone as it was: signatures that stand there too are not verified again."
    )
    zone_options.add_threads(parser)
    parser.flag("-q", "--quiet", help="Print findings only, and no progress.")
    parser.flag("--json", dest="as_json", help="Print the report as JSON.")


def _run(**settings: Any) -> int:
    """Verify a signed zone file as a whole.

    Every RRSIG is verified by every key that it names; every RRset that must be signed is, by each algorithm of the
    DNSKEY RRset; the NSEC or NSEC3 chain is complete, closed, and lists the right types; ZONEMD digests and CDS records
    fit. All that is wrong is listed, not just the first thing. `-` reads standard input.

    \b
    Examples:
      unbroken verify-zone example.com.signed
      unbroken verify-zone example.com.signed --anchor parent.ds
      unbroken verify-zone root.zone --at 2023-11-09 --json
    """
    quiet, as_json = settings["quiet"], settings["as_json"]
    if settings["file"] == "-" and settings["earlier"] == "-":
        raise UsageError("only one file can be standard input")
    now = options.current_time(settings["at"])
    steps = zone_options.Steps()
    report = zone_options.run_showing_progress(
        lambda progress: _verify(settings, now, progress, steps), settings["file"], steps, quiet=quiet or as_json
    )
    if as_json:
        sys.stdout.write(json.dumps(zone_options.report_to_json(report), indent=2) + "\n")
    else:
        _show(report, quiet=quiet)
    return 1 if report.errors else 0


def _verify(settings: dict[str, Any], now: int, progress: "Progress", steps: zone_options.Steps) -> "ZoneReport":
    from unbroken.signing.publish import read_finished
    from unbroken.signing.verify import check_zone

    steps("reading")
    zone = read_finished(settings["file"], _name(settings["origin"]))
    before = read_finished(settings["earlier"]) if settings["earlier"] is not None else None
    entries = zone_options.entry_sets(settings["anchors"], zone.origin, now)
    steps("verifying")
    return check_zone(zone, now, earlier=before, entries=entries, progress=progress, threads=settings["threads"])


def _name(text: str | None) -> "Name | None":
    from unbroken.dns.user_name import name_from_user

    return name_from_user(text) if text is not None else None


def _show(report: "ZoneReport", *, quiet: bool) -> None:
    lines = zone_options.finding_lines(report.findings)
    if not quiet:
        lines += ["", *summary_lines(report)] if lines else summary_lines(report)
    sys.stdout.write("".join(line + "\n" for line in lines))


def summary_lines(report: "ZoneReport") -> list[str]:
    """What was verified, and what came of it."""
    from unbroken.chain.times import duration_text, to_iso

    unchanged = f", {report.skipped:,} unchanged" if report.skipped else ""
    lines = [
        f"{report.origin} serial {report.serial}: {report.signed_rrsets:,} signed RRsets, denial by {report.denial}",
        f"{report.verified:,} signatures verified{unchanged}",
    ]
    if report.first_expiration is not None:
        left = duration_text(report.first_expiration - report.at)
        lines.append(f"the first signature ends {to_iso(report.first_expiration)}, in {left}")
    verdict = f"✗ {zone_options.counted(report.errors, 'error')}" if report.errors else "✓ no errors"
    lines.append(verdict + (f", {zone_options.counted(report.warnings, 'warning')}" if report.warnings else ""))
    return lines


COMMAND: Final = Command(_run, _add, epilog=EPILOG)

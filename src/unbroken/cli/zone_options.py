"""What `sign` and `verify-zone` share: durations, keys, DS sets, progress, and how findings are shown."""

import sys
import threading
import time
from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from unbroken.cli import options
from unbroken.cli.command import Parser
from unbroken.errors import InputError
from unbroken.report.escape import safe

if TYPE_CHECKING:
    from unbroken._kernel import Name, Progress
    from unbroken.signing.verify import EntrySet, ZoneFinding, ZoneReport

_T = TypeVar("_T")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PROGRESS_INTERVAL: Final = 0.2  # seconds


def duration(text: str) -> int:
    """Reads `14d`, `12h`, `1d12h` or seconds, as seconds: at most 68 years, what RRSIG times can span (RFC 4034 §3.1.5)."""
    seconds = _seconds(text.strip().lower())
    if seconds is None or seconds >= 2**31:
        raise ArgumentTypeError(f"takes a duration such as 14d, 12h, 1d12h or seconds, not {text!r}")
    return seconds


def add_threads(parser: Parser) -> None:
    """`--threads N`."""
    parser.option(
        "--threads",
        metavar="N",
        type=options.whole_number(0, 256),
        default=0,
        shown_default="default: 0",
        help="Threads, at most 256; 0 stands for all cores.",
    )


def _seconds(text: str) -> int | None:
    if text.isascii() and text.isdigit():
        return int(text) if len(text) < 12 else None
    total, number = 0, ""
    for char in text:
        if char.isascii() and char.isdigit() and len(number) < 10:
            number += char
        elif char in _UNITS and number:
            total, number = total + int(number) * _UNITS[char], ""
        else:
            return None
    return total if text and not number else None


def entry_sets(paths: Sequence[str], origin: "Name | None", now: int) -> "tuple[EntrySet, ...]":
    """Each file as what it holds for that zone: DS or DNSKEY records. Raises InputError."""
    from unbroken.anchors import load
    from unbroken.signing.verify import EntrySet

    found: list[EntrySet] = []
    for path in paths:
        anchors = list(load(path, now=now).values())
        fitting = [anchor for anchor in anchors if origin is None or anchor.owner == origin]
        if not fitting:
            names = ", ".join(str(anchor.owner) for anchor in anchors[:4]) or "no zone"
            raise InputError(
                path, f"holds records of {names}, not of {origin}", "give the DS set of the zone that is checked"
            )
        found.extend(EntrySet(path, anchor.dses, anchor.dnskeys) for anchor in fitting)
    return tuple(found)


class Steps:
    """What work is at, and how long each step of it took."""

    def __init__(self) -> None:
        self.current = ""
        self.seconds: dict[str, float] = {}
        self._since = time.monotonic()

    def __call__(self, step: str) -> None:
        """`step` begins; "" when all is done."""
        now = time.monotonic()
        if self.current:
            self.seconds[self.current] = now - self._since
        self.current, self._since = step, now


def run_showing_progress(work: "Callable[[Progress], _T]", label: str, steps: Steps, *, quiet: bool) -> _T:
    """Do `work` in a thread, so that Ctrl-C is heard; with a line of progress on a terminal, which says what step of `steps` it
    is at. Raises what it raises."""
    from unbroken._kernel import Progress

    progress = Progress()
    outcome: list[_T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work(progress))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked
            failure.append(error)

    thread = threading.Thread(target=run, name="unbroken-zone", daemon=True)
    thread.start()
    shows = not quiet and sys.stderr.isatty()
    try:
        while thread.is_alive():
            thread.join(_PROGRESS_INTERVAL)
            if shows and thread.is_alive():
                _show(progress.state(), f"{safe(label)}: {steps.current}")
    except KeyboardInterrupt:
        progress.cancel()
        thread.join()
        raise
    finally:
        if shows:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
    steps("")
    if failure:
        raise failure[0]
    return outcome[0]


def _show(state: tuple[int, int], label: str) -> None:
    done, total = state
    share = f" {min(done * 100 // total, 100)} %  {done:,} of {total:,} names" if 0 < done < total else ""
    sys.stderr.write(f"\r\x1b[K{label}{share}")
    sys.stderr.flush()


def finding_lines(findings: "Sequence[ZoneFinding]") -> list[str]:
    """A line a finding, all of them, then what to do about each kind once."""
    lines = [f"{finding.severity.value}: {safe(finding.sentence)} [{finding.code.value}]" for finding in findings]
    remedies = dict.fromkeys((finding.code, finding.row.remedy) for finding in findings)
    if remedies:
        lines.append("")
        lines += [f"→ {code.value}: {remedy}" for code, remedy in remedies]
    return lines


def counted(number: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def report_to_json(report: "ZoneReport") -> dict[str, Any]:
    """The report for programs. Times are ISO 8601."""
    from unbroken.chain.times import to_iso

    return {
        "zone": str(report.origin),
        "serial": report.serial,
        "at": to_iso(report.at),
        "denial": report.denial,
        "errors": report.errors,
        "warnings": report.warnings,
        "signed_rrsets": report.signed_rrsets,
        "signatures_verified": report.verified,
        "signatures_unchanged": report.skipped,
        "first_expiration": to_iso(report.first_expiration) if report.first_expiration is not None else None,
        "findings": [_finding_to_json(finding) for finding in report.findings],
    }


def _finding_to_json(finding: "ZoneFinding") -> dict[str, Any]:
    from unbroken._kernel import type_to_text

    row = finding.row
    return {
        "code": finding.code.value,
        "severity": finding.severity.value,
        "owner": str(finding.owner),
        "type": type_to_text(finding.rdtype) if finding.rdtype else None,
        "key_tag": finding.tag if finding.algorithm else None,
        "algorithm": finding.algorithm or None,
        "sentence": finding.sentence,
        "remedy": row.remedy,
        "source": row.source,
        "ede": int(row.ede) if row.ede is not None else None,
    }

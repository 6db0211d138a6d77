"""`unbroken diff A B`: what changed between two full checks."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from unbroken.cli import options
from unbroken.cli.command import Command, Parser
from unbroken.errors import InputError

if TYPE_CHECKING:
    from unbroken.diagnosis.diagnose import Diagnosis
    from unbroken.diagnosis.difference import Change, Difference
    from unbroken.diagnosis.finding import Diagnosed

EPILOG = "Exit codes: 0 alike, 1 something changed, 2 usage or unreadable input."


def _add(parser: Parser) -> None:
    parser.word("before", "A")
    parser.word("after", "B")
    options.add_anchor(parser)
    parser.flag("--json", dest="as_json", help="Print the changes as JSON.")


def _run(before: str, after: str, **settings: Any) -> int:
    """Tell what changed between two full checks.

    A and B are files that `unbroken check --full --save` wrote, of one name and type. Each is judged anew as of its own
    time. The first link that is not as it was comes first: below it, much follows from it. Then come servers, and the
    findings that came (+) and went (-).

    \b
    Example:
      unbroken diff monday.json tuesday.json
    """
    from unbroken.diagnosis.difference import compare_checks

    first, second = (_judged(path, settings["anchor_files"]) for path in (before, after))
    if first.inspection.question != second.inspection.question:
        raise InputError(after, "is of another name or type than the first file", "give two checks of one question")
    difference = compare_checks(first, second)
    if settings["as_json"]:
        import json

        sys.stdout.write(json.dumps(_to_json(difference), indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _lines(difference)))
    return 0 if difference.is_empty else 1


def _judged(path: str, anchor_files: tuple[str, ...]) -> "Diagnosis":
    from unbroken.cli.full import load
    from unbroken.diagnosis.diagnose import diagnose

    inspection = load(path)
    return diagnose(inspection, options.anchors(anchor_files, inspection.time), inspection.time)


def _lines(difference: "Difference") -> Iterator[str]:
    from unbroken.report.escape import safe

    if difference.is_empty:
        yield "Nothing changed."
        return
    for index, change in enumerate(difference.links):
        yield safe(f"{'first link that changed' if index == 0 else 'link'}: {change.where}")
        yield from _sides(change)
    for change in difference.servers:
        yield safe(f"server: {change.where}")
        yield from _sides(change)
    for sign, findings in (("+", difference.came), ("-", difference.went)):
        for finding in findings:
            yield safe(f"{sign} {finding.severity.value} {finding.code} {finding.where}: {finding.sentence}")


def _sides(change: "Change") -> Iterator[str]:
    from unbroken.report.escape import safe

    yield safe(f"    was  {change.was or 'not there'}")
    yield safe(f"    now  {change.now or 'not there'}")


def _to_json(difference: "Difference") -> dict[str, Any]:
    return {
        "format": "unbroken-difference",
        "version": 1,
        "links": [_change(change) for change in difference.links],
        "servers": [_change(change) for change in difference.servers],
        "came": [_finding(finding) for finding in difference.came],
        "went": [_finding(finding) for finding in difference.went],
    }


def _change(change: "Change") -> dict[str, str]:
    return {"where": change.where, "was": change.was, "now": change.now}


def _finding(finding: "Diagnosed") -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "where": finding.where,
        "servers": list(finding.servers),
        "sentence": finding.sentence,
    }


COMMAND: Final = Command(_run, _add, epilog=EPILOG)

"""Replay .rpl scenarios through the real resolver and validator: `python tools/rpl.py [-v] [--json] [-j N] FILE...`.

One line a file, `pass|fail|skip NAME reason`, then `N passed, N failed`. The verdict (rcode, AD) decides; whether the
answer section and the extended error agree is told beside. Exit 1 when any file failed, 2 for wrong usage.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from rpl_replay import Report, Verdict, replay_file


def main(arguments: list[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description="Replay .rpl scenarios through the real resolver and validator.")
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("-v", "--verbose", action="store_true", help="show every check, query and unmatched query")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of lines")
    parser.add_argument("-j", type=int, default=1, metavar="N", help="processes to run in (default 1)")
    options = parser.parse_args(arguments)
    reports = []
    for report in replay_all(options.files, max(1, options.j)):
        reports.append(report)
        if not options.json:
            sys.stdout.write(report.line + "\n" + (_details(report) if options.verbose else ""))
    failed = sum(report.verdict in (Verdict.FAIL, Verdict.ERROR) for report in reports)
    passed = sum(report.verdict is Verdict.PASS for report in reports)
    skipped = len(reports) - passed - failed
    if options.json:
        document = {"passed": passed, "failed": failed, "skipped": skipped, "files": [_plain(one) for one in reports]}
        sys.stdout.write(json.dumps(document, indent=1) + "\n")
    else:
        sys.stdout.write(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "") + "\n")
    return 1 if failed else 0


def replay_all(files: Iterable[str], processes: int) -> Iterator[Report]:
    """Reports in the order of the files."""
    if processes == 1:
        yield from map(replay_file, files)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(replay_file, files, chunksize=4)


def _details(report: Report) -> str:
    lines = [
        f"    step {check.step}: expected {check.expected}, got {check.got}{check.why}"
        + ("" if check.is_answer_same is None else ", answer ok" if check.is_answer_same else ", answer differs")
        + (f", {check.ede}" if check.ede else "")
        for check in report.checks
    ]
    lines += [f"    asked {text}" for text in report.queries]
    lines += [f"    unmatched {text}" for text in report.unmatched]
    return "".join(line + "\n" for line in lines)


def _plain(report: Report) -> dict[str, object]:
    return {
        "name": report.name,
        "verdict": report.verdict.value,
        "reason": report.reason,
        "unmatched": report.unmatched,
        "checks": [
            {
                "step": check.step,
                "expected": check.expected,
                "got": check.got,
                "ok": check.is_as_expected,
                "answer_same": check.is_answer_same,
                "ede": check.ede or None,
            }
            for check in report.checks
        ],
    }


if __name__ == "__main__":
    sys.exit(main())

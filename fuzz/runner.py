"""Rounds of a target: each case has a random generator of its own, so that any of them can be made again by its number."""

import multiprocessing
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from random import Random
from types import FrameType
from typing import Final

from fuzz.case import Case, Target, dump, load

TARGETS: Final = (
    "message",
    "validate",
    "proof",
    "anchors",
    "state",
    "capture",
    "zonefile",
    "cli",
    "server",
    "resolve",
    "client",
    "zone",
)
SECONDS_PER_CASE: Final = 20  # far above any case met; work that is not bounded is a failure like any other
MAX_FAILURES: Final = 5  # of one process; after that it stops: they are mostly one failure


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that went wrong."""

    number: int
    reason: str
    case: Case


@dataclass(slots=True)
class Report:
    """What the rounds came to."""

    rounds: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        """Take in what another process found."""
        self.rounds += other.rounds
        self.labels += other.labels
        self.failures += other.failures


class TooLongError(Exception):
    """A case took longer than `SECONDS_PER_CASE`."""


def open_target(name: str) -> Target:
    """The target of that name, with its world built."""
    target: Target = import_module(f"fuzz.targets.{name}").create()
    return target


def generator(name: str, seed: int, number: int) -> Random:
    """The random generator of one case."""
    return Random(f"{name}/{seed}/{number}")


def run_range(name: str, seed: int, numbers: range, *, progress: bool = False, target: Target | None = None) -> Report:
    """Run the cases of these numbers in this process."""
    report = Report()
    target = target or open_target(name)
    next_line = time.monotonic() + 5
    with _watchdog():
        for number in numbers:
            case: Case = {}
            reason = ""
            try:
                case = target.make(generator(name, seed, number))
                reason = _attempt(target, case, report)
            except KeyboardInterrupt:
                raise
            except BaseException:  # noqa: BLE001 - a panic of the kernel is a BaseException; whatever comes out is a finding
                reason = traceback.format_exc()
            report.rounds += 1
            if reason:
                report.failures.append(Failure(number, reason, case))
                if len(report.failures) == MAX_FAILURES:
                    break
            if progress and time.monotonic() > next_line:
                next_line += 5
                sys.stderr.write(f"{name}: {report.rounds} of {len(numbers)} in this process, {_tally(report)}\n")
    return report


def _attempt(target: Target, case: Case, report: Report) -> str:
    _start_timer(SECONDS_PER_CASE)
    try:
        result = target.check(case)
    finally:
        _start_timer(0)
    report.labels[result.label] += 1
    return result.violation


def run(name: str, seed: int, rounds: int, jobs: int) -> Report:
    """Run that many cases in `jobs` processes."""
    if jobs <= 1:
        return run_range(name, seed, range(rounds), progress=True)
    parts = [(name, seed, range(first, rounds, jobs)) for first in range(jobs)]
    total = Report()
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for part in pool.starmap(_job, parts):
            total.add(part)
    return total


def _job(name: str, seed: int, numbers: range) -> Report:
    return run_range(name, seed, numbers, progress=True)


def save(directory: Path, name: str, seed: int, failure: Failure) -> Path:
    """Write a reproducer, for `--replay`."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}-{seed}-{failure.number}.json"
    header = {"target": name, "seed": seed, "number": failure.number, "reason": failure.reason}
    path.write_text(dump({**header, "case": failure.case}) + "\n", encoding="utf-8")
    return path


def replay(path: Path) -> str:
    """Run the case of a reproducer; what is wrong, or "" when nothing is any more."""
    stored = load(path.read_text(encoding="utf-8"))
    target = open_target(stored["target"])
    try:
        return target.check(stored["case"]).violation
    except Exception:  # noqa: BLE001 - as in `run_range`
        return traceback.format_exc()


def summary(name: str, seed: int, report: Report, seconds: float) -> str:
    """One line about a run."""
    rate = report.rounds / seconds if seconds else 0
    return (
        f"{name}: {report.rounds} cases (seed {seed}) in {seconds:.0f} s, {rate:.0f}/s: {_tally(report)}; "
        f"{len(report.failures)} failed"
    )


def _tally(report: Report) -> str:
    return ", ".join(f"{label} {count}" for label, count in sorted(report.labels.items())) or "nothing"


@contextmanager
def _watchdog() -> Iterator[None]:
    """Turn a case that does not end into a failure. Signals reach the main thread only; elsewhere there is no watchdog."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def too_long(_signal: int, _frame: FrameType | None) -> None:
        raise TooLongError(f"more than {SECONDS_PER_CASE} s")

    before = signal.signal(signal.SIGALRM, too_long)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)


def _start_timer(seconds: int) -> None:
    if threading.current_thread() is threading.main_thread():
        signal.setitimer(signal.ITIMER_REAL, seconds)

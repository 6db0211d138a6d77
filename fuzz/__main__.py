"""`python -m fuzz TARGET [--rounds N] [--seed S] [--jobs J]`; exit 1 when a case failed."""

import argparse
import sys
import time
from pathlib import Path

from fuzz import runner


def main(arguments: list[str] | None = None) -> int:
    """Run targets or replay a case; the exit code."""
    options = _parser().parse_args(arguments)
    if options.replay is not None:
        reason = runner.replay(options.replay)
        sys.stdout.write(reason or "nothing is wrong any more\n")
        return 1 if reason else 0
    names = runner.TARGETS if options.target == "all" else (options.target,)
    if names == (None,):
        _parser().error("give a target, or --replay FILE")
    return max(_run(name, options) for name in names)


def _run(name: str, options: argparse.Namespace) -> int:
    start = time.monotonic()
    report = runner.run(name, options.seed, options.rounds, options.jobs)
    sys.stdout.write(runner.summary(name, options.seed, report, time.monotonic() - start) + "\n")
    for failure in report.failures:
        path = runner.save(options.out, name, options.seed, failure)
        last_line = failure.reason.strip().rsplit("\n", 1)[-1]
        sys.stdout.write(f"  case {failure.number}: {last_line}\n    python -m fuzz --replay {path}\n")
    sys.stdout.flush()
    return 1 if report.failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("target", nargs="?", choices=(*runner.TARGETS, "all"))
    parser.add_argument("--rounds", type=int, default=1000, help="cases to run (default 1000)")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other cases (default 0)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--out", type=Path, default=Path("target/fuzz"), help="where reproducers go (target/fuzz)")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run the case of a reproducer instead")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""`unbroken check` as a process in the lab, beside BIND's `delv` when it and Unbound are installed: CPU, start-up included.

`delv` needs a resolver to ask, so both ask the same Unbound with warm caches; `check` is timed walking from the lab's root too,
which is more than `delv` does.
"""

import compileall
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e import peers
from unbroken.lab.run import Lab

ROOT = Path(__file__).resolve().parent.parent
RUNS = 21
NAME = "www.two.test"
UNBROKEN = str(Path(sys.executable).parent / "unbroken")


def milliseconds(command: list[str]) -> tuple[float, float]:
    """CPU (user and system, of the child) and wall time of one run."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} exited {process.returncode}: {' '.join(command)}")
    return (usage.ru_utime + usage.ru_stime) * 1000, (time.perf_counter() - start) * 1000


def report(commands: dict[str, list[str]], peer: str = "") -> None:
    """Medians of `RUNS` runs of each, after one that does not count; in turns, so that a busy moment is everybody's."""
    runs: dict[str, list[tuple[float, float]]] = {label: [] for label in commands}
    for run in range(RUNS + 1):
        for label, command in commands.items():
            taken = milliseconds(command)
            if run:
                runs[label].append(taken)
    medians = {
        label: tuple(statistics.median(each) for each in zip(*taken, strict=True)) for label, taken in runs.items()
    }
    for label, (cpu, wall) in medians.items():
        ratio = f"  ratio {cpu / medians[peer][0]:.2f}" if peer and label != peer else ""
        print(f"  {label:44} {cpu:6.0f} ms CPU {wall:6.0f} ms wall{ratio}")


def main() -> None:
    print(f"as a process, median of {RUNS} runs in turns; goals: check ≤ 3 × delv, --help ≤ 120 ms")
    # As an installed package is.
    compileall.compile_dir(ROOT / "src" / "unbroken", quiet=2)
    commands = {"python -c pass": [sys.executable, "-c", "pass"], "unbroken --help": [UNBROKEN, "--help"]}
    with Lab() as lab, tempfile.TemporaryDirectory() as directory:
        anchor = ["--anchor", str(Path(lab.directory) / "root.anchor")]
        hints = ["--hints", str(Path(lab.directory) / "root.hints"), "--port", str(lab.port)]
        commands["unbroken check, from the root"] = [UNBROKEN, "check", NAME, *anchor, *hints]
        if lab.port != 53 or not (peers.has_unbound() and peers.has_delv()):
            report(commands)
            print("  delv: not measured; it needs delv, unbound and port 53 (root)")
            return
        with peers.unbound(lab, Path(directory), validates=False) as port:
            keys = str(Path(lab.directory) / "bind.keys")
            asking = ["--resolver", "127.0.0.1", "--port", str(port)]
            commands["delv, through Unbound"] = ["delv", "@127.0.0.1", "-p", str(port), "-a", keys, NAME, "A"]
            commands["unbroken check, through the same Unbound"] = [UNBROKEN, "check", NAME, *anchor, *asking]
            report(commands, "delv, through Unbound")


if __name__ == "__main__":
    main()

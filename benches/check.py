"""`unbroken check` as a process in the lab, beside BIND's `delv` when it and Unbound are installed: CPU, start-up included.

`delv` needs a resolver to ask, so both ask the same Unbound with warm caches; `check` is timed walking from the lab's root too,
which is more than `delv` does.
"""

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
RUNS = 15
NAME = "www.two.test"
UNBROKEN = str(Path(sys.executable).parent / "unbroken")


def cpu_milliseconds(command: list[str], expected: int = 0) -> tuple[float, float]:
    """Median CPU (user and system, of the child) and wall time of `RUNS` runs, after one that does not count."""
    cpu, wall = [], []
    for run in range(RUNS + 1):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != expected:
            raise SystemExit(f"{command[0]} exited {process.returncode}, not {expected}: {' '.join(command)}")
        if run:
            cpu.append((usage.ru_utime + usage.ru_stime) * 1000)
            wall.append((time.perf_counter() - start) * 1000)
    return statistics.median(cpu), statistics.median(wall)


def report(label: str, command: list[str], against: float | None = None) -> float:
    cpu, wall = cpu_milliseconds(command)
    ratio = f"  ratio {cpu / against:.2f}" if against else ""
    print(f"  {label:44} {cpu:6.0f} ms CPU {wall:6.0f} ms wall{ratio}")
    return cpu


def main() -> None:
    print(f"as a process, median of {RUNS} runs; goals: check ≤ 3 × delv, --help ≤ 120 ms")
    report("unbroken --help", [UNBROKEN, "--help"])
    with Lab() as lab, tempfile.TemporaryDirectory() as directory:
        anchor = ["--anchor", str(Path(lab.directory) / "root.anchor")]
        hints = ["--hints", str(Path(lab.directory) / "root.hints"), "--port", str(lab.port)]
        walking = [UNBROKEN, "check", NAME, *anchor, *hints]
        if lab.port != 53 or not (peers.has_unbound() and peers.has_delv()):
            report("unbroken check, from the root", walking)
            print("  delv: not measured; it needs delv, unbound and port 53 (root)")
            return
        with peers.unbound(lab, Path(directory), validates=False) as port:
            keys = str(Path(lab.directory) / "bind.keys")
            delv = ["delv", "@127.0.0.1", "-p", str(port), "-a", keys, NAME, "A"]
            peer = report("delv, through Unbound", delv)
            asking = [UNBROKEN, "check", NAME, *anchor, "--resolver", "127.0.0.1", "--port", str(port)]
            report("unbroken check, through the same Unbound", asking, peer)
            report("unbroken check, from the root", walking, peer)


if __name__ == "__main__":
    main()

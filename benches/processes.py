"""Commands as whole processes: wall and CPU time, peak memory."""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process: seconds and MiB."""

    wall: float
    cpu: float
    memory: float


def measure(command: Sequence[str], cwd: str | None = None) -> Run:
    """Run to the end; its output is thrown away. Ends the benchmark when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}\nexited {process.returncode}: {said.decode(errors='replace')[-400:]}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def best(runs: Sequence[Run]) -> Run:
    """The fastest of several runs."""
    return min(runs, key=lambda run: run.wall)

"""The daemon beside Unbound, over the same lab, one after the other: CPU of the resolver's process for each answer.

Warm: the same names again and again, with DO. Cold: each name in a signed zone that was not seen before, three validations
each. It needs dnsperf, and port 53 (root) for Unbound and for the lab. The load generator and the lab share the cores, so that
CPU says more than the rate.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e import peers
from unbroken._kernel import Name
from unbroken.lab.run import Lab
from unbroken.lab.world import World, ZoneSpec

ROOT = Path(__file__).resolve().parent.parent
ZONES = 200
WARM_SECONDS = 5
_TICK = os.sysconf("SC_CLK_TCK")


def world() -> World:
    """The root, example., and so many signed zones below it."""
    children = (ZoneSpec(Name(f"z{number:03}.example."), "www A 192.0.2.1\n") for number in range(ZONES))
    return World((ZoneSpec(Name.ROOT), ZoneSpec(Name("example.")), *children))


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, with its threads (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def memory_mebibytes(pid: int) -> float:
    """Resident memory."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+)", text)
    return int(found[1]) / 1024 if found else 0.0


@contextmanager
def ours(lab: Lab) -> Iterator[tuple[int, int]]:
    """Our daemon; its process and port."""
    command = [sys.executable, "-m", "unbroken.cli", "resolve", "--listen", "127.0.0.1@0", "--control", "none"]
    command += ["--hints", f"{lab.directory}/root.hints", "--anchor", f"{lab.directory}/root.anchor"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"@(\d+)", process.stdout.readline())
        assert found is not None
        yield process.pid, int(found[1])
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def unbound(lab: Lab) -> Iterator[tuple[int, int]]:
    """Unbound; its process and port."""
    with tempfile.TemporaryDirectory() as directory, peers.unbound(lab, Path(directory), validates=True) as port:
        command = ["ps", "-C", "unbound", "-o", "pid=,args="]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        yield next(int(line.split()[0]) for line in lines if directory in line), port


def load(port: int, names: list[str], *options: str) -> dict[str, float]:
    """Run dnsperf; what it counted."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.writelines(f"{name} A\n" for name in names)
        file.flush()
        command = ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", file.name, "-D", "-c", "4", "-T", "1", *options]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, float] = {}
    for key, pattern in (
        ("answers", r"Queries completed:\s+(\d+)"),
        ("rate", r"Queries per second:\s+([\d.]+)"),
        ("good", r"NOERROR (\d+)"),
    ):
        match = re.search(pattern, text)
        found[key] = float(match[1]) if match else 0.0
    return found


def measure(label: str, server: Any, lab: Lab) -> tuple[float, float]:
    """Cold, then warm: seconds of CPU for an answer."""
    names = [f"www.z{number:03}.example." for number in range(ZONES)]
    with server(lab) as (pid, port):
        load(port, ["www.z000.example."], "-n", "1")
        before = cpu_seconds(pid)
        cold = load(port, names[1:], "-n", "1", "-q", "20")
        spent = cpu_seconds(pid) - before
        each, good = spent / cold["answers"] * 1000, cold["good"]
        print(f"  {label:10} cold {each:7.2f} ms CPU an answer; {good:.0f} of {ZONES - 1} good")
        before = cpu_seconds(pid)
        warm = load(port, names, "-l", str(WARM_SECONDS), "-q", "100")
        spent = cpu_seconds(pid) - before
        print(
            f"  {label:10} warm {spent / warm['answers'] * 1e6:7.1f} µs CPU an answer; {warm['rate']:.0f}/s, "
            f"{memory_mebibytes(pid):.0f} MiB"
        )
    return each / 1000, spent / warm["answers"]


def main() -> None:
    if shutil.which("dnsperf") is None:
        print("  not measured; it needs dnsperf")
        return
    with Lab(world(), address_prefix="127.59") as lab:
        if lab.port != 53:
            print("  not measured; it needs port 53 (root)")
            return
        print(f"daemon over {ZONES} signed zones; goals: warm ≤ 0.8 × Unbound, cold ≤ 1.5 × Unbound")
        cold, warm = measure("unbroken", ours, lab)
        if peers.has_unbound():
            peer_cold, peer_warm = measure("unbound", unbound, lab)
            print(f"  ratio: cold {cold / peer_cold:.2f}, warm {warm / peer_warm:.2f}")


if __name__ == "__main__":
    main()

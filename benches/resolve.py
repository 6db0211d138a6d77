"""CPU time that the daemon, and Unbound beside it, take for a cached answer: both over the lab, both asked by dnsperf."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

NAMES = ("one.example", "two.example", "sub.one.example", "two.test", "rsasha256.test")
SECONDS = int(os.environ.get("UNBROKEN_BENCH_SECONDS", "5"))
RUNS = int(os.environ.get("UNBROKEN_BENCH_RUNS", "3"))
_TICK = os.sysconf("SC_CLK_TCK")
_PATIENCE = 20.0
_UNBOUND = """\
server:
  directory: "{directory}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  interface: 127.0.0.1@{port}
  do-ip6: no
  do-not-query-localhost: no
  num-threads: 1
  root-hints: "{lab}/root.hints"
  trust-anchor-file: "{lab}/root.anchor"
  local-zone: "test." nodefault
remote-control:
  control-enable: no
"""


@contextmanager
def _process(command: list[str], ready: str, environment: dict[str, str]) -> Iterator[tuple[int, str]]:
    """A server that says `ready` (a pattern) on standard output or error; its process id, and the line."""
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    )
    assert process.stdout is not None
    try:
        line = next((line for line in process.stdout if re.search(ready, line)), None)
        if line is None:
            raise SystemExit(f"{command[0]} did not start")
        yield process.pid, line
    finally:
        process.terminate()
        process.communicate(timeout=_PATIENCE)


def _cpu(process: int) -> float:
    """Seconds of CPU that a process has taken, its threads included."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _ask(port: int, names: Path, seconds: int) -> tuple[int, float]:
    """Answers, and how many a second."""
    command = ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(names), "-l", str(seconds), "-D", "-q", "100"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    done, rate = re.search(r"Queries completed:\s+(\d+)", said), re.search(r"per second:\s+([0-9.]+)", said)
    if done is None or rate is None or "SERVFAIL" in said:
        raise SystemExit(f"dnsperf: {said}")
    return int(done[1]), float(rate[1])


def _measure(process: int, port: int, names: Path) -> tuple[float, float]:
    """Microseconds of CPU an answer, and answers a second, when all are in the cache; best of some runs."""
    _ask(port, names, 2)
    best = (float("inf"), 0.0)
    for _ in range(RUNS):
        before = _cpu(process)
        done, rate = _ask(port, names, SECONDS)
        best = min(best, ((_cpu(process) - before) / done * 1e6, rate))
    return best


def _unbound(directory: Path, lab: Path, names: Path) -> tuple[float, float] | None:
    program = shutil.which("unbound") or shutil.which("unbound", path="/usr/sbin")
    if program is None or not re.search(r"^127\S+ +53$|", "") or os.geteuid() != 0:
        return None
    config, port = directory / "unbound.conf", 5399
    config.write_text(_UNBOUND.format(directory=directory, port=port, lab=lab))
    with _process([program, "-d", "-p", "-c", str(config)], "start of service", dict(os.environ)) as (process, _):
        return _measure(process, port, names)


def main() -> None:
    if shutil.which("dnsperf") is None:
        print("dnsperf is not installed: nothing to ask with")
        return
    with TemporaryDirectory() as made:
        folder = Path(made)
        environment = {**os.environ, "XDG_RUNTIME_DIR": made, "PYTHONUNBUFFERED": "1"}
        names = folder / "names"
        names.write_text("".join(f"www.{zone} {rdtype}\n" for zone in NAMES for rdtype in ("A", "AAAA", "MX")))
        cli = [sys.executable, "-m", "unbroken.cli"]
        lab = folder / "lab"
        with _process([*cli, "lab", "up", "--dir", str(lab)], "Ctrl-C", environment):
            with _process([*cli, "resolve", "--lab", "--listen", "127.0.0.1@0"], "127.0.0.1@", environment) as (
                process,
                line,
            ):
                endpoint = re.search(r"127\.0\.0\.1@(\d+)", line)
                assert endpoint is not None
                ours, rate = _measure(process, int(endpoint[1]), names)
            print(f"unbroken resolve, cached, DO set: {ours:.2f} µs CPU an answer ({rate:,.0f} a second by dnsperf)")
            peer = _unbound(folder, lab, names)
        if peer is None:
            print("  Unbound is not installed, or the lab can't have port 53: nothing to compare with")
            return
        print(f"  Unbound: {peer[0]:.2f} µs ({peer[1]:,.0f} a second); ratio {ours / peer[0]:.2f} (goal ≤ 0.8)")


if __name__ == "__main__":
    main()

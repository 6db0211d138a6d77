"""`unbroken sign`, file to file, beside the peers and the crypto library's own signing loop, in the same run.

`UNBROKEN_BENCH_SCALE` is the share of the full zones (100,000 names; 200,000 delegations): 0.1 unless set, 1 for all.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benches.processes import Run, best, measure
from benches.zone_files import KINDS, bind_keys, folder, program, write

ROOT = Path(__file__).resolve().parent.parent
SCALE = float(os.environ.get("UNBROKEN_BENCH_SCALE", "0.1"))
RUNS = int(os.environ.get("UNBROKEN_BENCH_RUNS", "2"))
UNBROKEN = str(Path(sys.executable).parent / "unbroken")
MODES = {"NSEC": ([], [], []), "NSEC3 opt-out": (["--nsec3", "--opt-out"], ["-3", "-", "-A"], ["-n", "-t", "0", "-p"])}


def library_rate(threads: int) -> float:
    """Signatures a second of the library alone (a small Rust program: no Python, no DNS), ECDSA P-256."""
    binary = ROOT / "target" / "release" / "examples" / "sign_limit"
    command = [str(binary), "13", str(threads), "60000"]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def knot_command(work: Path, zone: Path, origin: str, keys: list[str], mode: str, threads: int) -> list[str] | None:
    """A kzonesign with these keys; None when it is not installed."""
    sign, keymgr = program("kzonesign"), program("keymgr")
    if sign is None or keymgr is None:
        return None
    home = work / f"knot-{origin}{threads}"
    home.mkdir()
    is_nsec3 = "off" if mode == "NSEC" else "on"
    config = home / "knot.conf"
    config.write_text(
        f'server:\n  rundir: "{home}"\ndatabase:\n  storage: "{home}"\npolicy:\n  - id: p\n    manual: on\n'
        f"    algorithm: ecdsap256sha256\n    signing-threads: {threads}\n    nsec3: {is_nsec3}\n    nsec3-iterations: 0\n"
        f"    nsec3-salt-length: 0\n    nsec3-opt-out: {is_nsec3}\n"
        f'zone:\n  - domain: {origin}\n    storage: "{home}"\n    file: "{zone}"\n    journal-content: none\n'
        "    dnssec-signing: on\n    dnssec-policy: p\n"
    )
    for key in keys:
        subprocess.run(
            [keymgr, "-c", str(config), origin, "import-bind", f"{key}.key"], check=True, capture_output=True
        )
    return [sign, "-c", str(config), "-o", str(home), origin]


def peers(work: Path, zone: Path, origin: str, keys: list[str], mode: str) -> Iterator[tuple[str, list[str]]]:
    _, bind_options, ldns_options = MODES[mode]
    if bind := program("dnssec-signzone"):
        common = ["-q", "-S", "-K", str(work), "-d", str(work), *bind_options, "-o", origin]
        out = ["-f", str(work / "bind.signed"), str(zone)]
        yield "dnssec-signzone -P", [bind, "-n", "2", "-P", *common, *out]
        yield "dnssec-signzone, verifies", [bind, "-n", "2", *common, *out]
    if ldns := program("ldns-signzone"):
        yield "ldns-signzone", [ldns, *ldns_options, "-o", origin, "-f", str(work / "ldns.signed"), str(zone), *keys]
    for threads in (1, 2):
        if knot := knot_command(work, zone, origin, keys, mode, threads):
            yield f"kzonesign, {threads} thread{'s' * (threads > 1)}", knot


def signatures(path: Path) -> int:
    with path.open() as file:
        return sum(" RRSIG " in line for line in file)


def show(label: str, run: Run, count: int, beside: str = "") -> None:
    rate = f"{count / run.wall:9,.0f} RRSIG/s" if count else " " * 17
    print(f"  {label:30} {run.wall:7.2f} s wall {run.cpu:7.2f} s CPU {rate} {run.memory:6.0f} MiB  {beside}".rstrip())


def repeated(command: list[str]) -> Run:
    return best([measure(command) for _ in range(RUNS)])


def bench(kind: str, mode: str) -> None:
    found = KINDS[kind]
    names = max(int(found.full * SCALE), 1000)
    with folder() as work:
        zone, out = work / f"{kind}.zone", work / "ours.signed"
        write(kind, zone, names)
        keys = bind_keys(work, found.origin)
        ours = [UNBROKEN, "sign", str(zone), *(word for key in keys for word in ("-k", key)), "-o", str(out), "-q"]
        ours += MODES[mode][0]
        print(f"{kind}, {names:,} names, {mode}, algorithm 13")
        plain = repeated([*ours, "--verify", "none"])
        count = signatures(out)
        show("unbroken sign --verify none", plain, count)
        show("unbroken sign, judges all", repeated(ours), count)
        fastest, smallest = compare(work, zone, found.origin, keys, mode, count)
        limit = max(library_rate(2) for _ in range(RUNS))
        if fastest is not None and smallest is not None:
            times, memory = fastest.wall / plain.wall, plain.memory / smallest
            print(
                f"  {times:.2f} times the fastest peer (goal ≥ 2); {memory:.2f} of the smallest one's memory (goal ≤ 1)"
            )
        ratio = count / plain.wall / limit
        print(f"  the library's own loop: {limit:,.0f}/s on two threads; ratio {ratio:.2f} (goal ≥ 0.80 for F)")
        if kind == "F":
            resign(work, ours, plain, names)


def compare(
    work: Path, zone: Path, origin: str, keys: list[str], mode: str, count: int
) -> tuple[Run | None, float | None]:
    fastest, memory = None, None
    for label, command in peers(work, zone, origin, keys, mode):
        run = repeated(command)
        show(label, run, count)
        if "verifies" not in label:
            fastest = run if fastest is None or run.wall < fastest.wall else fastest
            memory = run.memory if memory is None else min(memory, run.memory)
    return fastest, memory


def resign(work: Path, ours: list[str], full: Run, names: int) -> None:
    """Every hundredth name gets a record more; all other signatures are kept."""
    changed = work / "changed.zone"
    write("F", changed, names, changed=100)
    command = [str(changed) if word.endswith("F.zone") else word for word in ours]
    again = [*command, "--earlier", str(work / "ours.signed"), "-o", str(work / "again.signed")]
    without, judged = repeated([*again, "--verify", "none"]), repeated(again)
    share = without.wall / full.wall * 100
    show("re-sign after 1 % changed", without, 0, f"{share:.1f} % of the full time, reading and writing included")
    whole = repeated([UNBROKEN, "verify-zone", "-q", str(work / "again.signed")])
    gate = max(judged.wall - without.wall, 0) / whole.wall * 100
    show("the same, judged", judged, 0, f"the gate took {gate:.1f} % of a full verification (goal ≤ 10)")


def main() -> None:
    build = ["cargo", "build", "--release", "--locked", "--quiet", "-p", "unbroken-core", "--example", "sign_limit"]
    subprocess.run(build, cwd=ROOT, check=True)
    bench("F", "NSEC")
    bench("T", "NSEC3 opt-out")


if __name__ == "__main__":
    main()

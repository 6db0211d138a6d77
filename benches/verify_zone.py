"""`unbroken verify-zone` beside the peers and the crypto library's own verification loop, in the same run.

`UNBROKEN_BENCH_SCALE` is the share of the full zone of 100,000 names: 0.1 unless set.
"""

import subprocess
from pathlib import Path

from benches import sign, verify
from benches.zone_files import KINDS, bind_keys, folder, program, write

UNBROKEN = sign.UNBROKEN


def main() -> None:
    build = ["cargo", "build", "--release", "--locked", "--quiet", "-p", "unbroken-core", "--example", "crypto_limit"]
    subprocess.run(build, cwd=sign.ROOT, check=True)
    kind = KINDS["F"]
    names = max(int(kind.full * sign.SCALE), 1000)
    with folder() as work:
        zone, signed = work / "F.zone", work / "F.signed"
        write("F", zone, names)
        keys = [word for key in bind_keys(work, kind.origin) for word in ("-k", key)]
        subprocess.run([UNBROKEN, "sign", str(zone), *keys, "-o", str(signed), "-q", "--verify", "none"], check=True)
        count = sign.signatures(signed)
        print(f"F, {names:,} names, NSEC, algorithm 13: {count:,} signatures")
        ours = sign.repeated([UNBROKEN, "verify-zone", "-q", str(signed)])
        sign.show("unbroken verify-zone", ours, count)
        fastest = min((run_peer(label, command, count) for label, command in peers(signed, kind.origin)), default=None)
        if fastest is not None:
            print(f"  {fastest / ours.wall:.2f} times the fastest peer (goal ≥ 2)")
        jobs = verify.make_jobs(13)
        limit = max(verify.library_rate(jobs, 13, 2) for _ in range(sign.RUNS))
        print(
            f"  the library's own loop: {limit:,.0f}/s on two threads; ratio {count / ours.wall / limit:.2f} (goal ≥ 0.85)"
        )


def run_peer(label: str, command: list[str], count: int) -> float:
    run = sign.repeated(command)
    sign.show(label, run, count)
    return run.wall


def peers(signed: Path, origin: str) -> list[tuple[str, list[str]]]:
    found = [
        ("dnssec-verify", [program("dnssec-verify"), "-q", "-o", origin, str(signed)]),
        ("ldns-verify-zone", [program("ldns-verify-zone"), "-V", "1", str(signed)]),
        ("kzonecheck", [program("kzonecheck"), "-o", origin, str(signed)]),
    ]
    return [(label, [str(word) for word in command]) for label, command in found if command[0] is not None]


if __name__ == "__main__":
    main()

"""Signature verifications a second through the kernel, beside the crypto library's own loop in the same run."""

import subprocess
import time
from pathlib import Path

from unbroken import _kernel
from unbroken._kernel import Dnskey, Name, RRset, Rrsig
from unbroken.dns import rdtype as rr
from unbroken.keys import generate
from unbroken.signing import sign_rrset

ROOT = Path(__file__).resolve().parent.parent
NOW = 1_800_000_000
ALGORITHMS = {8: "RSA-2048", 13: "ECDSA P-256", 14: "ECDSA P-384", 15: "Ed25519"}
SIGNATURES = 1000
ROUNDS = {8: 20, 13: 8, 14: 3, 15: 8}

Job = tuple[RRset, Rrsig, Dnskey]


def make_jobs(algorithm: int) -> list[Job]:
    """As a resolver meets them: different RRsets, signed by a few keys."""
    keys = [generate(Name(f"zone{n}.test."), algorithm, secure_entry_point=False) for n in range(4)]
    jobs = []
    for number in range(SIGNATURES):
        key = keys[number % len(keys)]
        rrset = RRset(key.zone.prepend(b"host%d" % number), rr.A, 3600, (b"\xc0\x00\x02\x01", b"\xc0\x00\x02\x02"))
        jobs.append((rrset, sign_rrset(rrset, key, NOW, NOW + 86400).rrsigs()[0], key.dnskey))
    return jobs


def library_rate(jobs: list[Job], algorithm: int, threads: int) -> float:
    """Verifications a second of the library alone (a small Rust program: no Python, no DNS)."""
    lines = "".join(
        f"{algorithm} {key.public_key.hex()} {rrsig.signature.hex()} {_kernel.signed_data(rrset, rrsig).hex()}\n"
        for rrset, rrsig, key in jobs
    )
    binary = ROOT / "target" / "release" / "examples" / "crypto_limit"
    command = [str(binary), str(threads), str(ROUNDS[algorithm])]
    return float(subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout)


def kernel_rate(jobs: list[Job], algorithm: int, threads: int) -> float:
    """Verifications a second of `verify_many`: canonical form, ordering and all."""
    start = time.perf_counter()
    for _ in range(ROUNDS[algorithm]):
        outcomes = _kernel.verify_many(jobs, threads)
    seconds = time.perf_counter() - start
    if any(outcomes):
        raise SystemExit("a signature did not verify")
    return SIGNATURES * ROUNDS[algorithm] / seconds


def main() -> None:
    subprocess.run(
        ["cargo", "build", "--release", "--quiet", "-p", "unbroken-core", "--example", "crypto_limit"],
        cwd=ROOT,
        check=True,
    )
    print("verifications a second: kernel / crypto library alone (best of 3, same run)")
    for algorithm, name in ALGORITHMS.items():
        jobs = make_jobs(algorithm)
        for threads in (1, 2):
            pairs = [(kernel_rate(jobs, algorithm, threads), library_rate(jobs, algorithm, threads)) for _ in range(3)]
            ours, limit = max(pair[0] for pair in pairs), max(pair[1] for pair in pairs)
            label = f"{name:12} {threads} thread{'s' * (threads > 1):1}"
            print(f"  {label}  {ours:9,.0f} / {limit:9,.0f}  ratio {ours / limit:.2f}")


if __name__ == "__main__":
    main()

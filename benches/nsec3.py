"""NSEC3 hashes a second through the kernel (RFC 5155 §5, no salt, 0 iterations), beside the crypto library's own SHA-1."""

import subprocess
import time
from pathlib import Path

from unbroken import _kernel
from unbroken._kernel import Name

ROOT = Path(__file__).resolve().parent.parent
NAMES = 1_000_000


def main() -> None:
    build = ["cargo", "build", "--release", "--locked", "--quiet", "-p", "unbroken-core", "--example", "sha1_limit"]
    subprocess.run(build, cwd=ROOT, check=True)
    names = [Name.from_labels((b"name%d" % number, b"example", b"test")) for number in range(NAMES)]
    for threads in (1, 2):
        best = 0.0
        for _ in range(3):
            start = time.perf_counter()
            _kernel.nsec3_hash_many(names, b"", 0, threads)
            best = max(best, NAMES / (time.perf_counter() - start))
        command = [str(ROOT / "target" / "release" / "examples" / "sha1_limit"), str(threads), str(NAMES * 3)]
        limit = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        label = f"{threads} thread{'s' * (threads > 1):1}"
        print(
            f"  {label}  {best:11,.0f} / {limit:11,.0f}  ratio {best / limit:.2f} (goal: 5,000,000/s on two, or the library's)"
        )


if __name__ == "__main__":
    main()

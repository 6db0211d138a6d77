"""Run the unit tests against the oldest and the newest dnspython that pyproject.toml allows: `compat.py [PYTEST ARGUMENT…]`.

Each version is put into a directory of its own that comes first on the path, so that the environment stays as it is.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from requirements import requirements

ROOT = Path(__file__).resolve().parent.parent


def allowed() -> dict[str, str]:
    """The requirement for each end of the range."""
    requirement = next(line for line in requirements("run") if line.startswith("dnspython"))
    lowest = re.search(r">=\s*([0-9.]+)", requirement)
    if lowest is None:
        raise SystemExit(f"{requirement!r} has no lower end")
    return {"oldest": f"dnspython=={lowest[1]}", "newest": requirement}


def install(label: str, requirement: str) -> Path:
    """Where that dnspython is."""
    target = ROOT / "build" / "compat" / label
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-deps", "--upgrade", "--target", str(target), requirement], check=True)
    return target


def run_tests(target: Path, arguments: list[str]) -> int:
    """pytest's exit code with the dnspython in `target`."""
    environment = {**os.environ, "PYTHONPATH": str(target)}
    show = "import dns, dns.version; print('dnspython', dns.version.version, 'from', dns.__file__)"
    subprocess.run([sys.executable, "-c", show], check=True, env=environment, cwd=ROOT)
    command = [sys.executable, "-m", "pytest", "tests/unit", "-q", "-n", "2", "--dist", "loadfile", *arguments]
    return subprocess.run(command, check=False, env=environment, cwd=ROOT).returncode


def main() -> int:
    """The worst exit code of both runs."""
    codes = {label: run_tests(install(label, requirement), sys.argv[1:]) for label, requirement in allowed().items()}
    for label, code in codes.items():
        print(f"{label} dnspython: {'ok' if code == 0 else 'FAILED'}")
    return max(codes.values())


if __name__ == "__main__":
    sys.exit(main())

"""Put the demo's real output into README.md, between its two markers: `readme_demo.py [--check]`.

Keys differ from run to run and are shown as they came; how long something took is left out. `--check` tells whether the README
shows the same lines as the demo, apart from numbers, digests and the blanks that line them up.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
BEGIN, END = "<!-- demo:begin -->", "<!-- demo:end -->"
ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# "up in 0.41 s", "(12 ms)": true for one machine and one moment.
TIMINGS = re.compile(r",? ?\(?\b(?:in|took|after)? ?\d+(?:\.\d+)? ?(?:ms|s|seconds)\b\)?")


def demo_output() -> str:
    """What `make demo` prints, without colours, timings and trailing blanks. Exits when the demo fails."""
    command = [sys.executable, "-m", "unbroken.lab.demo"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, timeout=120)
    if done.returncode:
        raise SystemExit(f"the demo failed with exit code {done.returncode}:\n{done.stderr}")
    text = TIMINGS.sub("", ESCAPES.sub("", done.stdout))
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def with_output(readme: str, output: str) -> str:
    """The README with the block replaced. Exits when a marker is missing."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"README.md lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n\n```text\n$ make demo\n{output}\n```\n\n{END}{after}"


def _without_values(text: str) -> str:
    return re.sub(r"[ \n]+", " ", re.sub(r"\d+", "#", re.sub(r"\b[0-9A-F]{40,}\b", "#", text)))


def main() -> int:
    """Replace the block, or with `--check` compare it."""
    readme = README.read_text(encoding="utf-8")
    fresh = with_output(readme, demo_output())
    if "--check" in sys.argv[1:]:
        if _without_values(fresh) == _without_values(readme):
            return 0
        sys.stderr.write("README.md does not show what the demo prints: run python tools/readme_demo.py\n")
        return 1
    README.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

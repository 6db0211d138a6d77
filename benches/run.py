"""All benchmarks, one after the other: `python benches/run.py [NAME...]`."""

import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

NAMES = ("verify", "chain", "check", "sign", "verify_zone", "nsec3", "resolve")


def main() -> None:
    chosen = sys.argv[1:] or list(NAMES)
    unknown = [name for name in chosen if name not in NAMES]
    if unknown:
        raise SystemExit(f"benches: no benchmark {unknown[0]!r}; there are {', '.join(NAMES)}")
    for name in chosen:
        print(f"== {name}", flush=True)
        import_module(f"benches.{name}").main()


if __name__ == "__main__":
    main()

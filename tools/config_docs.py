"""Put the daemon's configuration, every key with its default, into docs/resolve.md: `python tools/config_docs.py [--check]`."""

import re
import sys
from pathlib import Path

from unbroken.service.config import example

TARGET = Path(__file__).resolve().parent.parent / "docs" / "resolve.md"
_BLOCK = re.compile(r"(<!-- config:begin -->\n).*?(<!-- config:end -->)", re.DOTALL)


def document(text: str) -> str:
    """The page with its block as it should be."""
    return _BLOCK.sub(lambda match: f"{match[1]}\n```toml\n{example()}```\n\n{match[2]}", text)


def main() -> int:
    """Write the page, or with `--check` tell whether it is current."""
    text = TARGET.read_text(encoding="utf-8")
    if "--check" in sys.argv[1:]:
        if document(text) != text:
            sys.stderr.write(f"{TARGET.name} is not current: run python tools/config_docs.py\n")
            return 1
        return 0
    TARGET.write_text(document(text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

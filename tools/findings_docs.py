"""Write docs/findings.md from the catalogues, so that the two can't differ: `python tools/findings_docs.py [--check]`."""

import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import TypeVar

from unbroken.chain.catalogue import CATALOGUE, Row
from unbroken.chain.zone_catalogue import ZONE_CATALOGUE
from unbroken.diagnosis.rules import GROUPS
from unbroken.report.words import ede_text

_Code = TypeVar("_Code", bound=Enum)

TARGET = Path(__file__).resolve().parent.parent / "docs" / "findings.md"
HEADER = """# Findings

<!-- Made from the catalogues by tools/findings_docs.py; edit the rows there, not this file. -->

Every code that `unbroken` can tell, by who tells it. Codes never change their meaning; `unbroken explain CODE` prints one.
Words in `<>` are filled in by the finding. An *error* breaks resolution or is about to, a *warning* may soon or makes a zone
insecure, a *notice* is worth knowing.
"""


def document() -> str:
    """The whole page."""
    parts = [
        HEADER,
        *_section("The chain of trust", "`unbroken check`, and `check --full` for each server", _named(CATALOGUE)),
    ]
    for heading, rules in GROUPS.items():
        parts += _section(heading, "`unbroken check --full`", {rule.code: rule.row for rule in rules})
    parts += _section("Whole zones", "`unbroken verify-zone` and `unbroken sign`", _named(ZONE_CATALOGUE))
    return "\n".join(parts)


def _named(catalogue: Mapping[_Code, Row]) -> dict[str, Row]:
    return {code.value: row for code, row in catalogue.items()}


def _section(heading: str, source: str, rows: Mapping[str, Row]) -> Iterator[str]:
    yield f"## {heading}\n\nTold by {source}.\n"
    for code, row in rows.items():
        facts = [row.severity.value, row.source] + ([ede_text(row.ede)] if row.ede is not None else [])
        yield f"### {code}\n\n{' · '.join(facts)}\n\n{_shown(row.sentence)}\n\nWhat to do: {_shown(row.remedy)}\n"


def _shown(template: str) -> str:
    """`{tags}` as `<tags>`, in a form that Markdown leaves alone."""
    return template.replace("{", "&lt;").replace("}", "&gt;")


def main() -> int:
    """Write the page, or with `--check` tell whether it is current."""
    text = document()
    if "--check" in sys.argv[1:]:
        current = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
        if current != text:
            sys.stderr.write(f"{TARGET.name} is not current: run python tools/findings_docs.py\n")
            return 1
        return 0
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

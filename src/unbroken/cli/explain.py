"""`unbroken explain CODE`: a row of the catalogue of findings."""

import sys
from difflib import get_close_matches
from textwrap import fill
from typing import TYPE_CHECKING, Final

from unbroken.cli.command import Command, Parser
from unbroken.errors import UsageError

if TYPE_CHECKING:
    from unbroken.chain.catalogue import Row


def _add(parser: Parser) -> None:
    parser.word("code", "[CODE]", nargs="?")


def _run(code: str | None) -> int:
    """Explain a finding code: what, why, and what to do.

    Without CODE, all codes are listed, one a line: those of `check`, then those that only `check --full` can tell, then
    those of `verify-zone`, which start with ZONE. They never change their meaning.

    \b
    Examples:
      unbroken explain
      unbroken explain DS_DIGEST_MISMATCH
    """
    rows = _rows()
    if code is None:
        width = max(map(len, rows))
        for name, row in rows.items():
            ede = f"EDE {int(row.ede)}" if row.ede is not None else ""
            sys.stdout.write(f"{name:<{width}}  {row.severity.value:<7}  {ede}".rstrip() + "\n")
        return 0
    name = _find(code, rows)
    sys.stdout.write(_explanation(name, rows[name]))
    return 0


def _rows() -> "dict[str, Row]":
    from unbroken.chain.catalogue import CATALOGUE
    from unbroken.chain.zone_catalogue import ZONE_CATALOGUE
    from unbroken.diagnosis.rules import RULES

    rows = {code.value: row for code, row in CATALOGUE.items()}
    rows |= {code: rule.row for code, rule in RULES.items()}
    return rows | {code.value: row for code, row in ZONE_CATALOGUE.items()}


def _find(text: str, rows: "dict[str, Row]") -> str:
    wanted = text.strip().upper().replace("-", "_")
    if wanted in rows:
        return wanted
    near = get_close_matches(wanted, rows, n=1)
    hint = f"did you mean {near[0]}?" if near else "`unbroken explain` lists all codes"
    raise UsageError(f"there is no finding code {text!r}; {hint}")


def _explanation(code: str, row: "Row") -> str:
    from unbroken.report.words import ede_text

    facts = [row.severity.value, row.source] + ([ede_text(row.ede)] if row.ede is not None else [])
    sentence, remedy = (_placeholders(text) for text in (row.sentence, row.remedy))
    return "\n".join(
        [
            code,
            "  " + " · ".join(facts),
            "",
            fill(sentence, 80, initial_indent="  ", subsequent_indent="  "),
            "",
            fill(f"What to do: {remedy}", 80, initial_indent="  ", subsequent_indent="  "),
            "",
        ]
    )


def _placeholders(template: str) -> str:
    """`{tags}` as `<tags>`: what a real finding fills in."""
    return template.replace("{", "<").replace("}", ">")


COMMAND: Final = Command(_run, _add)

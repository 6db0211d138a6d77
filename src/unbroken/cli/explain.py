"""`unbroken explain CODE`: a row of the catalogue of findings."""

import sys
from difflib import get_close_matches
from textwrap import fill
from typing import TYPE_CHECKING

import click

from unbroken.errors import UsageError

if TYPE_CHECKING:
    from unbroken.chain.catalogue import Code


@click.command("explain", short_help="Explain a finding code: what, why, and what to do.")
@click.argument("code", required=False)
def command(code: str | None) -> int:
    """Explain a finding code: what, why, and what to do.

    Without CODE, all codes are listed, one a line. Codes are those of `check --json`; they never change their meaning.

    \b
    Examples:
      unbroken explain
      unbroken explain DS_DIGEST_MISMATCH
    """
    from unbroken.chain.catalogue import CATALOGUE, Code

    if code is None:
        width = max(len(each.value) for each in Code)
        for each in Code:
            row = CATALOGUE[each]
            ede = f"EDE {int(row.ede)}" if row.ede is not None else ""
            sys.stdout.write(f"{each.value:<{width}}  {row.severity.value:<7}  {ede}".rstrip() + "\n")
        return 0
    sys.stdout.write(_explanation(_find(code)))
    return 0


def _find(text: str) -> "Code":
    from unbroken.chain.catalogue import Code

    wanted = text.strip().upper().replace("-", "_")
    try:
        return Code(wanted)
    except ValueError:
        near = get_close_matches(wanted, [each.value for each in Code], n=1)
        hint = f"did you mean {near[0]}?" if near else "`unbroken explain` lists all codes"
        raise UsageError(f"there is no finding code {text!r}; {hint}") from None


def _explanation(code: "Code") -> str:
    from unbroken.chain.catalogue import CATALOGUE
    from unbroken.report.words import ede_text

    row = CATALOGUE[code]
    facts = [row.severity.value, row.source] + ([ede_text(row.ede)] if row.ede is not None else [])
    sentence, remedy = (_placeholders(text) for text in (row.sentence, row.remedy))
    return "\n".join(
        [
            code.value,
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

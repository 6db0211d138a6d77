"""Options of `check --full`, apart from what runs it: a plain check does not load that."""

from collections.abc import Mapping
from typing import Any, Final

from unbroken.cli.command import Parser
from unbroken.cli.options import choice, whole_number
from unbroken.errors import UsageError

FACES: Final = ("html", "svg", "dot", "junit")
"""Files that a full check can be shown in, by the name of their option."""
_ONLY_FULL: Final = ("days", "fail_on", *FACES)


def add_full(parser: Parser) -> None:
    """`--full` and what goes with it."""
    parser.flag(
        "--full",
        help="Ask every server of the zone and of its parent, over UDP and TCP, with DNSSEC and without; judge each as if "
        "it were the only one; list what is wrong, grouped by cause, with the records and commands that mend it.",
    )
    parser.option(
        "--days",
        metavar="N",
        type=whole_number(0, 3650),
        help="With --full: warn of signatures that expire within N days.  [default: 3]",
    )
    parser.option(
        "--fail-on",
        metavar="error|warning",
        type=choice("error", "warning"),
        help="With --full: exit 1 when there is a finding as grave as this, though the chain holds.  [default: error]",
    )
    parser.option(
        "--html",
        metavar="FILE",
        help="With --full: one page with findings, picture and servers; it needs nothing else and runs nothing.",
    )
    parser.option("--svg", metavar="FILE", help="With --full: the picture of the chain.")
    parser.option("--dot", metavar="FILE", help="With --full: the picture of the chain for Graphviz.")
    parser.option("--junit", metavar="FILE", help="With --full: JUnit XML, for build servers.")


def refuse_without_full(settings: Mapping[str, Any]) -> None:
    """Raises UsageError for an option that needs --full."""
    for name in _ONLY_FULL:
        if settings[name] is not None:
            raise UsageError(f"--{name.replace('_', '-')} goes with --full only")

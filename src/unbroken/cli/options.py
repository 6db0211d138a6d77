"""Options and arguments that several commands share, and how their values are read."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from unbroken.errors import UsageError

if TYPE_CHECKING:
    from unbroken.anchors import TrustAnchors
    from unbroken.chain import Chain, Question

_F = TypeVar("_F", bound=Callable[..., Any])

EXIT_EPILOG = "Exit codes: 0 secure, 1 bogus, 2 usage or unreadable input, 3 insecure, 4 indeterminate or unreachable."


def moment(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Epoch seconds, ISO 8601 or YYYYMMDDHHMMSS, as epoch seconds."""
    from unbroken.chain.times import parse_moment

    if value is None:
        return None
    try:
        return parse_moment(value)
    except (ValueError, OverflowError):
        what = f"{value!r} is neither epoch seconds, ISO 8601 (2025-08-09T01:28:45Z, 20250809) nor YYYYMMDDHHMMSS"
        raise click.BadParameter(what, ctx, param) from None


def anchor_option(function: _F) -> _F:
    """`--anchor FILE`, repeatable."""
    return click.option(
        "--anchor",
        "anchor_files",
        metavar="FILE",
        multiple=True,
        help="Trust anchors instead of the built-in IANA root: DS or DNSKEY zone-file lines, BIND trust-anchors, or "
        "IANA's root-anchors.xml. May be given several times.",
    )(function)


def at_option(function: _F) -> _F:
    """`--at TIME`."""
    return click.option(
        "--at",
        metavar="TIME",
        callback=moment,
        help="Judge as of this time: epoch seconds, ISO 8601 (2025-08-09, 20250809, 2025-08-09T01:28:45Z) or "
        "YYYYMMDDHHMMSS, in UTC. Default: now.",
    )(function)


def output_options(function: _F) -> _F:
    """`--json`, `--color`, `--ascii`."""
    for option in (
        click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII only."),
        click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            show_default=True,
            help="Colours; auto: when the output is a terminal and NO_COLOR is not set.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print the chain as JSON (schema: chain-1.json)."),
    ):
        function = option(function)
    return function


def network_options(function: _F) -> _F:
    """What resolving over the network can be told; read back by `online.Network.from_options`."""
    for option in (
        click.option("--ipv6", "-6", "only_ipv6", is_flag=True, help="Ask servers over IPv6 only."),
        click.option("--ipv4", "-4", "only_ipv4", is_flag=True, help="Ask servers over IPv4 only."),
        click.option(
            "--timeout",
            metavar="SECONDS",
            type=click.FloatRange(min=0, min_open=True, max=300),
            default=12.0,
            show_default=True,
            help="Time after which nothing more is asked.",
        ),
        click.option(
            "--lab", is_flag=True, help="Use the running lab (`unbroken lab up`), or one that lives for this call."
        ),
        click.option(
            "--port",
            metavar="N",
            type=click.IntRange(1, 65535),
            default=53,
            show_default=True,
            help="Port of the resolver, or of every server asked.",
        ),
        click.option(
            "--resolver",
            metavar="ADDR",
            help="Ask this recursive resolver (with CD set) instead of iterating from the root.",
        ),
        click.option(
            "--hints", metavar="FILE", help="Root hints instead of the built-in: NS, A and AAAA zone-file lines."
        ),
    ):
        function = option(function)
    return function


def current_time(at: int | None) -> int:
    """The time asked for, or the clock's."""
    return int(time.time()) if at is None else at


def question(name: str, rdtype: str) -> "Question":
    """The question that a person means. Raises UsageError."""
    from unbroken._kernel import type_from_text
    from unbroken.chain import Question
    from unbroken.dns.user_name import name_from_user

    try:
        number = type_from_text(rdtype)
    except ValueError:
        raise UsageError(f"{rdtype!r} is not an RR type; write a mnemonic such as AAAA, or TYPEnnn") from None
    return Question(name_from_user(name), number)


def anchors(files: tuple[str, ...], now: int) -> "TrustAnchors":
    """The anchors in those files, joined; without any, the IANA root."""
    from unbroken.anchors import iana_root, load

    if not files:
        built_in = iana_root(now)
        if not built_in:
            raise UsageError("none of the built-in root anchors was in force at that time; give one with --anchor")
        return built_in
    first, *others = (load(path, now=now) for path in files)
    for other in others:
        first = first.merge(other)
    return first


def show_chain(chain: "Chain", now: int, settings: Mapping[str, Any], stream: TextIO | None = None) -> int:
    """Print a chain as `output_options` say, on standard output unless told otherwise; its exit code."""
    out = sys.stdout if stream is None else stream
    if settings["as_json"]:
        import json

        from unbroken.chain.json import chain_to_json

        out.write(json.dumps(chain_to_json(chain), indent=2) + "\n")
    else:
        from unbroken.report.text import render

        drawn = settings["ascii_only"] or not _can_draw(out)
        out.write(render(chain, now, wants_colour(settings["color"], out), terminal_width(out), drawn))
    out.flush()
    return exit_code(chain)


def exit_code(chain: "Chain") -> int:
    """0 secure, 1 bogus, 3 insecure, 4 indeterminate."""
    return {"secure": 0, "bogus": 1, "insecure": 3, "indeterminate": 4}[chain.status.value]


def wants_colour(choice: str, out: TextIO) -> bool:
    """`auto` asks the terminal, and https://no-color.org."""
    if choice != "auto":
        return choice == "always"
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def terminal_width(out: TextIO) -> int:
    """Columns: 80 unless the output is a terminal that has more, and then at most 120, so that lines stay readable."""
    if not out.isatty():
        return 80
    try:
        return min(max(os.get_terminal_size(out.fileno()).columns, 48), 120)
    except OSError:
        return 80


def _can_draw(out: TextIO) -> bool:
    """Whether the output's encoding has the glyphs of the tree."""
    try:
        "╰├│◆✓✗○→×…┃·".encode(out.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True

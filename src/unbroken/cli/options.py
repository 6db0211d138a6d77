"""Options and arguments that several commands share, and how their values are read."""

import os
import sys
import time
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TextIO

from unbroken.cli.command import Parser
from unbroken.errors import UsageError

if TYPE_CHECKING:
    from unbroken.anchors import TrustAnchors
    from unbroken.chain import Chain, Question

EXIT_EPILOG: Final = (
    "Exit codes: 0 secure, 1 bogus, 2 usage or unreadable input, 3 insecure, 4 indeterminate or unreachable."
)

_EXCLUSIVE: Final = (
    ("hints", "resolver", "each says whom to ask"),
    ("hints", "lab", "each says whom to ask"),
    ("resolver", "lab", "each says whom to ask"),
    ("lab", "port", "the lab knows its port"),
    ("lab", "only_ipv6", "the lab speaks IPv4"),
    ("only_ipv4", "only_ipv6", "without either, both are used"),
)
_MOST_SECONDS: Final = 300

# --- how values are read: each raises ArgumentTypeError, whose text follows the name of the option ------------------


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Reads an integer from `low` to `high`."""

    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < 12 and low <= int(text) <= high:
            return int(text)
        raise ArgumentTypeError(f"takes a whole number from {low} to {high}, not {text!r}")

    return read


def choice(*names: str) -> Callable[[str], str]:
    """Reads one of these words."""

    def read(text: str) -> str:
        if text in names:
            return text
        raise ArgumentTypeError(f"takes {', '.join(names[:-1])} or {names[-1]}, not {text!r}")

    return read


def _seconds(text: str) -> float:
    with suppress(ValueError):
        value = float(text)
        if 0 < value <= _MOST_SECONDS:
            return value
    raise ArgumentTypeError(f"takes a number of seconds above 0, at most {_MOST_SECONDS}, not {text!r}")


def moment(text: str) -> int:
    """Epoch seconds, ISO 8601 or YYYYMMDDHHMMSS, as epoch seconds."""
    from unbroken.chain.times import parse_moment

    try:
        return parse_moment(text)
    except (ValueError, OverflowError):
        what = "epoch seconds, ISO 8601 (2025-08-09T01:28:45Z, 20250809) or YYYYMMDDHHMMSS"
        raise ArgumentTypeError(f"takes {what}, not {text!r}") from None


# --- options --------------------------------------------------------------------------------------------------------


def add_anchor(parser: Parser) -> None:
    """`--anchor FILE`, repeatable."""
    parser.option(
        "--anchor",
        dest="anchor_files",
        metavar="FILE",
        action="append",
        default=[],
        help="Trust anchors instead of the built-in IANA root: DS or DNSKEY zone-file lines, BIND trust-anchors, or "
        "IANA's root-anchors.xml. May be given several times.",
    )


def add_at(parser: Parser) -> None:
    """`--at TIME`."""
    parser.option(
        "--at",
        metavar="TIME",
        type=moment,
        help="Judge as of this time: epoch seconds, ISO 8601 (2025-08-09, 20250809, 2025-08-09T01:28:45Z) or "
        "YYYYMMDDHHMMSS, in UTC. Default: now.",
    )


def add_output(parser: Parser) -> None:
    """`--json`, `--color`, `--ascii`."""
    parser.flag("--json", dest="as_json", help="Print the chain as JSON (schema: chain-1.json).")
    parser.option(
        "--color",
        metavar="auto|always|never",
        type=choice("auto", "always", "never"),
        default="auto",
        shown_default="default: auto",
        help="Colours; auto: when the output is a terminal and NO_COLOR is not set.",
    )
    parser.flag("--ascii", dest="ascii_only", help="Draw with ASCII only.")


def add_network(parser: Parser) -> None:
    """What resolving over the network can be told; read back by `online.Network.from_options`, which knows the defaults."""
    parser.option("--hints", metavar="FILE", help="Root hints instead of the built-in: NS, A and AAAA zone-file lines.")
    parser.option(
        "--resolver",
        metavar="ADDR",
        help="Ask this recursive resolver (with CD set) instead of iterating from the root.",
    )
    parser.option(
        "--port",
        metavar="N",
        type=whole_number(1, 65535),
        shown_default="default: 53",
        help="Port of the resolver, or of every server asked.",
    )
    parser.flag("--lab", help="Use the running lab (`unbroken lab up`), or one that lives for this call.")
    parser.option(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        shown_default="default: 12",
        help=f"Time after which nothing more is asked, at most {_MOST_SECONDS}.",
    )
    parser.flag("-4", "--ipv4", dest="only_ipv4", help="Ask servers over IPv4 only.")
    parser.flag("-6", "--ipv6", dest="only_ipv6", help="Ask servers over IPv6 only.")


def refuse_together(settings: Mapping[str, Any], pairs: Iterable[tuple[str, str, str]] = _EXCLUSIVE) -> None:
    """Refuse options that exclude each other: two names and the reason. Raises UsageError."""
    for one, other, reason in pairs:
        if settings[one] and settings[other]:
            first, second = (f"--{name.removeprefix('only_')}" for name in (one, other))
            raise UsageError(f"{first} and {second} exclude each other: {reason}")


# --- what they mean -------------------------------------------------------------------------------------------------


def current_time(at: int | None) -> int:
    """The time asked for, or the clock's."""
    return int(time.time()) if at is None else at


def question(name: str, rdtype: str) -> "Question":
    """The question that a person means. Raises UsageError."""
    from unbroken._kernel import type_from_text
    from unbroken.chain import Question
    from unbroken.dns.rdtype import is_data
    from unbroken.dns.user_name import name_from_user

    try:
        number = type_from_text(rdtype)
    except ValueError:
        raise UsageError(f"{rdtype!r} is not an RR type; write a mnemonic such as AAAA, or TYPEnnn") from None
    if not is_data(number):
        raise UsageError(f"{rdtype} is no type of data, so nothing can be proven of it; ask for one such as AAAA")
    _require_name(name)
    return Question(name_from_user(name), number)


def _require_name(text: str) -> None:
    """Refuse what people paste in the place of a name. Names may hold almost anything, so this looks at little."""
    from unbroken.resolving.addresses import address_rdata, address_text

    scheme, mark, rest = text.strip().partition("://")
    if mark and scheme.isalnum():
        host = rest.partition("/")[0]
        raise UsageError(f"{text!r} is a URL, not a name" + (f"; give the name alone: {host}" if host else ""))
    rdata = address_rdata(text.strip())
    if rdata is not None:
        from ipaddress import ip_address

        reverse = ip_address(address_text(rdata)).reverse_pointer
        raise UsageError(f"{text!r} is an address, not a name; to ask for its name: {reverse} PTR")


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

        drawn = settings["ascii_only"] or not can_draw(out)
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


def can_draw(out: TextIO) -> bool:
    """Whether the output's encoding has the glyphs of the tree."""
    try:
        "╰├│◆✓✗○→×…┃·".encode(out.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True

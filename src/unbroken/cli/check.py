"""`unbroken check NAME [TYPE]`: resolve, validate, show the chain."""

from typing import TYPE_CHECKING, Any, Final

from unbroken.cli import options
from unbroken.cli.command import Command, Parser
from unbroken.cli.full_options import add_full, refuse_without_full

if TYPE_CHECKING:
    from unbroken.chain import Chain, Question


_OFFLINE: Final = (
    ("offline", "save", "offline, there is nothing new to save"),
    *(
        ("offline", name, "offline, nobody is asked")
        for name in ("lab", "resolver", "hints", "port", "timeout", "only_ipv4", "only_ipv6")
    ),
)


def _add(parser: Parser) -> None:
    parser.word("name", "NAME")
    parser.word("type_", "[TYPE]", nargs="?", default="A")
    options.add_anchor(parser)
    options.add_network(parser)
    options.add_at(parser)
    parser.option(
        "--offline", metavar="FILE", help="Ask nobody: take all evidence from what --save wrote, or an RFC 9102 proof."
    )
    parser.option(
        "--save",
        metavar="FILE",
        help="Keep every response in a capture, for --offline and `unbroken verify`; `-`: standard output, and the chain "
        "goes to standard error.",
    )
    add_full(parser)
    parser.flag("--all-paths", help="Try every signature with every key, not just until one path holds.")
    options.add_output(parser)


def _run(name: str, type_: str, **settings: Any) -> int:
    """Resolve a name and walk its chain of trust.

    The chain is shown as a tree from the trust anchor down, one line a link: keys and DS by their key tags, who signed
    them, and how long the signatures last. A broken link is marked, with what is wrong and what to do about it. TYPE is
    an RR type (default A). Names are taken as people write them, in any script.

    The resolver iterates from the root, unless --resolver names one to ask. Nothing that comes over the network is
    believed: all is validated here.

    With --full every server of the zone that holds the name, and of its parent, is asked by itself. One that is out of
    step shows, and so does what breaks nothing yet: signatures that end soon, DS that lead nowhere, servers that do not
    answer. --save and --offline then hold every packet of every server.

    \b
    Examples:
      unbroken check example.com
      unbroken check _443._tcp.www.example.com TLSA --json
      unbroken check example.com MX --resolver 192.0.2.1
      unbroken check example.com --save evidence.json
      unbroken check example.com --offline evidence.json --at 2025-08-09T01:28:45Z
      unbroken check --lab www.one.example
      unbroken check --full example.com
      unbroken check --full example.com --fail-on warning --days 7
    """
    options.refuse_together(settings, _OFFLINE)
    asked = options.question(name, type_)
    if settings["full"]:
        from unbroken.cli.full import run

        return run(asked, settings)
    refuse_without_full(settings)
    if settings["offline"] is not None:
        chain, now = _offline(asked, settings)
        return options.show_chain(chain, now, settings)
    return _online(asked, settings)


def _offline(asked: "Question", settings: dict[str, Any]) -> "tuple[Chain, int]":
    from unbroken.cli.offline import load_source

    source = load_source(settings["offline"])
    now = options.current_time(source.time if settings["at"] is None else settings["at"])
    anchors = options.anchors(settings["anchor_files"], now)
    return source.walk(asked, anchors, now, all_paths=settings["all_paths"]), now


def _online(asked: "Question", settings: dict[str, Any]) -> int:
    from unbroken.cli import output
    from unbroken.cli.online import Network, ask

    save = settings["save"]
    output.check_writable(save)
    network = Network.from_options(settings)
    result = ask(asked, network, settings["anchor_files"], settings["at"], all_paths=settings["all_paths"])
    code = result.show(settings, output.text_stream(save))
    if save is not None:
        output.write(save, result.capture())
    return code


COMMAND: Final = Command(_run, _add, epilog=options.EXIT_EPILOG)

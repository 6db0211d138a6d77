"""`unbroken check NAME [TYPE]`: resolve, validate, show the chain."""

from typing import TYPE_CHECKING, Any

import click

from unbroken.cli import options
from unbroken.cli.full import full_options, refuse_without_full
from unbroken.errors import UsageError

if TYPE_CHECKING:
    from unbroken.chain import Chain, Question


@click.command("check", short_help="Resolve a name and walk its chain of trust.", epilog=options.EXIT_EPILOG)
@click.argument("name")
@click.argument("type_", metavar="[TYPE]", required=False, default="A")
@options.anchor_option
@options.network_options
@options.at_option
@click.option(
    "--offline", metavar="FILE", help="Ask nobody: take all evidence from what --save wrote, or an RFC 9102 proof."
)
@click.option(
    "--save",
    metavar="FILE",
    help="Keep every response in a capture, for --offline and `unbroken verify`; `-`: standard output, and the chain goes to "
    "standard error.",
)
@full_options
@click.option("--all-paths", is_flag=True, help="Try every signature with every key, not just until one path holds.")
@options.output_options
def command(name: str, type_: str, **settings: Any) -> int:
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
    asked = options.question(name, type_)
    if settings["offline"] is not None and settings["save"] is not None:
        raise UsageError("--offline and --save exclude each other: offline, there is nothing new to save")
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

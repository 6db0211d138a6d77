"""`unbroken resolve`: the validating resolver daemon."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from unbroken.cli.command import Command, Parser
from unbroken.cli.signals import leaving_cleanly
from unbroken.errors import UsageError

if TYPE_CHECKING:
    from unbroken.service.daemon import Daemon
    from unbroken.service.ground import Ground
    from unbroken.service.settings import Settings


EPILOG: Final = (
    "Exit codes: 0 ended by a signal or `unbroken control stop`, 2 usage or configuration, 4 an address is taken."
)


def _add(parser: Parser) -> None:
    parser.option("--config", metavar="FILE", help="Settings, in TOML (see docs/resolve.md).")
    parser.flag("--check-config", help="Check the configuration, with the files that it names, and end.")
    parser.flag("--print-config", help="Print a configuration file with every key and its default, and end.")
    parser.flag("--lab", help="Resolve in the running lab (`unbroken lab up`), or in one that is started for it.")
    parser.option(
        "--listen",
        metavar="ADDR[@PORT]",
        action="append",
        default=[],
        help="Listen here, UDP and TCP. Repeatable. Default: 127.0.0.1@5335.",
    )
    parser.option(
        "--anchor",
        dest="anchors",
        metavar="FILE",
        action="append",
        default=[],
        help="Trust anchors instead of the built-in IANA root. Repeatable.",
    )
    parser.option("--hints", metavar="FILE", help="Root hints instead of the built-in ones.")
    parser.option(
        "--forward",
        metavar="ADDR[@PORT]",
        action="append",
        default=[],
        help="Ask these recursive resolvers (with CD set) instead of iterating from the root. Repeatable.",
    )
    parser.option(
        "--control", metavar="PATH", help='Control socket; "none" for none. Default: in the runtime directory.'
    )


def _run(**options: Any) -> int:
    """Run the validating resolver for other programs, until Ctrl-C or SIGTERM.

    Clients get AD for what is secure and SERVFAIL for what is bogus, with an Extended DNS Error that names the link which
    broke; with CD set, they get the data all the same. Nothing that comes over the network is believed: all is validated
    here, from the root's trust anchor.

    `unbroken control` tells it things while it runs, SIGHUP makes it read its configuration anew. Options given here replace
    those of the configuration file. When queries are answered, a line that begins with
    "Ready:" is printed.

    \b
    Examples:
      unbroken resolve
      unbroken resolve --lab --listen 127.0.0.1@5300
      unbroken resolve --print-config > resolve.toml
      unbroken resolve --config resolve.toml --check-config
    """
    from unbroken.service.config import example

    if options["print_config"]:
        sys.stdout.write(example())
        return 0
    settings = _settings(options)
    if options["lab"] and (settings.resolve.forward or settings.resolve.hints):
        raise UsageError("--lab excludes --hints and --forward: each says where to begin")
    if options["check_config"]:
        return _check(settings, options["config"])
    with leaving_cleanly():
        asyncio.run(_serve(settings, lambda: _settings(options), is_lab=options["lab"]))
    return 0


def _settings(options: dict[str, Any]) -> "Settings":
    """The file's, overridden by the command line's."""
    from unbroken.service import config
    from unbroken.service.endpoints import parse_endpoint
    from unbroken.service.settings import DNS_PORT, PORT, Settings

    settings = config.load(options["config"]) if options["config"] is not None else Settings()
    if options["listen"]:
        addresses = tuple(parse_endpoint(text, PORT, "--listen") for text in options["listen"])
        settings = replace(settings, listen=replace(settings.listen, addresses=addresses))
    resolve = settings.resolve
    if options["forward"]:
        resolve = replace(resolve, forward=tuple(parse_endpoint(t, DNS_PORT, "--forward") for t in options["forward"]))
    if options["anchors"]:
        resolve = replace(resolve, anchors=tuple(options["anchors"]))
    if options["hints"] is not None:
        resolve = replace(resolve, hints=options["hints"])
    if options["control"] is not None:
        settings = replace(settings, control=replace(settings.control, socket=options["control"]))
    return replace(settings, resolve=resolve)


def _check(settings: "Settings", path: str | None) -> int:
    from unbroken.service.anchor_watch import kept_negatives
    from unbroken.service.ground import Ground, make_resolver, start_anchors
    from unbroken.service.stats import Stats

    # Every file that is named is read.
    make_resolver(settings, Ground(), Stats(), start_anchors(settings, Ground()).anchors)
    kept_negatives(settings)
    if settings.tls.addresses:
        from unbroken.service.tls import Certificate

        Certificate(settings.tls)
    sys.stdout.write(f"{path or 'The configuration'}: no fault found.\n")
    return 0


async def _serve(settings: "Settings", load: "Callable[[], Settings]", *, is_lab: bool) -> None:
    from unbroken.service.daemon import run

    async with _ground(is_lab) as ground:
        await run(settings, ground, _announce, load)
    sys.stdout.write("The resolver has ended.\n")


@contextlib.asynccontextmanager
async def _ground(is_lab: bool) -> "AsyncIterator[Ground]":
    from unbroken.service.ground import Ground

    if not is_lab:
        yield Ground()
        return
    from unbroken.dns import Name
    from unbroken.lab.session import joined
    from unbroken.resolving.clock import SystemClock

    async with joined() as lab:
        # RFC 6761 §6.2: `test.` is looked up where somebody has set it up, as the lab has.
        clock = SystemClock() if lab.clock.offset == 0 else lab.clock
        yield Ground(lab.hints, lab.anchors, lab.port, clock, (Name("test."),), is_lab=True)


def _announce(daemon: "Daemon") -> None:
    where = ", ".join(map(str, daemon.endpoints)) + " (UDP, TCP)"
    if daemon.tls_endpoints:
        where += ", " + ", ".join(map(str, daemon.tls_endpoints)) + " (TLS)"
    sys.stdout.write(f"Ready: {where}{', in the lab' if daemon.ground.is_lab else ''}.\n")
    sys.stdout.flush()


COMMAND: Final = Command(_run, _add, epilog=EPILOG)

"""`unbroken lab`: run the signed Internet, list the ways to break it."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Final

from unbroken.cli import options
from unbroken.cli.command import Command, Parser
from unbroken.cli.signals import handling
from unbroken.errors import StateError

if TYPE_CHECKING:
    from unbroken.lab.run import Lab


def _add_up(parser: Parser) -> None:
    parser.option("--config", metavar="FILE", help="Zones of your own, in TOML (see docs/lab.md).")
    parser.option(
        "--port",
        metavar="N",
        type=options.whole_number(1, 65535),
        help="Port of all servers. Default: 53 for root when it is free, else any that is.",
    )
    parser.option(
        "--address-prefix",
        metavar="A.B",
        default="127.53",
        shown_default="default: 127.53",
        help="First two octets of the servers' addresses, within 127.0.0.0/8.",
    )
    parser.option(
        "--break",
        dest="breaks",
        metavar="FAULT@ZONE",
        action="append",
        default=[],
        help="Break a zone (see `unbroken lab faults`). Repeatable.",
    )
    parser.option("--dir", dest="directory", metavar="DIR", help="Put hints, anchors and zones there and leave them.")


def _run_up(
    config: str | None, port: int | None, address_prefix: str, breaks: tuple[str, ...], directory: str | None
) -> int:
    """Start the lab and run it until Ctrl-C, SIGTERM or SIGHUP.

    Prints where the root hints and the trust anchor are, for this and for other resolvers. With port 53 (as root) Unbound,
    BIND and delv can be pointed at it.
    """
    from unbroken.lab.config import load_world
    from unbroken.lab.run import Lab
    from unbroken.lab.session import find_running

    with _until_signal() as ended:
        if find_running() is not None:
            raise StateError("a lab of yours is running already; `unbroken check --lab` uses it, end it with Ctrl-C")
        world = None if config is None else load_world(config)
        lab = Lab(world, port=port, address_prefix=address_prefix, breaks=breaks, directory=directory, announce=True)
        with lab:
            if not ended.is_set():
                sys.stdout.write(_greeting(lab, breaks) + "\n")
                sys.stdout.flush()
            ended.wait()
    sys.stdout.write("The lab has ended.\n")
    return 0


def _greeting(lab: "Lab", breaks: tuple[str, ...]) -> str:
    lines = [
        f"The lab is up: {len(lab.world.zones)} zones, port {lab.port}.",
        f"  root hints    {lab.directory}/root.hints",
        f"  trust anchor  {lab.directory}/root.anchor   (for BIND and delv: {lab.directory}/bind.keys)",
        f"  zones         {lab.directory}/zones/",
        *(f"  broken        {text}, which shows at {lab.shown_by(text)}" for text in breaks),
        "Try: unbroken check --lab www.one.example",
        "Ctrl-C ends it.",
    ]
    return "\n".join(lines)


@contextmanager
def _until_signal() -> Iterator[threading.Event]:
    """An event that SIGINT, SIGTERM and SIGHUP set; their handlers are put back at the end."""
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    with handling(end, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        yield ended


def _add_faults(parser: Parser) -> None:
    parser.flag("--json", dest="as_json", help="Print the list as JSON.")


def _run_faults(as_json: bool) -> int:
    """List the ways to break a zone, for `unbroken lab up --break FAULT@ZONE`."""
    from unbroken.lab.faults import FAULTS

    if as_json:
        import json

        rows = [
            {
                "name": fault.name,
                "description": fault.description,
                "status": fault.status.value,
                "code": fault.code.value,
                "shown_by": fault.probe.value,
                "default_zone": fault.victim,
            }
            for fault in FAULTS.values()
        ]
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return 0
    width = max(map(len, FAULTS))
    for fault in FAULTS.values():
        sys.stdout.write(f"{fault.name:{width}}  {fault.status.value:13}  {fault.description}\n")
    return 0


COMMAND: Final = Command(
    about="""Run a signed Internet on loopback, whole or broken.

    The lab has a root, two TLDs and a score of zones below them, signed with every algorithm there is, each served on its
    own addresses in 127.0.0.0/8. Nothing of it leaves this machine. While it runs, `unbroken check --lab` asks it.

    \b
    Examples:
      unbroken lab up
      unbroken lab up --break rrsig-exp-a@one.example
      unbroken lab faults
    """,
    parts={
        "up": ("Start the lab and run it until Ctrl-C.", "lab", "UP"),
        "faults": ("List the ways to break a zone.", "lab", "FAULTS"),
    },
)
UP: Final = Command(_run_up, _add_up)
FAULTS: Final = Command(_run_faults, _add_faults)

"""How to ask a lab, be it in this process or in another."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from unbroken._kernel import Message, Name
from unbroken.anchors import TrustAnchors
from unbroken.anchors.files import parse
from unbroken.dns import rdtype as rr
from unbroken.lab import files
from unbroken.lab.clock import LabClock
from unbroken.resolving.hints import Hints, parse_hints
from unbroken.resolving.options import Options

if TYPE_CHECKING:
    from unbroken.resolving.resolver import Resolver

_PATIENCE: Final = 1.0  # seconds that a running lab may take to show that it lives


@dataclass(frozen=True, slots=True)
class Session:
    """What a resolver needs to start at the lab's root. Signatures are to be judged by `clock`."""

    port: int
    hints: Hints
    anchors: TrustAnchors
    clock: LabClock
    directory: Path

    @staticmethod
    def to(port: int, root_addresses: tuple[str, ...], anchor: str, clock: LabClock, directory: Path) -> "Session":
        """`anchor`: DS lines. Raises InputError when they are none."""
        hints = parse_hints(files.hints_text(root_addresses), "the lab's hints")
        anchors = parse(anchor.encode("ascii"), "the lab's anchor", now=clock.now())
        return Session(port, hints, anchors, clock, directory)

    @property
    def now(self) -> int | None:
        """Epoch seconds that the lab's clock shows; None when it goes with the machine's."""
        return None if self.clock.offset == 0 else self.clock.now()

    def resolver(self, **settings: Any) -> "Resolver":
        """A resolver with a cold cache; `settings` as `Resolver` takes them."""
        from unbroken.resolving.resolver import Resolver

        options = settings.pop("options", None) or Options()
        defaults = {"hints": self.hints, "anchors": self.anchors, "clock": self.clock}
        return Resolver(**{**defaults, **settings, "options": replace(options, port=self.port, use_ipv6=False)})


def find_running() -> Session | None:
    """The lab that `unbroken lab up` of the same user runs, if it answers."""
    state = files.read_state()
    if state is None or not _is_alive(state):
        return None
    return Session.to(
        state.port, state.root_addresses, state.anchor, LabClock(state.clock_offset), Path(state.directory)
    )


@contextlib.asynccontextmanager
async def joined() -> AsyncIterator[Session]:
    """The running lab, or one that lives as long as this block. Raises StateError when none can be started."""
    running = await asyncio.to_thread(find_running)
    if running is not None:
        yield running
        return
    from unbroken.lab.run import Lab

    async with Lab() as lab:
        yield lab.session


def _is_alive(state: files.State) -> bool:
    """Whether a server of its root answers: the process may be gone, and its number be another's."""
    query = Message(int.from_bytes(os.urandom(2), "big"), 0, (Name.ROOT, rr.SOA, rr.CLASS_IN)).to_wire()
    for address in state.root_addresses[:4]:
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(_PATIENCE)
            sock.connect((address, state.port))
            sock.send(query)
            if sock.recv(4096)[:2] == query[:2]:
                return True
    return False

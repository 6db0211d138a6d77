"""Clients for tests of the daemon: octets over UDP and TCP on loopback, and queries as stubs send them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from unbroken.dns import Edns, Message, Name
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import OPTION_CODE, parse_option
from unbroken.lab.run import Lab
from unbroken.resolving.clock import Clock
from unbroken.service.daemon import Daemon
from unbroken.service.endpoints import Endpoint
from unbroken.service.ground import Ground
from unbroken.service.log import Log
from unbroken.service.settings import Control, Listen, Settings

PATIENCE = 10.0
ANYWHERE = Endpoint("127.0.0.1", 0)


def query(name: str, rdtype: int = rr.A, *, flags: int = rr.RD, edns: Edns | None = None, **more: Any) -> bytes:
    rdclass = more.pop("rdclass", rr.CLASS_IN)
    return Message(more.pop("id", 4711), flags, (Name(name), rdtype, rdclass), edns=edns, **more).to_wire()


def with_dnssec(name: str, rdtype: int = rr.A, *, flags: int = rr.RD) -> bytes:
    return query(name, rdtype, flags=flags, edns=Edns(1232, True))


class _Client(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.replies: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.replies.put_nowait(data)


async def udp(endpoint: Endpoint, *wires: bytes, patience: float = PATIENCE) -> list[bytes]:
    """One reply to each of these, in the order they came; fewer when no more come within `patience` seconds."""
    transport, client = await asyncio.get_running_loop().create_datagram_endpoint(
        _Client, remote_addr=(endpoint.address, endpoint.port)
    )
    try:
        for wire in wires:
            transport.sendto(wire)
        replies: list[bytes] = []
        try:
            async with asyncio.timeout(patience):
                while len(replies) < len(wires):
                    replies.append(await client.replies.get())
        except TimeoutError:
            pass
        return replies
    finally:
        transport.close()


async def ask(endpoint: Endpoint, wire: bytes) -> Message:
    replies = await udp(endpoint, wire)
    assert replies, "no reply"
    return Message.from_wire(replies[0])


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, *wires: bytes) -> None:
        self.writer.write(b"".join(len(wire).to_bytes(2, "big") + wire for wire in wires))

    async def receive(self) -> bytes | None:
        """The next reply; None when the server has ended the connection."""
        try:
            async with asyncio.timeout(PATIENCE):
                length = int.from_bytes(await self.reader.readexactly(2), "big")
                return await self.reader.readexactly(length)
        except (EOFError, ConnectionError):
            return None


@asynccontextmanager
async def connected(endpoint: Endpoint, **settings: Any) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection(endpoint.address, endpoint.port, **settings)
    try:
        yield Connection(reader, writer)
    finally:
        writer.transport.abort()


def errors(message: Message) -> dict[int, str]:
    """Extended DNS Errors: info-code to text."""
    options = message.edns.options if message.edns is not None else ()
    parsed = [parse_option(data) for code, data in options if code == OPTION_CODE]
    return dict(each for each in parsed if each is not None)


def ground_of(lab: Lab) -> Ground:
    return Ground(lab.hints, lab.anchors, lab.port, lab.clock, (Name("test."),), is_lab=True)


@asynccontextmanager
async def running(
    lab: Lab,
    settings: Settings | None = None,
    log: Log | None = None,
    load: Callable[[], Settings] | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Daemon]:
    """A daemon over the lab, on any free port unless the settings say where, and without a control socket. `clock`: another
    than the lab's."""
    settings = settings or Settings()
    if settings.listen == Listen():
        settings = replace(settings, listen=Listen(addresses=(ANYWHERE,)))
    if settings.control == Control():
        settings = replace(settings, control=Control(socket="none"))
    ground = ground_of(lab)
    daemon = Daemon(settings, ground if clock is None else replace(ground, clock=clock), log, load)
    await daemon.start()
    try:
        yield daemon
    finally:
        await daemon.stop()

"""The name servers of the lab: for each zone its own addresses, on which nothing but that zone is answered."""

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from unbroken._kernel import Name
from unbroken.authority import Authority, respond
from unbroken.errors import StateError

_IDLE: Final = 10.0  # seconds that a TCP connection may be silent (RFC 7766 §6.2.3)
_MAX_CONNECTIONS: Final = 64  # for each zone at once
_PORT_TRIES: Final = 16


@dataclass(frozen=True, slots=True)
class Sockets:
    """Bound, not yet served: a UDP and a listening TCP socket an address."""

    udp: tuple[socket.socket, ...]
    tcp: tuple[socket.socket, ...]

    def close(self) -> None:
        """All of them."""
        for sock in (*self.udp, *self.tcp):
            sock.close()


def bind(addresses: Sequence[str], port: int) -> Sockets:
    """Raises OSError, with nothing left open."""
    bound: list[socket.socket] = []
    try:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            bound.extend(_bind_one(kind, address, port) for address in addresses)
    except OSError:
        for sock in bound:
            sock.close()
        raise
    return Sockets(tuple(bound[: len(addresses)]), tuple(bound[len(addresses) :]))


def _bind_one(kind: socket.SocketKind, address: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, kind)
    try:
        if kind is socket.SOCK_STREAM:
            # So that a lab can follow one that has just ended; on UDP it would let two labs share a port.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        sock.bind((address, port))
        if kind is socket.SOCK_STREAM:
            sock.listen(32)
    except OSError:
        sock.close()
        raise
    return sock


def bind_all(addresses: Mapping[Name, tuple[str, ...]], port: int | None) -> tuple[int, dict[Name, Sockets]]:
    """Sockets for every zone, all on one port: `port`, or, when None, 53 for root if it is free, else any that is. Raises
    StateError."""
    if port is not None:
        return port, _bind_zones(addresses, port)
    if os.geteuid() == 0:
        with contextlib.suppress(StateError):
            return 53, _bind_zones(addresses, 53)
    for _ in range(_PORT_TRIES - 1):
        with contextlib.suppress(StateError):
            chosen = _free_port(addresses)
            return chosen, _bind_zones(addresses, chosen)
    chosen = _free_port(addresses)
    return chosen, _bind_zones(addresses, chosen)


def _free_port(addresses: Mapping[Name, tuple[str, ...]]) -> int:
    first = next(iter(addresses.values()))[0]
    try:
        with _bind_one(socket.SOCK_DGRAM, first, 0) as sock:
            return int(sock.getsockname()[1])
    except OSError as error:
        raise StateError(_bind_text(first, 0, error)) from None


def _bind_zones(addresses: Mapping[Name, tuple[str, ...]], port: int) -> dict[Name, Sockets]:
    bound: dict[Name, Sockets] = {}
    try:
        for origin, own in addresses.items():
            bound[origin] = bind(own, port)
    except OSError as error:
        for sockets in bound.values():
            sockets.close()
        raise StateError(_bind_text(own[0], port, error)) from None
    return bound


def _bind_text(address: str, port: int, error: OSError) -> str:
    hints = {
        errno.EADDRINUSE: "another program has it; choose another with --port",
        errno.EACCES: "ports below 1024 are for root; choose another with --port",
        errno.EADDRNOTAVAIL: "this system has no such loopback address; choose another with --address-prefix",
    }
    return f"{address} port {port} can't be used: {hints.get(error.errno or 0, error.strerror)}"


class ZoneServer:
    """Serves one zone on its addresses. Its content can be swapped while it runs."""

    def __init__(self, addresses: tuple[str, ...], port: int, authority: Authority) -> None:
        self.authority = authority
        self._addresses = addresses
        self._port = port
        self._transports: list[asyncio.BaseTransport] = []
        self._listeners: list[asyncio.Server] = []
        self._connections: set[asyncio.StreamWriter] = set()

    @property
    def is_open(self) -> bool:
        """Whether it answers."""
        return bool(self._transports)

    async def open(self, sockets: Sockets | None = None) -> None:
        """Start answering, on these sockets or on new ones. Raises StateError."""
        try:
            bound = sockets or bind(self._addresses, self._port)
        except OSError as error:
            raise StateError(_bind_text(self._addresses[0], self._port, error)) from None
        loop = asyncio.get_running_loop()
        for sock in bound.udp:
            transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=sock)
            self._transports.append(transport)
        for sock in bound.tcp:
            self._listeners.append(await asyncio.start_server(self._serve, sock=sock))

    async def close(self) -> None:
        """Stop answering: the addresses refuse what comes."""
        for transport in self._transports:
            transport.close()
        for listener in self._listeners:
            listener.close()
        for writer in tuple(self._connections):
            writer.transport.abort()
        self._transports.clear()
        self._listeners.clear()
        await asyncio.sleep(0)  # the loop closes the sockets on its next turn

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= _MAX_CONNECTIONS:
            writer.transport.abort()
            return
        self._connections.add(writer)
        try:
            while await self._serve_one(reader, writer):
                pass
        except (OSError, EOFError, TimeoutError):
            pass
        finally:
            self._connections.discard(writer)
            writer.transport.abort()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """RFC 7766 §8: two octets of length before each message; §6.2.1: many queries on one connection."""
        async with asyncio.timeout(_IDLE):
            length = int.from_bytes(await reader.readexactly(2), "big")
            query = await reader.readexactly(length)
            reply = respond(self.authority, query, tcp=True)
            if reply is None:
                return False
            writer.write(len(reply).to_bytes(2, "big") + reply)
            await writer.drain()
        return True


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: ZoneServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = respond(self._server.authority, data, tcp=False)
        if reply is not None and self._transport is not None:
            self._transport.sendto(reply, addr)

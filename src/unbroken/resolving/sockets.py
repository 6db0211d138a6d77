"""The transport over real sockets: UDP from a fresh random port for every query, TCP with length framing."""

import asyncio
import socket

from unbroken.resolving.datagrams import HEADER, STRAYS, is_reply, open_udp, reason
from unbroken.resolving.transport import Server, TransportError, TransportSpoofed, TransportTimeout


class SocketTransport:
    """Queries over UDP and TCP. One socket a query, closed whatever happens."""

    async def exchange(self, server: Server, query: bytes, *, timeout: float, tcp: bool) -> bytes:
        """See `Transport`. Replies that do not match are ignored and waited past."""
        try:
            async with asyncio.timeout(timeout):
                return await (_exchange_tcp(server, query) if tcp else _exchange_udp(server, query))
        except TimeoutError as error:
            raise TransportTimeout(f"no reply within {timeout:.1f} s") from error
        except (OSError, ValueError, EOFError) as error:
            raise TransportError(_reason(error)) from error


def _reason(error: Exception) -> str:
    if isinstance(error, asyncio.IncompleteReadError):
        return f"the server closed the connection after {len(error.partial)} of {error.expected} octets"
    return reason(error)


async def _exchange_udp(server: Server, query: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    sock = open_udp(server, socket.socket)
    try:
        await loop.sock_sendall(sock, query)
        for _ in range(STRAYS):
            reply = await loop.sock_recv(sock, 65535)
            if is_reply(query, reply):
                return reply
    finally:
        sock.close()
    raise TransportSpoofed(f"flooded with replies that do not match, {STRAYS} of them")


async def _exchange_tcp(server: Server, query: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(server.address, server.port, limit=65537)
    try:
        writer.write(len(query).to_bytes(2, "big") + query)
        await writer.drain()
        length = int.from_bytes(await reader.readexactly(2), "big")
        if length < HEADER:
            raise ValueError(f"a reply over TCP of {length} octets, shorter than a header")
        reply = await reader.readexactly(length)
    finally:
        writer.transport.abort()
    if not is_reply(query, reply):
        raise ValueError("reply over TCP does not match the query")
    return reply

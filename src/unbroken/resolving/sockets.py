"""The transport over real sockets: UDP from a fresh random port for every query, TCP with length framing."""

import asyncio
import os
import socket
from typing import Final

from unbroken.resolving.transport import Server, TransportError, TransportSpoofed, TransportTimeout

_HEADER: Final = 12
_FIRST_PORT: Final = 1024
_BIND_TRIES: Final = 4
_STRAYS: Final = 64
"""Datagrams that are not our reply, before the exchange over UDP is given up: someone is guessing."""
_RCODES_WITHOUT_QUESTION: Final = (1, 4)
"""FORMERR and NOTIMP may come from a server that could not even read the question."""


def is_reply(query: bytes, reply: bytes) -> bool:
    """Whether `reply` can be the answer to `query`: same id, QR set, same question.

    RFC 5452 §9.1: a resolver must match id and question of a reply (the address is matched by the connected socket).
    """
    if len(reply) < _HEADER or reply[:2] != query[:2] or not reply[2] & 0x80:
        return False
    questions = int.from_bytes(reply[4:6], "big")
    if questions == 0:
        return reply[3] & 0x0F in _RCODES_WITHOUT_QUESTION
    if questions != 1:
        return False
    end = _question_end(query)
    asked, echoed = query[_HEADER:end], reply[_HEADER:end]
    # RFC 4343 §3: names compare without case; type and class octets do not.
    return len(asked) == len(echoed) and asked[-4:] == echoed[-4:] and asked[:-4].lower() == echoed[:-4].lower()


def _question_end(query: bytes) -> int:
    position = _HEADER
    while position < len(query) and query[position]:
        position += query[position] + 1
    return position + 5


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
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno).lower()
    return str(error) or type(error).__name__


def _open_udp(server: Server) -> socket.socket:
    family = socket.AF_INET6 if server.is_ipv6 else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        # RFC 5452 §9.2: the source port must be unpredictable and from the whole range.
        for _ in range(_BIND_TRIES):
            port = int.from_bytes(os.urandom(2), "big")
            if port < _FIRST_PORT:
                continue
            try:
                sock.bind(("", port))
                break
            except OSError:
                continue
        # Connected: the system drops what comes from any other address or port.
        sock.connect((server.address, server.port))
    except BaseException:
        sock.close()
        raise
    return sock


async def _exchange_udp(server: Server, query: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    sock = _open_udp(server)
    try:
        await loop.sock_sendall(sock, query)
        for _ in range(_STRAYS):
            reply = await loop.sock_recv(sock, 65535)
            if is_reply(query, reply):
                return reply
    finally:
        sock.close()
    raise TransportSpoofed(f"flooded with replies that do not match, {_STRAYS} of them")


async def _exchange_tcp(server: Server, query: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(server.address, server.port, limit=65537)
    try:
        writer.write(len(query).to_bytes(2, "big") + query)
        await writer.drain()
        length = int.from_bytes(await reader.readexactly(2), "big")
        if length < _HEADER:
            raise ValueError(f"a reply over TCP of {length} octets, shorter than a header")
        reply = await reader.readexactly(length)
    finally:
        writer.transport.abort()
    if not is_reply(query, reply):
        raise ValueError("reply over TCP does not match the query")
    return reply

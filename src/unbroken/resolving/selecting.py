"""The transport for the small loop: as `unbroken.resolving.sockets`, without asyncio."""

import _socket
import time
from contextlib import closing, suppress

from unbroken.resolving.datagrams import HEADER, STRAYS, family, is_reply, open_udp, reason
from unbroken.resolving.loop import readable, writable
from unbroken.resolving.transport import Server, TransportError, TransportSpoofed, TransportTimeout


class SelectingTransport:
    """Queries over UDP and TCP. One socket a query, closed whatever happens."""

    async def exchange(self, server: Server, query: bytes, *, timeout: float, tcp: bool) -> bytes:
        """See `Transport`. Replies that do not match are ignored and waited past."""
        deadline = time.monotonic() + timeout
        try:
            return await (_exchange_tcp if tcp else _exchange_udp)(server, query, deadline)
        except TimeoutError as error:
            raise TransportTimeout(f"no reply within {timeout:.1f} s") from error
        except (OSError, ValueError, EOFError) as error:
            raise TransportError(reason(error)) from error


async def _exchange_udp(server: Server, query: bytes, deadline: float) -> bytes:
    with closing(open_udp(server, _socket.socket)) as sock:
        sock.send(query)
        for _ in range(STRAYS):
            reply = await _receive(sock, 65535, deadline)
            if is_reply(query, reply):
                return reply
    raise TransportSpoofed(f"flooded with replies that do not match, {STRAYS} of them")


async def _exchange_tcp(server: Server, query: bytes, deadline: float) -> bytes:
    with closing(_socket.socket(family(server), _socket.SOCK_STREAM)) as sock:
        await _connect(sock, server, deadline)
        await _send_all(sock, len(query).to_bytes(2, "big") + query, deadline)
        length = int.from_bytes(await _receive_exactly(sock, 2, deadline), "big")
        if length < HEADER:
            raise ValueError(f"a reply over TCP of {length} octets, shorter than a header")
        reply = await _receive_exactly(sock, length, deadline)
    if not is_reply(query, reply):
        raise ValueError("reply over TCP does not match the query")
    return reply


async def _connect(sock: _socket.socket, server: Server, deadline: float) -> None:
    sock.setblocking(False)
    with suppress(BlockingIOError):
        sock.connect((server.address, server.port))
    await writable(sock.fileno(), deadline)
    error = sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
    if error:
        raise OSError(error, "no connection")


async def _send_all(sock: _socket.socket, data: bytes, deadline: float) -> None:
    while data:
        await writable(sock.fileno(), deadline)
        with suppress(BlockingIOError):
            data = data[sock.send(data) :]


async def _receive(sock: _socket.socket, size: int, deadline: float) -> bytes:
    """What has come, at most so many octets."""
    while True:
        await readable(sock.fileno(), deadline)
        with suppress(BlockingIOError):  # a datagram with a bad checksum makes a socket ready, and is not there
            return sock.recv(size)


async def _receive_exactly(sock: _socket.socket, size: int, deadline: float) -> bytes:
    """So many octets. Raises EOFError when the connection ends before."""
    data = bytearray()
    while len(data) < size:
        part = await _receive(sock, size - len(data), deadline)
        if not part:
            raise EOFError(f"the server closed the connection after {len(data)} of {size} octets")
        data += part
    return bytes(data)

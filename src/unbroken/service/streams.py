"""Queries over connections (RFC 7766): many on one, answered as they are ready, within bounds on number, time and size."""

import asyncio
import contextlib
import socket
import ssl
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Final

from unbroken.service.reply import Via
from unbroken.service.responder import Later, Responder
from unbroken.service.settings import Tcp
from unbroken.service.stats import Stats

_CROWDED_SHARE: Final = 5
_READ_AHEAD: Final = 65_537
_PAUSE: Final = 0.1
"""Seconds before the next try when a connection could not be taken."""


@dataclass(slots=True)
class Room:
    """How many connections there are, in all and of each client. One serves all listeners."""

    settings: Tcp
    stats: Stats
    _of_client: Counter[str]

    @staticmethod
    def of(settings: Tcp, stats: Stats) -> "Room":
        """An empty one."""
        return Room(settings, stats, Counter())

    def enter(self, client: str) -> bool:
        """Take a place; False when there is none."""
        if self.stats.connections >= self.settings.connections or self._of_client[client] >= self.settings.per_client:
            self.stats.dropped["connections"] += 1
            return False
        self.stats.connections += 1
        self._of_client[client] += 1
        return True

    def leave(self, client: str) -> None:
        """Give it back."""
        self.stats.connections -= 1
        self._of_client[client] -= 1
        if self._of_client[client] <= 0:
            del self._of_client[client]

    @property
    def idle_seconds(self) -> float:
        """RFC 7766 §6.2.3: idle connections may be closed earlier when resources are short."""
        is_crowded = 2 * self.stats.connections > self.settings.connections
        return self.settings.idle_seconds / (_CROWDED_SHARE if is_crowded else 1)


class StreamListener:
    """One listening TCP socket, with TLS or without."""

    def __init__(self, responder: Responder, room: Room, name: str = "tcp") -> None:
        self.responder = responder
        self.name = name
        self._room = room
        self._socket: socket.socket | None = None
        self._tls: ssl.SSLContext | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        """Replies under way, those too whose connection has ended."""

    def open(self, sock: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        """Begin to serve."""
        self._socket, self._tls = sock, tls
        self._accepting = asyncio.get_running_loop().create_task(self._accept(sock))

    async def close(self, grace: float) -> None:
        """Take no more connections; those that there are have `grace` seconds to get their replies."""
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.wait({self._accepting})
        if self._socket is not None:
            self._socket.close()
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections, timeout=grace + 1)

    async def _accept(self, sock: socket.socket) -> None:
        """Take connections, and a place for each before anything is done with it: a handshake may never come."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(sock)
            except OSError:  # no file descriptors left, or the client has gone again
                await asyncio.sleep(_PAUSE)
                continue
            client = str(address[0])
            # A connection is a thing to keep, so who may not ask gets none; over UDP he is told (RFC 8914 §4.19).
            if not self.responder.gate.admits(client) or not self._room.enter(client):
                connection.close()
                continue
            task = loop.create_task(self._serve(connection, client))
            self._connections.add(task)
            task.add_done_callback(partial(self._ended, client))

    def _ended(self, client: str, task: "asyncio.Task[None]") -> None:
        self._connections.discard(task)
        self._room.leave(client)

    async def _serve(self, sock: socket.socket, client: str) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_READ_AHEAD, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        patience = self._room.idle_seconds if self._tls is not None else None
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, sock, ssl=self._tls, ssl_handshake_timeout=patience
            )
        except OSError:  # no handshake, or one that fails
            sock.close()
            return
        except asyncio.CancelledError:
            sock.close()
            raise
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        await _Connection(self, self._room, self.name, client, reader, writer).serve()


class _Connection:
    """One connection. Queries are read one after another, replies written as they are made (RFC 7766 §6.2.1.1, §7)."""

    def __init__(
        self,
        listener: StreamListener,
        room: Room,
        name: str,
        client: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._listener = listener
        self._room = room
        self._name = name
        self._client = client
        self._reader = reader
        self._writer = writer
        self._places = asyncio.Semaphore(room.settings.pipeline)
        self._writing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Until the client ends it, is idle or slow for too long, or sends what is no query."""
        try:
            while await self._serve_one():
                pass
            await self._finish()
        except asyncio.CancelledError:  # the daemon ends: what was asked is still answered
            await self._finish()
        except (OSError, EOFError, TimeoutError):
            pass
        finally:
            # What is under way goes on: others may wait for the same, and its answer will be in the cache.
            self._writer.transport.abort()

    async def _finish(self) -> None:
        """RFC 7766 §6.2.4: a client that has closed its side still gets what it asked for."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._room.settings.idle_seconds)
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(self._room.idle_seconds):
                await self._writer.wait_closed()

    async def _serve_one(self) -> bool:
        # As many at a time as are worked on: what a client sends beyond that waits in its own buffers.
        await self._places.acquire()
        wire = await self._read()
        if wire is None:
            return False
        seconds = self._room.idle_seconds
        is_encrypted = self._name != "tcp"
        via = Via(self._name, is_stream=True, keepalive=min(65535, int(seconds * 10)), is_encrypted=is_encrypted)
        response = self._listener.responder.respond(wire, self._client, via)
        if response is None:
            return False
        if isinstance(response, bytes):
            await self._write(response)
            self._places.release()
            return True
        task = asyncio.get_running_loop().create_task(self._write_later(response))
        for tasks in (self._tasks, self._listener.tasks):
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        return True

    async def _read(self) -> bytes | None:
        """One message with its length before it (RFC 7766 §8); None when no more is to be expected."""
        while True:
            try:
                async with asyncio.timeout(self._room.idle_seconds):
                    length = int.from_bytes(await self._reader.readexactly(2), "big")
                    break
            except TimeoutError:
                # RFC 7766 §3: a connection is idle when no reply is outstanding either.
                if not self._tasks:
                    return None
            except EOFError:
                return None
        async with asyncio.timeout(self._room.idle_seconds):
            return await self._reader.readexactly(length)

    async def _write_later(self, response: Later) -> None:
        try:
            await self._write(await response)
        except (OSError, TimeoutError):
            self._writer.transport.abort()
        finally:
            self._places.release()

    async def _write(self, wire: bytes) -> None:
        """RFC 7766 §8: length and message in one write, whole, so that no two replies mix."""
        async with self._writing, asyncio.timeout(self._room.idle_seconds):
            if self._writer.is_closing():
                return
            self._writer.write(len(wire).to_bytes(2, "big") + wire)
            await self._writer.drain()

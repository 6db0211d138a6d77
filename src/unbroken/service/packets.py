"""Queries over UDP on one address: the kernel repeats replies that were given before, and the rest is answered here."""

import asyncio
import socket
import struct
import threading
from typing import Final

from unbroken._kernel import PacketLoop
from unbroken.dns.rdtype import rcode_text
from unbroken.service.endpoints import Pair
from unbroken.service.log import Log
from unbroken.service.readers import Network
from unbroken.service.reply import Via
from unbroken.service.responder import Later, Responder
from unbroken.service.settings import Clients, Settings
from unbroken.service.stats import Stats

_BATCH: Final = 64
"""Queries that are answered before others, timers and replies of servers among them, get their turn."""
_QUEUE: Final = 4096
"""Queries that may wait for us; more are dropped, as the system does with what its buffer can't take."""
_LOOK_AROUND: Final = 0.2
"""Seconds within which a thread of the kernel notices that it is to end."""


class PacketListener:
    """One UDP socket. Threads of the kernel read it; what they have no reply for comes to the running loop."""

    def __init__(self, pair: Pair, responder: Responder, settings: Settings, stats: Stats, log: Log) -> None:
        self.responder = responder
        self._socket = pair.udp
        self._via = Via(udp_size=settings.listen.udp_size)
        self._stats = stats
        self._log = log
        self._counted = [0] * 16
        self._dropped = 0
        self._tasks: set[asyncio.Task[None]] = set()
        _let_it_block(self._socket)
        allow, deny, rate, burst = _limits(settings.clients)
        self._loop = PacketLoop(
            self._socket,
            udp_size=settings.listen.udp_size,
            octets=settings.cache.reply_mebibytes << 20,
            queue=_QUEUE,
            allow=allow,
            deny=deny,
            rate=rate,
            burst=burst,
        )
        asyncio.get_running_loop().add_reader(self._loop.fileno(), self._read)
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(settings.listen.threads)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        try:
            self._loop.run()
        except OSError as error:
            self._log.write("fault", kind=type(error).__name__, what=error)

    def _read(self) -> None:
        for wire, host, port, is_over_rate in self._loop.fetch(_BATCH):
            response = self.responder.respond(wire, host, self._via, is_over_rate=is_over_rate)
            if isinstance(response, bytes):
                self._loop.reply(response, host, port)
                seconds = self.responder.repeatable_for(wire, host)
                if seconds > 0:
                    self._loop.put(wire, response, seconds)
            elif response is not None:
                task = asyncio.get_running_loop().create_task(self._send_later(response, host, port))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _send_later(self, response: Later, host: str, port: int) -> None:
        self._loop.reply(await response, host, port)

    def forget(self) -> None:
        """Repeat nothing that was given until now."""
        self._loop.clear()

    def renew(self, responder: Responder, clients: Clients) -> None:
        """From now on these."""
        self.responder = responder
        self._loop.serve_clients(*_limits(clients))
        self._loop.clear()

    def count(self) -> None:
        """Add what the kernel did since the last time to the statistics."""
        repeated, _, dropped, _ = self._loop.counts()
        for rcode, number in enumerate(repeated):
            if new := number - self._counted[rcode]:
                self._stats.queries[self._via.name] += new
                self._stats.replies[rcode_text(rcode)] += new
                self._stats.hits += new
        if new := dropped - self._dropped:
            self._stats.dropped["overload"] += new
        self._counted, self._dropped = repeated, dropped

    async def close(self, grace: float) -> None:
        """Take no more queries; what is being answered has `grace` seconds."""
        asyncio.get_running_loop().remove_reader(self._loop.fileno())
        self._loop.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for task in tuple(self._tasks):
            task.cancel()
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        self.count()
        self._socket.close()


def _let_it_block(sock: socket.socket) -> None:
    """The kernel's threads wait in `recvmmsg`; Python's own time-out would make the socket non-blocking instead."""
    sock.setblocking(True)
    seconds, rest = divmod(_LOOK_AROUND, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", int(seconds), int(rest * 1e6)))


def _limits(clients: Clients) -> tuple[list[tuple[str, int]], list[tuple[str, int]], float, float]:
    return _prefixes(clients.allow), _prefixes(clients.deny), clients.rate, float(clients.burst)


def _prefixes(networks: tuple[Network, ...]) -> list[tuple[str, int]]:
    return [(str(network.network_address), network.prefixlen) for network in networks]

"""Queries over UDP: as many as wait are read at a time, and each reply leaves from the address that was asked."""

import asyncio
import socket
from typing import Any, Final

from unbroken.service.endpoints import Pair
from unbroken.service.reply import Via
from unbroken.service.responder import Later, Responder
from unbroken.service.settings import Clients

_BATCH: Final = 64
"""Datagrams that are read before others, timers and replies of servers among them, get their turn."""
_LARGEST_QUERY: Final = 4096
_ANCILLARY: Final = socket.CMSG_SPACE(64)


class DatagramListener:
    """One UDP socket, served by the running loop."""

    def __init__(self, pair: Pair, responder: Responder, udp_size: int) -> None:
        self.responder = responder
        self._socket = pair.udp
        self._is_wildcard = pair.endpoint.is_wildcard
        self._via = Via(udp_size=udp_size)
        self._tasks: set[asyncio.Task[None]] = set()
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def _read(self) -> None:
        for _ in range(_BATCH):
            try:
                wire, ancillary, _, sender = self._socket.recvmsg(
                    _LARGEST_QUERY, _ANCILLARY if self._is_wildcard else 0
                )
            except (BlockingIOError, InterruptedError):
                return
            except OSError:  # an ICMP error for an earlier reply: it says nothing of this socket
                continue
            self._serve(wire, ancillary, sender)

    def _serve(self, wire: bytes, ancillary: list[Any], sender: Any) -> None:
        # RFC 5452 §9.2: port 0 is nobody's; a reply to port 53 or the like of another server is harmless, it has QR set.
        if sender[1] == 0:
            return
        response = self.responder.respond(wire, sender[0], self._via)
        if isinstance(response, bytes):
            self._send(response, ancillary, sender)
        elif response is not None:
            task = asyncio.get_running_loop().create_task(self._send_later(response, ancillary, sender))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send_later(self, response: Later, ancillary: list[Any], sender: Any) -> None:
        self._send(await response, ancillary, sender)

    def _send(self, wire: bytes, ancillary: list[Any], sender: Any) -> None:
        try:
            if ancillary:
                self._socket.sendmsg([wire], _source(ancillary), 0, sender)
            else:
                self._socket.sendto(wire, sender)
        except OSError:  # full buffers, no route back: over UDP a reply may get lost, and the client asks again
            pass

    def forget(self) -> None:
        """Repeat nothing that was given until now: nothing is repeated here."""

    def renew(self, responder: Responder, _: Clients) -> None:
        """From now on this one; its gate knows the clients."""
        self.responder = responder

    def count(self) -> None:
        """Add what was done since the last time to the statistics: the responder did."""

    async def close(self, grace: float) -> None:
        """Take no more queries; what is being answered has `grace` seconds."""
        asyncio.get_running_loop().remove_reader(self._socket)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for task in tuple(self._tasks):
            task.cancel()
        self._socket.close()


def _source(ancillary: list[Any]) -> list[Any]:
    """The packet information of a query, turned into that of its reply: the same address, by whichever way leads there."""
    made = []
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and len(data) >= 12:
            # struct in_pktinfo: interface, local address, address in the header (RFC 1123 §6.1.3.2: reply from that one).
            made.append((level, kind, bytes(4) + data[8:12] + bytes(4)))
        elif level == socket.IPPROTO_IPV6:
            made.append((level, socket.IPV6_PKTINFO, data))
    return made

"""The packet loop over loopback: what it knows is repeated, what it does not know waits for Python."""

import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from unbroken._kernel import PacketLoop, WireError
from unbroken.dns import Edns, Message, Name, RRset
from unbroken.dns import rdtype as rr

_PATIENCE = 10.0
_NAME = Name("www.example.")
_ADDRESS = RRset(_NAME, rr.A, 300, (bytes([192, 0, 2, 1]),))


def _query(number: int, name: Name = _NAME, edns: Edns | None = None) -> bytes:
    return Message(number, rr.RD, (name, rr.A, 1), edns=edns).to_wire()


def _reply(number: int, answer: tuple[RRset, ...] = (_ADDRESS,), edns: Edns | None = None) -> bytes:
    return Message(number, rr.QR | rr.RD | rr.RA, (_NAME, rr.A, 1), answer, edns=edns).to_wire()


class _Served:
    """A loop that runs, and a client of it."""

    def __init__(self, loop: PacketLoop, address: tuple[str, int], client: socket.socket) -> None:
        self.loop, self.address, self.client = loop, address, client

    def ask(self, wire: bytes) -> None:
        self.client.sendto(wire, self.address)

    def counts(self) -> tuple[int, int, int, int]:
        repeated, *others = self.loop.counts()
        assert sum(repeated) == repeated[rr.NOERROR]
        return sum(repeated), others[0], others[1], others[2]

    def told(self) -> bytes:
        return self.client.recv(4096)

    def waiting(self, count: int = 1) -> list[tuple[bytes, str, int, bool]]:
        found: list[tuple[bytes, str, int, bool]] = []
        ends = time.monotonic() + _PATIENCE
        while len(found) < count and time.monotonic() < ends:
            select.select([self.loop.fileno()], [], [], 0.1)
            found += self.loop.fetch(64)
        return found


@contextmanager
def _serving(
    host: str = "127.0.0.1",
    *,
    allow: tuple[tuple[str, int], ...] = (("127.0.0.0", 8), ("::1", 128)),
    rate: float = 0.0,
    burst: float = 0.0,
    queue: int = 100,
) -> Iterator[_Served]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as server, socket.socket(family, socket.SOCK_DGRAM) as client:
        server.bind((host, 0))
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 50_000))
        client.settimeout(_PATIENCE)
        client.bind((host, 0))
        limits = {"udp_size": 1232, "octets": 1 << 20, "queue": queue}
        loop = PacketLoop(server, **limits, allow=allow, deny=[], rate=rate, burst=burst)
        thread = threading.Thread(target=loop.run)
        thread.start()
        try:
            yield _Served(loop, server.getsockname()[:2], client)
        finally:
            loop.stop()
            thread.join(_PATIENCE)
            assert not thread.is_alive()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_what_is_not_known_waits_and_what_was_put_in_is_repeated(host: str) -> None:
    with _serving(host) as served:
        served.ask(_query(1))
        ((wire, client, port, is_over_rate),) = served.waiting()
        assert (wire, client, port) == (_query(1), *served.client.getsockname()[:2])
        assert not is_over_rate
        assert served.loop.reply(_reply(1), client, port)
        assert served.told() == _reply(1)
        assert served.loop.put(_query(1), _reply(1), 60.0)
        served.ask(_query(2, Name("WWW.example.")))
        told = served.told()
        assert Message.from_wire(told).id == 2
        assert b"\x03WWW\x07example\x00" in told
        assert served.counts() == (1, 1, 0, 0)
        assert served.loop.size()[0] == 1


def test_ttls_count_down_and_end() -> None:
    with _serving() as served:
        served.loop.put(_query(1), _reply(1), 1.6)
        time.sleep(1.1)
        served.ask(_query(2))
        (rrset,) = Message.from_wire(served.told()).answer
        assert rrset.ttl == 299
        time.sleep(0.6)
        served.ask(_query(3))
        assert served.waiting()[0][0] == _query(3)


def test_many_at_once_all_get_theirs() -> None:
    with _serving() as served:
        served.loop.put(_query(1), _reply(1), 60.0)
        for start in range(0, 1000, 50):
            for number in range(start, start + 50):
                served.ask(_query(number))
            assert {Message.from_wire(served.told()).id for _ in range(50)} == set(range(start, start + 50))
        assert served.counts() == (1000, 0, 0, 0)


def test_a_full_queue_drops_and_serves_on() -> None:
    with _serving(queue=5) as served:
        served.loop.put(_query(1), _reply(1), 60.0)
        for number in range(20):
            served.ask(_query(number, Name("other.example.")))
        served.ask(_query(2))
        assert served.told() == _reply(2)
        assert served.counts() == (1, 5, 15, 0)
        assert len(served.waiting(5)) == 5
        served.ask(_query(3, Name("other.example.")))
        assert len(served.waiting()) == 1


def test_clients_not_allowed_and_above_their_rate_are_left_to_python() -> None:
    with _serving(allow=(("192.0.2.0", 24),)) as served:
        served.loop.put(_query(1), _reply(1), 60.0)
        served.ask(_query(2))
        assert [over for *_, over in served.waiting()] == [False]
        served.loop.serve_clients([("127.0.0.1", 32)], [], 0.0, 0.0)
        served.ask(_query(3))
        assert served.told() == _reply(3)
    with _serving(rate=0.001, burst=2.0) as served:
        served.loop.put(_query(1), _reply(1), 60.0)
        for number in range(3):
            served.ask(_query(number))
        assert [served.told() for _ in range(2)] == [_reply(0), _reply(1)]
        assert [(wire, over) for wire, _, _, over in served.waiting()] == [(_query(2), True)]


def test_options_go_to_python_and_without_edns_large_replies_do() -> None:
    many = tuple(RRset(_NAME, rr.A, 300, tuple(bytes([192, 0, 2, n]) for n in range(60))) for _ in range(1))
    with _serving() as served:
        plain, cookie = Edns(1232, False, ()), Edns(1232, False, ((10, bytes(8)),))
        assert served.loop.put(_query(1, edns=plain), _reply(1, many, plain), 60.0)
        assert not served.loop.put(_query(1, edns=cookie), _reply(1, many, plain), 60.0)
        assert served.loop.put(_query(1), _reply(1, many), 60.0)
        served.ask(_query(2, edns=plain))
        assert served.told() == _reply(2, many, plain)
        served.ask(_query(3, edns=cookie))
        served.ask(_query(4))
        assert [wire for wire, *_ in served.waiting(2)] == [_query(3, edns=cookie), _query(4)]


def test_nothing_is_repeated_after_clear() -> None:
    with _serving() as served:
        served.loop.put(_query(1), _reply(1), 60.0)
        served.loop.clear()
        served.ask(_query(2))
        assert served.waiting()[0][0] == _query(2)


def test_junk_waits_for_python_and_harms_nobody() -> None:
    with _serving() as served:
        for junk in (b"", b"\x00", bytes(12), b"\xff" * 600, _reply(1), bytes(4096)):
            served.ask(junk)
            assert [wire for wire, *_ in served.waiting()] == [junk]


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_impossible_arguments(seconds: float) -> None:
    with _serving() as served:
        with pytest.raises(ValueError, match="lifetime"):
            served.loop.put(_query(1), _reply(1), seconds)
        with pytest.raises(WireError):
            served.loop.put(_query(1), _reply(1)[:-2], 1.0)
        with pytest.raises(ValueError, match="33 bits"):
            PacketLoop(
                served.client, udp_size=512, octets=1, queue=1, allow=[("192.0.2.0", 33)], deny=[], rate=0, burst=0
            )


def test_a_closed_socket_is_an_error() -> None:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    loop = PacketLoop(server, udp_size=512, octets=1, queue=1, allow=[], deny=[], rate=0, burst=0)
    server.close()
    with pytest.raises(OSError, match="descriptor"):
        loop.run()

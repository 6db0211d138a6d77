"""The transports over sockets, asyncio's and that of the small loop, on loopback: spoofed replies are waited past, nothing is
left open."""

import asyncio
import contextlib
import gc
import struct
import warnings
from collections.abc import AsyncIterator, Callable
from typing import Protocol, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbroken.dns import Edns, Message, Name
from unbroken.resolving.datagrams import is_reply
from unbroken.resolving.loop import Loop, running_loop
from unbroken.resolving.selecting import SelectingTransport
from unbroken.resolving.sockets import SocketTransport
from unbroken.resolving.tasks import pause
from unbroken.resolving.transport import Server, TransportError, TransportSpoofed, TransportTimeout

Respond = Callable[[bytes], list[bytes]]
QUERY = Message(0x1234, 0, (Name("www.eXample.com."), 1, 1), edns=Edns()).to_wire()
REPLY = QUERY[:2] + b"\x84\x00" + QUERY[4:]


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.ports: list[int] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.ports.append(addr[1])
        for reply in self.respond(data):
            self.transport.sendto(reply, addr)


@contextlib.asynccontextmanager
async def udp_server(respond: Respond) -> AsyncIterator[tuple[Server, _Udp]]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: _Udp(respond), local_addr=("127.0.0.1", 0))
    try:
        yield Server("127.0.0.1", transport.get_extra_info("sockname")[1]), protocol
    finally:
        transport.close()


@contextlib.asynccontextmanager
async def tcp_server(reply: bytes | None) -> AsyncIterator[Server]:
    """Sends `reply`, framing included, once a query came; None: never answers."""

    serving: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
            if reply is None:
                await reader.read()
            else:
                writer.write(reply)
                await writer.drain()
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield Server("127.0.0.1", server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await asyncio.gather(*(task for task in serving if task is not None))
        await asyncio.sleep(0)


class Exchange(Protocol):
    async def __call__(self, server: Server, *, tcp: bool = False, timeout: float = 2.0) -> bytes: ...


async def in_asyncio(server: Server, *, tcp: bool = False, timeout: float = 2.0) -> bytes:
    return await SocketTransport().exchange(server, QUERY, timeout=timeout, tcp=tcp)


async def in_small_loop(server: Server, *, tcp: bool = False, timeout: float = 2.0) -> bytes:
    """In a thread, since the servers of these tests run in asyncio's loop."""

    def run() -> bytes:
        return Loop().run(SelectingTransport().exchange(server, QUERY, timeout=timeout, tcp=tcp))

    return await asyncio.to_thread(run)


@pytest.fixture(params=[in_asyncio, in_small_loop])
def exchange(request: pytest.FixtureRequest) -> Exchange:
    return cast(Exchange, request.param)


async def test_the_reply_comes_back(exchange: Exchange) -> None:
    async with udp_server(lambda data: [REPLY]) as (server, _):
        assert await exchange(server) == REPLY


async def test_spoofed_replies_are_waited_past(exchange: Exchange) -> None:
    """RFC 5452 §9.1: wrong id, wrong question, a query sent back, garbage and nothing at all do not count."""
    other = Message(0x1234, 0x8400, (Name("www.example.net."), 1, 1)).to_wire()
    other_type = Message(0x1234, 0x8400, (Name("www.example.com."), 28, 1)).to_wire()
    wrong_id = b"\x12\x35" + REPLY[2:]
    spoofs = [wrong_id, other, other_type, QUERY, b"", b"garbage", REPLY[:12], REPLY]
    async with udp_server(lambda data: spoofs) as (server, _):
        assert await exchange(server) == REPLY


async def test_only_spoofed_replies_are_a_timeout(exchange: Exchange) -> None:
    async with udp_server(lambda data: [b"\x00\x00" + REPLY[2:]]) as (server, _):
        with pytest.raises(TransportTimeout):
            await exchange(server, timeout=0.05)


async def test_a_flood_of_spoofed_replies_is_given_up(exchange: Exchange) -> None:
    async with udp_server(lambda data: [b"\x00\x00" + REPLY[2:]] * 200) as (server, _):
        with pytest.raises(TransportSpoofed, match="flooded"):
            await exchange(server)


async def test_another_address_may_not_answer(exchange: Exchange) -> None:
    loop = asyncio.get_running_loop()
    stranger, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
    try:
        async with udp_server(lambda data: []) as (server, protocol):
            query = asyncio.create_task(exchange(server, timeout=0.2))
            while not protocol.ports:
                await asyncio.sleep(0.01)
            stranger.sendto(REPLY, ("127.0.0.1", protocol.ports[0]))
            with pytest.raises(TransportTimeout):
                await query
    finally:
        stranger.close()


async def test_each_query_has_a_port_of_its_own(exchange: Exchange) -> None:
    async with udp_server(lambda data: [REPLY]) as (server, protocol):
        for _ in range(8):
            await exchange(server)
        assert len(set(protocol.ports)) > 1


async def test_a_closed_port_is_an_error_at_once(exchange: Exchange) -> None:
    async with udp_server(lambda data: []) as (server, _):
        pass
    await asyncio.sleep(0)
    with pytest.raises(TransportError) as caught:
        await exchange(server)
    assert not isinstance(caught.value, TransportTimeout)


async def test_what_is_no_address_is_an_error(exchange: Exchange) -> None:
    for tcp in (False, True):
        with pytest.raises(TransportError):
            await exchange(Server("999.1.1.1", 53), tcp=tcp)


async def test_a_reply_over_tcp_larger_than_any_datagram(exchange: Exchange) -> None:
    large = REPLY + bytes(40_000)
    async with tcp_server(struct.pack("!H", len(large)) + large) as server:
        assert await exchange(server, tcp=True) == large


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (b"", "after 0 of 2 octets"),
        (b"\x00", "after 1 of 2 octets"),
        (b"\x00\x00", "0 octets, shorter than a header"),
        (struct.pack("!H", 500) + REPLY, "of 500 octets"),
        (struct.pack("!H", 3) + b"abc", "3 octets, shorter than a header"),
    ],
)
async def test_a_broken_stream_is_an_error_that_says_how(exchange: Exchange, stream: bytes, words: str) -> None:
    async with tcp_server(stream) as server:
        with pytest.raises(TransportError, match=words):
            await exchange(server, tcp=True)


async def test_a_silent_tcp_server_is_a_timeout(exchange: Exchange) -> None:
    async with tcp_server(None) as server:
        with pytest.raises(TransportTimeout):
            await exchange(server, tcp=True, timeout=0.05)


@pytest.mark.parametrize("tcp", [False, True])
async def test_a_cancelled_query_leaves_no_socket_open(tcp: bool) -> None:
    async with udp_server(lambda data: []) as (udp, _), tcp_server(None) as stream:
        task = asyncio.create_task(in_asyncio(stream if tcp else udp, tcp=tcp))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with warnings.catch_warnings():
            warnings.simplefilter("error", ResourceWarning)
            del task
            gc.collect()


@pytest.mark.parametrize("tcp", [False, True])
async def test_a_query_whose_loop_ends_leaves_no_socket_open(tcp: bool) -> None:
    async def main(server: Server) -> None:
        loop = running_loop()
        assert loop is not None
        loop.create_task(SelectingTransport().exchange(server, QUERY, timeout=2.0, tcp=tcp))
        await pause()
        await pause()

    async with udp_server(lambda data: []) as (udp, _), tcp_server(None) as stream:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ResourceWarning)
            await asyncio.to_thread(lambda: Loop().run(main(stream if tcp else udp)))
            gc.collect()
        await asyncio.sleep(0.05)  # for the server to notice


async def test_a_query_longer_than_the_system_takes_at_once_is_sent_whole() -> None:
    """RFC 7766 §8: over TCP a message may come in any pieces, both ways."""
    query = QUERY + bytes(60_000)
    received = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big")))
        for octet in struct.pack("!H", len(REPLY)) + REPLY:
            writer.write(bytes([octet]))
            await writer.drain()
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 17)
    async with server:
        asked = Server("127.0.0.1", server.sockets[0].getsockname()[1])
        work = SelectingTransport().exchange(asked, query, timeout=5.0, tcp=True)
        assert await asyncio.to_thread(lambda: Loop().run(work)) == REPLY
        await asyncio.sleep(0.05)
    assert received == [query]


def test_a_reply_matches_whatever_the_case_of_its_question() -> None:
    assert is_reply(QUERY, REPLY.replace(b"eXample", b"ExAMPLE"))


def test_a_reply_without_question_counts_only_as_a_refusal_to_read_it() -> None:
    """RFC 6891 §7: a server that knows no EDNS may send FORMERR with nothing but the header."""
    assert is_reply(QUERY, QUERY[:2] + b"\x80\x01" + bytes(8))
    assert not is_reply(QUERY, QUERY[:2] + b"\x80\x00" + bytes(8))


@given(st.binary(max_size=80))
def test_no_bytes_make_the_matching_fail(data: bytes) -> None:
    assert not is_reply(QUERY, data) or data[:2] == QUERY[:2]
    is_reply(QUERY, QUERY[:2] + b"\x80" + data)

"""TCP as RFC 7766 wants it: pipelined, out of order, bounded in number and time."""

import asyncio
from dataclasses import replace

import pytest
from support.dns_clients import ask, connected, query, running, with_dnssec

from unbroken.dns import Message
from unbroken.dns import rdtype as rr
from unbroken.lab.run import Lab
from unbroken.service.readers import network_of
from unbroken.service.settings import Clients, Resolve, Settings, Tcp


def _settings(**tcp: object) -> Settings:
    return Settings(resolve=Resolve(seconds=2.0), tcp=replace(Tcp(), **tcp))


async def test_rfc7766_6_2_1_many_queries_on_one_connection(signed_internet: Lab) -> None:
    async with running(signed_internet, _settings(pipeline=4)) as daemon, connected(*daemon.endpoints) as connection:
        connection.send(*(query("www.one.example.", id=number) for number in range(20)))
        replies = [await connection.receive() for _ in range(20)]
        assert sorted(Message.from_wire(wire).id for wire in replies if wire) == list(range(20))


async def test_rfc7766_7_a_slow_question_does_not_hold_up_the_next(signed_internet: Lab) -> None:
    signed_internet.break_zone("unreachable", "one.example")
    async with running(signed_internet, _settings()) as daemon, connected(*daemon.endpoints) as connection:
        connection.send(query("www.one.example.", id=1), query("www.two.example.", id=2))
        wires = [await connection.receive() for _ in range(2)]
        assert [Message.from_wire(wire).id for wire in wires if wire] == [2, 1]


async def test_a_large_answer_comes_whole(signed_internet: Lab) -> None:
    async with running(signed_internet) as daemon:
        assert (await ask(*daemon.endpoints, with_dnssec("large.one.example.", rr.TXT))).is_truncated()
        async with connected(*daemon.endpoints) as connection:
            connection.send(with_dnssec("large.one.example.", rr.TXT))
            wire = await connection.receive()
            assert wire is not None and len(Message.from_wire(wire).answer[0]) == 16


async def test_rfc7766_6_2_4_a_client_that_half_closes_gets_what_it_asked(signed_internet: Lab) -> None:
    async with running(signed_internet) as daemon, connected(*daemon.endpoints) as connection:
        connection.send(query("www.one.example."))
        connection.writer.write_eof()
        wire = await connection.receive()
        assert wire is not None and Message.from_wire(wire).answer
        assert await connection.receive() is None


async def test_an_idle_connection_is_closed(signed_internet: Lab) -> None:
    async with (
        running(signed_internet, _settings(idle_seconds=0.1)) as daemon,
        connected(*daemon.endpoints) as connection,
    ):
        assert await connection.receive() is None


async def test_waiting_for_a_reply_is_not_idle(signed_internet: Lab) -> None:
    signed_internet.break_zone("unreachable", "one.example")
    async with (
        running(signed_internet, _settings(idle_seconds=0.1)) as daemon,
        connected(*daemon.endpoints) as connection,
    ):
        connection.send(query("www.one.example."))
        wire = await connection.receive()
        assert wire is not None and Message.from_wire(wire).rcode == rr.SERVFAIL


@pytest.mark.parametrize("part", [b"\x00", b"\x00\x20", b"\x00\x20abc"])
async def test_a_message_that_never_ends_is_not_waited_for(signed_internet: Lab, part: bytes) -> None:
    async with (
        running(signed_internet, _settings(idle_seconds=0.1)) as daemon,
        connected(*daemon.endpoints) as connection,
    ):
        connection.writer.write(part)
        assert await connection.receive() is None


@pytest.mark.parametrize("wire", [b"", b"abc", query("a.example.", flags=rr.QR)])
async def test_what_is_no_query_ends_the_connection(signed_internet: Lab, wire: bytes) -> None:
    async with running(signed_internet) as daemon, connected(*daemon.endpoints) as connection:
        connection.send(wire)
        assert await connection.receive() is None


async def test_malformed_queries_get_formerr_and_the_connection_stays(signed_internet: Lab) -> None:
    async with running(signed_internet) as daemon, connected(*daemon.endpoints) as connection:
        connection.send(query("a.example.") + b"x", query("localhost."))
        wires = [await connection.receive() for _ in range(2)]
        assert [Message.from_wire(wire).rcode for wire in wires if wire] == [rr.FORMERR, rr.NOERROR]


@pytest.mark.parametrize("tcp", [{"connections": 2}, {"per_client": 2}])
async def test_connections_are_limited_and_places_given_back(signed_internet: Lab, tcp: dict[str, int]) -> None:
    async with running(signed_internet, _settings(**tcp)) as daemon:
        async with connected(*daemon.endpoints) as first, connected(*daemon.endpoints) as second:
            for connection in (first, second):
                connection.send(query("localhost."))
                assert await connection.receive() is not None
            async with connected(*daemon.endpoints) as third:
                assert await third.receive() is None
        while daemon.stats.connections:
            await asyncio.sleep(0.001)
        async with connected(*daemon.endpoints) as connection:
            connection.send(query("localhost."))
            assert await connection.receive() is not None


async def test_a_client_that_does_not_read_is_dropped(signed_internet: Lab) -> None:
    async with running(signed_internet, _settings(idle_seconds=0.2)) as daemon:
        async with connected(*daemon.endpoints, limit=1024) as connection:
            connection.writer.transport.pause_reading()  # type: ignore[attr-defined]
            for _ in range(200):
                connection.send(*(with_dnssec("large.one.example.", rr.TXT) for _ in range(20)))
            while not daemon.stats.connections:
                await asyncio.sleep(0.001)
            while daemon.stats.connections:
                await asyncio.sleep(0.01)


async def test_stopping_answers_what_was_asked(signed_internet: Lab) -> None:
    async with running(signed_internet) as daemon:
        async with connected(*daemon.endpoints) as connection:
            connection.send(query("www.one.example."))
            while daemon.stats.in_flight == 0:
                await asyncio.sleep(0.001)
            stopping = asyncio.create_task(daemon.stop())
            wire = await connection.receive()
            assert wire is not None and Message.from_wire(wire).answer
            await stopping
            assert daemon.stats.connections == 0


async def test_who_may_not_ask_gets_no_connection(signed_internet: Lab) -> None:
    settings = Settings(clients=Clients(allow=(network_of("192.0.2.0/24"),)))
    async with running(signed_internet, settings) as daemon, connected(*daemon.endpoints) as connection:
        connection.send(query("localhost."))
        assert await connection.receive() is None
        assert daemon.stats.connections == 0

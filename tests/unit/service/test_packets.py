"""UDP on one address: the kernel repeats what was replied, and what it repeats is what would be replied anew."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from support.dns_clients import ANYWHERE, ask, errors, query, running, udp, with_dnssec

from unbroken.dns import Edns, Message, Name
from unbroken.dns import rdtype as rr
from unbroken.lab.run import Lab
from unbroken.resolving.clock import SystemClock
from unbroken.service.daemon import Daemon
from unbroken.service.packets import PacketListener
from unbroken.service.readers import network_of
from unbroken.service.settings import Cache, Clients, Listen, Settings

_WWW = "www.one.example."


@asynccontextmanager
async def _repeating(lab: Lab, settings: Settings | None = None, **more: Any) -> AsyncIterator[Daemon]:
    async with running(lab, settings, clock=SystemClock(), **more) as daemon:
        yield daemon


def _repeated(daemon: Daemon) -> int:
    """How many replies the kernel gave."""
    (listener,) = daemon._datagrams
    assert isinstance(listener, PacketListener)
    return sum(listener._loop.counts()[0])


async def _until_repeated(daemon: Daemon, wire: bytes) -> Message:
    """Ask until the kernel answers: the first reply is made, the second put in."""
    (endpoint,) = daemon.endpoints
    before = _repeated(daemon)
    for _ in range(5):
        reply = await ask(endpoint, wire)
        if _repeated(daemon) > before:
            return reply
    raise AssertionError("the kernel repeats nothing")


@pytest.mark.parametrize(
    "wire",
    [
        query(_WWW),
        query(_WWW, flags=rr.RD | rr.AD),
        with_dnssec(_WWW),
        with_dnssec("nosuch.one.example."),
        with_dnssec("alias.one.example."),
        with_dnssec("www.unsigned.example."),
        with_dnssec(_WWW, rr.MX),
    ],
)
async def test_what_is_repeated_is_what_was_made(signed_internet: Lab, wire: bytes) -> None:
    async with _repeating(signed_internet) as daemon:
        made = await ask(*daemon.endpoints, wire)
        repeated = await _until_repeated(daemon, wire)
        assert (repeated.rcode, repeated.flags, repeated.edns) == (made.rcode, made.flags, made.edns)
        for old, new in zip((*made.answer, *made.authority), (*repeated.answer, *repeated.authority), strict=True):
            assert (old.owner, old.rdtype, old.rdatas) == (new.owner, new.rdtype, new.rdatas)
            assert 0 <= old.ttl - new.ttl <= 10
        counted = daemon.count()
        assert counted.queries["udp"] == sum(counted.replies.values()) == counted.hits + counted.misses
        assert daemon.count().hits == counted.hits


async def test_a_bogus_answer_is_repeated_with_its_reason(signed_internet: Lab) -> None:
    signed_internet.break_zone("rrsig-exp-a", "one.example")
    async with _repeating(signed_internet) as daemon:
        reply = await _until_repeated(daemon, with_dnssec(_WWW))
        assert reply.rcode == rr.SERVFAIL
        assert 7 in errors(reply)


async def test_what_was_forgotten_is_repeated_no_more(signed_internet: Lab) -> None:
    async with _repeating(signed_internet) as daemon:
        await _until_repeated(daemon, with_dnssec(_WWW))
        before = _repeated(daemon)
        daemon.forget(Name(_WWW), tree=False)
        await ask(*daemon.endpoints, with_dnssec(_WWW))
        assert _repeated(daemon) == before
        daemon.reload()
        await ask(*daemon.endpoints, with_dnssec(_WWW))
        assert _repeated(daemon) == before


async def test_other_flags_options_and_sizes_are_other_questions(signed_internet: Lab) -> None:
    async with _repeating(signed_internet) as daemon:
        await _until_repeated(daemon, with_dnssec(_WWW))
        before = _repeated(daemon)
        for other in (
            query(_WWW, flags=rr.RD | rr.CD),
            query(_WWW),
            query(_WWW, edns=Edns(1232, True, ((10, bytes(8)),))),
            query(_WWW, rr.TXT),
        ):
            await ask(*daemon.endpoints, other)
        assert _repeated(daemon) == before
        assert Message.from_wire((await udp(*daemon.endpoints, query(_WWW, edns=Edns(512, True))))[0]).answer


async def test_clients_that_are_refused_or_above_their_rate_get_nothing_repeated(signed_internet: Lab) -> None:
    settings = Settings(clients=Clients(rate=0.01, burst=5), listen=Listen(addresses=(ANYWHERE,)))
    async with _repeating(signed_internet, settings) as daemon:
        replies = [await udp(*daemon.endpoints, with_dnssec(_WWW), patience=0.3) for _ in range(9)]
        assert all(Message.from_wire(reply[0]).answer for reply in replies[:5])
        over = [Message.from_wire(reply[0]) for reply in replies[5:] if reply]
        assert len(over) == 2
        assert all(reply.flags & rr.TC and not reply.answer for reply in over)
        assert daemon.stats.dropped["rate"] == 4
    nobody = replace(settings, clients=Clients(allow=(network_of("192.0.2.0/24"),)))
    async with _repeating(signed_internet, load=lambda: nobody) as daemon:
        await _until_repeated(daemon, with_dnssec(_WWW))
        daemon.reload()
        for _ in range(3):
            assert (await ask(*daemon.endpoints, with_dnssec(_WWW))).rcode == rr.REFUSED


async def test_more_threads_serve_alike(signed_internet: Lab) -> None:
    settings = Settings(listen=Listen(addresses=(ANYWHERE,), threads=3), cache=Cache(reply_mebibytes=1))
    async with _repeating(signed_internet, settings) as daemon:
        await _until_repeated(daemon, with_dnssec(_WWW))
        wires = [number.to_bytes(2, "big") + with_dnssec(_WWW)[2:] for number in range(200)]
        replies = await asyncio.gather(
            *(udp(*daemon.endpoints, *wires[start : start + 20]) for start in range(0, 200, 20))
        )
        assert sorted(wire[:2] for some in replies for wire in some) == sorted(wire[:2] for wire in wires)

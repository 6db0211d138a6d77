"""Replies that are known again: only for the very same octets, and only as long as nothing in them changes."""

import pytest
from support.dns_clients import ask, query, running, udp, with_dnssec

from unbroken.dns import Edns, Message
from unbroken.dns import rdtype as rr
from unbroken.lab.run import Lab
from unbroken.resolving.clock import SettableClock
from unbroken.service.memo import Memo
from unbroken.service.reply import Via

NAME = "www.one.example."


def test_a_reply_is_known_for_its_time_and_generation() -> None:
    clock = SettableClock()
    memo = Memo(clock)
    memo.put(b"id-query", b"id-reply", "NOERROR", 0.5)
    known = memo.get(b"ID-query", 0)
    assert known is not None and known.rest == b"-reply"
    assert memo.get(b"id-other", 0) is None
    assert memo.get(b"id-query", 1) is None and memo.get(b"id-query", 1) is None
    memo.put(b"id-query", b"id-reply", "NOERROR", 0.5)
    clock.advance(0.5)
    assert memo.get(b"id-query", 1) is None


def test_it_is_bounded_in_number_and_size() -> None:
    memo = Memo(SettableClock())
    for number in range(20_000):
        memo.put(b"id%d" % number, b"id", "NOERROR", 1)
    assert len(memo._known) <= 8192
    memo.put(bytes(321), b"id", "NOERROR", 1)
    assert memo.get(bytes(321), 0) is None


async def test_the_id_is_that_of_each_query_and_all_else_is_the_same(signed_internet: Lab) -> None:
    async with running(signed_internet) as daemon:
        await ask(*daemon.endpoints, query(NAME))
        replies = await udp(*daemon.endpoints, *(query(NAME, id=number) for number in range(20)))
        assert [Message.from_wire(wire).id for wire in replies] == list(range(20))
        assert daemon.stats.hits == 20 and daemon.stats.replies["NOERROR"] == 21


@pytest.mark.parametrize(
    "other",
    [
        query("WWW.one.example."),
        query(NAME, flags=rr.RD | rr.AD),
        query(NAME, flags=rr.RD | rr.CD),
        query(NAME, edns=Edns(1232, False)),
        query(NAME, edns=Edns(1232, True)),
        query(NAME, edns=Edns(1232, False, ((10, bytes(8)),))),
        query(NAME, rr.AAAA),
        query(NAME, flags=0),
        query(NAME, opcode=2),
        query(NAME) + b"x",
    ],
)
async def test_any_other_query_gets_its_own_reply(signed_internet: Lab, other: bytes) -> None:
    async with running(signed_internet) as daemon:
        fresh = await ask(*daemon.endpoints, other)
        await ask(*daemon.endpoints, query(NAME))
        await ask(*daemon.endpoints, query(NAME))
        again = await ask(*daemon.endpoints, other)
        assert again.to_wire()[:12] == fresh.to_wire()[:12] and again.answer == fresh.answer
        assert (again.edns is None) == (fresh.edns is None) and again.question == fresh.question


async def test_ttls_count_down_all_the_same(signed_internet: Lab) -> None:
    async with running(signed_internet) as daemon:
        await ask(*daemon.endpoints, query(NAME))
        ttls = []
        for _ in range(4):
            ttls.append((await ask(*daemon.endpoints, query(NAME))).answer[0].ttl)
            signed_internet.clock.advance(1)
        assert ttls[0] > ttls[1] > ttls[2] > ttls[3]


async def test_what_is_forgotten_is_not_known_again(signed_internet: Lab) -> None:
    async with running(signed_internet) as daemon:
        for _ in range(3):
            assert (await ask(*daemon.endpoints, with_dnssec(NAME))).flags & rr.AD
        signed_internet.break_zone("rrsig-exp-a", "one.example")
        daemon.forget(Message.from_wire(query(NAME)).question[0], tree=False)  # type: ignore[index]
        assert (await ask(*daemon.endpoints, with_dnssec(NAME))).rcode == rr.SERVFAIL


async def test_a_datagram_s_reply_is_not_a_stream_s(signed_internet: Lab) -> None:
    async with running(signed_internet) as daemon:
        wire = with_dnssec("large.one.example.", rr.TXT)
        for _ in range(2):
            assert (await ask(*daemon.endpoints, wire)).is_truncated()
        whole = daemon.responder.respond(wire, "127.0.0.1", Via("tcp", is_stream=True))
        assert isinstance(whole, bytes) and not Message.from_wire(whole).is_truncated()

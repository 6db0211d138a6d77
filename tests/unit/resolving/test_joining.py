"""RFC 5452 §5: identical queries are not outstanding at the same time, else a forged reply has as many chances."""

import asyncio
from collections import Counter

import pytest

from tests.unit.resolving.world import GLUELESS_COM, World, plain_world
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.resolving.transport import Server
from unbroken.validation.protocol import Lookup, NoAnswer


class _Counting(World):
    """Counts identical queries that are outstanding at the same time."""

    def __init__(self) -> None:
        super().__init__(authorities=plain_world().authorities)
        self.outstanding: Counter[tuple[str, str, int]] = Counter()
        self.peak: Counter[tuple[str, str, int]] = Counter()

    async def exchange(self, server: Server, query: bytes, *, timeout: float, tcp: bool) -> bytes:
        question = Message.from_wire(query).question
        assert question is not None
        key = (server.address, str(question[0]), question[1])
        self.outstanding[key] += 1
        self.peak[key] = max(self.peak[key], self.outstanding[key])
        try:
            await asyncio.sleep(0)
            return await super().exchange(server, query, timeout=timeout, tcp=tcp)
        finally:
            self.outstanding[key] -= 1


@pytest.mark.parametrize("parent", ["www.example.com.", "glueless.com."])
async def test_rfc5452_5_names_below_one_another_share_the_queries_on_the_way(parent: str) -> None:
    world = _Counting()
    world.serve("192.0.2.6", *world.authorities["192.0.2.6"].zones(), GLUELESS_COM)
    resolver = world.resolver()
    await asyncio.gather(*(resolver.fetch(Lookup(Name(f"r{number}.{parent}"), rr.A)) for number in range(20)))
    assert max(world.peak.values()) == 1
    assert len(world.log) < 40


async def test_rfc5452_5_the_address_of_a_name_server_and_the_same_question_share_a_query() -> None:
    world = _Counting()
    resolver = world.resolver()
    lookups = (Lookup(Name("www.glueless.com."), rr.A), Lookup(Name("ns.example.net."), rr.A))
    await asyncio.gather(*(resolver.fetch(lookup) for lookup in lookups))
    assert max(world.peak.values()) == 1


async def test_questions_whose_name_servers_depend_on_each_other_do_not_wait_for_each_other() -> None:
    world = _Counting()
    com, net = (world.authorities[address].zones()[0] for address in ("192.0.2.2", "192.0.2.3"))
    world.serve("192.0.2.2", com.replace(RRset(Name("a.com."), rr.NS, 60, (Name("ns.b.net.").wire,))))
    world.serve("192.0.2.3", net.replace(RRset(Name("b.net."), rr.NS, 60, (Name("ns.a.com.").wire,))))
    resolver = world.resolver()
    async with asyncio.timeout(10):
        names = ("www.a.com.", "www.b.net.", "ns.a.com.", "ns.b.net.")
        responses = await asyncio.gather(*(resolver.fetch(Lookup(Name(name), rr.A)) for name in names))
    assert all(isinstance(response, NoAnswer) for response in responses)

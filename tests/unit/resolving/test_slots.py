"""So many queries in flight and no more; waiting for a place counts against no server, and against the question's time."""

import asyncio

import pytest

from tests.unit.resolving.world import World, plain_world
from unbroken.dns import Message, Name
from unbroken.dns import rdtype as rr
from unbroken.resolving.slots import Slots
from unbroken.resolving.transport import Server
from unbroken.resolving.work import ResolverLimits
from unbroken.validation.protocol import Answer, Failure, Lookup, NoAnswer

WWW = Lookup(Name("www.example.com."), rr.A)
HELD = Lookup(Name("held.example.com."), rr.TXT)
ONE = ResolverLimits(queries_in_flight=1)


class _Held(World):
    """Queries for HELD wait until they are let go."""

    def __init__(self) -> None:
        super().__init__(authorities=plain_world().authorities)
        self.let_go = asyncio.Event()
        self.holds = asyncio.Event()
        self.in_flight = self.peak = 0

    async def exchange(self, server: Server, query: bytes, *, timeout: float, tcp: bool) -> bytes:
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            question = Message.from_wire(query).question
            if question is not None and question[0] == HELD.name:
                self.holds.set()
                await self.let_go.wait()
            await asyncio.sleep(0)
            return await super().exchange(server, query, timeout=timeout, tcp=tcp)
        finally:
            self.in_flight -= 1


@pytest.mark.parametrize("limit", [2, 3])
async def test_no_more_queries_than_allowed_are_in_flight_at_a_time(limit: int) -> None:
    world = _Held()
    resolver = world.resolver(resolver_limits=ResolverLimits(queries_in_flight=limit))
    lookups = [Lookup(Name(f"n{number}.example.com."), rr.A) for number in range(8)]
    responses = await asyncio.gather(*(resolver.fetch(lookup) for lookup in lookups))
    assert all(isinstance(response, Answer) for response in responses)
    assert world.peak == limit


async def test_waiting_for_a_place_is_not_booked_as_the_servers_round_trip() -> None:
    world = _Held()
    resolver = world.resolver(resolver_limits=ONE)
    await resolver.fetch(Lookup(Name("alias.example.com."), rr.A))
    patience = resolver.book.timeout(Server("192.0.2.4"), 0)
    held = asyncio.create_task(resolver.fetch(HELD))
    await world.holds.wait()
    waits = asyncio.create_task(resolver.fetch(WWW))
    await asyncio.sleep(0)
    held.cancel()
    world.clock.advance(3)
    assert isinstance(await waits, Answer)
    assert resolver.book.timeout(Server("192.0.2.4"), 0) == patience


async def test_who_gets_no_place_in_time_fails_alone() -> None:
    world = _Held()
    resolver = world.resolver(resolver_limits=ONE)
    await resolver.fetch(Lookup(Name("alias.example.com."), rr.A))
    held = asyncio.create_task(resolver.fetch(HELD))
    await world.holds.wait()
    work = resolver.begin()
    work.started -= work.limits.silence - 0.01
    response = await resolver._fetch(WWW, work)
    assert isinstance(response, NoAnswer)
    assert response.failure is Failure.OVER_LIMIT
    assert "in flight" in response.detail
    world.let_go.set()
    await held
    assert isinstance(await resolver.fetch(WWW), Answer)


async def test_a_place_is_given_back_whatever_happens() -> None:
    slots = Slots(1)
    with pytest.raises(ValueError, match="in the block"):
        async with slots.taken(1.0):
            raise ValueError("in the block")
    async with slots.taken(1.0):
        with pytest.raises(TimeoutError):
            async with slots.taken(0.001):
                pass
    async with slots.taken(1.0):
        pass


def test_places_are_those_of_the_loop_they_are_used_in() -> None:
    slots = Slots(1)

    async def use() -> None:
        async with slots.taken(1.0):
            await asyncio.sleep(0)

    for _ in range(2):
        asyncio.run(use())


def test_what_one_question_may_ask_always_has_room() -> None:
    """The small loop of the command line, which asks one question at a time, relies on it."""
    assert ResolverLimits().queries <= ResolverLimits().queries_in_flight

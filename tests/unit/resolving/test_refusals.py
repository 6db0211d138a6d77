"""A stranger who names another's addresses as his servers gets few packets sent there, whatever they answer."""

from collections.abc import Callable

import pytest

from tests.unit.resolving.world import World, plain_world, reply_to, zone
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.resolving.work import ResolverLimits
from unbroken.validation.protocol import Answer, Lookup, NoAnswer

NAME = Name("a.b.c.evil.com.")


def refuse(query: Message, tcp: bool) -> Message:
    return reply_to(query, flags=0x8000, rcode=rr.REFUSED)


def _attacked(count: int, behave: Callable[[Message, bool], Message | None] = refuse) -> tuple[World, list[str]]:
    """evil.com is served, says its parent, at `count` addresses of a victim."""
    world = plain_world()
    victims = [f"192.0.2.{100 + number}" for number in range(count)]
    names = tuple(Name(f"n{number}.evil.com.") for number in range(count))
    ns = RRset(Name("evil.com."), rr.NS, 3600, tuple(name.wire for name in names))
    glue = tuple(
        RRset(name, rr.A, 3600, (bytes(map(int, address.split("."))),))
        for name, address in zip(names, victims, strict=True)
    )

    def parent(query: Message, tcp: bool) -> Message:
        assert query.question is not None
        if query.question[0].is_subdomain_of(Name("evil.com.")):
            return reply_to(query, flags=0x8000, authority=(ns,), additional=glue)
        return world.honest("192.0.2.2", query, tcp=tcp)

    world.behaviours["192.0.2.2"] = parent
    world.behaviours |= dict.fromkeys(victims, behave)
    return world, victims


def _sent(world: World, victims: list[str]) -> int:
    return sum(query.address in victims for query in world.log)


async def test_servers_that_refuse_are_not_asked_for_their_own_addresses() -> None:
    world, victims = _attacked(13)
    assert isinstance(await world.resolver().fetch(Lookup(NAME, rr.A)), NoAnswer)
    assert _sent(world, victims) <= 2 * 13
    assert not [name for name, _ in world.asked() if name.startswith("n")]


async def test_one_question_asks_a_server_that_refuses_a_zone_twice_at_most() -> None:
    world, victims = _attacked(1)
    resolver = world.resolver()
    work = resolver.begin()
    for rdtype in (rr.A, rr.AAAA, rr.MX, rr.TXT, rr.DNSKEY):
        assert isinstance(await resolver._fetch(Lookup(NAME, rdtype), work), NoAnswer)
    assert _sent(world, victims) == 2
    assert isinstance(await resolver.fetch(Lookup(NAME, rr.SOA)), NoAnswer)
    assert _sent(world, victims) > 2  # another question is not told


@pytest.mark.parametrize("limit", [4, 5])
async def test_the_failures_of_one_zone_are_bounded_at_n_and_n_plus_1(limit: int) -> None:
    world, victims = _attacked(4)
    resolver = world.resolver(resolver_limits=ResolverLimits(failures_per_zone=limit))
    await resolver.fetch(Lookup(NAME, rr.A))
    assert _sent(world, victims) == limit


@pytest.mark.parametrize("limit", [1, 2])
async def test_the_refusals_of_one_server_are_bounded_at_n_and_n_plus_1(limit: int) -> None:
    world, victims = _attacked(1)
    resolver = world.resolver(resolver_limits=ResolverLimits(refusals_per_server=limit))
    await resolver.fetch(Lookup(NAME, rr.A))
    assert _sent(world, victims) == limit


async def test_rfc9156_2_3_a_zone_that_fails_on_short_names_is_shown_whole_ones_from_then_on() -> None:
    world, victims = _attacked(1)

    def picky(query: Message, tcp: bool) -> Message:
        assert query.question is not None
        if query.question[0] != NAME:
            return refuse(query, tcp)
        return reply_to(query, answer=(RRset(NAME, query.question[1], 60, (bytes(4),)),))

    world.behaviours[victims[0]] = picky
    resolver = world.resolver()
    work = resolver.begin()
    for rdtype in (rr.A, 1001, 1002, 1003):
        assert isinstance(await resolver._fetch(Lookup(NAME, rdtype), work), Answer)
    assert _sent(world, victims) == 5


# --- doubtful answers -------------------------------------------------------------------------------------------------


async def test_a_doubtful_answer_waits_for_the_servers_that_were_not_heard_yet() -> None:
    """One server answers DS from the child's side, the other is slow: its answer is the one that counts."""
    world = plain_world()
    com = world.authorities["192.0.2.2"].zones()[0]
    ns = RRset(Name("com."), rr.NS, 3600, (Name("ns.com.").wire, Name("b.com.").wire))
    glue = RRset(Name("b.com."), rr.A, 3600, (bytes([192, 0, 2, 22]),))
    root = world.authorities["192.0.2.1"].zones()[0]
    world.serve("192.0.2.1", root.replace(ns, glue))
    world.serve("192.0.2.22", com.replace(ns, glue))
    soa = zone("example.com.", "").soa
    silences = [True]

    def childish(query: Message, tcp: bool) -> Message:
        assert query.question is not None
        if query.question[1] == rr.DS:
            return reply_to(query, authority=(soa,))
        return world.honest("192.0.2.2", query, tcp=tcp)

    def slow(query: Message, tcp: bool) -> Message | None:
        return None if silences and silences.pop() else world.honest("192.0.2.22", query, tcp=tcp)

    world.behaviours |= {"192.0.2.2": childish, "192.0.2.22": slow}
    response = await world.resolver().fetch(Lookup(Name("example.com."), rr.DS))
    assert isinstance(response, Answer)
    assert [str(rrset.owner) for rrset in response.message.authority] == ["com."]

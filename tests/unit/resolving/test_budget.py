"""What one question may cost, and that a question which has used it up takes nothing from the others (RFC 9520)."""

import asyncio

from tests.unit.resolving.world import NOW, World, plain_world, reply_to, signed_world
from unbroken.chain import Status
from unbroken.dns import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.resolving.clock import SettableClock
from unbroken.resolving.resolver import Resolver
from unbroken.resolving.transport import Server
from unbroken.resolving.work import ResolverLimits, Work
from unbroken.validation.protocol import Answer, Failure, Lookup, NoAnswer

WWW = Lookup(Name("www.example.com."), rr.A)
OTHER = Lookup(Name("other.example.com."), rr.TXT)
EXAMPLE = Name("example.com.")


async def _warm(world: World) -> Resolver:
    """A resolver that knows the servers of example.com, but not the answers asked for here."""
    resolver = world.resolver()
    assert isinstance(await resolver.fetch(Lookup(Name("alias.example.com."), rr.A)), Answer)
    world.log.clear()
    return resolver


def _spent(resolver: Resolver) -> Work:
    work = resolver.begin()
    work.queries = work.limits.queries
    return work


def _late(resolver: Resolver, seconds_left: float) -> Work:
    work = resolver.begin()
    work.started -= work.limits.silence - seconds_left
    return work


# --- failures ---------------------------------------------------------------------------------------------------------


async def test_rfc9520_a_question_out_of_queries_leaves_no_failure_for_others() -> None:
    resolver = await _warm(plain_world())
    response = await resolver._fetch(WWW, _spent(resolver))
    assert isinstance(response, NoAnswer)
    assert "used up its budget" in response.detail
    assert isinstance(await resolver.fetch(WWW), Answer)


async def test_rfc9520_a_question_out_of_time_blames_neither_name_nor_server() -> None:
    world = plain_world()
    resolver = await _warm(world)
    server = Server("192.0.2.4")
    patience = resolver.book.timeout(server, 0)
    world.behaviours |= {"192.0.2.4": lambda query, tcp: None, "192.0.2.5": lambda query, tcp: None}
    response = await resolver._fetch(WWW, _late(resolver, 0.2))
    assert isinstance(response, NoAnswer)
    assert response.failure is Failure.OVER_LIMIT
    assert resolver.book.timeout(server, 0) == patience
    world.behaviours.clear()
    assert isinstance(await resolver.fetch(WWW), Answer)


async def test_rfc9520_3_2_a_failure_for_want_of_budget_is_kept_when_the_whole_budget_was_there() -> None:
    world = plain_world()
    resolver = world.resolver(resolver_limits=ResolverLimits(queries=3))
    for _ in range(2):
        response = await resolver.fetch(WWW)
        assert isinstance(response, NoAnswer)
        assert response.failure is Failure.OVER_LIMIT
    assert len(world.log) == 3


async def test_rfc9520_3_2_a_name_server_whose_address_can_not_be_had_is_not_looked_up_for_each_question() -> None:
    world = plain_world()
    world.behaviours["192.0.2.6"] = lambda query, tcp: reply_to(query, rcode=rr.SERVFAIL)
    resolver = world.resolver()
    for number in range(5):
        response = await resolver.fetch(Lookup(Name(f"n{number}.glueless.com."), rr.A))
        assert isinstance(response, NoAnswer)
    assert world.asked("192.0.2.6").count(("ns.example.net.", rr.A)) == 1


async def test_rfc9520_a_circle_that_one_question_ran_into_is_no_failure_of_the_name() -> None:
    """c.com is served by ns.d.net only, d.net by ns.c.com and by ns1.example.com, which works."""
    world = plain_world()
    com, net = (world.authorities[address].zones()[0] for address in ("192.0.2.2", "192.0.2.3"))
    world.serve("192.0.2.2", com.replace(RRset(Name("c.com."), rr.NS, 60, (Name("ns.d.net.").wire,))))
    servers = (Name("ns.c.com.").wire,)
    world.serve("192.0.2.3", net.replace(RRset(Name("d.net."), rr.NS, 60, servers)))
    resolver = world.resolver()
    assert isinstance(await resolver.fetch(Lookup(Name("www.c.com."), rr.A)), NoAnswer)
    assert resolver.failures.get(Lookup(Name("ns.d.net."), rr.A)) is None


# --- delegations ------------------------------------------------------------------------------------------------------


async def test_a_question_without_budget_does_not_make_the_servers_of_a_zone_forgotten() -> None:
    for make in (_spent, lambda resolver: _late(resolver, 0.2)):
        world = plain_world()
        resolver = await _warm(world)
        world.behaviours |= {"192.0.2.4": lambda query, tcp: None}
        await resolver._fetch(WWW, make(resolver))
        assert resolver.delegations.is_learnt(EXAMPLE)


async def test_a_zone_whose_servers_are_all_silent_is_asked_for_at_its_parent_again() -> None:
    world = plain_world()
    resolver = await _warm(world)
    world.behaviours |= {"192.0.2.4": lambda query, tcp: None, "192.0.2.5": lambda query, tcp: None}
    await resolver.fetch(WWW)
    assert not resolver.delegations.is_learnt(EXAMPLE)


# --- joining ----------------------------------------------------------------------------------------------------------


async def test_who_joins_a_look_up_does_not_inherit_a_spent_budget() -> None:
    world, anchors = signed_world()
    world.delay = 0.001
    resolver = world.resolver(anchors=anchors)
    poor = resolver.begin()
    poor.queries = poor.limits.queries - 2
    first = asyncio.create_task(resolver._fetch(WWW, poor))
    await asyncio.sleep(0)
    resolution = await resolver.resolve(WWW.name, WWW.rdtype)
    assert isinstance(await first, NoAnswer)
    assert resolution.status is Status.SECURE


async def test_who_joins_a_look_up_has_heard_what_it_heard() -> None:
    """Else the time for hearing nobody at all is over, though the servers answered well."""
    world, anchors = signed_world()
    world.delay = 0.001
    resolver = world.resolver(anchors=anchors)
    first = asyncio.create_task(resolver.fetch(WWW))
    await asyncio.sleep(0)
    work = resolver.begin()
    await resolver._fetch(WWW, work)
    await first
    assert work.heard


async def test_a_work_that_stood_long_is_not_fresh() -> None:
    clock = SettableClock(NOW)
    work = Work.begin(ResolverLimits(), clock)
    assert work.is_fresh
    clock.advance(1)
    assert not work.is_fresh

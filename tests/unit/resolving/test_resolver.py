"""Questions: validated from the anchor down, merged along aliases, built anew from other servers when bogus."""

import asyncio

import pytest

from tests.unit.resolving.world import World, plain_world, reply_to, signed_world
from unbroken.anchors.store import TrustAnchors
from unbroken.chain import Code, Status
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.resolving.hints import Hints
from unbroken.resolving.merging import Merged
from unbroken.resolving.transport import Server
from unbroken.resolving.work import ResolverLimits
from unbroken.validation.protocol import Answer, Failure, Lookup, NoAnswer

WWW = Name("www.example.com.")


async def test_a_signed_name_is_secure_with_ad_and_its_rrset() -> None:
    world, anchors = signed_world()
    resolution = await world.resolver(anchors=anchors).resolve(WWW, rr.A)
    assert resolution.status is Status.SECURE
    assert resolution.message.flags & rr.AD
    assert resolution.rrset is not None
    assert resolution.rrset.rdatas == (bytes([198, 51, 100, 1]),)


async def test_the_ds_of_referrals_is_not_asked_for_again() -> None:
    world, anchors = signed_world()
    await world.resolver(anchors=anchors).resolve(WWW, rr.A)
    assert not [name for name, rdtype in world.asked() if rdtype == rr.DS]
    assert len(world.log) == 7  # priming, two referrals, the answer, three DNSKEY RRsets


async def test_a_second_question_costs_only_its_own_query() -> None:
    world, anchors = signed_world()
    resolver = world.resolver(anchors=anchors)
    await resolver.resolve(WWW, rr.A)
    before = len(world.log)
    assert (await resolver.resolve(WWW, rr.AAAA)).status is Status.SECURE
    assert len(world.log) == before + 1
    assert (await resolver.resolve(WWW, rr.A)).status is Status.SECURE
    assert len(world.log) == before + 1


async def test_nxdomain_is_secure_and_has_no_rrset() -> None:
    world, anchors = signed_world()
    resolution = await world.resolver(anchors=anchors).resolve(Name("nope.example.com."), rr.A)
    assert (resolution.status, resolution.rcode, resolution.rrset) == (Status.SECURE, rr.NXDOMAIN, None)


async def test_an_alias_into_an_unsigned_zone_is_insecure_and_merged() -> None:
    world, anchors = signed_world()
    resolution = await world.resolver(anchors=anchors).resolve(Name("over.example.com."), rr.A)
    assert resolution.status is Status.INSECURE
    assert not resolution.message.flags & rr.AD
    assert [(str(r.owner), r.rdtype) for r in resolution.message.answer] == [
        ("over.example.com.", rr.CNAME),
        ("over.example.com.", rr.RRSIG),
        ("www.example.net.", rr.A),
    ]


async def test_aliases_across_zones_in_a_circle_are_a_failure() -> None:
    world = plain_world()
    message, _ = await world.resolver().lookup(Name("loop1.example.com."), rr.A)
    assert message.rcode == rr.SERVFAIL
    assert len(message.answer) == 2


@pytest.mark.parametrize("hops", [0, 1])
async def test_aliases_are_followed_as_far_as_the_limit(hops: int) -> None:
    world = plain_world()
    message, _ = await world.resolver(resolver_limits=ResolverLimits(hops=hops)).lookup(Name("over.example.com."), rr.A)
    assert message.rcode == (rr.NOERROR if hops else rr.SERVFAIL)


async def test_a_dname_leads_on_with_its_cname() -> None:
    message, _ = await plain_world().resolver().lookup(Name("leaf.tree.example.com."), rr.A)
    assert [r.rdtype for r in message.answer] == [rr.DNAME, rr.CNAME, rr.A]


async def test_unreachable_is_indeterminate_never_bogus() -> None:
    world, anchors = signed_world()
    world.unreachable = set(world.authorities)
    resolution = await world.resolver(anchors=anchors).resolve(WWW, rr.A)
    assert resolution.status is Status.INDETERMINATE
    assert resolution.rcode == rr.SERVFAIL
    assert resolution.failure is not None
    assert resolution.failure.failure is Failure.UNREACHABLE


def _tampered(world: World, address: str, rdtype: int) -> None:
    """The server at `address` gives other data than was signed, for one type."""

    def behave(query: Message, tcp: bool) -> Message:
        honest = world.honest(address, query, tcp=tcp)
        assert query.question is not None
        if query.question[1] != rdtype:
            return honest
        altered = tuple(
            RRset(r.owner, r.rdtype, r.ttl, (r.rdatas[0][:-1] + bytes([r.rdatas[0][-1] ^ 1]), *r.rdatas[1:]))
            if r.rdtype == rdtype
            else r
            for r in honest.answer
        )
        return Message(honest.id, honest.flags, honest.question, altered, honest.authority, edns=honest.edns)

    world.behaviours[address] = behave


@pytest.mark.parametrize("rdtype", [rr.A, rr.DNSKEY])
async def test_when_one_server_tampers_another_is_asked(rdtype: int) -> None:
    world, anchors = signed_world()
    _tampered(world, "192.0.2.4", rdtype)
    resolution = await world.resolver(anchors=anchors).resolve(WWW, rr.A)
    assert resolution.status is Status.SECURE
    assert ("www.example.com.", rr.A) in world.asked("192.0.2.5")


async def test_when_all_known_servers_tamper_their_other_addresses_are_looked_for() -> None:
    world, anchors = signed_world()
    _tampered(world, "192.0.2.4", rr.A)
    _tampered(world, "192.0.2.5", rr.A)
    await world.resolver(anchors=anchors).resolve(WWW, rr.A)
    assert {("ns1.example.com.", rr.AAAA), ("ns2.example.com.", rr.AAAA)} <= set(world.asked())


def test_rfc6672_3_2_a_dname_that_applies_twice_leaves_no_cname_out() -> None:
    dname = RRset(Name("tree.example.com."), rr.DNAME, 300, (Name("example.com.").wire,))
    name, first = Name("leaf.tree.tree.example.com."), Name("leaf.tree.example.com.")
    made = RRset(name, rr.CNAME, 300, (first.wire,))
    merged = Merged(Lookup(name, rr.A))
    assert merged.add(name, Answer(Message(0, rr.QR, (name, rr.A, 1), (dname, made)))) == Name("leaf.example.com.")
    assert [rrset.owner for rrset in merged.answer if rrset.rdtype == rr.CNAME] == [name, first]


async def test_without_an_anchor_that_is_the_only_finding_even_for_rrsig() -> None:
    world, _ = signed_world()
    resolution = await world.resolver(anchors=TrustAnchors.from_records([])).resolve(WWW, rr.RRSIG)
    assert resolution.status is Status.INDETERMINATE
    assert {finding.code for finding in resolution.chain.all_findings} == {Code.NO_TRUST_ANCHOR}


async def test_when_all_servers_tamper_it_is_bogus_after_few_attempts_and_withheld() -> None:
    world, anchors = signed_world()
    for address in ("192.0.2.4", "192.0.2.5"):
        _tampered(world, address, rr.A)
    resolver = world.resolver(anchors=anchors)
    resolution = await resolver.resolve(WWW, rr.A)
    assert (resolution.status, resolution.rcode, resolution.rrset) == (Status.BOGUS, rr.SERVFAIL, None)
    spent = len(world.log)
    assert world.asked().count(("www.example.com.", rr.A)) <= 1 + ResolverLimits().bogus_retries
    assert (await resolver.resolve(WWW, rr.A)).status is Status.BOGUS
    assert len(world.log) == spent  # RFC 4035 §4.7: kept for a while
    world.clock.advance(60)
    world.behaviours.clear()
    assert (await resolver.resolve(WWW, rr.A)).status is Status.SECURE


async def test_an_attempt_that_can_not_finish_does_not_excuse_a_bogus_one() -> None:
    world, anchors = signed_world()
    _tampered(world, "192.0.2.4", rr.A)
    world.unreachable.add("192.0.2.5")
    resolution = await world.resolver(anchors=anchors).resolve(WWW, rr.A)
    assert resolution.status is Status.BOGUS


# --- in flight --------------------------------------------------------------------------------------------------------


async def test_identical_look_ups_in_flight_are_one() -> None:
    world = plain_world()
    resolver = world.resolver()
    lookup = Lookup(WWW, rr.A)
    responses = await asyncio.gather(*(resolver.fetch(lookup) for _ in range(10)))
    assert all(isinstance(response, Answer) for response in responses)
    assert world.asked().count(("www.example.com.", rr.A)) == 1


async def test_one_that_gives_up_does_not_take_the_look_up_from_the_others() -> None:
    world = plain_world()
    world.delay = 0.01
    resolver = world.resolver()
    first, second = (asyncio.create_task(resolver.fetch(Lookup(WWW, rr.A))) for _ in range(2))
    await asyncio.sleep(0.005)
    first.cancel()
    assert isinstance(await second, Answer)
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_when_all_give_up_nothing_runs_on() -> None:
    world, anchors = signed_world()
    world.delay = 0.01
    resolver = world.resolver(anchors=anchors)
    task = asyncio.create_task(resolver.resolve(WWW, rr.A))
    await asyncio.sleep(0.015)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert (await resolver.resolve(WWW, rr.A)).status is Status.SECURE


def test_a_resolver_outlives_the_loop_it_was_used_in() -> None:
    world = plain_world()
    resolver = world.resolver()
    for name in ("www.example.com.", "www.example.net."):
        assert isinstance(asyncio.run(resolver.fetch(Lookup(Name(name), rr.A))), Answer)


async def test_a_failure_is_not_asked_for_again_at_once() -> None:
    world = World()
    resolver = world.resolver()
    assert isinstance(await resolver.fetch(Lookup(WWW, rr.A)), NoAnswer)
    spent = len(world.log)
    await resolver.fetch(Lookup(WWW, rr.A))
    assert len(world.log) == spent


async def test_flush_forgets_everything() -> None:
    world, anchors = signed_world()
    resolver = world.resolver(anchors=anchors)
    await resolver.resolve(WWW, rr.A)
    resolver.flush()
    before = len(world.log)
    await resolver.resolve(WWW, rr.A)
    assert len(world.log) - before == 7


# --- forwarding -------------------------------------------------------------------------------------------------------


def _recursive(world: World) -> None:
    """A recursive server at 192.0.2.200, which answers with all hops merged."""

    def behave(query: Message, tcp: bool) -> Message:
        assert query.question is not None
        name, rdtype, _ = query.question
        messages = {
            ("over.example.com.", rr.A): (
                RRset(name, rr.CNAME, 60, (Name("www.example.net.").wire,)),
                RRset(Name("www.example.net."), rr.A, 60, (bytes([198, 51, 100, 2]),)),
            )
        }
        return reply_to(query, flags=0x8180, answer=messages.get((str(name), rdtype), ()))

    world.behaviours["192.0.2.200"] = behave


async def test_a_forwarder_is_asked_with_rd_and_cd_and_its_merged_answer_is_used() -> None:
    world = World()
    _recursive(world)
    resolver = world.resolver(forwarders=[Server("192.0.2.200")])
    message, provenance = await resolver.lookup(Name("over.example.com."), rr.A)
    assert [rrset.rdtype for rrset in message.answer] == [rr.CNAME, rr.A]
    assert provenance.server == "192.0.2.200"
    assert [query.message.flags for query in world.log] == [rr.RD | rr.CD]


async def test_a_forwarder_that_fails_is_followed_by_the_next() -> None:
    world = World()
    _recursive(world)
    world.behaviours["192.0.2.199"] = lambda query, tcp: reply_to(query, flags=0x8180, rcode=rr.SERVFAIL)
    resolver = world.resolver(forwarders=[Server("192.0.2.199"), Server("192.0.2.200")])
    message, _ = await resolver.lookup(Name("over.example.com."), rr.A)
    assert message.rcode == rr.NOERROR


async def test_a_forward_zone_takes_its_names_and_the_rest_is_iterated() -> None:
    world = plain_world()
    _recursive(world)
    resolver = world.resolver(forward_zones={Name("over.example.com."): [Server("192.0.2.200")]})
    await resolver.lookup(Name("over.example.com."), rr.A)
    assert {query.address for query in world.log if query.name == Name("over.example.com.")} == {"192.0.2.200"}
    await resolver.lookup(WWW, rr.A)
    assert ("www.example.com.", rr.A) in world.asked("192.0.2.4")


async def test_without_hints_or_forwarders_nothing_is_reachable() -> None:
    resolver = World().resolver(hints=Hints(Name.ROOT, ()))
    response = await resolver.fetch(Lookup(WWW, rr.A))
    assert isinstance(response, NoAnswer)
    assert response.failure is Failure.UNREACHABLE


async def test_what_was_learnt_of_a_name_or_a_tree_is_forgotten() -> None:
    world = plain_world()
    resolver = world.resolver()
    for name in ("www.example.com.", "ns1.example.com."):
        await resolver.lookup(Name(name), rr.A)
    asked = len(world.log)
    assert resolver.forget(Name("www.example.com."), tree=False) == 1
    await resolver.lookup(Name("ns1.example.com."), rr.A)
    assert len(world.log) == asked
    await resolver.lookup(Name("www.example.com."), rr.A)
    assert len(world.log) == asked + 1
    assert resolver.forget(Name("com."), tree=True) >= 2
    assert resolver.delegations.get(Name("example.com.")) is None
    await resolver.lookup(Name("ns1.example.com."), rr.A)
    assert len(world.log) > asked + 2

"""Iteration: from the root down, through minimised names, missing glue, lame servers and circles, within bounds."""

import asyncio

import pytest

from tests.unit.resolving.world import (
    EXAMPLE_COM,
    GLUELESS_COM,
    NOW,
    World,
    plain_world,
    reply_to,
    zone,
)
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.resolving.addresses import address_text
from unbroken.resolving.hints import Hints
from unbroken.resolving.iteration import minimised_labels
from unbroken.resolving.options import Options
from unbroken.resolving.transport import Server
from unbroken.resolving.work import ResolverLimits
from unbroken.validation.protocol import Answer, Failure, Lookup, NoAnswer, Response

WWW = Name("www.example.com.")


def addresses(message: Message) -> list[str]:
    return [address_text(data) for rrset in message.answer if rrset.rdtype == rr.A for data in rrset.rdatas]


def message_of(response: Response) -> Message:
    assert isinstance(response, Answer), response
    return response.message


def refusal_of(response: Response) -> NoAnswer:
    assert isinstance(response, NoAnswer), response
    return response


async def test_resolves_from_the_root_down_and_says_who_answered() -> None:
    world = plain_world()
    response = await world.resolver().fetch(Lookup(WWW, rr.A))
    assert addresses(message_of(response)) == ["198.51.100.1"]
    assert isinstance(response, Answer)
    assert (response.provenance.server, response.provenance.transport) == ("192.0.2.4", "udp")
    assert response.provenance.received_at == NOW


async def test_queries_carry_do_and_1232_octets_and_neither_rd_nor_cd() -> None:
    world = plain_world()
    await world.resolver().fetch(Lookup(WWW, rr.A))
    for query in world.log:
        assert query.message.edns is not None
        assert (query.message.edns.do, query.message.edns.udp_size) == (True, 1232)
        assert query.message.flags == 0


async def test_ids_differ() -> None:
    world = plain_world()
    await world.resolver().fetch(Lookup(WWW, rr.A))
    await world.resolver().fetch(Lookup(WWW, rr.A))
    assert len({query.message.id for query in world.log}) > 1


# --- QNAME minimisation (RFC 9156) ------------------------------------------------------------------------------------


async def test_servers_are_shown_no_more_of_the_name_than_they_need() -> None:
    world = plain_world()
    await world.resolver().fetch(Lookup(WWW, rr.AAAA))
    assert world.asked("192.0.2.1") == [(".", rr.NS), ("com.", rr.A)]
    assert world.asked("192.0.2.2") == [("example.com.", rr.A)]
    assert world.asked("192.0.2.4") == [("www.example.com.", rr.AAAA)]


async def test_without_minimisation_every_server_sees_the_whole_name() -> None:
    world = plain_world()
    await world.resolver(options=Options(shuffle=False, minimise=False)).fetch(Lookup(WWW, rr.A))
    assert {name for name, rdtype in world.asked() if rdtype == rr.A} == {"www.example.com."}


async def test_a_server_that_denies_the_short_name_is_asked_for_the_whole_one() -> None:
    world = plain_world()

    def behave(query: Message, tcp: bool) -> Message:
        assert query.question is not None
        if query.question[0].label_count < 7:
            return reply_to(query, rcode=rr.NXDOMAIN)
        return world.honest("192.0.2.4", query, tcp=tcp)

    world.behaviours["192.0.2.4"] = behave
    response = await world.resolver().fetch(Lookup(Name("a.b.c.d.deep.example.com."), rr.A))
    assert addresses(message_of(response)) == ["198.51.100.7"]


async def test_rfc8020_2_when_the_whole_name_gets_no_answer_the_denial_above_it_is_one() -> None:
    world = plain_world()

    def behave(query: Message, tcp: bool) -> Message:
        assert query.question is not None
        if query.question[0] == Name("missing.example.com."):
            return world.honest("192.0.2.4", query, tcp=tcp)
        return reply_to(query, rcode=rr.SERVFAIL)

    world.behaviours["192.0.2.4"] = world.behaviours["192.0.2.5"] = behave
    message = message_of(await world.resolver().fetch(Lookup(Name("www.missing.example.com."), rr.A)))
    assert message.rcode == rr.NXDOMAIN
    assert message.question == (Name("www.missing.example.com."), rr.A, rr.CLASS_IN)


async def test_a_server_that_refuses_the_short_name_is_asked_for_the_whole_one() -> None:
    world = plain_world()

    def behave(query: Message, tcp: bool) -> Message:
        assert query.question is not None
        if query.question[0].label_count < 7:
            return reply_to(query, rcode=rr.REFUSED)
        return world.honest("192.0.2.4", query, tcp=tcp)

    world.behaviours["192.0.2.4"] = world.behaviours["192.0.2.5"] = behave
    response = await world.resolver().fetch(Lookup(Name("a.b.c.d.deep.example.com."), rr.A))
    assert addresses(message_of(response)) == ["198.51.100.7"]


@pytest.mark.parametrize("labels", [1, 2, 5, 30, 127])
def test_minimising_takes_at_most_ten_steps_and_always_adds_a_label(labels: int) -> None:
    known = 0
    steps: list[int] = []
    while known < labels:
        shown = minimised_labels(labels, known, len(steps))
        assert shown > known
        steps.append(shown)
        known = shown
    assert steps[-1] == labels
    assert len(steps) <= 11
    assert steps[:4] == list(range(1, min(labels, 4) + 1))


# --- name servers -----------------------------------------------------------------------------------------------------


async def test_a_name_server_without_glue_is_resolved() -> None:
    world = plain_world()
    world.serve("192.0.2.6", *world.authorities["192.0.2.6"].zones(), GLUELESS_COM)
    response = await world.resolver().fetch(Lookup(Name("www.glueless.com."), rr.A))
    assert addresses(message_of(response)) == ["198.51.100.9"]


async def test_the_next_server_is_asked_when_one_fails() -> None:
    for failure in (
        lambda query, tcp: None,
        lambda query, tcp: reply_to(query, rcode=rr.SERVFAIL),
        lambda query, tcp: reply_to(query, rcode=rr.REFUSED),
        lambda query, tcp: reply_to(query, rcode=rr.FORMERR),
        lambda query, tcp: b"garbage that is no message",
        lambda query, tcp: reply_to(query, flags=0x8000, authority=_ns("com.", "ns.com.")),  # upwards
        lambda query, tcp: reply_to(query, flags=0x8000, authority=_ns("example.org.", "ns.example.org.")),  # sideways
        lambda query, tcp: reply_to(query, flags=0x8000, authority=_ns("example.com.", "ns1.example.com.")),  # itself
        lambda query, tcp: reply_to(query, flags=0x8000),  # nothing
    ):
        world = plain_world()
        world.behaviours["192.0.2.4"] = failure
        response = await world.resolver().fetch(Lookup(WWW, rr.A))
        assert addresses(message_of(response)) == ["198.51.100.1"]


def _ns(owner: str, target: str) -> tuple[RRset, ...]:
    return (RRset(Name(owner), rr.NS, 3600, (Name(target).wire,)),)


async def test_the_failure_names_each_server_and_what_it_did() -> None:
    world = plain_world()
    world.behaviours["192.0.2.4"] = lambda query, tcp: reply_to(query, rcode=rr.SERVFAIL)
    world.behaviours["192.0.2.5"] = lambda query, tcp: None
    failed = refusal_of(await world.resolver().fetch(Lookup(WWW, rr.A)))
    assert failed.failure is Failure.SERVFAIL
    assert "192.0.2.4: SERVFAIL" in failed.detail
    assert "192.0.2.5: timeout" in failed.detail


@pytest.mark.parametrize(("unreachable", "failure"), [(True, Failure.UNREACHABLE), (False, Failure.TIMEOUT)])
async def test_no_network_and_no_reply_are_told_apart(unreachable: bool, failure: Failure) -> None:
    world = World()
    if unreachable:
        world.unreachable.add("192.0.2.1")
    assert refusal_of(await world.resolver().fetch(Lookup(WWW, rr.A))).failure is failure


async def test_a_silent_server_is_tried_again_over_udp_and_at_last_over_tcp() -> None:
    world = plain_world()
    world.behaviours["192.0.2.4"] = lambda query, tcp: world.honest("192.0.2.4", query, tcp=tcp) if tcp else None
    del world.authorities["192.0.2.5"]
    response = await world.resolver().fetch(Lookup(WWW, rr.A))
    assert addresses(message_of(response)) == ["198.51.100.1"]
    assert isinstance(response, Answer)
    assert response.provenance.transport == "tcp"


async def test_a_truncated_reply_is_asked_for_again_over_tcp() -> None:
    world = plain_world()
    text = "@ 3600 NS ns1\nns1 3600 A 192.0.2.4\n" + "".join(f'big 60 TXT "{number:0200}"\n' for number in range(30))
    world.serve("192.0.2.4", zone("example.com.", text))
    response = await world.resolver().fetch(Lookup(Name("big.example.com."), rr.TXT))
    assert len(message_of(response).answer[0]) == 30
    assert [query.tcp for query in world.log if query.name == Name("big.example.com.")] == [False, True]


async def test_a_server_without_edns_is_asked_without_and_remembered() -> None:
    world = plain_world()

    def behave(query: Message, tcp: bool) -> Message:
        if query.edns is not None:
            return Message(query.id, 0x8000, query.question, rcode=rr.FORMERR)
        return world.honest("192.0.2.4", query, tcp=tcp)

    world.behaviours["192.0.2.4"] = behave
    del world.authorities["192.0.2.5"]
    resolver = world.resolver()
    assert addresses(message_of(await resolver.fetch(Lookup(WWW, rr.A)))) == ["198.51.100.1"]
    before = len(world.log)
    message_of(await resolver.fetch(Lookup(WWW, rr.AAAA)))
    assert [query.message.edns for query in world.log[before:]] == [None]


async def test_the_quicker_server_is_asked_first() -> None:
    world = plain_world()
    resolver = world.resolver()
    for address, seconds in (("192.0.2.4", 0.5), ("192.0.2.5", 0.01)):
        resolver.book.answered(Server(address), seconds)
    response = await resolver.fetch(Lookup(WWW, rr.A))
    assert isinstance(response, Answer)
    assert response.provenance.server == "192.0.2.5"


async def test_stale_glue_is_replaced_by_what_the_name_servers_zone_says() -> None:
    world = plain_world()
    com = world.authorities["192.0.2.2"].zones()[0]
    stale = com.replace(
        RRset(Name("moved.com."), rr.NS, 3600, (Name("ns.example.net.").wire,)),
    )
    world.serve("192.0.2.2", stale)
    world.serve("192.0.2.6", *world.authorities["192.0.2.6"].zones(), zone("moved.com.", "www 300 A 198.51.100.8\n"))

    def behave(query: Message, tcp: bool) -> Message:
        honest = world.honest("192.0.2.2", query, tcp=tcp)
        assert query.question is not None
        if not query.question[0].is_subdomain_of(Name("moved.com.")):
            return honest
        glue = RRset(Name("ns.example.net."), rr.A, 3600, (bytes([192, 0, 2, 99]),))
        return Message(honest.id, honest.flags, honest.question, (), honest.authority, (glue,), edns=honest.edns)

    world.behaviours["192.0.2.2"] = behave
    # The glue is out of com's bailiwick: it must not be used, and the name is resolved instead.
    response = await world.resolver().fetch(Lookup(Name("www.moved.com."), rr.A))
    assert addresses(message_of(response)) == ["198.51.100.8"]
    assert not world.asked("192.0.2.99")


async def test_when_the_address_that_the_name_servers_zone_gives_fails_its_parents_glue_is_tried() -> None:
    world = plain_world()
    world.serve("192.0.2.6", zone("example.net.", "@ 3600 NS ns\nns 3600 A 192.0.2.66\n"), GLUELESS_COM)
    world.behaviours["192.0.2.66"] = lambda query, tcp: reply_to(query, rcode=rr.SERVFAIL)
    response = await world.resolver().fetch(Lookup(Name("www.glueless.com."), rr.A))
    assert addresses(message_of(response)) == ["198.51.100.9"]
    assert ("www.glueless.com.", rr.A) in world.asked("192.0.2.66")


async def test_the_only_name_server_within_its_zone_and_without_glue_is_asked_of_the_parent() -> None:
    world = plain_world()

    def behave(query: Message, tcp: bool) -> Message:
        honest = world.honest("192.0.2.2", query, tcp=tcp)
        assert query.question is not None
        if query.question[0] == Name("ns1.example.com."):
            return honest
        return Message(honest.id, honest.flags, honest.question, (), honest.authority, edns=honest.edns)

    world.behaviours["192.0.2.2"] = behave
    response = await world.resolver(options=Options(shuffle=False, minimise=False)).fetch(Lookup(WWW, rr.A))
    assert addresses(message_of(response)) == ["198.51.100.1"]


# --- DS at the parent (RFC 4035 §3.1.4.1) -----------------------------------------------------------------------------


async def test_ds_is_asked_of_the_parents_servers_even_when_the_childs_are_known() -> None:
    world = plain_world()
    resolver = world.resolver()
    await resolver.fetch(Lookup(WWW, rr.A))
    response = await resolver.fetch(Lookup(Name("example.com."), rr.DS))
    assert message_of(response).answer == ()
    assert world.log[-1].address == "192.0.2.2"
    assert (str(world.log[-1].name), world.log[-1].rdtype) == ("example.com.", rr.DS)


async def test_a_nodata_for_ds_from_the_childs_side_is_not_taken_while_another_parent_server_answers() -> None:
    world = plain_world()
    com = world.authorities["192.0.2.2"].zones()[0]
    two = com.replace(
        RRset(Name("com."), rr.NS, 3600, (Name("ns.com.").wire, Name("b.com.").wire)),
        RRset(Name("b.com."), rr.A, 3600, (bytes([192, 0, 2, 22]),)),
    )
    root = world.authorities["192.0.2.1"].zones()[0]
    world.serve(
        "192.0.2.1",
        root.replace(
            RRset(Name("com."), rr.NS, 3600, (Name("ns.com.").wire, Name("b.com.").wire)),
            RRset(Name("b.com."), rr.A, 3600, (bytes([192, 0, 2, 22]),)),
        ),
    )
    world.serve("192.0.2.2", two)
    world.serve("192.0.2.22", two)
    soa = world.authorities["192.0.2.4"].zones()[0].soa
    assert soa is not None
    world.behaviours["192.0.2.2"] = lambda query, tcp: (
        reply_to(query, authority=(soa,))
        if query.question and query.question[1] == rr.DS
        else world.honest("192.0.2.2", query, tcp=tcp)
    )
    response = await world.resolver().fetch(Lookup(Name("example.com."), rr.DS))
    assert [str(rrset.owner) for rrset in message_of(response).authority] == ["com."]


async def test_a_child_zone_without_records_of_its_parent_answers_ds_if_nobody_better_does() -> None:
    world = plain_world()
    soa = world.authorities["192.0.2.4"].zones()[0].soa
    assert soa is not None
    world.behaviours["192.0.2.2"] = lambda query, tcp: (
        reply_to(query, authority=(soa,))
        if query.question and query.question[1] == rr.DS
        else world.honest("192.0.2.2", query, tcp=tcp)
    )
    response = await world.resolver().fetch(Lookup(Name("example.com."), rr.DS))
    assert [str(rrset.owner) for rrset in message_of(response).authority] == ["example.com."]


async def test_a_server_that_answers_ds_with_a_referral_knows_none() -> None:
    world = plain_world()
    world.behaviours["192.0.2.2"] = lambda query, tcp: reply_to(
        query, flags=0x8000, authority=_ns("example.com.", "ns1.example.com.")
    )
    response = await world.resolver().fetch(Lookup(Name("example.com."), rr.DS))
    assert message_of(response).answer == ()


# --- circles, floods and bounds ---------------------------------------------------------------------------------------


async def test_name_servers_that_depend_on_each_other_end_in_a_failure() -> None:
    """TsuNAME: a.com is served by a name of b.net, b.net by a name of a.com."""
    world = plain_world()
    com = world.authorities["192.0.2.2"].zones()[0]
    net = world.authorities["192.0.2.3"].zones()[0]
    world.serve("192.0.2.2", com.replace(RRset(Name("a.com."), rr.NS, 60, (Name("ns.b.net.").wire,))))
    world.serve("192.0.2.3", net.replace(RRset(Name("b.net."), rr.NS, 60, (Name("ns.a.com.").wire,))))
    failed = refusal_of(await world.resolver().fetch(Lookup(Name("www.a.com."), rr.A)))
    assert "no address found" in failed.detail
    assert len(world.log) < 12


async def test_a_referral_to_many_unresolvable_names_costs_few_queries() -> None:
    """NXNSAttack: a delegation to a thousand names of a victim."""
    world = plain_world()
    names = tuple(Name(f"ns{number}.victim.example.net.").wire for number in range(60))
    world.behaviours["192.0.2.2"] = lambda query, tcp: reply_to(
        query, flags=0x8000, authority=(RRset(Name("evil.com."), rr.NS, 60, names),)
    )
    refusal_of(await world.resolver().fetch(Lookup(Name("www.evil.com."), rr.A)))
    assert sum("victim" in name for name, _ in world.asked()) <= 2 * ResolverLimits().nameservers_per_zone + 2


async def test_an_endless_line_of_referrals_ends() -> None:
    world = plain_world()

    def behave(query: Message, tcp: bool) -> Message:
        assert query.question is not None
        name = query.question[0]
        ns = RRset(name, rr.NS, 60, (Name("ns.com.").wire,))
        return reply_to(query, flags=0x8000, authority=(ns,), additional=_a("ns.com.", 2))

    world.behaviours["192.0.2.2"] = behave
    world.behaviours["192.0.2.1"] = behave
    name = Name(".".join("x" for _ in range(100)) + ".com.")
    options = Options(shuffle=False, minimise=True)
    refusal_of(await world.resolver(options=options).fetch(Lookup(name, rr.A)))
    assert len(world.log) <= ResolverLimits().queries


def _a(owner: str, last: int) -> tuple[RRset, ...]:
    return (RRset(Name(owner), rr.A, 60, (bytes([192, 0, 2, last]),)),)


@pytest.mark.parametrize("queries", [3, 4])
async def test_the_budget_of_queries_is_kept_at_n_and_n_plus_1(queries: int) -> None:
    """The question needs four: priming, root, com, example.com."""
    world = plain_world()
    response = await world.resolver(resolver_limits=ResolverLimits(queries=queries)).fetch(Lookup(WWW, rr.A))
    assert len(world.log) == queries
    assert isinstance(response, Answer if queries == 4 else NoAnswer)
    if isinstance(response, NoAnswer):
        assert response.failure is Failure.OVER_LIMIT


async def test_the_budget_of_time_is_kept() -> None:
    world = World()
    names = tuple(f"192.0.2.{number}" for number in range(100, 130))
    hints = Hints(Name.ROOT, tuple((Name(f"r{number}."), (text,)) for number, text in enumerate(names)))
    limits = ResolverLimits(seconds=5.0)
    refusal_of(await world.resolver(hints=hints, resolver_limits=limits).fetch(Lookup(WWW, rr.A)))
    assert world.clock.monotonic() <= 6.0


# --- priming and stubs ------------------------------------------------------------------------------------------------


async def test_priming_takes_the_roots_servers_from_the_answer() -> None:
    world = plain_world()
    root = (
        world.authorities["192.0.2.1"]
        .zones()[0]
        .replace(RRset(Name("root-server."), rr.A, 3600, (bytes([192, 0, 2, 11]),)))
    )
    world.serve("192.0.2.1", root)
    world.serve("192.0.2.11", root)
    await world.resolver().fetch(Lookup(WWW, rr.A))
    assert world.asked("192.0.2.1") == [(".", rr.NS)]
    assert world.asked("192.0.2.11") == [("com.", rr.A)]


async def test_when_priming_fails_the_hints_serve() -> None:
    world = plain_world()
    world.behaviours["192.0.2.1"] = lambda query, tcp: (
        reply_to(query, rcode=rr.SERVFAIL)
        if query.question and query.question[1] == rr.NS
        else world.honest("192.0.2.1", query, tcp=tcp)
    )
    resolver = world.resolver()
    assert addresses(message_of(await resolver.fetch(Lookup(WWW, rr.A)))) == ["198.51.100.1"]
    message_of(await resolver.fetch(Lookup(Name("www.example.net."), rr.A)))
    assert world.asked("192.0.2.1").count((".", rr.NS)) == 1


async def test_glue_of_another_class_is_no_address() -> None:
    """RFC 1035 §3.4.1: an A record is an Internet address in class IN only; in others its rdata may be anything."""
    world = plain_world()
    odd = tuple(RRset(Name("root-server."), rr.A, 3600, (rdata,), 3) for rdata in (b"\x00", b"192.0.2.99"))

    def primed(query: Message, tcp: bool) -> Message:
        honest = world.honest("192.0.2.1", query, tcp=tcp)
        if query.question is None or query.question[1] != rr.NS:
            return honest
        return reply_to(query, answer=honest.answer, additional=odd)

    world.behaviours["192.0.2.1"] = primed
    response = await world.resolver().fetch(Lookup(WWW, rr.A))
    assert addresses(message_of(response)) == ["198.51.100.1"]


async def test_priming_is_done_once_for_concurrent_questions() -> None:
    world = plain_world()
    resolver = world.resolver()
    await asyncio.gather(
        *(resolver.fetch(Lookup(Name(name), rr.A)) for name in ("www.example.com.", "www.example.net."))
    )
    assert world.asked("192.0.2.1").count((".", rr.NS)) == 1


async def test_a_stub_zone_is_asked_at_its_servers_but_for_its_ds() -> None:
    world = plain_world()
    world.serve("192.0.2.50", EXAMPLE_COM)
    resolver = world.resolver(stub_zones=[Hints.from_addresses(Name("example.com."), "192.0.2.50")])
    response = await resolver.fetch(Lookup(WWW, rr.A))
    assert isinstance(response, Answer)
    assert response.provenance.server == "192.0.2.50"
    assert world.asked("192.0.2.1") == []
    await resolver.fetch(Lookup(Name("example.com."), rr.DS))
    assert world.log[-1].address == "192.0.2.2"

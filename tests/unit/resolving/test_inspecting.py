"""Gathering a full check's evidence: everyone is asked everything, politely, and what came is kept as it came."""

import pytest
from support.small_internet import ADDRESSES, OTHER, PARENT, WWW, ZONE, SmallInternet, changed

from unbroken.diagnosis.inspection import MISSING_TYPE, Ask, Inspection
from unbroken.dns import Message, Name
from unbroken.dns import rdtype as rr
from unbroken.validation.protocol import Failure

EVERYONE = (*ADDRESSES[ZONE], *ADDRESSES[PARENT])


def test_every_server_of_zone_and_parent_is_asked() -> None:
    inspection = SmallInternet().inspect()
    assert inspection.zone.zone == ZONE and inspection.parent is not None and inspection.parent.zone == PARENT
    assert set(inspection.by_server) == set(EVERYONE)
    assert [inspection.zone.name_of(address) for address in ADDRESSES[ZONE]] == ["ns1.zone.test", "ns2.zone.test"]


@pytest.mark.parametrize("address", ADDRESSES[ZONE])
def test_each_server_of_the_zone_is_asked_for_everything(address: str) -> None:
    inspection = SmallInternet().inspect()
    types = (rr.SOA, rr.NS, rr.DNSKEY, rr.DS, rr.CDS, rr.CDNSKEY, rr.NSEC3PARAM, rr.CSYNC, MISSING_TYPE)
    for ask in [
        *(Ask(ZONE, rdtype) for rdtype in types),
        *(Ask(ZONE, rdtype, dnssec=False) for rdtype in (rr.SOA, rr.DNSKEY, MISSING_TYPE)),
        *(Ask(ZONE, rdtype, tcp=True) for rdtype in (rr.SOA, rr.DNSKEY)),
        Ask(WWW, rr.A),
        Ask(WWW, rr.A, dnssec=False),
        Ask(inspection.absent, rr.A),
    ]:
        exchange = inspection.exchange(address, ask)
        assert exchange is not None and exchange.message is not None, ask
        assert (exchange.message.edns is not None) is ask.dnssec


@pytest.mark.parametrize("address", ADDRESSES[PARENT])
def test_each_server_of_the_parent_is_asked_for_the_delegation(address: str) -> None:
    inspection = SmallInternet().inspect()
    for ask in (Ask(ZONE, rr.DS), Ask(ZONE, rr.DS, tcp=True), Ask(ZONE, rr.NS), Ask(PARENT, rr.DNSKEY)):
        exchange = inspection.exchange(address, ask)
        assert exchange is not None and exchange.message is not None, ask


def test_the_root_has_no_parent() -> None:
    inspection = SmallInternet().inspect(Name.ROOT, rr.NS)
    assert inspection.zone.zone.is_root and inspection.parent is None
    assert set(inspection.by_server) == set(ADDRESSES[Name.ROOT])


def test_wire_octets_are_those_that_came() -> None:
    inspection = SmallInternet().inspect()
    for exchange in inspection.exchanges:
        assert exchange.message is not None
        assert Message.from_wire(exchange.wire).question == (exchange.ask.name, exchange.ask.rdtype, rr.CLASS_IN)


def test_rfc7766_5_what_is_truncated_over_udp_is_asked_over_tcp() -> None:
    net = SmallInternet()
    address = ADDRESSES[ZONE][0]
    net.bend(address, lambda query, reply: changed(reply, flags=reply.flags | rr.TC, answer=()), tcp=False)
    inspection = net.inspect()
    over_udp, over_tcp = (inspection.exchange(address, Ask(WWW, rr.A, tcp=tcp)) for tcp in (False, True))
    assert over_udp is not None and over_udp.is_truncated
    assert over_tcp is not None and over_tcp.message is not None and over_tcp.message.answer
    assert inspection.best(address, WWW, rr.A) is over_tcp


def test_a_server_that_answers_nothing_is_asked_only_its_first_question() -> None:
    net = SmallInternet()
    address = ADDRESSES[ZONE][1]
    net.bend(address, lambda query, reply: None)
    inspection = net.inspect()
    sent = [query for asked, query, _ in net.asked if asked == address and query.question != (WWW, rr.A, 1)]
    assert len(sent) <= 6  # SOA: two tries over UDP and one over TCP, and the walk's own
    exchange = inspection.exchange(address, Ask(ZONE, rr.DNSKEY))
    assert exchange is not None and exchange.failure is Failure.UNREACHABLE and "answers nothing" in exchange.detail


def test_what_came_that_is_no_message_is_kept_and_said() -> None:
    net = SmallInternet()
    net.bend(ADDRESSES[ZONE][0], lambda query, reply: query.to_wire()[:12] + b"\xff" * 9)
    exchange = net.inspect().exchange(ADDRESSES[ZONE][0], Ask(ZONE, rr.SOA))
    assert exchange is not None and exchange.failure is Failure.MALFORMED and len(exchange.wire) == 21


def test_one_address_never_has_more_than_its_share_in_flight() -> None:
    net = SmallInternet()
    net.inspect(per_address=2)
    assert net.most_in_flight <= 2 + 1  # one more may be the walk's


def test_queries_are_bounded_in_all() -> None:
    net = SmallInternet()
    inspection = net.inspect(queries=10)
    before = len(net.asked)
    refused = [each for each in inspection.exchanges if each.failure is Failure.OVER_LIMIT]
    assert refused and "too many queries" in refused[0].detail
    assert len([each for each in inspection.exchanges if each.wire]) <= 10 <= before


def test_a_server_can_not_make_us_ask_it_for_ever() -> None:
    net = SmallInternet()
    address = ADDRESSES[ZONE][0]

    def endless(query: Message, reply: Message) -> Message:
        """Every name is an alias of a longer one."""
        assert query.question is not None
        name = query.question[0]
        target = name.prepend(b"x") if len(name.wire) < 240 else WWW
        from unbroken.dns import RRset

        return changed(reply, rcode=0, authority=(), answer=(RRset(name, rr.CNAME, 60, (target.wire,)),))

    net.bend(address, endless)
    net.inspect(own_questions=12)
    assert len([1 for asked, _, _ in net.asked if asked == address]) < 120


def test_addresses_that_are_nobodys_are_named_and_not_asked() -> None:
    net = SmallInternet()
    zone = net.zone()
    from unbroken.dns import RRset

    second = RRset(Name("ns2.zone.test."), rr.A, 300, (bytes((10, 0, 0, 1)),))
    net.put(zone.signed_anew(zone.zone.replace(second)))
    inspection = net.inspect()
    row = next(server for server in inspection.zone.servers if server.address == "10.0.0.1")
    assert row.refusal and "10.0.0.1" not in inspection.zone.addresses
    assert all(address != "10.0.0.1" for address, _, _ in net.asked)


def test_progress_is_told_and_ends_with_all_done() -> None:
    import asyncio

    from unbroken.chain import Question
    from unbroken.resolving.inspecting import inspect

    net, told = SmallInternet(), []
    asyncio.run(
        inspect(net.resolver(), net, Question(WWW, rr.A), progress=lambda done, total: told.append((done, total)))
    )
    assert told[-1][0] == told[-1][1] > 40
    assert all(done <= total for done, total in told)


def test_a_zone_on_the_servers_of_its_parent_is_found() -> None:
    net = SmallInternet()
    from unbroken.authority import Authority

    both = Authority([net.zone(PARENT).zone, net.zone(OTHER).zone])
    for address in ADDRESSES[PARENT]:
        net.zones[address] = both
    inspection: Inspection = net.inspect(Name("www.other.test."))
    assert inspection.zone.zone == OTHER


def test_a_zone_whose_servers_are_all_silent_is_still_the_zone() -> None:
    net = SmallInternet()
    for address in ADDRESSES[ZONE]:
        del net.zones[address]
    inspection = net.inspect()
    assert inspection.zone.zone == ZONE and inspection.zone.addresses == ADDRESSES[ZONE]
    assert inspection.parent is not None and inspection.parent.zone == PARENT


def test_the_time_is_up_for_the_walk_too() -> None:
    import asyncio

    from unbroken.chain import Question
    from unbroken.resolving.clock import SystemClock
    from unbroken.resolving.inspecting import inspect
    from unbroken.resolving.probing import InspectionLimits
    from unbroken.resolving.resolver import Resolver
    from unbroken.validation.protocol import NoAnswer

    net = SmallInternet()

    class Stuck:
        async def exchange(self, server: object, query: bytes, *, timeout: float, tcp: bool) -> bytes:
            await asyncio.sleep(3600)
            raise AssertionError

    healthy = net.resolver()
    stuck = Resolver(hints=None, anchors=healthy.anchors, transport=Stuck(), clock=SystemClock())  # type: ignore[arg-type]
    limits = InspectionLimits(seconds=0.2)
    inspection = asyncio.run(inspect(stuck, Stuck(), Question(WWW, rr.A), limits=limits))  # type: ignore[arg-type]
    said = [each.detail for each in inspection.walk.responses.values() if isinstance(each, NoAnswer)]
    assert said and "the time is up" in said[-1]
    assert not inspection.exchanges or all(each.failure is not None for each in inspection.exchanges)

"""What is taken from a referral: how long, how much, and which addresses."""

import pytest

from tests.unit.resolving.world import World, plain_world, reply_to
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.resolving.addresses import Reach, address_rdata, reach
from unbroken.resolving.hints import Hints
from unbroken.resolving.options import Options
from unbroken.resolving.work import ResolverLimits
from unbroken.validation.protocol import Answer, Lookup, NoAnswer

EVIL = Name("evil.com.")


def _refer(query: Message, cut: Name, glue: dict[str, list[str]], ttl: int = 3600) -> Message:
    ns = RRset(cut, rr.NS, ttl, tuple(Name(name).wire for name in glue))
    additional = []
    for name, addresses in glue.items():
        rdatas = [address_rdata(text) or b"" for text in addresses]
        for rdtype, length in ((rr.A, 4), (rr.AAAA, 16)):
            fitting = tuple(rdata for rdata in rdatas if len(rdata) == length)
            if fitting:
                additional.append(RRset(Name(name), rdtype, ttl, fitting))
    return reply_to(query, flags=0x8000, authority=(ns,), additional=tuple(additional))


def _delegated(glue: dict[str, list[str]]) -> World:
    world = plain_world()

    def parent(query: Message, tcp: bool) -> Message:
        assert query.question is not None
        if query.question[0].is_subdomain_of(EVIL):
            return _refer(query, EVIL, glue)
        return world.honest("192.0.2.2", query, tcp=tcp)

    world.behaviours["192.0.2.2"] = parent
    return world


# --- how long ---------------------------------------------------------------------------------------------------------


async def test_cve_2022_30698_a_cut_does_not_outlive_the_one_it_was_learnt_through() -> None:
    """A zone that its parent took away must not live on by ever new cuts below it."""
    world = plain_world()
    is_withdrawn: list[bool] = []

    def parent(query: Message, tcp: bool) -> Message:
        assert query.question is not None
        if not is_withdrawn and query.question[0].is_subdomain_of(EVIL):
            return _refer(query, EVIL, {"ns.evil.com.": ["192.0.2.66"]}, ttl=600)
        return world.honest("192.0.2.2", query, tcp=tcp)

    def evil(query: Message, tcp: bool) -> Message:
        assert query.question is not None
        name = query.question[0]
        if name.labels[0] == b"w":
            return reply_to(query, answer=(RRset(name, rr.A, 10, (bytes([6, 6, 6, 6]),)),))
        return _refer(query, name, {f"ns.{name}": ["192.0.2.66"]}, ttl=86_400)

    world.behaviours |= {"192.0.2.2": parent, "192.0.2.66": evil}
    resolver = world.resolver()
    await resolver.lookup(Name("w.a0.evil.com."), rr.A)
    is_withdrawn.append(True)
    world.clock.advance(500)
    found, _ = await resolver.lookup(Name("w.b.a0.evil.com."), rr.A)
    assert found.answer
    world.clock.advance(101)
    for name in ("w.a0.evil.com.", "w.b.a0.evil.com.", "w.c.b.a0.evil.com."):
        found, _ = await resolver.lookup(Name(name), rr.A)
        assert found.rcode == rr.NXDOMAIN


async def test_a_cut_below_configured_servers_lasts_for_its_own_ttl() -> None:
    world = plain_world()
    resolver = world.resolver(options=Options(shuffle=False, prime=False))
    await resolver.fetch(Lookup(Name("www.example.com."), rr.A))
    world.clock.advance(3599)
    assert resolver.delegations.is_learnt(Name("com."))


# --- how much ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [16, 17])
async def test_name_servers_of_a_referral_are_taken_at_n_and_not_at_n_plus_1(count: int) -> None:
    world = _delegated({f"n{number}.evil.com.": [f"192.0.2.{100 + number}"] for number in range(count)})
    world.behaviours["192.0.2.100"] = lambda query, tcp: reply_to(query)
    resolver = world.resolver()
    await resolver.fetch(Lookup(Name("www.evil.com."), rr.A))
    kept = resolver.delegations.get(EVIL)
    assert kept is not None
    assert len(kept.nameservers) == ResolverLimits().nameservers_per_referral == 16


@pytest.mark.parametrize("count", [8, 9])
async def test_addresses_of_a_name_server_are_taken_at_n_and_not_at_n_plus_1(count: int) -> None:
    addresses = [f"192.0.2.{100 + number}" for number in range(count)] + ["2001:db8::1"]
    world = _delegated({"n.evil.com.": addresses})
    world.behaviours["192.0.2.100"] = lambda query, tcp: reply_to(query)
    resolver = world.resolver()
    await resolver.fetch(Lookup(Name("www.evil.com."), rr.A))
    kept = resolver.delegations.get(EVIL)
    assert kept is not None
    assert len(kept.servers) == ResolverLimits().addresses_per_nameserver == 8


# --- which addresses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("0.0.0.0", Reach.NOBODY),
        ("0.1.2.3", Reach.NOBODY),
        ("169.254.169.254", Reach.NOBODY),
        ("224.0.0.1", Reach.NOBODY),
        ("255.255.255.255", Reach.NOBODY),
        ("223.255.255.255", Reach.PUBLIC),
        ("10.0.0.1", Reach.LOCAL),
        ("11.0.0.1", Reach.PUBLIC),
        ("100.63.0.1", Reach.PUBLIC),
        ("100.64.0.1", Reach.LOCAL),
        ("127.0.0.1", Reach.LOCAL),
        ("172.15.0.1", Reach.PUBLIC),
        ("172.31.0.1", Reach.LOCAL),
        ("192.168.0.1", Reach.LOCAL),
        ("198.41.0.4", Reach.PUBLIC),
        ("::", Reach.NOBODY),
        ("::1", Reach.LOCAL),
        ("::127.0.0.1", Reach.NOBODY),
        ("::ffff:127.0.0.1", Reach.LOCAL),
        ("::ffff:224.0.0.1", Reach.NOBODY),
        ("64:ff9b::10.0.0.1", Reach.LOCAL),
        ("fd00::1", Reach.LOCAL),
        ("fe80::1", Reach.NOBODY),
        ("ff02::1", Reach.NOBODY),
        ("2001:503:ba3e::2:30", Reach.PUBLIC),
    ],
)
def test_rfc6890_who_can_be_meant_by_an_address(address: str, kind: Reach) -> None:
    rdata = address_rdata(address)
    assert rdata is not None
    assert reach(rdata) is kind


STRANGE = ["127.0.0.1", "10.0.0.1", "0.0.0.0", "169.254.169.254", "224.0.0.1", "::1", "fe80::1", "::ffff:127.0.0.1"]


async def test_a_strangers_glue_sends_no_query_to_this_host_or_its_network() -> None:
    world = _delegated({f"n{number}.evil.com.": [address] for number, address in enumerate(STRANGE)})
    assert isinstance(await world.resolver().fetch(Lookup(Name("www.evil.com."), rr.A)), NoAnswer)
    assert not {query.address for query in world.log} & set(STRANGE)


@pytest.mark.parametrize("how", ["option", "hints"])
async def test_local_servers_are_asked_where_the_configured_ones_are_local_or_an_option_says_so(how: str) -> None:
    world = _delegated({f"n{number}.evil.com.": [address] for number, address in enumerate(STRANGE)})
    world.behaviours["127.0.0.1"] = lambda query, tcp: reply_to(
        query, answer=(RRset(Name("www.evil.com."), rr.A, 60, (bytes(4),)),)
    )
    if how == "option":
        resolver = world.resolver(options=Options(shuffle=False, local_servers=True))
    else:
        world.serve("127.0.0.53", *world.authorities["192.0.2.1"].zones())
        resolver = world.resolver(hints=Hints.from_addresses(Name.ROOT, "127.0.0.53"))
    assert isinstance(await resolver.fetch(Lookup(Name("www.evil.com."), rr.A)), Answer)
    assert not {query.address for query in world.log} & {"0.0.0.0", "169.254.169.254", "224.0.0.1", "fe80::1"}

"""The drop-in for dnspython's resolvers."""

import asyncio
import inspect
import socket
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
import pytest

from tests.unit.resolving.test_resolver import _tampered
from tests.unit.resolving.world import World, plain_world, reply_to, signed_world
from unbroken import compat
from unbroken.anchors.store import TrustAnchors
from unbroken.chain import Status
from unbroken.compat import asyncresolver
from unbroken.compat import resolver as blocking
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr


def _plain(world: World | None = None) -> compat.Resolver:
    """Over a world without signatures, and without an anchor to miss them by."""
    chosen = world or plain_world()
    return compat.Resolver(resolver=chosen.resolver(anchors=TrustAnchors.from_records([])))


def test_the_drop_in_returns_a_dnspython_answer() -> None:
    world, anchors = signed_world()
    resolver = compat.Resolver(resolver=world.resolver(anchors=anchors))
    answer = resolver.resolve("www.example.com", "A")
    assert isinstance(answer, dns.resolver.Answer)
    assert [record.address for record in answer] == ["198.51.100.1"]
    assert getattr(answer, "status", None) is Status.SECURE
    alias = resolver.resolve(dns.name.from_text("over.example.com."), dns.rdatatype.A)
    assert str(alias.canonical_name) == "www.example.net."


def test_the_drop_in_raises_what_dnspython_raises() -> None:
    world, anchors = signed_world()
    resolver = compat.Resolver(resolver=world.resolver(anchors=anchors))
    with pytest.raises(dns.resolver.NXDOMAIN) as caught:
        resolver.resolve("nope.example.com")
    assert str(caught.value.canonical_name) == "nope.example.com."
    with pytest.raises(dns.resolver.NoAnswer):
        resolver.resolve("www.example.com", "MX")
    assert resolver.resolve("www.example.com", "MX", raise_on_no_answer=False).rrset is None
    with pytest.raises(dns.resolver.NoMetaqueries):
        resolver.resolve("www.example.com", "AXFR")
    world.unreachable = set(world.authorities)
    with pytest.raises(dns.resolver.NoNameservers):
        resolver.resolve("new.example.com", "TXT")


def test_the_drop_in_raises_on_bogus() -> None:
    world, anchors = signed_world()
    for address in ("192.0.2.4", "192.0.2.5"):
        _tampered(world, address, rr.A)
    resolver = compat.Resolver(resolver=world.resolver(anchors=anchors))
    with pytest.raises(compat.Bogus) as caught:
        resolver.resolve("www.example.com")
    assert isinstance(caught.value, dns.exception.DNSException)
    assert caught.value.chain.status is Status.BOGUS
    assert "www.example.com." in str(caught.value)


async def test_the_asynchronous_drop_in_does_the_same() -> None:
    world, anchors = signed_world()
    resolver = compat.AsyncResolver(resolver=world.resolver(anchors=anchors))
    assert (await resolver.resolve("www.example.com", "A")).rrset is not None
    with pytest.raises(dns.resolver.NXDOMAIN):
        await resolver.resolve("nope.example.com")


def test_the_drop_in_keeps_to_its_lifetime() -> None:
    world, anchors = signed_world()
    world.delay = 5.0
    resolver = compat.Resolver(resolver=world.resolver(anchors=anchors))
    with pytest.raises(dns.resolver.LifetimeTimeout):
        resolver.resolve("www.example.com", lifetime=0.05)


def test_relative_names_are_searched_for_when_asked_to() -> None:
    world, anchors = signed_world()
    resolver = compat.Resolver(resolver=world.resolver(anchors=anchors))
    resolver.search = [dns.name.from_text("example.com.")]
    assert str(resolver.resolve("www", search=True).qname) == "www.example.com."


def test_the_signatures_are_those_of_dnspython() -> None:
    for ours, theirs in ((compat.Resolver, dns.resolver.Resolver), (compat.AsyncResolver, dns.asyncresolver.Resolver)):
        expected = list(inspect.signature(theirs.resolve).parameters)
        assert list(inspect.signature(ours.resolve).parameters) == expected
    assert asyncio.iscoroutinefunction(compat.AsyncResolver.resolve)


# --- exceptions -------------------------------------------------------------------------------------------------------


def test_rfc4035_5_5_handlers_for_the_servfail_of_a_validating_server_catch_bogus() -> None:
    world, anchors = signed_world()
    for address in ("192.0.2.4", "192.0.2.5"):
        _tampered(world, address, rr.A)
    resolver = compat.Resolver(resolver=world.resolver(anchors=anchors))
    with pytest.raises(dns.resolver.NoNameservers) as caught:
        resolver.resolve("www.example.com")
    assert isinstance(caught.value, compat.Bogus)
    assert caught.value.kwargs["request"].question[0].name == dns.name.from_text("www.example.com.")


@pytest.mark.parametrize("name", ["a..b", "a" * 64 + ".com"])
def test_what_is_no_name_raises_as_in_dnspython(name: str) -> None:
    with pytest.raises(dns.exception.DNSException) as theirs:
        dns.name.from_text(name)
    with pytest.raises(type(theirs.value)):
        _plain().resolve(name)
    with pytest.raises(dns.name.IDNAException):
        _plain().resolve("ä" * 64)


def test_what_is_no_type_raises_as_in_dnspython() -> None:
    with pytest.raises(dns.rdatatype.UnknownRdatatype):
        _plain().resolve("www.example.com", "NOSUCH")
    with pytest.raises(compat.NoMetaqueries):
        _plain().resolve("www.example.com", 0)


def test_malformed_rdata_is_as_if_no_server_had_answered() -> None:
    """dnspython parses it, and its FormError is none of those that a caller of resolve() expects."""
    world = plain_world()

    def behave(query: Message, tcp: bool) -> Message:
        assert query.question is not None
        return reply_to(query, answer=(RRset(query.question[0], 29, 300, (b"\x01" * 16,)),))

    world.behaviours |= {"192.0.2.4": behave, "192.0.2.5": behave}
    with pytest.raises(compat.NoNameservers, match="malformed"):
        _plain(world).resolve("www.example.com", "LOC")


@pytest.mark.parametrize(
    "arguments", [{"tcp": True}, {"source": "192.0.2.1"}, {"source_port": 5353}, {"rdclass": "CH"}]
)
def test_what_can_not_be_honoured_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(compat.NotSupported) as caught:
        _plain().resolve("www.example.com", **arguments)
    assert isinstance(caught.value, dns.exception.DNSException)


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", ["127.0.0.1", [""], ["1.1.1"], ["dns.example"], ["https://192.0.2.1/dns-query"], [None]]
)
def test_name_servers_that_are_no_addresses_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="nameserver"):
        compat.Resolver(nameservers=value)
    resolver = compat.Resolver()
    with pytest.raises(ValueError, match="nameserver"):
        resolver.nameservers = value


def _forwarded_to(resolver: compat.Resolver) -> list[str]:
    found = resolver.chain_resolver()._forwarding._zones[Name.ROOT].servers
    return [str(server) for server in found]


def test_settings_that_change_after_first_use_take_effect() -> None:
    resolver = compat.Resolver(nameservers=["192.0.2.1"])
    assert resolver.chain_resolver() is resolver.chain_resolver()
    resolver.port = 5353
    assert _forwarded_to(resolver) == ["192.0.2.1@5353"]
    assert isinstance(resolver.nameservers, list)
    resolver.nameservers.append(dns.nameserver.Do53Nameserver("192.0.2.2", 53))
    assert _forwarded_to(resolver) == ["192.0.2.1@5353", "192.0.2.2"]
    resolver.nameservers.append("nowhere")
    with pytest.raises(ValueError, match="nowhere"):
        resolver.chain_resolver()


@pytest.mark.parametrize("attribute", ["rotate", "cache", "flags", "edns", "nameserver", "lifetimes"])
def test_settings_without_effect_are_not_taken(attribute: str) -> None:
    with pytest.raises(AttributeError):
        setattr(compat.Resolver(), attribute, 1)


@pytest.mark.parametrize("ndots", [None, 0, 1, 2, 3])
@pytest.mark.parametrize("searched", [("example.com.", "example.net."), ()])
@pytest.mark.parametrize("qname", ["www", "www.sub", "a.b.c", "www.example.com."])
@pytest.mark.parametrize("search", [None, True, False])
def test_names_are_tried_in_dnspythons_order(
    ndots: int | None, searched: tuple[str, ...], qname: str, search: bool | None
) -> None:
    ours, theirs = compat.Resolver(), dns.resolver.Resolver(configure=False)
    for resolver in (ours, theirs):
        resolver.ndots = ndots
        resolver.search = [dns.name.from_text(text) for text in searched]
        resolver.domain = dns.name.from_text("example.org.")
    name = dns.name.from_text(qname, None)
    assert ours.candidates(name, search) == theirs._get_qnames_to_try(name, search)


def test_nxdomain_names_all_that_were_tried() -> None:
    resolver = _plain()
    resolver.search = [dns.name.from_text("example.net."), dns.name.from_text("example.com.")]
    with pytest.raises(compat.NXDOMAIN) as caught:
        resolver.resolve("zzz", search=True)
    assert [str(name) for name in caught.value.qnames()] == ["zzz.example.net.", "zzz.example.com.", "zzz."]


# --- the rest of the module -------------------------------------------------------------------------------------------


def test_addresses_of_both_families_are_found_by_name() -> None:
    resolver = _plain()
    assert list(resolver.resolve_name("www.example.com").addresses()) == ["2001:db8::1", "198.51.100.1"]
    assert list(resolver.resolve_name("www.example.com", socket.AF_INET).addresses()) == ["198.51.100.1"]
    assert list(resolver.resolve_name("www.example.com", socket.AF_INET6).addresses()) == ["2001:db8::1"]
    with pytest.raises(compat.NoAnswer):
        resolver.resolve_name("example.com")
    with pytest.raises(NotImplementedError):
        resolver.resolve_name("www.example.com", 12345)


def test_the_canonical_name_is_told_also_of_what_does_not_exist() -> None:
    resolver = _plain()
    assert str(resolver.canonical_name("alias.example.com")) == "www.example.com."
    assert str(resolver.canonical_name("lost.example.com")) == "nothing.example.net."


async def test_the_asynchronous_module_has_the_same() -> None:
    assert compat.AsyncResolver is asyncresolver.Resolver
    resolver = asyncresolver.Resolver(resolver=plain_world().resolver(anchors=TrustAnchors.from_records([])))
    found = await resolver.resolve_name("www.example.com")
    assert list(found.addresses()) == ["2001:db8::1", "198.51.100.1"]
    for family, address in ((socket.AF_INET, "198.51.100.1"), (socket.AF_INET6, "2001:db8::1")):
        assert list((await resolver.resolve_name("www.example.com", family)).addresses()) == [address]
    assert str(await resolver.canonical_name("lost.example.com")) == "nothing.example.net."
    assert str(await resolver.canonical_name("alias.example.com")) == "www.example.com."
    with pytest.raises(dns.exception.SyntaxError):
        await resolver.resolve_address("nope")


def test_the_functions_of_the_module_use_one_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "_default", _plain())
    assert compat.get_default_resolver() is compat.get_default_resolver()
    assert compat.resolve("www.example.com", "A")[0].address == "198.51.100.1"
    assert list(compat.resolve_name("www.example.com", socket.AF_INET).addresses()) == ["198.51.100.1"]
    assert str(compat.canonical_name("alias.example.com")) == "www.example.com."
    assert compat.query("www.example.com").rrset is not None
    with pytest.raises(compat.NXDOMAIN):
        compat.resolve_address("192.0.2.1")
    before = compat.get_default_resolver()
    compat.reset_default_resolver()
    assert compat.get_default_resolver() is not before


async def test_the_functions_of_the_asynchronous_module_use_one_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    world = plain_world()
    resolver = asyncresolver.Resolver(resolver=world.resolver(anchors=TrustAnchors.from_records([])))
    monkeypatch.setattr(asyncresolver, "_default", resolver)
    assert (await asyncresolver.resolve("www.example.com", "A")).rrset is not None
    assert (await asyncresolver.resolve_name("www.example.com")).keys()
    assert str(await asyncresolver.canonical_name("alias.example.com")) == "www.example.com."
    with pytest.raises(compat.NXDOMAIN):
        await asyncresolver.resolve_address("192.0.2.1")
    asyncresolver.reset_default_resolver()
    assert asyncresolver.get_default_resolver() is not resolver


def test_what_others_import_from_dns_resolver_is_there() -> None:
    for name in ("Answer", "NXDOMAIN", "NoAnswer", "NoNameservers", "LifetimeTimeout", "YXDOMAIN", "NoMetaqueries"):
        assert getattr(compat, name) is getattr(dns.resolver, name)
    assert compat.Timeout is dns.exception.Timeout

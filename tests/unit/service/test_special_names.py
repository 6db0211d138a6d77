"""Names that are answered here."""

import pytest
from support.dns_clients import query

from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.service.query import Query, read_query
from unbroken.service.reply import Content
from unbroken.service.special_names import SpecialNames


def _content(name: str, rdtype: int = rr.A, names: SpecialNames | None = None) -> Content | None:
    read = read_query(query(name, rdtype))
    assert isinstance(read, Query)
    return (names or SpecialNames()).content(read)


@pytest.mark.parametrize("name", ["localhost.", "LOCALHOST.", "any.thing.localhost."])
def test_rfc6761_6_3_localhost_is_loopback(name: str) -> None:
    ipv4, ipv6, text = (_content(name, rdtype) for rdtype in (rr.A, rr.AAAA, rr.TXT))
    assert ipv4 is not None and ipv4.answer[0].rdatas == (bytes((127, 0, 0, 1)),) and ipv4.answer[0].owner == Name(name)
    assert ipv6 is not None and ipv6.answer[0].rdatas == (bytes(15) + b"\x01",)
    assert text is not None and text.rcode == rr.NOERROR and not text.answer
    assert text.authority[0].rdtype == rr.SOA and not ipv4.is_secure


@pytest.mark.parametrize("name", ["onion.", "x.y.onion.", "a.invalid.", "a.test.", "printer.local.", "a.alt."])
def test_rfc6761_and_rfc7686_names_that_must_not_leak_do_not_exist(name: str) -> None:
    content = _content(name)
    assert content is not None
    assert content.rcode == rr.NXDOMAIN and content.authority[0].rdtype == rr.SOA


def test_rfc6303_a_private_reverse_zone_is_there_and_empty() -> None:
    apex, soa, below = (
        _content("10.in-addr.arpa.", rr.NS),
        _content("10.in-addr.arpa.", rr.SOA),
        _content("1.0.0.10.in-addr.arpa.", rr.PTR),
    )
    assert apex is not None and (apex.rcode, apex.answer) == (rr.NOERROR, ())
    assert soa is not None and soa.answer[0].owner == Name("10.in-addr.arpa.")
    assert below is not None and below.rcode == rr.NXDOMAIN
    assert int.from_bytes(below.authority[0].rdatas[0][-4:], "big") == below.authority[0].ttl


@pytest.mark.parametrize("name", ["www.example.", ".", "onion.example.", "notlocalhost.", "32.172.in-addr.arpa."])
def test_other_names_are_looked_up(name: str) -> None:
    assert _content(name) is None


def test_rfc4035_3_1_4_1_the_parent_denies_the_ds_of_such_a_name() -> None:
    assert _content("onion.", rr.DS) is None
    assert _content("x.onion.", rr.DS) is not None


@pytest.mark.parametrize(
    ("zone", "is_here"), [("test.", False), ("corp.test.", False), ("other.test.", True), (".", True)]
)
def test_configured_zones_take_precedence(zone: str, is_here: bool) -> None:
    names = SpecialNames(but=(Name(zone),))
    assert (_content("www.corp.test.", names=names) is not None) is is_here

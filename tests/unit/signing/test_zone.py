"""Zones in memory and their layout."""

import pytest

from unbroken.dns import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError
from unbroken.signing import Zone

ORIGIN = Name("example.")
TEXT = """
@       SOA ns root 1 2 3 4 300
@       NS ns
ns      A 192.0.2.1
a.b     A 192.0.2.2
cut     NS ns.cut
cut     DS 1 13 2 00
ns.cut  A 192.0.2.3
x.cut   NS elsewhere.test.
d       DNAME other.test.
y.d     TXT hidden
cut-not TXT shown
e.f.cut A 192.0.2.4
"""


@pytest.fixture
def zone() -> Zone:
    return Zone.from_text(TEXT.replace("DS 1 13 2 00", f"DS 1 13 2 {'00' * 32}"), ORIGIN)


def names(*texts: str) -> set[Name]:
    return {Name(f"{text}.example.") for text in texts}


def test_layout_tells_own_names_delegations_occluded_and_empty_ones_apart(zone: Zone) -> None:
    layout = zone.layout
    assert layout.authoritative == tuple(sorted(layout.authoritative))
    assert set(layout.authoritative) == names("ns", "a.b", "d", "cut-not") | {ORIGIN}
    assert layout.delegations == names("cut")
    assert layout.occluded == names("ns.cut", "x.cut", "y.d", "e.f.cut")
    assert layout.empty_non_terminals == names("b")


def test_iteration_is_canonical_with_the_soa_first_and_rrsigs_beside() -> None:
    rrsig = "RRSIG {} 13 1 60 20300101000000 20200101000000 1 example. AAAA"
    text = f"z A 192.0.2.1\n@ NS ns\n@ {rrsig.format('SOA')}\n@ SOA ns root 1 2 3 4 5\n@ {rrsig.format('NS')}\na.z A 192.0.2.1"
    order = [(str(rrset.owner), rrset.rdtype, rrset.covers) for rrset in Zone.from_text(text, ORIGIN)]
    assert order == [
        ("example.", rr.SOA, 0),
        ("example.", rr.RRSIG, rr.SOA),
        ("example.", rr.NS, 0),
        ("example.", rr.RRSIG, rr.NS),
        ("z.example.", rr.A, 0),
        ("a.z.example.", rr.A, 0),
    ]


def test_text_round_trips(zone: Zone) -> None:
    assert Zone.from_text(zone.to_text(), ORIGIN) == zone


def test_a_change_leaves_the_old_zone_as_it_was(zone: Zone) -> None:
    text = zone.to_text()
    ns = Name("ns.example.")
    other = zone.replace(RRset(ns, rr.A, 5, (b"\x7f\0\0\1",)))
    assert other.rrset(ns, rr.A) != zone.rrset(ns, rr.A)
    assert zone.remove(ns, rr.A).rrset(ns, rr.A) is None
    assert ns not in set(zone.remove(ns, rr.A).owners())
    assert zone.remove_types(rr.NS).layout.delegations == frozenset()
    assert zone.to_text() == text


def test_rrsigs_are_kept_apart_by_covered_type() -> None:
    rrsig = "@ RRSIG {} 13 1 60 20300101000000 20200101000000 1 example. AAAA\n"
    zone = Zone.from_text("".join(map(rrsig.format, ("A", "NS"))) + "@ A 192.0.2.1\n@ NS ns", ORIGIN)
    assert zone.remove_rrsigs(ORIGIN, rr.A).rrsigs(ORIGIN, rr.NS) is not None
    assert zone.remove_rrsigs(ORIGIN, rr.A).rrsigs(ORIGIN, rr.A) is None
    assert zone.remove(ORIGIN, rr.A).rrsigs(ORIGIN, rr.A) is None
    assert not zone.remove_types(rr.RRSIG).signatures(ORIGIN)


def test_owners_outside_the_zone_are_refused() -> None:
    with pytest.raises(InputError, match="outside"):
        Zone.from_text("other.test. A 192.0.2.1", ORIGIN)


@pytest.mark.parametrize(("ttl", "minimum", "expected"), [(10, 300, 10), (300, 10, 10)])
def test_rfc9077_3_denials_live_as_long_as_the_lesser_of_soa_ttl_and_minimum(
    ttl: int, minimum: int, expected: int
) -> None:
    assert Zone.from_text(f"@ {ttl} SOA ns root 1 2 3 4 {minimum}", ORIGIN).negative_ttl() == expected


def test_a_name_in_another_case_is_the_same_name() -> None:
    zone = Zone.from_text("WWW A 192.0.2.1\nwww A 192.0.2.2", ORIGIN)
    rrset = zone.rrset(Name("wWw.EXAMPLE."), rr.A)
    assert rrset is not None and len(rrset) == 2

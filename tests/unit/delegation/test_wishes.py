"""CDS and CDNSKEY: made, and read together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbroken.delegation import (
    cdnskey_rrset,
    cds_rrset,
    delete_cdnskey,
    delete_cds,
    ds_for,
    ds_of_keys,
    entry_points,
    read_wish,
)
from unbroken.dns import Name, RRset, WireError
from unbroken.dns import rdtype as rr
from unbroken.dns.presentation import rrset_to_text
from unbroken.keys import generate, generate_set, make_dnskey

ZONE = Name("child.example.")
KSK, ZSK = generate_set(ZONE, 15)
OTHER = generate(ZONE, 15, secure_entry_point=True)
DS = ds_for(ZONE, KSK.dnskey)


def test_rfc8078_4_the_delete_forms_are_as_the_rfc_prints_them() -> None:
    assert rrset_to_text(delete_cds(ZONE, 0)) == ["child.example. 0 IN CDS 0 0 0 00"]
    assert rrset_to_text(delete_cdnskey(ZONE, 0)) == ["child.example. 0 IN CDNSKEY 0 3 0 AA=="]


def test_nothing_published_asks_for_nothing() -> None:
    wish = read_wish(ZONE, None, None)
    assert (wish.dses, wish.is_delete, wish.problem) == (None, False, "")


def test_either_rrset_is_enough() -> None:
    assert read_wish(ZONE, cds_rrset(ZONE, [DS]), None).dses == (DS,)
    assert read_wish(ZONE, None, cdnskey_rrset(ZONE, [KSK.dnskey])).dses == (DS,)
    for cds, cdnskey in (
        (delete_cds(ZONE), None),
        (None, delete_cdnskey(ZONE)),
        (delete_cds(ZONE), delete_cdnskey(ZONE)),
    ):
        assert read_wish(ZONE, cds, cdnskey).is_delete


def test_rfc7344_4_both_must_say_the_same() -> None:
    both = cdnskey_rrset(ZONE, [KSK.dnskey])
    assert read_wish(ZONE, cds_rrset(ZONE, [DS, ds_for(ZONE, KSK.dnskey, 4)]), both).dses is not None
    other = ds_for(ZONE, OTHER.dnskey)
    for dses, dnskeys in (([other], [KSK]), ([DS, other], [KSK]), ([DS], [KSK, OTHER])):
        wish = read_wish(ZONE, cds_rrset(ZONE, dses), cdnskey_rrset(ZONE, [key.dnskey for key in dnskeys]))
        assert wish.dses is None and "RFC 7344 §4" in wish.problem
    assert read_wish(ZONE, delete_cds(ZONE), both).problem


@pytest.mark.parametrize("extra", [b"", b"\x01"])
def test_rfc8078_4_algorithm_0_stands_alone_or_is_refused(extra: bytes) -> None:
    odd = RRset(ZONE, rr.CDS, 0, (b"\x00\x00\x00\x00\x00" + extra, DS.rdata))
    assert "RFC 8078" in read_wish(ZONE, odd, None).problem
    odd = RRset(ZONE, rr.CDNSKEY, 0, (b"\x01\x01\x03\x00\x00" + extra,))
    assert "RFC 8078" in read_wish(ZONE, None, odd).problem


def test_rfc4034_2_1_1_entry_points_have_the_sep_flag_or_are_all() -> None:
    revoked, not_zone = KSK.revoked().dnskey, make_dnskey(1, 15, bytes(32))
    assert entry_points([KSK.dnskey, ZSK.dnskey, revoked, not_zone]) == (KSK.dnskey,)
    assert entry_points([ZSK.dnskey, revoked, not_zone]) == (ZSK.dnskey,)
    assert entry_points([revoked, not_zone, make_dnskey(257, 15, bytes(32), 4)]) == ()
    assert len(ds_of_keys(ZONE, [KSK.dnskey, OTHER.dnskey], (2, 4))) == 4


@given(
    st.lists(st.binary(max_size=40), min_size=1, max_size=3), st.lists(st.binary(max_size=40), min_size=1, max_size=3)
)
def test_whatever_a_child_publishes_is_a_wish_or_a_problem(cds: list[bytes], cdnskey: list[bytes]) -> None:
    try:
        rrsets = RRset(ZONE, rr.CDS, 0, tuple(cds)), RRset(ZONE, rr.CDNSKEY, 0, tuple(cdnskey))
    except WireError:
        return
    wish = read_wish(ZONE, *rrsets)
    assert wish.dses is None or not wish.problem

"""Presentation format, both ways, and the edge to dnspython."""

import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.dns.presentation import (
    from_dnspython,
    message_from_dnspython,
    message_to_dnspython,
    rdata_from_text,
    rdata_to_text,
    rrset_to_text,
    rrsets_from_text,
    to_dnspython,
)
from unbroken.errors import InputError

EXAMPLE = Name("example.")


def read(text: str, origin: Name | None = EXAMPLE) -> list[RRset]:
    return rrsets_from_text(text, origin)


def test_records_of_one_owner_and_type_are_one_rrset_with_the_smallest_ttl() -> None:
    (rrset,) = read("www 300 A 192.0.2.1\nWWW 200 IN A 192.0.2.2\n")
    assert (rrset.owner, rrset.ttl, len(rrset)) == (Name("www.example."), 200, 2)


def test_an_omitted_owner_is_that_of_the_record_before() -> None:
    assert {rrset.owner for rrset in read("www A 192.0.2.1\n    AAAA ::1\n")} == {Name("www.example.")}


def test_ttl_and_class_come_in_either_order() -> None:
    assert [rrset.ttl for rrset in read("a IN 5 A 192.0.2.1\nb 6 IN A 192.0.2.1\nc 1h A 192.0.2.1")] == [5, 6, 3600]


def test_an_omitted_ttl_is_the_directive_else_the_last_stated_else_the_default() -> None:
    assert [rrset.ttl for rrset in read("a A 192.0.2.1\nb 7 A 192.0.2.1\nc A 192.0.2.1")] == [3600, 7, 7]
    assert [rrset.ttl for rrset in read("$TTL 9\nb 7 A 192.0.2.1\nc A 192.0.2.1")] == [7, 9]


def test_origin_directive_and_escaped_dots() -> None:
    owners = [rrset.owner for rrset in read("$ORIGIN sub.example.\n@ A 192.0.2.1\na\\. A 192.0.2.1\nb. A 192.0.2.1")]
    assert owners == [Name("sub.example."), Name.from_labels((b"a.", b"sub", b"example")), Name("b.")]


def test_rrsigs_are_grouped_by_the_type_they_cover() -> None:
    text = "".join(
        f"@ RRSIG {kind} 13 1 60 20300101000000 20200101000000 1 example. AAAA\n" for kind in ("A", "NS", "A")
    )
    assert sorted((rrset.covers, len(rrset)) for rrset in read(text)) == [(rr.A, 1), (rr.NS, 1)]


def test_two_cnames_at_one_owner_are_both_kept() -> None:
    (rrset,) = read("www CNAME a\nwww CNAME b\n")
    assert len(rrset) == 2


def test_multi_line_records_comments_and_generic_rdata() -> None:
    rrsets = read("@ SOA ns root ( 1 ; serial\n 2 3\n 4 5 )\nt TYPE65280 \\# 2 abcd\n")
    assert [(rrset.rdtype, rrset.rdatas[0][-2:]) for rrset in rrsets] == [(rr.SOA, b"\0\5"), (65280, b"\xab\xcd")]


@pytest.mark.parametrize(
    "text",
    [
        "www A 192.0.2.300",
        "www NOSUCH x",
        "www A",
        "www A 192.0.2.1 192.0.2.2",
        "$INCLUDE other",
        "$GENERATE 1-2 a A 192.0.2.1",
        "a..b A 192.0.2.1",
        f"{'a' * 64} A 192.0.2.1",
        "www 2147483648 A 192.0.2.1",
        'www TXT "unfinished',
        "@ SOA ( ns root 1 2 3 4 5",
        f"www LOC 52 14 05.000 N 00 08 50.000 E {'10' * 50} 1m 1m 1m",
        "www",
    ],
)
def test_bad_text_is_an_input_error_that_names_the_line(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read("ok A 192.0.2.1\n" + text + "\n")
    assert caught.value.where.startswith("zone text line ")


def test_a_first_record_needs_an_owner() -> None:
    with pytest.raises(InputError, match="no owner"):
        read("   A 192.0.2.1")


def test_a_relative_name_without_origin_is_refused() -> None:
    with pytest.raises(InputError, match="relative"):
        read("www A 192.0.2.1", None)


@given(st.text(max_size=120))
def test_any_text_gives_rrsets_or_an_input_error(text: str) -> None:
    try:
        read(text)
    except InputError:
        pass


@given(st.integers(0, 65535), st.binary(max_size=80))
def test_any_rdata_has_a_text(rdtype: int, rdata: bytes) -> None:
    text = rdata_to_text(rdtype, rdata)
    assert "\n" not in text


@pytest.mark.parametrize("rdtype", [rr.HINFO, 29, 35, 55, 64, 257, 65280])
def test_malformed_or_unknown_rdata_is_shown_in_generic_form(rdtype: int) -> None:
    assert rdata_to_text(rdtype, b"\xff") == r"\# 1 ff"


@pytest.mark.parametrize("rdtype", [rr.DNSKEY, rr.DS, 37, 52])
def test_rdata_whose_last_field_is_empty_is_shown_in_generic_form(rdtype: int) -> None:
    """RFC 3597 §5: there is no way to write an empty key or digest, and a line that lacks it could not be read again."""
    rdata = {37: bytes(5), 52: bytes(3)}.get(rdtype, bytes(4))
    assert rdata_to_text(rdtype, rdata) == f"\\# {len(rdata)} {rdata.hex()}"
    if rdtype != rr.DS:  # dnspython wants a digest of the length that its type has
        assert rdata_from_text(rdtype, rdata_to_text(rdtype, rdata)) == rdata


def test_types_that_the_kernel_does_not_show_go_through_dnspython() -> None:
    assert rdata_to_text(rr.HINFO, b"\x03cpu\x02os") == '"cpu" "os"'


def test_rdata_text_round_trips() -> None:
    rdata = rdata_from_text(rr.MX, "10 mail", EXAMPLE)
    assert rdata == b"\x00\x0a\x04mail\x07example\x00"
    assert rdata_from_text(rr.MX, rdata_to_text(rr.MX, rdata)) == rdata
    with pytest.raises(InputError):
        rdata_from_text(rr.MX, "mail")
    with pytest.raises(InputError):
        rdata_from_text(29, f"52 14 05.000 N 00 08 50.000 E {'10' * 50} 1m 1m 1m")  # LOC, higher than its field can say


def test_rrset_text_is_read_back_as_the_same_rrset() -> None:
    (rrset,) = read('a\\.b 60 TXT "x" "y\\"z"\na\\.b 60 TXT q')
    (again,) = read("\n".join(rrset_to_text(rrset)))
    assert (again, again.ttl) == (rrset, rrset.ttl)


def test_rrsets_cross_the_dnspython_edge_unchanged() -> None:
    text = "@ 60 RRSIG A 13 1 60 20300101000000 20200101000000 1 example. AAAA\nWww 5 MX 1 Mail\n"
    for rrset in read(text):
        theirs = to_dnspython(rrset)
        assert isinstance(theirs, dns.rrset.RRset)
        back = from_dnspython(theirs)
        assert (back, back.ttl, back.rdatas, str(back.owner)) == (rrset, rrset.ttl, rrset.rdatas, str(rrset.owner))


def test_messages_cross_the_dnspython_edge_unchanged() -> None:
    message = Message(7, rr.QR, (EXAMPLE, rr.A, 1), (RRset(EXAMPLE, rr.A, 5, (b"\x01\x02\x03\x04",)),))
    theirs = message_to_dnspython(message)
    assert isinstance(theirs, dns.message.Message)
    back = message_from_dnspython(theirs)
    assert (back.id, back.question, back.answer) == (7, message.question, message.answer)


@pytest.mark.parametrize(
    "rdata",
    ["DNSKEY 257 3 13 AA!AA", "CDNSKEY 0 3 0 AA=A", "RRSIG A 13 2 60 20260101000000 20250101000000 1 example. ?AAA"],
)
def test_what_is_not_base64_is_refused_by_every_dnspython(rdata: str) -> None:
    with pytest.raises(InputError, match="zone text line 1: bad rdata"):
        rrsets_from_text(f"example. IN {rdata}\n", None)


def test_base64_may_be_split_anywhere_and_rdata_be_generic() -> None:
    split, generic = rrsets_from_text("a. DNSKEY 257 3 ( 13 A QID\n BA== )\nb. DNSKEY \\# 8 0101030d 01020304\n", None)
    assert split.rdatas == generic.rdatas == (bytes.fromhex("0101030d01020304"),)

"""RFC 8145: the EDNS option and the query name, with the examples of the RFC."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbroken.anchors import TrustAnchor, TrustAnchors, iana_root
from unbroken.anchors.keytags import (
    MAX_TAGS,
    anchor_tags,
    option,
    option_for,
    parse_option,
    parse_query_name,
    query_names,
)
from unbroken.chain import Question
from unbroken.dns import Edns, Message, Name, RRset
from unbroken.dns import rdtype as rr

ROOT = Name.ROOT


def anchor(*tags: int, owner: str = ".") -> TrustAnchor:
    rdatas = tuple(tag.to_bytes(2) + b"\x08\x02" + bytes(32) for tag in tags)
    return TrustAnchor(Name(owner), RRset(Name(owner), rr.DS, 0, rdatas).dses(), (), "test")


# --- §5.1: the query name -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "owner", "name"),
    [
        ((17476,), ".", "_ta-4444."),
        ((31406, 1589, 43547), ".", "_ta-0635-7aae-aa1b."),
        ((31406, 1589, 43547), "example.com.", "_ta-0635-7aae-aa1b.example.com."),
    ],
)
def test_section_5_1_tags_are_hexadecimal_padded_and_sorted(tags: tuple[int, ...], owner: str, name: str) -> None:
    assert query_names(anchor(*tags, owner=owner)) == (Name(name),)
    assert str(query_names(anchor(*tags, owner=owner))[0]) == name


def test_the_root_today() -> None:
    assert query_names(iana_root()[ROOT]) == (Name("_ta-4f66-9728."),)


@pytest.mark.parametrize(("count", "names"), [(12, 1), (13, 2), (25, 3)])
def test_a_label_holds_twelve_tags(count: int, names: int) -> None:
    found = query_names(anchor(*range(count)))
    assert len(found) == names
    assert max(len(name.labels[0]) for name in found) == 63
    read = [parse_query_name(name) for name in found]
    assert [tag for entry in read if entry is not None for tag in entry[1]] == list(range(count))


def test_a_zone_whose_name_leaves_no_room_is_not_signalled() -> None:
    assert query_names(anchor(1, owner=".".join(["a" * 62] * 4))) == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("_ta-4f66.", (ROOT, (20326,))),
        ("_TA-4F66-9728.example.", (Name("example."), (20326, 38696))),
        ("_ta-4f6.", None),
        ("_ta-4f66x.", None),
        ("_ta.", None),
        ("_ta-.", None),
        ("ta-4f66.", None),
        ("x._ta-4f66.", None),
        (".", None),
    ],
)
def test_query_names_are_recognised(name: str, expected: tuple[Name, tuple[int, ...]] | None) -> None:
    assert parse_query_name(Name(name)) == expected


# --- §4.1: the option -----------------------------------------------------------------------------------------------------


def test_section_4_1_the_option_is_a_list_of_sixteen_bit_numbers() -> None:
    assert option((20326, 38696)) == (14, bytes.fromhex("4f669728"))
    with pytest.raises(ValueError, match="at least one"):
        option(())


def test_it_survives_a_message() -> None:
    edns = Edns(options=(option((1, 65535)),))
    wire = Message(1, 0, (ROOT, rr.DNSKEY, 1), edns=edns).to_wire()
    found = Message.from_wire(wire).edns
    assert found is not None
    assert [parse_option(data) for code, data in found.options if code == 14] == [(1, 65535)]


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=MAX_TAGS))
def test_what_is_written_is_read(tags: list[int]) -> None:
    assert parse_option(option(tags)[1]) == tuple(tags)


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x01\x02\x03", bytes(2 * MAX_TAGS + 2)])
def test_other_data_are_no_list(data: bytes) -> None:
    assert parse_option(data) is None


def test_section_4_2_it_goes_with_the_dnskey_query_of_an_anchor_s_zone_and_no_other() -> None:
    anchors = TrustAnchors([anchor(7, 3), anchor(9, owner="example.")])
    assert option_for(Question(ROOT, rr.DNSKEY), anchors) == (14, b"\x00\x03\x00\x07")
    assert option_for(Question(Name("EXAMPLE."), rr.DNSKEY), anchors) == (14, b"\x00\x09")
    assert option_for(Question(Name("sub.example."), rr.DNSKEY), anchors) is None
    assert option_for(Question(ROOT, rr.SOA), anchors) is None


def test_a_key_and_its_own_digest_are_one_tag() -> None:
    key = RRset(ROOT, rr.DNSKEY, 0, (b"\x01\x01\x03\x0d" + bytes(range(64)),)).dnskeys()[0]
    digests = anchor(key.key_tag).dses
    assert anchor_tags(TrustAnchor(ROOT, digests, (key,), "test")) == (key.key_tag,)

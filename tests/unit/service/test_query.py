"""Client messages: what is read, what gets FORMERR or NOTIMP, and what gets no reply at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dns_clients import query

from unbroken.dns import Edns, Message
from unbroken.dns import rdtype as rr
from unbroken.service.query import Query, Unreadable, read_query

GOOD = query("www.Example.", rr.AAAA, flags=rr.RD | rr.CD, edns=Edns(4096, True))


def _counts(wire: bytes, *, questions: int = 1, answers: int = 0, authorities: int = 0, additional: int = 0) -> bytes:
    return wire[:4] + b"".join(n.to_bytes(2, "big") for n in (questions, answers, authorities, additional)) + wire[12:]


def test_a_query_is_read_with_its_case_and_flags() -> None:
    read = read_query(GOOD)
    assert isinstance(read, Query)
    assert (str(read.name), read.rdtype, read.id) == ("www.Example.", rr.AAAA, 4711)
    assert read.checking_disabled and read.wants_recursion and read.dnssec_ok and read.understands_ad


def test_rfc6840_5_8_ad_in_the_query_says_that_it_is_understood() -> None:
    read = read_query(query("a.example.", flags=rr.RD | rr.AD))
    assert isinstance(read, Query)
    assert read.understands_ad and not read.dnssec_ok


@pytest.mark.parametrize("wire", [b"", GOOD[:11], GOOD[:2] + b"\x81" + GOOD[3:]])
def test_rfc1035_what_has_no_header_or_is_a_response_gets_no_reply(wire: bytes) -> None:
    assert read_query(wire) is None


@pytest.mark.parametrize("opcode", range(1, 16))
def test_rfc1035_another_opcode_is_notimp_with_the_opcode_as_it_came(opcode: int) -> None:
    read = read_query(GOOD[:2] + bytes((opcode << 3 | 1,)) + GOOD[3:])
    assert isinstance(read, Unreadable)
    assert read.rcode == rr.NOTIMP
    reply = Message.from_wire(read.wire)
    assert (reply.id, reply.opcode, reply.rcode, reply.flags) == (4711, opcode, rr.NOTIMP, rr.QR | rr.RD)


@pytest.mark.parametrize(
    "wire",
    [
        GOOD[:-1],
        GOOD + b"\x00",
        _counts(GOOD, questions=0, additional=1),
        _counts(GOOD, questions=2, additional=1),  # RFC 9619 §4
        _counts(GOOD, answers=1, additional=1),
        _counts(GOOD, additional=3),
        _counts(GOOD, additional=65535),
        query("a.example.", flags=rr.RD | rr.TC),
        GOOD[:12] + b"\xc0\x0c" + GOOD[12:],  # a name that points at itself
    ],
)
def test_rfc1035_what_does_not_parse_is_formerr_without_sections(wire: bytes) -> None:
    read = read_query(wire)
    assert isinstance(read, Unreadable)
    assert read.rcode == rr.FORMERR
    assert len(read.wire) == 12 and read.wire[:2] == GOOD[:2] and read.wire[2] & 0x80


@given(st.binary(max_size=300))
def test_any_octets_are_read_or_refused(wire: bytes) -> None:
    read = read_query(wire)
    assert read is None or isinstance(read, Query | Unreadable)
    if isinstance(read, Unreadable):
        assert read.wire[:2] == wire[:2]


@given(st.data())
def test_any_damage_to_a_query_is_read_or_refused(data: st.DataObject) -> None:
    wire = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    read = read_query(bytes(wire))
    assert read is None or isinstance(read, Query | Unreadable)


@pytest.mark.parametrize(("size", "limit"), [(None, 512), (0, 512), (511, 512), (1000, 1000), (65535, 1232)])
def test_rfc6891_6_2_3_the_size_of_a_reply(size: int | None, limit: int) -> None:
    read = read_query(query("a.example.", edns=None if size is None else Edns(size, False)))
    assert isinstance(read, Query)
    assert read.udp_limit(1232) == limit

"""Messages: read and written as dnspython does, cut at whole RRsets, refused when malformed, never a crash."""

import struct

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbroken import _kernel as k
from unbroken._kernel import Edns, Message, Name, RRset, WireError

HOSTS = ["example.", "a.example.", "b.a.example.", "Xn--.Example.", "*.example.", "."]
hosts = st.sampled_from(HOSTS)

RDATAS = {
    "A": ["192.0.2.1", "192.0.2.2"],
    "NS": ["ns.example.", "NS.a.example."],
    "MX": ["1 mail.example.", "2 ."],
    "SOA": ["ns.example. who.b.a.example. 1 2 3 4 5"],
    "TXT": ['"text"', '"more" "text"'],
    "SRV": ["0 0 1 a.example."],
    "DS": ["1 13 2 " + "00" * 32],
    "DNSKEY": ["257 3 13 " + "A" * 86 + "=="],
    "NSEC": ["b.example. A RRSIG NSEC"],
    "NSEC3": ["1 1 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr A"],
    "RRSIG": ["A 13 1 5 20240101000000 20240101000000 1 a.example. AAAA", "A 13 1 5 0 0 1 . AAAA"],
    "SVCB": ["1 a.example. port=53"],
    "TYPE65280": ["\\# 3 010203"],
}

rows = st.tuples(hosts, st.sampled_from(sorted(RDATAS)), st.integers(0, 2**31 - 1))
sections = st.lists(rows, max_size=6, unique_by=lambda row: (row[0].lower(), row[1]))


@st.composite
def their_messages(draw: st.DrawFn) -> dns.message.Message:
    message = dns.message.Message(id=draw(st.integers(0, 65535)))
    message.flags = draw(st.sampled_from([0x8400, 0x8580, 0x0110, 0x81B0, 0]))
    if draw(st.booleans()):
        message.use_edns(0, dns.flags.DO, 1232, options=[dns.edns.GenericOption(15, b"\x00\x06why")])
        message.set_rcode(dns.rcode.BADVERS)
    message.find_rrset(
        message.question, dns.name.from_text(draw(hosts)), dns.rdataclass.IN, dns.rdatatype.A, create=True
    )
    for section in (message.answer, message.authority, message.additional):
        for owner, rdtype, ttl in draw(sections):
            section.append(dns.rrset.from_text(owner, ttl, "IN", rdtype, *RDATAS[rdtype]))
    return message


def from_dnspython(one: dns.rrset.RRset) -> RRset:
    return RRset(Name(one.name.to_text()), int(one.rdtype), one.ttl, tuple(rdata.to_wire() for rdata in one))


# Compared in canonical form: dnspython compresses against a name in another case, and so changes that of rdata.
def as_rows(message: Message) -> list[set[tuple[Name, int, int, int, tuple[bytes, ...]]]]:
    return [
        {(one.owner, one.rdtype, one.rdclass, one.ttl, one.canonical_rdatas()) for one in section}
        for section in (message.answer, message.authority, message.additional)
    ]


def their_rows(message: dns.message.Message) -> list[set[tuple[Name, int, int, int, tuple[bytes, ...]]]]:
    return [
        {
            (made.owner, made.rdtype, made.rdclass, made.ttl, made.canonical_rdatas())
            for made in map(from_dnspython, section)
        }
        for section in (message.answer, message.authority, message.additional)
    ]


@given(their_messages())
def test_a_message_of_dnspython_reads_the_same_and_is_written_back_to_it(theirs: dns.message.Message) -> None:
    ours = Message.from_wire(theirs.to_wire(max_size=65535))
    assert (ours.id, ours.opcode, ours.rcode) == (theirs.id, 0, int(theirs.rcode()))
    assert ours.flags == int(theirs.flags) & 0x87B0
    assert as_rows(ours) == their_rows(theirs)
    back = dns.message.from_wire(ours.to_wire())
    assert their_rows(back) == as_rows(ours)
    assert (back.id, back.rcode(), back.edns, back.payload) == (theirs.id, theirs.rcode(), theirs.edns, theirs.payload)
    assert [option.to_wire() for option in back.options] == [option.to_wire() for option in theirs.options]
    again = Message.from_wire(ours.to_wire())
    assert (again.answer, again.authority, again.additional) == (ours.answer, ours.authority, ours.additional)
    assert again.question == ours.question


@given(their_messages(), st.integers(0, 700))
def test_rfc2181_9_what_does_not_fit_is_left_out_by_whole_rrsets(theirs: dns.message.Message, size: int) -> None:
    full = Message.from_wire(theirs.to_wire(max_size=65535))
    cut = Message.from_wire(full.to_wire(size))
    everything, kept = (m.answer + m.authority + m.additional for m in (full, cut))
    assert kept == everything[: len(kept)]
    lost = len(cut.answer + cut.authority) < len(full.answer + full.authority)
    assert cut.is_truncated() == lost
    assert (cut.edns, cut.question, cut.rcode) == (full.edns, full.question, full.rcode)
    bare = 12 + 16 + 40
    assert len(full.to_wire(size)) <= max(size, bare)


def header(*counts: int, flags: int = 0x8000) -> bytes:
    return struct.pack("!6H", 1, flags, *counts)


def record(owner: bytes, rdtype: int, rdata: bytes, ttl: int = 60) -> bytes:
    return owner + struct.pack("!HHIH", rdtype, 1, ttl, len(rdata)) + rdata


A = record(b"\x01a\x00", 1, b"\x01\x02\x03\x04")
OPT = b"\x00" + struct.pack("!HHIH", 41, 1232, 0x8000, 0)


@pytest.mark.parametrize(
    ("what", "wire"),
    [
        ("nothing", b""),
        ("half a header", header(0, 0, 0, 0)[:11]),
        ("octets behind the end", header(0, 0, 0, 0) + b"\x00"),
        ("two questions", header(2, 0, 0, 0) + b"\x00\x00\x01\x00\x01" * 2),
        ("a count that lies", header(0, 2, 0, 0) + A),
        ("a record cut short", header(0, 1, 0, 0) + A[:-1]),
        ("a pointer to itself", header(0, 1, 0, 0) + record(b"\xc0\x0c", 1, b"\x01\x02\x03\x04")),
        ("a pointer forwards", header(0, 1, 0, 0) + record(b"\xc0\x20", 1, b"\x01\x02\x03\x04")),
        ("two pointers in a loop", header(0, 2, 0, 0) + record(b"\x00", 2, b"\xc0\x17") + A),
        ("a reserved label type", header(0, 1, 0, 0) + record(b"\x80\x00", 1, b"\x01\x02\x03\x04")),
        ("an address of three octets", header(0, 2, 0, 0) + A + record(b"\x00", 1, b"\x01\x02\x03")),
        ("a name past its rdata", header(0, 1, 0, 0) + record(b"\x00", 2, b"\x05a")),
        ("a compressed NSEC", header(0, 2, 0, 0) + A + record(b"\x00", 47, b"\xc0\x0c\x00\x01\x40")),
        ("two OPTs", header(0, 0, 0, 2) + OPT * 2),
        ("an OPT in the answer", header(0, 1, 0, 0) + OPT),
        ("an OPT below the root", header(0, 0, 0, 1) + b"\x01a" + OPT),
        ("an option past its OPT", header(0, 0, 0, 1) + OPT[:-2] + b"\x00\x04\x00\x0a\x00\x01"),
        ("too many octets", header(0, 0, 0, 0) + b"\x00" * 65536),
    ],
)
def test_a_malformed_message_is_a_wire_error(what: str, wire: bytes) -> None:
    with pytest.raises(WireError) as caught:
        Message.from_wire(wire)
    assert 0 <= caught.value.offset <= len(wire), what


def test_only_a_message_with_tc_may_end_early() -> None:
    whole = header(0, 2, 0, 0, flags=0x8200) + A + record(b"\x01b\x00", 1, b"\x01\x02\x03\x04")
    for end in range(12, len(whole)):
        assert len(Message.from_wire(whole[:end]).answer) == int(end >= 12 + len(A))
    with pytest.raises(WireError):
        Message.from_wire(header(0, 1, 0, 0, flags=0x8200) + record(b"\x00", 1, b"\x01\x02\x03"))


def test_rfc2181_5_records_of_one_rrset_are_merged_with_the_lowest_ttl() -> None:
    other = record(b"\x01b\x00", 1, b"\x01\x02\x03\x04")
    late = record(b"\x01A\x00", 1, b"\x01\x02\x03\x05", ttl=30)
    answer = Message.from_wire(header(0, 4, 0, 0) + A + other + late + A).answer
    assert [(len(one), one.ttl) for one in answer] == [(2, 30), (1, 60)]
    # RFC 2181 §8: a TTL with its top bit set is zero.
    huge = record(b"\x00", 1, b"\x01\x02\x03\x04", ttl=2**31)
    assert Message.from_wire(header(0, 1, 0, 0) + huge).answer[0].ttl == 0


def test_rrsigs_group_by_what_they_cover() -> None:
    fixed = b"\x0d\x01\x00\x00\x00\x05" + b"\x00" * 10
    sigs = b"".join(
        record(b"\x01a\x00", 46, bytes([0, covered]) + fixed + b"\xc0\x0c" + b"sig") for covered in (1, 2, 1)
    )
    answer = Message.from_wire(header(0, 4, 0, 0) + A + sigs).answer
    assert [(one.rdtype, one.covers, len(one)) for one in answer] == [(1, 0, 1), (46, 1, 1), (46, 2, 1)]
    # RFC 3597 §4: a receiver decompresses the signer's name although no one should have compressed it.
    assert answer[1].rrsigs()[0].signer == Name("a")


def test_rfc3597_4_only_names_of_rfc1035_types_are_compressed() -> None:
    def size(rdtype: int, prefix: bytes) -> int:
        one = RRset(Name("example"), rdtype, 0, (prefix + Name("ns.example").wire,))
        return len(Message(0, 0, None, (one,)).to_wire()) - len(prefix)

    assert {size(2, b""), size(12, b""), size(15, b"\x00\x01")} == {size(39, b"") - 7}
    assert size(33, b"\x00" * 6) == size(39, b"") == size(64, b"\x00\x01")


def test_arguments_that_no_message_can_hold_are_value_errors() -> None:
    opt = RRset(Name.ROOT, 41, 0, (b"",))
    for make in (
        lambda: Message(65536, 0, None),
        lambda: Message(0, 0x0040, None),
        lambda: Message(0, 0, None, opcode=16),
        lambda: Message(0, 0, None, rcode=16),
        lambda: Message(0, 0, None, rcode=4096, edns=Edns()),
        lambda: Message(0, 0, None, additional=(opt,)),
        lambda: Message(0, 0, None, edns=Edns(options=((1, b"\x00" * 65535),))),
        lambda: Edns(udp_size=-1),
        lambda: Edns(version=256),
    ):
        with pytest.raises(ValueError, match=r"out of range|over|flags|OPT|EDNS"):
            make()


def test_rfc6891_edns_fields() -> None:
    edns = Edns(4096, False, ((10, b"cookie"), (65001, b"")), 1)
    back = Message.from_wire(Message(1, 0, (Name("a"), 255, 1), rcode=0x123, edns=edns).to_wire())
    assert back.edns == edns and back.rcode == 0x123 and back.question == (Name("a"), 255, 1)
    assert (back.edns.udp_size, back.edns.do, back.edns.version) == (4096, False, 1)
    assert back.edns.options == ((10, b"cookie"), (65001, b""))
    assert Edns().do and Edns().udp_size == 1232 and Message(1, 0, None).edns is None


def test_sections_are_tuples_made_once() -> None:
    message = Message.from_wire(header(0, 1, 0, 0) + A)
    assert message.answer is message.answer and isinstance(message.answer, tuple)
    assert message.authority == () and message.question is None
    assert not message.is_authoritative() and not message.is_truncated()


@given(st.binary(max_size=300), st.integers(0, 1))
def test_any_octets_are_a_message_or_a_wire_error(body: bytes, questions: int) -> None:
    for wire in (body, header(questions, 1, 1, 1) + body, header(questions, 2, 0, 1, flags=0x8200) + body):
        try:
            message = Message.from_wire(wire)
        except WireError as error:
            assert 0 <= error.offset <= len(wire)
        else:
            assert Message.from_wire(message.to_wire()).question == message.question


@given(their_messages(), st.data())
def test_a_mutated_message_never_crashes(theirs: dns.message.Message, data: st.DataObject) -> None:
    wire = bytearray(theirs.to_wire(max_size=65535))
    for _ in range(data.draw(st.integers(1, 4))):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    try:
        message = Message.from_wire(bytes(wire))
    except WireError:
        return
    for one in message.answer + message.authority + message.additional:
        assert one.canonical_rdatas() == tuple(sorted(one.canonical_rdatas()))
        if one.rdtype in (48, 60):
            assert all(0 <= key.key_tag < 65536 for key in one.dnskeys())
        assert k.parse_records(k.record_wire(one))[0].owner == one.owner

"""RRsets: rdata checked by type, canonical form and order, typed views, presentation format."""

import pickle

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbroken import _kernel as k
from unbroken._kernel import Name, RRset, WireError

OWNER = Name("Owner.example.")


def wire(rdtype: str, text: str) -> bytes:
    return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(rdtype), text).to_wire()


def rrset(rdtype: str, *texts: str, ttl: int = 300) -> RRset:
    return RRset(OWNER, k.type_from_text(rdtype), ttl, tuple(wire(rdtype, text) for text in texts))


SHOWN = [
    ("A", "192.0.2.1"),
    ("AAAA", "2001:db8::1"),
    ("AAAA", "::ffff:192.0.2.1"),
    ("NS", "ns.example."),
    ("CNAME", "a\\.b.example."),
    ("DNAME", "."),
    ("PTR", "p\\009.example."),
    ("MX", "10 mail.example."),
    ("SOA", "ns.example. who.example. 2026010101 3600 600 86400 300"),
    ("TXT", '"a" "" "\\"quoted\\" \\\\ \\255"'),
    ("DS", "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"),
    ("CDS", "0 0 0 00"),
    ("DNSKEY", "257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4="),
    ("CDNSKEY", "0 3 0 AA=="),
    ("RRSIG", "MX 15 2 3600 20150819220000 20150729220000 3613 example.com. AAAA"),
    ("RRSIG", "TYPE65280 8 0 0 20380119031408 19700101000000 1 . AAA="),
    ("RRSIG", "A 8 0 0 20240229235959 21060207062815 1 . AA=="),
    ("NSEC", "Next.example. A MX RRSIG NSEC CAA TYPE65280"),
    ("NSEC3", "1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG"),
    ("NSEC3", "1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr"),
    ("NSEC3PARAM", "1 0 0 -"),
    ("NSEC3PARAM", "1 0 5 ab"),
    ("TLSA", "3 1 1 " + "AB" * 32),
    ("CAA", '0 issue "ca.example; a=b"'),
    ("SRV", "1 2 443 host.example."),
]


@pytest.mark.parametrize(("rdtype", "text"), SHOWN)
def test_presentation_format_reads_back_through_dnspython(rdtype: str, text: str) -> None:
    octets = wire(rdtype, text)
    shown = k.rdata_to_text(k.type_from_text(rdtype), octets)
    assert shown is not None and wire(rdtype, shown) == octets


def test_rarely_shown_types_have_no_text_and_malformed_ones_raise() -> None:
    assert k.rdata_to_text(29, bytes(16)) is None and k.rdata_to_text(65280, b"") is None
    with pytest.raises(WireError):
        k.rdata_to_text(1, b"\x01")


@given(st.sampled_from([k.type_from_text(row[0]) for row in SHOWN]), st.binary(max_size=80))
def test_any_rdata_is_shown_or_refused(rdtype: int, octets: bytes) -> None:
    try:
        text = k.rdata_to_text(rdtype, octets)
    except WireError:
        with pytest.raises(WireError):
            RRset(OWNER, rdtype, 0, (octets,))
    else:
        assert text is not None and text.isprintable() and text.isascii()


MODELLED = ["NS", "MX", "SRV", "DNAME", "TXT", "A", "NSEC", "RRSIG", "RP", "AFSDB", "KX", "PX", "NAPTR", "SOA"]
host = st.sampled_from(["a.example.", "A.Example.", "b.example.", "B.", "."])


@st.composite
def rdata_texts(draw: st.DrawFn, rdtype: str) -> str:
    one, two, low = draw(host), draw(host), draw(st.integers(0, 3))
    return {
        "NS": one,
        "DNAME": one,
        "MX": f"{low} {one}",
        "SRV": f"{low} 0 0 {one}",
        "TXT": f'"{one}"',
        "A": f"192.0.2.{low}",
        "NSEC": f"{one} A RRSIG NSEC",
        "RRSIG": f"A 8 0 {low} 20240101000000 20240101000000 1 {one} AAAA",
        "RP": f"{one} {two}",
        "AFSDB": f"{low} {one}",
        "KX": f"{low} {one}",
        "PX": f"{low} {one} {two}",
        "NAPTR": f'{low} 0 "U" "" "" {one}',
        "SOA": f"{one} {two} {low} 0 0 0 0",
    }[rdtype]


@given(
    st.sampled_from(MODELLED).flatmap(lambda t: st.tuples(st.just(t), st.lists(rdata_texts(t), min_size=1, max_size=6)))
)
def test_rfc4034_6_2_and_6_3_canonical_form_and_order(given_set: tuple[str, list[str]]) -> None:
    rdtype, texts = given_set
    made = rrset(rdtype, *texts)
    # RFC 6840 §5.1: everything on the list of RFC 4034 §6.2 is lowered, but for NSEC; TXT was never on it.
    lowered = [text if rdtype in ("NSEC", "TXT", "NAPTR") else text.lower() for text in texts]
    if rdtype == "NAPTR":
        lowered = [" ".join([*text.split(" ")[:-1], text.split(" ")[-1].lower()]) for text in texts]
    expected = {wire(rdtype, text.replace("aaaa", "AAAA")) for text in lowered}
    assert made.canonical_rdatas() == tuple(sorted(expected))
    assert len(made) == len(made.rdatas) == len(expected)
    assert set(made.rdatas) <= {wire(rdtype, text) for text in texts}


@given(st.lists(st.binary(max_size=6), min_size=1, max_size=20))
def test_rfc3597_7_unknown_types_order_as_octet_sequences(octets: list[bytes]) -> None:
    made = RRset(OWNER, 65280, 0, tuple(octets))
    assert made.canonical_rdatas() == tuple(sorted(set(octets)))
    assert made.rdatas == tuple(dict.fromkeys(octets))


def test_equality_ignores_ttl_order_and_case_of_names() -> None:
    one = rrset("NS", "a.example.", "B.example.", ttl=1)
    two = RRset(Name("owner.EXAMPLE"), 2, 9, (wire("NS", "b.example."), wire("NS", "A.example.")))
    assert one == two and hash(one) == hash(two)
    assert one != rrset("NS", "a.example.") and one != one.with_owner(Name("x"))
    assert one.with_ttl(5).ttl == 5 and one.with_ttl(5) == one
    assert pickle.loads(pickle.dumps(one)) == one


@pytest.mark.parametrize(
    ("rdtype", "octets"),
    [
        ("A", b"\x01\x02\x03"),
        ("A", b"\x01\x02\x03\x04\x05"),
        ("AAAA", b"\x00" * 15),
        ("NS", b""),
        ("NS", b"\x00\x00"),
        ("NS", b"\xc0\x0c"),
        ("MX", b"\x00"),
        ("SOA", b"\x00\x00" + b"\x00" * 19),
        ("TXT", b""),
        ("TXT", b"\x02a"),
        ("DS", b"\x00\x01\x08"),
        ("DNSKEY", b"\x01\x01\x03"),
        ("RRSIG", b"\x00" * 18),
        ("NSEC", b"\x00\x00\x00"),
        ("NSEC", b"\x00\x00\x21" + b"\x01" * 33),
        ("NSEC", b"\x00\x00\x02\x40\x00"),
        ("NSEC", b"\x00\x01\x01\x40\x00\x01\x40"),
        ("NSEC3", b"\x01\x00\x00\x00\x00\x00"),
        ("NSEC3", b"\x01\x00\x00\x00\x05\x00"),
        ("NSEC3PARAM", b"\x01\x00\x00\x00\x00\x00"),
        ("CAA", b"\x00\x00"),
    ],
)
def test_rdata_that_does_not_fit_its_type_is_a_wire_error(rdtype: str, octets: bytes) -> None:
    with pytest.raises(WireError):
        RRset(OWNER, k.type_from_text(rdtype), 0, (octets,))


def test_arguments_that_make_no_sense_are_value_errors() -> None:
    sig = wire("RRSIG", SHOWN[14][1])
    other = wire("RRSIG", "A 15 2 3600 20150819220000 20150729220000 3613 example.com. AAAA")
    for make in (
        lambda: RRset(OWNER, 1, 0, ()),
        lambda: RRset(OWNER, 46, 0, (sig, other)),
        lambda: RRset(OWNER, 65536, 0, (b"",)),
        lambda: RRset(OWNER, 1, -1, (b"\x00" * 4,)),
        lambda: RRset(OWNER, 1, 2**32, (b"\x00" * 4,)),
        lambda: k.type_from_text("NOSUCH"),
        lambda: k.type_from_text("TYPE65536"),
        lambda: k.type_from_text("TYPE"),
        lambda: k.type_from_text("TYPE+1"),
    ):
        with pytest.raises(ValueError, match=r"unknown|range|several|at least") as caught:
            make()
        assert not isinstance(caught.value, WireError)


def test_typed_views_are_made_once_and_only_for_their_type() -> None:
    keys = rrset("DNSKEY", "385 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=")
    assert keys.dnskeys() is keys.dnskeys()
    key = keys.dnskeys()[0]
    assert (key.flags, key.protocol, key.algorithm, len(key.public_key)) == (385, 3, 15, 32)
    assert key.is_zone_key and key.is_secure_entry_point and key.is_revoked and key.rdata == keys.rdatas[0]
    nsec3 = rrset("NSEC3", SHOWN[18][1]).nsec3s()[0]
    assert (nsec3.hash_algorithm, nsec3.opt_out, nsec3.iterations, nsec3.salt.hex()) == (1, True, 12, "aabbccdd")
    assert k.base32hex(nsec3.next_hash) == "2t7b4g4vsa5smi47k61mv5bv1a22bojr"
    assert nsec3.types == frozenset({2, 6, 15, 46, 48, 51}) and nsec3.has_type(15) and not nsec3.has_type(1)
    sig = rrset("RRSIG", SHOWN[14][1])
    assert (sig.covers, sig.rrsigs()[0].signer, sig.rrsigs()[0].signature) == (15, Name("example.com"), b"\x00\x00\x00")
    assert rrset("MX", "1 a.", "2 b.").names() == (Name("a"), Name("b"))
    assert rrset("CNAME", "x.example.").target() == Name("x.example")
    for call in (keys.dses, keys.rrsigs, keys.nsec, keys.nsec3s, keys.target, keys.names, rrset("MX", "1 a.").target):
        with pytest.raises(TypeError):
            call()


def test_rfc4034_4_two_nsecs_at_one_owner_are_none() -> None:
    assert rrset("NSEC", "a. A", "b. A").nsec() is None
    nsec = rrset("NSEC", SHOWN[17][1]).nsec()
    assert (
        nsec is not None
        and nsec.next_name == Name("next.example")
        and nsec.types == frozenset({1, 15, 46, 47, 257, 65280})
    )


@given(st.sets(st.integers(0, 65535), min_size=1, max_size=30))
def test_rfc4034_4_1_2_bitmaps_hold_what_was_put_in(types: set[int]) -> None:
    windows: dict[int, bytearray] = {}
    for rdtype in sorted(types):
        block = windows.setdefault(rdtype >> 8, bytearray())
        index = (rdtype & 255) >> 3
        block.extend(bytes(index + 1 - len(block)))
        block[index] |= 0x80 >> (rdtype & 7)
    octets = b"\x00" + b"".join(bytes([w, len(block)]) + block for w, block in windows.items())
    nsec = RRset(OWNER, 47, 0, (octets,)).nsec()
    assert nsec is not None and nsec.types == types
    assert all(nsec.has_type(rdtype) for rdtype in types)


@pytest.mark.parametrize("number", [1, 2, 28, 43, 46, 48, 52, 62, 64, 65, 66, 99, 128, 257, 32769, 65280])
def test_type_mnemonics_round_trip(number: int) -> None:
    assert k.type_from_text(k.type_to_text(number).lower()) == number == k.type_from_text(f"TYPE{number}")
    if number not in (66, 128):
        assert k.type_to_text(number) == dns.rdatatype.to_text(dns.rdatatype.RdataType.make(number))


@given(st.binary(max_size=40))
def test_base32hex_round_trips(data: bytes) -> None:
    text = k.base32hex(data)
    assert k.base32hex_decode(text.encode()) == data == k.base32hex_decode(text.upper().encode())
    assert k.base32hex_decode(text.encode() + b"=") is None


@given(st.lists(st.tuples(st.sampled_from(SHOWN), st.integers(0, 2**31 - 1)), max_size=6))
def test_rfc9102_3_loose_records_round_trip(rows: list[tuple[tuple[str, str], int]]) -> None:
    sets = [rrset(*row, ttl=ttl) for row, ttl in rows]
    parsed = k.parse_records(b"".join(k.record_wire(one) for one in sets))
    assert parsed == sets and [one.ttl for one in parsed] == [one.ttl for one in sets]


@given(st.binary(max_size=120))
def test_loose_octets_are_records_or_a_wire_error(octets: bytes) -> None:
    try:
        records = k.parse_records(octets)
    except WireError as error:
        assert 0 <= error.offset <= len(octets)
    else:
        assert sum(len(k.record_wire(one)) for one in records) == len(octets)

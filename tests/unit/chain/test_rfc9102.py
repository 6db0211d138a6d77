"""RFC 9102 proofs: written with the answer first, read in any order, bounded, and never a traceback."""

import itertools

import handmade
import pytest
from handmade import COM, EXAMPLE, ROOT, rrset
from hypothesis import given, settings
from hypothesis import strategies as st

from unbroken._kernel import parse_records, record_wire
from unbroken.chain import Chain, Evidence, Link, LinkKind, Outcome, Question, Status
from unbroken.chain.rfc9102 import MAX_RECORDS, MAX_SIZE, Proof, read, signatures_rrset, write
from unbroken.dns import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError


def test_section_3_1_the_answer_comes_first_then_its_proof_up_to_the_anchor() -> None:
    types = [(str(item.rrset.owner), item.rrset.rdtype) for item in read(write(handmade.secure())).records]
    assert types == [
        ("www.example.com.", rr.A),
        ("example.com.", rr.DNSKEY),
        ("example.com.", rr.DS),
        ("com.", rr.DNSKEY),
        ("com.", rr.DS),
        (".", rr.DNSKEY),
    ]


def test_section_3_1_aliases_precede_the_answer_and_shared_zones_appear_once() -> None:
    proof = read(write(handmade.alias()))
    types = [(str(item.rrset.owner), item.rrset.rdtype) for item in proof.records]
    assert types[:2] == [("www.example.com.", rr.CNAME), ("www.example.net.", rr.A)]
    assert len(types) == len(set(types))
    assert proof.question == Question(Name("www.example.com."), rr.A)


@pytest.mark.parametrize("name", ["secure", "alias", "nxdomain", "insecure"])
def test_evidence_and_question_survive_the_round_trip(name: str) -> None:
    chain = handmade.ALL[name]()
    proof = read(write(chain))
    assert proof.question == chain.question
    expected = {(e.rrset.owner, e.rrset.rdtype) for link in chain.all_links[1:] for e in link.evidence}
    expected.discard((Name("."), rr.DS))  # the anchor's own DS, in the hop
    assert {(e.rrset.owner, e.rrset.rdtype) for e in proof.records} == expected
    for link in chain.all_links:
        for evidence in link.evidence:
            found = proof.find(evidence.rrset.owner, evidence.rrset.rdtype)
            if link.kind is not LinkKind.ANCHOR:
                assert found is not None and found.rrset == evidence.rrset
                assert set(evidence.rrsigs) <= set(found.rrsigs)


def test_a_positive_proof_holds_nothing_but_records_of_class_in() -> None:
    assert all(record.rdclass == rr.CLASS_IN for record in parse_records(write(handmade.secure())))


@pytest.mark.parametrize("rdtype", [41, 249, 250, 251, 252, 255])
def test_records_of_types_that_no_zone_holds_are_refused(rdtype: int) -> None:
    """RFC 6895 §3.1: OPT, meta types and question types are no data."""
    meta = bytes(1) + rdtype.to_bytes(2, "big") + b"\x00\x01" + bytes(6)
    if rdtype in (249, 250):  # TKEY and TSIG have fields of their own
        meta = meta[:-2] + b"\x00\x01\x00"
    for data in (meta, write(handmade.secure()) + meta):
        with pytest.raises(InputError):
            read(data)


def test_a_denial_names_its_question_in_a_record_of_class_none() -> None:
    chain = handmade.nxdomain()
    data = write(chain)
    assert data.endswith(chain.question.name.wire + b"\x00\x01\x00\xfe" + bytes(6))
    assert read(data).question == chain.question


def test_an_unsigned_cname_made_from_a_dname_is_left_out() -> None:
    dname = handmade.data_link(EXAMPLE, rrset("example.com.", rr.DNAME, Name("example.net.").wire))
    cname = Evidence(rrset("www.example.com.", rr.CNAME, Name("www.example.net.").wire))
    synthesis = Link(LinkKind.DATA, EXAMPLE.name, Status.SECURE, (cname,))
    chain = Chain(Question(Name("www.example.com."), rr.A), Status.SECURE, links=(dname, synthesis))
    assert [item.rrset.rdtype for item in read(write(chain)).records] == [rr.DNAME]


def test_records_are_read_in_any_order() -> None:
    records = [record_wire(record) for record in parse_records(write(handmade.secure()))]
    forwards, backwards = read(b"".join(records)), read(b"".join(reversed(records)))
    assert forwards.question == backwards.question
    assert {e.rrset: set(e.rrsigs) for e in forwards.records} == {e.rrset: set(e.rrsigs) for e in backwards.records}


def test_a_proof_with_two_possible_answers_names_no_question() -> None:
    records = (
        EXAMPLE.sign(rrset("a.example.com.", rr.A, bytes(4))),
        EXAMPLE.sign(rrset("b.example.com.", rr.A, bytes(4))),
    )
    data = b"".join(record_wire(e.rrset) + record_wire(signatures_rrset(e)) for e in records)
    assert read(data).question is None


@pytest.mark.parametrize("with_length", [False, True])
def test_section_2_an_ext_support_lifetime_in_front_is_understood(with_length: bool) -> None:
    data = write(handmade.secure())
    prefix = b"\x00\x18" + (len(data).to_bytes(2, "big") if with_length else b"")
    proof = read(prefix + data)
    assert proof.lifetime == 24
    assert proof.records == read(data).records
    assert read(data).lifetime is None


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b"\xff" * 40, "no domain name"),
        (bytes(MAX_SIZE + 1), "more than"),
        (b"\x00\x00\x01\x00\x01" + bytes(6), "not a sequence"),
        (write(handmade.secure())[:-1], "inside the record"),
        (b"\x3f" + b"a" * 20, "inside the name"),
    ],
)
def test_what_is_no_proof_is_an_input_error_that_says_why(data: bytes, what: str) -> None:
    with pytest.raises(InputError, match=what):
        read(data, "file.bin")


def test_the_number_of_records_is_bounded() -> None:
    record = b"\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\x7f\x00\x00\x01"
    read(record * MAX_RECORDS)
    with pytest.raises(InputError, match="more than"):
        read(record * (MAX_RECORDS + 1))


def test_a_class_other_than_in_is_refused() -> None:
    with pytest.raises(InputError, match="class 3"):
        read(record_wire(RRset(Name("x."), rr.TXT, 0, (b"\x01x",), 3)))


@given(st.binary(max_size=300))
def test_any_octets_are_a_proof_or_an_input_error(data: bytes) -> None:
    try:
        assert isinstance(read(data), Proof)
    except InputError:
        pass


PROOFS = [write(handmade.ALL[name]()) for name in ("secure", "nxdomain")]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PROOFS), st.integers(0), st.integers(0, 255))
def test_a_proof_with_one_octet_replaced_is_read_or_refused(data: bytes, place: int, octet: int) -> None:
    place %= len(data)
    try:
        read(data[:place] + bytes([octet]) + data[place + 1 :])
    except InputError as error:
        assert error.where == "proof"


def test_more_than_65535_octets_can_not_be_written() -> None:
    big = [handmade.data_link(EXAMPLE, rrset(f"t{n}.example.com.", rr.TXT, b"\xff" + b"x" * 255)) for n in range(300)]
    chain = Chain(Question(Name("example.com."), rr.TXT), Status.SECURE, links=tuple(big), outcome=Outcome.ANSWER)
    with pytest.raises(InputError, match="65535"):
        write(chain)


def test_copies_of_an_rrset_are_written_once_with_all_their_signatures() -> None:
    first, second = ROOT.sign(COM.ds_rrset()), ROOT.sign(COM.ds_rrset(), 3 * handmade.DAY)
    links = tuple(ROOT.link(LinkKind.DELEGATION, COM.name, item) for item in (first, second))
    proof = read(write(Chain(Question(COM.name, rr.DS), Status.SECURE, links=links)))
    assert len(proof.records) == 1 and len(proof.records[0].rrsigs) == 2


def test_all_orders_of_a_small_proof_read_alike() -> None:
    records = [record_wire(record) for record in parse_records(write(handmade.secure()))][:5]
    seen = {
        frozenset((e.rrset.owner, e.rrset.rdtype) for e in read(b"".join(order)).records)
        for order in itertools.permutations(records)
    }
    assert len(seen) == 1

"""RFC 9102 proofs through the real validator: what was proven when written is proven when read, and not with less."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

import handmade
import pytest
from handmade import COM, EXAMPLE, NET, NOW, ROOT, bitmap, rrset
from hypothesis import given, settings
from hypothesis import strategies as st

from unbroken import _kernel
from unbroken.anchors import TrustAnchors, iana_root
from unbroken.chain import Chain, Evidence, Limits, Outcome, Question, Status
from unbroken.chain.rfc9102 import Proof, read, write
from unbroken.dns import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError
from unbroken.validation import proof_source
from unbroken.validation.drivers import drive
from unbroken.validation.proof_source import ProofSource
from unbroken.validation.protocol import Answer, Failure, NoAnswer
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

ANCHORS = TrustAnchors.from_records([ROOT.ds_rrset()])
ADDRESS = b"\xc0\x00\x02\x01"
UP_TO_EXAMPLE = (
    ROOT.sign(ROOT.dnskey_rrset),
    ROOT.sign(COM.ds_rrset()),
    COM.sign(COM.dnskey_rrset),
    COM.sign(EXAMPLE.ds_rrset()),
    EXAMPLE.sign(EXAMPLE.dnskey_rrset),
)
UP_TO_NET = (ROOT.sign(NET.ds_rrset()), NET.sign(NET.dnskey_rrset))


def walk(records: Iterable[Evidence], question: Question) -> Chain:
    source = ProofSource(Proof(tuple(records), question))
    return drive(validate(question, anchors=ANCHORS, now=NOW, trust=TrustCache()), source.fetch)


def nsec(owner: str, following: str, *types: int) -> Evidence:
    return EXAMPLE.sign(RRset(Name(owner), rr.NSEC, 300, (Name(following).wire + bitmap(*types, rr.RRSIG, rr.NSEC),)))


def nsec3(hashed: str, *types: int, after: bytes | None = None) -> Evidence:
    """Matches `hashed`, and covers everything else unless `after` says otherwise: a chain of one."""
    digest = _kernel.nsec3_hash(Name(hashed), b"", 0)
    return EXAMPLE.sign(handmade.nsec3_rrset(Name(hashed), EXAMPLE, after or digest, *types))


def expanded(owner: str, data: RRset) -> Evidence:
    """A wildcard's RRset at a name that it stands for, with the wildcard's own signature."""
    signed = EXAMPLE.sign(data)
    return Evidence(data.with_owner(Name(owner)), signed.rrsigs)


SOA = EXAMPLE.sign(
    rrset("example.com.", rr.SOA, Name("ns.example.com.").wire + Name("h.example.com.").wire + bytes(20))
)
WILDCARD = rrset("*.w.example.com.", rr.A, ADDRESS)

Case = tuple[tuple[Evidence, ...], str, int, Status, Outcome]
CASES: dict[str, Case] = {
    "answer": (
        (EXAMPLE.sign(rrset("www.example.com.", rr.A, ADDRESS)),),
        "www.example.com.",
        rr.A,
        Status.SECURE,
        Outcome.ANSWER,
    ),
    "NXDOMAIN by one NSEC": (
        (SOA, nsec("example.com.", "example.com.", rr.SOA, rr.NS)),
        "no.example.com.",
        rr.A,
        Status.SECURE,
        Outcome.NXDOMAIN,
    ),
    "NXDOMAIN by two NSECs": (
        (SOA, nsec("example.com.", "a.example.com.", rr.SOA, rr.NS), nsec("m.example.com.", "o.example.com.", rr.A)),
        "no.example.com.",
        rr.A,
        Status.SECURE,
        Outcome.NXDOMAIN,
    ),
    "no DS, for the name does not exist, by NSEC": (
        (SOA, nsec("example.com.", "example.com.", rr.SOA, rr.NS)),
        "no.example.com.",
        rr.DS,
        Status.SECURE,
        Outcome.NXDOMAIN,
    ),
    "no DS, for the name does not exist, by NSEC3": (
        (SOA, nsec3("example.com.", rr.SOA, rr.NS)),
        "no.example.com.",
        rr.DS,
        Status.SECURE,
        Outcome.NXDOMAIN,
    ),
    "NODATA by NSEC": (
        (SOA, nsec("www.example.com.", "x.example.com.", rr.A)),
        "www.example.com.",
        rr.TXT,
        Status.SECURE,
        Outcome.NODATA,
    ),
    "NODATA at an empty non-terminal": (
        (SOA, nsec("example.com.", "a.b.example.com.", rr.SOA, rr.NS)),
        "b.example.com.",
        rr.A,
        Status.SECURE,
        Outcome.NODATA,
    ),
    "NODATA at a wildcard by NSEC": (
        (SOA, nsec("*.w.example.com.", "x.example.com.", rr.A)),
        "b.w.example.com.",
        rr.TXT,
        Status.SECURE,
        Outcome.NODATA,
    ),
    "wildcard answer by NSEC": (
        (expanded("b.w.example.com.", WILDCARD), nsec("*.w.example.com.", "x.example.com.", rr.A)),
        "b.w.example.com.",
        rr.A,
        Status.SECURE,
        Outcome.ANSWER,
    ),
    "NXDOMAIN by NSEC3": (
        (SOA, nsec3("example.com.", rr.SOA, rr.NS)),
        "no.example.com.",
        rr.A,
        Status.SECURE,
        Outcome.NXDOMAIN,
    ),
    "NODATA by NSEC3": (
        (SOA, nsec3("www.example.com.", rr.A)),
        "www.example.com.",
        rr.TXT,
        Status.SECURE,
        Outcome.NODATA,
    ),
    "wildcard answer by NSEC3": (
        (expanded("b.w.example.com.", WILDCARD), nsec3("example.com.", rr.SOA)),
        "b.w.example.com.",
        rr.A,
        Status.SECURE,
        Outcome.ANSWER,
    ),
    "wildcard NODATA by NSEC3": (
        (SOA, nsec3("w.example.com."), nsec3("*.w.example.com.", rr.A)),
        "b.w.example.com.",
        rr.TXT,
        Status.SECURE,
        Outcome.NODATA,
    ),
    "insecure delegation": (
        (Evidence(rrset("www.plain.example.com.", rr.A, ADDRESS)), nsec("plain.example.com.", "q.example.com.", rr.NS)),
        "www.plain.example.com.",
        rr.A,
        Status.INSECURE,
        Outcome.ANSWER,
    ),
    "CNAME": (
        (
            EXAMPLE.sign(rrset("www.example.com.", rr.CNAME, Name("www.net.").wire)),
            NET.sign(rrset("www.net.", rr.A, ADDRESS)),
            *UP_TO_NET,
        ),
        "www.example.com.",
        rr.A,
        Status.SECURE,
        Outcome.ANSWER,
    ),
    "DNAME": (
        (
            EXAMPLE.sign(rrset("d.example.com.", rr.DNAME, Name("net.").wire)),
            NET.sign(rrset("www.net.", rr.A, ADDRESS)),
            *UP_TO_NET,
        ),
        "www.d.example.com.",
        rr.A,
        Status.SECURE,
        Outcome.ANSWER,
    ),
    "DS": ((), "example.com.", rr.DS, Status.SECURE, Outcome.ANSWER),
    "DNSKEY": ((), "example.com.", rr.DNSKEY, Status.SECURE, Outcome.ANSWER),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_proofs_of_every_kind_round_trip(case: Case) -> None:
    records, name, rdtype, status, outcome = case
    question = Question(Name(name), rdtype)
    first = walk((*records, *UP_TO_EXAMPLE), question)
    assert (first.status, first.last.outcome) == (status, outcome), first.all_findings
    proof = read(write(first))
    assert proof.question == question
    again = walk(proof.records, question)
    assert (again.status, again.last.outcome, again.last.rcode) == (status, outcome, first.last.rcode)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_proof_without_any_one_of_its_signed_rrsets_proves_less(case: Case) -> None:
    records, name, rdtype, status, outcome = case
    question = Question(Name(name), rdtype)
    complete = read(write(walk((*records, *UP_TO_EXAMPLE), question))).records
    for missing in complete:
        if missing.rrset.rdtype == rr.SOA:
            continue  # an SOA comes along, but proves nothing
        chain = walk([item for item in complete if item is not missing], question)
        assert (chain.status, chain.last.outcome) != (status, outcome), missing.rrset


def test_the_real_name_behind_a_wildcard_is_not_proven_without_the_nsec() -> None:
    records = (expanded("b.w.example.com.", WILDCARD), *UP_TO_EXAMPLE)
    assert walk(records, Question(Name("b.w.example.com."), rr.A)).status is Status.BOGUS


def test_what_the_proof_does_not_hold_is_said_to_be_missing() -> None:
    response = ProofSource(Proof((), None)).fetch(Question(Name("x."), rr.A))
    assert isinstance(response, NoAnswer) and response.failure is Failure.NOT_IN_CAPTURE


def test_a_ds_is_denied_by_the_parent_only() -> None:
    source = ProofSource(Proof((nsec("example.com.", "a.example.com.", rr.SOA, rr.NS),), None))
    assert isinstance(source.fetch(Question(Name("example.com."), rr.DS)), NoAnswer)
    assert isinstance(source.fetch(Question(Name("sub.example.com."), rr.DS)), Answer)


@pytest.mark.parametrize("iterations", [0, 100, 500])
def test_unverified_nsec3_parameters_cost_no_more_hashing_than_the_validator_may_do(
    iterations: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CVE-2023-50868: a name of many labels, so a DS look-up for each, and two sets of parameters that nobody signed."""
    rounds, names = [0], []

    def counted(name: Name, salt: bytes, count: int) -> bytes:
        rounds[0] += count + 1
        names.append((name, salt))
        return _kernel.nsec3_hash(name, salt, count)

    monkeypatch.setattr(proof_source, "nsec3_hash", counted)
    deep = Name("a." * 100 + "example.com.")
    records = [*UP_TO_EXAMPLE, Evidence(RRset(deep, rr.A, 60, (ADDRESS,)))]
    for salt in (b"\1" * 255, b"\2" * 255):
        owner = Name("example.com.").prepend(_kernel.base32hex(salt[:20]).encode())
        parameters = bytes((1, 0)) + iterations.to_bytes(2, "big") + bytes((255,)) + salt
        rdata = parameters + bytes((20,)) + b"\xff" * 20 + bitmap(rr.A)
        records.append(EXAMPLE.sign(RRset(owner, rr.NSEC3, 60, (rdata,))))
    chain = walk(records, Question(deep, rr.A))
    assert chain.status in (Status.BOGUS, Status.INDETERMINATE, Status.INSECURE)
    assert 0 < rounds[0] <= Limits().nsec3_hashes
    assert len(names) == len(set(names))


def test_an_answer_to_any_brings_each_denial_record_once() -> None:
    """Of 50 RRsets from wildcards every one needs the zone's denial records; the message is not 50 times as long for that."""
    owner = Name("x.example.com.")
    expanded = [EXAMPLE.sign(RRset(Name("*.example.com."), 1000 + n, 60, (b"x",))) for n in range(50)]
    moved = [Evidence(item.rrset.with_owner(owner), item.rrsigs) for item in expanded]
    proof = Proof((*moved, nsec("a.example.com.", "z.example.com.", rr.A)), None)
    response = ProofSource(proof).fetch(Question(owner, rr.ANY))
    assert isinstance(response, Answer)
    assert len(response.message.answer) == 100 and len(response.message.authority) == 2


def test_a_bogus_chain_can_be_written_and_stays_bogus() -> None:
    forged = Evidence(
        rrset("www.example.com.", rr.A, bytes(4)), EXAMPLE.sign(rrset("www.example.com.", rr.A, ADDRESS)).rrsigs
    )
    question = Question(Name("www.example.com."), rr.A)
    chain = walk((forged, *UP_TO_EXAMPLE), question)
    assert chain.status is Status.BOGUS
    assert walk(read(write(chain)).records, question).status is Status.BOGUS


# --- altered evidence -------------------------------------------------------------------------------------------------

_FIELD = {rr.DS: 4, rr.DNSKEY: 4}  # where digest and key begin in their rdata


def _spans(data: bytes) -> list[tuple[int, int]]:
    """Where the digests, keys and signatures of a proof lie."""
    spans = []
    position = 0
    for record in _kernel.parse_records(data):
        end = position + len(_kernel.record_wire(record))
        if record.rdtype == rr.RRSIG:
            spans.append((end - len(record.rrsigs()[0].signature), end))
        elif record.rdtype in _FIELD:
            spans.append((end - len(record.rdatas[0]) + _FIELD[record.rdtype], end))
        position = end
    assert position == len(data)
    return spans


def _flip(data: bytes, draw: st.DataObject) -> bytes:
    start, end = draw.draw(st.sampled_from(_spans(data)))
    place, bit = draw.draw(st.integers(start, end - 1)), draw.draw(st.integers(0, 7))
    return data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]


@settings(max_examples=150)
@given(st.data())
def test_one_flipped_bit_of_signature_digest_or_key_breaks_a_recorded_proof(draw: st.DataObject) -> None:
    folder = Path(os.environ.get("UNBROKEN_SHARED", Path(__file__).resolve().parents[4] / "shared"))
    index = folder / "real" / "rfc9102-proofs" / "index.json"
    if not index.is_file():
        pytest.skip("no recorded RFC 9102 proofs")
    entries = [entry for entry in json.loads(index.read_text(encoding="utf-8")) if "IANA" in entry["trust_anchor"]]
    entry = draw.draw(st.sampled_from([entry for entry in entries if entry["expected"].startswith("secure")]))
    name, rdtype = entry["query"].split()
    question = Question(Name(name), _kernel.type_from_text(rdtype))
    altered = _flip((index.parent / entry["file"]).read_bytes(), draw)
    validation = validate(question, anchors=iana_root(), now=entry["check_time"], trust=TrustCache())
    try:
        source = ProofSource(read(altered))
    except InputError:
        return
    assert drive(validation, source.fetch).status in (Status.BOGUS, Status.INDETERMINATE)

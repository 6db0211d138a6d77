"""RFC 9102 chains recorded on the real Internet: good at their time, bad after it, and bad with any bit flipped."""

import json
import random
from dataclasses import dataclass
from functools import cache

import pytest
from rpl_scenario import merge, parse_record, rdtype_from_text
from shared_material import find_shared, shared

from unbroken._kernel import parse_records
from unbroken.anchors.builtin import iana_root
from unbroken.anchors.store import TrustAnchors
from unbroken.chain import Chain, Question, Status
from unbroken.chain.rfc9102 import read
from unbroken.dns import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError
from unbroken.validation.drivers import drive
from unbroken.validation.proof_source import ProofSource
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

FOLDER = ("real", "rfc9102-proofs")
FLIPS_PER_PROOF = 600


@dataclass(frozen=True)
class Case:
    """An entry of index.json."""

    file: str
    question: Question
    check_time: int
    is_good: bool
    expiration: int
    anchors: TrustAnchors


def _anchors(expected: str, anchor: str) -> TrustAnchors:
    if anchor.startswith("IANA"):
        return iana_root()
    record = parse_record(expected.split('"')[1])
    return TrustAnchors.from_records(merge([record]))


@cache
def _cases() -> tuple[Case, ...]:
    index = find_shared(*FOLDER, "index.json")
    if index is None:
        return ()
    cases = []
    for entry in json.loads(index.read_text()):
        name, rdtype = entry["query"].split()
        expected = entry["expected"]
        cases.append(
            Case(
                entry["file"],
                Question(Name(name), rdtype_from_text(rdtype)),
                entry["check_time"],
                expected.startswith("secure"),
                entry["earliest_expiration"],
                _anchors(expected, entry["trust_anchor"]),
            )
        )
    return tuple(cases)


def _data(case: Case) -> bytes:
    return shared(*FOLDER, case.file).read_bytes()


def _check(case: Case, data: bytes, now: int) -> Chain:
    source = ProofSource(read(data))
    validation = validate(case.question, anchors=case.anchors, now=now, trust=TrustCache())
    return drive(validation, source.fetch)


ALL = pytest.mark.parametrize("case", _cases(), ids=lambda case: case.file)
GOOD = pytest.mark.parametrize("case", [case for case in _cases() if case.is_good], ids=lambda case: case.file)


def test_there_are_proofs() -> None:
    shared(*FOLDER)
    assert len(_cases()) == 6


@ALL
def test_each_proof_is_what_its_index_says_at_its_time(case: Case) -> None:
    chain = _check(case, _data(case), case.check_time)
    assert (chain.status is Status.SECURE) == case.is_good, chain.all_findings
    if case.is_good:
        assert chain.rrset is not None
        assert chain.rrset.rdtype == case.question.rdtype


@GOOD
def test_each_proof_holds_to_the_second_of_its_first_expiration(case: Case) -> None:
    """RFC 4035 §5.3.1: at the expiration a signature is still valid, a second later no more."""
    data = _data(case)
    assert _check(case, data, case.expiration).status is Status.SECURE
    assert _check(case, data, case.expiration + 1).status is Status.BOGUS


def _protected_spans(data: bytes, case: Case) -> list[range]:
    """Where the signatures that the chain rests on lie, and all digests and keys: those are signed."""
    chain = _check(case, data, case.check_time)
    used = {
        attempt.rrsig.rdata
        for link in chain.all_links
        for attempt in link.attempts
        if attempt.outcome.value == "verified"
    }
    # RFC 6840 §5.11: of several good signatures over an RRset any one is enough: a flip in one of them changes nothing.
    used -= _replaceable(data)
    spans = []
    for rdtype, rdata, start in _rdatas(data):
        if rdtype == rr.RRSIG and rdata in used:
            signature = len(RRset(Name.ROOT, rr.RRSIG, 0, (rdata,)).rrsigs()[0].signature)
            spans.append(range(start + len(rdata) - signature, start + len(rdata)))
        elif rdtype in (rr.DS, rr.DNSKEY):
            spans.append(range(start + 4, start + len(rdata)))
    return spans


def _replaceable(data: bytes) -> set[bytes]:
    by_rrset: dict[tuple[Name, int], set[bytes]] = {}
    for record in parse_records(data):
        if record.rdtype == rr.RRSIG:
            by_rrset.setdefault((record.owner, record.covers), set()).update(record.rdatas)
    return {rdata for rdatas in by_rrset.values() if len(rdatas) > 1 for rdata in rdatas}


def _rdatas(data: bytes) -> list[tuple[int, bytes, int]]:
    found, position = [], 0
    while position < len(data):
        while data[position]:
            position += 1 + data[position]
        rdtype = int.from_bytes(data[position + 1 : position + 3], "big")
        length = int.from_bytes(data[position + 9 : position + 11], "big")
        start = position + 11
        found.append((rdtype, data[start : start + length], start))
        position = start + length
    return found


@GOOD
def test_no_proof_survives_a_flipped_bit_of_a_signature_digest_or_key(case: Case) -> None:
    """Every octet that matters gets one of its bits flipped, or as many octets as the bound allows, evenly spread."""
    data = _data(case)
    octets = [position for span in _protected_spans(data, case) for position in span]
    chance = random.Random(case.file)
    if len(octets) > FLIPS_PER_PROOF:
        octets = sorted(chance.sample(octets, FLIPS_PER_PROOF))
    survivors = []
    for position in octets:
        altered = bytearray(data)
        altered[position] ^= 1 << chance.randrange(8)
        try:
            chain = _check(case, bytes(altered), case.check_time)
        except InputError:
            continue
        if chain.status not in (Status.BOGUS, Status.INDETERMINATE):
            survivors.append((position, chain.status))
    assert survivors == []

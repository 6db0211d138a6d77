"""RFC 5155 Appendix A and B: hashes and answers of its example zone, authenticated, and broken one record at a time."""

import re

import pytest
from example_zone import ExampleZone, denials, lacking
from shared_material import shared

from unbroken._kernel import base32hex, nsec3_hash
from unbroken.chain import Code, DenialKind, Limits, Outcome, Question, Status
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.signing import Nsec3Denial

SALT = bytes.fromhex("aabbccdd")
ITERATIONS = 12


@pytest.fixture(scope="module")
def zone() -> ExampleZone:
    return ExampleZone("rfc5155-appendix-A.zone", Nsec3Denial(SALT, ITERATIONS, opt_out=True))


def test_the_hashes_of_appendix_a() -> None:
    text = shared("vectors", "rfc-zones", "rfc5155-appendix-A.zone").read_text()
    pairs = re.findall(r"^; H\((\S+)\)\s*= (\S+)$", text, re.MULTILINE)
    assert len(pairs) >= 11
    for name, expected in pairs:
        assert base32hex(nsec3_hash(Name(name), SALT, ITERATIONS)) == expected, name


CASES = [
    pytest.param("ns1.example.", rr.MX, Outcome.NODATA, DenialKind.NODATA, Status.SECURE, id="B.2 no data"),
    pytest.param("y.w.example.", rr.A, Outcome.NODATA, DenialKind.NODATA, Status.SECURE, id="B.2.1 empty non-terminal"),
    # RFC 5155 §9.2: the proofs below rest on opt-out spans, so they can't be secure.
    pytest.param("a.c.x.w.example.", rr.A, Outcome.NXDOMAIN, DenialKind.NXDOMAIN, Status.INSECURE, id="B.1 name error"),
    pytest.param(
        "a.z.w.example.", rr.MX, Outcome.ANSWER, DenialKind.WILDCARD_ANSWER, Status.INSECURE, id="B.4 wildcard"
    ),
    pytest.param(
        "a.z.w.example.", rr.AAAA, Outcome.NODATA, DenialKind.WILDCARD_NODATA, Status.INSECURE, id="B.5 no data"
    ),
]


@pytest.mark.parametrize(("name", "rdtype", "outcome", "kind", "status"), CASES)
def test_the_answers_of_the_appendix_have_their_proof(
    zone: ExampleZone, name: str, rdtype: int, outcome: Outcome, kind: DenialKind, status: Status
) -> None:
    chain = zone.check(name, rdtype)
    assert (chain.status, chain.outcome) == (status, outcome), chain.all_findings
    assert [link.denial.kind for link in chain.links if link.denial is not None] == [kind]


@pytest.mark.parametrize(("name", "rdtype", "outcome", "kind", "status"), CASES)
def test_without_opt_out_they_are_secure_and_each_record_is_needed(
    name: str, rdtype: int, outcome: Outcome, kind: DenialKind, status: Status
) -> None:
    zone = ExampleZone("rfc5155-appendix-A.zone", Nsec3Denial(SALT, ITERATIONS))
    question = Question(Name(name), rdtype)
    assert zone.check(name, rdtype).status is Status.SECURE
    for record in denials(zone.ask(question)):
        chain = zone.check(name, rdtype, lacking(question, record))
        assert chain.status is Status.BOGUS, (record.owner, chain.status)


def test_b3_a_name_below_an_opted_out_delegation_is_insecure(zone: ExampleZone) -> None:
    """RFC 5155 §8.9: the closest encloser proof with opt-out stands for the missing DS."""
    name = Name("mc.c.example.")

    def child(lookup: object, message: Message) -> Message:
        if message.question is None or message.question[0] != name:
            return message
        data = RRset(name, rr.MX, 3600, (b"\0\1" + Name("ns1.c.example.").wire,))
        return Message(1, rr.QR | rr.AA, message.question, (data,))

    assert zone.check(str(name), rr.MX, child).status is Status.INSECURE


@pytest.mark.parametrize(
    ("limits", "status", "code"),
    [
        (Limits(nsec3_iterations_insecure=ITERATIONS), Status.SECURE, None),
        (Limits(nsec3_iterations_insecure=ITERATIONS - 1), Status.INSECURE, Code.NSEC3_ITERATIONS_INSECURE),
        (
            Limits(nsec3_iterations_insecure=ITERATIONS - 1, nsec3_iterations_bogus=ITERATIONS - 1),
            Status.BOGUS,
            Code.NSEC3_ITERATIONS_REFUSED,
        ),
    ],
)
def test_rfc9276_3_2_iteration_limits_hold_at_n_and_n_plus_1(
    zone: ExampleZone, limits: Limits, status: Status, code: Code | None
) -> None:
    chain = zone.check("ns1.example.", rr.MX, limits=limits)
    assert chain.status is status
    assert (chain.reason.code if chain.reason else None) is code

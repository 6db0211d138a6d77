"""RFC 4035 Appendix B and C: the answers of its example zone, authenticated, and broken one record at a time."""

import pytest
from example_zone import EXAMPLE, NOW, ExampleZone, denials, lacking

from unbroken.chain import DenialKind, Outcome, Question, Status
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr


@pytest.fixture(scope="module")
def zone() -> ExampleZone:
    return ExampleZone("rfc4035-appendix-A.zone")


CASES = [
    pytest.param("x.w.example.", rr.MX, Outcome.ANSWER, None, id="B.1 answer"),
    pytest.param("ml.example.", rr.A, Outcome.NXDOMAIN, DenialKind.NXDOMAIN, id="B.2 name error"),
    pytest.param("ns1.example.", rr.MX, Outcome.NODATA, DenialKind.NODATA, id="B.3 no data"),
    pytest.param("a.z.w.example.", rr.MX, Outcome.ANSWER, DenialKind.WILDCARD_ANSWER, id="B.6 wildcard expansion"),
    pytest.param("a.z.w.example.", rr.AAAA, Outcome.NODATA, DenialKind.WILDCARD_NODATA, id="B.7 wildcard no data"),
    pytest.param("y.w.example.", rr.A, Outcome.NODATA, DenialKind.NODATA, id="empty non-terminal"),
    pytest.param("b.example.", rr.DS, Outcome.NODATA, DenialKind.NODATA, id="DS of an unsigned delegation"),
]


@pytest.mark.parametrize(("name", "rdtype", "outcome", "kind"), CASES)
def test_the_answers_of_the_appendix_are_secure(
    zone: ExampleZone, name: str, rdtype: int, outcome: Outcome, kind: DenialKind | None
) -> None:
    chain = zone.check(name, rdtype)
    assert (chain.status, chain.outcome) == (Status.SECURE, outcome), chain.all_findings
    proven = [link.denial.kind for link in chain.links if link.denial is not None]
    assert proven == ([kind] if kind else [])


@pytest.mark.parametrize(("name", "rdtype", "outcome", "kind"), CASES)
def test_each_denial_record_is_needed(
    zone: ExampleZone, name: str, rdtype: int, outcome: Outcome, kind: DenialKind | None
) -> None:
    """RFC 4035 §5.4: all of the proof must be there."""
    question = Question(Name(name), rdtype)
    for record in denials(zone.ask(question)):
        chain = zone.check(name, rdtype, lacking(question, record))
        assert chain.status is Status.BOGUS, (record.owner, chain.status)


def test_b5_data_below_an_unsigned_delegation_is_insecure(zone: ExampleZone) -> None:
    """RFC 4035 §5.2: the parent proves that there is no DS, so the child is unsigned."""

    def child(lookup: object, message: Message) -> Message:
        if message.question is None or message.question[0] != Name("mc.b.example."):
            return message
        owner = Name("mc.b.example.")
        data = RRset(owner, rr.MX, 3600, (b"\0\1" + Name("ns1.b.example.").wire,))
        return Message(1, rr.QR | rr.AA, message.question, (data,))

    chain = zone.check("mc.b.example.", rr.MX, child)
    assert (chain.status, chain.outcome) == (Status.INSECURE, Outcome.ANSWER)


def test_b8_ds_from_the_childs_side_proves_nothing(zone: ExampleZone) -> None:
    """RFC 4035 §5.2, B.8: an NSEC with SOA at the name itself is from the child, and says nothing of its DS."""
    apex = next(rrset for rrset in zone.zone if rrset.owner == EXAMPLE and rrset.rdtype == rr.NSEC)
    assert apex.nsec() is not None
    chain = zone.check("example.", rr.DS)
    assert chain.status is not Status.SECURE


@pytest.mark.parametrize(("name", "rdtype", "outcome", "kind"), CASES)
def test_unsigned_answers_from_the_signed_zone_are_bogus(
    zone: ExampleZone, name: str, rdtype: int, outcome: Outcome, kind: DenialKind | None
) -> None:
    """RFC 4035 §5.3.1, §4.3: what should be signed and is not must not be believed."""
    question = Question(Name(name), rdtype)

    def strip(lookup: object, message: Message) -> Message:
        if lookup != question:
            return message
        answer, authority = (
            tuple(rrset for rrset in section if rrset.rdtype != rr.RRSIG)
            for section in (message.answer, message.authority)
        )
        return Message(1, message.flags, message.question, answer, authority, rcode=message.rcode)

    assert zone.check(name, rdtype, strip).status is Status.BOGUS


def test_the_clock_of_the_tests_is_within_the_signatures(zone: ExampleZone) -> None:
    rrsigs = [rrsig for rrset in zone.zone if rrset.rdtype == rr.RRSIG for rrsig in rrset.rrsigs()]
    assert all(rrsig.inception <= NOW <= rrsig.expiration for rrsig in rrsigs)

"""What is told first is the cause: for each fault of the lab, and when only one server is out of step."""

import pytest
from support.small_internet import NOW, PARENT, WWW, ZONE, SmallInternet, changed
from support.wrongs import bend

from unbroken.chain import Code, Status
from unbroken.diagnosis.diagnose import Diagnosis, diagnose
from unbroken.diagnosis.finding import Diagnosed
from unbroken.diagnosis.folding import fold
from unbroken.diagnosis.rules import RULES
from unbroken.dns import Message, Name
from unbroken.dns import rdtype as rr
from unbroken.lab.faults import FAULTS, Fault

THREE = Name("three.test.")
VICTIMS = {"one.example.": ZONE, "two.example.": THREE, ".": Name.ROOT, "wildcard.test.": ZONE}
# These look at other zones of the lab than there are here.
ELSEWHERE = {name for name, fault in FAULTS.items() if fault.victim not in VICTIMS}
# The rule says the same of the same thing, and more.
SAID_BY_A_RULE = {Code.DELEGATION_INSECURE: "DS_MISSING", Code.LOOKUP_FAILED: "LOOKUP_FAILED"}


def of_fault(fault: Fault) -> tuple[Diagnosis, SmallInternet]:
    net, origin = SmallInternet(), VICTIMS[fault.victim]
    if fault.name == "unreachable":
        for address in ("192.0.2.21", "192.0.2.22"):
            del net.zones[address]
    elif fault.name == "parent-unreachable":
        for address in ("192.0.2.11", "192.0.2.12"):
            del net.zones[address]
    else:
        net.break_zone(fault.name, origin)
    question = fault.probe.question(net.healthy.zones[origin])
    name = question.name if "wildcard" not in fault.name else Name("from-the-wildcard.wild.zone.test.")
    return diagnose(net.inspect(name, question.rdtype), net.resolver().anchors, NOW), net


@pytest.mark.parametrize("name", [name for name in FAULTS if name not in ELSEWHERE and "wildcard" not in name])
def test_the_headline_is_the_fault(name: str) -> None:
    fault = FAULTS[name]
    diagnosis, _ = of_fault(fault)
    assert diagnosis.findings[0].code == SAID_BY_A_RULE.get(fault.code, fault.code.value)
    assert diagnosis.status is fault.status


@pytest.mark.parametrize("name", [name for name in FAULTS if name not in ELSEWHERE and "wildcard" not in name])
def test_one_cause_is_one_error_headline(name: str) -> None:
    diagnosis, _ = of_fault(FAULTS[name])
    errors = [finding for finding in diagnosis.findings if finding.severity.value == "error"]
    assert len(errors) <= 1 or name in ("bad-nsec3-hash", "unreachable"), [error.code for error in errors]


def test_a_server_that_is_out_of_step_shows_and_is_named() -> None:
    net = SmallInternet()
    net.put(*FAULTS["rrsig-exp-all"](_patient(net)), only="192.0.2.22")
    diagnosis = diagnose(net.inspect(), net.resolver().anchors, NOW)
    headline = diagnosis.findings[0]
    assert (headline.code, headline.servers) == ("SIGNATURE_EXPIRED", ("192.0.2.22",))
    assert diagnosis.chain.status is Status.SECURE and diagnosis.status is Status.BOGUS


def _patient(net: SmallInternet):  # type: ignore[no-untyped-def]
    from unbroken.lab.faults import Patient

    return Patient(net.zone(), net.zone(PARENT))


def test_what_a_server_lacks_is_told_beneath_what_it_does() -> None:
    net = SmallInternet()
    bend(net, lambda query, reply: changed(reply, rcode=rr.REFUSED, answer=(), authority=()), both=False)
    diagnosis = diagnose(net.inspect(), net.resolver().anchors, NOW)
    assert [finding.code for finding in diagnosis.findings if finding.severity.value == "error"] == ["SERVER_REFUSES"]


def test_hostile_answers_of_every_kind_never_raise() -> None:
    from random import Random

    random = Random(7)

    def spoil(query: Message, reply: Message) -> bytes | None:
        wire = bytearray(reply.to_wire())
        for _ in range(random.randrange(4)):
            wire[random.randrange(2, len(wire))] = random.randrange(256)
        wire[:2] = query.to_wire()[:2]
        return bytes(wire)[: random.randrange(12, len(wire) + 1)] if random.random() < 0.1 else bytes(wire)

    for _ in range(25):
        net = SmallInternet()
        for address in ("192.0.2.11", "192.0.2.12", "192.0.2.21", "192.0.2.22"):
            net.bend(address, spoil)
        diagnosis = diagnose(net.inspect(WWW), net.resolver().anchors, NOW)
        assert diagnosis.status in Status
        for finding in diagnosis.all_findings:
            assert finding.sentence and finding.remedy


def test_findings_that_name_each_other_as_cause_are_all_told() -> None:
    row = RULES["DS_MISSING"].row
    first, second = Diagnosed("A", row, "x"), Diagnosed("B", row, "x")
    folded = fold([(first, ("B",)), (second, ("A",))], {"A": 0, "B": 1}, frozenset())
    assert [finding.code for finding in folded] == ["A"]
    assert [finding.code for finding in folded[0].beneath] == ["B"]


def test_a_cause_at_one_server_does_not_explain_another() -> None:
    row = RULES["DS_MISSING"].row
    cause, effect = Diagnosed("A", row, "x", (), ("one",)), Diagnosed("B", row, "x", (), ("two",))
    assert len(fold([(cause, ()), (effect, ("A",))], {}, frozenset({"one", "two"}))) == 2
    assert len(fold([(cause, ()), (effect, ("A",))], {}, frozenset({"two"}))) == 1


def test_one_silent_server_is_the_headline_and_not_the_look_up_that_failed() -> None:
    net = SmallInternet()
    del net.zones["192.0.2.22"]
    diagnosis = diagnose(net.inspect(), net.resolver().anchors, NOW)
    assert diagnosis.findings[0].code == "SERVER_SILENT"
    assert {finding.code for finding in diagnosis.findings[0].beneath} == {"LOOKUP_FAILED"}


def test_all_silent_servers_are_told_beneath_the_look_up_that_failed() -> None:
    diagnosis, _ = of_fault(FAULTS["unreachable"])
    assert diagnosis.findings[0].code == "LOOKUP_FAILED"
    assert "SERVER_SILENT" in {finding.code for finding in diagnosis.findings[0].beneath}

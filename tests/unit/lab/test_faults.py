"""Each fault makes the finding it says, and each finding that a fault can make is made by one."""

import asyncio

import pytest

from unbroken._kernel import Name
from unbroken.chain import Code, Limits, Question, Status
from unbroken.dns import rdtype as rr
from unbroken.errors import UsageError
from unbroken.lab.faults import FAULTS, Fault, parse_break
from unbroken.lab.run import Lab
from unbroken.lab.world import default_world
from unbroken.report.text import render

# Codes that no fault of a zone makes, and why.
HEALTHY_ZONES_MAKE = {
    Code.DENIAL_OPT_OUT: ("nothing-here.test.", rr.A),
    Code.RRSIG_QUERY_UNSIGNED: ("www.one.example.", rr.RRSIG),
}
NEEDS_CONFIGURATION = {
    Code.EVIDENCE_MISSING: "a capture or proof that lacks something",
    Code.NO_TRUST_ANCHOR: "a resolver without an anchor above the name",
    Code.NEGATIVE_TRUST_ANCHOR: "a resolver that is told not to validate",
    Code.ANCHOR_UNSUPPORTED: "a resolver whose anchor is of an algorithm it does not know",
}
NEEDS_HOSTILE_SERVER = {
    Code.SERVER_FAILED: "a server that answers with errors",
    Code.LOOKUP_OVER_LIMIT: "a server that answers with more than is looked at",
    Code.DNAME_SYNTHESIS_WRONG: "a server makes the CNAME from the DNAME itself; no zone can make it do that wrongly",
}

every_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


def _question(lab: Lab, fault: Fault) -> Question:
    return fault.probe.question(lab.healthy.zones[Name(fault.victim)])


@every_fault
def test_fault_makes_its_finding_and_its_verdict(signed_internet: Lab, fault: Fault) -> None:
    question = _question(signed_internet, fault)
    signed_internet.break_zone(fault.name, fault.victim)
    chain = asyncio.run(signed_internet.resolver().resolve(question.name, question.rdtype)).chain
    assert chain.reason is not None
    assert (chain.status, chain.reason.code) == (fault.status, fault.code)


@every_fault
def test_the_broken_link_has_one_sentence_and_one_remedy(signed_internet: Lab, fault: Fault) -> None:
    question = _question(signed_internet, fault)
    signed_internet.break_zone(fault.name, fault.victim)
    chain = asyncio.run(signed_internet.resolver().resolve(question.name, question.rdtype)).chain
    lines = render(chain, signed_internet.clock.now(), colour=False, width=110).splitlines()
    assert sum(line.lstrip("│┃ ").startswith("→ ") for line in lines) == 1, lines
    assert chain.reason is not None
    for said in (chain.reason.sentence, chain.reason.remedy):
        assert not said.endswith(".."), said


@every_fault
def test_without_its_fault_the_question_is_secure(signed_internet: Lab, fault: Fault) -> None:
    question = _question(signed_internet, fault)
    chain = asyncio.run(signed_internet.resolver().resolve(question.name, question.rdtype)).chain
    assert chain.status is Status.SECURE


def test_every_code_is_made_by_a_fault_or_its_absence_has_a_reason() -> None:
    by_faults = {fault.code for fault in FAULTS.values()}
    excused = set(HEALTHY_ZONES_MAKE) | set(NEEDS_CONFIGURATION) | set(NEEDS_HOSTILE_SERVER)
    assert by_faults.isdisjoint(excused)
    assert by_faults | excused == set(Code)


@pytest.mark.parametrize(("code", "question"), HEALTHY_ZONES_MAKE.items(), ids=lambda value: getattr(value, "name", ""))
def test_healthy_zone_makes_the_finding(signed_internet: Lab, code: Code, question: tuple[str, int]) -> None:
    chain = asyncio.run(signed_internet.resolver().resolve(Name(question[0]), question[1])).chain
    assert chain.status is Status.INSECURE
    assert code in {finding.code for finding in chain.all_findings}


def test_keytrap_is_over_the_limits_that_it_is_made_for(signed_internet: Lab) -> None:
    signed_internet.break_zone("keytrap", "one.example")
    zone = signed_internet.signed.zones[Name("one.example.")]
    dnskeys = zone.zone.rrset(zone.origin, rr.DNSKEY)
    rrsigs = zone.zone.rrsigs(Name("www.one.example."), rr.A)
    assert dnskeys is not None and rrsigs is not None
    tags = [key.key_tag for key in dnskeys.dnskeys()]
    assert tags.count(zone.data_keys[0].key_tag) > Limits().keys_per_tag
    assert len(rrsigs) > Limits().signatures_per_rrset


def test_a_fault_changes_its_zone_or_the_parent_and_nothing_else(signed_internet: Lab) -> None:
    before = dict(signed_internet.signed.zones)
    for fault in FAULTS.values():
        signed_internet.break_zone(fault.name, fault.victim)
        victim = Name(fault.victim)
        parent = signed_internet.signed.parent_of(victim)
        changed = {origin for origin, zone in signed_internet.signed.zones.items() if zone is not before[origin]}
        assert changed, fault.name
        assert changed <= {victim, parent.origin if parent else victim}, fault.name
        signed_internet.heal()
        before = dict(signed_internet.signed.zones)


def test_only_sibling_zones_stay_secure_beside_a_broken_one(signed_internet: Lab) -> None:
    signed_internet.break_zone("rrsig-exp-all", "one.example")
    assert signed_internet.check("www.one.example").status is Status.BOGUS
    assert signed_internet.check("www.two.example").status is Status.SECURE


def test_faults_of_several_zones_add_up(signed_internet: Lab) -> None:
    signed_internet.break_zone("ds-bad-tag", "one.example")
    signed_internet.break_zone("ds-bogus-digest-value", "two.example")
    codes = [signed_internet.check(f"www.{name}.example").reason for name in ("one", "two")]
    assert [reason.code for reason in codes if reason] == [Code.DS_NO_KEY_WITH_TAG, Code.DS_DIGEST_MISMATCH]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("rrsig-exp-al@one.example", "did you mean 'rrsig-exp-all'?"),
        ("rrsig-exp-all@one.exmaple", "did you mean 'one.example.'?"),
        ("rrsig-exp-all", "is not FAULT@ZONE"),
        ("@one.example", "`unbroken lab faults` lists them"),
        ("rrsig-exp-all@" + "x" * 70, "label"),
    ],
)
def test_a_wrong_word_is_answered_with_the_nearest_right_one(text: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint.replace("?", r"\?")):
        parse_break(text, default_world())


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("no-ds@.", "no parent"),
        ("no-ds@island.example", "no DS"),
        ("rrsig-exp-all@unsigned.example", "not signed"),
        ("nsec-missing@two.example", "denies by NSEC3"),
        ("nsec3-missing@one.example", "denies by NSEC,"),
        ("no-zsk@ed25519.test", "one key for everything"),
        ("anchor-rolled@one.example", "no trust anchor"),
        ("wildcard-unproven@two.example", "no wildcard"),
    ],
)
def test_a_fault_that_does_not_fit_its_zone_is_refused(signed_internet: Lab, text: str, what: str) -> None:
    fault, zone = text.split("@")
    with pytest.raises(UsageError, match=what):
        signed_internet.break_zone(fault, zone)


@pytest.mark.parametrize("label", ["rsasha256", "rsasha512", "ecdsap384", "ed25519", "ed448", "mldsa44"])
@pytest.mark.parametrize(
    "name", ["rrsig-exp-all", "bad-rrsig-all", "ds-bogus-digest-value", "unassigned-algo", "bad-ksk"]
)
def test_faults_fit_every_algorithm(signed_internet: Lab, name: str, label: str) -> None:
    fault = FAULTS[name]
    signed_internet.break_zone(name, f"{label}.test")
    reason = signed_internet.check(f"www.{label}.test").reason
    assert reason is not None and reason.code is fault.code

"""Remedies are exact: what they say to publish, published, mends what they were told for; commands survive hostile names."""

import shlex

import pytest
from support.small_internet import NOW, PARENT, WWW, ZONE, SmallInternet
from support.wrongs import WRONGS

from unbroken.chain import Status
from unbroken.chain.catalogue import Code
from unbroken.diagnosis.case import Case
from unbroken.diagnosis.diagnose import Diagnosis, diagnose
from unbroken.diagnosis.finding import Diagnosed
from unbroken.diagnosis.inspection import Inspection, ZoneServers
from unbroken.diagnosis.remedies import PLANS, Step, steps
from unbroken.diagnosis.rules import RULES
from unbroken.dns import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.lab.faults import FAULTS, Patient
from unbroken.lab.faults.bending import with_rrset


def diagnosis_of(net: SmallInternet, name: Name = WWW) -> Diagnosis:
    return diagnose(net.inspect(name), net.resolver().anchors, NOW)


def publish(net: SmallInternet, found: tuple[Step, ...]) -> None:
    """Do at the parent what the steps say, and nothing else."""
    parent = net.zone(PARENT)
    present = parent.zone.rrset(ZONE, rr.DS)
    rdatas = list(() if present is None else present.rdatas)
    for step in found:
        for line in step.lines if step.where.startswith("At the parent") else ():
            owner, _, _, text = line.split(" ", 3)
            assert Name(owner) == ZONE
            tag, algorithm, digest_type, digest = text.split()
            rdata = int(tag).to_bytes(2, "big") + bytes((int(algorithm), int(digest_type))) + bytes.fromhex(digest)
            if "remove" in step.where:
                rdatas.remove(rdata)
            else:
                rdatas.append(rdata)
    net.put(with_rrset(parent, RRset(ZONE, rr.DS, 300, tuple(rdatas))))


DS_WRONGS = ["DS_KEY_ABSENT", "DS_ALGORITHM_WRONG", "DS_DIGEST_WRONG", "DS_REVOKED_KEY", "DS_KEY_IDLE", "DS_DIGEST_SHA1",
             "DS_DIGEST_GOST", "DS_DIGEST_NOT_FOR_DS", "DS_DIGEST_UNASSIGNED", "DS_DIGEST_RESERVED", "DS_DIGEST_PRIVATE",
             "DS_ALGORITHM_DEPRECATED", "ALGORITHM_OF_DS_UNUSED", "CDS_PENDING"]  # fmt: skip


@pytest.mark.parametrize("code", DS_WRONGS)
def test_the_ds_to_publish_mend_the_delegation(code: str) -> None:
    net = SmallInternet()
    WRONGS[code](net)
    before = diagnosis_of(net)
    finding = next(each for each in before.all_findings if each.code == code)
    publish(net, steps(finding, before.case))
    after = diagnosis_of(net)
    assert code not in {each.code for each in after.all_findings}
    assert after.status is Status.SECURE


@pytest.mark.parametrize(
    "fault", ["ds-bad-tag", "ds-bad-key-algo", "ds-bogus-digest-value", "bad-ksk", "no-ksk", "no-rrsig-ksk"]
)
def test_a_broken_delegation_is_mended_by_what_is_printed(fault: str) -> None:
    net = SmallInternet()
    net.put(*FAULTS[fault](Patient(net.zone(), net.zone(PARENT))))
    before = diagnosis_of(net)
    assert before.status is Status.BOGUS
    found = steps(before.findings[0], before.case)
    if fault == "no-ksk":  # no key signs the keys any more: first they have to be signed
        assert found[0].where == "BIND" and found[0].lines == ("rndc sign zone.test",)
        return
    publish(net, found)
    assert diagnosis_of(net).status is Status.SECURE


def test_an_island_is_joined_by_what_is_printed() -> None:
    diagnosis = diagnosis_of(SmallInternet(), Name("www.island.test."))
    first, *_ = steps(diagnosis.findings[0], diagnosis.case)
    ksk = next(key for key in diagnosis.case.keys if key.is_secure_entry_point)
    assert first.where == "At the parent, add"
    assert [line.split()[:4] for line in first.lines] == [["island.test.", "IN", "DS", str(ksk.key_tag)]]


def test_signing_again_names_the_keys_that_the_zone_publishes() -> None:
    net = SmallInternet()
    net.break_zone("rrsig-exp-all")
    diagnosis = diagnosis_of(net)
    lines = [line for step in steps(diagnosis.findings[0], diagnosis.case) for line in step.lines]
    for key in net.zone().keys:
        assert any(f"Kzone.test.+013+{key.dnskey.key_tag:05}" in line for line in lines)
    assert {"rndc sign zone.test", "knotc zone-sign zone.test", "pdnsutil rectify-zone zone.test"} <= set(lines)


def test_what_only_one_server_has_is_fetched_anew_there() -> None:
    net = SmallInternet()
    net.put(*FAULTS["rrsig-exp-all"](Patient(net.zone(), net.zone(PARENT))), only="192.0.2.22")
    diagnosis = diagnosis_of(net)
    first, *_ = steps(diagnosis.findings[0], diagnosis.case)
    assert first == Step("BIND on ns2.zone.test", ("rndc retransfer zone.test",))


def test_glue_to_publish_is_what_the_zone_has() -> None:
    net = SmallInternet()
    WRONGS["GLUE_WRONG"](net)
    diagnosis = diagnosis_of(net)
    finding = next(each for each in diagnosis.all_findings if each.code == "GLUE_WRONG")
    (step,) = steps(finding, diagnosis.case)
    assert "ns2.zone.test. 300 IN A 192.0.2.22" in step.lines


def test_a_fault_of_another_zone_gets_no_commands_for_this_one() -> None:
    net = SmallInternet()
    net.break_zone("rrsig-exp-all", PARENT)
    diagnosis = diagnosis_of(net)
    assert diagnosis.findings[0].where.startswith("test.")
    assert steps(diagnosis.findings[0], diagnosis.case) == ()


@pytest.mark.parametrize("label", [b"a'; rm -rf ~; '", b"$(reboot)", b"`x`", b"-rf", b"a b|c&d>e", b"\x1b[2J"])
def test_no_name_gets_out_of_its_quotes(label: bytes) -> None:
    real = SmallInternet().inspect()
    zone = Name.from_labels((label, b"test"))
    servers = ZoneServers(zone, real.zone.servers)
    hostile = Inspection(real.question, real.time, servers, real.parent, real.absent, real.exchanges, real.walk)
    case = Case(hostile, NOW, 3)
    for code in PLANS:
        row = RULES["DS_MISSING"].row
        for step in steps(Diagnosed(code, row, "words"), case):
            for line in step.lines:
                assert line.isprintable() and line.isascii()
                if line.startswith(("rndc", "knotc", "pdnsutil", "pdns_control", "unbroken")):
                    words = shlex.split(line)
                    assert not {";", "|", "&", ">"} & set(words)
                    for word in words:
                        assert word.count(str(zone).rstrip(".")) <= 1


def test_every_plan_is_for_a_code_that_there_is() -> None:
    assert set(PLANS) <= set(RULES) | {code.value for code in Code}


@pytest.mark.parametrize("code", sorted(set(PLANS) & set(RULES)))
def test_every_plan_says_something_for_its_wrong(code: str) -> None:
    net = SmallInternet()
    diagnosis = diagnosis_of(net, WRONGS[code](net) or WWW)
    finding = next(each for each in diagnosis.all_findings if each.code == code)
    found = steps(finding, diagnosis.case)
    assert found or code in ("DS_KEY_IDLE",)
    for step in found:
        assert step.where and step.lines and all(step.lines)

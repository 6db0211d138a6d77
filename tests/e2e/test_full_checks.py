"""Full checks over real sockets: every zone of the lab, healthy and with each fault that only the lab has."""

import asyncio

import pytest

from unbroken.chain import Question, Severity, Status
from unbroken.diagnosis.diagnose import Diagnosis, diagnose
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.lab.faults import FAULTS
from unbroken.lab.run import Lab
from unbroken.lab.world import default_world
from unbroken.resolving.inspecting import inspect
from unbroken.resolving.sockets import SocketTransport

ZONES = [str(spec.origin) for spec in default_world().zones]
# Those that say something of every zone of their kind, however well it is kept.
NOTICES = {"NSEC3_OPT_OUT", "DENIAL_OPT_OUT", "DELEGATION_INSECURE", "KEY_ALGORITHM_NOT_RECOMMENDED", "KEY_SET_LARGE"}


def full_check(lab: Lab, name: Name, rdtype: int = rr.A) -> Diagnosis:
    async def gather() -> Diagnosis:
        resolver = lab.resolver()
        inspection = await inspect(resolver, SocketTransport(), Question(name, rdtype))
        return diagnose(inspection, resolver.anchors, lab.clock.now())

    return asyncio.run(gather())


@pytest.mark.parametrize("zone", ZONES)
def test_a_healthy_zone_of_any_kind_has_no_error(signed_internet: Lab, zone: str) -> None:
    origin = Name(zone)
    name = origin if origin.label_count < 2 else origin.prepend(b"www")
    diagnosis = full_check(signed_internet, name, rr.SOA if name == origin else rr.A)
    assert diagnosis.count(Severity.ERROR) == 0
    told = {finding.code for finding in diagnosis.all_findings}
    expected = {"DS_MISSING"} if zone == "island.example." else set()
    assert told - NOTICES == expected
    secure = signed_internet.world.is_secure(origin)
    assert diagnosis.status is (Status.SECURE if secure else Status.INSECURE)


@pytest.mark.parametrize(
    "name",
    ["alias.one.example.", "gone.one.example.", "large.one.example.", "x.wild.one.example.", "deep.empty.one.example."],
)
def test_a_healthy_name_of_any_kind_has_no_error(signed_internet: Lab, name: str) -> None:
    for rdtype in (rr.A, rr.TXT):
        diagnosis = full_check(signed_internet, Name(name), rdtype)
        assert {finding.code for finding in diagnosis.all_findings} <= NOTICES


@pytest.mark.parametrize("name", [name for name in FAULTS if FAULTS[name].victim not in ("one.example.", ".")])
def test_the_headline_is_the_fault_in_the_lab_too(signed_internet: Lab, name: str) -> None:
    fault = FAULTS[name]
    question = fault.probe.question(signed_internet.healthy.zones[Name(fault.victim)])
    signed_internet.break_zone(name, fault.victim)
    diagnosis = full_check(signed_internet, question.name, question.rdtype)
    assert diagnosis.findings[0].code == fault.code.value
    assert diagnosis.status is fault.status


def test_servers_that_refuse_connections_are_told_as_silent(signed_internet: Lab) -> None:
    signed_internet.break_zone("unreachable", "one.example")
    diagnosis = full_check(signed_internet, Name("www.one.example."))
    assert "SERVER_SILENT" in {finding.code for finding in diagnosis.all_findings}
    assert diagnosis.inspection.zone.zone == Name("one.example.")

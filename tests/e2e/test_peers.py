"""For every fault and every healthy zone of the lab, our verdict is that of Unbound and of BIND's delv.

They look for servers on port 53 only, so this needs root. Where a peer judges otherwise, the table says so, and why we don't.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import peers
from unbroken._kernel import Name
from unbroken.chain import Question, Status
from unbroken.dns import rdtype as rr
from unbroken.dns import registry
from unbroken.errors import StateError
from unbroken.lab.faults import FAULTS, Fault
from unbroken.lab.run import Lab
from unbroken.lab.world import ZoneSpec, default_world

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="peers look for servers on port 53, which only root may open"),
]
needs_unbound = pytest.mark.skipif(not peers.has_unbound(), reason="unbound is not installed")
needs_delv = pytest.mark.skipif(not peers.has_delv(), reason="delv is not installed (bind9-dnsutils)")

# (peer, fault) -> the peer's verdict; behind it, why ours is another. A peer that has come round to ours is right, too.
FAULT_DIFFERENCES = {
    # RFC 5011 §2.1: a revoked key must not be used for anything but to validate its own revocation. Unbound 1.17 accepts it.
    ("unbound", "revoked-ksk"): Status.SECURE,
    ("unbound", "revoked-zsk"): Status.SECURE,
    # RFC 4034 §2.1.1: a DNSKEY with the Zone Key bit clear must not be used to verify RRSIGs. delv and named 9.18 accept one
    # that a DS leads to.
    ("delv", "no-dnskey-257"): Status.SECURE,
    # RFC 9276 §3.2: above a limit the response is insecure, above a second it may be refused. Both peers stay at insecure.
    ("unbound", "nsec3-iter-1000"): Status.INSECURE,
    ("delv", "nsec3-iter-1000"): Status.INSECURE,
}

# RFC 4035 §5.2: an algorithm that the validator does not know makes the zone insecure. (ML-DSA-44 is a draft.)
UNKNOWN_TO_PEERS = {registry.MLDSA44}

HEALTHY: tuple[tuple[str, int, Status], ...] = (
    ("alias.one.example.", rr.A, Status.SECURE),  # CNAME into another TLD
    ("near.one.example.", rr.A, Status.SECURE),
    ("chain.one.example.", rr.A, Status.SECURE),
    ("gone.one.example.", rr.A, Status.SECURE),  # CNAME to a name that is not there
    ("empty.one.example.", rr.A, Status.SECURE),  # empty non-terminals
    ("deep.empty.one.example.", rr.TXT, Status.SECURE),
    ("made.wild.one.example.", rr.A, Status.SECURE),
    ("made.wild.one.example.", rr.AAAA, Status.SECURE),  # wildcard NODATA
    ("large.one.example.", rr.TXT, Status.SECURE),  # over TCP
    ("_443._tcp.www.one.example.", rr.TLSA, Status.SECURE),
    ("www.old.dname.example.", rr.A, Status.SECURE),  # DNAME
    ("x.to-wildcard.dname.example.", rr.A, Status.SECURE),
    ("any.thing.wildcard.test.", rr.A, Status.SECURE),
    ("any.thing.wildcard3.test.", rr.A, Status.SECURE),
    ("any.thing.wildcard3.test.", rr.AAAA, Status.SECURE),
    ("nothing.sub.wildcard3.test.", rr.A, Status.SECURE),  # below an ENT, which stops the wildcard
    ("one.example.", rr.DS, Status.SECURE),
    ("unsigned.example.", rr.DS, Status.SECURE),  # NODATA, by NSEC
    ("unsigned.test.", rr.DS, Status.INSECURE),  # covered by an opt-out span (RFC 5155 §9.2)
    ("nothing-here.test.", rr.A, Status.INSECURE),
    ("nothing-here.optout.example.", rr.A, Status.INSECURE),
    ("www.unsigned.optout.example.", rr.A, Status.INSECURE),
)

# As FAULT_DIFFERENCES, for healthy questions.
HEALTHY_DIFFERENCES: dict[tuple[str, str, int], Status] = {
    # RFC 5155 §9.2: what an opt-out span covers may be an unsigned delegation, so AD must not be set. delv shows the trust
    # that the cache gives the records; named 9.18 leaves AD clear for all three.
    ("delv", "unsigned.test.", rr.DS): Status.SECURE,
    ("delv", "nothing-here.test.", rr.A): Status.SECURE,
    ("delv", "nothing-here.optout.example.", rr.A): Status.SECURE,
}


def _of_zones() -> Iterator[tuple[str, int, Status]]:
    """SOA, an address, NODATA and NXDOMAIN of every zone."""
    world = default_world()
    for spec in world.zones:
        status = Status.SECURE if world.is_secure(spec.origin) else Status.INSECURE
        stem = "" if spec.origin.is_root else str(spec.origin)
        yield str(spec.origin), rr.SOA, status
        yield f"ns1.{stem}", rr.A, status
        yield f"ns1.{stem}", rr.TXT, status
        if spec.denial.value != "opt-out":
            yield f"nothing-here.{stem}", rr.A, status


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    lab = Lab(port=53, address_prefix="127.54")
    try:
        lab.start()
    except StateError as error:
        pytest.skip(f"no lab on port 53: {error}")
    yield lab
    lab.stop()


@pytest.fixture
def broken(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Fault]:
    fault: Fault = request.param
    lab.break_zone(fault.name, fault.victim)
    yield fault
    lab.heal()


def _ours(lab: Lab, question: Question) -> Status:
    return asyncio.run(lab.resolver().resolve(question.name, question.rdtype)).status


def _question(lab: Lab, fault: Fault) -> Question:
    return fault.probe.question(lab.healthy.zones[Name(fault.victim)])


every_fault = pytest.mark.parametrize("broken", FAULTS.values(), ids=FAULTS, indirect=True)


@needs_unbound
@every_fault
def test_unbound_judges_a_fault_as_we_do(lab: Lab, broken: Fault, tmp_path: Path) -> None:
    question = _question(lab, broken)
    ours = _ours(lab, question)
    with peers.unbound(lab, tmp_path, validates=True) as port:
        theirs = peers.ask_unbound(question, port)
    assert theirs in (ours, FAULT_DIFFERENCES.get(("unbound", broken.name)))
    assert ours is broken.status


@needs_unbound
@needs_delv
@every_fault
def test_delv_judges_a_fault_as_we_do(lab: Lab, broken: Fault, tmp_path: Path) -> None:
    question = _question(lab, broken)
    with peers.unbound(lab, tmp_path, validates=False) as port:
        theirs, output = peers.ask_delv(question, port, lab)
    assert theirs in (broken.status, FAULT_DIFFERENCES.get(("delv", broken.name))), output


@pytest.fixture(scope="module")
def resolver_port(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with peers.unbound(lab, tmp_path_factory.mktemp("resolver"), validates=False) as port:
        yield port


@pytest.fixture(scope="module")
def validator_port(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with peers.unbound(lab, tmp_path_factory.mktemp("validator"), validates=True) as port:
        yield port


every_question = pytest.mark.parametrize(
    ("name", "rdtype", "status"), [*_of_zones(), *HEALTHY], ids=lambda value: getattr(value, "value", value)
)


@every_question
def test_healthy_zones_have_the_verdict_that_they_should(lab: Lab, name: str, rdtype: int, status: Status) -> None:
    assert _ours(lab, Question(Name(name), rdtype)) is status


@needs_unbound
@every_question
def test_unbound_judges_healthy_zones_as_we_do(
    lab: Lab, validator_port: int, name: str, rdtype: int, status: Status
) -> None:
    theirs = peers.ask_unbound(Question(Name(name), rdtype), validator_port)
    assert theirs in _expected("unbound", name, rdtype, status)


@needs_unbound
@needs_delv
@every_question
def test_delv_judges_healthy_zones_as_we_do(
    lab: Lab, resolver_port: int, name: str, rdtype: int, status: Status
) -> None:
    theirs, output = peers.ask_delv(Question(Name(name), rdtype), resolver_port, lab)
    assert theirs in _expected("delv", name, rdtype, status), output


def _expected(peer: str, name: str, rdtype: int, status: Status) -> tuple[Status | None, ...]:
    zone = _zone_of(Name(name))
    other = Status.INSECURE if zone.algorithm in UNKNOWN_TO_PEERS else None
    return status, HEALTHY_DIFFERENCES.get((peer, name, rdtype), other)


def _zone_of(name: Name) -> ZoneSpec:
    zones = default_world().by_origin
    while name not in zones:
        name = name.parent()
    return zones[name]

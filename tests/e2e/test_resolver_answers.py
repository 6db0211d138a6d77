"""The daemon over the lab: healthy zones get AD, every fault SERVFAIL with its Extended DNS Error, CD the data; and Unbound,
pointed at the same lab, gives the same rcode and AD."""

import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.dns_clients import ask, connected, errors, running, with_dnssec

from tests.e2e import peers
from unbroken.chain import Code, Question, Status
from unbroken.chain.catalogue import CATALOGUE
from unbroken.dns import Message, Name, registry
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede
from unbroken.errors import StateError
from unbroken.lab.faults import FAULTS, Fault, Probe
from unbroken.lab.run import Lab
from unbroken.lab.world import default_world
from unbroken.service.endpoints import Endpoint
from unbroken.service.settings import Resolve, Settings

SETTINGS = Settings(resolve=Resolve(seconds=4.0))
CD = rr.RD | rr.CD
FETCHING = (Ede.NO_REACHABLE_AUTHORITY, Ede.NETWORK_ERROR, Ede.OTHER)

# As in test_peers.py, with the reasons given there: what Unbound serves of a fault that we refuse, or the other way round.
UNBOUND_SERVES = {"revoked-ksk", "revoked-zsk", "nsec3-iter-1000"}


async def _whole(endpoint: Endpoint, wire: bytes) -> Message:
    reply = await ask(endpoint, wire)
    if not reply.is_truncated():
        return reply
    async with connected(endpoint) as connection:
        connection.send(wire)
        received = await connection.receive()
        assert received is not None
        return Message.from_wire(received)


def _question(lab: Lab, fault: Fault) -> Question:
    return fault.probe.question(lab.healthy.zones[Name(fault.victim)])


async def _ours(lab: Lab, question: Question, flags: int = rr.RD) -> Message:
    async with running(lab, SETTINGS) as daemon:
        return await _whole(*daemon.endpoints, with_dnssec(str(question.name), question.rdtype, flags=flags))


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_fault_gets_what_its_verdict_wants(signed_internet: Lab, fault: Fault) -> None:
    signed_internet.break_zone(fault.name, fault.victim)
    question = _question(signed_internet, fault)
    reply = await _ours(signed_internet, question)
    told = errors(reply)
    if fault.status is Status.SECURE:
        assert reply.flags & rr.AD and not told
        return
    assert not reply.flags & rr.AD
    if fault.status is Status.INSECURE:
        assert reply.rcode != rr.SERVFAIL
        return
    # RFC 4035 §5.5: SERVFAIL; RFC 8914: and why.
    assert reply.rcode == rr.SERVFAIL and not reply.answer and not reply.authority
    if fault.status is Status.BOGUS:
        assert set(told) == {CATALOGUE[fault.code].ede or Ede.DNSSEC_BOGUS}
        # Which link of which zone, who sent it, and when: also where the fault is what was not sent.
        assert re.search(r" \[[a-z]+ of \S+; .*from 127\.\S+ at \d{4}-\S+Z\]$", next(iter(told.values())))
    else:
        assert set(told) <= set(FETCHING) and told
    assert all(told.values())


@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS.values() if fault.status is Status.BOGUS], ids=lambda fault: fault.name
)
async def test_rfc4035_3_2_2_with_cd_a_bogus_answer_is_handed_out(signed_internet: Lab, fault: Fault) -> None:
    signed_internet.break_zone(fault.name, fault.victim)
    reply = await _ours(signed_internet, _question(signed_internet, fault), flags=CD)
    assert reply.rcode in (rr.NOERROR, rr.NXDOMAIN) and reply.flags & rr.CD and not reply.flags & rr.AD
    assert bool(reply.answer) is (fault.probe is not Probe.NO_NAME)


def _healthy() -> Iterator[tuple[str, int, bool]]:
    world = default_world()
    for spec in world.zones:
        secure = world.is_secure(spec.origin)
        stem = "" if spec.origin.is_root else str(spec.origin)
        yield str(spec.origin), rr.SOA, secure
        yield f"ns1.{stem}", rr.A, secure
        yield f"ns1.{stem}", rr.TXT, secure
        if spec.denial.value != "opt-out":
            yield f"nothing-here.{stem}", rr.A, secure
    yield "alias.one.example.", rr.A, True
    yield "gone.one.example.", rr.A, True
    yield "large.one.example.", rr.TXT, True
    yield "made.wild.one.example.", rr.AAAA, True
    yield "www.old.dname.example.", rr.A, True
    yield "nothing-here.test.", rr.A, False


async def test_healthy_zones_get_ad_and_others_do_not(signed_internet: Lab) -> None:
    wrong = []
    async with running(signed_internet, SETTINGS) as daemon:
        for name, rdtype, secure in _healthy():
            reply = await _whole(*daemon.endpoints, with_dnssec(name, rdtype))
            if bool(reply.flags & rr.AD) is not secure or reply.rcode not in (rr.NOERROR, rr.NXDOMAIN):
                wrong.append((name, rdtype, reply.rcode, errors(reply)))
    assert wrong == []


# --- beside Unbound ---------------------------------------------------------------------------------------------------

beside_unbound = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="Unbound looks for servers on port 53, which only root may open"),
    pytest.mark.skipif(not peers.has_unbound(), reason="unbound is not installed"),
]


def _with_marks(function: object) -> object:
    for mark in beside_unbound:
        function = mark(function)
    return function


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    lab = Lab(port=53, address_prefix="127.58")
    try:
        lab.start()
    except StateError as error:
        pytest.skip(f"no lab on port 53: {error}")
    yield lab
    lab.stop()


def _told(message: Message) -> tuple[int, bool, set[tuple[str, int]]]:
    """What two resolvers must agree on: rcode, AD, and the answer."""
    return message.rcode, bool(message.flags & rr.AD), {(str(r.owner).lower(), r.rdtype) for r in message.answer}


@_with_marks
def test_unbound_answers_healthy_questions_as_we_do(lab: Lab, tmp_path: Path) -> None:
    unknown = {spec.origin for spec in default_world().zones if spec.algorithm == registry.MLDSA44}
    with peers.unbound(lab, tmp_path, validates=True) as port:

        async def differences() -> list[object]:
            found: list[object] = []
            async with running(lab, SETTINGS) as daemon:
                for name, rdtype, _ in _healthy():
                    if any(Name(name).is_subdomain_of(origin) for origin in unknown):
                        continue  # RFC 4035 §5.2: Unbound does not know the algorithm, so the zone is insecure to it
                    wire = with_dnssec(name, rdtype)
                    ours, theirs = (
                        await _whole(*daemon.endpoints, wire),
                        await _whole(Endpoint("127.0.0.1", port), wire),
                    )
                    if _told(ours) != _told(theirs):
                        found.append((name, rdtype, _told(ours), _told(theirs)))
            return found

        assert asyncio.run(differences()) == []


# Of servers that are silent Unbound says nothing for longer than a client waits.
@_with_marks
@pytest.mark.parametrize(
    "fault", [f for f in FAULTS.values() if f.code is not Code.LOOKUP_FAILED], ids=lambda fault: fault.name
)
def test_unbound_answers_a_fault_as_we_do(lab: Lab, fault: Fault, tmp_path: Path) -> None:
    lab.break_zone(fault.name, fault.victim)
    try:
        question = _question(lab, fault)
        ours = asyncio.run(_ours(lab, question))
        with peers.unbound(lab, tmp_path, validates=True) as port:
            wire = with_dnssec(str(question.name), question.rdtype)
            theirs = asyncio.run(_whole(Endpoint("127.0.0.1", port), wire))
    finally:
        lab.heal()
    if fault.name in UNBOUND_SERVES and theirs.rcode != rr.SERVFAIL:
        return
    assert (ours.rcode, bool(ours.flags & rr.AD)) == (theirs.rcode, bool(theirs.flags & rr.AD))


@_with_marks
def test_unbound_hands_out_with_cd_what_we_do(lab: Lab, tmp_path: Path) -> None:
    """RFC 4035 §3.2.2: of each bogus answer the rcode and the records, which are the zone's own."""
    different = []
    for number, fault in enumerate(f for f in FAULTS.values() if f.status is Status.BOGUS):
        lab.break_zone(fault.name, fault.victim)
        question = _question(lab, fault)
        wire = with_dnssec(str(question.name), question.rdtype, flags=CD)
        ours = asyncio.run(_ours(lab, question, flags=CD))
        with peers.unbound(lab, tmp_path / str(number), validates=True) as port:
            theirs = asyncio.run(_whole(Endpoint("127.0.0.1", port), wire))
        lab.heal()
        if (ours.rcode, _told(ours)[2]) != (theirs.rcode, _told(theirs)[2]):
            different.append((fault.name, ours.rcode, _told(ours)[2], theirs.rcode, _told(theirs)[2]))
    assert different == []

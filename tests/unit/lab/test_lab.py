"""The lab itself: up, reachable, on its own clock, and gone without a trace."""

import asyncio
import json
import os
import socket
import threading
from pathlib import Path

import pytest

from unbroken._kernel import Edns, Message, Name
from unbroken.anchors import load
from unbroken.chain import Code, Status
from unbroken.dns import rdtype as rr
from unbroken.errors import StateError, UsageError
from unbroken.keys import generate_set
from unbroken.lab import files
from unbroken.lab.clock import LabClock
from unbroken.lab.run import Lab, allot_addresses
from unbroken.lab.session import find_running, joined
from unbroken.lab.world import World, ZoneSpec, default_world
from unbroken.resolving.hints import parse_hints

SMALL = World((ZoneSpec(Name(".")), ZoneSpec(Name("example."), "www A 192.0.2.1\n")))


@pytest.fixture
def own_runtime_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def _query(name: str, rdtype: int, edns: Edns | None = None) -> bytes:
    return Message(4711, 0, (Name(name), rdtype, 1), edns=edns).to_wire()


def _udp(address: str, port: int, query: bytes) -> Message:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.sendto(query, (address, port))
        return Message.from_wire(sock.recv(65535))


def test_every_zone_has_the_status_that_the_world_gives_it(signed_internet: Lab) -> None:
    world = signed_internet.world
    for spec in world.zones:
        status = Status.SECURE if world.is_secure(spec.origin) else Status.INSECURE
        assert signed_internet.check(str(spec.origin), "SOA").status is status, spec.origin


def test_a_server_answers_for_its_own_zone_only(signed_internet: Lab) -> None:
    root = signed_internet.addresses[Name.ROOT][0]
    referral = _udp(root, signed_internet.port, _query("www.one.example.", rr.A))
    assert not referral.is_authoritative() and not referral.answer
    assert referral.authority[0].owner == Name("example.")
    one = signed_internet.addresses[Name("one.example.")][1]
    assert _udp(one, signed_internet.port, _query("www.one.example.", rr.A)).is_authoritative()
    assert _udp(one, signed_internet.port, _query("www.two.example.", rr.A)).rcode == rr.REFUSED


@pytest.mark.parametrize(("edns", "limit"), [(None, 512), (Edns(512), 512), (Edns(1232), 1232), (Edns(65000), 1232)])
def test_a_udp_reply_is_cut_at_what_the_client_takes(signed_internet: Lab, edns: Edns | None, limit: int) -> None:
    address = signed_internet.addresses[Name("one.example.")][0]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.sendto(_query("large.one.example.", rr.TXT, edns), (address, signed_internet.port))
        wire = sock.recv(65535)
    assert len(wire) <= limit
    assert Message.from_wire(wire).is_truncated()


def test_several_queries_share_one_tcp_connection(signed_internet: Lab) -> None:
    """RFC 7766 §6.2.1, §8."""
    address = signed_internet.addresses[Name("one.example.")][0]
    query = _query("large.one.example.", rr.TXT)
    with socket.create_connection((address, signed_internet.port), timeout=5) as sock:
        sock.sendall((len(query).to_bytes(2, "big") + query) * 2)
        with sock.makefile("rb") as stream:
            for _ in range(2):
                reply = Message.from_wire(stream.read(int.from_bytes(stream.read(2), "big")))
                assert len(reply.answer[0]) == 16


def test_garbage_does_not_end_a_server(signed_internet: Lab) -> None:
    address = signed_internet.addresses[Name("one.example.")][0]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for garbage in (b"", b"\x00", os.urandom(11), os.urandom(500), b"\xff" * 12):
            sock.sendto(garbage, (address, signed_internet.port))
    with socket.create_connection((address, signed_internet.port), timeout=5) as sock:
        sock.sendall(b"\xff\xff" + os.urandom(30))
    assert signed_internet.check("www.one.example").status is Status.SECURE


def test_signatures_expire_by_the_clock_of_the_lab(signed_internet: Lab) -> None:
    signed_internet.clock.advance(13 * 86400)
    assert signed_internet.check("www.one.example").status is Status.SECURE
    signed_internet.clock.advance(2 * 86400)
    reason = signed_internet.check("www.one.example").reason
    assert reason is not None and reason.code is Code.SIGNATURE_EXPIRED


def test_faults_count_their_times_from_the_clock_of_the_lab() -> None:
    with Lab(SMALL, clock=LabClock()) as lab:
        lab.clock.set(2_000_000_000)
        lab.sign_anew()
        assert lab.check("www.example").status is Status.SECURE
        lab.break_zone("rrsig-not-yet-a", "example")
        reason = lab.check("www.example").reason
        assert reason is not None and reason.code is Code.SIGNATURE_NOT_YET_VALID


def test_zones_are_signed_anew_with_other_keys_when_those_are_given() -> None:
    with Lab(SMALL) as lab:
        before = lab.anchors
        lab.sign_anew({Name.ROOT: generate_set(Name.ROOT), Name("example."): generate_set(Name("example."))})
        assert lab.check("www.example").status is Status.SECURE and lab.anchors != before


async def test_the_lab_serves_coroutines(signed_internet: Lab) -> None:
    chains = await asyncio.gather(*(signed_internet.check_async(f"www.{zone}.example") for zone in ("one", "two")))
    assert [chain.status for chain in chains] == [Status.SECURE, Status.SECURE]


def test_hints_and_anchors_on_disk_are_those_of_the_lab(signed_internet: Lab) -> None:
    directory = signed_internet.directory
    assert parse_hints((directory / files.HINTS).read_text()) == signed_internet.hints
    now = signed_internet.clock.now()
    for name in (files.ANCHOR, files.BIND_KEYS):
        assert load(directory / name, now=now)[Name.ROOT].dses == signed_internet.anchors[Name.ROOT].dses
    assert len(list((directory / "zones").iterdir())) == len(signed_internet.world.zones)


def test_nothing_is_left_when_it_ends(own_runtime_directory: Path) -> None:
    threads = set(threading.enumerate())
    with Lab(SMALL, announce=True) as lab:
        directory, port, address = lab.directory, lab.port, lab.addresses[Name.ROOT][0]
        assert find_running() is not None
    assert not directory.exists()
    assert set(threading.enumerate()) == threads
    assert find_running() is None and not files.state_path().exists()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address, port))


def test_nothing_is_left_when_it_can_not_start() -> None:
    bad = World((ZoneSpec(Name(".")), ZoneSpec(Name("example."), "www A not-an-address\n")))
    with pytest.raises(Exception, match="bad rdata"):
        Lab(bad).start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        address = allot_addresses(SMALL, "127.55")[Name.ROOT][0]
        sock.bind((address, 0))
        port = sock.getsockname()[1]
        with pytest.raises(StateError, match="another program has it"):
            Lab(SMALL, port=port, address_prefix="127.55").start()
    assert not [thread for thread in threading.enumerate() if thread.name == "unbroken-lab" and not thread.daemon]


def test_a_directory_that_was_asked_for_stays(tmp_path: Path) -> None:
    with Lab(SMALL, directory=tmp_path / "lab"):
        pass
    assert (tmp_path / "lab" / files.HINTS).exists()


def test_two_labs_run_side_by_side() -> None:
    with Lab(SMALL) as first, Lab(SMALL) as second:
        assert first.port != second.port
        assert first.check("www.example").status is second.check("www.example").status is Status.SECURE


async def test_joined_finds_the_running_lab_and_its_clock(own_runtime_directory: Path) -> None:
    clock = LabClock()
    clock.set(1_900_000_000)
    async with Lab(SMALL, announce=True, clock=clock) as lab, joined() as session:
        assert (session.port, session.hints, session.anchors) == (lab.port, lab.hints, lab.anchors)
        assert session.now is not None and abs(session.now - clock.now()) <= 1
        assert (await session.resolver().resolve(Name("www.example."), rr.A)).status is Status.SECURE


async def test_joined_starts_a_lab_when_none_runs(own_runtime_directory: Path) -> None:
    async with joined() as session:
        assert session.now is None
        assert (await session.resolver().resolve(Name("www.one.example."), rr.A)).status is Status.SECURE


@pytest.mark.parametrize("note", ["", "{", "[]", '{"version": 2}', '{"version": 1, "pid": "x"}', "[" * 100_000])
def test_a_note_that_makes_no_sense_is_no_lab(own_runtime_directory: Path, note: str) -> None:
    files.state_path().write_text(note)
    assert find_running() is None


def test_the_note_of_a_lab_that_is_gone_is_no_lab(own_runtime_directory: Path) -> None:
    files.write_state(files.State(1, 9, ("127.53.1.1",), "", "/nowhere"))
    assert json.loads(files.state_path().read_text())["version"] == 1
    assert find_running() is None


@pytest.mark.parametrize("prefix", ["10.0", "127", "127.0.0", "x.y", "127.256", ""])
def test_addresses_outside_loopback_are_refused(prefix: str) -> None:
    with pytest.raises(UsageError):
        Lab(SMALL, address_prefix=prefix)


def test_a_lab_that_does_not_run_says_so() -> None:
    lab = Lab(SMALL)
    with pytest.raises(StateError, match="not been started"):
        _ = lab.port
    with lab, pytest.raises(StateError, match="running already"):
        lab.start()
    with pytest.raises(StateError, match="not running"):
        lab.heal()


def test_the_default_world_holds_what_it_promises() -> None:
    world = default_world()
    assert {spec.algorithm for spec in world.zones} == {None, 8, 10, 13, 14, 15, 16, 18}
    assert {spec.denial.value for spec in world.zones} == {"nsec", "nsec3", "opt-out"}
    assert [spec.origin for spec in world.zones if spec.origin.label_count == 1] == [Name("example."), Name("test.")]

"""The trust anchors of a daemon that runs: a key roll of the root, negative anchors, and what outlives a restart."""

import asyncio
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.dns_clients import ask, ground_of, running, with_dnssec

from unbroken.anchors import rfc5011
from unbroken.anchors.keytags import parse_query_name
from unbroken.anchors.rfc5011 import KeyState
from unbroken.anchors.store import TrustAnchors
from unbroken.dns import Message, Name
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError
from unbroken.keys import ZoneKey, generate, tags_in_use
from unbroken.lab.run import Lab
from unbroken.resolving.transport import Server
from unbroken.service.anchor_watch import AnchorWatch
from unbroken.service.control_socket import call
from unbroken.service.daemon import Daemon
from unbroken.service.ground import Counting
from unbroken.service.log import Log
from unbroken.service.settings import Control, Resolve, Settings

DAY = 86_400
SOON = 7_200  # seconds: later than the lab's root is to be looked at again, its TTL being short
ONE = Name("one.example.")


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A lab of its own: its root rolls, and its clock goes on for months."""
    with Lab(address_prefix="127.61") as lab:
        yield lab


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def _settings(path: Path, **control: Any) -> Settings:
    settings = Settings(control=Control(socket="none"), resolve=Resolve(anchor_state=str(path)))
    return replace(settings, control=replace(settings.control, **control))


def _states(daemon: Daemon) -> dict[int, KeyState]:
    (point,) = daemon.anchors.points
    assert point.owner.is_root
    return {key.dnskey.key_tag: key.state for key in point.keys}


async def _later(lab: Lab, daemon: Daemon, seconds: int, *keys: ZoneKey) -> dict[int, KeyState]:
    """The states of the root's keys after a look so many seconds later, when its keys are these."""
    lab.clock.advance(seconds)
    lab.sign_anew({Name.ROOT: keys})
    daemon.resolver.flush()
    await daemon.anchors.look()
    return _states(daemon)


def _keys(lab: Lab) -> tuple[ZoneKey, ZoneKey, ZoneKey]:
    """The root's KSK, the one that it is to roll to, and its ZSK."""
    old, zsk = lab.healthy.root.keys
    avoid = tags_in_use([old.dnskey, zsk.dnskey])
    return old, generate(Name.ROOT, old.algorithm, secure_entry_point=True, avoid=avoid), zsk


async def _is_secure(daemon: Daemon) -> bool:
    daemon.forget(Name.ROOT, tree=True)
    return bool((await ask(*daemon.endpoints, with_dnssec("www.one.example."))).flags & rr.AD)


# --- RFC 5011 ---------------------------------------------------------------------------------------------------------


async def test_rfc5011_the_root_rolls_its_key_and_the_daemon_follows_over_a_restart(
    lab: Lab, tmp_path: Path, stream: io.StringIO
) -> None:
    old, new, zsk = _keys(lab)
    anchor = tmp_path / "root.anchor"
    anchor.write_text((lab.directory / "root.anchor").read_text())
    settings = _settings(tmp_path / "state.json")
    settings = replace(settings, resolve=replace(settings.resolve, anchors=(str(anchor),)))
    async with running(lab, settings, Log(lab.clock, stream)) as daemon:
        assert await _later(lab, daemon, 0, old, zsk) == {old.key_tag: KeyState.VALID}
        pending = {old.key_tag: KeyState.VALID, new.key_tag: KeyState.ADD_PENDING}
        assert await _later(lab, daemon, SOON, old, new, zsk) == pending
        assert await _later(lab, daemon, 29 * DAY, old, new, zsk) == pending
    async with running(lab, settings, Log(lab.clock, stream)) as daemon:
        assert _states(daemon) == pending
        both = {old.key_tag: KeyState.VALID, new.key_tag: KeyState.VALID}
        assert await _later(lab, daemon, DAY + SOON, old, new, zsk) == both
        revoked = old.revoked()
        states = await _later(lab, daemon, SOON, revoked, new, zsk)
        assert states == {old.key_tag: KeyState.REVOKED, new.key_tag: KeyState.VALID}
        assert await _is_secure(daemon)
        lab.sign_anew({Name.ROOT: (new, zsk)})
        assert await _is_secure(daemon)
    told = stream.getvalue()
    for before, after, because in (
        ("start", "valid", "configured"),
        ("start", "add-pending", "new-key"),
        ("add-pending", "valid", "add-time"),
        ("valid", "revoked", "revoke-bit"),
    ):
        assert f"before={before} after={after} because={because}" in told
    # What is configured is the key that is revoked now: the state file comes first.
    async with running(lab, settings) as daemon:
        assert await _is_secure(daemon)
    async with running(lab, replace(settings, resolve=replace(settings.resolve, anchor_state=""))) as daemon:
        assert not await _is_secure(daemon)


async def test_without_a_state_file_a_roll_breaks_everything(lab: Lab) -> None:
    async with running(lab) as daemon:
        assert await _is_secure(daemon) and not daemon.anchors.points
        lab.break_zone("anchor-rolled", ".")
        await daemon.anchors.look()
        daemon.forget(Name.ROOT, tree=True)
        assert (await ask(*daemon.endpoints, with_dnssec("www.one.example."))).rcode == rr.SERVFAIL


async def test_rfc5011_a_key_that_no_trusted_key_signed_is_not_taken_up(lab: Lab, tmp_path: Path) -> None:
    old, forged, zsk = _keys(lab)
    async with running(lab, _settings(tmp_path / "state.json")) as daemon:
        await _later(lab, daemon, 0, old, zsk)
        assert await _later(lab, daemon, SOON, forged, zsk) == {old.key_tag: KeyState.VALID}
        assert daemon.anchors.points[0].timers.failures == 1
        assert not await _is_secure(daemon)


async def test_rfc5011_looks_are_made_without_being_asked_for_and_kept(
    lab: Lab, tmp_path: Path, stream: io.StringIO
) -> None:
    path = tmp_path / "state.json"
    old, new, zsk = _keys(lab)
    async with running(
        lab, _settings(path, negative_recheck_seconds=0.05), Log(lab.clock, stream, as_json=True)
    ) as daemon:
        while _states(daemon) != {old.key_tag: KeyState.VALID}:
            await asyncio.sleep(0.01)
        lab.clock.advance(SOON)
        lab.sign_anew({Name.ROOT: (old, new, zsk)})
        while _states(daemon).get(new.key_tag) is not KeyState.ADD_PENDING:
            await asyncio.sleep(0.01)
        assert rfc5011.load(path) == daemon.anchors.points
    (line,) = [line for line in map(json.loads, stream.getvalue().splitlines()) if line.get("after") == "add-pending"]
    assert line["event"] == "anchor-key" and line["zone"] == "." and line["key_tag"] == new.key_tag


async def test_rfc8145_the_root_is_told_which_keys_are_trusted(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Name, int]] = []
    exchange = Counting.exchange

    async def noting(self: Counting, server: Server, query: bytes, **how: Any) -> bytes:
        question = Message.from_wire(query).question
        assert question is not None
        asked.append(question[:2])
        return await exchange(self, server, query, **how)

    monkeypatch.setattr(Counting, "exchange", noting)
    async with running(lab, _settings(tmp_path / "state.json")) as daemon:
        await daemon.anchors.look()
    signals = {parse_query_name(name) for name, rdtype in asked if rdtype == 10}
    assert signals == {(Name.ROOT, (lab.healthy.root.keys[0].key_tag,))}


async def test_what_changed_is_in_the_file_before_it_is_trusted(lab: Lab, tmp_path: Path, stream: io.StringIO) -> None:
    path = tmp_path / "state.json"
    kept: list[tuple[bool, tuple[Name, ...]]] = []

    def changed(anchors: TrustAnchors, concerned: tuple[Name, ...]) -> None:
        in_file = [anchor for point in rfc5011.load(path) if (anchor := point.anchor) is not None]
        kept.append((TrustAnchors(in_file) == anchors, concerned))

    settings, ground = _settings(path), ground_of(lab)
    watch = AnchorWatch(
        settings, ground, Log(lab.clock, stream), changed, lambda anchors: lab.resolver(anchors=anchors)
    )
    await watch.look()
    assert kept == [(True, (Name.ROOT,))]


@pytest.mark.parametrize("text", ["", "{}", "[" * 10_000, '{"format": "unbroken-trust-points", "checksum": ""}'])
def test_a_damaged_state_file_stops_the_start(signed_internet: Lab, tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"state\.json"):
        Daemon(_settings(path), ground_of(signed_internet))
    with pytest.raises(InputError, match=r"state\.json"):
        Daemon(_settings(tmp_path / "none", negatives=str(path)), ground_of(signed_internet))
    assert path.read_text() == text


async def test_a_state_that_can_t_be_written_is_told_once_and_counts_all_the_same(
    lab: Lab, tmp_path: Path, stream: io.StringIO
) -> None:
    folder = tmp_path / "later"
    old, new, zsk = _keys(lab)
    settings = _settings(folder / "state.json")
    async with running(lab, settings, Log(lab.clock, stream), lambda: settings) as daemon:
        await _later(lab, daemon, 0, old, zsk)
        await _later(lab, daemon, SOON, old, new, zsk)
        assert stream.getvalue().count("event=anchors-not-kept") == 1
        # Nor does a reload fall back behind what is known.
        daemon.reload()
        assert _states(daemon)[new.key_tag] is KeyState.ADD_PENDING
        folder.mkdir()
        await daemon.anchors.look()
        assert rfc5011.load(folder / "state.json") == daemon.anchors.points


async def test_an_error_while_looking_is_a_line_of_the_log_and_no_end(
    signed_internet: Lab, tmp_path: Path, stream: io.StringIO
) -> None:
    hints = tmp_path / "root.hints"
    hints.write_text((signed_internet.directory / "root.hints").read_text())
    settings = _settings(tmp_path / "state.json", negative_recheck_seconds=0.05)
    settings = replace(settings, resolve=replace(settings.resolve, hints=str(hints)))
    async with running(signed_internet, settings, Log(signed_internet.clock, stream)) as daemon:
        hints.unlink()
        while "event=anchors-not-looked-at" not in stream.getvalue():
            await asyncio.sleep(0.01)
            daemon.anchors.add(ONE, 60, "so that something is due")
        hints.write_text((signed_internet.directory / "root.hints").read_text())
        while not _states(daemon):
            await asyncio.sleep(0.01)
    assert "root.hints" in stream.getvalue()


async def test_reload_takes_other_trust_points_and_keeps_those_it_has(lab: Lab, tmp_path: Path) -> None:
    anchor = tmp_path / "anchor"
    anchor.write_text((lab.directory / "root.anchor").read_text())
    first = _settings(tmp_path / "state.json")
    first = replace(first, resolve=replace(first.resolve, anchors=(str(anchor),)))
    wanted = [first]
    old, new, zsk = _keys(lab)
    async with running(lab, first, load=lambda: wanted[0]) as daemon:
        await _later(lab, daemon, 0, old, zsk)
        before = await _later(lab, daemon, SOON, old, new, zsk)
        anchor.write_text(anchor.read_text() + f"two.example. DS 1 13 2 {'00' * 32}\n")
        daemon.reload()
        root, two = daemon.anchors.points
        assert {key.dnskey.key_tag: key.state for key in root.keys} == before and two.owner == Name("two.example.")
        assert set(daemon.resolver.anchors) == {Name.ROOT, Name("two.example.")}
        wanted[0] = replace(first, resolve=replace(first.resolve, anchor_state=""))
        daemon.reload()
        assert not daemon.anchors.points and set(daemon.resolver.anchors) == {Name.ROOT, Name("two.example.")}


async def test_status_shows_the_keys_of_trust_points(lab: Lab, tmp_path: Path) -> None:
    old, new, zsk = _keys(lab)
    path = str(tmp_path / "control.sock")
    async with running(lab, _settings(tmp_path / "state.json", socket=path)) as daemon:
        await _later(lab, daemon, 0, old, zsk)
        await _later(lab, daemon, SOON, old, new, zsk)
        (point,) = (await asyncio.to_thread(call, path, {"command": "status"}))["trust_points"]
        assert point["zone"] == "." and point["digests"] == [] and point["failed_looks"] == 0
        first, second = point["keys"]
        assert (first["key_tag"], first["state"], first["trusted_from"]) == (old.key_tag, "valid", None)
        assert (second["key_tag"], second["state"]) == (new.key_tag, "add-pending") and second["trusted_from"]


# --- negative anchors over a restart ----------------------------------------------------------------------------------


async def test_a_negative_anchor_outlives_a_restart_but_not_its_time(signed_internet: Lab, tmp_path: Path) -> None:
    signed_internet.break_zone("rrsig-exp-a", "one.example")
    path = tmp_path / "negatives.json"
    settings = Settings(control=Control(socket="none", negatives=str(path)))
    async with running(signed_internet, settings) as daemon:
        daemon.anchors.add(ONE, 600, "x")
        daemon.anchors.add(Name("two.example."), 60, "y")
    signed_internet.clock.advance(61)
    async with running(signed_internet, settings) as daemon:
        assert [anchor.owner for anchor in daemon.anchors.negatives] == [ONE]
        assert (await ask(*daemon.endpoints, with_dnssec("www.one.example."))).rcode == rr.NOERROR
        daemon.anchors.remove(ONE)
    assert json.loads(path.read_text())["negative_anchors"] == []
    async with running(signed_internet, settings) as daemon:
        assert (await ask(*daemon.endpoints, with_dnssec("www.one.example."))).rcode == rr.SERVFAIL


async def test_a_negative_anchor_that_can_t_be_kept_is_in_force_all_the_same(
    signed_internet: Lab, tmp_path: Path, stream: io.StringIO
) -> None:
    settings = Settings(control=Control(socket="none", negatives=str(tmp_path / "none" / "negatives.json")))
    async with running(signed_internet, settings, Log(signed_internet.clock, stream)) as daemon:
        daemon.anchors.add(ONE, 600, "x")
        assert not (await ask(*daemon.endpoints, with_dnssec("www.one.example."))).flags & rr.AD
    assert "event=anchors-not-kept" in stream.getvalue()


async def test_one_that_ended_is_told_and_makes_room_for_another(signed_internet: Lab, stream: io.StringIO) -> None:
    async with running(signed_internet, log=Log(signed_internet.clock, stream)) as daemon:
        daemon.anchors.add(ONE, 60, "x")
        signed_internet.clock.advance(61)
        assert daemon.anchors.negatives == ()
        daemon.anchors.add(Name("two.example."), 60, "y")
        assert [anchor.owner for anchor in daemon.resolver.anchors.negatives] == [Name("two.example.")]
    assert "the negative trust anchor at one.example. has ended: x" in stream.getvalue()


async def test_a_negative_anchor_over_the_root_s_keys_does_not_hinder_a_look(lab: Lab, tmp_path: Path) -> None:
    old, new, zsk = _keys(lab)
    async with running(lab, _settings(tmp_path / "state.json")) as daemon:
        await _later(lab, daemon, 0, old, zsk)
        daemon.anchors.add(Name("example."), 600, "x")
        assert (await _later(lab, daemon, SOON, old, new, zsk))[new.key_tag] is KeyState.ADD_PENDING

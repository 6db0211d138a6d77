"""The control socket and its commands, against a daemon over the lab."""

import asyncio
import io
import json
import os
import socket
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.dns_clients import ask, errors, running, with_dnssec

from unbroken.chain import Status
from unbroken.chain.json_reader import chain_from_json
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede
from unbroken.errors import InputError, StateError
from unbroken.lab.run import Lab
from unbroken.service.clients import Gate
from unbroken.service.control_socket import bind, call, default_path
from unbroken.service.log import Log
from unbroken.service.readers import network_of
from unbroken.service.settings import Cache, Clients, Control, Settings, Tcp


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "control.sock")


def _settings(path: str, **control: Any) -> Settings:
    return Settings(control=Control(socket=path, **control))


async def _call(path: str, command: str, **fields: object) -> dict[str, Any]:
    return await asyncio.to_thread(call, path, {"command": command, **fields})


# --- the socket -------------------------------------------------------------------------------------------------------


def test_only_its_owner_may_open_it(path: str) -> None:
    with bind(path):
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600


def test_one_that_was_left_behind_is_replaced(path: str) -> None:
    bind(path).close()
    assert Path(path).exists()
    bind(path).close()


def test_one_that_is_served_or_no_socket_at_all_is_left_alone(path: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with bind(path):
        with pytest.raises(StateError, match="a daemon that runs has it"):
            bind(path)
        with pytest.raises(StateError):
            bind(str(tmp_path / "file"))
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("wrong", ["x" * 108, "a\0b"])
def test_an_impossible_path_is_told(wrong: str) -> None:
    with pytest.raises(InputError):
        bind(wrong)


def test_the_default_is_in_the_runtime_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert default_path() == str(tmp_path / "unbroken-control.sock")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = Path(default_path(make=True))
    assert made == tmp_path / f"unbroken-{os.getuid()}" / "control.sock" and made.parent.stat().st_mode & 0o777 == 0o700
    made.parent.chmod(0o777)
    with pytest.raises(StateError, match="not yours alone"):
        default_path()


def test_without_a_daemon_the_client_says_so(path: str) -> None:
    with pytest.raises(StateError, match="no resolver listens there"):
        call(path, {})


@pytest.mark.parametrize(
    "line", [b"x\n", b"[1]\n", b"[" * 10_000 + b"\n", b'{"command": 1}\n', b'{"command": "flush"}\n']
)
async def test_what_is_no_request_is_refused_and_the_connection_stays(
    signed_internet: Lab, path: str, line: bytes
) -> None:
    async with running(signed_internet, _settings(path)):
        reader, writer = await asyncio.open_unix_connection(path)
        for sent, is_good in ((line, False), (b'{"command": "stats"}\n', True)):
            writer.write(sent)
            assert json.loads(await reader.readline())["ok"] is is_good
        writer.close()


async def test_a_line_without_end_closes_the_connection(signed_internet: Lab, path: str) -> None:
    async with running(signed_internet, _settings(path)):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"x" * 200_000)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
        assert (await _call(path, "stats"))["ok"]


async def test_the_socket_goes_with_the_daemon(signed_internet: Lab, path: str) -> None:
    async with running(signed_internet, _settings(path)) as daemon:
        assert daemon.control_path == path
        with pytest.raises(StateError), socket.socket():
            bind(path)
    assert not Path(path).exists()


# --- commands ---------------------------------------------------------------------------------------------------------


async def test_status_and_stats_tell_what_there_is(signed_internet: Lab, path: str) -> None:
    async with running(signed_internet, _settings(path)) as daemon:
        await ask(*daemon.endpoints, with_dnssec("www.one.example."))
        status = await _call(path, "status")
        assert status["pid"] == os.getpid() and status["anchors"] == ["."] and status["asks"] == "the lab"
        assert (
            status["listens"] == [str(daemon.endpoints[0])] and status["answers"] == 1 and status["answer_octets"] > 0
        )
        stats = (await _call(path, "stats"))["stats"]
        assert stats["queries"] == {"udp": 1} and stats["statuses"] == {"secure": 1} and stats["upstream"]["udp"] > 3


async def test_explain_gives_the_chain_behind_the_answer_in_the_cache(signed_internet: Lab, path: str) -> None:
    async with running(signed_internet, _settings(path)) as daemon:
        await ask(*daemon.endpoints, with_dnssec("www.one.example."))
        signed_internet.break_zone("rrsig-exp-a", "one.example")
        kept = await _call(path, "explain", name="www.one.example", type="A")
        assert kept["was_kept"] and kept["ad"] and kept["rcode"] == "NOERROR" and 0 < kept["seconds_left"] <= 300
        chain = chain_from_json(kept["chain"])
        kept_now = daemon.answers.get(chain.question)
        assert kept_now is not None and chain == kept_now.resolution.chain and chain.status is Status.SECURE
        await _call(path, "flush", name="www.one.example")
        anew = await _call(path, "explain", name="www.one.example")
        assert not anew["was_kept"] and anew["rcode"] == "SERVFAIL"
        assert [error["code"] for error in anew["errors"]] == [Ede.SIGNATURE_EXPIRED]


@pytest.mark.parametrize(
    "fields",
    [{"name": "a..b"}, {"name": 1}, {"name": "a", "type": "NONE"}, {"name": "a", "type": "TSIG"}, {"name": "a.onion"}],
)
async def test_explain_refuses_what_is_no_question(signed_internet: Lab, path: str, fields: dict[str, object]) -> None:
    async with running(signed_internet, _settings(path)):
        with pytest.raises(StateError, match="refuses"):
            await _call(path, "explain", **fields)


@pytest.mark.parametrize(
    ("name", "tree", "is_forgotten"),
    [("www.two.test", False, True), ("test", True, True), ("test", False, False), (".", True, True)],
)
async def test_flush_makes_the_next_question_be_asked_anew(
    signed_internet: Lab, path: str, name: str, tree: bool, is_forgotten: bool
) -> None:
    async with running(signed_internet, _settings(path)) as daemon:
        (endpoint,) = daemon.endpoints
        await ask(endpoint, with_dnssec("www.two.test."))
        await ask(endpoint, with_dnssec("nothing-here.one.example."))
        await _call(path, "flush", name=name, tree=tree)
        before = sum(daemon.stats.upstream.values())
        await ask(endpoint, with_dnssec("www.two.test."))
        assert (sum(daemon.stats.upstream.values()) > before) is is_forgotten


async def test_a_name_that_was_denied_is_there_after_a_flush(signed_internet: Lab, path: str) -> None:
    """What was proven not to exist is forgotten too, in the cache of denials (RFC 8198) as anywhere."""
    async with running(signed_internet, _settings(path)) as daemon:
        (endpoint,) = daemon.endpoints
        await ask(endpoint, with_dnssec("nothing-here.one.example."))
        assert (await ask(endpoint, with_dnssec("nothing-hero.one.example."))).rcode == rr.NXDOMAIN
        before = sum(daemon.stats.upstream.values())
        await _call(path, "flush", name="nothing-hero.one.example")
        await ask(endpoint, with_dnssec("nothing-hero.one.example."))
        assert sum(daemon.stats.upstream.values()) > before


async def test_stop_ends_it(signed_internet: Lab, path: str) -> None:
    async with running(signed_internet, _settings(path)) as daemon:
        assert not daemon.ended.is_set()
        await _call(path, "stop")
        assert daemon.ended.is_set()


# --- negative trust anchors -------------------------------------------------------------------------------------------


async def test_rfc7646_a_negative_anchor_lets_a_broken_zone_through_with_ede_33(
    signed_internet: Lab, path: str
) -> None:
    signed_internet.break_zone("rrsig-exp-a", "one.example")
    async with running(signed_internet, _settings(path)) as daemon:
        (endpoint,) = daemon.endpoints
        assert (await ask(endpoint, with_dnssec("www.one.example."))).rcode == rr.SERVFAIL
        await _call(path, "nta-add", name="one.example", seconds=600, reason="ticket 4711")
        through = await ask(endpoint, with_dnssec("www.one.example."))
        assert through.rcode == rr.NOERROR and through.answer and not through.flags & rr.AD
        assert "ticket 4711" in errors(through)[Ede.NEGATIVE_TRUST_ANCHOR]
        assert (await ask(endpoint, with_dnssec("www.two.example."))).flags & rr.AD
        (listed,) = (await _call(path, "nta-list"))["negative_anchors"]
        assert listed["name"] == "one.example." and listed["reason"] == "ticket 4711"
        await _call(path, "nta-remove", name="one.example")
        assert (await ask(endpoint, with_dnssec("www.one.example."))).rcode == rr.SERVFAIL
        assert (await _call(path, "nta-list"))["negative_anchors"] == []


async def test_rfc7646_a_negative_anchor_ends_with_its_time(signed_internet: Lab, path: str) -> None:
    signed_internet.break_zone("rrsig-exp-a", "one.example")
    async with running(signed_internet, _settings(path)) as daemon:
        (endpoint,) = daemon.endpoints
        await _call(path, "nta-add", name="one.example", seconds=60, reason="x")
        assert (await ask(endpoint, with_dnssec("www.one.example."))).rcode == rr.NOERROR
        signed_internet.clock.advance(61)
        assert (await ask(endpoint, with_dnssec("www.one.example."))).rcode == rr.SERVFAIL
        assert (await _call(path, "nta-list"))["negative_anchors"] == []


async def test_rfc7646_a_negative_anchor_is_lifted_when_the_zone_validates_again(
    signed_internet: Lab, path: str
) -> None:
    signed_internet.break_zone("ds-bogus-digest-value", "one.example")
    stream = io.StringIO()
    settings = _settings(path, negative_recheck_seconds=0.1)
    async with running(signed_internet, settings, Log(signed_internet.clock, stream)) as daemon:
        await _call(path, "nta-add", name="one.example", seconds=600, reason="x")
        await asyncio.sleep(0.5)
        assert len(daemon.anchors.negatives) == 1
        signed_internet.heal()
        while len(daemon.anchors.negatives):
            await asyncio.sleep(0.01)
        assert (await ask(*daemon.endpoints, with_dnssec("www.one.example."))).flags & rr.AD
        while "negative-anchor-lifted name=one.example." not in stream.getvalue():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ".", "reason": "x"},
        {"name": "one.example", "reason": " "},
        {"name": "one.example", "reason": "x" * 201},
        {"name": "one.example", "reason": "x", "seconds": 0},
        {"name": "one.example", "reason": "x", "seconds": 8 * 86_400},
        {"name": "one.example", "reason": "x", "seconds": True},
        {"name": "one.example", "reason": 1},
    ],
)
async def test_a_negative_anchor_needs_a_zone_a_reason_and_an_end(
    signed_internet: Lab, path: str, fields: dict[str, object]
) -> None:
    async with running(signed_internet, _settings(path)) as daemon:
        with pytest.raises(StateError, match="refuses"):
            await _call(path, "nta-add", **fields)
        with pytest.raises(StateError, match="refuses"):
            await _call(path, "nta-remove", name="one.example")
        assert len(daemon.anchors.negatives) == 0


# --- reload -----------------------------------------------------------------------------------------------------------


async def test_reload_takes_what_it_can_and_says_what_waits(signed_internet: Lab, path: str) -> None:
    first = _settings(path)
    wanted = [replace(first, clients=Clients(allow=(network_of("192.0.2.0/24"),)), tcp=Tcp(connections=1))]
    async with running(signed_internet, first, load=lambda: wanted[0]) as daemon:
        (endpoint,) = daemon.endpoints
        await ask(endpoint, with_dnssec("www.one.example."))
        assert (await _call(path, "reload"))["restart_needed_for"] == ["listen", "tcp"]  # the test's port is any
        assert (await ask(endpoint, with_dnssec("www.one.example."))).rcode == rr.REFUSED
        assert len(daemon.answers) == 1
        wanted[0] = replace(first, cache=Cache(answers=10))
        await _call(path, "reload")
        assert len(daemon.answers) == 0
        assert (await ask(endpoint, with_dnssec("www.one.example."))).flags & rr.AD


async def test_reload_keeps_negative_anchors_and_reads_anchors_anew(
    signed_internet: Lab, path: str, tmp_path: Path
) -> None:
    anchor = tmp_path / "anchor"
    anchor.write_text((signed_internet.directory / "root.anchor").read_text())
    first = _settings(path)
    settings = replace(first, resolve=replace(first.resolve, anchors=(str(anchor),)))
    async with running(signed_internet, settings, load=lambda: settings) as daemon:
        (endpoint,) = daemon.endpoints
        await _call(path, "nta-add", name="one.example", seconds=600, reason="x")
        assert (await ask(endpoint, with_dnssec("www.two.example."))).flags & rr.AD
        anchor.write_text(f". DS 1 13 2 {'00' * 32}\n")
        await _call(path, "reload")
        assert (await ask(endpoint, with_dnssec("www.two.example."))).rcode == rr.SERVFAIL
        assert (await ask(endpoint, with_dnssec("www.one.example."))).rcode == rr.NOERROR
        assert len(daemon.anchors.negatives) == 1


async def test_a_reload_that_fails_changes_nothing(signed_internet: Lab, path: str) -> None:
    first = _settings(path)
    broken = replace(first, clients=Clients(allow=()), resolve=replace(first.resolve, anchors=("/none/such.anchor",)))
    async with running(signed_internet, first, load=lambda: broken) as daemon:
        gate: Gate = daemon.gate
        with pytest.raises(StateError, match="none/such"):
            await _call(path, "reload")
        assert daemon.gate is gate
        assert (await ask(*daemon.endpoints, with_dnssec("www.one.example."))).flags & rr.AD


# --- the log of broken links ------------------------------------------------------------------------------------------


async def test_each_new_break_is_one_line(signed_internet: Lab) -> None:
    signed_internet.break_zone("rrsig-exp-a", "one.example")
    stream = io.StringIO()
    async with running(signed_internet, log=Log(signed_internet.clock, stream, as_json=True)) as daemon:
        (endpoint,) = daemon.endpoints
        for _ in range(3):
            await ask(endpoint, with_dnssec("www.one.example."))
            daemon.answers.clear()
        (line,) = stream.getvalue().splitlines()
        told = json.loads(line)
        assert told["event"] == "bogus" and told["name"] == "www.one.example." and told["type"] == "A"
        assert told["zone"] == "one.example." and told["link"] == "data" and told["code"] == "SIGNATURE_EXPIRED"
        assert told["ede"] == 7 and told["key_tags"] and told["server"].startswith("127.") and "expired" in told["what"]
        signed_internet.break_zone("ds-bogus-digest-value", "two.example")
        daemon.forget(Name.ROOT, tree=True)
        await ask(endpoint, with_dnssec("www.two.example."))
        assert [json.loads(line)["zone"] for line in stream.getvalue().splitlines()] == ["one.example.", "two.example."]

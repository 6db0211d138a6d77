"""`unbroken control`, against a daemon in this process."""

import asyncio
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.dns_clients import ask, running, with_dnssec

from unbroken.dns import rdtype as rr
from unbroken.lab.run import Lab
from unbroken.service.log import Log
from unbroken.service.settings import Control, Resolve, Settings

Run = Callable[..., tuple[int, str, str]]


async def test_it_shows_explains_flushes_and_ends(signed_internet: Lab, tmp_path: Path, run: Run) -> None:
    path = str(tmp_path / "control.sock")

    async def control(*arguments: str) -> tuple[int, str, str]:
        return await asyncio.to_thread(run, "control", *arguments, "--socket", path)

    log = Log(signed_internet.clock, io.StringIO())
    async with running(signed_internet, Settings(control=Control(socket=path)), log) as daemon:
        signed_internet.break_zone("rrsig-exp-a", "one.example")
        await ask(*daemon.endpoints, with_dnssec("www.one.example."))
        code, out, err = await control("explain", "www.one.example")
        assert (code, err) == (1, "")
        assert "BOGUS" in out and out.endswith("s.\n") and "Clients get SERVFAIL, EDE 7; kept for another " in out
        code, out, _ = await control("explain", "www.two.example", "--json")
        assert code == 0 and json.loads(out)["status"] == "secure"
        code, out, _ = await control("status")
        assert code == 0 and "answers" in out and str(daemon.endpoints[0]) in out
        code, out, _ = await control("stats", "--json")
        assert code == 0 and json.loads(out)["statuses"] == {"bogus": 1, "secure": 1}
        assert (await control("flush", "www.two.example"))[1].startswith("Forgotten: ")
        assert len(daemon.answers) == 1
        assert (await control("reload"))[1].startswith("Reloaded.")
        assert (await control("nta", "add", "one.example", "--for", "2h", "--reason", "x y"))[0] == 0
        assert "one.example.  until 20" in (await control("nta", "list"))[1]
        assert json.loads((await control("nta", "list", "--json"))[1])["negative_anchors"][0]["reason"] == "x y"
        assert (await ask(*daemon.endpoints, with_dnssec("www.one.example."))).rcode == rr.NOERROR
        assert (await control("nta", "remove", "one.example"))[0] == 0
        assert (await control("stop"))[0] == 0
        assert daemon.ended.is_set()


async def test_what_the_daemon_refuses_is_one_line(signed_internet: Lab, tmp_path: Path, run: Run) -> None:
    path = str(tmp_path / "control.sock")
    async with running(signed_internet, Settings(control=Control(socket=path))):
        code, out, err = await asyncio.to_thread(run, "control", "nta", "remove", "one.example", "--socket", path)
    assert (code, out) == (4, "") and err.count("\n") == 1 and "no negative trust anchor" in err


@pytest.mark.parametrize("duration", ["", "1w", "-1h", "h", "1.5h", "1000000000000s"])
def test_a_length_of_time_is_checked_first(run: Run, tmp_path: Path, duration: str) -> None:
    arguments = ("nta", "add", "one.example", "--reason", "x", "--for", duration)
    code, _, err = run("control", *arguments, "--socket", tmp_path / "none")
    assert code == 2 and "no length of time" in err


def test_without_a_daemon_it_says_so(run: Run, tmp_path: Path) -> None:
    code, _, err = run("control", "status", "--socket", tmp_path / "none")
    assert code == 4 and "no resolver listens there" in err and err.count("\n") == 1


async def test_status_shows_trust_points_and_the_states_of_their_keys(
    signed_internet: Lab, tmp_path: Path, run: Run
) -> None:
    path = str(tmp_path / "control.sock")
    tag = signed_internet.healthy.root.keys[0].key_tag
    settings = Settings(control=Control(socket=path), resolve=Resolve(anchor_state=str(tmp_path / "state.json")))
    async with running(signed_internet, settings, Log(signed_internet.clock, io.StringIO())) as daemon:
        while daemon.anchors.points[0].digests:
            await asyncio.sleep(0.01)
        code, out, err = await asyncio.to_thread(run, "control", "status", "--socket", path)
        assert (code, err) == (0, "") and f"trust points      . {tag} valid\n" in out
        code, out, _ = await asyncio.to_thread(run, "control", "status", "--socket", path, "--json")
        assert json.loads(out)["trust_points"][0]["keys"][0]["state"] == "valid"

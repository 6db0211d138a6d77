"""Negative trust anchors over a restart."""

import io
import json
from pathlib import Path

import pytest
from support.dns_clients import ask, running, with_dnssec

from unbroken.anchors.store import NegativeTrustAnchor
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError
from unbroken.lab.run import Lab
from unbroken.service.log import Log
from unbroken.service.negatives_file import load, save
from unbroken.service.settings import Control, Settings

ANCHOR = NegativeTrustAnchor(Name("one.example."), 1_800_000_000, "signatures expired, “ticket”")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "negatives.json"
    save(str(path), [ANCHOR])
    assert load(str(path)) == (ANCHOR,)
    assert path.stat().st_mode & 0o777 == 0o600
    save(str(path), [])
    assert load(str(path)) == ()
    assert load(str(tmp_path / "none")) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"version": 2, "negative_anchors": []}',
        '{"version": 1, "negative_anchors": 1}',
        '{"version": 1, "negative_anchors": [1]}',
        '{"version": 1, "negative_anchors": [{"name": "a..b", "until": "2030-01-01T00:00:00Z", "reason": "x"}]}',
        '{"version": 1, "negative_anchors": [{"name": "a", "until": 1, "reason": "x"}]}',
        '{"version": 1, "negative_anchors": [{"name": "a", "until": "soon", "reason": "x"}]}',
        "[" * 10_000,
    ],
)
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "negatives.json"
    path.write_text(text)
    with pytest.raises(InputError, match="remove it"):
        load(str(path))


async def test_a_negative_anchor_outlives_a_restart_but_not_its_time(signed_internet: Lab, tmp_path: Path) -> None:
    signed_internet.break_zone("rrsig-exp-a", "one.example")
    path = tmp_path / "negatives.json"
    settings = Settings(control=Control(socket="none", negatives=str(path)))
    async with running(signed_internet, settings) as daemon:
        daemon.negatives.add(Name("one.example."), 600, "x")
        daemon.negatives.add(Name("two.example."), 60, "y")
    signed_internet.clock.advance(61)
    async with running(signed_internet, settings) as daemon:
        assert [str(anchor.owner) for anchor in daemon.negatives] == ["one.example."]
        assert (await ask(*daemon.endpoints, with_dnssec("www.one.example."))).rcode == rr.NOERROR
        daemon.negatives.remove(Name("one.example."))
    assert json.loads(path.read_text())["negative_anchors"] == []
    async with running(signed_internet, settings) as daemon:
        assert (await ask(*daemon.endpoints, with_dnssec("www.one.example."))).rcode == rr.SERVFAIL


async def test_what_can_t_be_kept_is_in_force_all_the_same(signed_internet: Lab, tmp_path: Path) -> None:
    stream = io.StringIO()
    settings = Settings(control=Control(socket="none", negatives=str(tmp_path / "none" / "negatives.json")))
    async with running(signed_internet, settings, Log(signed_internet.clock, stream)) as daemon:
        daemon.negatives.add(Name("one.example."), 600, "x")
        assert not (await ask(*daemon.endpoints, with_dnssec("www.one.example."))).flags & rr.AD
    assert "event=negative-anchors-not-kept" in stream.getvalue()

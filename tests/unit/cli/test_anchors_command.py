"""`unbroken anchors` with state files, and `unbroken anchors ready`."""

import json
from pathlib import Path

import pytest

from tests.support.anchor_samples import BEFORE, DIGEST_2017, DIGEST_2024, KEY_2017, KEY_2024, ROLLED, unbound
from tests.unit.anchors.test_rfc5011_machine import NOW, A, B, C, ds, key, seen, start
from tests.unit.anchors.test_rfc5011_machine import run as walk
from tests.unit.cli.conftest import Run
from unbroken.anchors import files as anchor_files
from unbroken.anchors import negative, rfc5011
from unbroken.anchors.negative import NegativeAnchors
from unbroken.dns import Name

AT = ("--at", str(ROLLED))


@pytest.fixture
def roots(tmp_path: Path) -> dict[str, Path]:
    new, old = (KEY_2024, 2, "VALID", 257), (KEY_2017, 2, "VALID", 257)
    texts = {
        "ready": unbound(new, old),
        "not": unbound(old),
        "waiting": unbound((KEY_2024, 1, "ADDPEND", 257), old),
        "unknown": "addNTA('a.example')\n",
        "bad": "nonsense\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return {name: tmp_path / name for name in (*texts, "absent")}


# --- ready ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "at", "code"),
    [
        (("ready",), ROLLED, 0),
        (("not",), ROLLED, 1),
        (("waiting",), BEFORE, 3),
        (("waiting",), ROLLED, 1),
        (("unknown",), ROLLED, 4),
        (("bad",), ROLLED, 2),
        (("absent",), ROLLED, 2),
        (("ready", "waiting"), BEFORE, 3),
        (("ready", "waiting", "unknown"), BEFORE, 4),
        (("waiting", "unknown", "not"), BEFORE, 1),
        (("not", "bad", "ready"), ROLLED, 2),
        (("bad", "absent", "ready"), ROLLED, 2),
    ],
)
def test_ready_the_worst_of_several_files_is_the_exit_code(
    run: Run, roots: dict[str, Path], names: tuple[str, ...], at: int, code: int
) -> None:
    found, out, err = run("anchors", "ready", *(roots[name] for name in names), "--at", at)
    assert found == code
    assert err.count("\n") == (code == 2)
    assert out.count("KSK-2024  key tag 38696") == sum(name not in ("bad", "absent") for name in names)


def test_ready_says_what_is_wrong_and_what_to_do(run: Run, roots: dict[str, Path]) -> None:
    _, out, _ = run("anchors", "ready", roots["not"], *AT)
    assert out.splitlines() == [
        f"{roots['not']}: not ready: KSK-2024 is not in it, and the root's keys are signed by KSK-2024 alone since 2026-10-11, "
        "so that nothing validates now",
        "  file      Unbound auto-trust-anchor-file",
        "  KSK-2024  key tag 38696, not in the file",
        "  KSK-2017  key tag 20326, trusted since 2025-02-08T07:33:20Z",
        "  to do     run 'unbound-anchor -a FILE' with Unbound stopped, then start it",
    ]
    _, out, _ = run("anchors", "ready", roots["ready"], *AT)
    assert out.splitlines()[0] == f"{roots['ready']}: ready: KSK-2024 is trusted"
    assert "to do" not in out


def test_ready_several_files_that_can_not_be_read_are_one_line(run: Run, roots: dict[str, Path]) -> None:
    _, _, err = run("anchors", "ready", roots["absent"], roots["bad"], *AT)
    assert err == (
        f"unbroken: {roots['absent']}: No such file or directory (the first of 2 files that can't be read); "
        "give the name of a file to read\n"
    )


def test_ready_as_json(run: Run, roots: dict[str, Path]) -> None:
    code, out, err = run("anchors", "ready", roots["waiting"], roots["bad"], "--json", "--at", BEFORE)
    assert code == 2
    assert err.startswith(f"unbroken: {roots['bad']}:1: ")
    document = json.loads(out)
    assert document["at"] == "2025-02-19T21:20:00Z"
    (file,) = document["files"]
    assert (file["status"], file["kind"]) == ("waiting", "Unbound auto-trust-anchor-file")
    assert [(key["key_tag"], key["state"], key["is_trusted"]) for key in file["keys"]] == [
        (38696, "pending", False),
        (20326, "trusted", True),
    ]
    assert file["keys"][0]["moment"] == "2025-03-10T07:33:20Z"
    assert file["to_do"] == "leave the resolver running, and look again"


def test_ready_without_a_file_is_a_usage_error(run: Run) -> None:
    code, _, err = run("anchors", "ready")
    assert code == 2
    assert err.count("\n") == 1


def test_ready_what_stands_in_a_file_moves_no_cursor(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "lua"
    path.write_text(f"clearTA()\naddTA('.', '38696 8 2 {DIGEST_2024}')\nreadTrustAnchorsFromFile('\x1b[2J')\n")
    _, out, _ = run("anchors", "ready", path, *AT)
    assert "\x1b" not in out
    assert "\\u{1b}[2J" in out


# --- state ----------------------------------------------------------------------------------------------------------------


WAITS = key(77)
POINT = walk(start(A, B, digests=[ds(C)]), (0, seen(A, revoked=[B])), (1, seen(A, WAITS))).point


@pytest.fixture
def points(tmp_path: Path) -> Path:
    rfc5011.save(tmp_path / "points.json", [POINT])
    return tmp_path / "points.json"


@pytest.fixture
def negatives(tmp_path: Path) -> Path:
    found = NegativeAnchors().set(Name("broken.example."), "expired signatures", NOW, 600)
    negative.save(tmp_path / "negative.json", found)
    return tmp_path / "negative.json"


@pytest.mark.parametrize("call", [("anchors",), ("anchors", "show")])
def test_state_shows_every_key_with_its_state(run: Run, points: Path, call: tuple[str, ...]) -> None:
    code, out, err = run(*call, "--state", points)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == (
        "; example. follows RFC 5011: keys last seen 2027-01-16T08:00:00Z, next look 2027-01-17T08:00:00Z"
    )
    assert lines[1].endswith("; configured, its key not seen yet")
    states = {line.rsplit(", ", 2)[-1] if "at the earliest" not in line else "pending": line for line in lines[2:]}
    assert states["valid since 2027-01-15T08:00:00Z"].startswith("example. IN DNSKEY 257 3 13 ")
    assert states["revoked since 2027-01-15T08:00:00Z"].startswith("; example. IN DNSKEY ")
    assert states["pending"].startswith("; example. IN DNSKEY ")
    assert "add-pending since 2027-01-16T08:00:00Z, trusted from 2027-02-15T08:00:00Z at the earliest" in out


def test_state_is_itself_an_anchor_file_of_what_is_trusted(run: Run, points: Path) -> None:
    _, out, _ = run("anchors", "--state", points)
    anchors = anchor_files.parse(out.encode(), "shown", now=NOW)
    anchor = POINT.anchor
    assert anchor is not None
    assert set(anchors[Name("example.")].dnskeys) == set(anchor.dnskeys)
    assert anchors[Name("example.")].dses == anchor.dses


def test_state_shows_negative_anchors_with_reason_and_end(run: Run, negatives: Path) -> None:
    _, out, _ = run("anchors", "show", "--state", negatives, "--at", NOW)
    wanted = "; negative trust anchor at broken.example. since 2027-01-15T08:00:00Z, until 2027-01-15T08:10:00Z"
    assert out == f"{wanted}: expired signatures\n"
    _, out, _ = run("anchors", "show", "--state", negatives, "--at", NOW + 600)
    assert out == f"{wanted} (ended): expired signatures\n"


def test_state_as_json_of_several_files(run: Run, points: Path, negatives: Path) -> None:
    code, out, _ = run("anchors", "show", "--state", points, "--state", negatives, "--json", "--at", NOW)
    assert code == 0
    document = json.loads(out)
    (point,) = document["trust_points"]
    assert {key["state"] for key in point["keys"]} == {"valid", "revoked", "add-pending"}
    assert [key["is_trusted"] for key in point["keys"]].count(True) == 1
    assert point["digests"][0]["key_tag"] == C.key_tag
    assert document["negative_anchors"][0]["is_active"] is True


def test_state_beside_anchor_files(run: Run, points: Path, tmp_path: Path) -> None:
    (tmp_path / "a").write_text(f". DS 20326 8 2 {DIGEST_2017}\n")
    _, out, _ = run("anchors", "show", "--anchor", tmp_path / "a", "--state", points)
    assert ". IN DS 20326 8 2" in out
    assert "follows RFC 5011" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--json",), "--json is for --state files"),
        (("show", "--json"), "--json is for --state files"),
        (("--state", "x", "show"), "one argument too many"),
        (("--state", "absent"), "absent: No such file"),
    ],
)
def test_state_usage_errors_are_one_line(run: Run, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run("anchors", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_a_damaged_state_file_is_one_line_with_what_to_do(run: Run, points: Path) -> None:
    points.write_bytes(points.read_bytes()[:50])
    code, _, err = run("anchors", "--state", points)
    assert code == 2
    assert err == (
        f"unbroken: {points}: is damaged: it is not JSON, or not whole; "
        "restore it from a copy, or remove it to begin anew from the configured anchors\n"
    )

"""`check --full`: exit codes, evidence saved and replayed, and one line for everything that can't be done."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.small_internet import ADDRESSES, NOW, SmallInternet
from support.wrongs import WRONGS

from unbroken.dns import Name
from unbroken.lab import files

Run = Callable[..., tuple[int, str, str]]
FULL = ("check", "--full", "www.zone.test", "--at", str(NOW))


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> SmallInternet:
    made = SmallInternet()
    monkeypatch.setattr("unbroken.resolving.resolver._sockets", lambda: made)
    monkeypatch.setattr("unbroken.resolving.sockets.SocketTransport", lambda: made)
    return made


@pytest.fixture
def world(net: SmallInternet, tmp_path: Path) -> tuple[str, ...]:
    """Options that lead into the small Internet."""
    (tmp_path / "hints").write_text(files.hints_text(ADDRESSES[Name.ROOT]))
    (tmp_path / "anchor").write_text(files.anchor_text(net.healthy))
    return ("--hints", str(tmp_path / "hints"), "--anchor", str(tmp_path / "anchor"))


def test_a_healthy_zone_exits_0(run: Run, world: tuple[str, ...]) -> None:
    code, out, err = run(*FULL, *world)
    assert (code, err) == (0, "")
    assert "SECURE" in out and "no errors, no warnings" in out


@pytest.mark.parametrize(
    ("wrong", "options", "code"),
    [
        ("SERVER_SILENT", (), 1),
        ("SIGNATURE_EXPIRES_SOON", (), 0),
        ("SIGNATURE_EXPIRES_SOON", ("--fail-on", "warning"), 1),
        ("SIGNATURE_EXPIRES_SOON", ("--fail-on", "warning", "--days", "0"), 0),
        ("NSEC3_SALT", ("--fail-on", "warning"), 0),
    ],
)
def test_fail_on_decides_what_is_grave(
    run: Run, net: SmallInternet, world: tuple[str, ...], wrong: str, options: tuple[str, ...], code: int
) -> None:
    WRONGS[wrong](net)
    assert run(*FULL, *world, *options)[0] == code


def test_insecure_is_3_and_bogus_1(run: Run, net: SmallInternet, world: tuple[str, ...]) -> None:
    assert run("check", "--full", "www.plain.test", "--at", str(NOW), *world)[0] == 3
    net.break_zone("ds-bogus-digest-value")
    assert run(*FULL, *world)[0] == 1


def test_saved_evidence_is_judged_offline_alike(
    run: Run, net: SmallInternet, world: tuple[str, ...], tmp_path: Path
) -> None:
    net.break_zone("rrsig-exp-a")
    saved = tmp_path / "evidence.json"
    code, online, _ = run(*FULL, *world, "--save", saved)
    net.zones.clear()
    again = run("check", "--full", "www.zone.test", "--offline", saved, *world[2:])
    assert again == (code, online, "") and code == 1


def test_save_to_standard_output_leaves_it_to_the_evidence(run: Run, world: tuple[str, ...]) -> None:
    code, out, err = run(*FULL, *world, "--save", "-")
    assert code == 0 and json.loads(out)["format"] == "unbroken-inspection" and "SECURE" in err


def test_json_is_the_diagnosis(run: Run, world: tuple[str, ...]) -> None:
    document = json.loads(run(*FULL, *world, "--json")[1])
    assert (document["format"], document["zone"]) == ("unbroken-diagnosis", "zone.test.")


def test_no_network_is_one_line_and_4(run: Run, net: SmallInternet, world: tuple[str, ...]) -> None:
    net.zones.clear()
    code, out, err = run(*FULL, *world)
    assert (code, out) == (4, "") and err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--fail-on", "error"), "--fail-on goes with --full only"),
        (("--days", "7"), "--days goes with --full only"),
        (("--full", "--resolver", "192.0.2.1"), "leave out --resolver"),
        (("--full", "--all-paths"), "leave out --all-paths"),
        (("--full", "--offline", "a", "--save", "b"), "exclude each other"),
        (("--full", "--offline", "/nonexistent"), "/nonexistent"),
    ],
)
def test_what_does_not_go_together_is_refused(run: Run, net: Any, arguments: tuple[str, ...], says: str) -> None:
    code, out, err = run("check", "x.example", *arguments)
    assert (code, out) == (2, "") and says in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ('{"format": "unbroken-capture", "version": 1}', "capture of a plain check"),
        ('{"format": "unbroken-inspection", "version": 9}', "use a newer unbroken"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_evidence_is_one_line(run: Run, tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "file"
    path.write_text(content)
    code, out, err = run("check", "--full", "www.zone.test", "--offline", path)
    assert (code, out) == (2, "") and says in err and err.count("\n") == 1


def test_evidence_of_another_question_is_refused(run: Run, world: tuple[str, ...], tmp_path: Path) -> None:
    run(*FULL, *world, "--save", tmp_path / "evidence")
    code, _, err = run("check", "--full", "mail.zone.test", "--offline", tmp_path / "evidence", *world[2:])
    assert code == 2 and "holds another question" in err


# --- files for people, build servers and the next check -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "begins"), [("--html", "<!DOCTYPE html>"), ("--svg", "<svg"), ("--dot", "digraph"), ("--junit", "<?xml")]
)
def test_faces_are_written_to_their_files(
    run: Run, world: tuple[str, ...], tmp_path: Path, option: str, begins: str
) -> None:
    path = tmp_path / "face"
    code, out, _ = run(*FULL, *world, option, path)
    assert code == 0 and "SECURE" in out and path.read_text().startswith(begins)
    code, out, err = run(*FULL, *world, option, "-")
    assert code == 0 and out.startswith(begins) and "SECURE" in err


def test_what_can_not_be_written_is_refused_before_anything_is_asked(
    run: Run, net: SmallInternet, world: tuple[str, ...]
) -> None:
    code, out, err = run(*FULL, *world, "--html", "/nonexistent/page.html")
    assert (code, out) == (2, "") and "there is no folder" in err and net.asked == []


def test_two_files_can_not_share_standard_output(run: Run, world: tuple[str, ...]) -> None:
    code, _, err = run(*FULL, *world, "--html", "-", "--svg", "-")
    assert code == 2 and "only one file can go to standard output" in err


def test_a_page_needs_full(run: Run) -> None:
    code, _, err = run("check", "www.zone.test", "--html", "page.html")
    assert code == 2 and "--html goes with --full only" in err


def test_diff_tells_the_first_link_that_changed(
    run: Run, net: SmallInternet, world: tuple[str, ...], tmp_path: Path
) -> None:
    run(*FULL, *world, "--save", tmp_path / "a")
    assert run("diff", tmp_path / "a", tmp_path / "a", *world[2:]) == (0, "Nothing changed.\n", "")
    net.break_zone("rrsig-exp-a")
    run(*FULL, *world, "--save", tmp_path / "b")
    code, out, _ = run("diff", tmp_path / "a", tmp_path / "b", *world[2:])
    assert code == 1
    assert out.splitlines()[0] == "first link that changed: www.zone.test. A"
    assert "+ error SIGNATURE_EXPIRED" in out
    document = json.loads(run("diff", tmp_path / "a", tmp_path / "b", *world[2:], "--json")[1])
    assert document["links"][0]["where"] == "www.zone.test. A" and document["came"]


def test_diff_of_two_questions_is_refused(run: Run, world: tuple[str, ...], tmp_path: Path) -> None:
    run(*FULL, *world, "--save", tmp_path / "a")
    run("check", "--full", "mail.zone.test", "--at", str(NOW), *world, "--save", tmp_path / "b")
    code, _, err = run("diff", tmp_path / "a", tmp_path / "b", *world[2:])
    assert code == 2 and "another name or type" in err


def test_explain_knows_the_codes_of_full_checks(run: Run) -> None:
    code, out, _ = run("explain", "glue-wrong")
    assert code == 0 and out.startswith("GLUE_WRONG\n") and "RFC 1034" in out
    assert "GLUE_WRONG" in run("explain")[1]


def test_progress_is_shown_on_a_terminal_and_wiped_away(
    run: Run, world: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    code, _, err = run(*FULL, *world)
    assert code == 0 and "asking the servers: 1 of" in err and err.endswith("\r\x1b[K")


def test_without_a_terminal_there_is_no_progress(run: Run, world: tuple[str, ...]) -> None:
    assert run(*FULL, *world)[2] == ""

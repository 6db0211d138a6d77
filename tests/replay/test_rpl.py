"""Scenarios of other resolvers, replayed: their verdicts are ours, but for a few with known reasons."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import rpl
from rpl_replay import Report, Verdict, replay_file
from shared_material import shared

SHARE_OF_VALIDATION = 0.9
"""Of the scenarios about validation (`val_*`), and of those only what can be replayed at all."""


def _files(pattern: str) -> list[str]:
    return sorted(str(path) for path in shared("rpl").rglob(pattern) if path.suffix in (".rpl", ".crpl"))


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    return [replay_file(path) for path in _files("*")]


def _failures(reports: Sequence[Report]) -> str:
    return "\n".join(report.line for report in reports if report.verdict in (Verdict.FAIL, Verdict.ERROR))


def test_validation_scenarios_give_the_expected_verdicts(reports: list[Report]) -> None:
    validation = [report for report in reports if Path(report.name).name.startswith("val_")]
    counted = [report for report in validation if report.verdict is not Verdict.SKIP]
    passed = sum(report.verdict is Verdict.PASS for report in counted)
    assert len(counted) >= 0.9 * len(validation), "too many are left out"
    assert passed >= SHARE_OF_VALIDATION * len(counted), _failures(validation)


def test_no_scenario_raises_and_all_can_be_read(reports: list[Report]) -> None:
    broken = [
        report.line for report in reports if report.verdict is Verdict.ERROR or report.reason.startswith("unreadable")
    ]
    assert broken == []


def test_a_secure_verdict_is_never_given_where_servfail_is_expected(reports: list[Report]) -> None:
    """With real signatures, calling forged data secure is the one mistake that must not happen."""
    false_secure = [
        f"{report.name} step {check.step}"
        for report in reports
        if Path(report.name).name.startswith("val_")
        for check in report.checks
        if check.expected.startswith("SERVFAIL") and check.got.endswith(" AD") and not check.got.endswith("no AD")
    ]
    # RFC 6840 §5.11: one valid path is enough; scenarios that ask for every algorithm of the anchors expect SERVFAIL.
    assert [name for name in false_secure if not _demands_every_algorithm(name.split(" step ")[0])] == []


def _demands_every_algorithm(path: str) -> bool:
    return b"harden-algo-downgrade: yes" in Path(path).read_bytes()


# --- the replayer itself ----------------------------------------------------------------------------------------------

MINIATURE = """
server:
stub-zone:
    name: "."
    stub-addr: 192.0.2.1
CONFIG_END
SCENARIO_BEGIN one server, no anchors
RANGE_BEGIN 0 100
  ADDRESS 192.0.2.1
ENTRY_BEGIN
MATCH opcode qtype qname
ADJUST copy_id
REPLY QR AA NOERROR
SECTION QUESTION
example. IN A
SECTION ANSWER
example. IN A 192.0.2.7 ; a comment
ENTRY_END
RANGE_END
STEP 1 QUERY
ENTRY_BEGIN
REPLY RD DO
SECTION QUESTION
example. IN A
ENTRY_END
STEP 10 CHECK_ANSWER
ENTRY_BEGIN
MATCH all
REPLY QR RD RA @RCODE@
SECTION QUESTION
example. IN A
SECTION ANSWER
example. IN A @ADDRESS@
ENTRY_END
SCENARIO_END
"""


def _write(tmp_path: Path, rcode: str = "NOERROR", address: str = "192.0.2.7") -> str:
    path = tmp_path / "miniature.rpl"
    path.write_text(MINIATURE.replace("@RCODE@", rcode).replace("@ADDRESS@", address))
    return str(path)


def test_the_verdict_decides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _write(tmp_path)
    assert rpl.main([path]) == 0
    assert capsys.readouterr().out.splitlines() == [f"pass {path} answer ok", "1 passed, 0 failed"]
    path = _write(tmp_path, rcode="SERVFAIL")
    assert rpl.main([path]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith(f"fail {path} step 10: expected SERVFAIL no AD, got NOERROR no AD")
    assert out[-1] == "0 passed, 1 failed"


def test_a_differing_answer_section_is_told_and_does_not_decide(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _write(tmp_path, address="192.0.2.8")
    assert rpl.main([path]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"pass {path} answer differs"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('stub-zone:\n    name: "."\n    stub-addr: 192.0.2.1\n', "stub-zone: name: '.' stub-addr: 192.0.2.1\n"),
        ("RANGE_BEGIN 0 100\n  ADDRESS 192.0.2.1\n", "RANGE_BEGIN 0 100 192.0.2.1\n"),
    ],
)
def test_lines_may_hold_more_than_one_thing(
    tmp_path: Path, old: str, new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "lines.rpl"
    path.write_text(Path(_write(tmp_path)).read_text().replace(old, new))
    assert new in path.read_text()
    assert rpl.main([str(path)]) == 0
    assert "answer ok" in capsys.readouterr().out


def test_a_check_without_match_words_takes_any_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(_write(tmp_path, rcode="SERVFAIL"))
    path.write_text(path.read_text().replace("MATCH all\n", ""))
    assert rpl.main([str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"pass {path}"


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe", b"CONFIG_END\n", b"CONFIG_END\nSCENARIO_BEGIN x\nSTEP 1\nSCENARIO_END\n"]
)
def test_a_file_that_is_no_scenario_fails_in_one_line(
    tmp_path: Path, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.rpl"
    path.write_bytes(data)
    assert rpl.main([str(path), str(tmp_path / "none.rpl")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" line ")[0].startswith("fail ") and "unreadable" in line for line in lines[:2]] == [True, True]
    assert lines[2] == "0 passed, 2 failed"

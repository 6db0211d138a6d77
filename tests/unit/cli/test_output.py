"""Files that commands make: where they go, what is found out before anything is asked, and proofs that hold."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import handmade
import pytest

from unbroken.chain.rfc9102 import read
from unbroken.cli import main, output, prove

Run = Callable[..., tuple[int, str, str]]
ASK = ("www.example.com", "A", "--resolver", "192.0.2.1", "--at", str(handmade.NOW))


def never_asked(*_: object, **__: object) -> None:
    raise AssertionError("the network was asked")


def test_a_proof_goes_to_standard_output_and_its_chain_to_standard_error(
    network: Any, anchor: Path, capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path, monkeypatch: Any
) -> None:
    network(handmade.secure())
    monkeypatch.chdir(tmp_path)
    assert main.run(["prove", *ASK, "--anchor", str(anchor), "-o", "-"]) == 0
    captured = capsysbinary.readouterr()
    assert read(captured.out).records
    assert b"SECURE" in captured.err
    assert [path.name for path in tmp_path.iterdir()] == ["anchor"]


def test_a_capture_goes_to_standard_output_and_its_chain_to_standard_error(
    run: Run, network: Any, anchor: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    network(handmade.secure())
    monkeypatch.chdir(tmp_path)
    code, out, err = run("check", *ASK, "--anchor", anchor, "--save", "-")
    assert code == 0 and json.loads(out) and "SECURE" in err
    assert [path.name for path in tmp_path.iterdir()] == ["anchor"]


@pytest.mark.parametrize("command", [("check", "--save"), ("prove", "-o")])
@pytest.mark.parametrize(
    ("place", "what"),
    [(".", "is a folder"), ("new/", "is a folder"), ("none/file", "there is no folder"), ("", "file name")],
)
def test_output_that_can_not_be_written_is_found_out_before_anyone_is_asked(
    run: Run, tmp_path: Path, monkeypatch: Any, command: tuple[str, str], place: str, what: str
) -> None:
    monkeypatch.setattr("unbroken.cli.online.ask", never_asked)
    monkeypatch.chdir(tmp_path)
    code, out, err = run(command[0], *ASK, command[1], place)
    assert (code, out) == (2, "") and what in err and "disk" not in err and err.count("\n") == 1


def test_a_disk_that_fills_up_leaves_the_verdict(
    run: Run, network: Any, anchor: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    network(handmade.secure())
    monkeypatch.setattr(output, "check_writable", lambda _: None)
    for command, option in (("check", "--save"), ("prove", "-o")):
        code, out, err = run(command, *ASK, "--anchor", anchor, option, tmp_path / "none" / "file")
        assert code == 2 and "SECURE" in out and "cannot be written" in err


def test_a_proof_that_can_not_be_walked_is_not_written(
    run: Run, network: Any, anchor: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    network(handmade.secure())
    whole = handmade.secure()
    torn = handmade.replace(whole, links=whole.links[-1:])
    monkeypatch.setattr(prove, "write_proof", lambda _: handmade_proof(torn))
    target = tmp_path / "proof"
    code, _, err = run("prove", *ASK, "--anchor", anchor, "-o", target)
    assert code == 4 and "no proof written" in err and not target.exists()
    code, _, _ = run("prove", *ASK, "--anchor", anchor, "-o", target, "--anyway")
    assert code == 0 and target.exists()


def handmade_proof(chain: Any) -> bytes:
    from unbroken.chain.rfc9102 import write

    return write(chain)

"""`unbroken verify-zone`: findings, a summary, an exit code."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.small_zones import EXAMPLE, NOW, keys_of, signed_text

from unbroken.delegation import ds_rrset
from unbroken.dns.presentation import rrset_to_text

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    path = tmp_path / "signed"
    signed_text(path)
    return path


def test_a_good_zone_is_four_lines_and_exit_code_0(run: Run, signed: Path) -> None:
    code, said, err = run("verify-zone", signed, "--at", NOW)
    assert (code, err, said.count("\n")) == (0, "", 4) and said.endswith("✓ no errors\n")
    assert run("verify-zone", signed, "--at", NOW, "-q") == (0, "", "")


def test_everything_that_is_wrong_is_listed_with_what_to_do(run: Run, signed: Path) -> None:
    lines = signed.read_text().splitlines(keepends=True)
    signed.write_text("".join(line for line in lines if not line.startswith("mail.")))
    code, said, err = run("verify-zone", signed, "--at", NOW)
    assert (code, err) == (1, "") and said.count("error: ") == 1
    assert "[ZONE_NSEC_NEXT_WRONG]" in said and "→ ZONE_NSEC_NEXT_WRONG: " in said
    assert said.endswith("✗ 1 error\n")
    code, said, _ = run("verify-zone", signed, "--at", NOW, "--json")
    found = json.loads(said)
    assert code == 1 and [finding["code"] for finding in found["findings"]] == ["ZONE_NSEC_NEXT_WRONG"]


def test_a_zone_that_is_not_signed_is_told_so_once(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "zone"
    path.write_text("example. 60 SOA . . 1 2 3 4 5\n")
    code, said, _ = run("verify-zone", path)
    assert code == 1 and said.count("error: ") == 1 and "[ZONE_NOT_SIGNED]" in said


def test_anchors_are_ds_or_keys_and_each_file_counts(run: Run, signed: Path, tmp_path: Path) -> None:
    good, bad, key = (tmp_path / name for name in ("good", "bad", "key"))
    ksk, zsk = keys_of()
    good.write_text("\n".join(rrset_to_text(ds_rrset(EXAMPLE, (ksk,)))) + "\n")
    bad.write_text(f"example. IN DS 1 13 2 {'00' * 32}\n")
    key.write_text(f"example. IN DNSKEY {_rdata(ksk.dnskey.rdata)}\n")
    assert run("verify-zone", signed, "--at", NOW, "--anchor", good, "--anchor", key)[0] == 0
    code, said, _ = run("verify-zone", signed, "--at", NOW, "--anchor", good, "--anchor", bad)
    assert code == 1 and "No way leads to example. DNSKEY" in said
    key.write_text(f"example. IN DNSKEY {_rdata(zsk.dnskey.rdata)}\n")
    assert run("verify-zone", signed, "--at", NOW, "--anchor", key)[0] == 1


def _rdata(octets: bytes) -> str:
    from unbroken._kernel import rdata_to_text

    return str(rdata_to_text(48, octets))


def test_an_earlier_zone_saves_work(run: Run, signed: Path) -> None:
    code, said, _ = run("verify-zone", signed, "--at", NOW, "--earlier", signed)
    assert code == 0 and "0 signatures verified, " in said and " unchanged" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none"], "none: can't be read: No such file or directory"),
        (["."], ".: can't be read: Is a directory"),
        (["/dev/null"], "/dev/null: no SOA record: this is no whole zone"),
        (["/dev/zero"], "/dev/zero line 1 column 1: NUL octet"),
        (["-", "--earlier", "-"], "only one file can be standard input"),
        (["signed", "--earlier", "none"], "none: can't be read"),
        (["signed", "--anchor", "none"], "none: No such file or directory"),
        (["signed", "--anchor", "/dev/zero"], "/dev/zero: "),
        (["signed", "--anchor", "other"], "holds records of other., not of example."),
        (["signed", "--origin", "a..b"], "a..b"),
        (["signed", "--at", "soon"], "--at takes"),
        (["cut"], "line 4 column "),
    ],
)
def test_bad_input_is_one_line(
    run: Run, signed: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(signed.parent)
    Path("other").write_text(f"other. IN DS 1 13 2 {'00' * 32}\n")
    Path("cut").write_text("".join(signed.read_text().splitlines(keepends=True)[:4])[:-8])
    code, printed, err = run("verify-zone", *arguments)
    assert (code, printed, err.count("\n")) == (2, "", 1) and err.startswith("unbroken: ") and said in err

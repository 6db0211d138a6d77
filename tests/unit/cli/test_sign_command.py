"""`unbroken sign`: what it prints, what it exits with, and that bad input is one line that leaves the output as it was."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support import softhsm
from support.small_zones import EXAMPLE, SMALL, judge

from unbroken.keys import KeyFormat, from_zone_key, generate_set, save
from unbroken.signing.publish import read_finished

Run = Callable[..., tuple[int, str, str]]
ZONE = "$ORIGIN example.\n" + SMALL


@pytest.fixture
def keys(tmp_path: Path) -> list[str]:
    """A KSK and a ZSK, as `-k` takes them."""
    (tmp_path / "keys").mkdir()
    saved = [save(from_zone_key(key), str(tmp_path / "keys"), KeyFormat.PEM)[0] for key in generate_set(EXAMPLE, 13)]
    return [word for path in saved for word in ("-k", path)]


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    path = tmp_path / "zone"
    path.write_text(ZONE)
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    path = tmp_path / "signed" / "out"
    path.parent.mkdir()
    path.write_text("as it was")
    return path


def test_a_zone_is_signed_and_told_in_one_line(run: Run, zone: Path, keys: list[str], out: Path) -> None:
    code, said, err = run("sign", zone, *keys, "-o", out)
    assert (code, err, said.count("\n")) == (0, "", 1)
    assert said.startswith("✓ example. serial 7: ") and said.endswith(f"signatures verified; in {out}\n")
    assert not judge(out, _now()).errors and [path.name for path in out.parent.iterdir()] == ["out"]


def test_quiet_says_nothing(run: Run, zone: Path, keys: list[str], out: Path) -> None:
    assert run("sign", zone, *keys, "-o", out, "-q") == (0, "", "")


def test_stats_tell_each_step(run: Run, zone: Path, keys: list[str], out: Path) -> None:
    _, said, _ = run("sign", zone, *keys, "-o", out, "--stats")
    assert [part.split(" ")[-3] for part in said.splitlines()[2].split(", ")][:2] == ["reading", "preparing"]
    run("sign", zone, *keys, "-o", out)
    _, said, _ = run("sign", zone, *keys, "-o", out, "--earlier", out, "--json")
    steps = json.loads(said)["steps"]
    expected = ["reading", "reading the earlier zone", "preparing", "signing and writing", "reading back", "judging"]
    assert list(steps) == expected and all(seconds >= 0 for seconds in steps.values())


def test_json_holds_the_outcome(run: Run, zone: Path, keys: list[str], out: Path) -> None:
    code, said, err = run("sign", zone, *keys, "-o", out, "--json", "--nsec3", "--zonemd", "sha512", "--cds")
    found = json.loads(said)
    assert (code, err, found["published"], found["zone"], found["serial"]) == (0, "", True, "example.", 7)
    assert found["judged"]["denial"] == "NSEC3" and found["judged"]["errors"] == 0 and found["signatures_kept"] == 0


def test_a_zone_that_would_break_is_not_published(
    run: Run, zone: Path, keys: list[str], out: Path, tmp_path: Path
) -> None:
    ds = tmp_path / "ds"
    ds.write_text(f"example. IN DS 1 13 2 {'00' * 32}\n")
    code, said, err = run("sign", zone, *keys, "-o", out, "--parent-ds", ds)
    assert (code, said) == (1, "") and err.endswith("unbroken: example. is not published: 1 error, see above\n")
    assert "[ZONE_ENTRY_BROKEN]" in err and out.read_text() == "as it was"
    code, said, err = run("sign", zone, *keys, "-o", out, "--parent-ds", ds, "--json")
    assert code == 1 and json.loads(said)["published"] is False
    assert run("sign", zone, *keys, "-o", out, "--parent-ds", ds, "--verify", "none")[0] == 0


def test_a_dash_is_standard_output_and_the_rest_goes_beside_it(
    zone: Path, keys: list[str], out: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    from unbroken.cli import main

    assert main.run(["sign", str(zone), *keys, "-o", "-"]) == 0
    written, said = capfdbinary.readouterr()
    out.write_bytes(written)
    assert not judge(out, _now()).errors
    assert said.decode().endswith("; in standard output\n")


def test_the_dnskey_ttl_is_the_one_asked_for(run: Run, zone: Path, keys: list[str], out: Path) -> None:
    run("sign", zone, *keys, "-o", out, "--dnskey-ttl", 77)
    rrset = read_finished(str(out)).rrset(EXAMPLE, 48)
    assert rrset is not None and rrset.ttl == 77


def test_an_offline_ksk_signs_a_small_zone_elsewhere(
    run: Run, zone: Path, keys: list[str], out: Path, tmp_path: Path
) -> None:
    small, elsewhere = tmp_path / "small", tmp_path / "elsewhere"
    small.write_text("example. 3600 IN SOA . . 1 1 1 1 1\nexample. 3600 IN NS .\n")
    assert run("sign", small, *keys, "-o", elsewhere)[0] == 0
    assert run("sign", zone, *keys[2:], "-o", out, "--dnskey-file", elsewhere)[0] == 0
    assert not judge(out, _now()).errors
    code, _, err = run("sign", zone, *keys[2:], "-o", out, "--dnskey-file", elsewhere, "--cds")
    assert (code, err.count("\n")) == (2, 1) and "none signs the DNSKEY RRset" in err


def test_deterministic_output_is_the_same_each_time(run: Run, zone: Path, keys: list[str], out: Path) -> None:
    found = set()
    for _ in range(2):
        assert run("sign", zone, *keys, "-o", out, "--deterministic", "--at", "2026-01-01", "-q")[0] == 0
        found.add(out.read_bytes())
    assert len(found) == 1


def test_what_may_be_wrong_is_noted(run: Run, zone: Path, keys: list[str], out: Path) -> None:
    zone.write_text(ZONE.replace("@ NS ns\n", "") + "mail A 192.0.2.25\nmixed 60 A 192.0.2.1\nmixed 30 A 192.0.2.2")
    _, said, _ = run("sign", zone, *keys, "-o", out)
    notes = [line.removeprefix("note: ") for line in said.splitlines() if line.startswith("note: ")]
    assert notes[0] == f"{zone} does not end with a line end: was it cut off?"
    assert notes[1].startswith("example. has no NS records") and notes[2].startswith("1 records stood there twice")
    assert notes[3].startswith("1 RRsets had records of several TTLs")


def test_a_token_signs_with_several_sessions(
    run: Run, zone: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess
    import sys

    module = softhsm.find_module()
    environment = softhsm.make_token(tmp_path, "zone")
    for name, value in {**environment, "UNBROKEN_PKCS11_MODULE": module, "UNBROKEN_PKCS11_PIN": softhsm.PIN}.items():
        monkeypatch.setenv(name, value)
    program = [sys.executable, "-m", "unbroken.cli"]  # a process that has loaded the module sees no other token
    uri = "pkcs11:token=zone;object=csk"
    made = [*program, "keys", "generate", "example", "--dir", str(tmp_path), "--pkcs11", uri]
    done = subprocess.run(made, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    key = next(path for path in tmp_path.glob("Kexample*.private"))
    sign = [*program, "sign", str(zone), "-k", str(key), "-o", str(out), "--pkcs11-sessions", "3"]
    done = subprocess.run(sign, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert not judge(out, _now()).errors


# --- bad input --------------------------------------------------------------------------------------------------------

BAD_ZONES = {
    'x TXT "abc\n': "line 26 column 7: a quote is not closed on its line",
    'x TXT "abc': "line 26 column 7: a quote is not closed",
    "x TXT ( abc\n": "line 26 column 7: a parenthesis is not closed",
    "www.other. A 192.0.2.1\n": "line 26 column 1: www.other. lies outside the zone example.",
    "$INCLUDE zone\n": "line 26 column 1: $INCLUDE nests deeper than 16 files",
    "$INCLUDE none\n": "line 26 column 1: ",
    "$INCLUDE .\n": "line 26 column 1: ",  # with what the system says of a folder
    "a\0b A 192.0.2.1\n": "line 26 column 2: NUL octet",
    'a TXT "\0"\n': "line 26 column 8: NUL octet",
    "x A 192.0.2\n": "line 26 column 5: A: not an IPv4 address",
    "x LOC 1 2 3\n": "line 26 column 7: LOC record: ",
    "x CH A 192.0.2.1\n": "line 26 column 3: only records of class IN",
    "$TTL x\n": "line 26 column 6: not a TTL",
    "mail CNAME www\n": "mail.example.",
    "other.example. SOA . . 1 2 3 4 5\n": "line 26 column 1: a second SOA, at other.example.",
    "\x1b]0;evil\x07 A 192.0.2\n": "line 26 column",
}


@pytest.mark.parametrize(("line", "said"), BAD_ZONES.items(), ids=range(len(BAD_ZONES)))
def test_a_bad_zone_is_one_line_and_the_output_stays(
    run: Run, zone: Path, keys: list[str], out: Path, line: str, said: str
) -> None:
    assert ZONE.count("\n") == 25
    zone.write_text(ZONE + line)
    code, printed, err = run("sign", zone, *keys, "-o", out)
    assert (code, printed, err.count("\n")) == (2, "", 1) and err.startswith("unbroken: ") and said in err
    assert err.rstrip("\n").isprintable()
    assert out.read_text() == "as it was" and [path.name for path in out.parent.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none", "-o", "out"], "none: can't be read: No such file or directory"),
        ([".", "-o", "out"], ".: can't be read: Is a directory"),
        (["zone", "-o", "."], ".: is a folder; give the name of a file"),
        (["zone", "-o", "none/out"], "there is no folder"),
        (["zone", "-o", ""], "is no file name"),
        (["zone", "-o", "out", "-k", "none"], "none: No such file or directory"),
        (["zone", "-o", "out", "-k", "zone"], "zone: "),
        (["zone", "-o", "out", "--earlier", "none"], "none: can't be read"),
        (["zone", "-o", "out", "--earlier", "/dev/null"], "/dev/null: no SOA record"),
        (["zone", "-o", "out", "--parent-ds", "none"], "none: No such file or directory"),
        (["zone", "-o", "out", "--parent-ds", "zone"], "where DS or DNSKEY was expected"),
        (["zone", "-o", "out", "--dnskey-file", "none"], "none: No such file or directory"),
        (["zone", "-o", "out", "--dnskey-file", "zone"], "does not hold the DNSKEY RRset of example."),
        (["zone", "-o", "out", "--dnskey-file", "/dev/zero"], "more than 1048576 octets"),
        (["zone", "-o", "out", "--salt", "zz", "--nsec3"], "--salt 'zz' is not hexadecimal"),
        (["zone", "-o", "out", "--salt", "aa"], "belong to --nsec3"),
        (["zone", "-o", "out", "--salt", "00" * 256, "--nsec3"], "at most 255 octets"),
        (["zone", "-o", "out", "--validity", "0"], "--validity 0 makes signatures that never hold"),
        (["zone", "-o", "out", "--validity", "1y"], "takes a duration such as 14d"),
        (["zone", "-o", "out", "--at", "soon"], "--at takes"),
        (["-", "-o", "out", "--earlier", "-"], "only one file can be standard input"),
        (["/dev/zero", "-o", "out"], "/dev/zero line 1 column 1: NUL octet"),
    ],
)
def test_bad_arguments_are_one_line(
    run: Run, zone: Path, keys: list[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(zone.parent)
    Path("out").write_text("as it was")
    code, printed, err = run("sign", *keys, *arguments)
    assert (code, printed, err.count("\n")) == (2, "", 1) and err.startswith("unbroken: ") and said in err
    assert Path("out").read_text() == "as it was"


def test_a_key_of_another_zone_is_refused(run: Run, zone: Path, keys: list[str], out: Path) -> None:
    zone.write_text(ZONE.replace("$ORIGIN example.", "$ORIGIN other."))
    code, printed, err = run("sign", zone, *keys, "-o", out)
    assert (code, printed, err.count("\n")) == (2, "", 1)
    assert "belongs to example., not to the zone other." in err and out.read_text() == "as it was"


@pytest.mark.parametrize("size", [0, 1, 40])
def test_a_zone_that_was_cut_off_is_refused(run: Run, zone: Path, keys: list[str], out: Path, size: int) -> None:
    zone.write_text(ZONE[:size])
    code, printed, err = run("sign", zone, *keys, "-o", out)
    assert (code, printed, err.count("\n")) == (2, "", 1) and out.read_text() == "as it was"


def test_a_zone_that_may_have_been_cut_off_is_noted(run: Run, zone: Path, keys: list[str], out: Path) -> None:
    zone.write_text(ZONE[:-2])
    code, printed, _ = run("sign", zone, *keys, "-o", out)
    assert code == 0 and "was it cut off?" in printed


def _now() -> int:
    import time

    return int(time.time())

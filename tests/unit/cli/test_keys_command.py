"""`unbroken keys`."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support import softhsm

from unbroken.cli import main
from unbroken.cli.key_options import planned
from unbroken.dns import Name
from unbroken.errors import UsageError
from unbroken.keys import KeyTimes, StoredKey, load, make_dnskey, read, save

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> tuple[int, str, str]:
        code = main.run(["keys", *(str(argument) for argument in arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.mark.parametrize("algorithm", ["8", "RSASHA512", "13", "14", "ed25519", "16", "18"])
def test_generate_makes_a_key_that_loads(run: Run, tmp_path: Path, algorithm: str) -> None:
    code, out, err = run("generate", "bücher.example", "-a", algorithm, "--ksk", "--dir", tmp_path)
    assert (code, err) == (0, "")
    public, private = out.splitlines()
    key = load(public)
    assert (str(key.zone), key.role) == ("xn--bcher-kva.example.", "KSK")
    assert key.times.created == key.times.publish == key.times.activate is not None
    assert Path(private).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("option", "role", "flags"), [((), "CSK", 257), (("--ksk",), "KSK", 257), (("--zsk",), "ZSK", 256)]
)
def test_generate_makes_the_role_asked_for(
    run: Run, tmp_path: Path, option: tuple[str, ...], role: str, flags: int
) -> None:
    for form in ("bind", "pem"):
        _, out, _ = run("generate", "example", *option, "--dir", tmp_path, "--format", form)
        key = read(out.split("\n", 1)[0])
        assert (key.role, key.dnskey.flags) == (role, flags)


def test_generate_refuses_two_roles(run: Run, tmp_path: Path) -> None:
    code, out, err = run("generate", "example", "--ksk", "--zsk", "--dir", tmp_path)
    assert (code, out) == (2, "") and "--ksk and --zsk exclude each other" in err and err.count("\n") == 1
    assert run("generate", "example", "--ksk", "--ksk", "--dir", tmp_path)[0] == 0


def test_generate_keeps_the_times_asked_for(run: Run, tmp_path: Path) -> None:
    times = ("--publish", "none", "--activate", "20300101000000", "--delete", "2031-01-01", "--sync-publish", "+1d")
    _, out, _ = run("generate", "example", "--dir", tmp_path, *times, "--json")
    shown = json.loads(out)
    assert shown["keys"][0]["times"]["Activate"] == "2030-01-01T00:00:00Z"
    found = read(shown["files"][0]).times
    assert found.publish is None and found.delete == 1924992000
    assert found.created is not None and found.sync_publish == found.created + 86400


def test_generate_refuses_what_must_not_sign(run: Run, tmp_path: Path) -> None:
    for arguments in (("-a", "5"), ("-a", "7"), ("-a", "nope"), ("--bits", "2048"), ("-a", "8", "-b", "1024")):
        code, out, err = run("generate", "example", "--dir", tmp_path, *arguments)
        assert (code, out, err.count("\n")) == (2, "", 1)
    assert not list(tmp_path.iterdir())


def test_a_new_key_never_takes_a_tag_of_the_zone_or_one_that_comes_with_revocation(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[frozenset[int]] = []
    from unbroken import keys

    real = keys.generate

    def spy(*arguments: object, avoid: frozenset[int], **named: object) -> object:
        seen.append(avoid)
        return real(*arguments, avoid=avoid, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(keys, "generate", spy)
    for _ in range(2):
        assert run("generate", "Example", "--dir", tmp_path)[0] == 0
    run("generate", "other.example", "--dir", tmp_path)
    first = json.loads(run("list", tmp_path, "--json")[1])["keys"][0]
    assert seen[0] == seen[2] == frozenset()
    assert len(seen[1]) == 2 and seen[1] <= {first["key_tag"], first["key_tag_once_revoked"]} | seen[1]


def test_list_shows_keys_in_order_and_warns_of_collisions(run: Run, tmp_path: Path) -> None:
    for number in (1, 1 << 16):
        key = StoredKey(Name("example."), make_dnskey(257, 15, number.to_bytes(32)), "KSK")
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / f"Kexample.+015+{key.key_tag:05}.key").write_text(
            f"example. IN DNSKEY 257 3 15 {_base64(number.to_bytes(32))}\n"
        )
    paths = (tmp_path / "1", tmp_path / "65536")
    code, out, err = run("list", *paths)
    assert code == 0 and out.count("\n") == 3 and "KSK (public)" in out
    assert err.startswith("unbroken: warning: example.: keys") and err.count("\n") == 1
    code, out, _ = run("list", *paths, "--json")
    shown = json.loads(out)
    assert code == 0 and len(shown["keys"]) == 2
    (collision,) = shown["collisions"]
    assert collision["zone"] == "example." and len(collision["files"]) == 2 and not collision["once_revoked"]


def _base64(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode()


def test_list_of_a_folder_with_rubbish_shows_the_rest_and_exits_2(run: Run, tmp_path: Path) -> None:
    run("generate", "example", "--dir", tmp_path)
    (tmp_path / "Kbad.+013+00001.key").write_text("\x1b[2J")
    code, out, err = run("list", tmp_path)
    assert code == 2 and "example." in out and "Kbad" in err and "\x1b" not in err
    assert run("list", tmp_path / "none")[0] == 2


def test_list_of_nothing_is_nothing(run: Run, tmp_path: Path) -> None:
    assert run("list", tmp_path) == (0, "", "")


def test_show_tells_all_but_the_secret(run: Run, tmp_path: Path) -> None:
    public = run("generate", "example", "--zsk", "--dir", tmp_path)[1].split("\n")[0]
    secret = next(
        line for line in Path(public).with_suffix(".private").read_text().splitlines() if line.startswith("PrivateKey")
    )
    for arguments in ((public,), (public, "--json")):
        code, out, _ = run("show", *arguments)
        assert code == 0 and str(read(public).key_tag) in out and secret.split()[1] not in out
    Path(public).with_suffix(".private").write_text("Private-key-format: v1.3\nAlgorithm: 13 (X)\nPrivateKey: AAAA\n")
    code, out, err = run("show", public)
    assert (code, out, err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("form", ["bind", "pem"])
def test_export_and_import_keep_a_key_whole(run: Run, tmp_path: Path, form: str) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.mkdir()
    target.mkdir()
    public = run("generate", "example", "--dir", source, "--inactive", "+1y")[1].split("\n")[0]
    code, out, _ = run("export", public.removesuffix(".key"), "--format", form, "--dir", target)
    assert code == 0 and read(out.split("\n")[0]) == read(public)
    code, _, err = run("import", out.split("\n")[0], "--dir", source)
    assert code == 4 and "there already" in err and err.count("\n") == 1
    assert run("import", out.split("\n")[0], "--dir", source, "--force")[0] == 0


def test_import_of_a_bare_pem_takes_what_the_user_says(run: Run, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    path = tmp_path / "bare.pem"
    key = rsa.generate_private_key(65537, 1024)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert run("import", path, "--dir", tmp_path)[0] == 2
    code, out, _ = run("import", path, "--zone", "example", "--zsk", "-a", "10", "--dir", tmp_path)
    assert code == 0 and out.split("\n")[0].startswith(f"{tmp_path}/Kexample.+010+")
    assert load(out.split("\n")[0]).role == "ZSK"


def test_import_warns_of_a_tag_that_is_taken(run: Run, tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.mkdir()
    target.mkdir()
    public = run("generate", "example", "-a", "15", "--ksk", "--dir", source)[1].split("\n")[0]
    key = read(public)
    # Two 16-bit words changing places change the key, but not its tag (RFC 4034 App. B).
    twin = bytearray(key.dnskey.public_key)
    twin[0:2], twin[2:4] = twin[2:4], twin[0:2]
    # ldns keeps capitals in file names, so that both can lie in one folder.
    (target / f"KEXAMPLE.+015+{key.key_tag:05}.key").write_text(f"EXAMPLE. IN DNSKEY 257 3 15 {_base64(bytes(twin))}\n")
    code, out, err = run("import", public, "--dir", target)
    assert code == 0 and out.count("\n") == 2 and err.count("\n") == 1 and "have one tag" in err


def test_a_folder_that_is_none_is_told_before_a_key_is_made(run: Run, tmp_path: Path) -> None:
    code, out, err = run("generate", "example", "--dir", tmp_path / "none")
    assert (code, out) == (2, "") and "is no folder" in err


def test_a_disk_that_is_full_is_one_line_and_exit_4(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, out, err = run("generate", "example", "--dir", tmp_path)
    assert (code, out, err.count("\n")) == (4, "", 1) and "No space left" in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", 1000),
        ("none", None),
        ("+1d", 87400),
        ("-10", 990),
        ("+2h", 8200),
        ("+1w", 605800),
        ("1970-01-02", 86400),
    ],
)
def test_times_are_what_people_write(text: str, moment: int | None) -> None:
    assert planned(text, 1000) == moment


@pytest.mark.parametrize("text", ["", "soon", "+", "+d", "+1x", "-1y", "+99999999999999y", "99999999999999", "1d"])
def test_other_times_are_usage_errors(text: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        planned(text, 1000)


def test_every_help_has_examples_and_exit_codes(run: Run) -> None:
    for name in ("generate", "list", "show", "import", "export"):
        code, out, _ = run(name, "--help")
        assert code == 0 and "Exit codes:" in out and "Examples:" in out
    code, out, err = run()
    assert code == 2 and (out + err).startswith("Usage: unbroken keys")


def test_a_token_makes_a_key_and_no_file_or_message_holds_its_pin(tmp_path: Path) -> None:
    module = softhsm.find_module()
    environment = {
        **os.environ,
        **softhsm.make_token(tmp_path / "hsm", "cli"),
        "UNBROKEN_PKCS11_MODULE": module,
        "UNBROKEN_PKCS11_PIN": softhsm.PIN,
    }
    folder = tmp_path / "keys"
    folder.mkdir()
    uri = "pkcs11:token=cli;object=ksk"
    done = _call("generate", "example", "--ksk", "--pkcs11", uri, "--dir", folder, environment=environment)
    assert done.returncode == 0, done.stderr
    public, private = done.stdout.splitlines()
    assert softhsm.PIN not in Path(private).read_text()
    shown = _call("show", public, environment=environment)
    assert shown.returncode == 0 and "in a token: pkcs11:token=cli;object=ksk;id=%" in shown.stdout
    again = _call("import", uri, "--zone", "example", "--ksk", "--dir", folder, "--force", environment=environment)
    assert again.returncode == 0 and again.stdout == done.stdout
    bad = _call("import", public, "--dir", folder, environment={**environment, "UNBROKEN_PKCS11_PIN": "geheim"})
    assert bad.returncode == 2 and bad.stderr.count("\n") == 1 and "geheim" not in bad.stderr


def _call(*arguments: object, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    import sys

    command = [sys.executable, "-m", "unbroken.cli", "keys", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)


def test_keys_saved_by_the_library_are_listed(run: Run, tmp_path: Path) -> None:
    from unbroken.keys import from_zone_key, generate

    key = from_zone_key(generate(Name("example."), 13, secure_entry_point=True))
    save(key, str(tmp_path))
    assert key.times == KeyTimes()
    code, out, _ = run("list", tmp_path)
    assert code == 0 and out.splitlines()[0].split() == ["ZONE", "TAG", "ALGORITHM", "ROLE", "BITS", "FILE"]

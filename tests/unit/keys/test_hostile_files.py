"""Key files that are damaged, are something else, or are no files: an InputError, never anything else."""

import base64
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unbroken.dns import Name
from unbroken.errors import InputError
from unbroken.keys import KeyFormat, KeyHints, find, from_zone_key, generate, load, read, save

ZONE = Name("example.")
Files = tuple[Path, Path, Path]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A key as `.key`, `.private` and `.pem`."""
    key = from_zone_key(generate(ZONE, 13, secure_entry_point=True))
    public, private = save(key, str(tmp_path))
    (pem,) = save(key, str(tmp_path), KeyFormat.PEM)
    return Path(public), Path(private), Path(pem)


def _edit(old: str, new: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return edit


def _id(value: object) -> str:
    return value if isinstance(value, str) else "edit"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda text: "", "v1.2 or v1.3"),
        (lambda text: text[: len(text) // 2], "not Base64|lacks the field|bad private key"),
        (_edit("v1.3", "v2.0"), "v1.2 or v1.3"),
        (_edit("v1.3", "v1.3\x00"), "line 1"),
        (_edit("Algorithm: 13", "Algorithm: 14"), "algorithm 14"),
        (_edit("Algorithm: 13", "Algorithm: 999"), "algorithm 999"),
        (_edit("Algorithm: 13", "Algorithm: 12"), "algorithm 12"),
        (_edit("Algorithm: 13", "Algorithm: thirteen"), "without number"),
        (_edit("PrivateKey: ", "PrivateKey: !"), "not Base64"),
        (_edit("PrivateKey: ", "PrivateKex: "), "lacks the field PrivateKey"),
        (lambda text: text + text.split("\n")[1] + "\n", "gives Algorithm again"),
        (lambda text: text + "Created: 2026\n", "bad time"),
        (lambda text: text + "Created: 20261399000000\n", "bad time"),
        (lambda text: text + "no colon\n", "is not `Name: value`"),
        (lambda text: text + "\u00e9", "not a key file"),
        (lambda text: text + "\n" * 70000, "more than"),
        (lambda text: text + "Label: " + base64.b64encode(b"hsm:1").decode() + "\n", "no PKCS#11 URI"),
    ],
    ids=_id,
)
def test_a_bad_private_file(files: Files, edit: Callable[[str], str], message: str) -> None:
    public, private, _ = files
    private.write_text(edit(private.read_text()))
    with pytest.raises(InputError, match=message):
        load(public)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda text: "", "holds 0 DNSKEY"),
        (lambda text: text + "example. IN DNSKEY 256 3 13 AAAA\n", "holds 2 DNSKEY"),
        (_edit("DNSKEY", "CDNSKEY"), "holds 0 DNSKEY"),
        (_edit("257 3 13", "257 3 14"), "which its name denies"),
        (_edit("257 3 13", "256 3 13"), "which its name denies"),
        (_edit("257 3 13", "99999 3 13"), "bad rdata"),
        (_edit("example. IN", "example.org. IN"), "which its name denies"),
        (_edit("example. IN", "example IN"), "relative"),
        (_edit("example. IN", "\x00. IN"), "which its name denies|domain name"),
        (lambda text: "; Created: 20269999999999\n" + text, "bad time"),
        (lambda text: text + "$INCLUDE /etc/passwd\n", "not read here"),
    ],
    ids=_id,
)
def test_a_bad_public_file(files: Files, edit: Callable[[str], str], message: str) -> None:
    public, _, _ = files
    public.write_text(edit(public.read_text()))
    with pytest.raises(InputError, match=message):
        load(public)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (_edit("unbroken-key: 1", "unbroken-key: 2"), "does not start with"),
        (_edit("role: KSK", "role: king"), "with its role"),
        (_edit("-----BEGIN PRIVATE KEY", "-----BEGIN ENCRYPTED PRIVATE KEY"), "no private key"),
        (_edit("-----END PRIVATE KEY-----", ""), "no private key"),
        (_edit("dnskey: ", "dnskey: .x"), "bad DNSKEY record"),
        (_edit("257 3 13", "257 3 15"), "bad private key"),
        (_edit("role:", "Created: 1\nrole:"), "bad time"),
    ],
    ids=_id,
)
def test_a_bad_pem_file(files: Files, edit: Callable[[str], str], message: str) -> None:
    pem = files[2]
    pem.write_text(edit(pem.read_text()))
    with pytest.raises(InputError, match=message):
        load(pem)


@pytest.mark.parametrize("label", ["RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "CERTIFICATE"])
def test_other_pem_blocks_are_named_with_what_to_do(tmp_path: Path, label: str) -> None:
    path = tmp_path / "other.pem"
    path.write_text(f"-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n")
    with pytest.raises(InputError, match=label) as raised:
        read(path, KeyHints(ZONE))
    assert ("openssl pkey" in str(raised.value)) == ("PRIVATE" in label)


def test_halves_of_two_keys_are_no_pair(files: Files, tmp_path: Path) -> None:
    public, private, _ = files
    other = tmp_path / "other"
    other.mkdir()
    for algorithm in (13, 15):
        _, its = save(from_zone_key(generate(ZONE, algorithm, secure_entry_point=True)), str(other))
        private.write_bytes(Path(its).read_bytes())
        with pytest.raises(InputError, match=r"not the one of its DNSKEY|for algorithm 15"):
            load(public)


def test_a_lone_private_file_of_another_name_is_no_key(files: Files) -> None:
    public, private, _ = files
    public.unlink()
    private.rename(private.with_name("Kexample.+013+00001.private"))
    with pytest.raises(InputError, match="another key than its name"):
        load(private.with_name("Kexample.+013+00001.private"))


def test_what_is_no_file_is_an_input_error(tmp_path: Path) -> None:
    loop = tmp_path / "Kexample.+013+00001.key"
    loop.symlink_to(loop)
    (tmp_path / "folder.private").mkdir()
    huge = tmp_path / "huge.pem"
    with huge.open("wb") as file:
        file.truncate(1 << 30)
    cases = [loop, tmp_path / "folder.private", tmp_path, tmp_path / "none", huge, tmp_path / "nul\0.key", "", "\0"]
    for path in cases:
        with pytest.raises(InputError):
            load(path)


def test_what_may_not_be_read_is_an_input_error(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    public, private, _ = files
    private.chmod(0)
    if os.geteuid() == 0:  # root may read anything

        def refuse(*arguments: object, **named: object) -> None:
            raise PermissionError(13, "Permission denied", str(private))

        monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        load(public)


def test_a_folder_with_rubbish_in_it_shows_its_keys_and_names_the_rubbish(files: Files, tmp_path: Path) -> None:
    (tmp_path / "Kbad.+013+00001.key").write_text("rubbish")
    (tmp_path / "Kloop.+013+00002.key").symlink_to("Kloop.+013+00002.key")
    (tmp_path / "Kfolder.+013+00003.key").mkdir()
    os.mkfifo(tmp_path / "Kpipe.+013+00004.key")
    (tmp_path / ".Kexample.+013+00001.private.half").write_text("left by a kill")
    (tmp_path / "certificate.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    found = find([str(tmp_path)])
    assert {key.path for key in found.keys} == {str(files[0]), str(files[2])}
    assert len(found.problems) == 2
    assert "Kbad." in found.problems[0] and "Kloop." in found.problems[1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(which=st.integers(0, 2), position=st.integers(0, 1000), octets=st.binary(max_size=4), cut=st.booleans())
def test_damage_is_an_input_error_or_does_no_harm(
    files: Files, which: int, position: int, octets: bytes, cut: bool
) -> None:
    path = files[which]
    good = path.read_bytes()
    at = position % len(good)
    path.write_bytes(good[:at] + octets + (b"" if cut else good[at + len(octets) :]))
    try:
        key = load(path)
    except InputError:
        return
    finally:
        path.write_bytes(good)
    assert key.private.public_key == key.dnskey.public_key

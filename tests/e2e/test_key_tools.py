"""Keys and DS beside the tools of BIND, ldns, Knot and OpenSSL: they read ours, we read theirs, and all say the same."""

import base64
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from unbroken._kernel import VERIFIED, verify_raw
from unbroken.delegation import ds_for
from unbroken.dns import Ds, Name
from unbroken.dns.master_file import rrsets_from_text
from unbroken.keys import (
    KeyFormat,
    KeyHints,
    StoredKey,
    find_collisions,
    from_zone_key,
    generate_set,
    load,
    open_key,
    read,
    save,
)
from unbroken.keys.pkcs8 import PrivateNumbers, encode_pkcs8

ZONE = Name("example.com.")
_BIND = {8: "RSASHA256", 10: "RSASHA512", 13: "ECDSAP256SHA256", 14: "ECDSAP384SHA384", 15: "ED25519", 16: "ED448"}


def _run(*command: object, folder: Path | None = None) -> str:
    program = str(command[0])
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def _dses(text: str) -> set[Ds]:
    return {ds for rrset in rrsets_from_text(text, None) for ds in rrset.dses()}


def _ours(path: str, *digest_types: int) -> set[Ds]:
    key = read(path)
    return {ds_for(key.zone, key.dnskey, digest_type) for digest_type in digest_types}


# --- theirs, read by us ---------------------------------------------------------------------------------------------


def _with_whole_scalar(private: str, algorithm: int) -> str:
    """BIND leaves leading zero octets of a scalar out, which one ECDSA key in 256 has; here its full length is written."""
    length = {13: 32, 14: 48}.get(algorithm)
    if length is None:
        return private
    head, _, rest = private.partition("PrivateKey: ")
    scalar, _, tail = rest.partition("\n")
    whole = base64.b64decode(scalar).rjust(length, b"\0")
    return f"{head}PrivateKey: {base64.b64encode(whole).decode()}\n{tail}"


@pytest.mark.parametrize("algorithm", _BIND)
@pytest.mark.parametrize("flag", ["KSK", "ZSK"])
def test_a_key_of_dnssec_keygen_is_read_and_written_back_octet_for_octet(
    tmp_path: Path, algorithm: int, flag: str
) -> None:
    times = ["-P", "now", "-A", "+1d", "-R", "+2d", "-I", "+3d", "-D", "+4d"]
    role = ["-f", "KSK"] if flag == "KSK" else []
    size = ["-b", "2048"] if algorithm in (8, 10) else []
    stem = _run("dnssec-keygen", "-q", "-a", _BIND[algorithm], *size, *times, *role, ZONE, folder=tmp_path).strip()
    key = read(tmp_path / stem)
    assert (key.zone, key.algorithm, key.role, len(key.times.items())) == (ZONE, algorithm, flag, 6)
    opened = open_key(key)
    if algorithm != 16:
        assert verify_raw(algorithm, key.dnskey.public_key, opened.private.sign(b"data"), b"data") == VERIFIED
    again = tmp_path / "again"
    again.mkdir()
    public, private = save(key, str(again))
    assert Path(private).read_text() == _with_whole_scalar((tmp_path / f"{stem}.private").read_text(), algorithm)
    theirs = (tmp_path / f"{stem}.key").read_text()
    # BIND breaks the key into words of 56 characters.
    assert "".join(Path(public).read_text().split()) == "".join(theirs.split())


@pytest.mark.parametrize("algorithm", ["RSASHA1", "NSEC3RSASHA1"])
def test_a_key_of_bind_with_sha1_is_listed_but_does_not_sign(tmp_path: Path, algorithm: str) -> None:
    from unbroken.errors import UsageError

    if shutil.which("dnssec-keygen") is None:
        pytest.skip("dnssec-keygen is not installed")
    command = ["dnssec-keygen", "-q", "-a", algorithm, "-b", "1024", "example.com"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    if done.returncode != 0:
        pytest.skip(f"this dnssec-keygen makes no {algorithm} keys")
    key = load(tmp_path / done.stdout.strip())
    assert key.algorithm in (5, 7)
    with pytest.raises(UsageError, match="must not sign"):
        key.private.sign(b"data")


@pytest.mark.parametrize("algorithm", ["RSASHA256", "ECDSAP256SHA256", "ED25519", "ED448"])
@pytest.mark.parametrize("zone", ["example.com", "Example.ORG", "_x.a-b.example"])
def test_a_key_of_ldns_keygen_is_read_with_its_ds(tmp_path: Path, algorithm: str, zone: str) -> None:
    size = ["-b", "1024"] if algorithm == "RSASHA256" else []
    stem = _run("ldns-keygen", "-k", "-a", algorithm, *size, zone, folder=tmp_path).strip()
    key = load(tmp_path / stem)
    assert (key.zone, key.role) == (Name(zone), "KSK") and key.private.sign(b"data")
    assert _dses((tmp_path / f"{stem}.ds").read_text()) <= _ours(str(tmp_path / stem), 1, 2, 4)


@pytest.mark.parametrize(
    ("algorithm", "options"),
    [
        (8, ("RSA", "-pkeyopt", "rsa_keygen_bits:2048")),
        (13, ("EC", "-pkeyopt", "ec_paramgen_curve:P-256")),
        (14, ("EC", "-pkeyopt", "ec_paramgen_curve:P-384")),
        (15, ("ED25519",)),
        (16, ("ED448",)),
    ],
)
def test_a_key_of_openssl_is_read_bare(tmp_path: Path, algorithm: int, options: tuple[str, ...]) -> None:
    path = tmp_path / "bare.pem"
    _run("openssl", "genpkey", "-quiet", "-algorithm", *options, "-out", path)
    key = load(path, hints=KeyHints(ZONE))
    assert key.algorithm == algorithm
    assert _run("openssl", "pkey", "-in", path, "-pubout") == _public_pem(key.private.to_pkcs8())  # type: ignore[attr-defined]


def test_other_private_keys_of_openssl_are_told_with_what_converts_them(tmp_path: Path) -> None:
    from unbroken.errors import InputError

    old, new = tmp_path / "old.pem", tmp_path / "new.pem"
    old.write_text(_run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"))
    with pytest.raises(InputError, match="openssl pkey -in FILE -out NEW"):
        read(old, KeyHints(ZONE))
    _run("openssl", "pkey", "-in", old, "-out", new)
    assert load(new, hints=KeyHints(ZONE)).algorithm == 13


def test_the_keys_of_knot_are_read_bare(tmp_path: Path) -> None:
    config = tmp_path / "knot.conf"
    config.write_text(f"database:\n  storage: {tmp_path}\nzone:\n  - domain: example.com\n")
    _run("keymgr", "-c", config, "example.com", "generate", "algorithm=ecdsap256sha256", "ksk=yes")
    (pem,) = tmp_path.glob("keys/keys/*.pem")
    key = load(pem, hints=KeyHints(ZONE, role="KSK"))
    theirs = {ds for ds in _dses(_run("keymgr", "-c", config, "example.com", "ds")) if ds.digest_type in (2, 4)}
    assert theirs == {ds_for(ZONE, key.dnskey, digest_type) for digest_type in (2, 4)}


# --- ours, read by them ---------------------------------------------------------------------------------------------


@pytest.fixture(params=_BIND)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """The `.key` files of a KSK and a ZSK, in `tmp_path`."""
    return [save(key, str(tmp_path))[0] for key in _key_set(request.param)]


@cache
def _key_set(algorithm: int) -> tuple[StoredKey, ...]:
    """RSA keys take time: each set is made once."""
    keys = tuple(from_zone_key(key) for key in generate_set(ZONE, algorithm))
    assert not find_collisions(keys)
    return keys


def test_dnssec_dsfromkey_makes_the_same_ds(pair: list[str], tmp_path: Path) -> None:
    for digest in (1, 2, 4):
        text = _run("dnssec-dsfromkey", "-a", {1: "SHA-1", 2: "SHA-256", 4: "SHA-384"}[digest], pair[0])
        assert _dses(text) == _ours(pair[0], digest)
    ours = _run(sys.executable, "-m", "unbroken.cli", "ds", pair[0], "--digest", "2")
    assert ours == _run("dnssec-dsfromkey", "-a", "SHA-256", pair[0])


def test_dnssec_dsfromkey_makes_the_same_cds(pair: list[str]) -> None:
    ours = _run(sys.executable, "-m", "unbroken.cli", "ds", pair[0], "--digest", "2", "--cds")
    assert ours == _run("dnssec-dsfromkey", "-C", "-a", "SHA-256", pair[0])


def test_ldns_key2ds_makes_the_same_ds(pair: list[str]) -> None:
    for option, digest in (("-1", 1), ("-2", 2), ("-4", 4)):
        assert _dses(_run("ldns-key2ds", "-n", option, pair[0])) == _ours(pair[0], digest)


def test_dnssec_settime_reads_our_times_and_we_read_its(tmp_path: Path) -> None:
    _run(
        sys.executable,
        "-m",
        "unbroken.cli",
        "keys",
        "generate",
        ZONE,
        "--dir",
        tmp_path,
        "--inactive",
        "20400101000000",
    )
    (public,) = tmp_path.glob("*.key")
    assert re.search(r"Inactive: .*Jan +1 .*2040", _run("dnssec-settime", "-p", "I", public))
    before = read(public).times
    _run("dnssec-settime", "-D", "20410101000000", "-P", "none", public)
    after = read(public).times
    assert (after.created, after.inactive) == (before.created, before.inactive)
    assert (after.publish, after.delete) == (None, 2240611200)


def test_dnssec_signzone_signs_with_our_keys(pair: list[str], tmp_path: Path) -> None:
    zone = tmp_path / "zone"
    records = "example.com. 3600 SOA ns hm 1 3600 600 86400 3600\nexample.com. 3600 NS ns.example.com.\n"
    zone.write_text(records + "ns.example.com. 3600 A 192.0.2.1\n" + "".join(Path(path).read_text() for path in pair))
    ksk, zsk = pair
    _run("dnssec-signzone", "-o", "example.com", "-k", ksk, zone, zsk, folder=tmp_path)
    _run("dnssec-verify", "-o", "example.com", f"{zone}.signed")


def test_ldns_signzone_signs_with_our_keys(pair: list[str], tmp_path: Path) -> None:
    zone = tmp_path / "zone"
    records = "example.com. 3600 SOA ns hm 1 3600 600 86400 3600\nexample.com. 3600 NS ns.example.com.\n"
    zone.write_text(records + "ns.example.com. 3600 A 192.0.2.1\n")
    _run("ldns-signzone", "-o", "example.com", zone, *(path.removesuffix(".key") for path in pair), folder=tmp_path)
    _run("ldns-verify-zone", f"{zone}.signed")


def test_openssl_reads_our_pem_and_finds_the_public_key_in_it(pair: list[str], tmp_path: Path) -> None:
    key = read(pair[0])
    (pem,) = save(key, str(tmp_path), KeyFormat.PEM)
    assert isinstance(key.private, PrivateNumbers)
    assert _run("openssl", "pkey", "-in", pem, "-pubout") == _public_pem(encode_pkcs8(key.private))


def test_keymgr_imports_our_files(pair: list[str], tmp_path: Path) -> None:
    config = tmp_path / "knot.conf"
    config.write_text(f"database:\n  storage: {tmp_path}/kasp\nzone:\n  - domain: example.com\n")
    (tmp_path / "kasp").mkdir()
    for path in pair:
        _run("keymgr", "-c", config, "example.com", "import-bind", path)
    listed = _run("keymgr", "-c", config, "example.com", "list")
    assert all(f" {read(path).role} " in listed for path in pair)


def _public_pem(pkcs8: bytes) -> str:
    """The public key that belongs to a PKCS#8 key, as `openssl pkey -pubout` writes it."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

    public = load_der_private_key(pkcs8, None).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

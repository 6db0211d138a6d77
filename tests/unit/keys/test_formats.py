"""Keys in every format of files: what goes in comes out."""

import dataclasses
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unbroken.dns import Name
from unbroken.errors import InputError, StateError, UsageError
from unbroken.keys import (
    KeyFormat,
    KeyHints,
    KeyTimes,
    StoredKey,
    from_zone_key,
    generate,
    load,
    open_key,
    read,
    save,
    zone_key,
)
from unbroken.keys.bind import file_stem, parse_private, parse_public, parse_stem, private_text, public_text
from unbroken.keys.pem import bare_text, own_text, parse_own
from unbroken.keys.pkcs8 import PrivateNumbers, encode_pkcs8
from unbroken.keys.signer import private_key_from_pkcs8

ZONE = Name("a\\.b.Example.")
ALL = [5, 7, 8, 10, 13, 14, 15, 16, 18]
TIMES = KeyTimes(
    created=1700000000,
    publish=1700000001,
    activate=1700000002,
    revoke=1700000003,
    inactive=1700000004,
    delete=1700000005,
    ds_publish=1700000006,
    sync_publish=1700000007,
    sync_delete=1700000008,
)


def _make(algorithm: int, role: str) -> StoredKey:
    entry, csk = role != "ZSK", role == "CSK"
    if algorithm in (5, 7):  # none are made any more; the private part is an RSA key like another
        rsa = generate(ZONE, 8, secure_entry_point=entry).private
        private = private_key_from_pkcs8(algorithm, rsa.to_pkcs8())  # type: ignore[attr-defined]
        key = zone_key(ZONE, private, secure_entry_point=entry, csk=csk)
    else:
        key = generate(ZONE, algorithm, secure_entry_point=entry, csk=csk)
    return dataclasses.replace(from_zone_key(dataclasses.replace(key, times=TIMES)), ttl=300)


@pytest.fixture(
    scope="module", params=[(algorithm, role) for algorithm in ALL for role in ("KSK", "ZSK", "CSK")], ids=str
)
def key(request: pytest.FixtureRequest) -> StoredKey:
    return _make(*request.param)


@pytest.mark.parametrize("form", KeyFormat)
def test_a_key_comes_back_from_its_files_as_it_was(key: StoredKey, form: KeyFormat, tmp_path: Path) -> None:
    key = dataclasses.replace(key, others=(("Predecessor", "4711"), ("MaxTTL", "3600")))
    paths = save(key, str(tmp_path), form)
    for path in paths:
        assert read(path) == key
    opened = load(paths[0])
    assert (opened.role, opened.times, opened.dnskey) == (key.role, TIMES, key.dnskey)


def test_a_key_survives_all_formats_in_turn(key: StoredKey, tmp_path: Path) -> None:
    bind = read(save(key, str(tmp_path))[0])
    pem = read(save(bind, str(tmp_path), KeyFormat.PEM)[0])
    (tmp_path / "again").mkdir()
    assert read(save(pem, str(tmp_path / "again"))[0]) == key


def test_a_bare_pem_needs_to_be_told_only_what_it_does_not_say(key: StoredKey, tmp_path: Path) -> None:
    assert isinstance(key.private, PrivateNumbers)
    path = tmp_path / "bare.pem"
    path.write_text(bare_text(key.private))
    hints = KeyHints(key.zone, key.algorithm, key.role)
    again = read(path, hints)
    assert (again.zone, again.dnskey, again.role, again.private) == (key.zone, key.dnskey, key.role, key.private)
    with pytest.raises(InputError, match="--zone"):
        read(path)


def test_rfc9904_a_bare_rsa_key_is_taken_for_sha256(tmp_path: Path) -> None:
    key = _make(10, "ZSK")
    assert isinstance(key.private, PrivateNumbers)
    path = tmp_path / "bare.pem"
    path.write_text(bare_text(key.private))
    assert read(path, KeyHints(ZONE)).algorithm == 8
    with pytest.raises(InputError, match="RSA"):
        read(path, KeyHints(ZONE, 13))


def test_a_key_is_found_by_any_of_its_names(tmp_path: Path) -> None:
    key = _make(15, "KSK")
    public, private = save(key, str(tmp_path))
    stem = public.removesuffix(".key")
    assert read(public) == read(private) == read(stem) == key
    assert Path(stem).name == f"Ka%2Eb.example.+015+{key.key_tag:05}"


def test_a_public_half_alone_can_be_read_but_not_opened(tmp_path: Path) -> None:
    key = _make(15, "KSK")
    public, private = save(key, str(tmp_path))
    Path(private).unlink()
    alone = read(public)
    assert (alone.dnskey, alone.private, alone.times) == (key.dnskey, None, TIMES)
    with pytest.raises(InputError, match="public half"):
        load(public)
    with pytest.raises(InputError, match="public half"):
        save(alone, str(tmp_path))


@pytest.mark.parametrize("role", ["KSK", "ZSK"])
@pytest.mark.parametrize("revoked", [False, True])
def test_a_private_half_whose_public_half_was_not_written_is_the_whole_key(
    tmp_path: Path, role: str, revoked: bool
) -> None:
    """A kill between the two leaves just that."""
    key = _make(13, role)
    if revoked:
        key = dataclasses.replace(key, dnskey=open_key(key).revoked().dnskey)
    public, private = save(key, str(tmp_path))
    Path(public).unlink()
    again = read(private)
    assert (again.zone, again.dnskey, again.role, again.times) == (key.zone, key.dnskey, role, TIMES)


def test_the_role_of_bind_s_csk_is_in_its_state_file(tmp_path: Path) -> None:
    public, _ = save(_make(13, "KSK"), str(tmp_path))
    state = Path(public).with_suffix(".state")
    state.write_text("; This is the state of key\nAlgorithm: 13\nKSK: yes\nZSK: yes\n")
    assert read(public).role == "CSK"
    state.write_text("KSK: yes\nZSK: no\n")
    assert read(public).role == "KSK"


def test_the_user_can_say_what_a_key_signs_and_must_name_its_own_zone(tmp_path: Path) -> None:
    public, _ = save(_make(13, "KSK"), str(tmp_path))
    assert read(public, KeyHints(role="CSK")).role == "CSK"
    with pytest.raises(InputError, match="not of other"):
        read(public, KeyHints(Name("other.")))
    with pytest.raises(InputError, match="algorithm 13"):
        read(public, KeyHints(algorithm=8))


# --- writing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", KeyFormat)
def test_files_with_secrets_are_the_owners_alone(tmp_path: Path, form: KeyFormat) -> None:
    before = os.umask(0)
    try:
        paths = save(_make(15, "KSK"), str(tmp_path), form)
    finally:
        os.umask(before)
    for path in paths:
        mode = stat.S_IMODE(Path(path).stat().st_mode)
        assert mode == (0o644 if path.endswith(".key") else 0o600)
    assert {entry.name for entry in tmp_path.iterdir()} == {Path(path).name for path in paths}


@pytest.mark.parametrize("form", KeyFormat)
def test_a_key_is_not_written_over_unless_that_is_asked_for(tmp_path: Path, form: KeyFormat) -> None:
    key = _make(15, "KSK")
    paths = save(key, str(tmp_path), form)
    before = [Path(path).read_bytes() for path in paths]
    with pytest.raises(StateError, match="--force"):
        save(dataclasses.replace(key, times=KeyTimes()), str(tmp_path), form)
    assert [Path(path).read_bytes() for path in paths] == before
    save(dataclasses.replace(key, times=KeyTimes()), str(tmp_path), form, overwrite=True)
    assert read(paths[0]).times == KeyTimes()


def test_a_dangling_link_is_something_too(tmp_path: Path) -> None:
    key = _make(15, "KSK")
    (tmp_path / f"{file_stem(key.zone, 15, key.key_tag)}.private").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError, match="there already"):
        save(key, str(tmp_path))
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("step", range(6))
def test_a_kill_at_any_step_leaves_the_old_key_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Each system call that changes the folder is made to be the last one."""
    old = _make(15, "KSK")
    new = dataclasses.replace(old, times=KeyTimes(created=1))
    public, _ = save(old, str(tmp_path))
    calls = 0

    class Killed(BaseException):
        pass

    def until_killed(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: object, **named: object) -> object:
            nonlocal calls
            if calls == step:
                raise Killed
            calls += 1
            return real(*arguments, **named)

        monkeypatch.setattr(os, name, call)

    for name in ("replace", "unlink", "link"):
        until_killed(name)
    try:
        save(new, str(tmp_path), overwrite=True)
    except Killed:
        pass
    monkeypatch.undo()
    found = read(public.removesuffix(".key"))
    assert found.dnskey == old.dnskey and found.private == old.private
    assert found.times in (old.times, new.times)
    open_key(found)


def test_a_folder_that_is_none_is_a_state_error(tmp_path: Path) -> None:
    with pytest.raises(StateError):
        save(_make(15, "KSK"), str(tmp_path / "missing"))


def test_a_signer_whose_key_can_t_leave_is_not_stored() -> None:
    class Raw:
        algorithm = 15
        public_key = bytes(32)

        def sign(self, data: bytes) -> bytes:
            return data

    with pytest.raises(UsageError):
        from_zone_key(zone_key(ZONE, Raw(), secure_entry_point=True))


# --- text -----------------------------------------------------------------------------------------------------------

_moments = st.none() | st.integers(0, 253402300799)
_times = st.builds(KeyTimes, *([_moments] * 9))
_labels = st.lists(st.binary(min_size=1, max_size=20), max_size=6).map(lambda labels: Name.from_labels(tuple(labels)))
_KEYS = {algorithm: _make(algorithm, "KSK") for algorithm in ALL}


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(algorithm=st.sampled_from(ALL), zone=_labels, times=_times, ttl=st.integers(0, 2**31 - 1))
def test_texts_give_back_what_they_were_made_from(algorithm: int, zone: Name, times: KeyTimes, ttl: int) -> None:
    key = dataclasses.replace(_KEYS[algorithm], zone=zone, times=times, ttl=ttl)
    public = parse_public(public_text(key), "text")
    assert (public.zone, public.dnskey, public.ttl, public.role, public.times) == (zone, key.dnskey, ttl, "KSK", times)
    private = parse_private(private_text(key), "text")
    assert (private.algorithm, private.private, private.times) == (algorithm, key.private, times)
    assert parse_own(own_text(key), "text") == key


@given(zone=_labels, algorithm=st.integers(0, 255), tag=st.integers(0, 65535))
def test_file_names_give_back_zone_algorithm_and_tag(zone: Name, algorithm: int, tag: int) -> None:
    stem = file_stem(zone, algorithm, tag)
    assert "/" not in stem and stem.isprintable() and stem.isascii()
    assert parse_stem(stem) == (zone, algorithm, tag)


def test_ldns_keeps_capitals_in_file_names() -> None:
    assert parse_stem("KExample.ORG.+015+16270") == (Name("example.org."), 15, 16270)


@pytest.mark.parametrize(
    "name", ["", "K", "Kexample+013+12345", "Kexample.+13+12345", "Ka..b.+013+12345", "x.+013+00001"]
)
def test_other_file_names_are_no_keys(name: str) -> None:
    assert parse_stem(name) is None


def test_padding_that_writers_leave_out_is_put_back() -> None:
    key = _KEYS[13]
    numbers = PrivateNumbers(key.private.kind, secret=bytes(3) + b"\x01" * 29)  # type: ignore[union-attr]
    text = private_text(dataclasses.replace(key, private=PrivateNumbers(numbers.kind, secret=numbers.secret)))
    short = text.replace("AAAA", "", 1)  # three octets of zeros
    assert parse_private(short, "text").private == numbers
    assert encode_pkcs8(numbers)


def test_no_secret_shows_in_repr() -> None:
    for key in _KEYS.values():
        assert isinstance(key.private, PrivateNumbers)
        secret = key.private.secret or str(key.private.rsa[2])
        assert str(secret)[2:20] not in repr(key) + repr(key.private)

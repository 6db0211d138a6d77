"""Key pairs as files."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unbroken.dns import Name
from unbroken.errors import InputError, StateError, UsageError
from unbroken.keys import generate, generate_set, load, store, zone_key

ZONE = Name("a\\.b.example.")


@pytest.mark.parametrize("algorithm", [8, 13, 14, 15, 16, 18])
def test_a_stored_pair_is_loaded_as_it_was(algorithm: int, tmp_path: Path) -> None:
    for key in (*generate_set(ZONE, algorithm), *generate_set(ZONE, algorithm, csk=True)):
        path = tmp_path / f"{key.key_tag}.pem"
        store(key, path)
        again = load(path)
        assert (again.zone, again.dnskey, again.role) == (key.zone, key.dnskey, key.role)
        assert again.private.public_key == key.private.public_key


def test_the_file_is_the_owners_alone_and_nothing_is_left_beside(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("older, and readable by all")
    path.chmod(0o644)
    store(generate(ZONE, 15, secure_entry_point=True), path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["key.pem"]


def test_other_tools_read_the_private_part(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    path = tmp_path / "key.pem"
    store(generate(ZONE, 13, secure_entry_point=True), path)
    assert load_pem_private_key(path.read_bytes(), None) is not None


def test_a_file_that_cannot_be_written_is_a_state_error(tmp_path: Path) -> None:
    with pytest.raises(StateError):
        store(generate(ZONE, 15, secure_entry_point=True), tmp_path / "missing" / "key.pem")


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        load(tmp_path / "none.pem")


def test_halves_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    first, second = tmp_path / "1.pem", tmp_path / "2.pem"
    for path in (first, second):
        store(generate(ZONE, 15, secure_entry_point=True), path)
    head, tail = first.read_text().split("-----BEGIN", 1)[0], second.read_text().split("-----BEGIN", 1)[1]
    first.write_text(head + "-----BEGIN" + tail)
    with pytest.raises(InputError, match="not the one of its DNSKEY"):
        load(first)


def test_a_foreign_signer_is_not_stored(tmp_path: Path) -> None:
    class Raw:
        algorithm = 15
        public_key = bytes(32)

        def sign(self, data: bytes) -> bytes:
            return data

    with pytest.raises(UsageError):
        store(zone_key(ZONE, Raw(), secure_entry_point=True), tmp_path / "key.pem")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(position=st.integers(0, 400), byte=st.integers(0, 255))
def test_a_damaged_file_is_an_input_error_or_still_the_same_pair(tmp_path: Path, position: int, byte: int) -> None:
    path = tmp_path / "key.pem"
    if not (tmp_path / "good.pem").exists():
        store(generate(ZONE, 15, secure_entry_point=True), tmp_path / "good.pem")
    data = bytearray((tmp_path / "good.pem").read_bytes())
    data[position % len(data)] = byte
    path.write_bytes(bytes(data))
    try:
        key = load(path)
    except InputError:
        return
    assert key.private.public_key == key.dnskey.public_key

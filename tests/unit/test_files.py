"""Files are written whole or not at all, and only files are replaced."""

import os
import stat
from pathlib import Path

import pytest

from unbroken.errors import StateError
from unbroken.files import write_atomically


def test_a_symbolic_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_atomically(str(link), b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["link", "target"]


def test_a_pipe_is_written_to_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomically(str(pipe), b"proof")
        assert os.read(reader, 64) == b"proof"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_full_device_is_an_error_and_stays_a_device() -> None:
    if not Path("/dev/full").is_char_device():
        pytest.skip("no /dev/full here")
    with pytest.raises(StateError, match="cannot be written"):
        write_atomically("/dev/full", b"proof")
    assert Path("/dev/full").is_char_device()


def test_a_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be written"):
        write_atomically(str(tmp_path), b"proof")
    assert list(tmp_path.iterdir()) == []


def test_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    write_atomically(str(tmp_path / "secret"), b"key", mode=0o600)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600

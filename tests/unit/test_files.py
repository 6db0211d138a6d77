"""Files are read within bounds, written whole or not at all, and only files are replaced."""

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from unbroken.errors import InputError, StateError
from unbroken.files import read_bounded, read_start, scratch, staged, write_atomically


def test_reading_stops_at_the_bound(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_bounded(str(path), 5) == b"12345" and read_start(str(path), 2) == b"12"
    with pytest.raises(InputError, match="more than 4 octets"):
        read_bounded(str(path), 4)


@pytest.mark.parametrize("name", ["", "none", "nul\0", "."])
def test_what_is_no_file_is_an_input_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError):
        read_bounded(name, 10)


@pytest.mark.parametrize("links", [True, False])
def test_what_is_there_is_only_written_over_when_that_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:  # as on a file system that has none

        def refuse(*_: object) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "file"
    write_atomically(str(path), b"first", overwrite=False)
    with pytest.raises(StateError, match="there already"):
        write_atomically(str(path), b"second", overwrite=False)
    assert path.read_bytes() == b"first"
    write_atomically(str(path), b"third")
    assert path.read_bytes() == b"third" and [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_link_that_leads_nowhere_is_something_too(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StateError, match="there already"):
        write_atomically(str(tmp_path / "link"), b"secret", 0o600, overwrite=False)
    assert not (tmp_path / "nowhere").exists()


def test_a_secret_is_never_readable_by_others_not_even_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    real = os.fsync

    def spy(descriptor: int) -> None:
        seen.append(os.fstat(descriptor).st_mode & 0o077)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", spy)
    before = os.umask(0)
    try:
        write_atomically(str(tmp_path / "file"), b"secret", 0o600)
    finally:
        os.umask(before)
    assert seen[0] == 0 and (tmp_path / "file").stat().st_mode & 0o777 == 0o600


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


_KILLED = """\
import os, signal, sys
from unbroken.files import staged
with staged(sys.argv[1]) as beside:
    with open(beside, "wb") as file:
        file.write(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_goes_with_the_next_one_and_the_old_content_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", _KILLED, str(path)], timeout=60, check=False)
        assert done.returncode == -signal.SIGKILL
        assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 2
    write_atomically(str(path), b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"] and path.read_bytes() == b"new"


def test_what_another_process_is_writing_is_left_to_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with staged(str(path)) as beside:
        Path(beside).write_bytes(b"first")
        write_atomically(str(path), b"second")
        assert path.read_bytes() == b"second" and Path(beside).read_bytes() == b"first"
    assert path.read_bytes() == b"first" and len(list(tmp_path.iterdir())) == 1


def test_a_file_that_only_looks_left_behind_is_not_removed(tmp_path: Path) -> None:
    other, link = tmp_path / ".file.abcdefgh", tmp_path / ".file.abcdefgh.unbroken"
    other.write_bytes(b"mine")
    link.symlink_to(other)
    write_atomically(str(tmp_path / "file"), b"new")
    assert other.read_bytes() == b"mine" and link.is_symlink()


def test_scratch_is_for_its_owner_only_and_goes(tmp_path: Path) -> None:
    with scratch(str(tmp_path), "zone") as path:
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == []

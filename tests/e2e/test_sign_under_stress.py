"""`unbroken sign` as a process in trouble: no room, no reader, killed at any moment, input without end. What OUT held
stays, and nothing piles up beside it."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from support.small_zones import EXAMPLE, SMALL

from unbroken.keys import from_zone_key, generate, save

pytestmark = pytest.mark.slow
BIG = "$ORIGIN example.\n" + SMALL + "$GENERATE 1-8000 n$ A 192.0.2.1\n"
_MIB = 1 << 20


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An output that holds something already, in a folder that holds nothing else."""
    path = tmp_path / "signed" / "out"
    path.parent.mkdir()
    path.write_text("as it was")
    return path


@pytest.fixture
def command(tmp_path: Path, out: Path) -> list[str]:
    (tmp_path / "zone").write_text(BIG)
    key, _ = save(from_zone_key(generate(EXAMPLE, 15, secure_entry_point=True, csk=True)), str(tmp_path))
    return [sys.executable, "-m", "unbroken.cli", "sign", str(tmp_path / "zone"), "-k", key, "-o", str(out)]


def call(command: list[str], **options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)  # type: ignore[call-overload, no-any-return]


def is_untouched(out: Path) -> bool:
    return out.read_text() == "as it was" and [path.name for path in out.parent.iterdir()] == ["out"]


def one_line(done: "subprocess.CompletedProcess[str]", said: str) -> bool:
    return done.stderr.count("\n") == 1 and done.stderr.startswith("unbroken: ") and said in done.stderr


def test_a_limit_on_the_size_of_files(command: list[str], out: Path) -> None:
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))  # noqa: E731
    done = call(command, preexec_fn=limit)
    assert done.returncode == 4 and one_line(done, f"{out}: cannot be written (File too large)") and is_untouched(out)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    options = ["-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
        pytest.skip("no leave to mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True, timeout=60)


def test_a_full_disk(command: list[str], out: Path) -> None:
    with small_disk(out.parent):
        out.write_text("as it was")
        done = call(command)
        assert done.returncode == 4 and one_line(done, "(No space left on device); is the disk full?")
        assert is_untouched(out)


def test_a_full_disk_for_what_goes_to_standard_output(command: list[str], tmp_path: Path, out: Path) -> None:
    with small_disk(out.parent):
        done = call([*command[:-1], "-"], env={**os.environ, "TMPDIR": str(out.parent)})
        assert (done.returncode, done.stdout) == (4, "") and one_line(done, "(No space left on device)")
        assert list(out.parent.iterdir()) == []
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*command[:-1], "-"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 4 and one_line(done, "standard output: cannot be written (No space left on device)")


def test_a_reader_that_goes_away(command: list[str]) -> None:
    process = subprocess.Popen([*command[:-1], "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.read(1)
    process.stdout.close()
    assert process.wait(timeout=60) == 141 and process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_end_at_any_moment_leaves_the_output_and_no_litter_that_grows(
    command: list[str], out: Path, number: signal.Signals
) -> None:
    (Path(command[4])).write_text(BIG.replace("1-8000", "1-60000"))
    met = set()
    for attempt in range(8):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if attempt % 2 or number == signal.SIGINT:  # which Python itself tells of while it starts
            _wait_until_it_writes(out, process)
        time.sleep(attempt * 0.03)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
        met.add(process.returncode)
        assert b"Traceback" not in said and out.read_text() == "as it was"
        assert len(list(out.parent.iterdir())) <= 2
    assert met <= {-number, 130, 0}
    (Path(command[4])).write_text(BIG)
    assert call(command).returncode == 0 and [path.name for path in out.parent.iterdir()] == ["out"]


def _wait_until_it_writes(out: Path, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    before = {path.name for path in out.parent.iterdir()}
    while process.poll() is None and time.monotonic() < deadline:
        if {path.name for path in out.parent.iterdir()} - before:
            return
        time.sleep(0.002)


@pytest.mark.parametrize("piece", [b"a" * 65536, b'"' + b"a" * 65535, b"( a\n" * 16384, b" " * 65536, b";" * 65536])
def test_an_entry_without_end_takes_bounded_memory(command: list[str], out: Path, piece: bytes) -> None:
    """A gigabyte is offered; little more than a mebibyte is looked at."""
    # VmHWM (proc(5)) is of this program alone; ru_maxrss would count what the tests' own process had before exec, too.
    script = "import re, sys; from unbroken.cli import main; code = main.run(sys.argv[1:]); "
    script += "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]); sys.exit(code)"
    program = [sys.executable, "-c", script, *command[3:4], "-", *command[5:]]
    reading, writing = os.pipe()
    process = subprocess.Popen(program, stdin=reading, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.close(reading)
    with suppress(BrokenPipeError):
        os.write(writing, b"$ORIGIN example.\n" + SMALL.encode() + b"x TXT ")
        for _ in range((1 << 30) // len(piece)):
            os.write(writing, piece)
    os.close(writing)
    said, err = process.communicate(timeout=120)
    assert process.returncode == 2 and err.count(b"\n") == 1 and b"an entry longer than a mebibyte" in err
    assert int(said) * 1024 < 120 * _MIB and is_untouched(out)


def test_a_file_that_may_not_be_read(command: list[str], out: Path) -> None:
    if not os.geteuid():
        pytest.skip("root may read everything")
    Path(command[4]).chmod(0)
    done = call(command)
    assert done.returncode == 2 and one_line(done, "Permission denied") and is_untouched(out)


def test_standard_input_that_is_closed(command: list[str], out: Path) -> None:
    done = call(["/bin/sh", "-c", 'exec "$@" <&-', "sh", *command[:4], "-", *command[5:]])
    assert done.returncode == 2 and one_line(done, "standard input: no SOA record") and is_untouched(out)

"""A process whose streams or user go away: exit codes as a shell knows them, and never a traceback."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

UNBROKEN = [sys.executable, "-m", "unbroken.cli"]


def shell(text: str) -> "subprocess.CompletedProcess[str]":
    """`unbroken` in a shell, with its own exit code."""
    script = f'unbroken() {{ {sys.executable} -m unbroken.cli "$@"; }}; {text}'
    return subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("arguments", [["anchors"], ["explain"], ["--help"], ["check", "--help"], ["--version"]])
def test_a_reader_that_went_away_is_141_and_not_bogus(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*UNBROKEN, *arguments], stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("unbroken explain >&-", 0),
        ("unbroken explain 2>&-", 0),
        ("unbroken explain NOTHING 2>&-", 2),
        ("unbroken explain NOTHING >&-", 2),
        ("unbroken explain <&- >&- 2>&-", 0),
        ("unbroken check a..b 2>&-", 2),
        ("unbroken verify - <&-", 2),
    ],
)
def test_closed_streams_are_no_error(text: str, code: int) -> None:
    done = shell(text)
    assert done.returncode == code
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


@pytest.mark.parametrize("command", ["prove a.example A -o -", "sign - -k key -o -"])
def test_a_file_for_a_closed_standard_output_is_refused(command: str) -> None:
    done = shell(f"unbroken {command} >&- </dev/null")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "unbroken: standard output is closed; give the name of a file instead of -\n"


def test_a_file_never_takes_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("kept")
    shell(f"unbroken verify {path} 2>&-")
    assert path.read_text() == "kept"


@pytest.mark.parametrize("delay", [0.03, 0.06, 0.1, 0.15, 0.2, 0.3])
def test_an_early_interrupt_leaves_no_traceback(delay: float) -> None:
    script = "import os; os.write(1, b'.'); from unbroken.cli.entry import main; main()"
    command = [sys.executable, "-c", script, "check", "www.example.com", "--resolver", "127.0.0.1", "--port", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read(1)
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode in (-signal.SIGINT, 130, 4)
    assert said.count(b"\n") <= 1 and b"Traceback" not in said and b"never awaited" not in said


def test_an_interrupt_inside_a_callback_ends_the_command_all_the_same() -> None:
    """Python swallows what a callback or destructor raises, and prints a traceback."""
    script = """
import signal
from unbroken.cli import entry, main
class Callback:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
def run():
    Callback()
    return 0
main.run = run
entry.main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (130, b"unbroken: interrupted\n")


def test_an_interrupt_that_is_ignored_stays_ignored() -> None:
    script = "import signal, os; signal.signal(2, signal.SIG_IGN); os.execvp({0!r}, [{0!r}, '-m', 'unbroken.cli', 'explain'])"
    done = subprocess.run([sys.executable, "-c", script.format(sys.executable)], capture_output=True, check=False)
    assert done.returncode == 0

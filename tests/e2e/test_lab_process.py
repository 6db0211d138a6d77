"""The lab as people run it: its own process, found by `check --lab`, ended by a signal, leaving nothing."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_PATIENCE = 30  # seconds


def _environment(runtime: Path) -> dict[str, str]:
    return {**os.environ, "XDG_RUNTIME_DIR": str(runtime), "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}


def _unbroken(runtime: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "unbroken.cli", *arguments]
    return subprocess.run(
        command, env=_environment(runtime), capture_output=True, text=True, timeout=_PATIENCE, check=False
    )


@contextmanager
def _lab_up(runtime: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "unbroken.cli", "lab", "up", *arguments]
    process = subprocess.Popen(
        command, env=_environment(runtime), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    watch = threading.Timer(_PATIENCE, process.kill)
    watch.start()
    try:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("Ctrl-C"):
                break
        assert said and said[-1].startswith("Ctrl-C"), "".join(said)
        yield process
    finally:
        process.terminate()
        process.communicate()
        watch.cancel()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_lab_and_nothing_is_left(tmp_path: Path, number: signal.Signals) -> None:
    with _lab_up(tmp_path) as process:
        (note,) = tmp_path.iterdir()
        directory = Path(json.loads(note.read_text())["directory"])
        assert (directory / "root.hints").exists()
        process.send_signal(number)
        output, _ = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 0
    assert "The lab has ended." in output
    assert not directory.exists()
    assert not list(tmp_path.iterdir())


def test_check_finds_the_running_lab_with_its_faults(tmp_path: Path) -> None:
    with _lab_up(tmp_path, "--break", "rrsig-exp-a@one.example"):
        assert _unbroken(tmp_path, "check", "--lab", "www.two.example").returncode == 0
        broken = _unbroken(tmp_path, "check", "--lab", "www.one.example")
        assert broken.returncode == 1
        assert "expired" in broken.stdout


def test_check_starts_a_lab_when_none_runs(tmp_path: Path) -> None:
    assert _unbroken(tmp_path, "check", "--lab", "www.one.example").returncode == 0
    assert _unbroken(tmp_path, "check", "--lab", "www.unsigned.example").returncode == 3
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("arguments", [["lab", "up"], ["check", "--lab", "www.one.example"]])
@pytest.mark.parametrize("delay", [0.0, 0.1, 0.3])
def test_a_signal_before_the_lab_is_up_leaves_nothing(
    tmp_path: Path, arguments: list[str], number: signal.Signals, delay: float
) -> None:
    """The temporary directory shows when the lab has begun to write; without a runtime directory its note goes there too."""
    environment = {**os.environ, "TMPDIR": str(tmp_path), "XDG_RUNTIME_DIR": "", "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "unbroken.cli", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    ends = time.monotonic() + _PATIENCE
    while not list(tmp_path.iterdir()) and process.poll() is None and time.monotonic() < ends:
        time.sleep(0.001)
    time.sleep(delay)
    process.send_signal(number)
    _, said = process.communicate(timeout=_PATIENCE)
    assert b"Traceback" not in said
    assert not list(tmp_path.iterdir())


def test_a_second_lab_of_the_same_user_is_refused(tmp_path: Path) -> None:
    with _lab_up(tmp_path):
        second = _unbroken(tmp_path, "lab", "up")
    assert second.returncode == 4
    assert "running already" in second.stderr


def test_a_described_world_and_a_directory_of_its_own(tmp_path: Path) -> None:
    runtime, config = tmp_path / "run", tmp_path / "lab.toml"
    runtime.mkdir()
    config.write_text('[zone."example."]\nrecords = "www A 192.0.2.1"\n')
    with _lab_up(runtime, "--config", str(config), "--dir", str(tmp_path / "out"), "--address-prefix", "127.56"):
        assert _unbroken(runtime, "check", "--lab", "www.example").returncode == 0
        anchor, hints = str(tmp_path / "out" / "root.anchor"), (tmp_path / "out" / "root.hints").read_text()
    assert "127.56.1.1" in hints
    assert Path(anchor).exists()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--break", "rrsig-exp@one.example"], "did you mean"),
        (["--break", "no-ds@."], "no parent"),
        (["--config", "/nothing/there.toml"], "No such file"),
        (["--address-prefix", "10.1"], "not a loopback prefix"),
        (["--port", "70000"], "70000"),
    ],
)
def test_a_wrong_argument_is_one_line_and_exit_2(tmp_path: Path, arguments: list[str], what: str) -> None:
    done = _unbroken(tmp_path, "lab", "up", *arguments)
    assert done.returncode == 2
    assert what in done.stderr and done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_faults_are_listed_for_people_and_programs(tmp_path: Path) -> None:
    listed = _unbroken(tmp_path, "lab", "faults")
    rows = json.loads(_unbroken(tmp_path, "lab", "faults", "--json").stdout)
    assert listed.returncode == 0
    assert [line.split()[0] for line in listed.stdout.splitlines()] == [row["name"] for row in rows]
    assert len(rows) >= 25


def test_the_demo_shows_a_whole_chain_and_a_broken_one(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "unbroken.lab.demo"],
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "SECURE" in done.stdout and "BOGUS" in done.stdout
    assert not done.stderr
    assert not list(tmp_path.iterdir())


_FOREIGN_TEST = """
from unbroken.chain import Status

def test_sync(signed_internet):
    signed_internet.break_zone("rrsig-exp-a", "one.example")
    signed_internet.clock.advance(3600)
    assert signed_internet.check("www.one.example").status is Status.BOGUS

def test_is_whole_again(signed_internet):
    assert signed_internet.clock.offset == 0
    assert signed_internet.check("www.one.example").status is Status.SECURE

async def test_async(signed_internet):
    assert (await signed_internet.check_async("www.one.example")).status is Status.SECURE
"""


def test_the_plugin_serves_the_tests_of_others(tmp_path: Path) -> None:
    (tmp_path / "test_foreign.py").write_text(_FOREIGN_TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "unbroken.lab.pytest_plugin", "-o", "asyncio_mode=auto"]
    command += ["-o", "asyncio_default_fixture_loop_scope=function"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-W", "error", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert "3 passed" in done.stdout, done.stdout + done.stderr

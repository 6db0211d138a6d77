"""The daemon as people run it: its own process, ready when it says so, ended by a signal, with the right exit code."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.dns_clients import ask, with_dnssec

from unbroken.dns import rdtype as rr
from unbroken.service.endpoints import Endpoint

_PATIENCE = 60  # seconds


def _environment(runtime: Path) -> dict[str, str]:
    return {**os.environ, "XDG_RUNTIME_DIR": str(runtime), "PYTHONUNBUFFERED": "1", "TMPDIR": str(runtime)}


def start(runtime: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-W", "error", "-m", "unbroken.cli", "resolve", *arguments]
    return subprocess.Popen(
        command, env=_environment(runtime), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@contextmanager
def daemon(runtime: Path, *arguments: str) -> Iterator[tuple["subprocess.Popen[str]", Endpoint]]:
    process = start(runtime, *arguments)
    watch = threading.Timer(_PATIENCE, process.kill)
    watch.start()
    try:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        found = re.match(r"Ready: (\S+)@(\d+) ", line)
        assert found, line + process.stderr.read()
        yield process, Endpoint(found[1], int(found[2]))
    finally:
        process.terminate()
        process.communicate()
        watch.cancel()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_is_ready_when_it_says_so_and_a_signal_ends_it(tmp_path: Path, number: signal.Signals) -> None:
    with daemon(tmp_path, "--lab", "--listen", "127.0.0.1@0") as (process, endpoint):
        reply = asyncio.run(ask(endpoint, with_dnssec("www.one.example.")))
        assert reply.flags & rr.AD and reply.answer
        process.send_signal(number)
        out, err = process.communicate(timeout=_PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert out == "The resolver has ended.\n"
    assert not list(tmp_path.iterdir())


def test_an_address_that_is_taken_is_one_line_and_exit_4(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        process = start(tmp_path, "--listen", f"127.0.0.1@{port}")
        out, err = process.communicate(timeout=_PATIENCE)
    assert (process.returncode, out) == (4, "")
    assert f"127.0.0.1@{port}" in err and "another program has it" in err and err.count("\n") == 1


def test_by_default_it_listens_on_loopback_port_5335_and_starts_without_a_network(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if probe.connect_ex(("127.0.0.1", 5335)) == 0:
            pytest.skip("something else has port 5335")
    with daemon(tmp_path) as (process, endpoint):
        assert endpoint == Endpoint("127.0.0.1", 5335)
        assert asyncio.run(ask(endpoint, with_dnssec("localhost."))).answer
        process.send_signal(signal.SIGTERM)
        assert process.wait(_PATIENCE) == 0


def test_control_finds_the_daemon_and_ends_it(tmp_path: Path) -> None:
    def control(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "unbroken.cli", "control", *arguments]
        return subprocess.run(
            command, env=_environment(tmp_path), capture_output=True, text=True, timeout=_PATIENCE, check=False
        )

    with daemon(tmp_path, "--lab", "--listen", "127.0.0.1@0") as (process, endpoint):
        shown = control("status")
        assert shown.returncode == 0 and str(endpoint) in shown.stdout and f"{process.pid}" in shown.stdout
        explained = control("explain", "www.one.example")
        assert explained.returncode == 0 and "SECURE" in explained.stdout and "with AD" in explained.stdout
        second = start(tmp_path, "--listen", "127.0.0.1@0")
        _, err = second.communicate(timeout=_PATIENCE)
        assert second.returncode == 4 and "--control" in err and err.count("\n") == 1
        assert control("stop").returncode == 0
        assert process.wait(_PATIENCE) == 0
    assert not list(tmp_path.iterdir())


def test_sighup_reads_the_configuration_anew_and_a_wrong_one_changes_nothing(tmp_path: Path) -> None:
    config = tmp_path / "resolve.toml"
    config.write_text("")
    runtime = tmp_path / "run"
    runtime.mkdir()
    with daemon(runtime, "--config", str(config), "--listen", "127.0.0.1@0") as (process, endpoint):
        assert process.stderr is not None
        config.write_text('[clients]\nalow = ["127.0.0.2"]\n')
        process.send_signal(signal.SIGHUP)
        assert "reload-failed" in (line := process.stderr.readline()) and "did you mean 'allow'?" in line
        assert asyncio.run(ask(endpoint, with_dnssec("localhost."))).rcode == rr.NOERROR
        config.write_text('[clients]\nallow = ["127.0.0.2"]\n')
        process.send_signal(signal.SIGHUP)
        assert "event=reloaded" in process.stderr.readline()
        assert asyncio.run(ask(endpoint, with_dnssec("localhost."))).rcode == rr.REFUSED


def test_systemd_is_told_when_it_is_ready_reloads_and_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(_PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        with daemon(tmp_path, "--listen", "127.0.0.1@0") as (process, _):
            assert manager.recv(100) == b"READY=1"
            process.send_signal(signal.SIGHUP)
            assert [manager.recv(100) for _ in range(2)] == [b"RELOADING=1", b"READY=1"]
            process.send_signal(signal.SIGTERM)
            assert manager.recv(100) == b"STOPPING=1"
            assert process.wait(_PATIENCE) == 0

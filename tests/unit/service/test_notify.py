"""sd_notify: told where somebody listens, and no harm where nobody does."""

import socket
from pathlib import Path

import pytest

from unbroken.service.notify import notify


@pytest.mark.parametrize("is_abstract", [False, True])
def test_the_states_are_one_datagram(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_abstract: bool) -> None:
    name = f"@unbroken-test-{tmp_path.name}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if is_abstract else name)
        manager.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        notify("READY=1", "STATUS=x")
        assert manager.recv(100) == b"READY=1\nSTATUS=x"


@pytest.mark.parametrize("path", ["", "relative", "/none/such", "/" + "x" * 200])
def test_nobody_who_listens_is_no_fault(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    notify("READY=1")

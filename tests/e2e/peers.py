"""Unbound and delv, pointed at a lab: each asked in its own words, its answer put into ours."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode

from unbroken._kernel import type_to_text
from unbroken.chain import Question, Status
from unbroken.lab.run import Lab

_CONFIG = """\
server:
  directory: "{directory}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: "{directory}/unbound.log"
  interface: 127.0.0.1@{port}
  do-ip6: no
  do-not-query-localhost: no
  num-threads: 1
  module-config: "{modules}"
  root-hints: "{lab}/root.hints"
  trust-anchor-file: "{lab}/root.anchor"
  local-zone: "test." nodefault
  target-fetch-policy: "0 0 0 0 0"
  outbound-msg-retry: 3
  unknown-server-time-limit: 100
remote-control:
  control-enable: no
"""
_PATIENCE = 5.0  # seconds


def has_unbound() -> bool:
    return program("unbound") is not None


def has_delv() -> bool:
    return program("delv") is not None


def program(name: str) -> str | None:
    """The path of an installed program, or None."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


@contextmanager
def unbound(lab: Lab, directory: Path, *, validates: bool) -> Iterator[int]:
    """An Unbound with empty caches that starts at the lab's root; its port."""
    directory.mkdir(parents=True, exist_ok=True)
    port = free_port()
    modules = "validator iterator" if validates else "iterator"
    config = directory / "unbound.conf"
    config.write_text(_CONFIG.format(directory=directory, port=port, modules=modules, lab=lab.directory))
    found = program("unbound")
    assert found is not None
    process = subprocess.Popen([found, "-d", "-p", "-c", str(config)], stderr=subprocess.PIPE)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=_PATIENCE)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            assert process.stderr is not None
            raise AssertionError(f"unbound ended: {process.stderr.read().decode()}")
        time.sleep(0.02)
    raise AssertionError("unbound did not start to listen")


def ask_unbound(question: Question, port: int) -> Status:
    """RFC 4035 §3.2: AD means secure; SERVFAIL that goes away with CD means bogus."""
    checked = _query(question, port, check=True)
    if checked is None:
        return Status.INDETERMINATE
    if checked.rcode() != dns.rcode.SERVFAIL:
        return Status.SECURE if checked.flags & dns.flags.AD else Status.INSECURE
    unchecked = _query(question, port, check=False)
    if unchecked is not None and unchecked.rcode() != dns.rcode.SERVFAIL:
        return Status.BOGUS
    return Status.INDETERMINATE


def _query(question: Question, port: int, *, check: bool) -> dns.message.Message | None:
    query = dns.message.make_query(str(question.name), type_to_text(question.rdtype), want_dnssec=True)
    if not check:
        query.flags |= dns.flags.CD
    try:
        return dns.query.udp_with_fallback(query, "127.0.0.1", timeout=_PATIENCE, port=port)[0]
    except dns.exception.Timeout:
        return None


# What delv says when it could get no answer at all, as opposed to one that does not validate.
_NO_ANSWER = ("resolution failed: SERVFAIL", "resolution failed: timed out", "resolution failed: failure")


def ask_delv(question: Question, port: int, lab: Lab) -> tuple[Status, str]:
    """delv's verdict, from the trust comments of its answer (and its output, to read)."""
    found = program("delv")
    assert found is not None
    anchors = str(lab.directory / "bind.keys")
    arguments = [found, "-4", "@127.0.0.1", "-p", str(port), "-a", anchors, "+root=.", str(question.name)]
    done = subprocess.run(
        [*arguments, type_to_text(question.rdtype)], capture_output=True, text=True, timeout=30, check=False
    )
    output = done.stdout + done.stderr
    return _delv_status(output), output


def _delv_status(output: str) -> Status:
    trust = [line for line in output.splitlines() if line.startswith("; ")]
    if any("fully validated" in line or "unsigned answer" in line for line in trust):
        return Status.INSECURE if any("unsigned answer" in line for line in trust) else Status.SECURE
    failures = [line for line in output.splitlines() if "resolution failed" in line]
    if any(text in line for line in failures for text in _NO_ANSWER):
        return Status.INDETERMINATE
    return Status.BOGUS if failures else Status.INDETERMINATE

"""`anchors ready` reads what Unbound and BIND themselves write, when they follow the lab's root by RFC 5011.

They look for servers on port 53 only, so this needs root.
"""

import base64
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e import peers
from unbroken.anchors import TrustAnchors, load
from unbroken.anchors.ready import FileKind, FoundKey, ReadyStatus, Trust, judge, read_contents
from unbroken.dns import Name, RRset
from unbroken.errors import InputError, StateError
from unbroken.lab.run import Lab

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="peers look for servers on port 53, which only root may open"),
]
_PATIENCE = 30  # seconds
_UNBOUND = """\
server:
  directory: "{folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: "{folder}/log"
  interface: 127.0.0.1@{port}
  do-ip6: no
  do-not-query-localhost: no
  num-threads: 1
  root-hints: "{lab}/root.hints"
  auto-trust-anchor-file: "{folder}/root.key"
remote-control:
  control-enable: no
"""
_KEY = f'key "control" {{ algorithm hmac-sha256; secret "{base64.b64encode(os.urandom(32)).decode()}"; }};'
_NAMED = """\
options {{
  directory "{folder}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  pid-file none; session-keyfile none; recursion yes; dnssec-validation yes;
}};
zone "." {{ type hint; file "{lab}/root.hints"; }};
{key}
controls {{ inet 127.0.0.1 port {control} allow {{ 127.0.0.1; }} keys {{ "control"; }}; }};
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    lab = Lab(port=53, address_prefix="127.57")
    try:
        lab.start()
    except StateError as error:
        pytest.skip(f"no lab on port 53: {error}")
    yield lab
    lab.stop()


def run_until(arguments: list[str], is_done: Callable[[], bool], then: Callable[[], None] = lambda: None) -> None:
    """Run a resolver until its file is as wanted, do something, then end it in good order."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + _PATIENCE
        while not is_done():
            assert time.monotonic() < deadline, "the anchors were not looked at"
            assert process.poll() is None, "the resolver ended"
            time.sleep(0.1)
        then()
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def the_only_key(path: Path, kind: FileKind) -> FoundKey:
    """The key in a file; it is no key of the real root's, so that nobody is ready with it."""
    now = int(time.time())
    contents = read_contents(path.read_bytes(), str(path), now)
    assert contents.kind is kind
    assert judge(contents, str(path), now).status is ReadyStatus.NOT_READY
    (found,) = contents.keys
    return found


def is_the_lab_s(found: FoundKey, anchors: TrustAnchors) -> bool:
    (key,) = RRset(Name.ROOT, 48, 0, (found.entry.rdata,)).dnskeys()
    return {ds.key_tag for ds in anchors[Name.ROOT].dses} == {key.key_tag}


@pytest.mark.skipif(not peers.has_unbound(), reason="unbound is not installed")
def test_unbound_s_auto_trust_anchor_file(lab: Lab, tmp_path: Path) -> None:
    anchor = Path(lab.directory) / "root.anchor"
    key = tmp_path / "root.key"
    key.write_text(anchor.read_text())
    config = tmp_path / "unbound.conf"
    config.write_text(_UNBOUND.format(folder=tmp_path, port=peers.free_port(), lab=lab.directory))
    run_until([peers.program("unbound") or "", "-d", "-c", str(config)], lambda: ";;state=2" in key.read_text())
    found = the_only_key(key, FileKind.UNBOUND)
    assert found.trust is Trust.TRUSTED
    assert is_the_lab_s(found, load(anchor, now=0))
    assert found.trusted_from is not None
    assert abs(found.trusted_from - time.time()) < 2 * _PATIENCE


@pytest.mark.skipif(peers.program("named") is None or peers.program("rndc") is None, reason="bind9 is not installed")
def test_bind_s_managed_keys_file(lab: Lab, tmp_path: Path) -> None:
    """named keeps changes in a journal for a while; `rndc managed-keys sync`, as `ready` advises, writes the file."""
    keys = (Path(lab.directory) / "bind.keys").read_text().replace("static-ds", "initial-ds")
    config, log, key = tmp_path / "named.conf", tmp_path / "log", tmp_path / "key"
    key.write_text(_KEY)
    control = peers.free_port()
    config.write_text(
        _NAMED.format(folder=tmp_path, port=peers.free_port(), lab=lab.directory, key=_KEY, control=control) + keys
    )
    journal = tmp_path / "managed-keys.bind.jnl"

    def sync() -> None:
        with pytest.raises(InputError, match="run 'rndc managed-keys sync'"):
            read_contents(journal.read_bytes(), str(journal), 0)
        rndc = [peers.program("rndc") or "", "-p", str(control), "-k", str(key), "managed-keys", "sync"]
        subprocess.run(rndc, check=True, capture_output=True, timeout=_PATIENCE)

    arguments = [peers.program("named") or "", "-f", "-L", str(log), "-c", str(config)]
    run_until(arguments, lambda: journal.exists() and "is now trusted" in log.read_text(), sync)
    found = the_only_key(tmp_path / "managed-keys.bind", FileKind.BIND_STATE)
    assert found.trust is Trust.TRUSTED
    assert is_the_lab_s(found, load(Path(lab.directory) / "root.anchor", now=0))

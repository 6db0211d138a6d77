"""What is printed, done: zones on real BIND and Knot DNS are whole afterwards, and every command is one that they know."""

import asyncio
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.small_internet import PARENT, WWW, ZONE, SmallInternet

from unbroken.chain import Question, Severity, Status
from unbroken.diagnosis.diagnose import Diagnosis, diagnose
from unbroken.diagnosis.remedies import Step, look_at_server, publish_cds, resign, steps
from unbroken.dns import RRset
from unbroken.dns import rdtype as rr
from unbroken.lab.faults.bending import with_rrset
from unbroken.resolving.inspecting import inspect
from unbroken.resolving.sockets import SocketTransport
from unbroken.resolving.transport import Server

_PATIENCE = 20.0  # seconds for a server to sign and load
_FILE = """\
$TTL 300
@ SOA ns1 hostmaster 1 3600 600 604800 300
@ NS ns1
@ NS ns2
ns1 A 192.0.2.21
ns2 A 192.0.2.22
www A 192.0.2.81
"""
_BIND = """\
options {{
  directory "{folder}"; pid-file none; session-keyfile none; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion no; dnssec-validation no; notify no; minimal-responses no; allow-transfer {{ none; }};
}};
key "rndc-key" {{ algorithm hmac-sha256; secret "c2VjcmV0IG9mIGEgdGVzdA=="; }};
controls {{ inet 127.0.0.1 port {control} allow {{ 127.0.0.1; }} keys {{ "rndc-key"; }}; }};
dnssec-policy "tested" {{ keys {{ csk lifetime unlimited algorithm 13; }}; {policy} }};
zone "zone.test" {{ type primary; file "{file}"; {signing} }};
"""
_RNDC = 'options {{ default-server 127.0.0.1; default-port {control}; default-key "rndc-key"; }};\n'
_RNDC_KEY = 'key "rndc-key" { algorithm hmac-sha256; secret "c2VjcmV0IG9mIGEgdGVzdA=="; };\n'
_KNOT = """\
server:
    rundir: "{folder}"
    listen: "127.0.0.1@{port}"
database:
    storage: "{folder}"
policy:
  - id: tested
    algorithm: ecdsap256sha256
    single-type-signing: on
    {policy}
zone:
  - domain: zone.test
    storage: "{folder}"
    file: "{file}"
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
    dnssec-signing: on
    dnssec-policy: tested
"""


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


needs_bind = pytest.mark.skipif(_program("named") is None or _program("rndc") is None, reason="BIND is not installed")
needs_knot = pytest.mark.skipif(_program("knotd") is None or _program("knotc") is None, reason="Knot is not installed")


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Mixed:
    """A transport: the zone's addresses are those of the real server, all others in memory."""

    def __init__(self, net: SmallInternet, port: int) -> None:
        self._net, self._port, self._sockets = net, port, SocketTransport()

    async def exchange(self, server: Server, query: bytes, *, timeout: float, tcp: bool) -> bytes:
        if server.address in ("192.0.2.21", "192.0.2.22"):
            there = Server("127.0.0.1", self._port)
            return await self._sockets.exchange(there, query, timeout=timeout, tcp=tcp)
        return await self._net.exchange(server, query, timeout=timeout, tcp=tcp)


class Served:
    """A zone on a real server, below a parent in memory. `commands`: the programs that printed lines begin with."""

    def __init__(self, folder: Path, port: int, commands: dict[str, list[str]]) -> None:
        self.folder, self._commands = folder, commands
        self.net = SmallInternet.at(int(time.time()))
        self._transport = Mixed(self.net, port)

    def check(self) -> Diagnosis:
        async def gather() -> Diagnosis:
            resolver = self.net.resolver(self._transport)
            inspection = await inspect(resolver, self._transport, Question(WWW, rr.A))
            return diagnose(inspection, resolver.anchors, int(time.time()))

        return asyncio.run(gather())

    def publish(self, found: tuple[Step, ...]) -> None:
        """At the parent, what the steps say."""
        parent = self.net.zone(PARENT)
        present = parent.zone.rrset(ZONE, rr.DS)
        rdatas = list(() if present is None else present.rdatas)
        for step in found:
            for line in step.lines if step.where.startswith("At the parent") else ():
                tag, algorithm, kind, digest = line.split(" ", 3)[3].split()
                rdata = int(tag).to_bytes(2, "big") + bytes((int(algorithm), int(kind))) + bytes.fromhex(digest)
                if "remove" in step.where:
                    rdatas.remove(rdata)
                else:
                    rdatas.append(rdata)
        self.net.put(with_rrset(parent, RRset(ZONE, rr.DS, 300, tuple(rdatas))))

    def type(self, found: tuple[Step, ...], *programs: str) -> int:
        """Run the printed commands of these programs; how many there were. Each must succeed."""
        count = 0
        for line in (line for step in found for line in step.lines):
            words = shlex.split(line)
            if words[0] in programs:
                command = [*self._commands[words[0]], *words[1:]]
                done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.folder)
                assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
                count += 1
        return count

    def until(self, holds: Callable[[Diagnosis], bool]) -> Diagnosis:
        """Check again until it holds."""
        deadline = time.monotonic() + _PATIENCE
        while not holds(diagnosis := self.check()):
            assert time.monotonic() < deadline, [finding.sentence for finding in diagnosis.findings]
            time.sleep(0.3)
        return diagnosis


def codes(diagnosis: Diagnosis) -> set[str]:
    return {finding.code for finding in diagnosis.all_findings}


def is_whole(diagnosis: Diagnosis) -> bool:
    return diagnosis.status is Status.SECURE and not diagnosis.count(Severity.ERROR)


def told(diagnosis: Diagnosis, code: str) -> tuple[Step, ...]:
    finding = next(each for each in diagnosis.all_findings if each.code == code)
    return steps(finding, diagnosis.case)


@pytest.fixture
def bind(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    processes: list[subprocess.Popen[bytes]] = []

    def start(*, policy: str = "", signing: str = 'dnssec-policy "tested"; inline-signing yes;') -> Served:
        port, control = _free_port(), _free_port()
        (tmp_path / "zone.test.zone").write_text(_FILE)
        file = "zone.test.zone" if signing else "zone.test.signed"
        facts = {"folder": tmp_path, "port": port, "control": control, "policy": policy, "file": file}
        (tmp_path / "named.conf").write_text(_BIND.format(**facts, signing=signing))
        (tmp_path / "rndc.conf").write_text(_RNDC_KEY + _RNDC.format(control=control))
        named, rndc = _program("named"), _program("rndc")
        assert named is not None and rndc is not None
        with (tmp_path / "named.log").open("wb") as log:
            command = [named, "-4", "-g", "-n", "1", "-c", str(tmp_path / "named.conf")]
            processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path))
        _wait_for(port, processes[-1], tmp_path / "named.log")
        unbroken = [sys.executable, "-m", "unbroken.cli"]
        return Served(tmp_path, port, {"rndc": [rndc, "-c", str(tmp_path / "rndc.conf")], "unbroken": unbroken})

    yield start
    for process in processes:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def knot(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    processes: list[subprocess.Popen[bytes]] = []

    def start(*, policy: str = "") -> Served:
        port = _free_port()
        (tmp_path / "zone.test.zone").write_text(_FILE)
        config = tmp_path / "knot.conf"
        config.write_text(_KNOT.format(folder=tmp_path, port=port, policy=policy, file="zone.test.zone"))
        knotd, knotc = _program("knotd"), _program("knotc")
        assert knotd is not None and knotc is not None
        with (tmp_path / "knot.log").open("wb") as log:
            processes.append(subprocess.Popen([knotd, "-c", str(config)], stdout=log, stderr=log, cwd=tmp_path))
        _wait_for(port, processes[-1], tmp_path / "knot.log")
        return Served(tmp_path, port, {"knotc": [knotc, "-c", str(config)]})

    yield start
    for process in processes:
        process.terminate()
        process.wait(timeout=10)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, log.read_text()[-2000:]
        time.sleep(0.05)
    raise AssertionError(log.read_text()[-2000:])


@needs_bind
def test_bind_a_ds_of_another_key(bind: Callable[..., Served]) -> None:
    served = bind()
    broken = served.until(
        lambda diagnosis: "DS_NO_KEY_WITH_TAG" in codes(diagnosis) and bool(diagnosis.case.comparison.add)
    )
    assert broken.status is Status.BOGUS
    found = told(broken, "DS_NO_KEY_WITH_TAG")
    served.publish(found)
    assert served.type(found, "rndc") == 1
    served.until(is_whole)


@needs_bind
def test_bind_nsec3_with_iterations_and_salt(bind: Callable[..., Served]) -> None:
    served = bind(policy="nsec3param iterations 5 optout no salt-length 8;")
    before = served.until(lambda diagnosis: bool(diagnosis.case.comparison.add) and "NSEC3_SALT" in codes(diagnosis))
    served.publish(told(before, before.findings[0].code))
    before = served.check()
    found = told(before, "NSEC3_ITERATIONS")
    (wanted,) = next(step.lines for step in found if step.where == "BIND, in its dnssec-policy")
    config = served.folder / "named.conf"
    config.write_text(config.read_text().replace("nsec3param iterations 5 optout no salt-length 8;", wanted))
    reconfig = tuple(step for step in found if step.where == "BIND, then")
    assert served.type(reconfig, "rndc") == 1
    after = served.until(lambda diagnosis: not {"NSEC3_ITERATIONS", "NSEC3_SALT"} & codes(diagnosis))
    assert is_whole(after)


@needs_bind
def test_bind_serves_a_file_whose_signatures_have_expired(bind: Callable[..., Served], tmp_path: Path) -> None:
    (tmp_path / "zone.test.zone").write_text(_FILE)
    unbroken = [sys.executable, "-m", "unbroken.cli"]
    subprocess.run([*unbroken, "keys", "generate", "zone.test", "--csk"], check=True, cwd=tmp_path, capture_output=True)
    (key,) = [path.name.removesuffix(".key") for path in tmp_path.glob("Kzone.test.*.key")]
    past = str(int(time.time()) - 30 * 86400)
    sign = [*unbroken, "sign", "zone.test.zone", "-k", key, "-o", "zone.test.signed", "--at", past]
    subprocess.run(sign, check=True, cwd=tmp_path, capture_output=True)
    served = bind(signing="")
    # The DS is of another key too; but as long as nothing signs the keys, no DS can help: signing comes first.
    found = told(served.check(), "DS_NO_KEY_WITH_TAG")
    assert served.type(found, "unbroken") == 2
    assert served.type(tuple(step for step in found if "to load the file" in step.where), "rndc") == 1
    signed = served.until(lambda diagnosis: bool(diagnosis.case.comparison.add))
    assert signed.status is Status.BOGUS
    served.publish(told(signed, "DS_NO_KEY_WITH_TAG"))
    served.until(is_whole)


@needs_bind
def test_bind_knows_every_command_that_is_printed_for_it(bind: Callable[..., Served]) -> None:
    served = bind()
    diagnosis = served.until(lambda diagnosis: bool(diagnosis.case.comparison.add))
    for plan in (resign, look_at_server):
        found = plan(diagnosis.case)
        assert served.type(tuple(step for step in found if step.where.startswith("BIND")), "rndc") >= 1


@needs_knot
def test_knot_a_ds_of_another_key(knot: Callable[..., Served]) -> None:
    served = knot()
    broken = served.until(
        lambda diagnosis: "DS_NO_KEY_WITH_TAG" in codes(diagnosis) and bool(diagnosis.case.comparison.add)
    )
    served.publish(told(broken, "DS_NO_KEY_WITH_TAG"))
    served.until(is_whole)


@needs_knot
def test_knot_nsec3_with_iterations_and_salt(knot: Callable[..., Served]) -> None:
    served = knot(policy="nsec3: on\n    nsec3-iterations: 5\n    nsec3-salt-length: 8")
    before = served.until(lambda diagnosis: bool(diagnosis.case.comparison.add) and "NSEC3_SALT" in codes(diagnosis))
    served.publish(told(before, before.findings[0].code))
    found = told(served.check(), "NSEC3_ITERATIONS")
    lines = next(step.lines for step in found if step.where == "Knot DNS, in its policy")
    config = served.folder / "knot.conf"
    old = "nsec3: on\n    nsec3-iterations: 5\n    nsec3-salt-length: 8"
    config.write_text(config.read_text().replace(old, "\n    ".join(lines)))
    assert served.type(tuple(step for step in found if step.where == "Knot DNS, then"), "knotc") == 2
    assert is_whole(served.until(lambda diagnosis: not {"NSEC3_ITERATIONS", "NSEC3_SALT"} & codes(diagnosis)))


@needs_knot
def test_knot_cds_are_published_as_the_policy_line_says(knot: Callable[..., Served]) -> None:
    served = knot(policy="cds-cdnskey-publish: none")
    diagnosis = served.until(lambda diagnosis: bool(diagnosis.case.comparison.add))
    (line,) = next(step.lines for step in publish_cds(diagnosis.case) if step.where == "Knot DNS, in its policy")
    config = served.folder / "knot.conf"
    config.write_text(config.read_text().replace("cds-cdnskey-publish: none", line))
    served.type((Step("", ("knotc reload", "knotc zone-sign zone.test")),), "knotc")
    served.until(lambda diagnosis: any(server.apex(rr.CDS) is not None for server in diagnosis.case.serving))


@needs_knot
def test_knot_knows_every_command_that_is_printed_for_it(knot: Callable[..., Served]) -> None:
    served = knot()
    diagnosis = served.until(lambda diagnosis: bool(diagnosis.case.comparison.add))
    for plan in (resign, look_at_server):
        found = plan(diagnosis.case)
        assert served.type(tuple(step for step in found if step.where.startswith("Knot")), "knotc") >= 1

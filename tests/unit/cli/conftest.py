"""A command line to call in this process, and a network that is not one."""

from collections.abc import Callable
from pathlib import Path

import handmade
import pytest

from unbroken.chain import Chain
from unbroken.chain.rfc9102 import read, write
from unbroken.cli import main
from unbroken.dns import Message
from unbroken.dns import rdtype as rr
from unbroken.resolving.selecting import SelectingTransport
from unbroken.resolving.transport import Server, TransportError
from unbroken.validation.proof_source import ProofSource
from unbroken.validation.protocol import Answer, Lookup

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> tuple[int, str, str]:
        code = main.run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def anchor(tmp_path: Path) -> Path:
    path = tmp_path / "anchor"
    ds = handmade.ROOT.ds_rrset().dses()[0]
    path.write_text(f". IN DS {ds.key_tag} {ds.algorithm} {ds.digest_type} {ds.digest.hex()}\n", encoding="ascii")
    return path


class FakeResolver:
    """A recursive resolver that knows what one chain holds."""

    def __init__(self, chain: Chain | None) -> None:
        self._source = ProofSource(read(write(chain))) if chain else None

    async def exchange(self, server: Server, query: bytes, *, timeout: float, tcp: bool) -> bytes:
        if self._source is None:
            raise TransportError("network is unreachable")
        asked = Message.from_wire(query)
        assert asked.question is not None
        response = self._source.fetch(Lookup(asked.question[0], asked.question[1]))
        if not isinstance(response, Answer):
            return Message(asked.id, rr.QR, asked.question, rcode=rr.SERVFAIL).to_wire()
        given = response.message
        return Message(
            asked.id, rr.QR | rr.RA, asked.question, given.answer, given.authority, rcode=given.rcode
        ).to_wire()


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that gets past the network put in its way must not reach the real one."""
    exchange = SelectingTransport.exchange

    async def guarded(self: SelectingTransport, server: Server, query: bytes, *, timeout: float, tcp: bool) -> bytes:
        assert server.address.startswith("127.") or server.address == "::1", f"{server} is not on this machine"
        return await exchange(self, server, query, timeout=timeout, tcp=tcp)

    monkeypatch.setattr(SelectingTransport, "exchange", guarded)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Callable[[Chain | None], None]:
    def use(chain: Chain | None) -> None:
        monkeypatch.setattr("unbroken.resolving.resolver._sockets", lambda: FakeResolver(chain))

    return use

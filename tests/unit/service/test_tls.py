"""DNS over TLS: the same answers, padded for who pads, with certificates that can change while it runs."""

import asyncio
import io
import shutil
import ssl
from pathlib import Path

import pytest
from support.certificates import write_certificate
from support.dns_clients import ANYWHERE, connected, query, running

from unbroken.dns import Edns, Message
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError
from unbroken.lab.run import Lab
from unbroken.service.daemon import Daemon
from unbroken.service.log import Log
from unbroken.service.settings import Settings, Tcp, Tls
from unbroken.service.tls import Certificate


def _settings(folder: Path, **tcp: float) -> Settings:
    certificate, key = write_certificate(folder)
    tls = Tls(addresses=(ANYWHERE,), certificate=certificate, key=key, recheck_seconds=0.05)
    return Settings(tls=tls, tcp=Tcp(**tcp))  # type: ignore[arg-type]


def _client(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.tls.certificate)
    context.set_alpn_protocols(["dot"])
    return context


async def _answer(daemon: Daemon, settings: Settings, wire: bytes) -> bytes:
    async with connected(*daemon.tls_endpoints, ssl=_client(settings)) as connection:
        assert connection.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "dot"
        connection.send(wire)
        received = await connection.receive()
        assert received is not None
        return received


async def test_rfc7858_answers_over_tls(signed_internet: Lab, tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    async with running(signed_internet, settings) as daemon:
        reply = Message.from_wire(await _answer(daemon, settings, query("www.one.example.", edns=Edns(1232, True))))
        assert reply.flags & rr.AD and reply.answer
        assert daemon.stats.queries == {"tls": 1}


@pytest.mark.parametrize(("options", "is_padded"), [(((12, bytes(40)),), True), ((), False)])
async def test_rfc8467_4_1_replies_are_padded_for_who_pads(
    signed_internet: Lab, tmp_path: Path, options: tuple[tuple[int, bytes], ...], is_padded: bool
) -> None:
    settings = _settings(tmp_path)
    wire = query("www.one.example.", edns=Edns(1232, True, options))
    async with running(signed_internet, settings) as daemon:
        assert (len(await _answer(daemon, settings, wire)) % 468 == 0) is is_padded
        async with connected(*daemon.endpoints) as connection:  # in the clear there is nothing to hide
            connection.send(wire)
            assert len(await connection.receive() or b"") % 468 != 0


async def test_what_is_no_handshake_is_dropped_and_leaves_no_trace(signed_internet: Lab, tmp_path: Path) -> None:
    settings, stream = _settings(tmp_path, idle_seconds=0.2), io.StringIO()
    async with running(signed_internet, settings, Log(signed_internet.clock, stream)) as daemon:
        for junk in (query("www.one.example."), b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03", b""):
            async with connected(*daemon.tls_endpoints) as connection:
                connection.writer.write(junk)
                async with asyncio.timeout(5):
                    while await connection.reader.read(1000):
                        pass
        assert Message.from_wire(await _answer(daemon, settings, query("localhost."))).answer
        assert stream.getvalue() == ""


async def test_a_certificate_that_changes_is_taken_and_one_that_is_broken_is_not(
    signed_internet: Lab, tmp_path: Path
) -> None:
    settings, stream = _settings(tmp_path), io.StringIO()
    (tmp_path / "new").mkdir()
    certificate, key = write_certificate(tmp_path / "new")
    async with running(signed_internet, settings, Log(signed_internet.clock, stream)) as daemon:
        shutil.copy(certificate, settings.tls.certificate)  # the key is still the old one
        while "the key does not belong to the certificate" not in stream.getvalue():
            await asyncio.sleep(0.01)
        with pytest.raises(ssl.SSLCertVerificationError):
            await _answer(daemon, settings, query("localhost."))
        shutil.copy(key, settings.tls.key)
        while "event=certificate-renewed" not in stream.getvalue():
            await asyncio.sleep(0.01)
        assert Message.from_wire(await _answer(daemon, settings, query("localhost."))).answer


def test_files_that_do_not_fit_are_refused_at_the_start(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path, "one")
    other = write_certificate(tmp_path, "two")[1]
    for tls, told in (
        (Tls(certificate=certificate, key=other), "does not belong"),
        (Tls(certificate=key, key=key), "PEM"),
        (Tls(certificate=certificate, key=str(tmp_path / "none")), "can't be read"),
        (Tls(), "no file"),
    ):
        with pytest.raises(InputError, match=told):
            Certificate(tls)


async def test_a_handshake_that_never_comes_takes_a_place_and_gives_it_back(
    signed_internet: Lab, tmp_path: Path
) -> None:
    """Or whoever opens connections and stays silent would have the daemon run out of file descriptors."""
    settings = _settings(tmp_path, idle_seconds=0.5, per_client=2)
    async with running(signed_internet, settings) as daemon:
        async with connected(*daemon.tls_endpoints) as one, connected(*daemon.tls_endpoints) as two:
            while daemon.stats.connections < 2:
                await asyncio.sleep(0.001)
            async with connected(*daemon.tls_endpoints) as three:
                assert await three.receive() is None
                assert daemon.stats.dropped["connections"] == 1
            for silent in (one, two):
                assert await silent.receive() is None
        while daemon.stats.connections:
            await asyncio.sleep(0.001)
        assert Message.from_wire(await _answer(daemon, settings, query("localhost."))).answer

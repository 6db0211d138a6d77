"""Metrics, read with Prometheus's own parser."""

import asyncio
import sys

import pytest
from support.dns_clients import ANYWHERE, ask, running, with_dnssec

from unbroken.errors import InputError, StateError
from unbroken.lab.run import Lab
from unbroken.service.daemon import Daemon
from unbroken.service.settings import Control, Listen, Metrics, Settings

parser = pytest.importorskip("prometheus_client.parser", reason="prometheus-client is not installed")
SETTINGS = Settings(metrics=Metrics(enabled=True, address=ANYWHERE))


async def _http(daemon: Daemon, request: bytes) -> tuple[int, bytes]:
    assert daemon.metrics_endpoint is not None
    reader, writer = await asyncio.open_connection(daemon.metrics_endpoint.address, daemon.metrics_endpoint.port)
    writer.write(request)
    response = await reader.read()
    writer.close()
    if not response:
        return 0, b""
    head, _, body = response.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


async def test_what_happened_is_counted(signed_internet: Lab) -> None:
    signed_internet.break_zone("rrsig-exp-a", "one.example")
    async with running(signed_internet, SETTINGS) as daemon:
        for name in ("www.one.example.", "www.two.example.", "www.two.example."):
            await ask(*daemon.endpoints, with_dnssec(name))
        status, body = await _http(daemon, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    assert status == 200
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in parser.text_string_to_metric_families(body.decode())
        for sample in family.samples
    }
    assert samples["unbroken_queries_total", "udp"] == 3
    assert samples["unbroken_replies_total", "SERVFAIL"] == 1 and samples["unbroken_replies_total", "NOERROR"] == 2
    assert samples["unbroken_extended_errors_total", "7"] == 1
    assert samples["unbroken_resolutions_total", "bogus"] == samples["unbroken_resolutions_total", "secure"] == 1
    assert samples["unbroken_cache_lookups_total", "hit"] == 1 and samples["unbroken_cache_lookups_total", "miss"] == 2
    assert samples["unbroken_resolution_seconds_count",] == samples["unbroken_resolution_seconds_bucket", "+Inf"] == 2
    assert samples["unbroken_resolution_seconds_sum",] > 0
    assert samples["unbroken_cached_answers",] == 2 and samples["unbroken_upstream_queries_total", "udp"] > 0


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST /metrics HTTP/1.1\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\n\r\n", 404),
        (b"\r\n\r\n", 405),
        (b"GET /metrics?x=1 HTTP/1.0\r\n\r\n", 200),
        (b"x" * 100_000, 0),
    ],
)
async def test_anything_else_is_refused(signed_internet: Lab, request_: bytes, status: int) -> None:
    async with running(signed_internet, SETTINGS) as daemon:
        try:
            assert (await _http(daemon, request_))[0] == status
        except ConnectionResetError:
            assert status == 0
        assert (await _http(daemon, b"GET /metrics HTTP/1.1\r\n\r\n"))[0] == 200


async def test_without_prometheus_client_the_daemon_does_not_start(
    signed_internet: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(InputError, match="prometheus-client is not installed"):
        async with running(signed_internet, SETTINGS):
            pass


async def test_an_address_that_is_taken_leaves_nothing_open(signed_internet: Lab) -> None:
    async with running(signed_internet, SETTINGS) as daemon:
        assert daemon.metrics_endpoint is not None
        second = Settings(
            listen=Listen(addresses=(ANYWHERE,)),
            control=Control(socket="none"),
            metrics=Metrics(enabled=True, address=daemon.metrics_endpoint),
        )
        with pytest.raises(StateError, match=r"choose another with metrics\.address"):
            async with running(signed_internet, second):
                pass

"""What the daemon counts, for Prometheus: made up when it is asked for, over HTTP on an address of its own."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from unbroken.errors import InputError
from unbroken.service.endpoints import Endpoint, bind_stream
from unbroken.service.stats import BUCKETS

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from unbroken.service.daemon import Daemon

_LONGEST_REQUEST: Final = 8 * 1024
_PATIENCE: Final = 5.0
_CONNECTIONS: Final = 8


class _Collector:
    """Reads a daemon's numbers in the shape that prometheus-client renders. Importing that takes a while: only who wants
    metrics pays for it."""

    def __init__(self, daemon: "Daemon") -> None:
        self._daemon = daemon

    def collect(self) -> "Iterator[Metric]":
        """Every family, with what it is now."""
        stats = self._daemon.count()
        yield _counter("queries", "Queries of clients, by transport.", "transport", stats.queries)
        yield _counter("replies", "Replies to clients, by rcode.", "rcode", stats.replies)
        yield _counter("extended_errors", "Extended DNS Errors told to clients, by info-code.", "code", stats.errors)
        yield _counter("resolutions", "Questions resolved anew, by security status.", "status", stats.statuses)
        yield _counter(
            "dropped", "Queries without a proper answer, and connections ended, by reason.", "reason", stats.dropped
        )
        yield _counter("upstream_queries", "Queries sent to servers, by transport.", "transport", stats.upstream)
        yield _counter(
            "cache_lookups",
            "Questions the cache had an answer to or not, stale answers, and renewals.",
            "result",
            self._lookups(),
        )
        yield self._durations()
        yield from self._gauges()

    def _lookups(self) -> "Counter[str]":
        stats = self._daemon.stats
        return Counter({"hit": stats.hits, "miss": stats.misses, "stale": stats.stale, "prefetch": stats.prefetches})

    def _durations(self) -> "Metric":
        from prometheus_client.core import HistogramMetricFamily

        stats, total, buckets = self._daemon.stats, 0, []
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), stats.latency, strict=True):
            total += count
            buckets.append((bound, float(total)))
        name, text = "unbroken_resolution_seconds", "Time that questions took which the cache had no answer to."
        return HistogramMetricFamily(name, text, buckets=buckets, sum_value=stats.latency_seconds)

    def _gauges(self) -> "Iterator[Metric]":
        from prometheus_client.core import GaugeMetricFamily

        daemon = self._daemon
        for name, text, value in (
            ("questions_in_flight", "Questions that are being resolved.", daemon.stats.in_flight),
            ("connections", "Connections of clients that are open.", daemon.stats.connections),
            ("cached_answers", "Answers in the cache.", len(daemon.answers)),
            ("cached_answers_bytes", "About what these take.", daemon.answers.octets),
            ("cached_messages", "Messages of servers in the cache.", len(daemon.resolver.messages)),
            ("cached_messages_bytes", "About what these take.", daemon.resolver.messages.octets),
            ("trusted_zones", "Zones whose keys, or lack of them, are known.", len(daemon.resolver.trust)),
            ("negative_trust_anchors", "Negative trust anchors in force.", len(daemon.anchors.negatives)),
            ("start_time_seconds", "Epoch second of the start.", daemon.started_at),
        ):
            yield GaugeMetricFamily(f"unbroken_{name}", text, value=value)


def _counter(name: str, text: str, label: str, counts: "Counter[str]") -> "Metric":
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(f"unbroken_{name}", text, labels=[label])
    for key, count in sorted(counts.items()):
        family.add_metric([key], count)
    return family


def render(daemon: "Daemon") -> bytes:
    """All metrics in Prometheus's text format. Raises InputError when prometheus-client is not installed."""
    try:
        from prometheus_client import CollectorRegistry, generate_latest
    except ImportError:
        raise InputError(
            "metrics.enabled", "prometheus-client is not installed", "install `unbroken[metrics]`, or take it out"
        ) from None
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(daemon))
    return generate_latest(registry)


class MetricsServer:
    """Answers `GET /metrics`, and nothing else, one request a connection."""

    def __init__(self, daemon: "Daemon", endpoint: Endpoint) -> None:
        """Raises InputError when prometheus-client is not installed: at the start, not when somebody asks."""
        render(daemon)
        self._daemon = daemon
        self._wanted = endpoint
        self._server: asyncio.Server | None = None
        self._open = 0
        self.endpoint = endpoint

    async def open(self) -> None:
        """Begin to serve. Raises StateError."""
        sock = bind_stream(self._wanted, "metrics.address")
        self.endpoint = Endpoint(self._wanted.address, int(sock.getsockname()[1]))
        self._server = await asyncio.start_server(self._serve, sock=sock, limit=_LONGEST_REQUEST)

    async def close(self) -> None:
        """Stop."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= _CONNECTIONS:
                async with asyncio.timeout(_PATIENCE):
                    request = await reader.readuntil(b"\r\n\r\n")
                    writer.write(self._response(request))
                    await writer.drain()
                    writer.close()
                    await writer.wait_closed()
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            pass
        finally:
            self._open -= 1
            with contextlib.suppress(OSError):
                writer.transport.abort()

    def _response(self, request: bytes) -> bytes:
        words: list[Any] = request.split(b"\r\n", 1)[0].split(b" ")
        if len(words) != 3 or words[0] != b"GET":
            return _http(b"405 Method Not Allowed", b"only GET\n")
        if words[1].split(b"?")[0] != b"/metrics":
            return _http(b"404 Not Found", b"only /metrics\n")
        return _http(b"200 OK", render(self._daemon))


def _http(status: bytes, body: bytes) -> bytes:
    # RFC 9112 §9.6: the connection ends with the response.
    head = (
        b"HTTP/1.1 " + status,
        b"Content-Type: text/plain; version=0.0.4; charset=utf-8",
        b"Content-Length: " + str(len(body)).encode("ascii"),
        b"Connection: close",
    )
    return b"\r\n".join(head) + b"\r\n\r\n" + body

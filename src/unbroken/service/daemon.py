"""The daemon: sockets bound, listeners served until it is told to end, and everything closed in good order."""

import asyncio
import signal
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from unbroken.anchors.store import TrustAnchors
from unbroken.dns import Name
from unbroken.errors import InputError, UnbrokenError
from unbroken.resolving.clock import SystemClock
from unbroken.resolving.resolver import Resolver
from unbroken.resolving.work import ResolverLimits
from unbroken.service.anchor_watch import AnchorWatch
from unbroken.service.answers import AnswerCache, Lifetimes
from unbroken.service.bogus_log import BogusLog
from unbroken.service.clients import Gate
from unbroken.service.commands import Commands
from unbroken.service.control_socket import ControlServer, default_path
from unbroken.service.datagrams import DatagramListener
from unbroken.service.endpoints import Endpoint, Pair, bind_pair, bind_stream
from unbroken.service.ground import Ground, limits, make_resolver, special_names
from unbroken.service.log import Log
from unbroken.service.metrics import MetricsServer
from unbroken.service.notify import notify
from unbroken.service.packets import PacketListener
from unbroken.service.responder import Habits, Responder
from unbroken.service.settings import Settings
from unbroken.service.stats import Stats
from unbroken.service.streams import Room, StreamListener
from unbroken.service.tls import Certificate

_GRACE: Final = 2.0
"""Seconds that questions under way have to be answered at the end."""
_NO_SOCKET: Final = "none"
_KEPT_TABLES: Final = ("listen", "tcp", "tls", "control", "metrics", "log")
"""Tables of the settings that count from the next start on."""


class Daemon:
    """One resolver behind its listeners. Made, started and stopped inside one event loop."""

    def __init__(
        self,
        settings: Settings,
        ground: Ground,
        log: Log | None = None,
        load: Callable[[], Settings] | None = None,
    ) -> None:
        """`load` reads the settings anew. Raises InputError for files that the settings name and that can't be read."""
        if not settings.listen.addresses and not settings.tls.addresses:
            raise InputError("listen.addresses", "names no address", "give one, or leave it out for 127.0.0.1")
        self.settings = settings
        self.ground = ground
        self.log = log or Log(ground.clock, as_json=settings.log.format == "json")
        self.stats = Stats()
        self.started_at = ground.clock.now()
        self.ended = asyncio.Event()
        self._load = load or (lambda: settings)
        self._bogus_log = BogusLog(self.log, ground.clock)
        self._datagrams: list[DatagramListener | PacketListener] = []
        self.anchors = AnchorWatch(settings, ground, self.log, self._use_anchors, self._fresh_resolver)
        self._certificate = Certificate(settings.tls) if settings.tls.addresses else None
        self._make_resolver()
        self._make_responder()
        self._pairs: list[Pair] = []
        self._streams: list[StreamListener] = []
        self._control: ControlServer | None = None
        self.tls_endpoints: tuple[Endpoint, ...] = ()
        self._metrics: MetricsServer | None = None
        self._tending: asyncio.Task[None] | None = None

    def _make_resolver(self) -> None:
        self.resolver = self._fresh_resolver(self.anchors.in_force)
        self.answers = AnswerCache(_answer_limits(self.settings), _lifetimes(self.settings), self.ground.clock)

    def _fresh_resolver(self, anchors: TrustAnchors) -> Resolver:
        return make_resolver(self.settings, self.ground, self.stats, anchors)

    def _make_responder(self) -> None:
        self.gate = Gate(self.settings.clients, self.ground.clock)
        names = special_names(self.settings, self.ground)
        self.responder = Responder(
            self.resolver,
            self.answers,
            names,
            self.gate,
            self.stats,
            self.log,
            self._bogus_log.heed,
            Habits(self.settings.cache.prefetch, self.settings.cache.stale_after),
        )

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Where it listens, with the ports that it was given."""
        return tuple(pair.endpoint for pair in self._pairs)

    @property
    def control_path(self) -> str | None:
        """Where it is controlled; None: nowhere."""
        return self._control.path if self._control is not None else None

    @property
    def metrics_endpoint(self) -> Endpoint | None:
        """Where its metrics are; None: nowhere."""
        return self._metrics.endpoint if self._metrics is not None else None

    @property
    def asks(self) -> str:
        """Whom it asks, in words."""
        forwarders = self.settings.resolve.forward
        if forwarders:
            return "the resolvers " + ", ".join(map(str, forwarders))
        return "the lab" if self.ground.is_lab else "the servers of the zones, from the root down"

    # --- starting and ending ------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Bind and serve. Raises StateError and InputError, with nothing left open."""
        encrypted: list[socket.socket] = []
        self.resolver.prepare()
        try:
            for endpoint in self.settings.listen.addresses:
                self._pairs.append(bind_pair(endpoint))
            encrypted.extend(bind_stream(endpoint, "tls.addresses") for endpoint in self.settings.tls.addresses)
            await self._open_metrics()
            await self._open_control()
        except BaseException:
            for pair in self._pairs:
                pair.close()
            for sock in encrypted:
                sock.close()
            if self._metrics is not None:
                await self._metrics.close()
            raise
        room = Room.of(self.settings.tcp, self.stats)
        for pair in self._pairs:
            self._datagrams.append(self._listener(pair))
            self._open_stream(pair.tcp, room)
        for sock in encrypted:
            address, port = sock.getsockname()[:2]
            self.tls_endpoints += (Endpoint(address, port),)
            self._open_stream(sock, room, self._certificate)
        self._tending = asyncio.get_running_loop().create_task(self._tend())

    def _open_stream(self, sock: socket.socket, room: Room, certificate: Certificate | None = None) -> None:
        stream = StreamListener(self.responder, room, "tcp" if certificate is None else "tls")
        stream.open(sock, certificate.context if certificate is not None else None)
        self._streams.append(stream)

    def _listener(self, pair: Pair) -> DatagramListener | PacketListener:
        # On a wildcard each reply leaves from the address that was asked. And what the kernel repeats ages by the machine's
        # clock, which is not that of a lab whose clock is set.
        if pair.endpoint.is_wildcard or not isinstance(self.ground.clock, SystemClock):
            return DatagramListener(pair, self.responder, self.settings.listen.udp_size)
        return PacketListener(pair, self.responder, self.settings, self.stats, self.log)

    async def _open_metrics(self) -> None:
        if self.settings.metrics.enabled:
            metrics = MetricsServer(self, self.settings.metrics.address)
            await metrics.open()
            self._metrics = metrics

    async def _open_control(self) -> None:
        path = self.settings.control.socket
        if path == _NO_SOCKET:
            return
        control = ControlServer(path or default_path(make=True), Commands(self).handle)
        await control.open()
        self._control = control

    async def stop(self) -> None:
        """Take nothing more, answer what was asked, close everything."""
        if self._tending is not None:
            self._tending.cancel()
        closing = [*(each.close(_GRACE) for each in self._datagrams), *(each.close(_GRACE) for each in self._streams)]
        if self._control is not None:
            closing.append(self._control.close())
        if self._metrics is not None:
            closing.append(self._metrics.close())
        await asyncio.gather(*closing)
        self._datagrams.clear()
        self._streams.clear()
        self._control = self._metrics = None

    # --- while it runs ------------------------------------------------------------------------------------------------

    def forget(self, name: Name, *, tree: bool) -> int:
        """Forget all that is known of a name, or of all at and below it; of how many answers, messages and failures."""
        for datagrams in self._datagrams:
            datagrams.forget()
        return self.answers.discard(name, tree=tree) + self.resolver.forget(name, tree=tree)

    def count(self) -> Stats:
        """The statistics, up to now."""
        for datagrams in self._datagrams:
            datagrams.count()
        return self.stats

    def reload(self) -> tuple[str, ...]:
        """Read the configuration and its files anew; the tables whose changes need a restart. Raises InputError, and then
        everything stays as it is."""
        settings = self._load()
        waiting = tuple(table for table in _KEPT_TABLES if getattr(settings, table) != getattr(self.settings, table))
        # What can't be read is told before anything changes.
        start = self.anchors.start_for(settings)
        make_resolver(settings, self.ground, self.stats, start.anchors)
        is_other = (settings.resolve, settings.cache) != (self.settings.resolve, self.settings.cache)
        self.settings = replace(settings, **{table: getattr(self.settings, table) for table in _KEPT_TABLES})
        if is_other:
            self._make_resolver()
        self._make_responder()
        for datagrams in self._datagrams:
            datagrams.renew(self.responder, self.settings.clients)
        for streams in self._streams:
            streams.responder = self.responder
        self.anchors.rebase(start, settings)
        self._renew_certificate()
        self.log.write("reloaded", restart_needed_for=",".join(waiting) or None)
        return waiting

    def _use_anchors(self, anchors: TrustAnchors, concerned: tuple[Name, ...]) -> None:
        if anchors == self.resolver.anchors:
            return
        self.resolver.anchors = anchors
        for name in concerned:
            self.forget(name, tree=True)

    def _renew_certificate(self) -> None:
        if self._certificate is not None:
            self._certificate.renew_or_tell(self.log)

    async def _tend(self) -> None:
        """What is to be done from time to time: the files of the certificate, and trust anchors."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tend_certificate())
            group.create_task(self.anchors.tend())

    async def _tend_certificate(self) -> None:
        while self._certificate is not None:
            await asyncio.sleep(self.settings.tls.recheck_seconds)
            self._renew_certificate()


def _answer_limits(settings: Settings) -> ResolverLimits:
    cache = settings.cache
    return replace(limits(settings), messages=cache.answers, message_octets=cache.answer_mebibytes << 20)


def _lifetimes(settings: Settings) -> Lifetimes:
    cache = settings.cache
    return Lifetimes(cache.bogus_seconds, cache.failure_seconds, cache.stale_seconds)


async def run(
    settings: Settings, ground: Ground, announce: Callable[[Daemon], None], load: Callable[[], Settings] | None = None
) -> None:
    """Serve until SIGINT, SIGTERM or the control socket ends it; SIGHUP reads the configuration anew.

    `announce` is called when queries are answered. Raises StateError and InputError.
    """
    loop = asyncio.get_running_loop()
    daemon = Daemon(settings, ground, load=load)
    loop.set_exception_handler(_reporter(daemon.log))
    for number, handler in (
        (signal.SIGINT, daemon.ended.set),
        (signal.SIGTERM, daemon.ended.set),
        (signal.SIGHUP, lambda: _reload(daemon)),
    ):
        # What is ignored (`nohup`, a shell's `&`) stays ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, handler)
    await daemon.start()
    try:
        announce(daemon)
        notify("READY=1")
        await daemon.ended.wait()
    finally:
        notify("STOPPING=1")
        await daemon.stop()


def _reload(daemon: Daemon) -> None:
    notify("RELOADING=1")
    try:
        daemon.reload()
    except UnbrokenError as error:
        daemon.log.write("reload-failed", what=error)
    notify("READY=1")


def _reporter(log: Log) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """What asyncio would write as a traceback becomes a line of the log."""

    def report(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        log.write("fault", kind=type(error).__name__ if error else None, what=error or context.get("message"))

    return report

"""The daemon: sockets bound, listeners served until a signal says otherwise, and everything closed in good order."""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from unbroken.resolving.work import ResolverLimits
from unbroken.service.answers import AnswerCache, Lifetimes
from unbroken.service.clients import Gate
from unbroken.service.datagrams import DatagramListener
from unbroken.service.endpoints import Endpoint, Pair, bind_pair
from unbroken.service.ground import Ground, limits, make_resolver
from unbroken.service.log import Log
from unbroken.service.responder import Responder
from unbroken.service.settings import Settings
from unbroken.service.special_names import SpecialNames
from unbroken.service.stats import Stats
from unbroken.service.streams import Room, StreamListener

_GRACE: Final = 2.0
"""Seconds that questions under way have to be answered at the end."""


class Daemon:
    """One resolver behind its listeners. Made, started and stopped inside one event loop."""

    def __init__(self, settings: Settings, ground: Ground, log: Log | None = None) -> None:
        """Raises InputError for files that the settings name and that can't be read."""
        self.settings = settings
        self.ground = ground
        self.log = log or Log(ground.clock)
        self.stats = Stats()
        self.resolver = make_resolver(settings, ground, self.stats)
        self.answers = AnswerCache(_answer_limits(settings), _lifetimes(settings), ground.clock)
        self.gate = Gate(settings.clients, ground.clock)
        special_names = _special_names(settings, ground)
        self.responder = Responder(self.resolver, self.answers, special_names, self.gate, self.stats, self.log)
        self._pairs: list[Pair] = []
        self._datagrams: list[DatagramListener] = []
        self._streams: list[StreamListener] = []

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Where it listens, with the ports that it was given."""
        return tuple(pair.endpoint for pair in self._pairs)

    async def start(self) -> None:
        """Bind and serve. Raises StateError, with nothing left open."""
        try:
            for endpoint in self.settings.listen.addresses:
                self._pairs.append(bind_pair(endpoint))
        except BaseException:
            for pair in self._pairs:
                pair.close()
            raise
        room = Room.of(self.settings.tcp, self.stats)
        for pair in self._pairs:
            self._datagrams.append(DatagramListener(pair, self.responder, self.settings.listen.udp_size))
            stream = StreamListener(self.responder, room)
            await stream.open(pair.tcp)
            self._streams.append(stream)

    async def stop(self) -> None:
        """Take nothing more, answer what was asked, close everything."""
        closing = [*(each.close(_GRACE) for each in self._datagrams), *(each.close(_GRACE) for each in self._streams)]
        await asyncio.gather(*closing)
        self._datagrams.clear()
        self._streams.clear()


def _answer_limits(settings: Settings) -> ResolverLimits:
    cache = settings.cache
    return replace(limits(settings), messages=cache.answers, message_octets=cache.answer_mebibytes << 20)


def _lifetimes(settings: Settings) -> Lifetimes:
    return Lifetimes(settings.cache.bogus_seconds, settings.cache.failure_seconds)


def _special_names(settings: Settings, ground: Ground) -> SpecialNames | None:
    if not settings.resolve.special_names:
        return None
    configured = (*settings.resolve.forward_zones, *settings.resolve.stub_zones)
    return SpecialNames(but=(*ground.own_zones, *(zone for zone, _ in configured)))


async def run(settings: Settings, ground: Ground, announce: Callable[[Daemon], None]) -> None:
    """Serve until SIGINT or SIGTERM. `announce` is called when queries are answered. Raises StateError and InputError."""
    loop = asyncio.get_running_loop()
    daemon = Daemon(settings, ground)
    loop.set_exception_handler(_reporter(daemon.log))
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        # What is ignored (`nohup`, a shell's `&`) stays ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, ended.set)
    await daemon.start()
    try:
        announce(daemon)
        await ended.wait()
    finally:
        await daemon.stop()


def _reporter(log: Log) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """What asyncio would write as a traceback becomes a line of the log."""

    def report(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        log.write("fault", kind=type(error).__name__ if error else None, what=error or context.get("message"))

    return report

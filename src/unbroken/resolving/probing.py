"""Queries to chosen servers, each kept with what came of it: politely, a few at a time, and no more than are allowed in all."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from unbroken.diagnosis.inspection import Ask, Exchange
from unbroken.dns import Edns, Message
from unbroken.dns import rdtype as rr
from unbroken.resolving.clock import Clock
from unbroken.resolving.transport import Server, Transport, TransportError, TransportSpoofed, TransportTimeout
from unbroken.validation.protocol import Failure

Progress = Callable[[int, int], None]
"""Told how many queries are through, and how many there are so far."""

_MILLISECOND: Final = 1000


@dataclass(frozen=True, slots=True)
class InspectionLimits:
    """Each is the largest number that is still allowed."""

    nameservers: int = 16
    """Names of servers that are taken of one zone."""
    addresses: int = 32
    """Addresses that are asked of one zone."""
    queries: int = 2000
    """Queries in all, repetitions included."""
    queries_in_flight: int = 64
    """Queries that wait for a reply at a time, over all servers."""
    per_address: int = 4
    """Queries that wait for a reply of one address at a time."""
    interval: float = 0.02
    """Seconds between two queries to one address, at least: fifty a second are no burden to anybody."""
    own_questions: int = 48
    """Queries that validating the answers of one server may need beside those that every server gets."""
    tries: int = 2
    """Times that a query is sent over UDP."""
    patience: float = 1.5
    """Seconds that the first reply over UDP may take; each further try, and TCP, has twice that."""
    seconds: float = 30.0
    """Time after which no further query is sent."""


@dataclass(slots=True)
class _Gate:
    """The way to one address."""

    places: asyncio.Semaphore
    next_at: float = 0.0


@dataclass(slots=True)
class Prober:
    """Sends queries and remembers each exchange. One belongs to one event loop."""

    transport: Transport
    clock: Clock
    limits: InspectionLimits
    udp_size: int
    progress: Progress | None = None
    exchanges: dict[tuple[str, Ask], Exchange] = field(default_factory=dict)
    _gates: dict[Server, _Gate] = field(default_factory=dict)
    _places: asyncio.Semaphore = field(init=False)
    _sent: int = 0
    _expected: int = 0
    _deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self._places = asyncio.Semaphore(self.limits.queries_in_flight)
        self._deadline = self.clock.monotonic() + self.limits.seconds

    @property
    def seconds_left(self) -> float:
        """Seconds until no further query may be sent."""
        return self._deadline - self.clock.monotonic()

    def expect(self, count: int) -> None:
        """So many more queries are to come: for the progress that is shown."""
        self._expected += count
        self._show()

    async def ask(self, server: Server, ask: Ask) -> Exchange:
        """The exchange with that server; made once. A truncated reply over UDP brings the same query over TCP with it."""
        known = self.exchanges.get((str(server), ask))
        if known is not None:
            return known
        exchange = await self._ask(server, ask)
        self._keep(exchange)
        # RFC 7766 §5: a truncated reply is not used, the query goes again over TCP.
        if exchange.is_truncated and not ask.tcp and ask.dnssec:
            await self.ask(server, Ask(ask.name, ask.rdtype, tcp=True))
        return exchange

    def pass_over(self, server: Server, ask: Ask, why: str) -> None:
        """Keep on record that a query was not sent, and why."""
        if (str(server), ask) not in self.exchanges:
            self._keep(Exchange(str(server), ask, failure=Failure.UNREACHABLE, detail=why))

    def _keep(self, exchange: Exchange) -> None:
        self.exchanges[exchange.server, exchange.ask] = exchange
        self._show()

    def _show(self) -> None:
        if self.progress is not None:
            done = len(self.exchanges)
            self.progress(done, max(done, self._expected))

    async def _ask(self, server: Server, ask: Ask) -> Exchange:
        tries = 1 if ask.tcp else self.limits.tries
        failed = Exchange(str(server), ask, failure=Failure.OVER_LIMIT, detail="not asked: the time is up")
        for attempt in range(tries):
            async with self._way_to(server):
                # Only here: whoever waits for a place has not been counted yet.
                left = self.seconds_left
                if left <= 0:
                    return failed
                if self._sent >= self.limits.queries:
                    return Exchange(str(server), ask, failure=Failure.OVER_LIMIT, detail="not asked: too many queries")
                self._sent += 1
                patience = self.limits.patience * (2 if ask.tcp else 2**attempt)
                exchange = await self._exchange(server, ask, min(patience, left))
            if exchange.failure is not Failure.TIMEOUT:
                return exchange
            failed = exchange
        return failed

    async def _exchange(self, server: Server, ask: Ask, timeout: float) -> Exchange:
        # RFC 5452 §9.2: an unpredictable id.
        edns = Edns(self.udp_size, True) if ask.dnssec else None
        question = (ask.name, ask.rdtype, rr.CLASS_IN)
        query = Message(int.from_bytes(os.urandom(2), "big"), 0, question, edns=edns).to_wire()
        began = self.clock.monotonic()
        try:
            wire = await self.transport.exchange(server, query, timeout=timeout, tcp=ask.tcp)
        except TransportError as error:
            return Exchange(str(server), ask, b"", _failure(error), str(error), self.clock.now(), self._since(began))
        return Exchange.replied(str(server), ask, wire, self.clock.now(), self._since(began))

    def _since(self, began: float) -> int:
        return round(max(self.clock.monotonic() - began, 0) * _MILLISECOND)

    @asynccontextmanager
    async def _way_to(self, server: Server) -> AsyncIterator[None]:
        """A place for one query to this address, and its turn."""
        gate = self._gates.setdefault(server, _Gate(asyncio.Semaphore(self.limits.per_address)))
        async with gate.places, self._places:
            loop = asyncio.get_running_loop()
            wait = gate.next_at - loop.time()
            gate.next_at = max(gate.next_at, loop.time()) + self.limits.interval
            if wait > 0:
                await asyncio.sleep(wait)
            yield


def _failure(error: TransportError) -> Failure:
    if isinstance(error, TransportTimeout):
        return Failure.TIMEOUT
    return Failure.MALFORMED if isinstance(error, TransportSpoofed) else Failure.UNREACHABLE

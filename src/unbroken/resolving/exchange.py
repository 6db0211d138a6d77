"""One query to one server: EDNS and its fallback, TCP after truncation, what went wrong as a value."""

import os

from unbroken.dns import Edns, Message, WireError
from unbroken.dns import rdtype as rr
from unbroken.records import dataclass
from unbroken.resolving.clock import Clock
from unbroken.resolving.options import Options
from unbroken.resolving.servers import ServerBook
from unbroken.resolving.slots import Slots
from unbroken.resolving.transport import Server, Transport, TransportError, TransportSpoofed, TransportTimeout
from unbroken.resolving.work import ResolverLimits, Work
from unbroken.validation.protocol import Failure, Lookup


@dataclass(frozen=True, slots=True)
class Reply:
    """A message from a server, as it came."""

    message: Message
    server: Server
    transport: str
    """ "udp" or "tcp"."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a server gave nothing of use."""

    server: Server
    failure: Failure
    detail: str

    def __str__(self) -> str:
        return f"{self.server}: {self.detail}"


class Exchanger:
    """Sends queries through a transport and keeps the book of servers."""

    def __init__(
        self, transport: Transport, clock: Clock, book: ServerBook, limits: ResolverLimits, options: Options
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._book = book
        self._slots = Slots(limits.queries_in_flight)
        self._udp_size = options.udp_size

    async def ask(
        self,
        server: Server,
        lookup: Lookup,
        work: Work,
        *,
        attempt: int = 0,
        tcp: bool = False,
        recursive: bool = False,
    ) -> Reply | Trouble:
        """The server's reply. `attempt` doubles the patience; `recursive` asks a forwarder, with RD and CD set."""
        with_edns = not self._book.lacks_edns(server)
        outcome = await self._ask_once(server, lookup, work, attempt, tcp, recursive, with_edns)
        if with_edns and isinstance(outcome, Reply) and _refuses_edns(outcome.message):
            # RFC 6891 §6.2.2 and §7: a server that knows no EDNS says FORMERR or NOTIMP, without OPT; ask again without.
            plain = await self._ask_once(server, lookup, work, attempt, tcp, recursive, False)
            if isinstance(plain, Reply) and plain.message.rcode in (rr.NOERROR, rr.NXDOMAIN):
                # RFC 5452 §9.1: a bare header is easier to forge than an echo of the question. It will do for this query,
                # but not to ask the server without EDNS, and so without DNSSEC, from now on.
                if outcome.message.question is not None:
                    self._book.mark_without_edns(server)
                return plain
        return outcome

    async def _ask_once(
        self, server: Server, lookup: Lookup, work: Work, attempt: int, tcp: bool, recursive: bool, with_edns: bool
    ) -> Reply | Trouble:
        query = self._query(lookup, recursive, with_edns)
        outcome = await self._carry(server, query, lookup, work, attempt, tcp)
        if isinstance(outcome, Reply) and outcome.message.is_truncated() and not tcp:
            # RFC 7766 §5: a truncated reply is not used, the query goes again over TCP.
            outcome = await self._carry(server, query, lookup, work, attempt, True)
        if isinstance(outcome, Reply) and outcome.message.is_truncated():
            # RFC 2181 §9: what is truncated must not be taken for the whole; over TCP there is no way on from there.
            return Trouble(server, Failure.MALFORMED, "truncated, though over TCP")
        return outcome

    def _query(self, lookup: Lookup, recursive: bool, with_edns: bool) -> bytes:
        # RFC 5452 §9.2: an unpredictable id. RFC 4035 §4.9.1 and §3.2.2: CD, so that a forwarder hands over what it has.
        edns = Edns(self._udp_size, True) if with_edns else None
        question = (lookup.name, lookup.rdtype, rr.CLASS_IN)
        flags = rr.RD | rr.CD if recursive else 0
        return Message(int.from_bytes(os.urandom(2), "big"), flags, question, edns=edns).to_wire()

    async def _carry(
        self, server: Server, query: bytes, lookup: Lookup, work: Work, attempt: int, tcp: bool
    ) -> Reply | Trouble:
        if not work.charge():
            return Trouble(server, Failure.OVER_LIMIT, "not asked: the question used up its queries or its time")
        try:
            async with self._slots.taken(work.seconds_left):
                # Patience and round trip count from here: waiting for a place is no fault of the server's.
                outcome = await self._send(server, query, work, attempt, tcp)
        except TimeoutError:
            work.was_crowded_out = True
            return Trouble(server, Failure.OVER_LIMIT, "not asked: too many other queries are in flight")
        except TransportSpoofed as error:
            # RFC 5452 §9: someone guesses ids. Over TCP he would have to guess sequence numbers too.
            if not tcp:
                return await self._carry(server, query, lookup, work, attempt, True)
            return Trouble(server, Failure.UNREACHABLE, str(error))
        return outcome if isinstance(outcome, Trouble) else _parse(server, outcome, query, lookup, tcp)

    async def _send(self, server: Server, query: bytes, work: Work, attempt: int, tcp: bool) -> bytes | Trouble:
        patience = self._book.timeout(server, attempt + tcp)
        timeout = max(0.05, min(patience, work.seconds_left))
        started = self._clock.monotonic()
        try:
            wire = await self._transport.exchange(server, query, timeout=timeout, tcp=tcp)
        except TransportTimeout:
            if timeout < patience:
                # The question ran out of time, the server did not: that must not count against it with other questions.
                return Trouble(server, Failure.OVER_LIMIT, "no reply in the time that the question had left")
            self._book.failed(server, timeout)
            return Trouble(server, Failure.TIMEOUT, "timeout over TCP" if tcp else "timeout")
        except TransportSpoofed:
            raise
        except TransportError as error:
            self._book.failed(server, 0.0)
            return Trouble(server, Failure.UNREACHABLE, str(error))
        self._book.answered(server, max(0.0, self._clock.monotonic() - started))
        return wire


def _parse(server: Server, wire: bytes, query: bytes, lookup: Lookup, tcp: bool) -> Reply | Trouble:
    try:
        message = Message.from_wire(wire)
    except WireError as error:
        return Trouble(server, Failure.MALFORMED, f"malformed reply: {error}")
    # RFC 5452 §9.1, whatever the transport has checked: a reply, to this id, to this question.
    if not message.flags & rr.QR or message.opcode != 0 or message.id != int.from_bytes(query[:2], "big"):
        return Trouble(server, Failure.MALFORMED, "the reply does not match the query")
    if message.question is None:
        if message.rcode in (rr.NOERROR, rr.NXDOMAIN):
            return Trouble(server, Failure.MALFORMED, "the reply has no question")
    elif message.question != (lookup.name, lookup.rdtype, rr.CLASS_IN):
        return Trouble(server, Failure.MALFORMED, "the reply is to another question")
    return Reply(message, server, "tcp" if tcp else "udp")


def _refuses_edns(message: Message) -> bool:
    return message.edns is None and message.rcode in (rr.FORMERR, rr.NOTIMP)

"""The fake servers of a scenario as a transport: a query goes to an address, the entry that matches is its reply."""

import asyncio
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field

from rpl_scenario import Entry, Range, Scenario, Step

from unbroken._kernel import type_to_text
from unbroken.dns import Message, Name
from unbroken.dns import rdtype as rr
from unbroken.resolving.transport import Server, TransportError, TransportTimeout

EVERYWHERE = "0.0.0.0"
_HAND_STEPS = ("REPLY", "CHECK_OUT_QUERY", "TIMEOUT", "ERROR", "NOTHING")
"""Steps for which an unanswered query waits: they deal with it, or bring on ranges that do."""


@dataclass(slots=True)
class Pending:
    """A query that no entry answers, waiting for a step that does."""

    query: Message
    server: Server
    tcp: bool
    reply: "asyncio.Future[bytes]"


@dataclass(slots=True)
class FakeServers:
    """A `Transport` over the ranges. `position` is the index of the step that is awaited next."""

    scenario: Scenario
    position: int = 0
    pending: list[Pending] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    events: int = 0
    """Counts up with whatever happens, so that one can wait for it to stop."""

    async def exchange(self, server: Server, query: bytes, *, timeout: float, tcp: bool) -> bytes:
        """The reply of the first entry that matches. Without one: SERVFAIL at once, or what a later step says."""
        self.events += 1
        message = Message.from_wire(query)
        self.log.append(_describe(message, server, tcp))
        reply = self._expected(message, tcp) or self._from_ranges(message, server, tcp)
        if reply is not None:
            return reply
        if not self._has_hand_step():
            return self._no_answer(message, server, tcp)
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        waiting = Pending(message, server, tcp, future)
        self.pending.append(waiting)
        try:
            return await future
        finally:
            if waiting in self.pending:
                self.pending.remove(waiting)
            self.events += 1

    def _expected(self, query: Message, tcp: bool) -> bytes | None:
        """A CHECK_OUT_QUERY step that this query fits, and that answers it."""
        step = self._current
        if step is None or step.kind != "CHECK_OUT_QUERY" or step.entry is None or not matches(step.entry, query, tcp):
            return None
        self.position += 1
        return render(step.entry, query) if "copy_id" in step.entry.adjust else None

    def _from_ranges(self, query: Message, server: Server, tcp: bool) -> bytes | None:
        for item in self._ranges(server):
            for entry in item.entries:
                if matches(entry, query, tcp):
                    if "do_not_answer" in entry.adjust:
                        raise TransportTimeout("no reply")
                    return render(entry, query)
        return None

    def _ranges(self, server: Server) -> list[Range]:
        number = self._number()
        ranges = self.scenario.ranges if self.scenario.is_flat else tuple(reversed(self.scenario.ranges))
        is_everywhere = server.address == EVERYWHERE
        return [
            item for item in ranges if item.first <= number <= item.last and (is_everywhere or _is_at(item, server))
        ]

    @property
    def _current(self) -> Step | None:
        steps = self.scenario.steps
        return steps[self.position] if self.position < len(steps) else None

    def _number(self) -> int:
        """The step number by which ranges are chosen: Deckard stays at the QUERY step, unbound is at the next one."""
        steps = self.scenario.steps
        index = self.position - 1 if self.scenario.is_flat else self.position
        return steps[min(max(index, 0), len(steps) - 1)].number if steps else 0

    def _has_hand_step(self) -> bool:
        """Whether a step that deals with outgoing queries comes before the next question."""
        for step in self.scenario.steps[self.position :]:
            if step.kind == "QUERY":
                return False
            if step.kind in _HAND_STEPS:
                return True
        return False

    def _no_answer(self, query: Message, server: Server, tcp: bool) -> bytes:
        self.unmatched.append(_describe(query, server, tcp))
        return Message(query.id, rr.QR, query.question, rcode=rr.SERVFAIL).to_wire()

    def answer_newest(self, entry: Entry) -> None:
        """A REPLY step."""
        if self.pending:
            waiting = self.pending.pop()
            _settle(waiting, render(entry, waiting.query))

    def answer_expected(self, step: Step) -> None:
        """A CHECK_OUT_QUERY step that no query has met so far: one that waits may."""
        for waiting in reversed(self.pending):
            if step.entry is not None and matches(step.entry, waiting.query, waiting.tcp):
                if "copy_id" in step.entry.adjust:
                    self.pending.remove(waiting)
                    _settle(waiting, render(step.entry, waiting.query))
                return

    def fail_newest(self, error: TransportError) -> None:
        """A TIMEOUT or ERROR step."""
        if self.pending:
            future = self.pending.pop().reply
            if not future.done():
                future.set_exception(error)

    def retry_pending(self, *, final: bool) -> None:
        """Look again for what waits: the step has moved on. With `final`, what is left gets no answer."""
        for waiting in list(self.pending):
            try:
                reply = self._from_ranges(waiting.query, waiting.server, waiting.tcp)
            except TransportTimeout:
                reply = None
            if reply is None and final:
                reply = self._no_answer(waiting.query, waiting.server, waiting.tcp)
            if reply is not None:
                self.pending.remove(waiting)
                _settle(waiting, reply)


def _settle(waiting: Pending, reply: bytes) -> None:
    if not waiting.reply.done():
        waiting.reply.set_result(reply)


def _describe(query: Message, server: Server, tcp: bool) -> str:
    name, rdtype, _ = query.question or (Name.ROOT, 0, 1)
    return f"{name} {type_to_text(rdtype)} @{server}{' tcp' if tcp else ''}"


def _is_at(item: Range, server: Server) -> bool:
    return not item.addresses or any(_same_address(text, server) for text in item.addresses)


def _same_address(text: str, server: Server) -> bool:
    host, at, port = text.partition("@")
    if at and port.isdigit() and int(port) != server.port:
        return False
    try:
        return ipaddress.ip_address(host) == ipaddress.ip_address(server.address)
    except ValueError:
        return host == server.address


# --- matching and rendering -------------------------------------------------------------------------------------------


def matches(entry: Entry, query: Message, tcp: bool) -> bool:
    """Whether a query fits an entry: all of its MATCH words hold. Words that compare replies hold for any query."""
    return all(_holds(word, entry, query, tcp) for word in entry.match)


def _holds(word: str, entry: Entry, query: Message, tcp: bool) -> bool:
    name, rdtype, rdclass = query.question or (Name.ROOT, 0, 1)
    own_name, own_type, own_class = entry.question or (None, None, None)
    do = query.edns is not None and query.edns.do
    checks: dict[str, Callable[[], bool]] = {
        "opcode": lambda: query.opcode == entry.opcode,
        "qtype": lambda: rdtype == own_type,
        "qname": lambda: name == own_name,
        "subdomain": lambda: own_name is not None and name.is_subdomain_of(own_name),
        "question": lambda: (name, rdtype, rdclass) == (own_name, own_type, own_class),
        "DO": lambda: do,
        "edns": lambda: query.edns is not None,
        "noedns": lambda: query.edns is None,
        "UDP": lambda: not tcp,
        "TCP": lambda: tcp,
        "AD": lambda: bool(query.flags & rr.AD),
        "CD": lambda: bool(query.flags & rr.CD),
        "RD": lambda: bool(query.flags & rr.RD),
        "client_cookie": lambda: False,
        "server_cookie": lambda: False,
        "ednsdata": lambda: query.edns is not None and bool(query.edns.options),
    }
    check = checks.get(word)
    return check is None or check()


def render(entry: Entry, query: Message) -> bytes:
    """The entry as the reply to this query."""
    if entry.raw is not None:
        return entry.raw if "raw_id" in entry.adjust else query.id.to_bytes(2, "big") + entry.raw[2:]
    question = query.question if "copy_query" in entry.adjust else entry.question
    sections = [entry.records.get(name, []) for name in ("ANSWER", "AUTHORITY", "ADDITIONAL")]
    opt = _opt(entry) if "DO" in entry.reply or entry.options is not None else b""
    flags = entry.flags | entry.opcode << 11 | entry.rcode & 15
    counts = (int(question is not None), len(sections[0]), len(sections[1]), len(sections[2]) + bool(opt))
    header = b"".join(number.to_bytes(2, "big") for number in (query.id, flags, *counts))
    if question is not None:
        name, rdtype, rdclass = question
        header += name.wire + rdtype.to_bytes(2, "big") + rdclass.to_bytes(2, "big")
    return header + b"".join(record.wire for section in sections for record in section) + opt


def _opt(entry: Entry) -> bytes:
    """RFC 6891 §6.1.2. Written by hand like the rest, since scenarios hold malformed records on purpose."""
    options = entry.options or b""
    do = 0x8000 if "DO" in entry.reply else 0
    fixed = rr.OPT.to_bytes(2, "big") + (1232).to_bytes(2, "big") + bytes((entry.rcode >> 4, 0)) + do.to_bytes(2, "big")
    return b"\0" + fixed + len(options).to_bytes(2, "big") + options

"""Asking the servers of one zone until one gives an answer that counts: which first, what to do with those that fail."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Final

from unbroken.dns import Message, Name
from unbroken.dns import rdtype as rr
from unbroken.records import dataclass, field
from unbroken.resolving.cache import Delegation
from unbroken.resolving.exchange import Exchanger, Reply, Trouble
from unbroken.resolving.flights import Flights
from unbroken.resolving.reading import Kind, Reading, read
from unbroken.resolving.servers import ServerBook
from unbroken.resolving.transport import Server
from unbroken.resolving.work import ResolverLimits, Work
from unbroken.validation.protocol import Failure, Lookup, NoAnswer


class Glue(Enum):
    """Whether the addresses that a parent gave will do."""

    TRUSTED = "trusted"
    PASSED_OVER = "passed_over"


AddressResolver = Callable[[Name, Work, tuple[Lookup, ...], Glue], Awaitable[tuple[Server, ...]]]

PATIENCE: Final = 2
"""Rounds over the servers that did not answer, after the first: UDP again, then TCP."""


@dataclass(frozen=True, slots=True)
class Found:
    """A reply that counts, and who gave it."""

    reading: Reading
    server: Server
    transport: str
    raw: Message
    """The message as it came, unscrubbed: priming takes the addresses from it, nothing else does."""


@dataclass(slots=True)
class Round:
    """What one pass over some servers of a zone gave."""

    found: Found | None = None
    fallback: Found | None = None
    troubles: list[Trouble] = field(default_factory=list)
    silent: list[Server] = field(default_factory=list)
    attempt: int = 0
    attempts: int = 0
    is_cut_short: bool = False
    """Whether servers were left unasked because of what the question had spent."""


@dataclass(slots=True)
class Hunt:
    """What the servers of one zone did, for one question."""

    path: tuple[Lookup, ...]
    troubles: list[Trouble] = field(default_factory=list)
    silent: list[Server] = field(default_factory=list)
    """Those worth another try: they timed out, could not be reached once, or what came was garbled."""
    fallback: Found | None = None
    unresolved: list[Name] = field(default_factory=list)
    """Name servers whose addresses could not be had."""
    asked: set[Server] = field(default_factory=set)
    attempts: int = 0
    is_cut_short: bool = False
    """Whether servers were left unasked because the question had used up its budget."""

    def begin(self) -> None:
        """Start on the servers of another zone, or on another name."""
        self.troubles.clear()
        self.silent.clear()
        self.unresolved.clear()
        self.asked.clear()
        self.fallback = None
        self.attempts = 0
        self.is_cut_short = False

    def take(self, one: Round) -> Found | None:
        """Add what a round gave to what is known."""
        self.troubles += one.troubles
        self.silent += one.silent
        self.fallback = self.fallback or one.fallback
        self.attempts += one.attempts
        return one.found

    @property
    def is_silence(self) -> bool:
        """Whether all servers of the zone were asked and none was heard: what is known of them may be out of date."""
        failures = {trouble.failure for trouble in self.troubles} - {Failure.OVER_LIMIT}
        return bool(failures) and failures <= {Failure.TIMEOUT, Failure.UNREACHABLE} and not self.is_cut_short

    def no_answer(self, ask: Lookup, zone: Name, work: Work) -> NoAnswer:
        """The failure, naming each server and what it did."""
        said = list(dict.fromkeys(str(trouble) for trouble in self.troubles))
        said.extend(f"{name}: no address found" for name in self.unresolved)
        nothing = "not asked, the question used up its budget" if self.is_cut_short else "none known"
        detail = f"servers of {zone} asked for {ask.name}: " + ("; ".join(said) or nothing)
        return NoAnswer(self._failure(work), detail)

    def _failure(self, work: Work) -> Failure:
        failures = {trouble.failure for trouble in self.troubles}
        for failure in (Failure.SERVFAIL, Failure.MALFORMED, Failure.TIMEOUT, Failure.UNREACHABLE, Failure.OVER_LIMIT):
            if failure in failures:
                return failure
        return Failure.OVER_LIMIT if work.is_spent else Failure.UNREACHABLE


class Hunter:
    """Picks servers and asks them."""

    def __init__(
        self,
        exchanger: Exchanger,
        book: ServerBook,
        limits: ResolverLimits,
        *,
        shuffle: bool = True,
        recursive: bool = False,
    ) -> None:
        self._exchanger = exchanger
        self._book = book
        self._limits = limits
        self._shuffle = shuffle
        self._recursive = recursive
        self._rounds: Flights[tuple[Name, Lookup, tuple[Server, ...], int, frozenset[str]], Round] = Flights()

    async def hunt(
        self,
        delegation: Delegation,
        ask: Lookup,
        work: Work,
        hunt: Hunt,
        addresses: AddressResolver | None = None,
        *,
        patience: int = PATIENCE,
    ) -> Found | None:
        """The first reply that counts, else the best of the doubtful ones; None when every server failed (see `hunt`)."""
        hunt.begin()
        avoid = work.avoid.get(ask, set())
        preferred = tuple(server for server in delegation.servers if str(server) not in avoid)
        avoided = tuple(server for server in delegation.servers if str(server) in avoid)
        found = await self._round(preferred, delegation.zone, ask, work, hunt)
        if found is None and hunt.fallback is None and addresses is not None:
            found = await self._resolve_more(delegation, ask, work, hunt, addresses)
        if found is None and hunt.fallback is None and avoided and not preferred and addresses is not None:
            # All that are known gave what proved bogus: other addresses of theirs may do better.
            hunt.asked.update(avoided)
            found = await self._look_elsewhere(delegation, ask, work, hunt, addresses)
        if found is None and hunt.fallback is None:
            found = await self._round(avoided, delegation.zone, ask, work, hunt)
        for attempt in range(1, patience + 1):
            # A doubtful answer waits for those that were not heard yet: one of them may know better.
            if found is not None or not hunt.silent:
                break
            again = tuple(hunt.silent)
            hunt.silent.clear()
            found = await self._round(again, delegation.zone, ask, work, hunt, attempt=attempt)
        if found is None and hunt.fallback is None and addresses is not None and patience == PATIENCE:
            found = await self._look_elsewhere(delegation, ask, work, hunt, addresses)
        return found or hunt.fallback

    async def _round(
        self, servers: tuple[Server, ...], zone: Name, ask: Lookup, work: Work, hunt: Hunt, attempt: int = 0
    ) -> Found | None:
        """Ask each in turn. Identical rounds of several questions are one.

        RFC 5452 §5: with many identical queries out, a forged reply has as many chances. A round waits for nothing but
        servers, so that questions whose name servers depend on each other can't come to wait for each other here.
        """
        if not servers:
            return None
        avoid = frozenset(work.avoid.get(ask, ()))
        left = self._limits.attempts_per_zone - hunt.attempts
        one = await self._rounds.join(
            (zone, ask, servers, attempt, avoid),
            lambda: self._go_round(servers, zone, ask, work, attempt, left),
            lambda one: one.found is not None or not one.is_cut_short or work.is_spent,
        )
        hunt.asked.update(servers)
        # A server that was asked before has had its chance.
        hunt.is_cut_short |= one.is_cut_short and attempt == 0
        found = hunt.take(one)
        work.heard |= found is not None
        return found

    async def _go_round(
        self, servers: tuple[Server, ...], zone: Name, ask: Lookup, work: Work, attempt: int, left: int
    ) -> Round:
        one = Round(attempt=attempt)
        avoid = work.avoid.get(ask, set())
        for server in self._book.order(servers, zone, avoid, shuffle=self._shuffle):
            spent = one.attempts >= left or work.failures[zone] >= self._limits.failures_per_zone
            if spent or work.is_spent:
                one.is_cut_short = True
                work.curtailed += 1
                break
            if work.is_refused(server, zone):
                one.is_cut_short = True
                work.curtailed += 1
                one.troubles.append(Trouble(server, Failure.SERVFAIL, "not asked again after it refused"))
                continue
            one.attempts += 1
            tcp = attempt == PATIENCE
            reply = await self._exchanger.ask(server, ask, work, attempt=attempt, tcp=tcp, recursive=self._recursive)
            one.is_cut_short |= isinstance(reply, Trouble) and reply.failure is Failure.OVER_LIMIT
            one.found = self._judge(reply, server, zone, ask, work, one)
            if one.found is not None:
                break
        return one

    def _judge(
        self, reply: Reply | Trouble, server: Server, zone: Name, ask: Lookup, work: Work, one: Round
    ) -> Found | None:
        if isinstance(reply, Trouble):
            work.failures[zone] += 1
            one.troubles.append(reply)
            # A connection that was refused or broke off may do the next time. If it does not, it never will.
            is_accident = reply.failure is Failure.UNREACHABLE and one.attempt == 0
            if is_accident or reply.failure in (Failure.TIMEOUT, Failure.MALFORMED):
                one.silent.append(server)
            return None
        reading = read(reply.message, zone, ask.name, ask.rdtype, recursive=self._recursive)
        found = Found(reading, server, reply.transport, reply.message)
        if reading.kind in (Kind.ANSWER, Kind.REFERRAL):
            return found
        if reading.kind is Kind.WEAK:
            one.fallback = one.fallback or found
        else:
            work.failures[zone] += 1
            # What a recursive server refuses is a matter of the name, not of the server.
            is_lame = reading.kind is Kind.LAME or reply.message.rcode == rr.REFUSED
            if not self._recursive:
                work.refused(server, zone if is_lame else None)
            if is_lame:
                self._book.mark_lame(server, zone)
        one.troubles.append(Trouble(server, Failure.SERVFAIL, reading.detail))
        return None

    async def _resolve_more(
        self, delegation: Delegation, ask: Lookup, work: Work, hunt: Hunt, addresses: AddressResolver
    ) -> Found | None:
        """Resolve the name servers that came without glue, a bounded number of them (NXNSAttack), and ask those."""
        names = delegation.without_address[: self._limits.nameservers_per_zone]
        return await self._ask_resolved(names, delegation, ask, work, hunt, addresses, Glue.TRUSTED)

    async def _look_elsewhere(
        self, delegation: Delegation, ask: Lookup, work: Work, hunt: Hunt, addresses: AddressResolver
    ) -> Found | None:
        """When every known address failed: glue may be out of date, and what the name server's own zone says of it wrong.
        So ask for the addresses themselves, and take what the parents of that zone say.
        """
        if len(hunt.path) > 1:
            return None
        # A zone whose servers fail won't tell their addresses either: the very same servers would be asked for them.
        # Servers that gave what proved bogus do answer, and were not asked again yet.
        zone = delegation.zone if hunt.troubles else None
        names = [name for name, _ in delegation.nameservers if not (zone and name.is_subdomain_of(zone))]
        some = tuple(names[: self._limits.nameservers_per_zone])
        return await self._ask_resolved(some, delegation, ask, work, hunt, addresses, Glue.PASSED_OVER)

    async def _ask_resolved(
        self,
        names: tuple[Name, ...],
        delegation: Delegation,
        ask: Lookup,
        work: Work,
        hunt: Hunt,
        addresses: AddressResolver,
        glue: Glue,
    ) -> Found | None:
        for name in names:
            if work.is_spent:
                return None
            servers = await addresses(name, work, hunt.path, glue)
            if not servers and glue is Glue.TRUSTED:
                hunt.unresolved.append(name)
            known = hunt.asked.union(delegation.servers)
            fresh = tuple(server for server in dict.fromkeys(servers) if server not in known)
            found = await self._round(fresh, delegation.zone, ask, work, hunt)
            if found is not None:
                return found
        return None

"""A full check's evidence, gathered: who the servers of a zone and of its parent are, and what each of them says.

First an ordinary walk from the trust anchor, for the zones above. Then every address is asked by itself, all at once, and what
each said is validated as if it were the only server, so that it is also asked for whatever that takes.
"""

import asyncio
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from unbroken.chain import Question
from unbroken.diagnosis.inspection import Ask, Exchange, Inspection, NameServer, ZoneServers, parent_asks, zone_asks
from unbroken.diagnosis.views import ServerView, ask_of, to_response, zone_questions
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.dns.section import find_rrset
from unbroken.resolving.addresses import Admission, address_text
from unbroken.resolving.cache import Delegation
from unbroken.resolving.driver import drive_concurrently
from unbroken.resolving.probing import InspectionLimits, Prober, Progress
from unbroken.resolving.resolver import Resolver
from unbroken.resolving.transport import Server, Transport
from unbroken.validation.capture import Capture, Recorder
from unbroken.validation.protocol import Answer, Effort, Failure, Lookup, NoAnswer, Response, Validation
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

_SILENT: Final = "not asked: the server answers nothing"
_UNROUTABLE: Final = "not asked: an address that no name server on the Internet can have"
_REFERRALS: Final = 8  # zones that may lie between the last one that answers and the name
_SERVERS_FOR_A_REFERRAL: Final = 4
_DEFAULT_LIMITS: Final = InspectionLimits()


async def inspect(
    resolver: Resolver,
    transport: Transport,
    question: Question,
    *,
    limits: InspectionLimits = _DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> Inspection:
    """Gather everything. `resolver` iterates (one that forwards knows no servers) and says what time it is. Never raises for
    what the network does."""
    prober = Prober(transport, resolver.clock, limits, resolver.options.udp_size, progress)
    gathering = _Gathering(resolver, prober, question, Recorder())
    return await gathering.run()


@dataclass(slots=True)
class _Gathering:
    """One inspection in the making."""

    resolver: Resolver
    prober: Prober
    question: Question
    recorder: Recorder
    referred: dict[Name, Delegation] = field(default_factory=dict)
    """Zones whose servers were all silent to the resolver, so that it has forgotten them again."""

    async def run(self) -> Inspection:
        began = self.resolver.clock.now()
        await drive_concurrently(self._validation(self.question, TrustCache()), self._walk)
        apex = await self._apex(self.question.name)
        zone = await self._servers(apex)
        parent = None if apex.is_root else await self._servers(await self._apex(apex.parent()))
        absent = _absent_name(apex)
        await self._ask_everyone(zone, parent, absent)
        known = Inspection(self.question, began, zone, parent, absent, (), self._walk_so_far(began))
        await self._validate_everyone(known)
        exchanges = tuple(self.prober.exchanges.values())
        return Inspection(self.question, began, zone, parent, absent, exchanges, self._walk_so_far(began))

    def _walk_so_far(self, began: int) -> Capture:
        return self.recorder.capture(self.question, began)

    async def _walk(self, lookup: Lookup) -> Response:
        """What an ordinary resolver gets, each look-up once."""
        known = self.recorder.responses.get(lookup)
        if known is None:
            known = await self._fetched(lookup)
            self.recorder.note(lookup, known)
        return known

    async def _fetched(self, lookup: Lookup) -> Response:
        """Each look-up has a budget of its own in the resolver; all of them together have the time of the inspection."""
        try:
            async with asyncio.timeout(max(self.prober.seconds_left, 0)):
                return await self.resolver.fetch(lookup)
        except TimeoutError:
            return NoAnswer(Failure.OVER_LIMIT, "the time is up")

    def _validation(self, question: Question, trust: TrustCache) -> Validation:
        now = self.resolver.clock.now()
        return validate(question, anchors=self.resolver.anchors, now=now, trust=trust, effort=Effort.ALL_PATHS)

    # --- who the servers are ------------------------------------------------------------------------------------------

    async def _apex(self, name: Name) -> Name:
        """The apex of the zone that holds a name: the owner of the SOA that comes with any answer, or denial, of it."""
        response = await self._walk(Lookup(name, rr.SOA))
        if isinstance(response, Answer):
            sections = (*response.message.answer, *response.message.authority)
            owners = [rrset.owner for rrset in sections if rrset.rdtype == rr.SOA and name.is_subdomain_of(rrset.owner)]
            if owners:
                return max(owners, key=lambda owner: owner.label_count)
        return await self._apex_by_referral(name)

    async def _apex_by_referral(self, name: Name) -> Name:
        """When the zone itself says nothing: where the servers above refer to."""
        known = self.resolver.delegations.closest(name)
        for _ in range(_REFERRALS):
            below = None if known is None else await self._refer(known, name)
            if below is None:
                break
            known = self.referred[below.zone] = below
        return Name.ROOT if known is None else known.zone

    async def _refer(self, above: Delegation, name: Name) -> Delegation | None:
        """The delegation that the first server of a zone to give one refers to, on the way to a name."""
        admission = Admission(self.resolver.delegations, self.resolver.options)
        for server in above.servers[:_SERVERS_FOR_A_REFERRAL]:
            message = (await self.prober.ask(server, Ask(name, rr.SOA))).message
            cuts = [] if message is None else [rrset for rrset in message.authority if rrset.rdtype == rr.NS]
            cut = next((r for r in cuts if r.owner.is_below(above.zone) and name.is_subdomain_of(r.owner)), None)
            if message is None or cut is None:
                continue
            glue: dict[Name, tuple[Server, ...]] = {}
            for rrset in message.additional:
                if rrset.rdtype in self.resolver.options.address_types:
                    glue[rrset.owner] = glue.get(rrset.owner, ()) + admission.servers(cut.owner, rrset.rdatas)
            names = cut.names()[: self.prober.limits.nameservers]
            return Delegation(cut.owner, tuple((target, glue.get(target, ())) for target in names))
        return None

    async def _servers(self, zone: Name) -> ZoneServers:
        """Every name server that the zone or its parent names, with all its addresses."""
        delegation = self.resolver.delegations.get(zone) or self.referred.get(zone)
        delegated = dict(delegation.nameservers) if delegation is not None else {}
        response = await self._walk(Lookup(zone, rr.NS))
        own = _names(response, zone)
        names = tuple(dict.fromkeys((*delegated, *own)))[: self.prober.limits.nameservers]
        found = await asyncio.gather(*(self._addresses(zone, name) for name in names))
        rows: list[NameServer] = []
        for name, addresses in zip(names, found, strict=True):
            glue = tuple(str(server) for server in delegated.get(name, ()))
            rows += _rows(name, glue, addresses, at_parent=name in delegated, at_child=name in own)
        return ZoneServers(zone, _bounded(rows, self.prober.limits.addresses))

    async def _addresses(self, zone: Name, name: Name) -> dict[str, str]:
        """The addresses that looking the name up gives, each with why it is not asked, or nothing."""
        admission = Admission(self.resolver.delegations, self.resolver.options)
        found: dict[str, str] = {}
        for rdtype in self.resolver.options.address_types:
            response = await self._walk(Lookup(name, rdtype))
            rrset = find_rrset(response.message.answer, name, rdtype) if isinstance(response, Answer) else None
            for rdata in () if rrset is None else rrset.rdatas:
                admitted = admission.servers(zone, (rdata,))
                if admitted:
                    found[str(admitted[0])] = ""
                else:
                    found[address_text(rdata)] = _UNROUTABLE
        return found

    # --- what they say ------------------------------------------------------------------------------------------------

    async def _ask_everyone(self, zone: ZoneServers, parent: ZoneServers | None, absent: Name) -> None:
        asks: dict[str, dict[Ask, None]] = {}
        for address in zone.addresses:
            asks.setdefault(address, {}).update(dict.fromkeys(zone_asks(zone.zone, self.question, absent)))
        if parent is not None:
            for address in parent.addresses:
                asks.setdefault(address, {}).update(dict.fromkeys(parent_asks(parent.zone, zone.zone)))
        self.prober.expect(sum(map(len, asks.values())))
        await asyncio.gather(*(self._ask_one(_server(address), tuple(own)) for address, own in asks.items()))

    async def _ask_one(self, server: Server, asks: tuple[Ask, ...]) -> None:
        """All queries to one address; only the first, over UDP and TCP, when it answers neither."""
        first = asks[0]
        opening = await self.prober.ask(server, first)
        if not opening.wire:
            over_tcp = await self.prober.ask(server, Ask(first.name, first.rdtype, tcp=True))
            if not over_tcp.wire:
                for ask in asks:
                    self.prober.pass_over(server, ask, _SILENT)
                return
        await asyncio.gather(*(self.prober.ask(server, ask) for ask in asks))

    async def _validate_everyone(self, known: Inspection) -> None:
        """Let the validator ask each server for what it needs beside that; what comes of it is judged later."""
        servers: dict[str, list[tuple[ServerView, tuple[Question, ...]]]] = {}
        zone = known.zone
        for address in zone.addresses:
            view = ServerView(known, address, is_parent=False)
            servers.setdefault(address, []).append(
                (view, tuple(zone_questions(zone.zone, known.question, known.absent)))
            )
        for address in known.parent.addresses if known.parent is not None else ():
            view = ServerView(known, address, is_parent=True)
            servers.setdefault(address, []).append((view, (Question(zone.zone, rr.DS),)))
        await asyncio.gather(*(self._validate_one(_server(address), own) for address, own in servers.items()))

    async def _validate_one(self, server: Server, own: list[tuple[ServerView, tuple[Question, ...]]]) -> None:
        left = self.prober.limits.own_questions

        for view, questions in own:
            trust = TrustCache()

            async def fetch(lookup: Lookup, view: ServerView = view) -> Response:
                nonlocal left
                if not view.speaks_for(lookup):
                    return await self._walk(lookup)
                exchange = self._recorded(server, lookup)
                if exchange is None:
                    if left <= 0:
                        return NoAnswer(Failure.OVER_LIMIT, f"{server}: asked too much already")
                    left -= 1
                    await self.prober.ask(server, ask_of(lookup))
                    exchange = self._recorded(server, lookup)
                return NoAnswer(Failure.OVER_LIMIT) if exchange is None else to_response(exchange)

            for question in questions:
                await drive_concurrently(self._validation(question, trust), fetch)

    def _recorded(self, server: Server, lookup: Lookup) -> Exchange | None:
        exchanges = self.prober.exchanges
        udp = exchanges.get((str(server), ask_of(lookup)))
        tcp = exchanges.get((str(server), ask_of(lookup, tcp=True)))
        is_good = udp is not None and udp.message is not None and not udp.is_truncated
        return udp if is_good or tcp is None else tcp


def _names(response: Response, zone: Name) -> tuple[Name, ...]:
    rrset = find_rrset(response.message.answer, zone, rr.NS) if isinstance(response, Answer) else None
    return () if rrset is None else tuple(dict.fromkeys(rrset.names()))


def _rows(
    name: Name, glue: tuple[str, ...], found: dict[str, str], *, at_parent: bool, at_child: bool
) -> Iterable[NameServer]:
    """One row an address of a name, or one without when it has none."""
    if not glue and not found:
        yield NameServer(name, "", at_parent, at_child)
    for address in dict.fromkeys((*glue, *found)):
        refusal = found.get(address, "")
        yield NameServer(name, address, at_parent, at_child, address in glue, address in found, refusal)


def _bounded(rows: list[NameServer], limit: int) -> tuple[NameServer, ...]:
    """No more than so many addresses that are asked."""
    kept: list[NameServer] = []
    asked: set[str] = set()
    for row in rows:
        if row.address and not row.refusal and row.address not in asked:
            if len(asked) >= limit:
                continue
            asked.add(row.address)
        kept.append(row)
    return tuple(kept)


def _server(text: str) -> Server:
    address, _, port = text.partition("@")
    return Server(address, int(port) if port else 53)


def _absent_name(zone: Name) -> Name:
    """A name below the zone that nobody can have thought of; the apex itself where no label has room."""
    label = b"unbroken-" + os.urandom(6).hex().encode("ascii")
    try:
        return zone.prepend(label)
    except ValueError:
        return zone

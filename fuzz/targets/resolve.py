"""The resolver, iterating through the small world, whose servers' replies are altered: no exception, no false verdict."""

import asyncio
from random import Random
from typing import Final

from fuzz.case import Case, Result, Target
from fuzz.draft import Alterations
from fuzz.judge import violation
from fuzz.octets import mutate, mutate_message
from fuzz.world import NOW, QUESTIONS, address, small_world
from unbroken.authority import Authority, respond
from unbroken.chain import Question
from unbroken.dns import Message, Name, RRset, WireError
from unbroken.dns import rdtype as rr
from unbroken.resolving.clock import SettableClock
from unbroken.resolving.hints import Hints
from unbroken.resolving.options import Options
from unbroken.resolving.resolver import Resolver
from unbroken.resolving.transport import Server, TransportError, TransportTimeout
from unbroken.validation.protocol import Lookup

_MAX_QUERIES: Final = 2000
_CLASSES: Final = (rr.CLASS_NONE, rr.ANY, 3, 0)


def create() -> Target:
    """The target."""
    return ResolveTarget()


class ResolveTarget:
    """Each server alters its replies with some probability, by a generator that the case seeds."""

    def __init__(self) -> None:
        self.world: Final = small_world()
        self.alterations: Final = Alterations(self.world)
        self.servers: Final = {address(str(origin)): Authority([zone]) for origin, zone in self.world.zones.items()}

    def make(self, random: Random) -> Case:
        """A question, and how much is altered."""
        question = random.choice(QUESTIONS)
        rate = random.choice((0.0, 0.1, 0.1, 0.3, 0.3, 1.0))
        return {"question": [str(question.name), question.rdtype], "rate": rate, "seed": random.getrandbits(32)}

    def check(self, case: Case) -> Result:
        """Resolve it with empty caches."""
        transport = Servers(self, Random(case["seed"]), case["rate"])
        question = Question(Name(case["question"][0]), case["question"][1])
        resolver = Resolver(
            hints=Hints(Name.ROOT, ((Name("ns."), (address("."),)),)),
            transport=transport,
            clock=transport.clock,
            anchors=self.world.anchors,
            options=Options(shuffle=False),
        )
        chain = asyncio.run(resolver.resolve(question.name, question.rdtype)).chain
        reason = violation(chain, self.world, transport.clock.now() - NOW)
        if not case["rate"] and chain.status is not self.world.truth(question).status:
            reason = reason or f"{question}: {chain.status} where nothing is altered"
        if transport.queries > _MAX_QUERIES:
            reason = reason or f"{transport.queries} queries"
        return Result(chain.status.value, reason)


class Servers:
    """Implements `Transport`."""

    def __init__(self, target: ResolveTarget, random: Random, rate: float) -> None:
        self.clock: Final = SettableClock(NOW)
        self.queries = 0
        self._target: Final = target
        self._random: Final = random
        self._rate: Final = rate

    async def exchange(self, server: Server, query: bytes, *, timeout: float, tcp: bool) -> bytes:
        """A reply; sometimes none."""
        self.queries += 1
        authority = self._target.servers.get(server.address)
        if authority is None:
            raise TransportError("no route to host")
        reply = respond(authority, query, tcp=tcp)
        if reply is not None and self._random.random() < self._rate:
            reply = self._altered(query, reply)
        if reply is None:
            self.clock.advance(timeout)
            raise TransportTimeout("timeout")
        return reply

    def _altered(self, query: bytes, reply: bytes) -> bytes | None:
        random = self._random
        kind = random.randrange(6)
        if kind == 0:
            return mutate(random, reply)
        if kind == 1:
            return mutate_message(random, reply, query)
        if kind == 2:
            return _of_odd_class(random, reply)
        if kind == 3:
            asked = Message.from_wire(query).question
            assert asked is not None
            wire = self._target.alterations.alter(random, Lookup(asked[0], asked[1]))
        else:
            wire = self._target.alterations.alter_message(random, reply)
        # With id and question of the query, so that it is not thrown away at once.
        return None if wire is None else _as_reply(query, wire)


def _as_reply(query: bytes, wire: bytes) -> bytes:
    try:
        asked, given = Message.from_wire(query), Message.from_wire(wire)
    except WireError:
        return query[:2] + wire[2:]
    sections = (given.answer, given.authority, given.additional)
    return Message(asked.id, given.flags, asked.question, *sections, rcode=given.rcode, edns=given.edns).to_wire()


def _of_odd_class(random: Random, reply: bytes) -> bytes:
    """Some records get another class, and there lose their rdata or have one that is odd."""
    message = Message.from_wire(reply)

    def bend(rrset: RRset) -> RRset:
        if random.random() < 0.5:
            return rrset
        rdclass = random.choice(_CLASSES)
        for rdatas in ((b"",), (b"\x00",), rrset.rdatas):
            try:
                return RRset(rrset.owner, rrset.rdtype, rrset.ttl, rdatas, rdclass)
            except (WireError, ValueError):
                continue
        return rrset

    sections = [tuple(map(bend, part)) for part in (message.answer, message.authority, message.additional)]
    return Message(
        message.id, message.flags, message.question, *sections, rcode=message.rcode, edns=message.edns
    ).to_wire()

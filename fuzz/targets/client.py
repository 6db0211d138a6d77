"""The daemon's reply to any octets from a client, over honest and over hostile servers: silence, or a well-formed reply of the
right size to the question asked; with AD only where all of it is authentic."""

import asyncio
import io
from random import Random
from typing import Final

from fuzz.case import Case, Result, Target
from fuzz.octets import mutate, mutate_message
from fuzz.targets.message import corner_cases
from fuzz.targets.resolve import ResolveTarget, Servers
from fuzz.world import QUESTIONS, World, address
from unbroken.chain import Question
from unbroken.dns import Edns, Message, Name, RRset, WireError
from unbroken.dns import rdtype as rr
from unbroken.resolving.hints import Hints
from unbroken.resolving.options import Options
from unbroken.resolving.resolver import Resolver
from unbroken.resolving.work import ResolverLimits
from unbroken.service.answers import AnswerCache, Lifetimes
from unbroken.service.clients import Gate
from unbroken.service.log import Log
from unbroken.service.reply import Via
from unbroken.service.responder import Responder
from unbroken.service.settings import Clients
from unbroken.service.special_names import SpecialNames
from unbroken.service.stats import Stats

_CLIENT: Final = "127.0.0.1"


def create() -> Target:
    """The target."""
    return ClientTarget()


class ClientTarget:
    """Queries with and without EDNS, mutated, to a responder above the small world."""

    def __init__(self) -> None:
        self.servers: Final = ResolveTarget()
        names = [question.name for question in QUESTIONS]
        names += [Name("localhost."), Name("a.onion."), Name("x" * 63 + ".w.nsec.example.")]
        self.queries: Final = [
            Message(7, flags, (name, rdtype, 1), edns=edns).to_wire()
            for name in names
            for rdtype in (rr.A, rr.ANY, rr.DS, rr.RRSIG, rr.AXFR)
            for flags in (rr.RD, rr.RD | rr.CD, rr.RD | rr.AD, 0)
            for edns in (
                None,
                Edns(),
                Edns(512, False),
                Edns(4096, True, ((10, b"cookie12"), (12, bytes(9)), (11, b""))),
            )
        ]
        self.others: Final = corner_cases()

    def make(self, random: Random) -> Case:
        """Mostly queries that nearly are some; now and then servers that alter what they say."""
        wire = random.choice(self.queries) if random.random() < 0.9 else random.choice(self.others)
        kind = random.randrange(10)
        if kind == 0:
            wire = random.randbytes(random.randint(0, 100))
        elif kind <= 3:
            wire = mutate(random, wire)
        elif kind <= 5:
            wire = mutate_message(random, wire, random.choice(self.queries))
        if random.random() < 0.9 and len(wire) > 2:
            wire = wire[:2] + bytes((wire[2] & 0x7F,)) + wire[3:]  # a query, not a response
        rate = random.choice((0.0, 0.0, 0.2, 0.5))
        return {"wire": wire, "via": random.choice(("udp", "tcp", "tls")), "rate": rate, "seed": random.getrandbits(32)}

    def check(self, case: Case) -> Result:
        """See the module's docstring."""
        return asyncio.run(self._check(case))

    async def _check(self, case: Case) -> Result:
        wire: bytes = case["wire"]
        via = Via(
            case["via"], case["via"] != "udp", None if case["via"] == "udp" else 100, is_encrypted=case["via"] == "tls"
        )
        log = io.StringIO()
        responder = self._responder(Servers(self.servers, Random(case["seed"]), case["rate"]), log)
        reason, label = "", "silence"
        for _ in range(2):  # and once more, from the cache
            response = responder.respond(wire, _CLIENT, via)
            if response is not None and not isinstance(response, bytes):
                response = await response
            if response is None:
                reason = reason or ("" if len(wire) < 12 or wire[2] & 0x80 else "a query is not answered")
                continue
            parsed = Message.from_wire(response)
            label = f"rcode {parsed.rcode}"
            reason = reason or _problem(wire, response, parsed, via) or self._false_claim(parsed)
        return Result(label, reason or log.getvalue())

    def _responder(self, transport: Servers, log: io.StringIO) -> Responder:
        resolver = Resolver(
            hints=Hints(Name.ROOT, ((Name("ns."), (address("."),)),)),
            transport=transport,
            clock=transport.clock,
            anchors=self.servers.world.anchors,
            options=Options(shuffle=False, aggressive=True),
        )
        clock = transport.clock
        answers = AnswerCache(ResolverLimits(), Lifetimes(stale=1000), clock)
        gate = Gate(Clients(), clock)
        return Responder(resolver, answers, SpecialNames(), gate, Stats(), _Faults(clock, log))

    def _false_claim(self, parsed: Message) -> str:
        """RFC 4035 §3.2.3: AD says that answer and authority are authentic."""
        if not parsed.flags & rr.AD:
            return ""
        world: World = self.servers.world
        assert parsed.question is not None
        question = Question(parsed.question[0], parsed.question[1])
        if not parsed.is_truncated() and parsed.rcode != world.truth(question).rcode:
            return f"AD with rcode {parsed.rcode} for {question}"
        false = [r for r in (*parsed.answer, *parsed.authority) if not _is_true(world, r)]
        return f"AD over {false[0].owner} {false[0].rdtype}" if false else ""


class _Faults(Log):
    """Keeps faults of ours, and nothing else."""

    def __init__(self, clock: object, stream: io.StringIO) -> None:
        super().__init__(clock, stream)  # type: ignore[arg-type]

    def write(self, event: str, **facts: object) -> None:
        """See `Log.write`."""
        if event == "fault":
            super().write(event, **facts)


def _is_true(world: World, rrset: RRset) -> bool:
    if rrset.rdtype == rr.RRSIG or world.is_authentic(rrset):
        return True
    # RFC 6672 §3.1: a CNAME that a DNAME makes is as authentic as that, and is signed by nobody.
    return rrset.rdtype == rr.CNAME and any(
        rdtype == rr.DNAME and rrset.owner.is_below(owner) for owner, rdtype in world.authentic
    )


def _problem(wire: bytes, response: bytes, parsed: Message, via: Via) -> str:
    if wire[2] & 0x80:
        return "a response is answered"
    if response[:2] != wire[:2] or not parsed.flags & rr.QR:
        return "the reply has another id, or is no reply"
    try:
        query: Message | None = Message.from_wire(wire)
    except WireError:
        query = None
    if parsed.rcode in (rr.FORMERR, rr.NOTIMP) and parsed.question is None:
        return "" if len(response) == 12 else "more than a header for what can't be read"
    if query is None:
        return f"rcode {parsed.rcode} for what is no message"
    # RFC 6891 §6.2.5: no more than the client can take; without EDNS 512 octets (RFC 1035 §4.2.1).
    advertised = query.edns.udp_size if query.edns is not None else 512
    limit = 65535 if via.is_stream else max(512, min(advertised, via.udp_size))
    if len(response) > limit:
        return f"{len(response)} octets where {limit} are allowed"
    return _echo_problem(query, parsed)


def _echo_problem(query: Message, parsed: Message) -> str:
    if parsed.question != query.question:
        return "another question than the query's"
    if (parsed.edns is None) != (query.edns is None):
        return "an OPT record where the query had none, or none where it had"
    wants = bool(query.flags & rr.AD) or (query.edns is not None and query.edns.do)
    if parsed.flags & rr.AD and not wants:
        return "AD for who did not ask for it"
    if (parsed.flags ^ query.flags) & (rr.RD | rr.CD):
        return "RD or CD is not copied"
    if parsed.rcode == rr.SERVFAIL and (parsed.answer or parsed.flags & rr.AD):
        return "SERVFAIL with data, or with AD"
    return ""

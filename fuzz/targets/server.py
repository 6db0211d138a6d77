"""The authority's answer to any octets: silence, or a well-formed response of the size that the asker can take."""

from random import Random
from typing import Final

from fuzz.case import Case, Result, Target
from fuzz.octets import mutate, mutate_message
from fuzz.targets.message import corner_cases
from fuzz.world import QUESTIONS, small_world
from unbroken.authority import UDP_SIZE, Authority, respond
from unbroken.dns import Edns, Message, Name, WireError
from unbroken.dns import rdtype as rr


def create() -> Target:
    """The target."""
    return ServerTarget()


class ServerTarget:
    """Queries with and without EDNS, mutated, to an authority that serves every zone of the small world."""

    def __init__(self) -> None:
        world = small_world()
        self.authority: Final = Authority(list(world.zones.values()))
        names = [question.name for question in QUESTIONS]
        names += [Name(".".join(["a"] * 100) + ".nsec3.optout."), Name("x" * 63 + ".w.nsec.example.")]
        self.queries: Final = [
            Message(7, rr.RD, (name, rdtype, 1), edns=edns).to_wire()
            for name in names
            for rdtype in (rr.A, rr.ANY, rr.DS, rr.NSEC3, rr.AXFR)
            for edns in (None, Edns(), Edns(512, False), Edns(4096, True, ((10, b"cookie12"), (15, b"\0\x16"))))
        ]
        self.others: Final = [*corner_cases(), *(world.ask(question).to_wire() for question in QUESTIONS)]

    def make(self, random: Random) -> Case:
        """Mostly queries that nearly are some."""
        wire = random.choice(self.queries) if random.random() < 0.8 else random.choice(self.others)
        kind = random.randrange(12)
        if kind == 0:
            wire = random.randbytes(random.randint(0, 100))
        elif kind <= 3:
            wire = mutate(random, wire)
        elif kind <= 6:
            wire = mutate_message(random, wire, random.choice(self.queries))
        if random.random() < 0.8 and len(wire) > 2:
            wire = wire[:2] + bytes((wire[2] & 0x7F,)) + wire[3:]  # a query, not a response
        return {"wire": wire, "tcp": random.random() < 0.3}

    def check(self, case: Case) -> Result:
        """See the module's docstring."""
        wire: bytes = case["wire"]
        response = respond(self.authority, wire, tcp=case["tcp"])
        if response is None:
            return Result("silence", "" if len(wire) < 12 or wire[2] & 0x80 else "a query is not answered")
        parsed = Message.from_wire(response)
        if wire[2] & 0x80:
            return Result("answered", "a response is answered")
        if response[:2] != wire[:2] or not parsed.flags & rr.QR:
            return Result("answered", "the response has another id, or is no response")
        try:
            query: Message | None = Message.from_wire(wire)
        except WireError:
            query = None
        return Result(
            f"rcode {parsed.rcode}", _size_problem(response, query, tcp=case["tcp"]) or _echo_problem(parsed, query)
        )


def _size_problem(response: bytes, query: Message | None, *, tcp: bool) -> str:
    # RFC 6891 §6.2.5: no more than the asker can take; without EDNS 512 octets (RFC 1035 §4.2.1).
    advertised = query.edns.udp_size if query is not None and query.edns is not None else 512
    limit = 65535 if tcp else max(512, min(advertised, UDP_SIZE))
    return f"{len(response)} octets where {limit} are allowed" if len(response) > limit else ""


def _echo_problem(parsed: Message, query: Message | None) -> str:
    if query is None:
        return "" if parsed.rcode == rr.FORMERR else f"rcode {parsed.rcode} for what is no message"
    return "" if parsed.question == query.question else "another question than the query's"

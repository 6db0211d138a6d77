"""A signed Internet in memory, two servers a zone, each of which may be made to say something else than it should."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from unbroken.anchors.files import parse
from unbroken.authority import Authority, respond
from unbroken.chain import Question
from unbroken.diagnosis.inspection import Inspection
from unbroken.dns import Message, Name
from unbroken.dns import rdtype as rr
from unbroken.lab import files
from unbroken.lab.faults import FAULTS, Patient
from unbroken.lab.signed import SignedWorld, SignedZone, make_keys, sign_world
from unbroken.lab.world import DenialStyle, World, ZoneSpec
from unbroken.resolving.clock import SettableClock
from unbroken.resolving.hints import Hints
from unbroken.resolving.inspecting import inspect
from unbroken.resolving.options import Options
from unbroken.resolving.probing import InspectionLimits
from unbroken.resolving.resolver import Resolver
from unbroken.resolving.transport import Server, Transport, TransportError, TransportTimeout

NOW = 1_790_000_000
ZONE, PARENT, OTHER = Name("zone.test."), Name("test."), Name("other.test.")
WWW = Name("www.zone.test.")
ADDRESSES = {
    Name.ROOT: ("192.0.2.1", "192.0.2.2"),
    PARENT: ("192.0.2.11", "192.0.2.12"),
    ZONE: ("192.0.2.21", "192.0.2.22"),
    OTHER: ("192.0.2.31", "192.0.2.32"),
    Name("three.test."): ("192.0.2.41", "192.0.2.42"),
    Name("wide.test."): ("192.0.2.51", "192.0.2.52"),
    Name("plain.test."): ("192.0.2.61", "192.0.2.62"),
    Name("island.test."): ("192.0.2.71", "192.0.2.72"),
    Name("csk.test."): ("192.0.2.81", "192.0.2.82"),
}
_RECORDS = """\
@ A 192.0.2.80
www A 192.0.2.81
www AAAA 2001:db8::81
@ TXT "zone"
*.wild A 192.0.2.82
@ MX 10 www
alias CNAME www
"""
_WORLD = World(
    (
        ZoneSpec(Name.ROOT),
        ZoneSpec(PARENT, denial=DenialStyle.OPT_OUT),
        ZoneSpec(ZONE, _RECORDS),
        ZoneSpec(OTHER, _RECORDS),
        ZoneSpec(Name("three.test."), _RECORDS, denial=DenialStyle.NSEC3),
        ZoneSpec(Name("wide.test."), _RECORDS, denial=DenialStyle.OPT_OUT),
        ZoneSpec(Name("plain.test."), _RECORDS, algorithm=None),
        ZoneSpec(Name("island.test."), _RECORDS, has_ds=False),
        ZoneSpec(Name("csk.test."), _RECORDS, is_csk=True),
    )
)
_KEYS = make_keys(_WORLD)
_SIGNED = sign_world(_WORLD, ADDRESSES, NOW, _KEYS)

Bend = Callable[[Message, Message], "Message | bytes | None"]
"""Query and honest reply, to what the server says instead; None is silence."""


@dataclass
class SmallInternet:
    """Implements `Transport`."""

    signed: SignedWorld = _SIGNED
    zones: dict[str, Authority] = field(default_factory=dict)
    bends: dict[str, list[tuple[Bend, bool | None]]] = field(default_factory=dict)
    asked: list[tuple[str, Message, bool]] = field(default_factory=list)
    in_flight: dict[str, int] = field(default_factory=dict)
    most_in_flight: int = 0
    now: int = NOW

    @classmethod
    def at(cls, now: int) -> "SmallInternet":
        """The same at another time (epoch seconds)."""
        return cls(sign_world(_WORLD, ADDRESSES, now, _KEYS), now=now)

    def __post_init__(self) -> None:
        self.healthy = self.signed
        self._serve(self.signed.zones.values())

    def _serve(self, zones: Iterable[SignedZone]) -> None:
        for zone in zones:
            for address in ADDRESSES[zone.origin]:
                self.zones[address] = Authority([zone.zone])

    def zone(self, origin: Name = ZONE) -> SignedZone:
        return self.signed.zones[origin]

    def put(self, *zones: SignedZone, only: str | None = None) -> None:
        """Serve these instead, at all their addresses or at one."""
        if only is not None:
            self.zones[only] = Authority([zones[0].zone])
            return
        self.signed = self.signed.with_zones(zones)
        self._serve(zones)

    def break_zone(self, fault: str, origin: Name = ZONE) -> None:
        child, parent = self.zone(origin), self.signed.parent_of(origin)
        self.put(*FAULTS[fault](Patient(child, parent)))

    def bend(self, address: str, bend: Bend, *, tcp: bool | None = None) -> None:
        """`tcp`: only over TCP, or only over UDP."""
        self.bends.setdefault(address, []).append((bend, tcp))

    async def exchange(self, server: Server, query: bytes, *, timeout: float, tcp: bool) -> bytes:
        self.in_flight[server.address] = self.in_flight.get(server.address, 0) + 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight[server.address])
        await asyncio.sleep(0)
        self.in_flight[server.address] -= 1
        asked = Message.from_wire(query)
        self.asked.append((server.address, asked, tcp))
        if server.address not in self.zones:
            raise TransportError("connection refused")
        reply: Message | bytes | None = respond(self.zones[server.address], query, tcp=tcp)
        for bend, only in self.bends.get(server.address, ()):
            if reply is None or only not in (None, tcp):
                continue
            reply = bend(asked, Message.from_wire(reply) if isinstance(reply, bytes) else reply)
        if reply is None:
            raise TransportTimeout(f"no reply within {timeout:.1f} s")
        return reply.to_wire() if isinstance(reply, Message) else reply

    def resolver(self, transport: Transport | None = None) -> Resolver:
        return Resolver(
            hints=Hints.from_addresses(Name.ROOT, *ADDRESSES[Name.ROOT]),
            anchors=parse(files.anchor_text(self.healthy).encode("ascii"), "the anchor", now=self.now),
            transport=transport or self,
            clock=SettableClock(self.now),
            options=Options(shuffle=False),
        )

    def inspect(self, name: Name = WWW, rdtype: int = rr.A, **limits: object) -> Inspection:
        settings = InspectionLimits(**{"interval": 0.0, "patience": 0.1, **limits})  # type: ignore[arg-type]
        return asyncio.run(inspect(self.resolver(), self, Question(name, rdtype), limits=settings))


def changed(message: Message, **changes: object) -> Message:
    """The message with other fields: `flags`, `rcode`, `answer`, `authority`, `additional`, `edns`."""
    fields = {
        "flags": message.flags,
        "answer": message.answer,
        "authority": message.authority,
        "additional": message.additional,
        "rcode": message.rcode,
        "edns": message.edns,
        **changes,
    }
    return Message(message.id, fields.pop("flags"), message.question, **fields)  # type: ignore[arg-type]

"""A small Internet in memory: addresses that hold zones, a transport that reaches them, and ways for servers to misbehave."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from unbroken.anchors.store import TrustAnchors
from unbroken.authority.index import Authority
from unbroken.authority.response import respond
from unbroken.delegation.ds import ds_rrset
from unbroken.dns import Message, Name
from unbroken.keys.zone_key import generate_set
from unbroken.resolving.clock import SettableClock
from unbroken.resolving.hints import Hints
from unbroken.resolving.options import Options
from unbroken.resolving.resolver import Resolver
from unbroken.resolving.transport import Server, TransportError, TransportTimeout
from unbroken.signing.parameters import SigningParameters
from unbroken.signing.sign import sign_zone
from unbroken.signing.zone import Zone

NOW = 1_760_000_000
SOA = "@ 3600 IN SOA ns.invalid. host.invalid. 1 7200 3600 1209600 600\n"

Behaviour = Callable[[Message, bool], "Message | bytes | None"]
"""Query and whether it came over TCP, to a reply; None is silence."""


@dataclass(frozen=True)
class Query:
    address: str
    name: Name
    rdtype: int
    tcp: bool
    message: Message


@dataclass
class World:
    """Implements `Transport`."""

    authorities: dict[str, Authority] = field(default_factory=dict)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    log: list[Query] = field(default_factory=list)
    clock: SettableClock = field(default_factory=lambda: SettableClock(NOW))
    delay: float = 0.0
    unreachable: set[str] = field(default_factory=set)

    def serve(self, address: str, *zones: Zone) -> None:
        self.authorities[address] = Authority(zones)

    async def exchange(self, server: Server, query: bytes, *, timeout: float, tcp: bool) -> bytes:
        message = Message.from_wire(query)
        assert message.question is not None
        self.log.append(Query(server.address, message.question[0], message.question[1], tcp, message))
        await asyncio.sleep(self.delay)
        if server.address in self.unreachable:
            raise TransportError("connection refused")
        reply: Message | bytes | None = None
        if server.address in self.behaviours:
            reply = self.behaviours[server.address](message, tcp)
        elif server.address in self.authorities:
            reply = respond(self.authorities[server.address], query, tcp=tcp)
        if reply is None:
            self.clock.advance(timeout)
            raise TransportTimeout("timeout")
        return reply.to_wire() if isinstance(reply, Message) else reply

    def honest(self, address: str, query: Message, *, tcp: bool = False) -> Message:
        wire = respond(self.authorities[address], query.to_wire(), tcp=tcp)
        assert wire is not None
        return Message.from_wire(wire)

    def asked(self, address: str | None = None) -> list[tuple[str, int]]:
        return [(str(query.name), query.rdtype) for query in self.log if address in (None, query.address)]

    def resolver(self, **arguments: object) -> Resolver:
        settings: dict[str, object] = {
            "hints": Hints(Name.ROOT, ((Name("root-server."), ("192.0.2.1",)),)),
            "transport": self,
            "clock": self.clock,
            "options": Options(shuffle=False),
        }
        return Resolver(**{**settings, **arguments})  # type: ignore[arg-type]


def zone(origin: str, text: str) -> Zone:
    return Zone.from_text(SOA + text, Name(origin))


def reply_to(query: Message, *, flags: int = 0x8400, rcode: int = 0, **sections: object) -> Message:
    return Message(query.id, flags, query.question, rcode=rcode, edns=query.edns, **sections)  # type: ignore[arg-type]


def plain_world() -> World:
    """Unsigned: the root, com and net (one server each), example.com with two servers, example.net with one."""
    world = World()
    world.serve("192.0.2.1", ROOT)
    world.serve("192.0.2.2", COM)
    world.serve("192.0.2.3", NET)
    world.serve("192.0.2.4", EXAMPLE_COM)
    world.serve("192.0.2.5", EXAMPLE_COM)
    world.serve("192.0.2.6", EXAMPLE_NET)
    return world


ROOT = zone(
    ".",
    """
@ 3600 NS root-server.
root-server. 3600 A 192.0.2.1
com. 3600 NS ns.com.
ns.com. 3600 A 192.0.2.2
net. 3600 NS ns.net.
ns.net. 3600 A 192.0.2.3
""",
)
COM = zone(
    "com.",
    """
@ 3600 NS ns
ns 3600 A 192.0.2.2
example 3600 NS ns1.example
example 3600 NS ns2.example
ns1.example 3600 A 192.0.2.4
ns2.example 3600 A 192.0.2.5
glueless 3600 NS ns.example.net.
""",
)
NET = zone(
    "net.",
    """
@ 3600 NS ns
ns 3600 A 192.0.2.3
example 3600 NS ns.example
ns.example 3600 A 192.0.2.6
""",
)
EXAMPLE_COM = zone(
    "example.com.",
    """
@ 3600 NS ns1
@ 3600 NS ns2
ns1 3600 A 192.0.2.4
ns2 3600 A 192.0.2.5
www 300 A 198.51.100.1
www 300 AAAA 2001:db8::1
alias 300 CNAME www
over 300 CNAME www.example.net.
loop1 300 CNAME loop2.example.net.
a.b.c.d.deep 300 A 198.51.100.7
tree 300 DNAME tree.example.net.
lost 300 CNAME nothing.example.net.
""",
)
EXAMPLE_NET = zone(
    "example.net.",
    """
@ 3600 NS ns
ns 3600 A 192.0.2.6
www 300 A 198.51.100.2
loop2 300 CNAME loop1.example.com.
leaf.tree 300 A 198.51.100.3
""",
)
GLUELESS_COM = zone("glueless.com.", "@ 3600 NS ns.example.net.\nwww 300 A 198.51.100.9\n")


def signed_world() -> tuple[World, TrustAnchors]:
    """The same names, root, com, net and example.com signed; example.net is not."""
    world = World()
    keys = {name: generate_set(Name(name)) for name in (".", "com.", "net.", "example.com.")}
    parameters = SigningParameters(NOW - 3600, NOW + 86_400)

    def signed(plain: Zone, *children: str) -> Zone:
        with_ds = plain.replace(*(ds_rrset(Name(child), keys[child]) for child in children))
        return sign_zone(with_ds, keys[str(plain.origin)], parameters)

    world.serve("192.0.2.1", signed(ROOT, "com.", "net."))
    world.serve("192.0.2.2", signed(COM, "example.com."))
    world.serve("192.0.2.3", signed(NET))
    example = signed(EXAMPLE_COM)
    world.serve("192.0.2.4", example)
    world.serve("192.0.2.5", example)
    world.serve("192.0.2.6", EXAMPLE_NET)
    return world, TrustAnchors.from_records([ds_rrset(Name.ROOT, keys["."])])

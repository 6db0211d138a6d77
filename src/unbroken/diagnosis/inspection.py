"""The evidence of a full check: every packet that every server of a zone, and of its parent, sent or failed to send.

Exchanges are kept by address and query, so that an address that serves both zones is asked once. Messages are kept as the
octets that came; what they mean is read from them, never stored beside them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from unbroken.chain import Question
from unbroken.dns import Message, Name, WireError
from unbroken.dns import rdtype as rr
from unbroken.validation.capture import Capture
from unbroken.validation.protocol import Failure

MISSING_TYPE: Final = 65283
"""A type that no zone has (RFC 6895 §3.1: for private use)."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One query, class IN: over UDP or TCP; with EDNS and the DO bit, or with neither."""

    name: Name
    rdtype: int
    tcp: bool = False
    dnssec: bool = True


@dataclass(frozen=True, slots=True)
class Exchange:
    """What one server did with one query.

    `server`: its address, with `@port` when that is not 53. `wire` is empty when nothing came; then, and when what came is
    no DNS message, `failure` and `detail` say why. `received_at`: epoch seconds. `milliseconds`: how long it took.
    """

    server: str
    ask: Ask
    wire: bytes = b""
    failure: Failure | None = None
    detail: str = ""
    received_at: int = 0
    milliseconds: int = 0
    message: Message | None = field(default=None, compare=False)

    @staticmethod
    def replied(server: str, ask: Ask, wire: bytes, received_at: int = 0, milliseconds: int = 0) -> "Exchange":
        """A reply came; whether it can be read shows here."""
        try:
            message = Message.from_wire(wire)
        except WireError as error:
            return Exchange(server, ask, wire, Failure.MALFORMED, str(error), received_at, milliseconds)
        return Exchange(server, ask, wire, None, "", received_at, milliseconds, message)

    @property
    def is_truncated(self) -> bool:
        """TC is set: what came is not the whole (RFC 2181 §9)."""
        return self.message is not None and self.message.is_truncated()


@dataclass(frozen=True, slots=True)
class NameServer:
    """A name in an NS RRset of the zone, and one of its addresses; `address` is empty when none was found.

    `at_parent` and `at_child`: whose NS RRset has the name. `is_glue`: the parent's referral gave the address; `is_found`:
    looking the name up did. `refusal` says why the address is not asked, if it is not (RFC 6890: it is nobody's).
    """

    name: Name
    address: str
    at_parent: bool
    at_child: bool
    is_glue: bool = False
    is_found: bool = False
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class ZoneServers:
    """A zone, and all name servers that it is said to have."""

    zone: Name
    servers: tuple[NameServer, ...]

    @property
    def addresses(self) -> tuple[str, ...]:
        """Those that are asked, each once."""
        return tuple(dict.fromkeys(server.address for server in self.servers if server.address and not server.refusal))

    def name_of(self, address: str) -> str:
        """The first name of an address, without the final dot of a fully qualified one; the address when it has none."""
        named = next((server.name for server in self.servers if server.address == address), None)
        return address if named is None else str(named).rstrip(".")


@dataclass(frozen=True)
class Inspection:
    """All evidence of one full check. `time`: epoch seconds at which it began. `absent`: a name below the zone that does not
    exist. `walk`: what an ordinary resolver got on the way from the trust anchor, for the zones above."""

    question: Question
    time: int
    zone: ZoneServers
    parent: ZoneServers | None
    absent: Name
    exchanges: tuple[Exchange, ...]
    walk: Capture

    @cached_property
    def by_server(self) -> dict[str, dict[Ask, Exchange]]:
        """Exchanges by address and query."""
        table: dict[str, dict[Ask, Exchange]] = {}
        for exchange in self.exchanges:
            table.setdefault(exchange.server, {})[exchange.ask] = exchange
        return table

    def exchange(self, server: str, ask: Ask) -> Exchange | None:
        """What that server did with exactly that query; None when it was not asked."""
        return self.by_server.get(server, {}).get(ask)

    def best(self, server: str, name: Name, rdtype: int) -> Exchange | None:
        """The fullest of a server's replies to a question with DO: over TCP where UDP was cut short or came to nothing."""
        udp = self.exchange(server, Ask(name, rdtype))
        if udp is not None and udp.message is not None and not udp.is_truncated:
            return udp
        tcp = self.exchange(server, Ask(name, rdtype, tcp=True))
        return tcp if tcp is not None and (udp is None or tcp.message is not None) else udp


def zone_asks(zone: Name, question: Question, absent: Name) -> Iterator[Ask]:
    """What each server of the zone itself is asked, beside what validating its answers needs."""
    apex_types = (rr.SOA, rr.NS, rr.DNSKEY, rr.CDS, rr.CDNSKEY, rr.NSEC3PARAM, rr.CSYNC, rr.DS, MISSING_TYPE)
    with_do = [Ask(zone, rdtype) for rdtype in apex_types]
    with_do += [Ask(question.name, question.rdtype), Ask(absent, rr.A)]
    without = [Ask(zone, rdtype, dnssec=False) for rdtype in (rr.SOA, rr.NS, rr.DNSKEY, MISSING_TYPE)]
    without += [Ask(question.name, question.rdtype, dnssec=False), Ask(absent, rr.A, dnssec=False)]
    over_tcp = [Ask(zone, rdtype, tcp=True) for rdtype in (rr.SOA, rr.DNSKEY)]
    yield from dict.fromkeys((*with_do, *without, *over_tcp))


def parent_asks(parent: Name, zone: Name) -> Iterator[Ask]:
    """What each server of the parent is asked."""
    yield from (Ask(parent, rr.SOA), Ask(parent, rr.DNSKEY), Ask(zone, rr.DS), Ask(zone, rr.NS))
    yield from (Ask(zone, rr.DS, dnssec=False), Ask(zone, rr.DS, tcp=True))

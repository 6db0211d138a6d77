"""Priming: the hints say where to ask for the root's servers, the answer says who they are (RFC 9609)."""

from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.dns.section import find_rrset
from unbroken.resolving.addresses import Admission
from unbroken.resolving.cache import Delegation, DelegationCache
from unbroken.resolving.hints import Hints
from unbroken.resolving.hunt import Hunt, Hunter
from unbroken.resolving.options import Options
from unbroken.resolving.transport import Server
from unbroken.resolving.work import Work
from unbroken.validation.protocol import Lookup


def server(address: str, port: int) -> Server:
    """An address of the hints or a configuration: `address`, or `address@port`."""
    host, at, own_port = address.partition("@")
    return Server(host, int(own_port) if at else port)


def hinted_delegation(hints: Hints, options: Options) -> Delegation:
    """The delegation that hints stand for."""

    def usable(address: str) -> bool:
        return options.use_ipv6 if ":" in address else options.use_ipv4

    return Delegation(
        hints.zone,
        tuple(
            (name, tuple(server(text, options.port) for text in texts if usable(text))) for name, texts in hints.servers
        ),
    )


class Priming:
    """Asks a hinted server for `. NS` once, and again when that answer's TTL is over."""

    def __init__(self, hunter: Hunter, delegations: DelegationCache, hinted: Delegation, options: Options) -> None:
        self._hunter = hunter
        self._delegations = delegations
        self._hinted = hinted
        self._admission = Admission(delegations, options)
        self._address_types = options.address_types

    @property
    def is_due(self) -> bool:
        """Whether the root's servers are known from the hints only."""
        return not self._delegations.is_learnt(Name.ROOT)

    async def prime(self, work: Work) -> None:
        """Take the root's servers from the answer; when there is none, the hints go on serving."""
        found = await self._hunter.hunt(self._hinted, Lookup(Name.ROOT, rr.NS), work, Hunt(()), patience=0)
        ns = find_rrset(found.reading.message.answer, Name.ROOT, rr.NS) if found is not None else None
        if found is None or ns is None:
            # RFC 9609 §3: the hints are what there is; try to prime again later.
            if not work.is_spent:
                self._delegations.put(self._hinted, 60)
            return
        primed = self._delegation(ns, found.raw)
        self._delegations.put(primed if primed.servers else self._hinted, ns.ttl)

    def _delegation(self, ns: RRset, message: Message) -> Delegation:
        hinted = dict(self._hinted.nameservers)
        nameservers = []
        for name in ns.names():
            # RFC 1035 §3.4.1: only in class IN is the rdata of an A record an Internet address.
            glue = [
                rrset
                for rrset in message.additional
                if rrset.owner == name and rrset.rdtype in self._address_types and rrset.rdclass == rr.CLASS_IN
            ]
            servers = tuple(server for rrset in glue for server in self._admission.servers(Name.ROOT, rrset.rdatas))
            # RFC 9609 §4.2: the additional section may lack addresses; those of the hints stand in.
            nameservers.append((name, servers or hinted.get(name, ())))
        return Delegation(Name.ROOT, tuple(nameservers))

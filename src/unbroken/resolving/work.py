"""The account of one question: how many queries and how much time it may still cost, and what it has learnt so far."""

from collections import Counter
from typing import Final

from unbroken.dns import Name
from unbroken.records import dataclass, field
from unbroken.resolving.clock import Clock
from unbroken.resolving.transport import Server
from unbroken.validation.protocol import Lookup, Response

_REFUSALS_FOR_A_ZONE: Final = 2
"""Once for a minimised name, once for the whole."""
_TICK: Final = 0.001
"""Seconds: an event loop may end a wait a clock tick early."""


@dataclass(frozen=True, slots=True)
class ResolverLimits:
    """Each is the largest number that is still allowed."""

    queries: int = 150
    """Queries sent for one question, with everything that it needs: name server addresses, keys, retries."""
    seconds: float = 12.0
    """Time after which no further query is sent for one question."""
    silence: float = 5.0
    """Seconds after which a question is given up when no server at all has answered well: there is no network."""
    queries_in_flight: int = 256
    """Queries that wait for a reply at a time, over all questions: each has a socket of its own."""
    attempts_per_zone: int = 16
    """Queries for one name and type to the servers of one zone."""
    failures_per_zone: int = 32
    """Queries to the servers of one zone that came to nothing, for one question, over all its names and types."""
    refusals_per_server: int = 6
    """Refusals of one address for one question, whatever the zone: a stranger may have named it as his server."""
    nameservers_per_zone: int = 5
    """Name server names of one delegation that are resolved for want of glue (NXNSAttack)."""
    nameservers_per_referral: int = 16
    """Name server names that are taken from a referral; any more are passed over."""
    addresses_per_nameserver: int = 8
    """Addresses that are taken of one name server."""
    nameserver_lookups: int = 40
    """Name server names resolved for one question, over all its delegations (TsuNAME, NXNSAttack)."""
    depth: int = 5
    """Nesting of look-ups of name server addresses."""
    referrals: int = 40
    """Steps of one iteration: referrals and minimised names."""
    hops: int = 12
    """CNAME and DNAME targets that are looked up."""
    bogus_retries: int = 2
    """Times that a bogus chain is built anew from other servers."""
    messages: int = 20_000
    """Messages in the cache."""
    message_octets: int = 64 << 20
    """What the messages in the cache may take, octets, roughly."""
    delegations: int = 10_000
    """Zones whose servers are remembered."""
    delegation_octets: int = 32 << 20
    """What these may take, octets, roughly."""
    servers: int = 20_000
    """Servers whose speed and faults are remembered."""
    maximum_ttl: int = 86_400
    """Seconds that anything is kept at most."""
    maximum_negative_ttl: int = 3_600
    """Seconds that the absence of something is kept at most (RFC 2308 §5 suggests one to three hours)."""
    failure_ttl: int = 5
    """Seconds that a failure to resolve is kept (RFC 9520 §3.2: at least 1, at most 300)."""


@dataclass(slots=True)
class Work:
    """What one question has spent and seen. Charged before each query."""

    limits: ResolverLimits
    clock: Clock
    started: float
    queries: int = 0
    curtailed: int = 0
    """Times that something was not done for want of budget, or since it would have led in a circle."""
    was_crowded_out: bool = False
    """Whether a query could not be sent since too many others were in flight: that says nothing of name or server."""
    heard: bool = False
    """Whether any server has answered as a server of its zone does; something on the path that answers for it does not."""
    attempt: int = 0
    """0 for the first try; counts up when a bogus chain is built anew."""
    nameserver_lookups: int = 0
    failures: Counter[Name] = field(default_factory=Counter)
    """Queries that came to nothing, by the zone whose servers they went to."""
    refusals: Counter[Server | tuple[Server, Name]] = field(default_factory=Counter)
    """Replies that said no, by server, and by server and zone."""
    takes_whole_names: set[Name] = field(default_factory=set)
    """Zones whose servers failed on a minimised name: they are shown whole ones from then on."""
    unresolvable: set[Name] = field(default_factory=set)
    """Name servers whose addresses could not be had, so that no delegation asks for them again."""
    responses: dict[Lookup, Response] = field(default_factory=dict)
    """What the look-ups of this question gave, so that each is made once even if it may not be cached."""
    served_by: dict[Lookup, set[str]] = field(default_factory=dict)
    """The servers whose answers were used."""
    avoid: dict[Lookup, set[str]] = field(default_factory=dict)
    """Servers to ask last, since what they said proved bogus."""

    @staticmethod
    def begin(limits: ResolverLimits, clock: Clock) -> "Work":
        """A fresh account, its time running from now."""
        return Work(limits, clock, clock.monotonic())

    @property
    def is_spent(self) -> bool:
        """Whether no further query may be sent."""
        return self.queries >= self.limits.queries or self.seconds_left <= _TICK

    @property
    def is_fresh(self) -> bool:
        """Whether next to nothing is spent: what fails with this account fails with any."""
        return self.queries == 0 and self.clock.monotonic() - self.started <= self.limits.silence / 10

    @property
    def seconds_left(self) -> float:
        """Seconds until no further query may be sent."""
        allowed = self.limits.seconds if self.heard else min(self.limits.seconds, self.limits.silence)
        return self.started + allowed - self.clock.monotonic()

    def charge_nameserver(self, name: Name) -> bool:
        """Take the resolution of one name server off the account; False when there is none left, or it failed before."""
        if self.nameserver_lookups >= self.limits.nameserver_lookups or name in self.unresolvable:
            self.curtailed += 1
            return False
        self.nameserver_lookups += 1
        return True

    def refused(self, server: Server, zone: Name | None) -> None:
        """The server said no: to a name, or to all of the zone."""
        self.refusals[server] += 1
        if zone is not None:
            self.refusals[server, zone] += 1

    def is_refused(self, server: Server, zone: Name) -> bool:
        """Whether the server said no often enough."""
        of_zone = self.refusals[server, zone] >= _REFUSALS_FOR_A_ZONE
        return of_zone or self.refusals[server] >= self.limits.refusals_per_server

    def charge(self) -> bool:
        """Take one query off the account; False when there is none left, and then it must not be sent."""
        if self.is_spent:
            self.curtailed += 1
            return False
        self.queries += 1
        return True

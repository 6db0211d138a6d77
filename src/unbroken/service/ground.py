"""What the daemon stands on: root hints, anchors, clock, of the Internet or of a lab; and the resolver made of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from unbroken.anchors import iana_root, load
from unbroken.anchors.rfc5011 import TrustPoint
from unbroken.anchors.start import AnchorFile, Start, anchors_to_start_with
from unbroken.anchors.store import TrustAnchors
from unbroken.chain import Limits
from unbroken.dns import Name
from unbroken.errors import InputError
from unbroken.files import read_bounded
from unbroken.resolving.clock import Clock, SystemClock
from unbroken.resolving.hints import Hints, parse_hints
from unbroken.resolving.options import Options
from unbroken.resolving.resolver import Resolver
from unbroken.resolving.sockets import SocketTransport
from unbroken.resolving.transport import Server, Transport
from unbroken.resolving.work import ResolverLimits
from unbroken.service.endpoints import Endpoint
from unbroken.service.settings import Settings
from unbroken.service.special_names import SpecialNames
from unbroken.service.stats import Stats

_MAX_HINTS: Final = 1 << 20  # octets


@dataclass(frozen=True, slots=True)
class Ground:
    """Where resolving starts. What is None is what the settings say."""

    hints: Hints | None = None
    anchors: TrustAnchors | None = None
    port: int = 53
    """Port of the servers that referrals name."""
    clock: Clock = field(default_factory=SystemClock)
    own_zones: tuple[Name, ...] = ()
    """Zones that are there although they have a special name, such as a lab's `test.`"""
    is_lab: bool = False


def limits(settings: Settings) -> ResolverLimits:
    """The resolver's limits."""
    cache = settings.cache
    return ResolverLimits(
        queries=settings.resolve.queries,
        seconds=settings.resolve.seconds,
        messages=cache.messages,
        message_octets=cache.message_mebibytes << 20,
        maximum_ttl=cache.maximum_ttl,
        maximum_negative_ttl=cache.maximum_negative_ttl,
        failure_ttl=cache.failure_seconds,
    )


def trust_anchors(settings: Settings, ground: Ground) -> TrustAnchors:
    """Those of the files that are configured, joined; without any, the ground's, or IANA's. Raises InputError."""
    now = ground.clock.now()
    if not settings.resolve.anchors:
        anchors = ground.anchors if ground.anchors is not None else iana_root(now)
        if not anchors:
            raise InputError(
                "trust anchors",
                "none of the built-in root anchors is in force by this machine's clock",
                "set the clock",
            )
        return anchors
    first, *others = (load(path, now=now) for path in settings.resolve.anchors)
    for other in others:
        first = first.merge(other)
    return first


def start_anchors(settings: Settings, ground: Ground, known: Iterable[TrustPoint] | None = None) -> Start:
    """What to start with: with a state file anchors that follow RFC 5011, else those of `trust_anchors`, which stay.

    `known`: trust points of a daemon that runs, instead of what is in the state file. Raises InputError.
    """
    state_file = settings.resolve.anchor_state
    if not state_file:
        return Start((), trust_anchors(settings, ground), ())
    files = [AnchorFile(path) for path in settings.resolve.anchors]
    return anchors_to_start_with(state_file, files, ground.clock.now(), built_in=ground.anchors, known=known)


def root_hints(settings: Settings, ground: Ground) -> Hints | None:
    """Those of the file that is configured, else the ground's; None: the built-in ones. Raises InputError."""
    path = settings.resolve.hints
    if not path:
        return ground.hints
    hints = parse_hints(read_bounded(path, _MAX_HINTS).decode("utf-8", "replace"), path)
    if not hints.zone.is_root:
        raise InputError(path, f"holds the servers of {hints.zone}", "root hints hold those of the root")
    return hints


def special_names(settings: Settings, ground: Ground) -> SpecialNames | None:
    """The names that are answered here, but those that somebody configured servers for; None when all are looked up."""
    if not settings.resolve.special_names:
        return None
    configured = (*settings.resolve.forward_zones, *settings.resolve.stub_zones)
    return SpecialNames(but=(*ground.own_zones, *(zone for zone, _ in configured)))


def make_resolver(settings: Settings, ground: Ground, stats: Stats, anchors: TrustAnchors) -> Resolver:
    """A resolver with empty caches that trusts `anchors`. Raises InputError for files that can't be read."""
    wanted = settings.resolve
    return Resolver(
        hints=root_hints(settings, ground),
        forwarders=_servers(wanted.forward),
        forward_zones={zone: _servers(servers) for zone, servers in wanted.forward_zones},
        stub_zones=[Hints.from_addresses(zone, *map(str, servers)) for zone, servers in wanted.stub_zones],
        anchors=anchors,
        limits=Limits(),
        resolver_limits=limits(settings),
        options=Options(
            port=ground.port,
            minimise=wanted.minimise,
            aggressive=wanted.aggressive,
            use_ipv4=wanted.ipv4,
            use_ipv6=wanted.ipv6 and not ground.is_lab,
        ),
        transport=Counting(SocketTransport(), stats),
        clock=ground.clock,
    )


def _servers(endpoints: tuple[Endpoint, ...]) -> tuple[Server, ...]:
    return tuple(Server(endpoint.address, endpoint.port) for endpoint in endpoints)


class Counting:
    """A transport that counts what is sent through it."""

    def __init__(self, transport: Transport, stats: Stats) -> None:
        self._transport = transport
        self._stats = stats

    async def exchange(self, server: Server, query: bytes, *, timeout: float, tcp: bool) -> bytes:
        """See `Transport`."""
        self._stats.upstream["tcp" if tcp else "udp"] += 1
        return await self._transport.exchange(server, query, timeout=timeout, tcp=tcp)

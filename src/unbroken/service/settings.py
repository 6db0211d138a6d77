"""Everything that the daemon can be told, each with its default, its bounds and a sentence: the one table of its settings.

A field's metadata hold how its value is read from TOML and what it means; `unbroken resolve --print-config` is made of them.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from unbroken.dns import Name
from unbroken.resolving.work import ResolverLimits
from unbroken.service import readers
from unbroken.service.endpoints import Endpoint
from unbroken.service.readers import Network, Reader

PORT: Final = 5335
DNS_PORT: Final = 53
TLS_PORT: Final = 853
METRICS_PORT: Final = 9153
LOOPBACK: Final = (readers.network_of("127.0.0.0/8"), readers.network_of("::1/128"))
_DAY: Final = 86_400
_RESOLVER: Final = ResolverLimits()


def _key(default: object, read: Reader[Any], sentence: str, shown: str = "") -> Any:
    """`shown`: the default as TOML has it, where it can't be told from the value."""
    return field(default=default, metadata={"read": read, "sentence": sentence, "shown": shown})


@dataclass(frozen=True, slots=True)
class Listen:
    """`[listen]`: where clients find the daemon."""

    addresses: tuple[Endpoint, ...] = _key(
        (Endpoint("127.0.0.1", PORT),),
        readers.endpoints(PORT),
        "Addresses, or ADDRESS@PORT, for UDP and TCP. Port 0: any that is free.",
    )
    udp_size: int = _key(
        1232,
        readers.whole(512, 4096),
        "Octets of the largest reply over UDP (RFC 9715 §3.1); what is larger goes to TCP.",
    )
    threads: int = _key(
        1,
        readers.whole(1, 64),
        "Threads that repeat replies, for each UDP address that is not a wildcard.",
    )


@dataclass(frozen=True, slots=True)
class Resolve:
    """`[resolve]`: how answers are found and judged."""

    anchors: tuple[str, ...] = _key((), readers.texts, "Files of trust anchors instead of the built-in IANA root.")
    anchor_state: str = _key(
        "",
        readers.text,
        'File that keeps the state of trust anchors that follow their zone\'s key rolls (RFC 5011); "": they do not follow.',
    )
    hints: str = _key("", readers.text, "File of root hints instead of the built-in ones.")
    forward: tuple[Endpoint, ...] = _key(
        (), readers.endpoints(DNS_PORT), "Recursive resolvers to ask (with CD set) instead of iterating from the root."
    )
    forward_zones: tuple[tuple[Name, tuple[Endpoint, ...]], ...] = _key(
        (),
        readers.zones(DNS_PORT),
        'Zones to ask other recursive resolvers for: { "corp.example" = ["192.0.2.53"] }.',
        "{}",
    )
    stub_zones: tuple[tuple[Name, tuple[Endpoint, ...]], ...] = _key(
        (),
        readers.zones(DNS_PORT),
        "Zones whose authoritative servers are these, whatever their parents say; likewise.",
        "{}",
    )
    minimise: bool = _key(True, readers.boolean, "Show servers no more of a name than they need (RFC 9156).")
    aggressive: bool = _key(True, readers.boolean, "Let proven NSEC records answer for all that they deny (RFC 8198).")
    ipv4: bool = _key(True, readers.boolean, "Ask servers over IPv4.")
    ipv6: bool = _key(True, readers.boolean, "Ask servers over IPv6.")
    seconds: float = _key(
        _RESOLVER.seconds, readers.number(0.1, 60), "Time after which nothing more is asked for a question."
    )
    queries: int = _key(
        _RESOLVER.queries, readers.whole(1, 10_000), "Queries that one question may cause, with all it needs."
    )
    special_names: bool = _key(
        True, readers.boolean, "Answer for localhost, invalid, test, onion and the like here (RFC 6761, RFC 7686)."
    )


@dataclass(frozen=True, slots=True)
class Cache:
    """`[cache]`: what is kept of earlier answers, and for how long."""

    answers: int = _key(50_000, readers.whole(1, 10_000_000), "Answers, with their chains, that are kept at most.")
    answer_mebibytes: int = _key(64, readers.whole(1, 1 << 20), "What these may take, mebibytes, roughly.")
    reply_mebibytes: int = _key(
        32, readers.whole(1, 1 << 20), "Mebibytes of replies that are repeated as they are, for each UDP address."
    )
    messages: int = _key(100_000, readers.whole(1, 10_000_000), "Messages of servers that are kept at most.")
    message_mebibytes: int = _key(64, readers.whole(1, 1 << 20), "What these may take, mebibytes, roughly.")
    maximum_ttl: int = _key(_DAY, readers.whole(1, 7 * _DAY), "Seconds that anything is kept at most.")
    maximum_negative_ttl: int = _key(
        3600, readers.whole(1, _DAY), "Seconds that the absence of something is kept at most (RFC 2308 §5)."
    )
    bogus_seconds: int = _key(30, readers.whole(1, 300), "Seconds that a bogus answer is kept (RFC 4035 §4.7).")
    failure_seconds: int = _key(5, readers.whole(1, 300), "Seconds that a failure is kept at first (RFC 9520 §3.2).")
    stale_seconds: int = _key(
        _DAY,
        readers.whole(0, 7 * _DAY),
        "Seconds that answers are kept beyond their TTL, for when no server can be reached (RFC 8767).",
    )
    stale_after: float = _key(
        1.8, readers.number(0, 60), "Seconds that a client waits for an answer before it gets a stale one."
    )
    prefetch: bool = _key(True, readers.boolean, "Renew answers that are asked for in the last tenth of their time.")


@dataclass(frozen=True, slots=True)
class Tcp:
    """`[tcp]`: connections of clients (RFC 7766, RFC 9210)."""

    connections: int = _key(512, readers.whole(1, 100_000), "Connections at a time.")
    per_client: int = _key(32, readers.whole(1, 100_000), "Connections of one client at a time.")
    idle_seconds: float = _key(
        10.0,
        readers.number(0.05, 600),
        "Time that a connection may be silent, or take for one message; a fifth when half are taken.",
    )
    pipeline: int = _key(32, readers.whole(1, 1000), "Questions of one connection that are worked on at a time.")


@dataclass(frozen=True, slots=True)
class Clients:
    """`[clients]`: who may ask, and how much."""

    allow: tuple[Network, ...] = _key(
        LOOPBACK, readers.networks, "Networks whose clients are answered; all others are refused."
    )
    deny: tuple[Network, ...] = _key(
        (), readers.networks, "Networks within these whose clients are refused all the same."
    )
    rate: float = _key(
        0.0,
        readers.number(0, 1e6),
        "Queries a second that one client may send; 0: as many as it likes. IPv6: of one /64.",
    )
    burst: int = _key(1000, readers.whole(1, 10_000_000), "Queries that it may send at once, before its rate counts.")
    in_flight: int = _key(1024, readers.whole(1, 100_000), "Questions that are resolved at a time, of all clients.")
    in_flight_per_client: int = _key(256, readers.whole(1, 100_000), "Questions of one client that are.")


@dataclass(frozen=True, slots=True)
class Tls:
    """`[tls]`: DNS over TLS (RFC 7858)."""

    addresses: tuple[Endpoint, ...] = _key(
        (), readers.endpoints(TLS_PORT), "Addresses, or ADDRESS@PORT, for DNS over TLS. None: there is none."
    )
    certificate: str = _key(
        "", readers.text, "PEM file of the server's certificate, with those that lead to its authority."
    )
    key: str = _key("", readers.text, "PEM file of its private key.")
    recheck_seconds: float = _key(
        60.0, readers.number(0.05, 86_400), "How often these files are looked at, and read anew when they have changed."
    )


@dataclass(frozen=True, slots=True)
class Control:
    """`[control]`: how the daemon is told things while it runs."""

    socket: str = _key(
        "",
        readers.text,
        'Path of the socket of `unbroken control`; "": in the runtime directory; "none": there is none.',
    )
    negatives: str = _key(
        "", readers.text, 'File that keeps negative trust anchors over a restart; "": they end with the daemon.'
    )
    negative_recheck_seconds: float = _key(
        300.0,
        readers.number(1, 86_400),
        "How often negative trust anchors are tried for whether their zone validates again.",
    )


@dataclass(frozen=True, slots=True)
class Metrics:
    """`[metrics]`: numbers for Prometheus."""

    enabled: bool = _key(False, readers.boolean, "Serve them over HTTP, as /metrics. Needs `unbroken[metrics]`.")
    address: Endpoint = _key(
        Endpoint("127.0.0.1", METRICS_PORT), readers.endpoint(METRICS_PORT), "Where: ADDRESS, or ADDRESS@PORT."
    )


@dataclass(frozen=True, slots=True)
class Log:
    """`[log]`: what is written to standard error."""

    format: str = _key("text", readers.one_of("text", "json"), 'One event a line: "text", as key=value, or "json".')


@dataclass(frozen=True, slots=True)
class Settings:
    """All tables."""

    listen: Listen = field(default_factory=Listen)
    resolve: Resolve = field(default_factory=Resolve)
    cache: Cache = field(default_factory=Cache)
    clients: Clients = field(default_factory=Clients)
    tcp: Tcp = field(default_factory=Tcp)
    tls: Tls = field(default_factory=Tls)
    control: Control = field(default_factory=Control)
    metrics: Metrics = field(default_factory=Metrics)
    log: Log = field(default_factory=Log)

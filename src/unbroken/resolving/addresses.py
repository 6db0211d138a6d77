"""Addresses of servers: their text form, and which of them a referral may send queries to."""

import _socket

from unbroken.dns import Name
from unbroken.dns.reach import Reach, reach
from unbroken.resolving.cache import DelegationCache
from unbroken.resolving.options import Options
from unbroken.resolving.transport import Server


def address_text(rdata: bytes) -> str:
    """An address record's rdata in text form: dotted quad, or IPv6 groups without shortening beyond leading zeros."""
    if len(rdata) == 4:
        return ".".join(map(str, rdata))
    return _socket.inet_ntop(_socket.AF_INET6, rdata)


def address_rdata(text: str) -> bytes | None:
    """The reverse; None for what is no address."""
    try:
        return _socket.inet_pton(_socket.AF_INET6 if ":" in text else _socket.AF_INET, text)
    except (OSError, ValueError):  # ValueError: a NUL, or no ASCII
        return None


class Admission:
    """Which addresses of those that the network names are asked.

    A stranger's glue must not make this host send queries to itself, to its neighbours, or to everybody at once. Where
    the configured servers are local themselves (a lab, a private root, a stub zone), those that they refer to may be too.
    """

    def __init__(self, delegations: DelegationCache, options: Options) -> None:
        self._delegations = delegations
        self._local = options.local_servers
        self._port = options.port

    def servers(self, zone: Name, rdatas: tuple[bytes, ...]) -> tuple[Server, ...]:
        """The servers at these addresses that may be asked, being named by `zone` or for it."""
        return tuple(Server(address_text(rdata), self._port) for rdata in rdatas if self._admits(zone, rdata))

    def _admits(self, zone: Name, rdata: bytes) -> bool:
        kind = reach(rdata)
        if kind is not Reach.LOCAL:
            return kind is Reach.PUBLIC
        return self._local if self._local is not None else self._is_configured_locally(zone)

    def _is_configured_locally(self, zone: Name) -> bool:
        configured = self._delegations.configured_for(zone)
        rdatas = [address_rdata(server.address) for server in configured.servers] if configured is not None else []
        return any(rdata is not None and reach(rdata) is Reach.LOCAL for rdata in rdatas)

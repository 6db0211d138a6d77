"""What a drop-in resolver can be told, and the resolver behind it: rebuilt whenever what it was told has changed."""

from collections.abc import Sequence

import dns.inet
import dns.name
import dns.nameserver

from unbroken.resolving.api import default_resolver
from unbroken.resolving.resolver import Resolver as ChainResolver
from unbroken.resolving.transport import Server

Nameserver = str | dns.nameserver.Nameserver


def to_server(nameserver: Nameserver, port: int) -> Server:
    """Where a name server answers. Raises ValueError for what is no address, as dnspython does, and for DoH, DoT and DoQ."""
    if isinstance(nameserver, dns.nameserver.Do53Nameserver):
        return to_server(nameserver.address, nameserver.port)
    if isinstance(nameserver, str) and dns.inet.is_address(nameserver):
        return Server(nameserver, port)
    raise ValueError(f"nameserver {nameserver} is no IP address: servers are reached over UDP and TCP at an address")


def to_servers(nameservers: Sequence[Nameserver], port: int) -> tuple[Server, ...]:
    """Where they answer. Raises ValueError, for a single str too: its characters are no addresses."""
    if not isinstance(nameservers, list | tuple):
        raise ValueError(f"nameservers must be a list or tuple (not a {type(nameservers)})")
    return tuple(to_server(nameserver, port) for nameserver in nameservers)


class Settings:
    """What both faces have in common. Attributes of `dns.resolver.Resolver` that would have no effect do not exist here."""

    __slots__ = (
        "_behind",
        "_nameservers",
        "_own",
        "domain",
        "lifetime",
        "ndots",
        "port",
        "search",
        "timeout",
        "use_search_by_default",
    )

    def __init__(
        self,
        filename: object = "",
        configure: bool = True,
        *,
        nameservers: Sequence[Nameserver] = (),
        resolver: ChainResolver | None = None,
    ) -> None:
        """`filename` and `configure` are accepted and without effect: this resolver starts at the root, not at resolv.conf."""
        self._own = resolver
        self._behind: tuple[tuple[Server, ...], ChainResolver] | None = None
        self.port = 53
        self.timeout: float = 2.0
        """Accepted for dnspython's sake: the patience with a server follows from its round trips. `lifetime` counts."""
        self.lifetime: float = 12.0
        self.search: list[dns.name.Name] = []
        self.domain = dns.name.root
        self.ndots: int | None = None
        self.use_search_by_default = False
        self.nameservers = nameservers

    @property
    def nameservers(self) -> Sequence[Nameserver]:
        """Addresses of recursive servers to forward to; empty: iterate from the root. Raises ValueError for others."""
        return self._nameservers

    @nameservers.setter
    def nameservers(self, nameservers: Sequence[Nameserver]) -> None:
        to_servers(nameservers, self.port)
        self._nameservers = nameservers

    def chain_resolver(self) -> ChainResolver:
        """The `unbroken` resolver behind this one."""
        servers = to_servers(self._nameservers, self.port)
        if not servers:
            return self._own or default_resolver()
        if self._behind is None or self._behind[0] != servers:
            self._behind = (servers, ChainResolver(forwarders=servers))
        return self._behind[1]

    def candidates(self, qname: dns.name.Name, search: bool | None) -> list[dns.name.Name]:
        """The absolute names to try, in dnspython's order: one with enough dots as it is first, else last."""
        if qname.is_absolute():
            return [qname]
        absolute = qname.concatenate(dns.name.root)
        if not (self.use_search_by_default if search is None else search):
            return [absolute]
        suffixes = self.search or ([self.domain] if self.domain != dns.name.root else [])
        searched = [qname.concatenate(suffix) for suffix in suffixes]
        has_dots = len(qname) > (1 if self.ndots is None else self.ndots)
        return [absolute, *searched] if has_dots else [*searched, absolute]

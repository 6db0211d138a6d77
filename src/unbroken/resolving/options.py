"""What a resolver may be told to do otherwise."""

from unbroken.dns import rdtype as rr
from unbroken.records import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """How to resolve; see `ResolverLimits` for how much."""

    port: int = 53
    """Port of every server found by referral or in hints without one of its own (a lab's servers share one)."""
    minimise: bool = True
    """Show servers no more of the name than they need (RFC 9156)."""
    aggressive: bool = False
    """Let proven NSEC records answer for other names and types that they deny too (RFC 8198)."""
    prime: bool = True
    """Ask the hinted root servers for the root's NS RRset first (RFC 9609)."""
    use_ipv4: bool = True
    use_ipv6: bool = True
    local_servers: bool | None = None
    """Ask servers at loopback and private addresses that a referral names. None: only where the configured servers, the root
    hints or those of a stub zone, are at such addresses themselves."""
    udp_size: int = 1232
    """Largest UDP reply asked for, octets. RFC 9715 §3.1: one that avoids fragmentation on nearly all paths."""
    shuffle: bool = True
    """Choose among servers of like speed at random. Off: in the order they came in, so that a replay is repeatable."""

    @property
    def address_types(self) -> tuple[int, ...]:
        """The address record types of the families in use."""
        return ((rr.A,) if self.use_ipv4 else ()) + ((rr.AAAA,) if self.use_ipv6 else ())

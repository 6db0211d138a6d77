"""What carries a query to a server and its reply back. Sockets are one way; a replay or an in-process authority another."""

from typing import Protocol

from unbroken.records import dataclass


@dataclass(frozen=True, slots=True)
class Server:
    """Where a name server answers: an IPv4 or IPv6 address in text form, and a port."""

    address: str
    port: int = 53

    def __str__(self) -> str:
        return self.address if self.port == 53 else f"{self.address}@{self.port}"

    @property
    def is_ipv6(self) -> bool:
        """Whether the address is of that family."""
        return ":" in self.address


class TransportError(Exception):
    """The query could not be delivered or its reply not be read; `str()` says why."""


class TransportTimeout(TransportError):  # noqa: N818 - a timeout is named as such, as TimeoutError's kin are
    """No reply that matches came in time."""


class TransportSpoofed(TransportError):  # noqa: N818 - it says what happened, as its kin do
    """Over UDP so much came that does not match that someone must be guessing: TCP is the way out."""


class Transport(Protocol):
    """Carries one query. Implementations must be safe to cancel at any await and leave nothing open then."""

    async def exchange(self, server: Server, query: bytes, *, timeout: float, tcp: bool) -> bytes:
        """The reply to `query`, within `timeout` seconds. Raises TransportTimeout or TransportError, nothing else."""
        ...

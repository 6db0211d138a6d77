"""Where to listen and whom to ask: an address and a port in text form, and sockets bound to them."""

import contextlib
import errno
import ipaddress
import socket
from dataclasses import dataclass
from typing import Final

from unbroken.errors import InputError, StateError

_BACKLOG: Final = 256
_BUFFER: Final = 4 << 20  # octets of datagrams that the system keeps while we are busy
_PORT_TRIES: Final = 8
_IP_PKTINFO: Final = 8
_IP_MTU_DISCOVER: Final = 10
_IP_PMTUDISC_OMIT: Final = 5
"""Linux's numbers, which Python's `socket` does not name in all versions."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An IPv4 or IPv6 address in text form, and a port. Port 0: any that is free."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.address}@{self.port}"

    @property
    def is_ipv6(self) -> bool:
        """Whether the address is of that family."""
        return ":" in self.address

    @property
    def is_wildcard(self) -> bool:
        """Whether it stands for every address of this host."""
        return ipaddress.ip_address(self.address).is_unspecified


def parse_endpoint(text: str, default_port: int, where: str) -> Endpoint:
    """`192.0.2.1`, `192.0.2.1@53`, `2001:db8::1@53`. Raises InputError."""
    host, at, port = text.partition("@")
    try:
        address = str(ipaddress.ip_address(host))
    except ValueError:
        raise InputError(where, f"{text[:80]!r} is not an address", "write ADDRESS or ADDRESS@PORT") from None
    if not at:
        return Endpoint(address, default_port)
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        raise InputError(where, f"{port[:40]!r} is not a port", "write ADDRESS@PORT, with a port up to 65535")
    return Endpoint(address, int(port))


@dataclass(frozen=True, slots=True)
class Pair:
    """A UDP socket and a listening TCP socket on one address and port, neither served yet."""

    endpoint: Endpoint
    udp: socket.socket
    tcp: socket.socket

    def close(self) -> None:
        """Both."""
        self.udp.close()
        self.tcp.close()


def bind_pair(endpoint: Endpoint) -> Pair:
    """UDP and TCP on one port, also when any will do. Raises StateError, with nothing left open."""
    for _ in range(_PORT_TRIES - 1 if endpoint.port == 0 else 0):
        # The port that TCP was given may be another program's on UDP.
        with contextlib.suppress(StateError):
            return _bind_both(endpoint)
    return _bind_both(endpoint)


def _bind_both(endpoint: Endpoint) -> Pair:
    tcp = _bind(endpoint, socket.SOCK_STREAM, "--listen")
    bound = Endpoint(endpoint.address, int(tcp.getsockname()[1]))
    try:
        return Pair(bound, _bind(bound, socket.SOCK_DGRAM, "--listen"), tcp)
    except StateError:
        tcp.close()
        raise


def bind_stream(endpoint: Endpoint, option: str) -> socket.socket:
    """A listening TCP socket, for an address that `option` gave. Raises StateError."""
    return _bind(endpoint, socket.SOCK_STREAM, option)


def _bind(endpoint: Endpoint, kind: socket.SocketKind, option: str) -> socket.socket:
    try:
        sock = socket.socket(socket.AF_INET6 if endpoint.is_ipv6 else socket.AF_INET, kind)
    except OSError as error:
        raise StateError(_text(endpoint, error, option)) from None
    try:
        sock.setblocking(False)
        if endpoint.is_ipv6:
            # One family a socket, so that an access list never meets an IPv4 address in IPv6 clothes.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind is socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            _tune_datagrams(sock, endpoint)
        sock.bind((endpoint.address, endpoint.port))
        if kind is socket.SOCK_STREAM:
            sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        raise StateError(_text(endpoint, error, option)) from None
    return sock


def _tune_datagrams(sock: socket.socket, endpoint: Endpoint) -> None:
    """What a system does not know is left out: each of these helps, none is needed on a single address."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    with contextlib.suppress(OSError):
        # RFC 9715 §3.1: a forged "fragmentation needed" must not make this host fragment what it sends.
        sock.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_OMIT)
    if endpoint.is_wildcard:
        # RFC 1123 §6.1.3.2: a reply comes from the address that was asked; on a wildcard only the system knows that one.
        with contextlib.suppress(OSError, AttributeError):
            if endpoint.is_ipv6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            else:
                sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)


def _text(endpoint: Endpoint, error: OSError, option: str) -> str:
    hints = {
        errno.EADDRINUSE: f"another program has it; end that, or choose another with {option}",
        errno.EACCES: f"ports below 1024 are for root; choose another with {option}",
        errno.EADDRNOTAVAIL: f"this host has no such address; choose another with {option}",
        errno.EAFNOSUPPORT: "this host does not do that family of addresses",
    }
    return f"{endpoint}: can't be listened on: {hints.get(error.errno or 0, error.strerror)}"

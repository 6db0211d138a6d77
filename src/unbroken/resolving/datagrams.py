"""What both transports over sockets share: the socket of a query over UDP, and which reply belongs to a query."""

# The part of `socket` in C. The other makes enumerations of some hundred constants whenever it is loaded.
import _socket
import os
from typing import Final, TypeVar

from unbroken.resolving.transport import Server

_Socket = TypeVar("_Socket", bound=_socket.socket)

HEADER: Final = 12
"""Octets of a message's header (RFC 1035 §4.1.1)."""
STRAYS: Final = 64
"""Datagrams that are not our reply, before the exchange over UDP is given up: someone is guessing."""
_FIRST_PORT: Final = 1024
_BIND_TRIES: Final = 4
_RCODES_WITHOUT_QUESTION: Final = (1, 4)
"""FORMERR and NOTIMP may come from a server that could not even read the question."""


def is_reply(query: bytes, reply: bytes) -> bool:
    """Whether `reply` can be the answer to `query`: same id, QR set, same question.

    RFC 5452 §9.1: a resolver must match id and question of a reply (the address is matched by the connected socket).
    """
    if len(reply) < HEADER or reply[:2] != query[:2] or not reply[2] & 0x80:
        return False
    questions = int.from_bytes(reply[4:6], "big")
    if questions == 0:
        return reply[3] & 0x0F in _RCODES_WITHOUT_QUESTION
    if questions != 1:
        return False
    end = _question_end(query)
    asked, echoed = query[HEADER:end], reply[HEADER:end]
    # RFC 4343 §3: names compare without case; type and class octets do not.
    return len(asked) == len(echoed) and asked[-4:] == echoed[-4:] and asked[:-4].lower() == echoed[:-4].lower()


def _question_end(query: bytes) -> int:
    position = HEADER
    while position < len(query) and query[position]:
        position += query[position] + 1
    return position + 5


def family(server: Server) -> int:
    """The family of the server's address."""
    return _socket.AF_INET6 if server.is_ipv6 else _socket.AF_INET


def open_udp(server: Server, kind: type[_Socket]) -> _Socket:
    """A connected socket, of that class, that does not block. Raises OSError."""
    sock = kind(family(server), _socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        # RFC 5452 §9.2: the source port must be unpredictable and from the whole range.
        for _ in range(_BIND_TRIES):
            port = int.from_bytes(os.urandom(2), "big")
            if port < _FIRST_PORT:
                continue
            try:
                sock.bind(("", port))
                break
            except OSError:
                continue
        # Connected: the system drops what comes from any other address or port.
        sock.connect((server.address, server.port))
    except BaseException:
        sock.close()
        raise
    return sock


def reason(error: Exception) -> str:
    """Why an exchange failed, in few words."""
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno).lower()
    return str(error) or type(error).__name__

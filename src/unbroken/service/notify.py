"""Telling systemd how the daemon does (sd_notify(3)): one datagram to the socket that it names, if it does."""

import contextlib
import os
import socket
from typing import Final

_VARIABLE: Final = "NOTIFY_SOCKET"


def notify(*states: str) -> None:
    """Send states such as READY=1. Without systemd nothing happens; that it can't be told is no reason to fail."""
    path = os.environ.get(_VARIABLE, "")
    if path[:1] not in ("/", "@"):
        return
    # unix(7): an address that begins with a zero octet is an abstract one; systemd writes it as @.
    address = "\0" + path[1:] if path.startswith("@") else path
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        sock.connect(address)
        sock.sendall("\n".join(states).encode("ascii", "replace"))

"""The control socket: JSON lines over a Unix socket that only its owner may open. One object a line in, one a line out."""

import asyncio
import contextlib
import errno
import json
import os
import socket
import stat
import struct
from collections.abc import Awaitable, Callable
from typing import Any, Final

from unbroken.errors import InputError, StateError, UnbrokenError
from unbroken.files import remove_own, runtime_path

_LONGEST_LINE: Final = 64 * 1024
_LONGEST_REPLY: Final = 64 << 20
_IDLE: Final = 30.0
_CONNECTIONS: Final = 16
_PATH_LIMIT: Final = 107
"""Octets that a Unix socket's address has room for (unix(7))."""
_CREDENTIALS: Final = struct.Struct("3i")

Request = dict[str, Any]
Handler = Callable[[Request], Awaitable[Request]]


def default_path(*, make: bool = False) -> str:
    """Where the daemon of this user is controlled, unless it was told otherwise. Raises StateError."""
    return runtime_path("control.sock", make=make)


def bind(path: str) -> socket.socket:
    """A listening socket with mode 0600. One that a daemon left that is gone is replaced. Raises StateError, InputError."""
    if len(os.fsencode(path)) > _PATH_LIMIT or "\0" in path:
        raise InputError(path[:80], "is no possible path of a socket", f"give one of at most {_PATH_LIMIT} octets")
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        try:
            _bind_privately(sock, path)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not _is_abandoned(path):
                raise
            os.unlink(path)
            _bind_privately(sock, path)
        sock.listen(_CONNECTIONS)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        taken = "a daemon that runs has it, or it is no socket; choose another with --control"
        why = taken if error.errno == errno.EADDRINUSE else error.strerror
        raise StateError(f"{path}: can't be the control socket: {why}") from None
    return sock


def _bind_privately(sock: socket.socket, path: str) -> None:
    """Mode 0600 from the start: between bind and a later chmod anybody could connect."""
    before = os.umask(0o177)
    try:
        sock.bind(path)
    finally:
        os.umask(before)


def _is_abandoned(path: str) -> bool:
    # A file that is no socket refuses connections just like one, and is not ours to remove.
    if not stat.S_ISSOCK(os.lstat(path).st_mode):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(path) == errno.ECONNREFUSED


class ControlServer:
    """Serves one socket. `handle` gets each request and returns what it has to say; its UnbrokenErrors are told the client."""

    def __init__(self, path: str, handle: Handler) -> None:
        self.path = path
        self._handle = handle
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Begin to serve. Raises StateError, InputError."""
        sock = bind(self.path)
        try:
            self._server = await asyncio.start_unix_server(self._serve, sock=sock, limit=_LONGEST_LINE)
        except BaseException:
            sock.close()
            raise

    async def close(self) -> None:
        """Stop, and remove the socket. A client that waits for its reply gets it."""
        if self._server is None:
            return
        self._server.close()
        remove_own(self.path)
        await asyncio.sleep(0)
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1.0)
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._tasks) >= _CONNECTIONS or not _is_owner(writer):
            writer.transport.abort()
            return
        self._tasks.add(task)
        try:
            while await self._serve_one(reader, writer):
                pass
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        async with asyncio.timeout(_IDLE):
            line = await reader.readline()  # ValueError when it is too long
        if not line.endswith(b"\n"):
            return False
        reply = await self._answer(line)
        writer.write(json.dumps(reply).encode("ascii") + b"\n")
        async with asyncio.timeout(_IDLE):
            await writer.drain()
        return True

    async def _answer(self, line: bytes) -> Request:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            request = None
        if not isinstance(request, dict):
            return {"ok": False, "error": "not a JSON object on one line"}
        try:
            return {"ok": True, **await self._handle(request)}
        except UnbrokenError as error:
            return {"ok": False, "error": str(error)}


def _is_owner(writer: asyncio.StreamWriter) -> bool:
    """Whether the other end is this user's or root's. The mode of the socket says so too, where the system looks at it."""
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError, AttributeError):
        _, user, _ = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
        return user in (0, os.getuid())
    return True


def call(path: str, request: Request, seconds: float = _IDLE) -> Request:
    """Ask the daemon behind a socket, and wait for its reply. Raises StateError when there is none, or it refuses."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(seconds)
            sock.connect(path)
            sock.sendall(json.dumps(request).encode("ascii") + b"\n")
            with sock.makefile("rb") as file:
                line = file.readline(_LONGEST_REPLY)
    except (FileNotFoundError, ConnectionRefusedError):
        raise StateError(
            f"{path}: no resolver listens there; start `unbroken resolve`, or name its socket with --socket"
        ) from None
    except (OSError, ValueError) as error:
        raise StateError(f"{path}: the resolver does not answer: {error}") from None
    try:
        reply = json.loads(line)
    except (ValueError, RecursionError):
        reply = None
    if not isinstance(reply, dict):
        raise StateError(f"{path}: what answers there is no resolver of ours")
    if reply.get("ok") is not True:
        raise StateError(f"the resolver refuses: {reply.get('error', 'for no reason')}")
    return reply

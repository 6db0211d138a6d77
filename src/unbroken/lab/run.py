"""The lab, running: listeners in a thread of their own, so that tests and tools, blocking or not, just ask."""

import asyncio
import contextlib
import ipaddress
import os
import shutil
import tempfile
import threading
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from unbroken._kernel import Name, type_from_text, type_to_text
from unbroken.authority import Authority
from unbroken.errors import StateError, UsageError
from unbroken.keys import ZoneKey
from unbroken.lab import files
from unbroken.lab.clock import LabClock
from unbroken.lab.faults import Patient, find_fault, parse_break
from unbroken.lab.server import ZoneServer, bind_all
from unbroken.lab.session import Session
from unbroken.lab.signed import SERVERS_PER_ZONE, SignedWorld, SignedZone, make_keys, sign_world
from unbroken.lab.world import World, default_world

if TYPE_CHECKING:
    from unbroken.anchors import TrustAnchors
    from unbroken.chain import Chain
    from unbroken.resolving.hints import Hints
    from unbroken.resolving.resolver import Resolver

ADDRESS_PREFIX: Final = "127.53"
_PATIENCE: Final = 10.0  # seconds for listeners to open or close


def allot_addresses(world: World, prefix: str = ADDRESS_PREFIX) -> dict[Name, tuple[str, ...]]:
    """For the servers of each zone PREFIX.n.1 and PREFIX.n.2. Raises UsageError unless `prefix` is two octets of 127/8."""
    try:
        first = ipaddress.IPv4Address(f"{prefix}.0.1")
    except ValueError:
        raise UsageError(f"{prefix!r} is not the first two octets of an address, such as {ADDRESS_PREFIX}") from None
    if not first.is_loopback:
        raise UsageError(f"{prefix!r} is not a loopback prefix; the lab stays within 127.0.0.0/8")
    if len(world.zones) > 254:
        raise UsageError(f"{len(world.zones)} zones are too many; 254 have room")
    return {
        spec.origin: tuple(f"{prefix}.{number}.{server}" for server in range(1, SERVERS_PER_ZONE + 1))
        for number, spec in enumerate(world.zones, 1)
    }


class Lab:
    """A signed Internet on loopback. Use it with `with` or `async with`: both start it and end it, whatever happens.

    >>> with Lab() as lab:
    ...     lab.break_zone("rrsig-exp-a", "one.example")
    ...     print(lab.check("www.one.example").status)
    """

    def __init__(
        self,
        world: World | None = None,
        *,
        port: int | None = None,
        address_prefix: str = ADDRESS_PREFIX,
        breaks: Iterable[str] = (),
        directory: str | os.PathLike[str] | None = None,
        clock: LabClock | None = None,
        announce: bool = False,
    ) -> None:
        """`port` None: 53 for root when it is free, else any. `breaks`: FAULT@ZONE. `directory`: where hints, anchors and
        zones go, and stay; None: a temporary one that goes with the lab. `announce`: let `check --lab` find it.

        Raises UsageError for what can be seen to be wrong now; `start` raises StateError for ports that are taken.
        """
        self.world = default_world() if world is None else world
        self.clock = clock or LabClock()
        self.addresses = allot_addresses(self.world, address_prefix)
        self._breaks = [parse_break(text, self.world) for text in breaks]
        self._wanted_port = port
        self._wanted_directory = None if directory is None else Path(directory)
        self._announce = announce
        self._servers: dict[Name, ZoneServer] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._directory: Path | None = None
        self._port: int | None = None
        self._healthy: SignedWorld | None = None
        self._signed: SignedWorld | None = None

    # --- starting and ending ------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Make keys, sign, listen, write the files. Raises StateError."""
        if self._loop is not None:
            raise StateError("this lab is running already")
        try:
            self._port, sockets = bind_all(self.addresses, self._wanted_port)
            try:
                self._healthy = self._sign()
                self._signed = self._healthy
                self._apply_breaks()
                self._run_loop()
                self._on_loop(self._open(sockets))
            except BaseException:
                for bound in sockets.values():
                    bound.close()
                raise
            self._write_files()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End all listeners and the thread; remove the temporary directory and the announcement. May be called twice."""
        if self._loop is not None:
            with contextlib.suppress(StateError, TimeoutError):
                self._on_loop(self._close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            if self._thread is not None:
                self._thread.join(_PATIENCE)
            self._loop = self._thread = None
        self._servers.clear()
        if self._announce:
            files.remove_state(os.getpid())
        if self._directory is not None and self._wanted_directory is None:
            shutil.rmtree(self._directory, ignore_errors=True)
        self._directory = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        starting = asyncio.get_running_loop().run_in_executor(None, self.start)
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            # A thread can't be stopped half way: what it has begun is undone when it is through.
            await asyncio.wait([starting])
            self.stop()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)

    def _sign(self) -> SignedWorld:
        return sign_world(self.world, self.addresses, self.clock.now(), make_keys(self.world))

    def _run_loop(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=_serve_loop, args=(self._loop,), name="unbroken-lab", daemon=True)
        self._thread.start()

    def _on_loop(self, work: Coroutine[Any, Any, None]) -> None:
        if self._loop is None:
            work.close()
            raise StateError("this lab is not running; use it inside its `with` block")
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)

    async def _open(self, sockets: dict[Name, Any]) -> None:
        for origin, zone in self.signed.zones.items():
            server = ZoneServer(self.addresses[origin], self.port, Authority([zone.zone]))
            self._servers[origin] = server
            if zone.is_silent:
                sockets[origin].close()
            else:
                await server.open(sockets[origin])

    async def _close(self) -> None:
        for server in self._servers.values():
            await server.close()

    def _write_files(self) -> None:
        if self._wanted_directory is not None:
            self._directory = self._wanted_directory
        else:
            self._directory = Path(tempfile.mkdtemp(prefix="unbroken-lab-"))
        root = self.addresses[Name.ROOT]
        files.write_all(self._directory, self.signed, root)
        if self._announce:
            anchor = files.anchor_text(self.healthy)
            offset = self.clock.offset
            files.write_state(files.State(os.getpid(), self.port, root, anchor, str(self._directory), offset))

    # --- what others need to know -------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The one port that all servers listen on, UDP and TCP. Raises StateError before the start."""
        if self._port is None:
            raise StateError("this lab has not been started; use it inside its `with` block")
        return self._port

    @property
    def directory(self) -> Path:
        """Where root.hints, root.anchor, bind.keys and zones/ are. Raises StateError unless the lab runs."""
        if self._directory is None:
            raise StateError("this lab is not running; use it inside its `with` block")
        return self._directory

    @property
    def signed(self) -> SignedWorld:
        """The zones as they are served now."""
        if self._signed is None:
            raise StateError("this lab has not been started; use it inside its `with` block")
        return self._signed

    @property
    def healthy(self) -> SignedWorld:
        """The zones before anything was broken."""
        if self._healthy is None:
            raise StateError("this lab has not been started; use it inside its `with` block")
        return self._healthy

    @property
    def session(self) -> Session:
        """How to ask: port, hints, anchors, clock."""
        anchor = files.anchor_text(self.healthy)
        return Session.to(self.port, self.addresses[Name.ROOT], anchor, self.clock, self.directory)

    @property
    def hints(self) -> "Hints":
        """The root hints."""
        return self.session.hints

    @property
    def anchors(self) -> "TrustAnchors":
        """The trust anchors: the root's KSK, as it was when the lab was healthy."""
        return self.session.anchors

    def resolver(self, **settings: Any) -> "Resolver":
        """A fresh resolver that starts at the lab's root, by the lab's clock; `settings` as `Resolver` takes them."""
        return self.session.resolver(**settings)

    def check(self, name: str, rdtype: str = "A") -> "Chain":
        """Resolve and validate, with a cold cache. Blocks, so not for coroutines: those `await check_async`. Raises
        UsageError for a name or type that is none."""
        return asyncio.run(self.check_async(name, rdtype))

    async def check_async(self, name: str, rdtype: str = "A") -> "Chain":
        """As `check`."""
        from unbroken.dns.user_name import name_from_user

        try:
            number = type_from_text(rdtype)
        except ValueError:
            raise UsageError(f"{rdtype!r} is not an RR type") from None
        asked = name_from_user(name)
        return (await self.resolver().resolve(asked, number)).chain

    # --- breaking and mending -----------------------------------------------------------------------------------------

    def break_zone(self, fault: str, zone: str) -> None:
        """Apply a named fault to a zone, now. Raises UsageError when there is no such fault or zone, or they don't fit."""
        _, origin = parse_break(f"{fault}@{zone}", self.world)
        self._serve(self._broken(fault, origin))

    def heal(self) -> None:
        """Undo all faults: the zones as they were first signed."""
        self._serve(tuple(self.healthy.zones.values()))

    def sign_anew(self, rolled: Mapping[Name, tuple[ZoneKey, ...]] | None = None) -> None:
        """Sign all zones by the clock as it is now, with the same keys, or those of `rolled` (by zone); DS follow, faults are
        undone."""
        keys = {origin: zone.keys for origin, zone in self.healthy.zones.items()} | dict(rolled or {})
        self._healthy = sign_world(self.world, self.addresses, self.clock.now(), keys)
        self.heal()

    def shown_by(self, text: str) -> str:
        """The name and type at which FAULT@ZONE shows. Raises UsageError as `break_zone` does."""
        fault, origin = parse_break(text, self.world)
        question = fault.probe.question(self.healthy.zones[origin])
        return f"{question.name} {type_to_text(question.rdtype)}"

    def _apply_breaks(self) -> None:
        for fault, origin in self._breaks:
            self._signed = self.signed.with_zones(self._broken(fault.name, origin))

    def _broken(self, fault: str, origin: Name) -> tuple[SignedZone, ...]:
        """The zones that the fault changes. Times in it count from the lab's clock."""
        now = self.clock.now()
        parent = self.signed.parent_of(origin)
        child = replace(self.signed.zones[origin], now=now)
        return find_fault(fault)(Patient(child, None if parent is None else replace(parent, now=now)))

    def _serve(self, zones: tuple[SignedZone, ...]) -> None:
        self._signed = self.signed.with_zones(zones)
        self._on_loop(self._swap(zones))
        for zone in zones:
            with contextlib.suppress(OSError):  # the files are for people to look at; the servers have the zone
                files.write_zone(self.directory, zone)

    async def _swap(self, zones: tuple[SignedZone, ...]) -> None:
        for zone in zones:
            server = self._servers[zone.origin]
            if zone.zone is not server.authority.zones()[0]:
                server.authority = Authority([zone.zone])
            if zone.is_silent and server.is_open:
                await server.close()
            elif not zone.is_silent and not server.is_open:
                await server.open()


def _serve_loop(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        pending = asyncio.all_tasks(loop)
        for task in pending:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
    finally:
        loop.close()

"""What a lab leaves on disk for other programs: hints, anchors, zones; and the note by which `check --lab` finds it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from unbroken._kernel import Name
from unbroken.dns.presentation import rrset_to_text
from unbroken.errors import InputError, StateError
from unbroken.files import read_bounded, remove_own, runtime_path, write_atomically
from unbroken.lab.signed import SignedWorld, SignedZone, name_server

HINTS: Final = "root.hints"
ANCHOR: Final = "root.anchor"
BIND_KEYS: Final = "bind.keys"
_VERSION: Final = 1
_MAX_STATE: Final = 64 * 1024


def hints_text(addresses: tuple[str, ...]) -> str:
    """The root hints, as zone-file lines."""
    servers = [(name_server(Name.ROOT, number), address) for number, address in enumerate(addresses)]
    lines = [f". 3600 IN NS {server}" for server, _ in servers]
    return "\n".join([*lines, *(f"{server} 3600 IN A {address}" for server, address in servers), ""])


def anchor_text(world: SignedWorld) -> str:
    """The root's trust anchor as DS lines."""
    return "\n".join([*rrset_to_text(world.anchor_records), ""])


def bind_keys_text(world: SignedWorld) -> str:
    """The same for BIND and delv."""
    entries = [
        f'    . static-ds {ds.key_tag} {ds.algorithm} {ds.digest_type} "{ds.digest.hex().upper()}";'
        for ds in world.anchor_records.dses()
    ]
    return "\n".join(["trust-anchors {", *entries, "};", ""])


def write_all(directory: Path, world: SignedWorld, root_addresses: tuple[str, ...]) -> None:
    """Everything a program needs to be pointed at the lab. Raises StateError."""
    texts = {HINTS: hints_text(root_addresses), ANCHOR: anchor_text(world), BIND_KEYS: bind_keys_text(world)}
    try:
        (directory / "zones").mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (directory / name).write_text(text, encoding="ascii")
        for zone in world.zones.values():
            write_zone(directory, zone)
    except OSError as error:
        raise StateError(f"{directory}: the lab's files can't be written: {error.strerror}") from None


def write_zone(directory: Path, zone: SignedZone) -> None:
    """One zone as it is served. Raises OSError."""
    stem = "root" if zone.origin.is_root else str(zone.origin).rstrip(".")
    (directory / "zones" / f"{stem}.zone").write_text(zone.zone.to_text(), encoding="ascii")


@dataclass(frozen=True, slots=True)
class State:
    """How to reach a running lab."""

    pid: int
    port: int
    root_addresses: tuple[str, ...]
    anchor: str
    directory: str
    clock_offset: float = 0.0


def state_path(*, make: bool = False) -> Path:
    """One lab a user: see `runtime_path`. Raises StateError."""
    return Path(runtime_path("lab.json", make=make))


def write_state(state: State) -> Path:
    """Announce a lab; where. Raises StateError."""
    path = state_path(make=True)
    record = {
        "version": _VERSION,
        "pid": state.pid,
        "port": state.port,
        "root_addresses": list(state.root_addresses),
        "anchor": state.anchor,
        "directory": state.directory,
        "clock_offset": state.clock_offset,
    }
    write_atomically(str(path), (json.dumps(record, indent=2) + "\n").encode("ascii"), mode=0o600)
    return path


def read_state() -> State | None:
    """The lab that was announced last; None when there is none or its note makes no sense."""
    try:
        path = state_path()
        if not path.exists():
            return None
        return _state(json.loads(read_bounded(str(path), _MAX_STATE)))
    except (StateError, InputError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _state(record: Any) -> State:
    if record["version"] != _VERSION:
        raise ValueError("another version")
    return State(
        int(record["pid"]),
        int(record["port"]),
        tuple(str(address) for address in record["root_addresses"]),
        str(record["anchor"]),
        str(record["directory"]),
        float(record["clock_offset"]),
    )


def remove_state(pid: int) -> None:
    """Withdraw the announcement of that process's lab; another's is left alone."""
    state = read_state()
    if state is not None and state.pid == pid:
        remove_own(str(state_path()))

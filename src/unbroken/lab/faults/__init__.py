"""The catalogue of named faults. Names are those of the public test domain extended-dns-errors.com where it has one."""

from typing import Final

from unbroken._kernel import Name
from unbroken.dns.user_name import name_from_user
from unbroken.errors import UnbrokenError, UsageError
from unbroken.lab.config import nearest
from unbroken.lab.faults.denial import DENIAL_FAULTS
from unbroken.lab.faults.ds import DS_FAULTS
from unbroken.lab.faults.fault import Fault, Patient, Probe
from unbroken.lab.faults.keys import KEY_FAULTS
from unbroken.lab.faults.rrsig import RRSIG_FAULTS
from unbroken.lab.faults.zones import ZONE_FAULTS
from unbroken.lab.world import World

__all__ = ["FAULTS", "Fault", "Patient", "Probe", "find_fault", "parse_break"]

FAULTS: Final[dict[str, Fault]] = {
    fault.name: fault for fault in (*DS_FAULTS, *KEY_FAULTS, *RRSIG_FAULTS, *DENIAL_FAULTS, *ZONE_FAULTS)
}


def find_fault(name: str) -> Fault:
    """The fault of that name. Raises UsageError with the nearest one."""
    fault = FAULTS.get(name)
    if fault is None:
        hint = nearest(name, tuple(FAULTS)) if name else "`unbroken lab faults` lists them"
        if hint.startswith("known are"):
            hint = "`unbroken lab faults` lists them"
        raise UsageError(f"there is no fault {name!r}; {hint}")
    return fault


def parse_break(text: str, world: World) -> tuple[Fault, Name]:
    """`FAULT@ZONE`. Raises UsageError with what may have been meant."""
    name, at, zone = text.partition("@")
    if not at or not zone:
        raise UsageError(f"{text!r} is not FAULT@ZONE; write for example rrsig-exp-a@one.example")
    fault = find_fault(name)
    try:
        origin = Name.ROOT if zone == "." else name_from_user(zone)
    except UnbrokenError as error:
        raise UsageError(f"{text!r}: {error}") from None
    if origin not in world.by_origin:
        known = tuple(str(spec.origin) for spec in world.zones)
        raise UsageError(f"the lab has no zone {origin}; {nearest(str(origin), known)}")
    return fault, origin

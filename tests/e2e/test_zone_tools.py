"""The zones that we sign pass the checkers of BIND, ldns and Knot: every algorithm they know, with NSEC, NSEC3 and opt-out."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from unbroken._kernel import Name
from unbroken.dns import registry
from unbroken.lab.faults import FAULTS, Patient
from unbroken.lab.files import write_zone
from unbroken.lab.run import allot_addresses
from unbroken.lab.signed import SignedWorld, SignedZone, sign_world
from unbroken.lab.world import DenialStyle, World, ZoneSpec

pytestmark = pytest.mark.slow

_RECORDS = """\
@ MX 10 mail
www A 192.0.2.1
www AAAA 2001:db8::1
mail A 192.0.2.25
alias CNAME www
a.deep.empty TXT "empty non-terminals lie above"
*.wild A 192.0.2.42
old DNAME elsewhere.example.
signed NS ns1.signed
signed DS 4711 13 2 0000000000000000000000000000000000000000000000000000000000000000
ns1.signed A 192.0.2.53
unsigned NS ns1.unsigned
ns1.unsigned A 192.0.2.54
x.ent NS ns1.unsigned
UPPER.Case TXT "case"
"""

_ALGORITHMS = {
    "rsasha256": registry.RSASHA256,
    "rsasha512": registry.RSASHA512,
    "ecdsap256": registry.ECDSAP256SHA256,
    "ecdsap384": registry.ECDSAP384SHA384,
    "ed25519": registry.ED25519,
    "ed448": registry.ED448,
}
_ZONES = [(label, style) for label in _ALGORITHMS for style in DenialStyle]


def _origin(label: str, style: DenialStyle) -> Name:
    return Name(f"{label}-{style.value}.test.")


@pytest.fixture(scope="module")
def world() -> SignedWorld:
    # One key a zone, but for ECDSA: RSA keys take time.
    specs = [
        ZoneSpec(_origin(label, style), _RECORDS, _ALGORITHMS[label], style, is_csk=label != "ecdsap256")
        for label, style in _ZONES
    ]
    described = World((ZoneSpec(Name(".")), ZoneSpec(Name("test."), denial=DenialStyle.OPT_OUT), *specs))
    return sign_world(described, allot_addresses(described), _now())


def _now() -> int:
    from unbroken.lab.clock import LabClock

    return LabClock().now()


def _dnssec_verify(zone: SignedZone, path: Path) -> list[str]:
    return ["dnssec-verify", *(["-z"] if zone.spec.is_csk else []), "-o", str(zone.origin), str(path)]


def _ldns_verify_zone(zone: SignedZone, path: Path) -> list[str]:
    return ["ldns-verify-zone", str(path)]


def _kzonecheck(zone: SignedZone, path: Path) -> list[str]:
    return ["kzonecheck", "-d", "on", "-o", str(zone.origin), str(path)]


Tool = Callable[[SignedZone, Path], list[str]]
TOOLS: dict[str, Tool] = {
    "dnssec-verify": _dnssec_verify,
    "ldns-verify-zone": _ldns_verify_zone,
    "kzonecheck": _kzonecheck,
}


@pytest.fixture(params=TOOLS)
def tool(request: pytest.FixtureRequest) -> Tool:
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return TOOLS[request.param]


def _run(tool: Tool, zone: SignedZone, directory: Path) -> "subprocess.CompletedProcess[str]":
    (directory / "zones").mkdir(exist_ok=True)
    write_zone(directory, zone)
    stem = "root" if zone.origin.is_root else str(zone.origin).rstrip(".")
    path = directory / "zones" / f"{stem}.zone"
    return subprocess.run(tool(zone, path), capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(("label", "style"), _ZONES, ids=lambda value: getattr(value, "value", value))
def test_our_signed_zone_passes(world: SignedWorld, tool: Tool, label: str, style: DenialStyle, tmp_path: Path) -> None:
    done = _run(tool, world.zones[_origin(label, style)], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("origin", [".", "test."])
def test_a_zone_with_signed_delegations_passes(world: SignedWorld, tool: Tool, origin: str, tmp_path: Path) -> None:
    done = _run(tool, world.zones[Name(origin)], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("fault", ["bad-rrsig-all", "nsec-missing", "rrsig-no-a"])
def test_the_tools_do_see_what_is_broken(world: SignedWorld, tool: Tool, fault: str, tmp_path: Path) -> None:
    """Else the tests above prove nothing."""
    healthy = world.zones[_origin("ecdsap256", DenialStyle.NSEC)]
    (broken,) = FAULTS[fault](Patient(healthy, world.parent_of(healthy.origin)))
    assert _run(tool, broken, tmp_path).returncode != 0

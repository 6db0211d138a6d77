"""The zones that we sign pass the checkers of BIND, ldns and Knot, and zones that their signers sign pass ours: every
algorithm they know, with NSEC, NSEC3 and opt-out."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from support.small_zones import EXAMPLE, NSEC3, ODD, OPT_OUT, judge, keys_of, lines_without, sign

from fuzz.zones import ANY, KNOWN, Style, random_zone
from unbroken._kernel import Name
from unbroken.dns import registry
from unbroken.keys import from_zone_key, save
from unbroken.lab.faults import FAULTS, Patient
from unbroken.lab.files import write_zone
from unbroken.lab.run import allot_addresses
from unbroken.lab.signed import SignedWorld, SignedZone, sign_world
from unbroken.lab.world import DenialStyle, World, ZoneSpec
from unbroken.signing import NSEC
from unbroken.signing.parameters import Denial
from unbroken.signing.prepare import ZonePlan
from unbroken.signing.write import Validity

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


# --- from file to file ------------------------------------------------------------------------------------------------

_DENIALS = {"nsec": NSEC, "nsec3": NSEC3, "opt-out": OPT_OUT}
_DAY = 86400
# ldns reads `\@` in rdata as the origin, also in what dnssec-signzone writes. kzonecheck refuses whatever lies below a DNAME,
# which RFC 6672 §2.4 only hides, and does not know NULL and HIP.
_NOT_FOR = {"ldns-verify-zone": ("\\@",), "kzonecheck": ("below.old", "null", "hip"), "dnssec-verify": ()}


def _validity() -> Validity:
    now = _now()
    return Validity(now, now - 3600, now + 14 * _DAY, _DAY // 2)


def _verify(tool: str, path: Path, *, csk: bool) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    arguments = {
        "dnssec-verify": [*(["-z"] if csk else []), "-o", str(EXAMPLE)],
        "ldns-verify-zone": ["-ZZ"],
        "kzonecheck": ["-d", "on", "-o", str(EXAMPLE)],
    }[tool]
    done = subprocess.run([tool, *arguments, str(path)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("csk", [True, False], ids=["csk", "split"])
@pytest.mark.parametrize("denial", _DENIALS.values(), ids=_DENIALS)
@pytest.mark.parametrize("algorithm", _ALGORITHMS.values(), ids=_ALGORITHMS)
@pytest.mark.parametrize("tool", TOOLS)
def test_odd_zones_that_we_sign_pass(tool: str, algorithm: int, denial: Denial, csk: bool, tmp_path: Path) -> None:
    text = lines_without(ODD, lambda line: line.startswith(_NOT_FOR[tool])) if _NOT_FOR[tool] else ODD
    out = tmp_path / "zone.signed"
    sign(out, text, keys_of(algorithm, csk=csk), plan=ZonePlan(denial=denial, zonemd=(1,)), validity=_validity())
    _verify(tool, out, csk=csk)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_zone_that_was_signed_again_passes(tool: str, tmp_path: Path) -> None:
    text = lines_without(ODD, lambda line: line.startswith(_NOT_FOR[tool])) if _NOT_FOR[tool] else ODD
    before, out = tmp_path / "before", tmp_path / "zone.signed"
    for denial in _DENIALS.values():
        plan = ZonePlan(denial=denial, zonemd=(1,))
        sign(before, text, plan=plan, validity=_validity())
        changed = text.replace("mail A 192.0.2.25", "mail AAAA 2001:db8::25\nmore A 192.0.2.1")
        result = sign(out, changed, plan=plan, validity=_validity(), earlier=before)
        assert result.stats.kept > result.stats.made
        _verify(tool, out, csk=False)


# --- zones that nobody wrote ------------------------------------------------------------------------------------------

_KNOT_TYPES = {rdtype: texts for rdtype, texts in ANY.types.items() if rdtype not in ("TYPE10", "HIP")}
# Knot puts names with a NUL octet in another order than RFC 4034 §6.1 has it: its own, in which NUL ends a label.
_KNOT_LABELS = tuple(label for label in ANY.labels if r"\000" not in label)
# ldns-verify-zone is not among them: on some of these zones, which BIND and Knot take, it never ends. It takes `ODD`.
_STYLES = {
    "dnssec-verify": ANY,
    # It misses the glue of servers below a cut, as it should.
    "kzonecheck": Style(_KNOT_TYPES, _KNOT_LABELS, below_dname=False, servers=("ns", "ns.elsewhere.")),
}


@pytest.mark.parametrize("denial", _DENIALS.values(), ids=_DENIALS)
@pytest.mark.parametrize("tool", _STYLES)
@given(seed=st.integers(0, 2**64), algorithm=st.sampled_from(list(_ALGORITHMS.values())), csk=st.booleans())
@settings(max_examples=6, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_zones_made_at_random_that_we_sign_pass(
    tool: str, denial: Denial, seed: int, algorithm: int, csk: bool
) -> None:
    with TemporaryDirectory() as folder:
        out = Path(folder) / "zone.signed"
        text = random_zone(Random(seed), _STYLES[tool])
        plan = ZonePlan(denial=denial, zonemd=(1,))
        sign(out, text, keys_of(algorithm, csk=csk), plan=plan, validity=_validity())
        _verify(tool, out, csk=csk)


def _bind(folder: Path, keys: list[str], denial: str) -> list[str]:
    options = {"nsec": [], "nsec3": ["-3", "-"], "opt-out": ["-3", "-", "-A"]}[denial]
    with (folder / "zone").open("a") as zone:
        zone.writelines(f"$INCLUDE {key}.key\n" for key in keys)
    files = ["-f", str(folder / "out"), str(folder / "zone")]
    return ["dnssec-signzone", "-q", "-P", "-d", str(folder), *options, "-o", "example.", *files, *keys]


def _ldns(folder: Path, keys: list[str], denial: str) -> list[str]:
    options = {"nsec": [], "nsec3": ["-n", "-t", "0"], "opt-out": ["-n", "-t", "0", "-p"]}[denial]
    return ["ldns-signzone", *options, "-o", "example", "-f", str(folder / "out"), str(folder / "zone"), *keys]


def _knot(folder: Path, keys: list[str], denial: str) -> list[str]:
    config = folder / "knot.conf"
    is_nsec3, is_opt_out = ("on" if on else "off" for on in (denial != "nsec", denial == "opt-out"))
    config.write_text(
        f'server:\n  rundir: "{folder}"\ndatabase:\n  storage: "{folder}"\npolicy:\n  - id: p\n    manual: on\n'
        f"    nsec3: {is_nsec3}\n    nsec3-iterations: 0\n    nsec3-salt-length: 0\n    nsec3-opt-out: {is_opt_out}\n"
        f'zone:\n  - domain: example.\n    storage: "{folder}"\n    file: "{folder / "zone"}"\n'
        "    journal-content: none\n    dnssec-signing: on\n    dnssec-policy: p\n"
    )
    for key in keys:
        command = ["keymgr", "-c", str(config), "example.", "import-bind", f"{key}.key"]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    (folder / "signed").mkdir()
    return ["kzonesign", "-c", str(config), "-o", str(folder / "signed"), "example."]


_SIGNERS = {"dnssec-signzone": _bind, "ldns-signzone": _ldns, "kzonesign": _knot}


@pytest.mark.parametrize("denial", _DENIALS)
@pytest.mark.parametrize("algorithm", _ALGORITHMS.values(), ids=_ALGORITHMS)
@pytest.mark.parametrize("signer", _SIGNERS)
def test_zones_that_others_sign_pass_ours(signer: str, algorithm: int, denial: str, tmp_path: Path) -> None:
    if shutil.which(signer) is None:
        pytest.skip(f"{signer} is not installed")
    # ldns-signzone escapes neither quotes in a name nor the `$` that it starts with, and leaves several TTLs in one RRset.
    left_out = {"ldns-signzone": ("\\@", "\\$", "q\\", "mixed 30"), "kzonesign": _NOT_FOR["kzonecheck"]}.get(signer, ())
    text = lines_without(ODD, lambda line: line.startswith((*left_out, "$GENERATE")))
    (tmp_path / "zone").write_text("$ORIGIN example.\n" + text)
    keys = [save(from_zone_key(key), str(tmp_path))[0].removesuffix(".key") for key in keys_of(algorithm)]
    command = _SIGNERS[signer](tmp_path, keys, denial)
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    (signed,) = [path for path in (tmp_path / "out", *tmp_path.glob("signed/*")) if path.exists()]
    report = judge(signed, _now())
    assert [finding.sentence for finding in report.findings if finding.severity.value == "error"] == []
    assert report.signed_rrsets > 60


_FOREIGN_STYLES = {
    "dnssec-signzone": Style(servers=("ns", "ns.elsewhere."), below_dname=False),
    "ldns-signzone": Style(
        {rdtype: KNOWN[rdtype] for rdtype in ("A", "AAAA", "MX", "SRV", "PTR")},
        labels=("a", "b", "*", "_tcp", "www", "0"),
        servers=("ns", "ns.elsewhere."),
        deep=False,
        ttls=("",),  # it leaves several TTLs in one RRset
    ),
    "kzonesign": Style(_KNOT_TYPES, _KNOT_LABELS, below_dname=False, servers=("ns", "ns.elsewhere.")),
}


@pytest.mark.parametrize("denial", _DENIALS)
@pytest.mark.parametrize("signer", _SIGNERS)
@given(seed=st.integers(0, 2**64))
@settings(max_examples=4, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_zones_made_at_random_that_others_sign_pass_ours(signer: str, denial: str, seed: int) -> None:
    if shutil.which(signer) is None:
        pytest.skip(f"{signer} is not installed")
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "zone").write_text(random_zone(Random(seed), _FOREIGN_STYLES[signer]))
        keys = [save(from_zone_key(key), name)[0].removesuffix(".key") for key in keys_of(registry.ED25519)]
        done = subprocess.run(
            _SIGNERS[signer](folder, keys, denial), check=False, capture_output=True, text=True, timeout=60
        )
        assume(done.returncode == 0)  # each has ways to write a record that it does not take
        (signed,) = [path for path in (folder / "out", *folder.glob("signed/*")) if path.exists()]
        report = judge(signed, _now())
        assert [finding.sentence for finding in report.findings if finding.severity.value == "error"] == []

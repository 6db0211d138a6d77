"""Zones from master file to signed zone and back: whatever is accepted is signed so that it verifies, signing again comes to
the full signing, and no signed zone that was altered in what is signed verifies."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

from fuzz.case import Case, Result, Target
from fuzz.keys import ED25519, key_set
from fuzz.words import mutate_text
from fuzz.zones import ORIGIN, Style, random_zone
from unbroken._kernel import KernelZone, Name, RRset
from unbroken.chain.zone_catalogue import ZoneCode
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError, UnbrokenError
from unbroken.keys import ZoneKey
from unbroken.report.escape import safe
from unbroken.signing import NSEC, Nsec3Denial, SigningParameters, Zone, sign_zone, signable_rrsets
from unbroken.signing.parameters import Denial
from unbroken.signing.prepare import ZonePlan
from unbroken.signing.publish import Gate, RefusedError, SigningRequest, read_finished, sign_file
from unbroken.signing.read import read_zone_text
from unbroken.signing.verify import ZoneReport, check_zone
from unbroken.signing.write import Validity

_APEX: Final = Name(ORIGIN)
_NOW: Final = 1_750_000_000
# So long that other checkers, which know only today, accept it.
_VALIDITY: Final = Validity(_NOW, 1_600_000_000, 2_100_000_000)
_DENIALS: Final[dict[str, Denial]] = {
    "nsec": NSEC,
    "nsec3": Nsec3Denial(),
    "opt-out": Nsec3Denial(opt_out=True),
    "salted": Nsec3Denial(b"\xab\xcd", 2),
}
# A file may hold these itself, and then sign refuses to publish it for a reason: keys that no one signs with, CDS of no key.
_OWN_FAULTS: Final = (
    ZoneCode.ZONE_SIGNATURE_MISSING,
    ZoneCode.ZONE_CDS_INCONSISTENT,
    ZoneCode.ZONE_KEY_TAGS_COLLIDE,
)
_STRAY: Final = (
    "A 192.0.2.66", "NS ns.evil.example.", "DNAME evil.example.", "CNAME evil.example.", "TXT evil", "DS 1 13 2 " + "00" * 32,
    "NSEC example. A", "NSEC3PARAM 1 0 0 -", "NSEC3PARAM 1 0 9 -", "DNSKEY 256 3 15 " + "A" * 43 + "=",
    "ZONEMD 7 1 1 " + "00" * 48, "DNSKEY 256 3 13 AAAA", "CDS 0 0 0 00", "TYPE65280 \\# 1 00",
)  # fmt: skip
_HEAD: Final = f"$ORIGIN {ORIGIN}\n$TTL ".encode()
_SHARED_MEMORY: Final = "/dev/shm" if Path("/dev/shm").is_dir() else None  # files are flushed to disk, which takes long


@dataclass(frozen=True, slots=True)
class _Honest:
    """A zone that verifies, and what is signed in it."""

    lines: list[str]
    zone: KernelZone
    signed: tuple[RRset, ...]


def create() -> Target:
    """The target."""
    return ZoneTarget()


class ZoneTarget:
    """Three kinds of cases: sign, sign again after a change, verify what was altered."""

    def __init__(self) -> None:
        ksk, zsk = key_set(_APEX, ED25519)
        self.keys: Final[dict[str, tuple[ZoneKey, ...]]] = {"split": (ksk, zsk), "csk": (ksk.as_csk(),)}
        self.honest: Final = [self._honest(number) for number in range(24)]

    def _honest(self, number: int) -> _Honest:
        random = Random(f"honest zone {number}")
        denial = _DENIALS[sorted(_DENIALS)[number % 4]]
        with TemporaryDirectory(dir=_SHARED_MEMORY) as folder:
            source, out = Path(folder) / "zone", Path(folder) / "out"
            source.write_text(random_zone(random, Style(largest=8)))
            plan = ZonePlan(denial=denial, zonemd=(1,) if number % 3 == 0 else ())
            sign_file(_request(source, out, self.keys["split" if number % 2 else "csk"], plan))
            text = out.read_text()
        signed = tuple(signable_rrsets(Zone.from_text(text, _APEX)))
        return _Honest(text.splitlines(), read_zone_text("honest", text.encode()).finish(), signed)

    # --- cases -------------------------------------------------------------------------------------------------------------

    def make(self, random: Random) -> Case:
        """Half of them altered zones to verify: they take least time."""
        if random.random() < 0.5:
            number = random.randrange(len(self.honest))
            return {"kind": "verify", "number": number, "text": self._altered(random, self.honest[number].lines)}
        text = random_zone(random)
        case = {
            "kind": random.choice(("sign", "sign", "again")),
            "text": mutate_text(random, text) if random.random() < 0.5 else text.encode(),
            "denial": random.choice(list(_DENIALS)),
            "keys": random.choice(("split", "csk")),
            "zonemd": random.random() < 0.3,
            "peer": random.random() < 0.01,
            "model": random.random() < 0.4,  # takes most of the time
        }
        if case["kind"] == "again":
            case["text"] = text.encode()
            case["changed"] = mutate_text(random, text) if random.random() < 0.2 else _edited(random, text).encode()
        return case

    def _altered(self, random: Random, lines: list[str]) -> bytes:
        if random.random() < 0.2:
            return mutate_text(random, "\n".join(lines) + "\n")
        changed = list(lines)
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            alteration = random.choice(_ALTERATIONS)
            alteration(random, changed)
        if random.random() < 0.2:
            changed.append(random.choice(random.choice(self.honest).lines))
        return ("\n".join(changed) + "\n").encode()

    # --- checks ------------------------------------------------------------------------------------------------------------

    def check(self, case: Case) -> Result:
        """Run it in a folder of its own."""
        if case["kind"] == "verify":
            return self._verify(self.honest[case["number"]], case["text"])
        with TemporaryDirectory(dir=_SHARED_MEMORY) as name:
            folder = Path(name)
            return self._sign(folder, case) if case["kind"] == "sign" else self._sign_again(folder, case)

    def _plan(self, case: Case) -> ZonePlan:
        return ZonePlan(denial=_DENIALS[case["denial"]], zonemd=(1, 2) if case["zonemd"] else ())

    def _sign(self, folder: Path, case: Case) -> Result:
        source, out = folder / "zone", folder / "out"
        source.write_bytes(case["text"])
        keys = self.keys[case["keys"]]
        try:
            sign_file(_request(source, out, keys, self._plan(case)))
        except RefusedError as refused:
            return Result("sign refused", _refused_without_reason(refused))
        except UnbrokenError as error:
            litter = [path.name for path in folder.iterdir() if path.name != "zone"]
            return Result("sign rejected", _bad_line(str(error)) or (f"left behind: {litter}" if litter else ""))
        is_plain = case["model"] and not case["zonemd"]
        reason = "" if not is_plain else _other_than_the_model(case["text"], out, keys, _DENIALS[case["denial"]])
        return Result("signed", reason or (_refused_by_peer(out, case) if case["peer"] else ""))

    def _sign_again(self, folder: Path, case: Case) -> Result:
        source, before, out, full = (folder / name for name in ("zone", "before", "out", "full"))
        keys, plan = self.keys[case["keys"]], self._plan(case)
        source.write_bytes(case["text"])
        try:
            sign_file(_request(source, before, keys, plan))
            source.write_bytes(case["changed"])
            sign_file(_request(source, full, keys, plan))
        except UnbrokenError as error:
            return Result("again rejected", _bad_line(str(error)))
        sign_file(_request(source, out, keys, plan, earlier=before))
        # Ed25519 signs the same way each time, so that what is kept is what would be made.
        return Result("signed again", "" if out.read_bytes() == full.read_bytes() else "not the same as a full signing")

    def _verify(self, honest: _Honest, text: bytes) -> Result:
        try:
            zone = read_zone_text("altered", text, _APEX).finish()
        except InputError as error:
            return Result("verify rejected", _bad_line(str(error)))
        except Exception as error:
            if type(error).__name__ != "ScanError":
                raise
            return Result("verify rejected", _bad_line(str(error)))
        report = check_zone(zone, _NOW, threads=1)
        reason = (
            ""
            if _same(report, check_zone(zone, _NOW, earlier=honest.zone, threads=1))
            else "earlier changes the verdict"
        )
        if report.errors:
            return Result("errors found", reason)
        back = check_zone(honest.zone, _NOW, earlier=zone, threads=1) if zone.origin == _APEX else None
        if back is not None and back.errors:
            reason = reason or "an altered earlier zone makes an honest one fail"
        return Result("no errors", reason or _altered_in_what_is_signed(honest, zone, report))


def _request(
    source: Path, out: Path, keys: tuple[ZoneKey, ...], plan: ZonePlan, earlier: Path | None = None
) -> SigningRequest:
    before = None if earlier is None else str(earlier)
    return SigningRequest(str(source), str(out), keys, plan, _VALIDITY, before, Gate.ALL, threads=1)


def _edited(random: Random, text: str) -> str:
    """The zone as it might be a day later: records that came and went, another TTL, another serial."""
    lines = text.splitlines(keepends=True)
    for _ in range(random.randint(0, 4)):
        place = random.randrange(3, len(lines) + 1)
        kind = random.randrange(4) if len(lines) > 4 else 3
        if kind == 0:
            del lines[place : place + 1]
        elif kind == 1:
            lines.insert(place, random.choice(random_zone(random).splitlines(keepends=True)[2:]))
        elif kind == 2:
            lines.insert(place, f"{random.choice(lines[3:]).split(' ')[0]} {random.choice(_STRAY[:3])}\n")
        else:
            lines[0:3] = [line.replace("7200", "7201") for line in lines[0:3]]
    return "".join(lines)


def _bad_line(text: str) -> str:
    shown = safe(" ".join(text.split()))
    return "" if shown and shown.isprintable() else f"not one clear line: {shown!r}"


def _refused_without_reason(refused: RefusedError) -> str:
    errors = [finding for finding in refused.report.findings if finding.severity.value == "error"]
    unexpected = [f.sentence for f in errors if f.code not in _OWN_FAULTS or (f.algorithm == ED25519 and f.tag)]
    return f"sign refuses its own work: {unexpected[0]}" if unexpected else ""


def _same(first: ZoneReport, second: ZoneReport) -> bool:
    return first.findings == second.findings and first.verified + first.skipped == second.verified + second.skipped


def _altered_in_what_is_signed(honest: _Honest, zone: KernelZone, report: ZoneReport) -> str:
    """Unsigned data may differ (glue, the NS of a cut, in opt-out spans unsigned cuts), signed data not."""
    for rrset in honest.signed:
        found = zone.rrset(rrset.owner, rrset.rdtype)
        if found is None or found.ttl != rrset.ttl or found.canonical_rdatas() != rrset.canonical_rdatas():
            return f"verifies, though {rrset.owner} type {rrset.rdtype} is not what was signed"
    if report.signed_rrsets != len(honest.signed):
        return f"verifies, with {report.signed_rrsets} signed RRsets instead of {len(honest.signed)}"
    return ""


def _other_than_the_model(text: bytes, out: Path, keys: tuple[ZoneKey, ...], denial: Denial) -> str:
    """The same zone read by another reader, and laid out in memory, RRset by RRset."""
    try:
        source = Zone.from_text(text.decode("ascii"), _APEX)
        model = sign_zone(source, keys, SigningParameters(_VALIDITY.inception, _VALIDITY.expiration, denial))
    except (UnbrokenError, UnicodeDecodeError):
        return ""  # it reads less: no $GENERATE, no octets beyond ASCII
    zone, expected = read_finished(str(out)), 0
    for rrset in model:
        expected += len(rrset.rdatas)
        if rrset.rdtype in (rr.RRSIG, rr.DNSKEY):
            continue
        found = zone.rrset(rrset.owner, rrset.rdtype)
        # Where no TTL is stated before the SOA, the other reader has a default of its own.
        is_other_ttl = found is not None and found.ttl != rrset.ttl and text.startswith(_HEAD)
        if found is None or found.canonical_rdatas() != rrset.canonical_rdatas() or is_other_ttl:
            return f"{rrset.owner} type {rrset.rdtype}: {rrset.ttl} {rrset.rdatas} expected, not {found}"
    return "" if zone.record_count == expected else f"{zone.record_count} records instead of {expected}"


def _refused_by_peer(out: Path, case: Case) -> str:
    if (program := shutil.which("dnssec-verify")) is None:
        return ""
    options = ["-z"] if case["keys"] == "csk" else []
    command = [program, "-q", *options, "-o", ORIGIN, str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=15, check=False)
    return "" if done.returncode == 0 else f"dnssec-verify: {done.stdout}{done.stderr}"


# --- alterations, each of the lines of a signed zone ----------------------------------------------------------------------


def _drop(random: Random, lines: list[str]) -> None:
    del lines[random.randrange(len(lines))]


def _drop_owner(random: Random, lines: list[str]) -> None:
    """All at one name."""
    owner = random.choice(lines).split(" ")[0]
    lines[:] = [line for line in lines if line.split(" ")[0] != owner] or lines


def _drop_rrset(random: Random, lines: list[str]) -> None:
    """An RRset with its signatures."""
    owner, rdtype = (random.choice(lines).split(" ") + ["?"] * 4)[0:4:3]

    def is_of_it(line: str) -> bool:
        words = line.split(" ")
        return words[0] == owner and rdtype in words[3:5]

    lines[:] = [line for line in lines if not is_of_it(line)] or lines


def _add(random: Random, lines: list[str]) -> None:
    """A record that nobody signed, at a name that is there, or below one."""
    owner = random.choice(lines).split(" ")[0]
    below = random.choice(("", "", "evil.", "*.", "\\000."))
    lines.append(f"{below}{owner} {random.choice((0, 600, 3600))} IN {random.choice(_STRAY)}")


def _change_word(random: Random, lines: list[str]) -> None:
    place = random.randrange(len(lines))
    words = lines[place].split(" ")
    position = random.randrange(len(words))
    words[position] = random.choice(random.choice(lines).split(" "))
    lines[place] = " ".join(words)


def _change_octet(random: Random, lines: list[str]) -> None:
    place = random.randrange(len(lines))
    text = lines[place]
    position = random.randrange(len(text))
    lines[place] = text[:position] + random.choice("aAbz019+/=.- ") + text[position + 1 :]


def _swap_rdata(random: Random, lines: list[str]) -> None:
    """Between two records of one type."""
    first = random.randrange(len(lines))
    rdtype = lines[first].split(" ")[3:4]
    second = random.choice([place for place, line in enumerate(lines) if line.split(" ")[3:4] == rdtype])
    a, b = lines[first].split(" ", 4), lines[second].split(" ", 4)
    a[4:], b[4:] = b[4:], a[4:]
    lines[first], lines[second] = " ".join(a), " ".join(b)


def _change_ttl(random: Random, lines: list[str]) -> None:
    """Of one record, or of all at its name."""
    owner, ttl = random.choice(lines).split(" ")[0], random.choice(("0", "1", "599", "2147483647"))
    for place, line in enumerate(lines):
        words = line.split(" ")
        if words[0] == owner and random.random() < 0.7:
            lines[place] = " ".join((owner, ttl, *words[2:]))


def _rename(random: Random, lines: list[str]) -> None:
    """All at one name, to another that is there or not."""
    old, new = random.choice(lines).split(" ")[0], random.choice(lines).split(" ")[0]
    new = random.choice((new, f"x.{old}", old.swapcase()))
    lines[:] = [new + line[len(old) :] if line.startswith(old + " ") else line for line in lines]


_ALTERATIONS: Final[tuple[Callable[[Random, list[str]], None], ...]] = (
    _drop, _drop_owner, _drop_rrset, _add, _add, _add, _change_word, _change_octet, _change_octet, _swap_rdata, _change_ttl,
    _rename,
)  # fmt: skip

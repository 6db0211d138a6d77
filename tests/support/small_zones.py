"""Small zones, signed from file to file and judged, as `unbroken sign` and `verify-zone` do it."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

from unbroken._kernel import KernelZone, Name
from unbroken.chain.zone_catalogue import ZoneCode
from unbroken.keys import ZoneKey, generate_set
from unbroken.signing import Nsec3Denial, Zone
from unbroken.signing.prepare import ZonePlan
from unbroken.signing.publish import Gate, SigningRequest, SigningResult, read_finished, sign_file
from unbroken.signing.read import read_zone_text
from unbroken.signing.verify import EntrySet, ZoneReport, check_zone
from unbroken.signing.write import Validity

EXAMPLE = Name("example.")
NOW = 1_800_000_000
DAY = 86400
VALIDITY = Validity(NOW, NOW - 3600, NOW + 14 * DAY, 12 * 3600, 7 * DAY)
NSEC3 = Nsec3Denial()
OPT_OUT = Nsec3Denial(opt_out=True)

SMALL = f"""\
$TTL 3600
@ SOA ns admin 7 7200 3600 1209600 600
@ NS ns
@ MX 10 mail
ns A 192.0.2.1
ns AAAA 2001:db8::1
mail A 192.0.2.25
alias CNAME mail
a.deep.empty TXT "two empty non-terminals above"
*.wild A 192.0.2.42
*.wild TXT "wild"
old DNAME elsewhere.example.net.
below.old TXT "hidden by the DNAME"
signed NS ns.signed
signed DS 4711 13 2 {"00" * 32}
ns.signed A 192.0.2.53
unsigned NS ns.unsigned
ns.unsigned A 192.0.2.54
unsigned TXT "not the parent's"
x.ent NS ns.unsigned
UPPER.Case TXT "case"
odd TYPE65280 \\# 3 010203
loc LOC 52 14 05.000 N 00 08 50.000 E 10m 1m 10000m 10m
svcb HTTPS 1 . alpn="h2,h3" port=443
"""


@cache
def keys_of(algorithm: int = 13, *, csk: bool = False, zone: Name = EXAMPLE) -> tuple[ZoneKey, ...]:
    """A KSK and a ZSK, or a CSK: the same ones each time."""
    return generate_set(zone, algorithm, csk=csk)


def sign(
    out: Path,
    text: str,
    keys: Sequence[ZoneKey] | None = None,
    *,
    plan: ZonePlan | None = None,
    validity: Validity = VALIDITY,
    earlier: Path | None = None,
    gate: Gate = Gate.CHANGED,
    entries: Sequence[EntrySet] = (),
    dnskey_by_all: bool = False,
) -> SigningResult:
    """Sign `text` into `out`."""
    source = out.with_suffix(".source")
    source.write_text(text)
    before = str(earlier) if earlier is not None else None
    keys = keys_of() if keys is None else keys
    return sign_file(
        SigningRequest(
            str(source), str(out), keys, plan or ZonePlan(), validity, before, gate, entries, dnskey_by_all, threads=1
        )
    )


def signed_text(
    out: Path, text: str = SMALL, keys: Sequence[ZoneKey] | None = None, plan: ZonePlan | None = None
) -> str:
    """What stands in `out` after signing."""
    sign(out, text, keys, plan=plan)
    return out.read_text()


def in_memory(text: str, origin: Name = EXAMPLE) -> Zone:
    """A zone that can be bent at will."""
    return Zone.from_text(text, origin)


def kernel_zone(text: str, origin: Name = EXAMPLE) -> KernelZone:
    """The same for the kernel."""
    return read_zone_text("test", text.encode(), origin).finish()


def judge(zone: Zone | Path | str, now: int = NOW, *, entries: Sequence[EntrySet] = ()) -> ZoneReport:
    """What `verify-zone` says."""
    if isinstance(zone, Path):
        return check_zone(read_finished(str(zone)), now, entries=entries, threads=1)
    text = zone if isinstance(zone, str) else zone.to_text()
    return check_zone(kernel_zone(text), now, entries=entries, threads=1)


def codes(report: ZoneReport) -> set[ZoneCode]:
    """The kinds of findings."""
    return {finding.code for finding in report.findings}


def lines_without(text: str, is_left_out: Callable[[str], bool]) -> str:
    """The text without some of its lines."""
    return joined(line for line in text.splitlines() if not is_left_out(line))


def joined(lines: Iterable[str]) -> str:
    """Lines as a file has them."""
    return "".join(line + "\n" for line in lines)

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

_LABEL = "a" * 63
ODD = (
    SMALL
    + rf"""{_LABEL}.{_LABEL}.{_LABEL}.{"b" * 51} A 192.0.2.1
{"x." * 120}y A 192.0.2.1
esc\.dot A 192.0.2.1
esc\\back A 192.0.2.1
\000nul A 192.0.2.1
\255\254 A 192.0.2.1
sp\ ace TXT "a"
q\"uote TXT "a"
\@ TXT "x"
\$dollar TXT "x"
semi\;colon TXT "x"
par\(en\) TXT "x"
*.star.*.sub TXT "inner star"
mixed 60 A 192.0.2.1
mixed 30 A 192.0.2.2
dup A 192.0.2.1
dup A 192.0.2.1
naptr NAPTR 100 50 "s" "z3950+I2L+I2C" "" _z3950._tcp.x.
caa CAA 0 issue "ca.example; policy=ev"
apl APL 1:192.168.32.0/21 !1:192.168.38.0/28
cert CERT 1 2 3 AAAA
ipseckey IPSECKEY 10 1 2 192.0.2.38 AQNR
uri URI 10 1 "ftp://ftp1.example.com/public"
dhcid DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=
eui EUI48 00-00-5e-00-53-2a
eui EUI64 00-00-5e-ef-10-00-00-2a
hip HIP 2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOF rvs.example.com.
tlsa TLSA 3 1 1 {"0123456789abcdef" * 4}
sshfp SSHFP 1 1 00112233445566778899aabbccddeeff00112233
svcb2 SVCB 16 foo.example.org. alpn="h2,h3" mandatory=alpn ipv4hint=192.0.2.1 key65333="x"
srv SRV 0 0 0 .
rp RP mail.example. txt.example.
hinfo HINFO "a" "b"
kx KX 10 a.b.
long TXT "{"z" * 255}" "{"q" * 255}"
null TYPE10 \# 3 010203
private TYPE65534 \# 0
openpgp OPENPGPKEY AAAA
csync CSYNC 66 3 A NS AAAA
deep.cut NS ns.signed
deep.cut A 192.0.2.9
ww.deep.cut A 192.0.2.9
ww.deep.cut NS ns.ww.deep.cut
deep.cut DS 4711 13 2 {"00" * 32}
deep.cut DS 4712 13 4 {"00" * 48}
$GENERATE 1-50 gen$ A 192.0.2.$
$GENERATE 1-20 cut$ NS ns.unsigned
"""
)
"""Names and types that trip up others."""


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

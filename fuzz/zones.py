"""Zones that no one would write: names of odd octets and of full length, wildcards, empty non-terminals, cuts with glue, DNAMEs
with what they hide, types of all kinds, written in all the ways that a master file allows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from unbroken.dns import Name

ORIGIN: Final = "example."
_NS: Final = Name("ns.example.")
_APEX: Final = "@ {ttl}IN SOA ns admin {serial} 7200 3600 1209600 {minimum}\n@ NS ns\nns A 192.0.2.1\n"
_PLAIN_LABELS: Final = ("a", "b", "A", "B", "c-d", "0", "_tcp", "*", "*", "www", "xn--4ca", "-", "zz", "example")
_ODD_LABELS: Final = (
    r"\000", r"\001", r"\255", r"\.", r"\\", r"a\.b", r"\@", r"\$", r"\"", r"\;", r"\(x\)", r"sp\ ace", r"\032", r"\*", r"a\*",
    r"\195\164", r"\127", r"\000\000", r"a\000", r"a\001", "a" * 63, r"\000" * 63, "in", "type1", "3600", "ns",
)  # fmt: skip
_DIGEST: Final = "00112233445566778899aabbccddeeff" * 2
RARE: Final[dict[str, tuple[str, ...]]] = {
    "LOC": ("52 14 05.000 N 00 08 50.000 E 10m 1m 10000m 10m", "1 S 1 W 0m"),
    "APL": ("1:192.168.32.0/21 !1:192.168.38.0/28", ""),
    "SVCB": ('1 . alpn="h2,h3" port=443', "0 svc.example.net."),
    "HTTPS": ('16 foo.example.org. mandatory=alpn alpn=h2 ipv4hint=192.0.2.1 key65333="x"',),
    "CERT": ("1 2 3 AAAA",),
    "IPSECKEY": ("10 1 2 192.0.2.38 AQNR", "10 3 2 mygateway.example.com. AQNR"),
    "URI": ('10 1 "ftp://ftp1.example.com/public"',),
    "EUI48": ("00-00-5e-00-53-2a",),
    "HIP": ("2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOF rvs.example.com.",),
}
"""Types that the kernel leaves to another reader."""
KNOWN: Final[dict[str, tuple[str, ...]]] = {
    "A": ("192.0.2.1", "192.0.2.255", "0.0.0.0"),
    "AAAA": ("2001:db8::1", "::ffff:192.0.2.1", "::"),
    "TXT": ('"a" b "c d"', r'"\"\\\000\255;("', '""', '"' + "z" * 255 + '" "' + "q" * 255 + '"'),
    "MX": ("10 mail", "0 ."),
    "SRV": ("0 0 0 .", r"1 2 3 \000.Odd.Example.NET."),
    "PTR": ("Host.Example.Net.",),
    "RP": ("mail.example. txt",),
    "HINFO": ('"a" "b"', "a b"),
    "NAPTR": ('100 50 "s" "z3950+I2L+I2C" "" _z3950._tcp.x.', '0 0 "" "" "!^.*$!x!" .'),
    "CAA": ('0 issue "ca.example; policy=ev"', '128 tbs "Unknown"'),
    "TLSA": (f"3 1 1 {_DIGEST}",),
    "SSHFP": ("1 1 00112233445566778899aabbccddeeff00112233",),
    "DHCID": ("AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=",),
    "CSYNC": ("66 3 A NS AAAA",),
    "KX": ("10 a.b.",),
    "AFSDB": ("1 AFS.example.",),
    "TYPE65280": (r"\# 3 010203", r"\# 0"),
    "TYPE65535": (r"\# 1 ff",),
    "TYPE10": (r"\# 3 010203",),
}
"""Types, and rdata in presentation format."""
_DS: Final = (f"4711 13 2 {_DIGEST}", f"4712 8 4 {_DIGEST}{'00' * 16}")


@dataclass(frozen=True, slots=True)
class Style:
    """What a zone may have: types with rdatas, labels, so many names at most, names that a DNAME hides."""

    types: dict[str, tuple[str, ...]] = field(default_factory=lambda: {**KNOWN, **RARE})
    labels: Sequence[str] = (*_PLAIN_LABELS, *_PLAIN_LABELS, *_ODD_LABELS)
    largest: int = 24
    below_dname: bool = True
    deep: bool = True
    """Names of more than a hundred labels."""
    ttls: Sequence[str] = ("", "", "", "60 ", "1H30m ", "0 ")
    servers: Sequence[str] = ("ns", "ns.elsewhere.", "ns.{0}", "a.b.{0}")
    """Of zone cuts; {0} is the cut's name: servers below it without glue."""


ANY: Final = Style()


def random_zone(random: Random, style: Style = ANY) -> str:
    """A master file for `ORIGIN`. It holds an SOA and nothing that must not be signed."""
    kinds = {name: random.choice(_kinds(name)) for name in _names(random, style)}
    dnames = [Name(f"{name}.{ORIGIN}") for name, kind in kinds.items() if kind == "dname"]
    body: list[str] = []
    for name, kind in kinds.items():
        if style.below_dname or not any(Name(f"{name}.{ORIGIN}").is_below(above) for above in dnames):
            body += _records(random, name, kind, style)
    random.shuffle(body)
    ttl = random.choice(("", "", "300 ", "1h "))
    apex = _APEX.format(ttl=ttl, serial=random.choice((1, 7, 2**32 - 1)), minimum=random.choice((0, 600, 86400)))
    directive = f"$TTL {random.choice(('3600', '1h', '0', '2147483647'))}\n" if random.random() < 0.8 or not ttl else ""
    return f"$ORIGIN {ORIGIN}\n{directive}{apex}{''.join(body)}"


def _kinds(name: str) -> tuple[str, ...]:
    # RFC 4592 §4.2, §4.4: what NS and DNAME mean at a wildcard is left undefined, and BIND loads no zone that has them.
    is_wildcard = name.startswith(("*.", "\\*.")) or name in ("*", "\\*")
    return ("data", "data", "alias") if is_wildcard else ("data", "data", "data", "cut", "secure", "alias", "dname")


def _names(random: Random, style: Style) -> list[str]:
    """Names relative to the apex, many of them below each other; no two are the same."""
    found: dict[Name, str] = {}
    for _ in range(random.randint(0, style.largest)):
        base = random.choice([*found.values()]) if found and random.random() < 0.4 else ""
        labels = [random.choice(style.labels) for _ in range(random.choice((1, 1, 1, 2, 3)))]
        if random.random() < 0.03 and style.deep:
            labels = ["x"] * random.randint(100, 123)
        text = ".".join([*labels, *([base] if base else [])])
        try:
            name = Name(f"{text}.{ORIGIN}")
        except ValueError:
            continue  # longer than 255 octets (RFC 1035 §2.3.4)
        if name != _NS:
            found.setdefault(name, text)
    return list(found.values())


def _records(random: Random, name: str, kind: str, style: Style) -> list[str]:
    if kind == "alias":
        return [_line(random, style, name, "CNAME", random.choice((name, "ns", "Else.where.")))]
    if kind == "dname":
        return [_line(random, style, name, "DNAME", "elsewhere.example.net."), *_data(random, name, style, 0.4)]
    if kind in ("cut", "secure"):
        # With a name in front of it, one of full length is too long.
        servers = style.servers if len(Name(f"{name}.{ORIGIN}").wire) < 240 else style.servers[:2]
        lines = [
            _line(random, style, name, "NS", random.choice(servers).format(name)) for _ in range(random.randint(1, 2))
        ]
        lines += (
            [_line(random, style, name, "DS", ds) for ds in _DS[: random.randint(1, 2)]] if kind == "secure" else []
        )
        # What else stands at a cut is the child's, or glue: neither signed nor in a bitmap (RFC 4035 §2.2, §2.3).
        return [*lines, *_data(random, name, style, 0.3)]
    return _data(random, name, style, 1.0)


def _data(random: Random, name: str, style: Style, chance: float) -> list[str]:
    if random.random() >= chance:
        return []
    lines = []
    for rdtype in random.sample(list(style.types), random.choice((1, 1, 2, 3))):
        choices = style.types[rdtype]
        lines += [
            _line(random, style, name, rdtype, random.choice(choices)) for _ in range(random.choice((1, 1, 2, 3)))
        ]
    return lines


def _line(random: Random, style: Style, name: str, rdtype: str, rdata: str) -> str:
    """One record, in one of the ways to write it (RFC 1035 §5.1)."""
    shown = "".join(char.upper() if random.random() < 0.1 and "\\" not in name else char for char in name)
    owner = f"{shown}.{ORIGIN}" if random.random() < 0.2 else shown
    ttl = random.choice(style.ttls)
    head = f"{owner} {random.choice((ttl, ttl + 'IN ', 'in ' + ttl))}{rdtype}"
    kind = random.randrange(12)
    if kind == 0:
        return f"{head} ( ; comment (\n {rdata}\n)\n"
    if kind == 1:
        return f'{head}\t{rdata} ; "\r\n'
    return f"{head} {rdata}\n"

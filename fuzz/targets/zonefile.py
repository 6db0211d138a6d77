"""Master files, root hints and the lab's configuration: read, or refused with a line; nothing else is raised."""

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

from fuzz.case import Case, Result, Target
from fuzz.words import mutate_text
from fuzz.world import small_world
from unbroken.dns import Name, RRset
from unbroken.dns.master_file import rrsets_from_text
from unbroken.dns.presentation import rrset_to_text
from unbroken.errors import InputError, UnbrokenError
from unbroken.lab.config import load_world
from unbroken.resolving.hints import parse_hints

_ORIGIN: Final = Name("nsec3.optout.")
_EVERY_TYPE: Final = """$ORIGIN example.
$TTL 1h
@ IN SOA ns admin ( 1 2h 1h 2w 1h ) ; a comment
  IN NS ns
ns 300 IN A 192.0.2.1
ns IN 300 AAAA 2001:db8::1
mx MX 10 mail
txt TXT "a b" c "d\\"e" "\\065\\200"
loc LOC 52 14 05.000 N 00 08 50.000 E 10m 1m 10000m 10m
svcb SVCB 1 . alpn="h2,h3" port=443 ipv4hint=192.0.2.1 mandatory=alpn key65333="x"
naptr NAPTR 100 50 "s" "z3950+I2L+I2C" "" _z3950._tcp.x.
caa CAA 0 issue "ca.example; policy=ev"
apl APL 1:192.168.32.0/21 !1:192.168.38.0/28
wks WKS 192.0.2.1 TCP 25 53
cert CERT 1 2 3 AAAA
ipseckey IPSECKEY 10 1 2 192.0.2.38 AQNR
tlsa TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
any TYPE65400 \\# 4 01020304
sub.\\046odd\\.name DS 1 8 2 ( 00112233445566778899aabbccddeeff
  00112233445566778899aabbccddeeff )
d DNAME other.example.
"""
_HINTS: Final = """. 3600000 IN NS a.root.
a.root. 3600000 IN A 192.0.2.53
a.root. 3600000 IN AAAA 2001:db8::53
"""
_CONFIG: Final = """[zone."example."]
algorithm = 13
denial = "nsec3"
ds = true
csk = false
[zone."one.example."]
algorithm = "none"
records = '''
www   A     192.0.2.1     ; a comment
alias CNAME www
'''
"""


def create() -> Target:
    """The target."""
    return ZonefileTarget()


class ZonefileTarget:
    """Texts of four kinds, mutated."""

    def __init__(self) -> None:
        whole = small_world().zones[_ORIGIN].to_text()
        self.texts: Final = {"zone": [_EVERY_TYPE, _EVERY_TYPE, whole], "hints": [_HINTS], "config": [_CONFIG]}

    def make(self, random: Random) -> Case:
        """Mostly zones."""
        kind = random.choice(("zone", "zone", "zone", "hints", "config"))
        return {"kind": kind, "text": mutate_text(random, random.choice(self.texts[kind]))}

    def check(self, case: Case) -> Result:
        """What is read can be written, and read again to the same."""
        text = case["text"].decode("utf-8", "replace")
        try:
            if case["kind"] == "hints":
                parse_hints(text)
                return Result("hints accepted")
            if case["kind"] == "config":
                _load_config(case["text"])
                return Result("config accepted")
            return Result("zone accepted", _written_again(rrsets_from_text(text, Name("example."))))
        except UnbrokenError as error:
            return Result(f"{case['kind']} rejected", "" if str(error) else "an error without a word")


def _load_config(data: bytes) -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "lab.toml"
        path.write_bytes(data)
        load_world(str(path))


def _written_again(rrsets: list[RRset]) -> str:
    text = "".join(line + "\n" for rrset in rrsets for line in rrset_to_text(rrset))
    try:
        again = rrsets_from_text(text, None)
    except InputError as error:
        return f"written as {text[:300]!r}, which can't be read: {error}"
    return "" if again == rrsets else f"written as {text[:300]!r}, which reads as something else"

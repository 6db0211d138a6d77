"""RR types, classes, header flags and rcodes by number (IANA "DNS Parameters"). Plain ints: they are compared in hot loops."""

from typing import Final

A: Final = 1
NS: Final = 2
CNAME: Final = 5
SOA: Final = 6
PTR: Final = 12
HINFO: Final = 13
MX: Final = 15
TXT: Final = 16
AAAA: Final = 28
SRV: Final = 33
DNAME: Final = 39
OPT: Final = 41
DS: Final = 43
RRSIG: Final = 46
NSEC: Final = 47
DNSKEY: Final = 48
NSEC3: Final = 50
NSEC3PARAM: Final = 51
TLSA: Final = 52
CDS: Final = 59
CDNSKEY: Final = 60
CSYNC: Final = 62
ZONEMD: Final = 63
NXNAME: Final = 128  # RFC 9824 §4: a pseudo-type that lives only in NSEC bitmaps
IXFR: Final = 251
AXFR: Final = 252
ANY: Final = 255
_META: Final = range(128, 256)

CLASS_IN: Final = 1
CLASS_NONE: Final = 254

# Header flags at their places in the second 16-bit word (RFC 1035 §4.1.1, RFC 4035 §3.1.6, §3.2.2).
QR: Final = 0x8000
AA: Final = 0x0400
TC: Final = 0x0200
RD: Final = 0x0100
RA: Final = 0x0080
AD: Final = 0x0020
CD: Final = 0x0010

NOERROR: Final = 0
FORMERR: Final = 1
SERVFAIL: Final = 2
NXDOMAIN: Final = 3
NOTIMP: Final = 4
REFUSED: Final = 5
YXDOMAIN: Final = 6
NOTAUTH: Final = 9
BADVERS: Final = 16

RCODE_NAMES: Final = {
    NOERROR: "NOERROR",
    FORMERR: "FORMERR",
    SERVFAIL: "SERVFAIL",
    NXDOMAIN: "NXDOMAIN",
    NOTIMP: "NOTIMP",
    REFUSED: "REFUSED",
    YXDOMAIN: "YXDOMAIN",
    NOTAUTH: "NOTAUTH",
    BADVERS: "BADVERS",
}


def is_data(rdtype: int) -> bool:
    """Whether there can be records of that type to validate, or ANY record is asked for.

    RFC 6895 §3.1: 0 is no type, OPT and 128 to 255 are meta-types and QTYPEs. Of these, only ANY is answered with data.
    """
    return rdtype == ANY or (0 < rdtype < 65536 and rdtype != OPT and rdtype not in _META)


def rcode_text(rcode: int) -> str:
    """Mnemonic, or RCODEnnn."""
    return RCODE_NAMES.get(rcode, f"RCODE{rcode}")

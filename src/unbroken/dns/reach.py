"""Which hosts an address can mean (RFC 6890): who names one that is not public names a stranger's neighbour."""

from enum import Enum
from typing import Final


class Reach(Enum):
    """Who can be meant by an address."""

    NOBODY = "nobody"  # no single host, or none that a name server could be
    LOCAL = "local"  # a host on this machine or in this network: whoever names it from outside names a stranger
    PUBLIC = "public"


def _prefix(text: str) -> tuple[bytes, int]:
    octets, _, length = text.partition("/")
    return bytes.fromhex(octets), int(length)


# RFC 6890: by what the registries of special-purpose addresses say. Documentation and benchmark networks lead nowhere anyway.
_IPV4: Final = (
    (Reach.NOBODY, tuple(map(_prefix, ("00000000/8", "a9fe0000/16", "e0000000/3")))),
    (Reach.LOCAL, tuple(map(_prefix, ("0a000000/8", "64400000/10", "7f000000/8", "ac100000/12", "c0a80000/16")))),
)
_LOOPBACK_IPV6: Final = bytes(15) + b"\x01"
_MAPPED: Final = bytes(10) + b"\xff\xff"
_NAT64: Final = bytes.fromhex("0064ff9b") + bytes(8)


def reach(rdata: bytes) -> Reach:
    """What an A or AAAA record's rdata points at."""
    if len(rdata) == 4:
        return next((kind for kind, nets in _IPV4 if any(_is_in(rdata, *net) for net in nets)), Reach.PUBLIC)
    # RFC 4291 §2.5.5 and RFC 6052 §2.1: an IPv4 address in IPv6 clothes is what it is.
    if rdata[:12] in (_MAPPED, _NAT64):
        return reach(rdata[12:])
    if rdata == _LOOPBACK_IPV6 or rdata[0] & 0xFE == 0xFC:
        return Reach.LOCAL
    is_link_local = rdata[0] == 0xFE and rdata[1] & 0xC0 == 0x80
    return Reach.NOBODY if is_link_local or rdata[0] == 0xFF or not any(rdata[:12]) else Reach.PUBLIC


def _is_in(address: bytes, net: bytes, length: int) -> bool:
    shift = 8 * len(address) - length
    return int.from_bytes(address, "big") >> shift == int.from_bytes(net, "big") >> shift

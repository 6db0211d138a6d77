"""Names that are answered here and asked of nobody: localhost, names that must not leak, reverse zones of private networks."""

from typing import Final

from unbroken.chain import Question
from unbroken.dns import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.service.query import Query
from unbroken.service.reply import Content

_TTL: Final = 10_800
_LOCALHOST: Final = Name("localhost.")
_LOOPBACK: Final = {rr.A: bytes((127, 0, 0, 1)), rr.AAAA: bytes(15) + b"\x01"}

# Names that no root has: RFC 6761 §6.2, §6.4 (test, invalid), RFC 7686 §2 (onion), RFC 9476 §3 (alt), RFC 6762 §22.1 (local).
_ABSENT: Final = frozenset(map(Name, ("test.", "invalid.", "onion.", "alt.", "local.")))
# Zones that are there, and empty. RFC 8375 §4: home.arpa; RFC 6303 §4: the reverse zones of private, link-local, loopback and
# documentation addresses.
_EMPTY: Final = (
    "home.arpa.",
    "10.in-addr.arpa.",
    *(f"{second}.172.in-addr.arpa." for second in range(16, 32)),
    "168.192.in-addr.arpa.",
    "0.in-addr.arpa.",
    "127.in-addr.arpa.",
    "254.169.in-addr.arpa.",
    "2.0.192.in-addr.arpa.",
    "100.51.198.in-addr.arpa.",
    "113.0.203.in-addr.arpa.",
    "255.255.255.255.in-addr.arpa.",
    "0." * 32 + "ip6.arpa.",
    "1." + "0." * 31 + "ip6.arpa.",
    "d.f.ip6.arpa.",
    *(f"{digit}.e.f.ip6.arpa." for digit in "89ab"),
    "8.b.d.0.1.0.0.2.ip6.arpa.",
)


class SpecialNames:
    """The zones that are answered here; names that are configured otherwise take precedence."""

    def __init__(self, *, but: tuple[Name, ...] = ()) -> None:
        """`but`: zones that are looked up all the same, since somebody configured servers for them."""
        self._but = tuple(zone for zone in but if not zone.is_root)
        self._zones = {*_ABSENT, *map(Name, _EMPTY), _LOCALHOST}
        self._longest = max(zone.label_count for zone in self._zones)

    def content(self, query: Query) -> Content | None:
        """The answer from here; None for a name like any other."""
        zone = self.zone_of(query.question)
        if zone is None:
            return None
        if zone == _LOCALHOST:
            return _localhost(query)
        # RFC 6761 §6.4, RFC 7686 §2: neither the name nor anything below it exists. RFC 6303 §3: an empty zone has an apex.
        if query.name != zone or zone in _ABSENT:
            return Content(rr.NXDOMAIN, authority=(_soa(zone),))
        return Content(answer=(_soa(zone),)) if query.rdtype == rr.SOA else Content(authority=(_soa(zone),))

    def zone_of(self, question: Question) -> Name | None:
        """The zone here that answers a question; None for one that is looked up."""
        zone = self._closest(question.name)
        # RFC 4035 §3.1.4.1: DS of such a name is the parent's to deny, which it does with a proof.
        return None if question.rdtype == rr.DS and question.name == zone else zone

    def _closest(self, name: Name) -> Name | None:
        for count in range(min(name.label_count, self._longest), 0, -1):
            zone = name.ancestor(count)
            if zone in self._zones:
                is_configured = any(zone.is_subdomain_of(other) or name.is_subdomain_of(other) for other in self._but)
                return None if is_configured else zone
        return None


def _localhost(query: Query) -> Content:
    """RFC 6761 §6.3: localhost and all below it are the loopback addresses, and have no other data."""
    rdata = _LOOPBACK.get(query.rdtype)
    if rdata is None:
        return Content(authority=(_soa(_LOCALHOST),))
    return Content(answer=(RRset(query.name, query.rdtype, _TTL, (rdata,)),))


def _soa(zone: Name) -> RRset:
    """RFC 6303 §3: a SOA by which the absence may be kept (RFC 2308 §3)."""
    numbers = b"".join(value.to_bytes(4, "big") for value in (1, 3600, 1200, 604_800, _TTL))
    return RRset(zone, rr.SOA, _TTL, (zone.wire + Name("nobody.invalid.").wire + numbers,))

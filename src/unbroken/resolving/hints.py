"""Where to start: the root hints, compiled in or from a file, and the servers of stub zones."""

from typing import Final

from unbroken.dns import Name
from unbroken.errors import InputError
from unbroken.records import dataclass
from unbroken.resolving.addresses import address_rdata, address_text

# The root servers of the IANA hints file (https://www.internic.net/domain/named.root), as of 2025.
_ROOT_SERVERS: Final = (
    ("a", "198.41.0.4", "2001:503:ba3e::2:30"),
    ("b", "170.247.170.2", "2801:1b8:10::b"),
    ("c", "192.33.4.12", "2001:500:2::c"),
    ("d", "199.7.91.13", "2001:500:2d::d"),
    ("e", "192.203.230.10", "2001:500:a8::e"),
    ("f", "192.5.5.241", "2001:500:2f::f"),
    ("g", "192.112.36.4", "2001:500:12::d0d"),
    ("h", "198.97.190.53", "2001:500:1::53"),
    ("i", "192.36.148.17", "2001:7fe::53"),
    ("j", "192.58.128.30", "2001:503:c27::2:30"),
    ("k", "193.0.14.129", "2001:7fd::1"),
    ("l", "199.7.83.42", "2001:500:9f::42"),
    ("m", "202.12.27.33", "2001:dc3::35"),
)


@dataclass(frozen=True, slots=True)
class Hints:
    """The name servers of a zone, each with its addresses in text form (`address` or `address@port`)."""

    zone: Name
    servers: tuple[tuple[Name, tuple[str, ...]], ...]

    @staticmethod
    def from_addresses(zone: Name, *addresses: str) -> "Hints":
        """Servers of which only addresses are known (a stub zone, a lab)."""
        return Hints(zone, ((zone, addresses),))


def iana_root_hints() -> Hints:
    """The thirteen root servers, IPv4 and IPv6."""
    return Hints(
        Name.ROOT,
        tuple((Name(f"{letter}.root-servers.net."), (ipv4, ipv6)) for letter, ipv4, ipv6 in _ROOT_SERVERS),
    )


def parse_hints(text: str, where: str = "hints") -> Hints:
    """Read a hints file: zone-file lines of NS, A and AAAA records, one a line, owner first.

    TTL and class may be there or not. Raises InputError naming the line; records of other types are passed over.
    """
    zone: Name | None = None
    nameservers: list[Name] = []
    addresses: dict[Name, list[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split(";", 1)[0].split()
        if not words:
            continue
        place = f"{where}, line {number}"
        owner, rdtype, rdata = _record(words, place)
        if rdtype == "NS":
            if zone is not None and owner != zone:
                raise InputError(place, f"NS records of two zones: {zone} and {owner}", "keep to one zone a file")
            zone = owner
            nameservers.append(_name(rdata, place))
        elif rdtype in ("A", "AAAA"):
            addresses.setdefault(owner, []).append(_address(rdata, rdtype, place))
    if zone is None:
        raise InputError(where, "no NS record", "a hints file holds NS records and the addresses of those names")
    servers = tuple((name, tuple(addresses.get(name, ()))) for name in dict.fromkeys(nameservers))
    if not any(found for _, found in servers):
        raise InputError(where, "no address of any of its name servers", "add their A or AAAA records")
    return Hints(zone, servers)


def _record(words: list[str], place: str) -> tuple[Name, str, str]:
    rest = words[1:]
    while rest and (rest[0].isdigit() or rest[0].upper() == "IN"):
        rest.pop(0)
    if len(rest) < 2:
        raise InputError(place, "not a record", "write: owner [TTL] [IN] NS|A|AAAA data")
    return _name(words[0], place), rest[0].upper(), rest[1]


def _name(text: str, place: str) -> Name:
    try:
        return Name(text)
    except ValueError as error:
        raise InputError(place, f"{text!r} is not a domain name: {error}") from error


def _address(text: str, rdtype: str, place: str) -> str:
    rdata = address_rdata(text)
    if rdata is None or len(rdata) != (4 if rdtype == "A" else 16):
        raise InputError(place, f"{text!r} is not an address for {rdtype}")
    return address_text(rdata)

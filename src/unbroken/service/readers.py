"""Values as TOML gives them, checked: a reader takes a value and the place to name when it is wrong, and raises InputError."""

import ipaddress
from collections.abc import Callable
from typing import Any, Final, TypeVar

from unbroken.dns import Name
from unbroken.dns.user_name import name_from_user
from unbroken.errors import InputError, UnbrokenError
from unbroken.service.endpoints import Endpoint, parse_endpoint

_T = TypeVar("_T")

Reader = Callable[[Any, str], _T]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_MOST_ITEMS: Final = 10_000


def boolean(value: Any, where: str) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise _wrong(value, where, "true or false")
    return value


def whole(lowest: int, highest: int) -> Reader[int]:
    """A whole number within bounds, both included."""

    def read(value: Any, where: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise _wrong(value, where, f"a whole number from {lowest} to {highest}")
        return value

    return read


def number(lowest: float, highest: float) -> Reader[float]:
    """A number within bounds, both included; NaN is in none."""

    def read(value: Any, where: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= highest:
            raise _wrong(value, where, f"a number from {lowest:g} to {highest:g}")
        return float(value)

    return read


def text(value: Any, where: str) -> str:
    """A string without control characters."""
    if not isinstance(value, str) or any(char < " " for char in value):
        raise _wrong(value, where, "a string")
    return value


def one_of(*words: str) -> Reader[str]:
    """One of some words."""

    def read(value: Any, where: str) -> str:
        if value not in words:
            raise _wrong(value, where, " or ".join(f'"{word}"' for word in words))
        return str(value)

    return read


def texts(value: Any, where: str) -> tuple[str, ...]:
    """A list of strings."""
    return tuple(text(item, where) for item in _items(value, where))


def endpoints(port: int) -> Reader[tuple[Endpoint, ...]]:
    """A list of addresses, with `port` where none is given."""

    def read(value: Any, where: str) -> tuple[Endpoint, ...]:
        return tuple(parse_endpoint(text(item, where), port, where) for item in _items(value, where))

    return read


def endpoint(port: int) -> Reader[Endpoint]:
    """One address, with `port` where none is given."""

    def read(value: Any, where: str) -> Endpoint:
        return parse_endpoint(text(value, where), port, where)

    return read


def zones(port: int) -> Reader[tuple[tuple[Name, tuple[Endpoint, ...]], ...]]:
    """A table from names of zones to lists of addresses."""

    def read(value: Any, where: str) -> tuple[tuple[Name, tuple[Endpoint, ...]], ...]:
        if not isinstance(value, dict) or len(value) > _MOST_ITEMS:
            raise _wrong(value, where, 'a table such as { "corp.example" = ["192.0.2.53"] }')
        return tuple(_zone(key, servers, port, where) for key, servers in value.items())

    return read


def _zone(key: str, servers: Any, port: int, where: str) -> tuple[Name, tuple[Endpoint, ...]]:
    place = f'{where}."{key[:80]}"'
    try:
        name = Name.ROOT if key == "." else name_from_user(key)
    except UnbrokenError as error:
        raise InputError(place, str(error)) from None
    found = endpoints(port)(servers, place)
    if not found:
        raise InputError(place, "names no server", "give at least one address")
    return name, found


def networks(value: Any, where: str) -> tuple[Network, ...]:
    """A list of addresses and prefixes."""
    return tuple(_network(text(item, where), where) for item in _items(value, where))


def _network(item: str, where: str) -> Network:
    try:
        return network_of(item)
    except ValueError:
        raise InputError(
            where, f"{item[:80]!r} is no network", "write 192.0.2.0/24, 2001:db8::/32 or an address"
        ) from None


def network_of(item: str) -> Network:
    """A prefix, or an address as one. Raises ValueError, also for bits that are set beyond the length."""
    return ipaddress.ip_network(item)


def _items(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > _MOST_ITEMS:
        raise _wrong(value, where, 'a list, such as ["…"]')
    return value


def _wrong(value: Any, where: str, wanted: str) -> InputError:
    shown = repr(value)
    return InputError(where, f"is {shown if len(shown) <= 60 else shown[:57] + '...'}", f"give {wanted}")

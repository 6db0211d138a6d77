"""A world described in TOML.

    # Every zone is one table; the name is its key. Zones not given here do not exist, but for the root, which is added.
    [zone."example."]
    algorithm = 13            # 8, 10, 13, 14, 15, 16, 18, or "none" for an unsigned zone; default 13
    denial = "nsec"           # "nsec", "nsec3" or "opt-out"; default "nsec"
    ds = true                 # whether the parent has its DS; default true
    csk = false               # one key for everything instead of KSK and ZSK; default false

    [zone."one.example."]
    records = '''
    www   A     192.0.2.1     ; master-file lines, relative to the zone; SOA, NS, glue and all of DNSSEC are made
    alias CNAME www
    '''

Words that are not known are refused, with the nearest one that is.
"""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from unbroken._kernel import Name
from unbroken.dns import registry
from unbroken.dns.user_name import name_from_user
from unbroken.errors import InputError, UnbrokenError
from unbroken.files import read_bounded
from unbroken.lab.world import DenialStyle, World, ZoneSpec

_T = TypeVar("_T")

_MAX_SIZE: Final = 1024 * 1024  # octets
_MAX_ZONES: Final = 250  # each has an address block of its own
_SETTINGS: Final = ("algorithm", "denial", "ds", "csk", "records")
_ALGORITHMS: Final = tuple(row.number for row in registry.ALGORITHMS.values() if row.may_sign)


def load_world(path: str) -> World:
    """The world that a TOML file describes. Raises InputError that names the table and, for a wrong word, the nearest one."""
    try:
        text = read_bounded(path, _MAX_SIZE).decode("utf-8")
        return parse_world(text, path)
    except UnicodeDecodeError:
        raise InputError(path, "is not UTF-8 text", "write the file as TOML") from None


def parse_world(text: str, where: str = "configuration") -> World:
    """See `load_world`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(where, f"is not TOML: {error}") from None
    except RecursionError:
        raise InputError(where, "is nested too deeply") from None
    _require_known(document, ("zone",), where)
    tables = document.get("zone")
    if not isinstance(tables, dict) or not tables:
        raise InputError(where, "describes no zone", 'begin with [zone."example."]')
    if len(tables) > _MAX_ZONES:
        raise InputError(where, f"describes {len(tables)} zones; at most {_MAX_ZONES} have room")
    specs = [_spec(key, table, where) for key, table in tables.items()]
    if all(not spec.origin.is_root for spec in specs):
        specs.insert(0, ZoneSpec(Name.ROOT))
    world = World(tuple(specs))
    from unbroken.lab.records import check_world  # dnspython takes a while to load

    check_world(world, text.replace("\r\n", "\n"), where)
    return world


def _spec(key: str, table: Any, where: str) -> ZoneSpec:
    place = f'{where}, zone "{key}"'
    if not isinstance(table, dict):
        raise InputError(place, "is not a table", f'write [zone."{key}"]')
    _require_known(table, _SETTINGS, place)
    try:
        origin = Name.ROOT if key == "." else name_from_user(key)
    except UnbrokenError as error:
        raise InputError(place, str(error)) from None
    algorithm = _algorithm(table.get("algorithm", registry.ECDSAP256SHA256), place)
    if algorithm is None and table.get("ds") is True:
        raise InputError(
            place, 'has ds = true, but algorithm = "none": without keys there is nothing to make a DS of', "drop one"
        )
    return ZoneSpec(
        origin,
        _typed(table, "records", str, "", place),
        algorithm,
        _denial(_typed(table, "denial", str, DenialStyle.NSEC.value, place), place),
        _typed(table, "ds", bool, True, place),
        _typed(table, "csk", bool, False, place),
    )


def _require_known(table: Mapping[str, object], known: tuple[str, ...], place: str) -> None:
    for key in table:
        if key not in known:
            raise InputError(place, f"does not know {key!r}", nearest(key, known))


def nearest(word: str, known: tuple[str, ...]) -> str:
    """What the writer of `word` may have meant."""
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"


def _typed(table: Mapping[str, Any], key: str, kind: type[_T], default: _T, place: str) -> _T:
    value: object = table.get(key, default)
    if not isinstance(value, kind):
        wanted = "a string" if kind is str else "true or false"
        raise InputError(place, f"{key} is {value!r}, not {wanted}")
    return value


def _algorithm(value: object, place: str) -> int | None:
    if value == "none":
        return None
    if value not in _ALGORITHMS or isinstance(value, bool | float):
        usable = ", ".join(map(str, _ALGORITHMS))
        raise InputError(place, f"algorithm {value!r} can't sign a zone", f'use one of {usable}, or "none"')
    assert isinstance(value, int)
    return value


def _denial(value: str, place: str) -> DenialStyle:
    known = tuple(style.value for style in DenialStyle)
    if value not in known:
        raise InputError(place, f"denial {value!r} is unknown", nearest(value, known))
    return DenialStyle(value)

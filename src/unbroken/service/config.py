"""The configuration file: TOML into `Settings`. Whatever is unknown or out of bounds is refused, with its place and a hint."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from unbroken.errors import InputError
from unbroken.files import read_bounded
from unbroken.service.settings import Settings

_T = TypeVar("_T")
_MAX_SIZE: Final = 1 << 20  # octets


def load(path: str) -> Settings:
    """The settings in a file; what it does not name has its default. Raises InputError."""
    try:
        return parse(read_bounded(path, _MAX_SIZE).decode("utf-8"), path)
    except UnicodeDecodeError:
        raise InputError(path, "is not UTF-8 text", "write the file as TOML") from None


def parse(text: str, where: str) -> Settings:
    """As `load`, from text in hand; `where` names it in errors."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            where, f"is not TOML: {error}", "`unbroken resolve --print-config` shows a whole one"
        ) from None
    except RecursionError:
        raise InputError(where, "is nested too deeply") from None
    tables = {table.name: table for table in fields(Settings)}
    _require_known(document, tables, where, "table")
    values = {name: _table(tables[name], value, where) for name, value in document.items()}
    return Settings(**values)


def _table(table: "Field[Any]", value: object, where: str) -> Any:
    kind: Any = table.default_factory
    if not isinstance(value, dict):
        raise InputError(f"{where}, {table.name}", "is not a table", f"write [{table.name}] on a line of its own")
    keys = {key.name: key for key in fields(kind)}
    _require_known(value, keys, f"{where}, [{table.name}]", "key")
    return kind(
        **{name: keys[name].metadata["read"](item, f"{where}, {table.name}.{name}") for name, item in value.items()}
    )


def _require_known(given: Mapping[str, object], known: Mapping[str, object], where: str, what: str) -> None:
    for word in given:
        if word not in known:
            near = get_close_matches(word, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            raise InputError(where, f"has no {what} {word[:60]!r}", hint)


def example() -> str:
    """A whole configuration file: every key, commented out, with its default and what it means."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# Configuration of `unbroken resolve`. Each key stands here with its default."
    for table in fields(Settings):
        kind: Any = table.default_factory
        yield f"\n[{table.name}]"
        for key in fields(kind):
            yield f"# {key.metadata['sentence']}"
            yield f"# {key.name} = {key.metadata['shown'] or _toml(key.default)}"
    yield ""


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return str(value) if isinstance(value, int | float) else f'"{value}"'

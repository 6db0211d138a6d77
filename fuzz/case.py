"""A fuzz case: all that one round needs, as plain values that a file can hold; and what a target makes of it."""

import base64
import json
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

Case = dict[str, Any]
"""Keys to text, numbers, octets, None, and lists or dicts of these."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one case. `label` is counted ("secure", "rejected", …); `violation` says what should not have been."""

    label: str
    violation: str = ""


class Target(Protocol):
    """Something to fuzz. An exception out of `check` is a violation, whatever it is."""

    def make(self, random: Random) -> Case:
        """A case; the same state of `random` gives the same case."""

    def check(self, case: Case) -> Result:
        """Run the real code on it."""


def dump(case: Case) -> str:
    """A case as JSON text; octets become {"b64": …}."""
    return json.dumps(_to_json(case), indent=1)


def load(text: str) -> Case:
    """The case back."""
    value = _from_json(json.loads(text))
    if not isinstance(value, dict):
        raise ValueError("not a fuzz case")
    return value


def _to_json(value: Any) -> Any:
    match value:
        case bytes():
            return {"b64": base64.b64encode(value).decode("ascii")}
        case dict():
            return {key: _to_json(item) for key, item in value.items()}
        case list() | tuple():
            return [_to_json(item) for item in value]
    return value


def _from_json(value: Any) -> Any:
    match value:
        case {"b64": str(text)}:
            return base64.b64decode(text)
        case dict():
            return {key: _from_json(item) for key, item in value.items()}
        case list():
            return [_from_json(item) for item in value]
    return value

"""Captures, altered as text and as JSON values: refused, or walked to a verdict that the honest responses give too."""

import json
from base64 import b64decode, b64encode
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

from fuzz.case import Case, Result, Target
from fuzz.judge import violation
from fuzz.octets import mutate, mutate_message
from fuzz.words import mutate_text, odd_word
from fuzz.world import NOW, QUESTIONS, small_world
from unbroken.cli.offline import Source, load_source
from unbroken.errors import InputError
from unbroken.validation.capture import Capture, capture_to_json

_VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    0,
    1,
    1.5,
    1e300,
    2**70,
    "",
    "x",
    "not_in_capture",
    [],
    {},
    [[]],
    {"a": {}},
    "9999-12-31",
)


def create() -> Target:
    """The target."""
    return CaptureTarget()


class CaptureTarget:
    """Captures of the honest responses to each question."""

    def __init__(self) -> None:
        self.world: Final = small_world()
        self.captures: Final = [
            capture_to_json(Capture(q, NOW, {lookup: self.world.fetch(lookup) for lookup in self.world.lookups(q)}))
            for q in QUESTIONS
        ]

    def make(self, random: Random) -> Case:
        """A member replaced, a message inside altered, or the text."""
        value = json.loads(json.dumps(random.choice(self.captures)))
        kind = random.randrange(6)
        if kind == 0:
            return {"data": mutate_text(random, json.dumps(value, indent=1))}
        if kind == 1:
            depth = random.choice((10, 1000, 100_000))
            return {"data": b'{"format":' * depth if random.random() < 0.5 else b"{" + b'"a":[' * depth}
        for _ in range(random.choice((1, 1, 2, 3))):
            if kind <= 3:
                replace_member(random, value)
            else:
                self._alter_message(random, value)
        return {"data": json.dumps(value).encode("utf-8", "surrogatepass")}

    def _alter_message(self, random: Random, value: Any) -> None:
        lookups = value["lookups"]
        lookup = random.choice(lookups)
        wire, other = b64decode(lookup["message"]), b64decode(random.choice(lookups)["message"])
        altered = random.choice((other, mutate(random, wire), mutate_message(random, wire, other)))
        lookup["message"] = b64encode(altered).decode("ascii")

    def check(self, case: Case) -> Result:
        """Read and walk it as `unbroken verify` does, at the time of the small world, and at its own."""
        try:
            source = _source(case["data"])
            question = source.require_question()
        except InputError as error:
            return Result("rejected", "" if str(error) else "an error without a word")
        if source.time is not None and source.time != NOW:
            source.walk(question, self.world.anchors, source.time, all_paths=False)
        chain = source.walk(question, self.world.anchors, NOW, all_paths=True)
        return Result(chain.status.value, violation(chain, self.world))


def _source(data: bytes) -> Source:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "capture.json"
        path.write_bytes(data)
        return load_source(str(path))


def replace_member(random: Random, value: Any) -> None:
    """One member somewhere inside becomes something else, or goes."""
    while True:
        if not isinstance(value, dict | list) or not value:
            return
        key = random.choice(list(value)) if isinstance(value, dict) else random.randrange(len(value))
        inner = value[key]
        if isinstance(inner, dict | list) and inner and random.random() < 0.8:
            value = inner
            continue
        if random.random() < 0.2:
            del value[key]
        else:
            value[key] = random.choice(_VALUES) if random.random() < 0.7 else odd_word(random)
        return

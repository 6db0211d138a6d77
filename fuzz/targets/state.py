"""RFC 5011 and its files: no altered response adds or revokes a key, no altered state file is read in part."""

import json
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

from fuzz.case import Case, Result, Target
from fuzz.octets import mutate, mutate_message
from fuzz.targets.capture import replace_member
from fuzz.world import NOW, QUESTIONS, small_world
from unbroken.anchors import TrustAnchors, negative, rfc5011, statefile
from unbroken.anchors.negative import NegativeAnchors
from unbroken.anchors.rfc5011 import KeyState, Observation, TrustPoint
from unbroken.chain import Question
from unbroken.dns import Message, Name, RRset, WireError
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError
from unbroken.keys import generate_set
from unbroken.validation.drivers import drive
from unbroken.validation.protocol import Answer, Failure, Lookup, NoAnswer, Response
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

_DAY: Final = 86400
_LOOK: Final = rfc5011.question_for(Name.ROOT)


def create() -> Target:
    """The target."""
    return StateTarget()


@cache
def _contents() -> tuple[dict[str, Any], ...]:
    """One file of each kind, with a key in every state, as JSON values without checksum."""
    points = (_point(),)
    zone = Name("broken.example.")
    negatives = NegativeAnchors().set(zone, "test", NOW, 600, witness=Question(zone, rr.DNSKEY))
    found = []
    with TemporaryDirectory() as directory:
        paths = [Path(directory) / name for name in ("points", "negatives")]
        rfc5011.save(paths[0], points)
        negative.save(paths[1], negatives)
        for path in paths:
            value = json.loads(path.read_bytes())
            del value["checksum"]
            found.append(value)
    return tuple(found)


def _point() -> TrustPoint:
    first, second, third, fourth = (generate_set(Name.ROOT, csk=True)[0].dnskey for _ in range(4))
    anchors = small_world().anchors[Name.ROOT]
    point = rfc5011.begin(anchors, NOW)
    for day, keys, revoked in (
        (0, (first, second, third), ()),
        (31, (first, second, third), ()),
        (32, (first,), (second,)),
        (70, (first, fourth), ()),
        (71, (fourth,), (third,)),
    ):
        seen = Observation(keys, revoked, True, 172_800, 20 * _DAY)
        point = rfc5011.step(point, seen, NOW + day * _DAY).point
    return point


class StateTarget:
    """Looks at the small world's root, and state files."""

    def __init__(self) -> None:
        self.world: Final = small_world()
        self.contents: Final = _contents()
        self.honest: Final = self._wire(_LOOK)
        self.others: Final = [self._wire(question) for question in QUESTIONS]

    def _wire(self, question: Question) -> bytes:
        response = self.world.fetch(question)
        assert isinstance(response, Answer)
        return response.message.to_wire()

    def make(self, random: Random) -> Case:
        """A response to the look, altered, or a file: its values, with a checksum that fits, or its octets."""
        if random.random() < 0.5:
            other = random.choice(self.others)
            wire = mutate_message(random, self.honest, other) if random.random() < 0.8 else mutate(random, self.honest)
            return {"wire": wire, "as_digest": random.random() < 0.5}
        value = json.loads(json.dumps(random.choice(self.contents)))
        if random.random() < 0.7:
            for _ in range(random.choice((1, 1, 2, 3))):
                replace_member(random, value)
            return {"data": _sealed(value)}
        return {"data": mutate(random, _sealed(value))}

    def check(self, case: Case) -> Result:
        """See the module."""
        return self._check_look(case) if "wire" in case else _check_file(case["data"])

    def _check_look(self, case: Case) -> Result:
        def fetch(lookup: Lookup) -> Response:
            try:
                return Answer(Message.from_wire(case["wire"])) if lookup == _LOOK else NoAnswer(Failure.TIMEOUT)
            except WireError:
                return NoAnswer(Failure.MALFORMED)

        key = self.world.keys[Name.ROOT][0].dnskey
        anchors = self.world.anchors
        if not case["as_digest"]:
            anchors = TrustAnchors.from_records([RRset(Name.ROOT, rr.DNSKEY, 0, (key.rdata,))])
        point = rfc5011.begin(anchors[Name.ROOT], NOW)
        chain = drive(validate(_LOOK, anchors=TrustAnchors([anchors[Name.ROOT]]), now=NOW, trust=TrustCache()), fetch)
        done = rfc5011.advance(point, chain, NOW).point
        wrong = [k for k in done.keys if k.dnskey != key or k.state not in (KeyState.VALID, KeyState.MISSING)]
        problem = f"key {wrong[0].dnskey.key_tag} is {wrong[0].state.value}" if wrong else ""
        if done.anchor is None:
            problem = problem or "the anchor is gone"
        return Result("failed look" if done.timers.failures else "authenticated look", problem)


def _sealed(value: Any) -> bytes:
    """With the checksum of what it holds now, so that it is looked at at all."""
    if not isinstance(value, dict) or "format" not in value or not isinstance(value.get("version"), int):
        return json.dumps(value).encode("utf-8", "surrogatepass")
    body = {key: member for key, member in value.items() if key not in ("format", "version")}
    with TemporaryDirectory() as directory:
        path = Path(directory) / "state"
        statefile.save(path, value["format"], value["version"], body)
        return path.read_bytes()


def _check_file(data: bytes) -> Result:
    """Read or refused with a word; what is read can be written, and is the same when it is read again."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "state"
        path.write_bytes(data)
        try:
            found: Any = rfc5011.load(path) if b"unbroken-trust-points" in data else negative.load(path)
        except InputError as error:
            return Result("refused", "" if str(path) in str(error) else "an error that does not name the file")
        if isinstance(found, NegativeAnchors):
            negative.save(path, found)
            return Result("read", "" if negative.load(path) == found else "it is another when it is read again")
        rfc5011.save(path, found)
        return Result("read", "" if rfc5011.load(path) == found else "it is another when it is read again")

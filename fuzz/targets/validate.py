"""The validator on altered responses: SECURE and INSECURE only with what the honest responses say; nothing raised."""

import json
from random import Random
from typing import Final

from fuzz.case import Case, Result, Target
from fuzz.draft import Alterations
from fuzz.judge import violation
from fuzz.world import NOW, QUESTIONS, small_world
from unbroken.chain import Chain, Limits, Question, Status
from unbroken.chain.json import chain_to_json
from unbroken.chain.json_reader import chain_from_json
from unbroken.dns import Message, Name, WireError
from unbroken.report.text import render
from unbroken.validation.drivers import drive
from unbroken.validation.protocol import Answer, Effort, Failure, Lookup, NoAnswer, Response
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

_LOOKUPS: Final = Limits().lookups


def create() -> Target:
    """The target."""
    return ValidateTarget()


class ValidateTarget:
    """One to four responses of a validation are altered, the others stay honest."""

    def __init__(self) -> None:
        self.world: Final = small_world()
        self.alterations: Final = Alterations(self.world)
        self.asked: Final = {question: self.world.lookups(question) for question in QUESTIONS}

    def make(self, random: Random) -> Case:
        """The altered responses, and how they are met."""
        question = random.choice(QUESTIONS)
        lookups = self.asked[question]
        chosen = random.sample(lookups, min(len(lookups), random.choice((1, 1, 2, 3, 4))))
        responses = [[str(q.name), q.rdtype, self.alterations.alter(random, q)] for q in chosen]
        return {
            "question": [str(question.name), question.rdtype],
            "responses": responses,
            "all_paths": random.random() < 0.25,
            "given": random.random() < 0.15,
            "shown": random.random() < 0.1,
            "then": random.randrange(len(QUESTIONS)) if random.random() < 0.15 else None,
        }

    def check(self, case: Case) -> Result:
        """Validate with the altered responses; then perhaps, with the same trust cache, another question honestly."""
        altered = {Lookup(Name(name), rdtype): _response(wire) for name, rdtype, wire in case["responses"]}
        question = Question(Name(case["question"][0]), case["question"][1])
        given = altered.get(question) if case["given"] else None
        trust = TrustCache()
        asked: list[Lookup] = []

        def fetch(lookup: Lookup) -> Response:
            asked.append(lookup)
            return altered.get(lookup) or self.world.fetch(lookup)

        effort = Effort.ALL_PATHS if case["all_paths"] else Effort.FIRST_PATH
        validation = validate(question, anchors=self.world.anchors, now=NOW, trust=trust, effort=effort, given=given)
        chain = drive(validation, fetch)
        reason = violation(chain, self.world) or self._poisoned(trust, case["then"])
        if case["shown"]:
            reason = reason or _badly_shown(chain)
        if len(asked) > _LOOKUPS:
            reason = reason or f"{len(asked)} look-ups"
        return Result(_label(chain), reason)

    def _poisoned(self, trust: TrustCache, then: int | None) -> str:
        if then is None:
            return ""
        question = QUESTIONS[then]
        validation = validate(question, anchors=self.world.anchors, now=NOW, trust=trust)
        chain, honest = drive(validation, self.world.fetch), self.world.truth(question)
        if chain.status is not honest.status:
            return f"{question}: {chain.status} after what was put into the trust cache, {honest.status} without"
        return violation(chain, self.world)


def _badly_shown(chain: Chain) -> str:
    """Whatever the evidence holds, it is shown as printable text, and its JSON is the chain again."""
    text = render(chain, NOW, colour=False).replace("\n", "")
    if not text.isprintable():
        return f"unprintable text: {text!r}"
    again = chain_from_json(json.loads(json.dumps(chain_to_json(chain))))
    return "" if again == chain else "the chain is another when read back from its JSON"


def _response(wire: bytes | None) -> Response:
    if wire is None:
        return NoAnswer(Failure.TIMEOUT)
    try:
        return Answer(Message.from_wire(wire))
    except WireError as error:
        return NoAnswer(Failure.MALFORMED, str(error))


def _label(chain: Chain) -> str:
    # What stays secure was altered where it does not count, or with nothing that a signature covers.
    return "secure, as it was" if chain.status is Status.SECURE else chain.status.value

"""Captures: every response kept as it was, read back by anyone's leave, and replayed to the same chain."""

import json

import handmade
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbroken.anchors import TrustAnchors
from unbroken.chain import Chain, Provenance, Question, Status
from unbroken.chain.rfc9102 import read, write
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError
from unbroken.validation.capture import Capture, Recorder, capture_from_json, capture_to_json
from unbroken.validation.drivers import drive
from unbroken.validation.proof_source import ProofSource
from unbroken.validation.protocol import Answer, Failure, Lookup, NoAnswer
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

QUESTION = Question(Name("www.example.com."), rr.A)
ANCHORS = TrustAnchors.from_records([handmade.ROOT.ds_rrset()])


def recorded() -> tuple[Chain, Capture]:
    recorder = Recorder(ProofSource(read(write(handmade.secure()))).fetch)
    validation = validate(QUESTION, anchors=ANCHORS, now=handmade.NOW, trust=TrustCache())
    chain = drive(validation, recorder.fetch)
    return chain, recorder.capture(QUESTION, handmade.NOW)


def test_a_capture_replays_to_the_same_chain() -> None:
    chain, capture = recorded()
    again = capture_from_json(json.loads(json.dumps(capture_to_json(capture))))
    assert (again.question, again.time) == (QUESTION, handmade.NOW)
    replayed = drive(validate(QUESTION, anchors=ANCHORS, now=again.time, trust=TrustCache()), again.fetch)
    assert chain.status is Status.SECURE
    assert replayed == chain


def test_failures_and_provenance_are_kept() -> None:
    answer = recorded()[1].responses[QUESTION]
    assert isinstance(answer, Answer)
    capture = Capture(
        QUESTION,
        handmade.NOW,
        {
            QUESTION: Answer(answer.message, Provenance("192.0.2.1", "tcp", handmade.NOW)),
            Lookup(Name("x."), rr.DS): NoAnswer(Failure.TIMEOUT, "no reply \u202e"),
        },
    )
    again = capture_from_json(capture_to_json(capture))
    kept = again.fetch(QUESTION)
    assert isinstance(kept, Answer) and kept.provenance == Provenance("192.0.2.1", "tcp", handmade.NOW)
    assert kept.message.to_wire() == answer.message.to_wire()
    assert again.fetch(Lookup(Name("x."), rr.DS)) == NoAnswer(Failure.TIMEOUT, "no reply \u202e")


def test_a_look_up_that_was_not_made_is_not_in_the_capture() -> None:
    missing = Capture(QUESTION, 0).fetch(QUESTION)
    assert isinstance(missing, NoAnswer) and missing.failure is Failure.NOT_IN_CAPTURE


def test_an_answer_is_not_replaced_by_a_failure() -> None:
    recorder = Recorder()
    answer = recorded()[1].responses[QUESTION]
    recorder.note(QUESTION, answer)
    recorder.note(QUESTION, NoAnswer(Failure.TIMEOUT))
    assert recorder.responses[QUESTION] is answer


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"format": "x"}, "unbroken-capture"),
        ({"version": 2}, "newer unbroken"),
        ({"time": "yesterday"}, "ISO 8601"),
        ({"time": None}, "missing"),
        ({"lookups": [{"name": "x.", "type": "A", "message": "AAAA"}]}, "not a DNS message"),
        ({"lookups": [{"name": "x.", "type": "A", "message": "%"}]}, "base64"),
        ({"lookups": [{"name": "x.", "type": "A", "failure": "boredom", "detail": ""}]}, "not a Failure"),
        ({"lookups": [7]}, "not a JSON object"),
    ],
)
def test_what_is_no_capture_is_an_input_error_that_says_where(changes: dict[str, object], what: str) -> None:
    with pytest.raises(InputError, match=what):
        capture_from_json(capture_to_json(Capture(QUESTION, 0)) | changes)


@given(st.recursive(st.none() | st.text(max_size=5), lambda inner: st.dictionaries(st.text(max_size=5), inner)))
def test_any_json_is_a_capture_or_an_input_error(value: object) -> None:
    with pytest.raises(InputError):
        capture_from_json(value)

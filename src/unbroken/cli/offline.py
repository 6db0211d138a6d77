"""Evidence from a file, as `verify` and `check --offline` use it: an RFC 9102 proof or a capture, found out by looking."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unbroken.chain import Chain, Question
from unbroken.chain.rfc9102 import read
from unbroken.errors import InputError
from unbroken.files import read_bounded
from unbroken.validation.capture import MAX_SIZE, capture_from_json
from unbroken.validation.proof_source import ProofSource
from unbroken.validation.protocol import Lookup, Response

if TYPE_CHECKING:
    from unbroken.anchors import TrustAnchors


@dataclass(frozen=True, slots=True)
class Source:
    """Where responses come from, with the question and the time that the file itself names."""

    path: str
    fetch: Callable[[Lookup], Response]
    question: Question | None
    time: int | None

    def require_question(self) -> Question:
        """The file's own question. Raises InputError when it names none."""
        if self.question is None:
            raise InputError(self.path, "does not say what it proves", "give NAME and TYPE after the file")
        return self.question

    def walk(self, question: Question, anchors: "TrustAnchors", now: int, *, all_paths: bool) -> Chain:
        """Validate the question from this file alone."""
        return walk(question, self.fetch, anchors, now, all_paths=all_paths)


def walk(
    question: Question, fetch: Callable[[Lookup], Response], anchors: "TrustAnchors", now: int, *, all_paths: bool
) -> Chain:
    """Validate a question from what `fetch` has, with nothing known before."""
    from unbroken.validation.drivers import drive
    from unbroken.validation.protocol import Effort
    from unbroken.validation.trust import TrustCache
    from unbroken.validation.validator import validate

    effort = Effort.ALL_PATHS if all_paths else Effort.FIRST_PATH
    return drive(validate(question, anchors=anchors, now=now, trust=TrustCache(), effort=effort), fetch)


def load_source(path: str) -> Source:
    """Read a proof or a capture. Raises InputError."""
    data = read_bounded(path, MAX_SIZE)
    if data.lstrip()[:1] == b"{":
        return _capture(path, data)
    proof = read(data, path)
    return Source(path, ProofSource(proof).fetch, proof.question, None)


def _capture(path: str, data: bytes) -> Source:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        what = "is nested too deeply" if isinstance(error, RecursionError) else f"is not JSON ({error})"
        raise InputError(path, what, "give a capture (`unbroken check --save`) or a proof (`unbroken prove`)") from None
    capture = capture_from_json(value, path)
    return Source(path, capture.fetch, capture.question, capture.time)

"""What passes between the validator and whoever drives it. The validator asks; it does no I/O and knows no clock.

A driver runs the generator: it takes each batch of independent look-ups, gets a response for every one, sends the mapping
back, and receives the `Chain` at the end. An empty batch asks for nothing: it is a place to let others run.
"""

from collections.abc import Generator, Mapping
from enum import Enum

from unbroken.chain import Chain, Provenance, Question
from unbroken.dns import Message
from unbroken.records import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """A message in reply to a look-up. It is evidence, not truth: any of it may be forged."""

    message: Message
    provenance: Provenance = Provenance()


class Failure(Enum):
    """Why there is no message."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    SERVFAIL = "servfail"
    MALFORMED = "malformed"
    NOT_IN_CAPTURE = "not_in_capture"
    OVER_LIMIT = "over_limit"
    TOO_LARGE = "too_large"  # there is one, with more in it than is looked at


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The look-up failed. `detail` names servers and errors, for a person."""

    failure: Failure
    detail: str = ""


class Effort(Enum):
    """How much to try."""

    FIRST_PATH = "first_path"  # any one good signature is enough (RFC 6840 §5.11): a resolver
    ALL_PATHS = "all_paths"  # every signature by every key: a checker


Lookup = Question
Response = Answer | NoAnswer
Validation = Generator[tuple[Lookup, ...], Mapping[Lookup, Response], Chain]

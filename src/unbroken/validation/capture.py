"""A check's evidence in a file: every look-up with the message that answered it, so that it can be walked again offline.

JSON, versioned. Messages are kept as wire octets, so that nothing is lost or made prettier than it was. A capture is evidence,
never trusted: it is validated anew each time, at its own time or another.
"""

from base64 import b64encode
from collections.abc import Callable
from typing import Any, Final

from unbroken._kernel import type_to_text
from unbroken.chain.evidence import Question
from unbroken.chain.json_reader import JsonObject, provenance_from_json, question_from_json
from unbroken.chain.times import to_iso
from unbroken.dns import Message, WireError
from unbroken.errors import InputError
from unbroken.records import dataclass, field
from unbroken.validation.protocol import Answer, Failure, Lookup, NoAnswer, Response

FORMAT: Final = "unbroken-capture"
VERSION: Final = 1
MAX_SIZE: Final = 32 << 20
"""Octets of a capture file that are read."""


@dataclass(frozen=True, slots=True)
class Capture:
    """A question, when it was asked (epoch seconds), and what every look-up brought."""

    question: Question
    time: int
    responses: dict[Lookup, Response] = field(default_factory=dict)

    def fetch(self, lookup: Lookup) -> Response:
        """The recorded response; NOT_IN_CAPTURE when the look-up was not made then."""
        return self.responses.get(lookup) or NoAnswer(Failure.NOT_IN_CAPTURE, "the capture does not hold it")


class Recorder:
    """Remembers what passes through a `fetch`, or is put in by hand (`note`)."""

    def __init__(self, fetch: Callable[[Lookup], Response] | None = None) -> None:
        self._fetch = fetch
        self.responses: dict[Lookup, Response] = {}

    def fetch(self, lookup: Lookup) -> Response:
        """Ask the wrapped `fetch` and keep its response."""
        if self._fetch is None:
            return NoAnswer(Failure.NOT_IN_CAPTURE, "nothing is recorded")
        response = self._fetch(lookup)
        self.note(lookup, response)
        return response

    def note(self, lookup: Lookup, response: Response) -> None:
        """Keep a response; an answer is never replaced by a failure."""
        if isinstance(response, Answer) or lookup not in self.responses:
            self.responses[lookup] = response

    def capture(self, question: Question, time: int) -> Capture:
        """What was recorded."""
        return Capture(question, time, dict(self.responses))


def capture_to_json(capture: Capture) -> dict[str, Any]:
    """The file's content."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "question": _question(capture.question),
        "time": to_iso(capture.time),
        "lookups": [_lookup(lookup, response) for lookup, response in capture.responses.items()],
    }


def _question(question: Question) -> dict[str, Any]:
    return {"name": str(question.name), "type": type_to_text(question.rdtype)}


def _lookup(lookup: Lookup, response: Response) -> dict[str, Any]:
    if isinstance(response, NoAnswer):
        return {**_question(lookup), "failure": response.failure.value, "detail": response.detail}
    provenance = response.provenance
    received = provenance.received_at
    return {
        **_question(lookup),
        "message": b64encode(response.message.to_wire()).decode("ascii"),
        "provenance": {
            "server": provenance.server,
            "transport": provenance.transport,
            "received_at": to_iso(received) if received else None,
        },
    }


def capture_from_json(value: object, where: str = "capture") -> Capture:
    """Read a capture back. Raises InputError for whatever is not one."""
    top = JsonObject(value, where)
    if top.text("format") != FORMAT:
        raise top.error("format", f'is not "{FORMAT}"')
    if top.number("version", 1 << 31) != VERSION:
        raise InputError(f"{where}.version", "is not 1, the only version known", "use a newer unbroken")
    time = top.moment("time")
    if time is None:
        raise top.error("time", "is missing")
    responses = {question_from_json(item): _response(item) for item in top.objects("lookups")}
    return Capture(question_from_json(top.object("question")), time, responses)


def _response(source: JsonObject) -> Response:
    if source.has("failure"):
        return NoAnswer(source.member("failure", Failure), source.text("detail"))
    try:
        message = Message.from_wire(source.octets("message"))
    except WireError as error:
        raise source.error("message", f"is not a DNS message ({error})") from None
    return Answer(message, provenance_from_json(source.object("provenance")))

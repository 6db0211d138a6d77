"""What clients are told of answers that are not as they should be."""

import pytest

from unbroken.chain import Chain, Code, Link, LinkKind, Provenance, Question, Status
from unbroken.chain.finding import finding
from unbroken.dns import Message, Name
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede, parse_option
from unbroken.resolving.resolution import Resolution
from unbroken.service.extended_error import ExtendedError, extended_errors

QUESTION = Question(Name("www.example."), rr.A)
SOURCE = Provenance("192.0.2.1", "udp", 1_760_000_000)


def _resolution(status: Status, *links: Link, source: Provenance = Provenance()) -> Resolution:
    message = Message(0, rr.QR, (QUESTION.name, QUESTION.rdtype, 1))
    return Resolution(QUESTION, message, Chain(QUESTION, status, links=links), source=source)


def _link(kind: LinkKind, status: Status, code: Code, **params: object) -> Link:
    return Link(kind, Name("example."), status, findings=(finding(code, "example.", **params),))


def test_the_sentence_of_the_finding_comes_with_the_link_and_who_sent_it() -> None:
    link = _link(LinkKind.KEY, Status.BOGUS, Code.DNSKEY_MISSING)
    (error,) = extended_errors(_resolution(Status.BOGUS, link, source=SOURCE))
    assert error.code is Ede.DNSKEY_MISSING
    assert error.text == (
        "The parent says that example. is signed, but the zone has no DNSKEY RRset. "
        "[keys of example.; from 192.0.2.1 at 2025-10-09T08:53:20Z]"
    )


def test_a_finding_without_a_code_of_its_own_is_bogus_or_other() -> None:
    link = _link(LinkKind.DATA, Status.BOGUS, Code.REDIRECTION_LOOP)
    assert [error.code for error in extended_errors(_resolution(Status.BOGUS, link))] == [Ede.DNSSEC_BOGUS]
    link = _link(LinkKind.DATA, Status.INDETERMINATE, Code.REDIRECTION_LOOP)
    assert [error.code for error in extended_errors(_resolution(Status.INDETERMINATE, link))] == [Ede.OTHER]


def test_insecure_is_told_when_its_reason_is_worth_it() -> None:
    unsigned = _link(LinkKind.DELEGATION, Status.INSECURE, Code.DELEGATION_INSECURE)
    unsupported = _link(LinkKind.DELEGATION, Status.INSECURE, Code.DS_DIGEST_UNSUPPORTED, digests="100")
    assert extended_errors(_resolution(Status.INSECURE, unsigned)) == ()
    (error,) = extended_errors(_resolution(Status.INSECURE, unsupported))
    assert error.code is Ede.UNSUPPORTED_DS_DIGEST_TYPE


def test_secure_is_told_nothing() -> None:
    assert extended_errors(_resolution(Status.SECURE)) == ()


@pytest.mark.parametrize(
    ("text", "room", "told"),
    [
        ("short", 100, "short"),
        ("a longer text", 10, "a longe..."),
        ("a longer text", 3, ""),
        ("a longer text", 0, ""),
        ("x" * 1000, 1000, "x" * 397 + "..."),
        ("\x1b[31m\u202eé", 100, "\\u{1b}[31m\\u{202e}\\u{e9}"),
    ],
)
def test_the_text_has_room_and_moves_no_cursor(text: str, room: int, told: str) -> None:
    code, data = ExtendedError(Ede.OTHER, text).option(room)
    assert code == 15 and parse_option(data) == (0, told)

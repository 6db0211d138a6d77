"""RFC 8509: the sentinel labels, their preconditions, and the four ways to answer."""

import pytest

from tests.unit.anchors.test_rfc5011_machine import NOW, A, B, run, seen
from unbroken.anchors import TrustAnchor, TrustAnchors, iana_root
from unbroken.anchors.rfc5011 import begin
from unbroken.anchors.sentinel import Sentinel, SentinelAnswer, answer_for, parse_sentinel
from unbroken.anchors.start import trusted
from unbroken.chain import Question, Status
from unbroken.dns import Name
from unbroken.dns import rdtype as rr

ORIGINAL, SERVFAIL = SentinelAnswer.ORIGINAL, SentinelAnswer.SERVFAIL
AAAA = 28


def ask(
    name: str,
    rdtype: int = rr.A,
    status: Status = Status.SECURE,
    anchors: TrustAnchors | None = None,
    cd: bool = False,
    opcode: int = 0,
) -> SentinelAnswer:
    question = Question(Name(name), rdtype)
    return answer_for(question, status, anchors or iana_root(), checking_disabled=cd, opcode=opcode)


# --- §2.2 -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rdtype", [rr.A, AAAA])
@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("root-key-sentinel-is-ta-20326", ORIGINAL),
        ("root-key-sentinel-is-ta-38696", ORIGINAL),
        ("root-key-sentinel-is-ta-19036", SERVFAIL),
        ("root-key-sentinel-not-ta-20326", SERVFAIL),
        ("root-key-sentinel-not-ta-19036", ORIGINAL),
    ],
)
def test_section_2_2_the_four_combinations(label: str, rdtype: int, expected: SentinelAnswer) -> None:
    assert ask(f"{label}.example.com.", rdtype) is expected
    assert ask(f"{label}.", rdtype) is expected
    assert ask(f"{label}.example.com.".upper(), rdtype) is expected


def test_a_key_that_waits_or_was_revoked_is_not_trusted() -> None:
    """§2.2: a key that is not in either the AddPend or Revoked state."""
    root = Name.ROOT
    point = begin(TrustAnchor(root, (), (A,), "test"), NOW)

    def answers(point_now: TrustAnchors) -> tuple[SentinelAnswer, SentinelAnswer]:
        is_a, is_b = (f"root-key-sentinel-is-ta-{key.key_tag:05}.x." for key in (A, B))
        return ask(is_a, anchors=point_now), ask(is_b, anchors=point_now)

    waiting = run(point, (0, seen(A, B))).point
    assert answers(trusted([waiting], TrustAnchors())) == (ORIGINAL, SERVFAIL)
    both = run(waiting, (31, seen(A, B))).point
    assert answers(trusted([both], TrustAnchors())) == (ORIGINAL, ORIGINAL)
    rolled = run(both, (32, seen(B, revoked=[A]))).point
    assert answers(trusted([rolled], TrustAnchors())) == (SERVFAIL, ORIGINAL)


def test_without_a_root_anchor_no_key_is_trusted() -> None:
    assert answer_for(
        Question(Name("root-key-sentinel-is-ta-20326.x."), rr.A), Status.SECURE, TrustAnchors(), checking_disabled=False
    ) is SERVFAIL  # fmt: skip


# --- §2.1: without each of the preconditions, nothing is altered ----------------------------------------------------------

NAME = "root-key-sentinel-not-ta-20326.example."


def test_with_all_of_them_it_is_altered() -> None:
    assert ask(NAME) is SERVFAIL


@pytest.mark.parametrize("status", [Status.INSECURE, Status.INDETERMINATE, Status.BOGUS])
def test_what_is_not_secure_is_not_altered(status: Status) -> None:
    assert ask(NAME, status=status) is ORIGINAL


def test_cd_another_type_and_another_opcode_are_not_altered() -> None:
    assert ask(NAME, cd=True) is ORIGINAL
    assert ask(NAME, opcode=4) is ORIGINAL
    for rdtype in (rr.CNAME, rr.TXT, rr.ANY, rr.DNSKEY):
        assert ask(NAME, rdtype) is ORIGINAL


@pytest.mark.parametrize(
    "name",
    [
        "www.root-key-sentinel-not-ta-20326.example.",
        "root-key-sentinel-not-ta-2032.example.",
        "root-key-sentinel-not-ta-020326.example.",
        "root-key-sentinel-not-ta-99999.example.",
        "root-key-sentinel-not-ta-+2032.example.",
        "root-key-sentinel-no-ta-20326.example.",
        "xroot-key-sentinel-not-ta-20326.example.",
        ".",
    ],
)
def test_another_leftmost_label_is_not_altered(name: str) -> None:
    assert parse_sentinel(Name(name)) is None
    assert ask(name) is ORIGINAL


def test_section_2_the_tag_is_padded_to_five_digits() -> None:
    assert parse_sentinel(Name("root-key-sentinel-is-ta-00042.")) == Sentinel(True, 42)
    assert parse_sentinel(Name("root-key-sentinel-is-ta-42.")) is None

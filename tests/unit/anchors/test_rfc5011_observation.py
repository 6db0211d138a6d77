"""RFC 5011 §2.1 and §2.2 through the validator: which key sets count, and which revocations."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from unbroken.anchors import TrustAnchor, TrustAnchors
from unbroken.anchors.rfc5011 import KeyState, Step, TrustPoint, advance, begin, observe, question_for
from unbroken.anchors.store import NegativeTrustAnchor
from unbroken.authentication.policy import Policy
from unbroken.chain import Chain, Question, Status
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.keys import ZoneKey, generate
from unbroken.keys.zone_key import dnskey_rrset
from unbroken.signing import sign_rrset
from unbroken.validation.drivers import drive
from unbroken.validation.protocol import Answer, Failure, Lookup, NoAnswer, Response
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

ZONE = Name("example.")
NOW = 1_800_000_000
DAY = 86400
A, B, ZSK = (generate(ZONE, secure_entry_point=sep) for sep in (True, True, False))


def answer(keys: Sequence[ZoneKey], signers: Sequence[ZoneKey], now: int = NOW, ttl: int = 172_800) -> Response:
    rrset = dnskey_rrset(ZONE, [key.dnskey for key in keys], ttl)
    rdatas = [sign_rrset(rrset, key, now - DAY, now + 20 * DAY).rdatas[0] for key in signers]
    section = (rrset, RRset(ZONE, rr.RRSIG, ttl, tuple(rdatas))) if rdatas else (rrset,)
    return Answer(Message(0, rr.QR | rr.AA, (ZONE, rr.DNSKEY, rr.CLASS_IN), section))


def look(point: TrustPoint, response: Response, now: int = NOW, negatives: Iterable[NegativeTrustAnchor] = ()) -> Chain:
    anchor = point.look_anchor(now)
    assert anchor is not None
    anchors = TrustAnchors([anchor], negatives)

    def fetch(lookup: Lookup) -> Response:
        return response if lookup == question_for(ZONE) else NoAnswer(Failure.TIMEOUT)

    return drive(validate(question_for(ZONE), anchors=anchors, now=now, trust=TrustCache()), fetch)


def start(*keys: ZoneKey) -> TrustPoint:
    return begin(TrustAnchor(ZONE, (), tuple(key.dnskey for key in keys), "test"), NOW)


def advanced(point: TrustPoint, response: Response, now: int = NOW) -> Step:
    return advance(point, look(point, response, now), now)


def states(point: TrustPoint) -> dict[int, KeyState]:
    return {key.dnskey.key_tag: key.state for key in point.keys}


def test_a_new_key_in_a_set_signed_by_the_anchor_waits() -> None:
    last = advanced(start(A), answer([A, B, ZSK], [A]))
    assert states(last.point) == {A.key_tag: KeyState.VALID, B.key_tag: KeyState.ADD_PENDING}
    assert last.point.timers.query_interval == DAY
    assert last.point.timers.last_success == NOW


@pytest.mark.parametrize("signers", [(B,), (ZSK,), (B, ZSK), ()], ids=["new key", "ZSK", "both", "nobody"])
def test_a_new_key_in_a_set_that_no_anchor_signed_does_not_count(signers: tuple[ZoneKey, ...]) -> None:
    """RFC 5011 §2.2: an attacker who can make responses can sign with a key of their own."""
    last = advanced(start(A), answer([A, B, ZSK], signers))
    assert states(last.point) == {A.key_tag: KeyState.VALID}
    assert last.point.timers.failures == 1


def test_a_new_key_that_signs_beside_the_anchor_counts_as_no_more() -> None:
    assert states(advanced(start(A), answer([A, B, ZSK], [A, B])).point)[B.key_tag] is KeyState.ADD_PENDING


@pytest.mark.parametrize("failure", [Failure.TIMEOUT, Failure.SERVFAIL])
def test_no_answer_is_a_failed_query(failure: Failure) -> None:
    last = advanced(start(A, B), NoAnswer(failure))
    assert states(last.point) == {A.key_tag: KeyState.VALID, B.key_tag: KeyState.VALID}
    assert last.point.timers.failures == 1
    assert last.point.timers.next_query == NOW + 3600


def test_an_expired_key_set_is_a_failed_query() -> None:
    last = advanced(start(A), answer([A, B], [A], NOW - 40 * DAY))
    assert states(last.point) == {A.key_tag: KeyState.VALID}
    assert "expired" in observe(look(start(A), answer([A], [A], NOW - 40 * DAY)), ZONE, NOW, Policy()).problem


def test_a_key_that_revokes_itself_is_revoked() -> None:
    last = advanced(start(A, B), answer([A, B.revoked(), ZSK], [A, B.revoked()]))
    assert states(last.point) == {A.key_tag: KeyState.VALID, B.key_tag: KeyState.REVOKED}


def test_a_revoke_bit_without_the_key_s_own_signature_revokes_nothing() -> None:
    """RFC 5011 §2.1. The key as it was is gone from the set, though, which is another matter."""
    last = advanced(start(A, B), answer([A, B.revoked(), ZSK], [A, ZSK]))
    assert states(last.point) == {A.key_tag: KeyState.VALID, B.key_tag: KeyState.MISSING}


def test_the_signature_of_the_key_before_it_was_revoked_is_not_its_own_revocation() -> None:
    """The key tag is that of the form without the bit, so this signature names another record."""
    last = advanced(start(A, B), answer([A, B.revoked(), ZSK], [A, B]))
    assert states(last.point)[B.key_tag] is KeyState.MISSING


def test_the_only_anchor_may_revoke_itself_though_nothing_is_left_to_authenticate_the_set() -> None:
    chain = look(start(A), answer([A.revoked(), B, ZSK], [A.revoked(), B]))
    assert chain.status is Status.BOGUS
    last = advance(start(A), chain, NOW)
    assert states(last.point) == {A.key_tag: KeyState.REVOKED}
    assert last.point.anchor is None


def test_an_expired_revocation_is_none() -> None:
    last = advanced(start(A, B), answer([A, B.revoked()], [A, B.revoked()], NOW - 40 * DAY))
    assert states(last.point)[B.key_tag] is KeyState.VALID


def test_a_key_of_an_unsupported_algorithm_is_not_taken_up() -> None:
    """Once it were the only anchor, the zone would be insecure (RFC 4035 §5.2)."""
    policy = Policy(algorithms=frozenset({13}))
    other = generate(ZONE, 15, secure_entry_point=True)
    chain = look(start(A), answer([A, other], [A]))
    assert [key.key_tag for key in observe(chain, ZONE, NOW, policy).keys] == [A.key_tag]
    assert len(observe(chain, ZONE, NOW, Policy()).keys) == 2


def test_a_negative_anchor_over_the_zone_is_no_authentication() -> None:
    negative = NegativeTrustAnchor(ZONE, None, "test")
    chain = look(start(A), answer([A, B], [A]), negatives=[negative])
    assert chain.status is Status.INSECURE
    assert states(advance(start(A), chain, NOW).point) == {A.key_tag: KeyState.VALID}


def test_a_chain_of_another_question_says_nothing() -> None:
    chain = replace(look(start(A), answer([A, B], [A])), question=Question(Name("other."), rr.DNSKEY))
    seen = observe(chain, ZONE, NOW, Policy())
    assert not seen.is_authenticated
    assert seen.problem == "the chain is not one of example. DNSKEY"


def test_a_chain_from_an_anchor_above_the_zone_says_nothing() -> None:
    good = look(start(A), answer([A, B], [A]))
    from_above = replace(good, anchor=Name.ROOT, links=good.links[1:])
    assert not observe(from_above, ZONE, NOW, Policy()).is_authenticated


@pytest.mark.parametrize(("looks", "expected"), [((0, 10), KeyState.VALID), ((0,), KeyState.ADD_PENDING)])
def test_a_key_past_its_hold_down_may_sign_the_set_alone(looks: tuple[int, ...], expected: KeyState) -> None:
    """A resolver that was off for the end of a roll: the old key is gone, and the new one was seen for long enough, or not."""
    point = start(A)
    for day in looks:
        point = advanced(point, answer([A, B, ZSK], [A], NOW + day * DAY), NOW + day * DAY).point
    now = NOW + 31 * DAY
    last = advanced(point, answer([B, ZSK], [B], now), now)
    assert states(last.point)[B.key_tag] is expected
    assert last.point.timers.failures == (expected is not KeyState.VALID)


def test_a_key_within_its_hold_down_may_not_sign_the_set_alone() -> None:
    point = advanced(start(A), answer([A, B, ZSK], [A])).point
    point = advanced(point, answer([A, B, ZSK], [A], NOW + 10 * DAY), NOW + 10 * DAY).point
    now = NOW + 29 * DAY
    last = advanced(point, answer([B, ZSK], [B], now), now)
    assert states(last.point) == states(point)
    assert last.point.timers.failures == 1


def test_a_roll_from_one_key_to_the_next() -> None:
    """RFC 5011 §6.3: the new key is published, waits, takes over; the old one is revoked, and removed."""
    point = start(A)
    for day in range(0, 31, 10):
        point = advanced(point, answer([A, B, ZSK], [A], NOW + day * DAY), NOW + day * DAY).point
    assert states(point) == {A.key_tag: KeyState.VALID, B.key_tag: KeyState.VALID}
    for day in (40, 50):
        now = NOW + day * DAY
        point = advanced(point, answer([A.revoked(), B, ZSK], [A.revoked(), B], now), now).point
    assert states(point) == {A.key_tag: KeyState.REVOKED, B.key_tag: KeyState.VALID}
    for day in (60, 81):
        now = NOW + day * DAY
        point = advanced(point, answer([B, ZSK], [B], now), now).point
    assert states(point) == {A.key_tag: KeyState.REMOVED, B.key_tag: KeyState.VALID}
    assert point.anchor is not None
    assert point.anchor.dnskeys == (B.dnskey,)

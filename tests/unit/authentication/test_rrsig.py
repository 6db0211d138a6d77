"""RFC 4035 §5.3: which RRSIGs count, which of them cost something, and that their order decides nothing."""

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed448
from hypothesis import given, settings
from hypothesis import strategies as st

from unbroken.authentication.policy import Policy
from unbroken.authentication.rrsig import RRsetVerdict, check_rrsig, verify_rrset
from unbroken.chain import Budget, Evidence, Limits, SignatureOutcome
from unbroken.dns import Dnskey, Name, RRset, Rrsig
from unbroken.dns import rdtype as rr
from unbroken.keys import generate, make_dnskey
from unbroken.signing import sign_rrset

NOW = 1_800_000_000
ZONE, WWW = Name("zone."), Name("www.zone.")
KEY = generate(ZONE, secure_entry_point=False)
OTHER = generate(ZONE, secure_entry_point=False, avoid=frozenset((KEY.key_tag + n) % 65536 for n in range(50)))
KEYS = (KEY.dnskey, OTHER.dnskey)
DATA = RRset(WWW, rr.A, 3600, (b"\xc0\x00\x02\x01",))
OVER_LIMIT = SignatureOutcome.OVER_LIMIT


def signature(key: object = KEY, start: int = NOW - 60, end: int = NOW + 60, **changes: int) -> Rrsig:
    (rrsig,) = sign_rrset(DATA, key, start, end, **changes).rrsigs()  # type: ignore[arg-type]
    return rrsig


def flipped(rrsig: Rrsig, bit: int = 1) -> Rrsig:
    return RRset(WWW, rr.RRSIG, 0, (rrsig.rdata[:-1] + bytes((rrsig.rdata[-1] ^ bit,)),)).rrsigs()[0]


GOOD = signature()
FREE = {
    "expired": [signature(start=NOW - 99 - n, end=NOW - 50) for n in range(40)],
    "unsupported": [signature(algorithm=200 + n % 50, start=NOW - n) for n in range(40)],
    "no key": [signature(key_tag=(KEY.key_tag + 1 + n) % 65536) for n in range(40)],
}
BAD = [flipped(GOOD, n) for n in range(1, 60)]


def verify(
    *rrsigs: Rrsig, keys: tuple[Dnskey, ...] = KEYS, limits: Limits | None = None, budget: Budget | None = None,
    all_paths: bool = False,
) -> RRsetVerdict:  # fmt: skip
    budget = budget or Budget(limits or Limits())
    return verify_rrset(Evidence(DATA, rrsigs), ZONE, keys, NOW, Policy(), budget, all_paths)


@pytest.mark.parametrize("kind", FREE)
def test_signatures_refused_without_cryptography_take_no_place_from_a_good_one(kind: str) -> None:
    """Whoever is on the path adds them, and puts them first; RFC 6840 §5.4: any one valid signature is enough."""
    assert verify(*FREE[kind], GOOD).verified == GOOD
    assert verify(GOOD, *FREE[kind]).verified == GOOD


def test_a_dnskey_rrset_signed_by_many_keys_is_verified_by_the_one_that_counts() -> None:
    """Only the entry point is a key here; the signatures of the others cost nothing, wherever they stand."""
    avoid = frozenset({KEY.key_tag})
    others = [signature(generate(ZONE, secure_entry_point=False, avoid=avoid)) for _ in range(9)]
    assert verify(*others, GOOD, keys=(KEY.dnskey,)).verified == GOOD


@pytest.mark.parametrize(("count", "verifies"), [(3, True), (4, False)])
def test_signatures_tried_with_a_key_are_limited(count: int, verifies: bool) -> None:
    verdict = verify(*BAD[:count], GOOD, limits=Limits(signatures_per_rrset=4))
    assert (verdict.verified is not None) == verifies
    assert (verdict.attempts[-1].outcome is OVER_LIMIT) != verifies


@pytest.mark.parametrize(("count", "verifies"), [(9, True), (10, False)])
def test_all_signatures_looked_at_are_limited(count: int, verifies: bool) -> None:
    verdict = verify(*FREE["expired"][:count], GOOD, limits=Limits(signature_attempts=10))
    assert (verdict.verified is not None) == verifies
    assert (verdict.attempts[-1].outcome is OVER_LIMIT) != verifies


def test_too_many_keys_for_one_signature_do_not_stop_the_others() -> None:
    """KeyTrap, CVE-2023-50387: a tag that many keys share; the next RRSIG names another key."""
    words = [KEY.dnskey.public_key[at : at + 2] for at in range(0, 64, 2)]
    # The tag is a sum of 16-bit words (RFC 4034 App. B): the same words in another order have the same tag.
    colliding = tuple(make_dnskey(256, 13, b"".join(words[n:] + words[:n])) for n in range(1, 6))
    by_other = signature(OTHER)
    for rrsigs in ((GOOD, by_other), (by_other, GOOD)):
        assert verify(*rrsigs, keys=(*colliding, *KEYS), limits=Limits(keys_per_tag=5)).verified == by_other
    assert verify(GOOD, keys=(*colliding, *KEYS), limits=Limits(keys_per_tag=6)).verified == GOOD
    assert verify(GOOD, keys=(*colliding, *KEYS), limits=Limits(keys_per_tag=5)).verified is None


def test_a_key_that_may_not_sign_takes_no_place_among_those_of_its_tag() -> None:
    words = [int.from_bytes(KEY.dnskey.public_key[at : at + 2], "big") for at in range(0, 64, 2)]
    at = next(n for n, word in enumerate(words) if word < 0xFE00)
    # What the flags lose, a word of the key gains: the tag, their sum, stays.
    raised = [word + 0x100 * (n == at) for n, word in enumerate(words)]
    no_zone_key = make_dnskey(0, 13, b"".join(word.to_bytes(2, "big") for word in raised))
    assert no_zone_key.key_tag == KEY.key_tag
    verdict = verify(GOOD, keys=(no_zone_key, *KEYS), limits=Limits(keys_per_tag=1))
    assert verdict.verified == GOOD
    assert [a.outcome for a in verdict.attempts] == [SignatureOutcome.NOT_ZONE_KEY, SignatureOutcome.VERIFIED]


@pytest.mark.parametrize("extra", [0, 1, 3, 512])
def test_effort_beyond_the_first_success_takes_nothing_from_the_verdict(extra: int) -> None:
    """A checker tries every signature; RRsets that come later must find the same budget as in a resolver."""
    budget = Budget(Limits(verifications=2, failed_verifications=1, signature_attempts=2, extra_attempts=extra))
    for _ in range(2):
        assert verify(GOOD, *BAD[:7], budget=budget, all_paths=True).verified == GOOD
    assert budget.verifications == 2
    assert verify(GOOD, budget=budget).verified is None


def test_extra_attempts_are_limited() -> None:
    """One for each RRSIG that is looked at, one for each key it is tried with."""
    tried = verify(GOOD, *BAD[:2], limits=Limits(extra_attempts=4), all_paths=True).attempts
    assert OVER_LIMIT not in {attempt.outcome for attempt in tried} and len(tried) == 3
    tried = verify(GOOD, *BAD[:2], limits=Limits(extra_attempts=3), all_paths=True).attempts
    assert [attempt.outcome for attempt in tried][2:] == [OVER_LIMIT]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_order_of_signatures_decides_nothing(data: st.DataObject) -> None:
    """Within the limits, neither order nor company nor effort changes what one good signature shows."""
    limits = Limits()
    junk = data.draw(st.lists(st.sampled_from([s for kind in FREE.values() for s in kind]), max_size=60))
    junk += data.draw(st.lists(st.sampled_from(BAD), max_size=limits.signatures_per_rrset - 1, unique=True))
    rrsigs = data.draw(st.permutations([*junk, GOOD]))
    assert verify(*rrsigs).verified == verify(*rrsigs, all_paths=True).verified == GOOD
    assert verify(*junk).verified is None


@pytest.mark.parametrize(
    ("owner", "zone", "labels", "outcome"),
    [
        ("*.up.", "*.up.", 1, None),
        ("www.*.up.", "*.up.", 3, None),
        ("x.www.*.up.", "*.up.", 3, None),
        ("www.*.up.", "*.up.", 2, None),
        ("www.*.up.", "*.up.", 1, SignatureOutcome.MALFORMED),
        ("www.up.", "up.", 0, SignatureOutcome.MALFORMED),
        ("www.up.", "up.", 1, None),
        ("*.up.", "up.", 2, SignatureOutcome.TOO_MANY_LABELS),
    ],
)
def test_rfc4035_5_3_2_the_wildcard_that_labels_stands_for_lies_in_the_zone(
    owner: str, zone: str, labels: int, outcome: SignatureOutcome | None
) -> None:
    """RFC 4034 §3.1.3: Labels never counts a leading "*", not even that of an apex."""
    rdata = GOOD.rdata[:3] + bytes((labels,)) + GOOD.rdata[4:18] + Name(zone).wire + GOOD.signature
    (rrsig,) = RRset(Name(owner), rr.RRSIG, 0, (rdata,)).rrsigs()
    assert check_rrsig(RRset(Name(owner), rr.A, 0, DATA.rdatas), rrsig, Name(zone), NOW) is outcome


def test_an_ed448_that_the_library_lacks_is_unsupported_and_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSSL may be built, or configured, without it: `cryptography` then raises at the first use of a key."""

    def lacking(data: bytes) -> None:
        raise UnsupportedAlgorithm("ed448 is not supported by this version of OpenSSL")

    key = generate(ZONE, 16, secure_entry_point=False)
    (rrsig,) = sign_rrset(DATA, key, NOW - 60, NOW + 60).rrsigs()
    assert verify(rrsig, keys=(key.dnskey,)).verified == rrsig
    monkeypatch.setattr(ed448.Ed448PublicKey, "from_public_bytes", lacking)
    verdict = verify(rrsig, keys=(key.dnskey,))
    assert [attempt.outcome for attempt in verdict.attempts] == [SignatureOutcome.UNSUPPORTED_ALGORITHM]

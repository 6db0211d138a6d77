"""RFC 5011 §2.1: a key is revoked by its own signature under the REVOKE bit, and by nothing else; with bounded work."""

from unbroken.authentication.policy import Policy
from unbroken.authentication.revocation import self_revoked_keys
from unbroken.chain import Budget, Evidence, Limits
from unbroken.dns import Dnskey, Name, RRset, Rrsig
from unbroken.dns import rdtype as rr
from unbroken.keys import ZoneKey, generate
from unbroken.keys.zone_key import dnskey_rrset
from unbroken.signing import sign_rrset

ZONE = Name("zone.")
NOW = 1_800_000_000
A, B = (generate(ZONE, secure_entry_point=True) for _ in range(2))


def signatures(rrset: RRset, *keys: ZoneKey) -> tuple[Rrsig, ...]:
    return tuple(sign_rrset(rrset, key, NOW - 60, NOW + 60).rrsigs()[0] for key in keys)


def spoiled(rrsig: Rrsig, bit: int) -> Rrsig:
    return RRset(ZONE, rr.RRSIG, 0, (rrsig.rdata[:-1] + bytes((rrsig.rdata[-1] ^ bit,)),)).rrsigs()[0]


def revoked(rrset: RRset, *rrsigs: Rrsig, now: int = NOW, limits: Limits | None = None) -> tuple[Dnskey, ...]:
    return self_revoked_keys(Evidence(rrset, rrsigs), ZONE, now, Policy(), Budget(limits or Limits()))


KEYS = dnskey_rrset(ZONE, [A.revoked().dnskey, B.dnskey])


def test_a_key_that_signs_its_own_revocation_is_revoked() -> None:
    assert revoked(KEYS, *signatures(KEYS, A.revoked(), B)) == (A.revoked().dnskey,)


def test_a_signature_by_another_key_revokes_nothing() -> None:
    assert revoked(KEYS, *signatures(KEYS, B)) == ()


def test_a_key_without_the_bit_is_not_revoked_by_signing() -> None:
    plain = dnskey_rrset(ZONE, [A.dnskey, B.dnskey])
    assert revoked(plain, *signatures(plain, A, B)) == ()


def test_a_signature_outside_its_time_or_of_another_zone_revokes_nothing() -> None:
    good = signatures(KEYS, A.revoked())
    assert revoked(KEYS, *good, now=NOW + 61) == ()
    foreign = sign_rrset(KEYS, A.revoked(), NOW - 60, NOW + 60, signer=Name("other.")).rrsigs()
    assert revoked(KEYS, *foreign) == ()


def test_a_bad_signature_revokes_nothing_and_hides_no_good_one() -> None:
    (good,) = signatures(KEYS, A.revoked())
    assert revoked(KEYS, spoiled(good, 1)) == ()
    assert revoked(KEYS, spoiled(good, 1), spoiled(good, 2), good) == (A.revoked().dnskey,)


def test_signatures_that_name_one_key_are_tried_a_few_times_and_no_more() -> None:
    (good,) = signatures(KEYS, A.revoked())
    limit = Limits().keys_per_tag
    bad = [spoiled(good, bit) for bit in range(1, limit + 1)]
    assert revoked(KEYS, *bad[:-1], good) == (A.revoked().dnskey,)
    assert revoked(KEYS, *bad, good) == ()


def test_what_the_budget_does_not_reach_is_not_revoked() -> None:
    both = dnskey_rrset(ZONE, [A.revoked().dnskey, B.revoked().dnskey])
    rrsigs = signatures(both, A.revoked(), B.revoked())
    assert len(revoked(both, *rrsigs, limits=Limits(verifications=2))) == 2
    assert len(revoked(both, *rrsigs, limits=Limits(verifications=1))) == 1
    assert revoked(both, *rrsigs, limits=Limits(verifications=0)) == ()

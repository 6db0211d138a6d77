"""CVE-2023-50387 (KeyTrap): keys that share a tag, and signatures that name it, cost a bounded amount of work."""

import pytest
from shared_material import shared

from unbroken.authentication.policy import Policy
from unbroken.authentication.rrsig import verify_rrset
from unbroken.chain import Budget, Evidence, Limits, SignatureOutcome
from unbroken.dns import Name, RRset, Rrsig
from unbroken.dns import rdtype as rr
from unbroken.dns.master_file import rrsets_from_text

ZONE = Name("a.test.")


@pytest.fixture(scope="module")
def zone() -> list[RRset]:
    return rrsets_from_text(shared("vectors", "keytrap", "a.test.zone.signed").read_text(), ZONE)


def _colliding(rrsig: Rrsig, count: int) -> tuple[Rrsig, ...]:
    """Signatures by one key that all fail, each in its own way."""
    head, signature = rrsig.rdata[: -len(rrsig.signature)], rrsig.signature
    wrong = [head + bytes((signature[0] ^ (n + 1),)) + signature[1:] for n in range(count)]
    return RRset(ZONE, rr.RRSIG, 3600, tuple(wrong)).rrsigs()


@pytest.mark.parametrize("count", [1, 8, 9, 200])
def test_failing_signatures_of_one_rrset_are_tried_up_to_a_limit(zone: list[RRset], count: int) -> None:
    keys = next(rrset for rrset in zone if rrset.rdtype == rr.DNSKEY).dnskeys()
    soa = next(rrset for rrset in zone if rrset.rdtype == rr.SOA)
    (rrsig, *_) = next(rrset for rrset in zone if rrset.covers == rr.SOA).rrsigs()
    limits = Limits()
    budget = Budget(limits)
    many = Evidence(soa, _colliding(rrsig, count))
    verdict = verify_rrset(many, ZONE, keys, rrsig.inception, Policy(), budget, True)
    assert verdict.verified is None
    assert budget.verifications <= min(count, limits.signatures_per_rrset) * limits.keys_per_tag
    collisions = sum((key.algorithm, key.key_tag) == (rrsig.algorithm, rrsig.key_tag) for key in keys)
    over = SignatureOutcome.OVER_LIMIT in {attempt.outcome for attempt in verdict.attempts}
    assert over == (count > limits.signatures_per_rrset or collisions > limits.keys_per_tag)


def test_every_rrset_of_the_zone_costs_a_bounded_number_of_verifications(zone: list[RRset]) -> None:
    keys = next(rrset for rrset in zone if rrset.rdtype == rr.DNSKEY).dnskeys()
    limits = Limits()
    for rrset in zone:
        rrsigs = next((one.rrsigs() for one in zone if one.covers == rrset.rdtype and one.owner == rrset.owner), ())
        if rrset.rdtype != rr.RRSIG and rrsigs:
            budget = Budget(limits)
            verify_rrset(Evidence(rrset, rrsigs), ZONE, keys, rrsigs[0].inception, Policy(), budget, True)
            assert budget.verifications <= limits.signatures_per_rrset * limits.keys_per_tag

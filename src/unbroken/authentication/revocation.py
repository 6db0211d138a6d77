"""Which keys of a DNSKEY RRset revoke themselves (RFC 5011 §2.1): the one thing that a revoked key is still good for."""

from unbroken.authentication.policy import Policy
from unbroken.authentication.rrsig import check_rrsig
from unbroken.authentication.verifier import verify_signature
from unbroken.chain import Budget, Evidence, OverLimit, SignatureOutcome
from unbroken.dns import Dnskey, Name


def self_revoked_keys(evidence: Evidence, zone: Name, now: int, policy: Policy, budget: Budget) -> tuple[Dnskey, ...]:
    """The keys of a DNSKEY RRset that have the REVOKE bit set and signed the RRset themselves, as they appear in it.

    Nothing else is asked of the RRset: whoever holds the private key may revoke it, whether or not any other key is trusted.
    `now` is an epoch second. Work is charged to `budget`; what it does not reach is not revoked.
    """
    revoked: list[Dnskey] = []
    candidates = [key for key in evidence.rrset.dnskeys()[: budget.limits.dnskeys_per_zone] if _may_revoke(key, policy)]
    try:
        for key in candidates:
            if _has_signed(key, evidence, zone, now, policy, budget):
                revoked.append(key)
    except OverLimit:
        pass  # each revocation found so far stands by itself
    return tuple(revoked)


def _may_revoke(key: Dnskey, policy: Policy) -> bool:
    # RFC 5011 §3: bit 8 of the flags. RFC 4034 §2.1.1, §2.1.2: without Zone Key bit, or with another protocol, it is no key.
    return (
        key.is_revoked and key.is_zone_key and key.protocol == 3 and policy.supports_key(key.algorithm, key.public_key)
    )


def _has_signed(key: Dnskey, evidence: Evidence, zone: Name, now: int, policy: Policy, budget: Budget) -> bool:
    tried = 0
    for rrsig in evidence.rrsigs:
        budget.charge_attempt()
        # RFC 5011 §2.1: revoked is a key whose own signature covers the RRset. Its tag is that with the REVOKE bit set (§3).
        if rrsig.key_tag != key.key_tag or rrsig.algorithm != key.algorithm:
            continue
        if check_rrsig(evidence.rrset, rrsig, zone, now) is not None:
            continue
        # KeyTrap: signatures that name one key are chance once or twice, and an attack after that.
        if tried >= budget.limits.keys_per_tag:
            return False
        tried += 1
        budget.charge_verification()
        if verify_signature(evidence.rrset, rrsig, key, policy) is SignatureOutcome.VERIFIED:
            return True
        budget.count_failure()
    return False

"""Authenticating one RRset by its RRSIGs and the keys of its zone (RFC 4035 §5.3)."""

from collections.abc import Iterator
from dataclasses import dataclass

from unbroken.authentication.policy import Policy
from unbroken.authentication.verifier import verify_signature
from unbroken.chain import Budget, Evidence, OverLimit, SignatureAttempt, SignatureOutcome
from unbroken.dns import Dnskey, Name, RRset, Rrsig, serial


@dataclass(frozen=True, slots=True)
class RRsetVerdict:
    """Every signature tried, and the first that verified, if any did."""

    attempts: tuple[SignatureAttempt, ...]
    verified: Rrsig | None

    def is_expanded(self, rrset: RRset) -> bool:
        """Whether the RRset was synthesised from a wildcard: Labels is less than the owner has (RFC 4035 §5.3.4)."""
        return self.verified is not None and self.verified.labels < rrset.owner.rrsig_labels


def check_rrsig(rrset: RRset, rrsig: Rrsig, zone: Name, now: int) -> SignatureOutcome | None:
    """The conditions of RFC 4035 §5.3.1 that need no key; None when all hold. `zone` is the apex of the zone that
    holds the RRset; `now` is an epoch second. Owner, class and type covered agree already: that is how RRSIGs are found.
    """
    # RFC 4035 §5.3.1: the Signer's Name field MUST be the name of the zone that contains the RRset.
    if rrsig.signer != zone or not rrset.owner.is_subdomain_of(zone):
        return SignatureOutcome.SIGNER_NOT_ZONE
    # RFC 4035 §5.3.1: the owner name MUST have at least as many labels as the Labels field says.
    if rrsig.labels > rrset.owner.rrsig_labels:
        return SignatureOutcome.TOO_MANY_LABELS
    # RFC 4035 §5.3.2: the wildcard that Labels stands for must lie in the zone, or the zone did not hold it.
    if rrsig.labels < zone.label_count:
        return SignatureOutcome.MALFORMED
    # RFC 4034 §3.1.5: all comparisons of these fields MUST use serial number arithmetic.
    if serial.is_before(rrsig.expiration, rrsig.inception):
        return SignatureOutcome.EXPIRED_BEFORE_INCEPTION
    # RFC 4035 §5.3.1: the current time MUST be at most the expiration, and at least the inception.
    if serial.seconds_until(rrsig.expiration, now) < 0:
        return SignatureOutcome.EXPIRED
    if serial.seconds_until(rrsig.inception, now) > 0:
        return SignatureOutcome.NOT_YET_VALID
    return None


def candidate_keys(rrsig: Rrsig, keys: tuple[Dnskey, ...]) -> tuple[Dnskey, ...]:
    """The DNSKEYs that signer, algorithm and key tag name; several when tags collide (RFC 4035 §5.3.1, RFC 4034 App. B)."""
    return tuple(key for key in keys if key.algorithm == rrsig.algorithm and key.key_tag == rrsig.key_tag)


def verify_rrset(
    evidence: Evidence, zone: Name, keys: tuple[Dnskey, ...], now: int, policy: Policy, budget: Budget, all_paths: bool
) -> RRsetVerdict:
    """Try the signatures in turn, each by the keys it names, until one verifies, or all of them with `all_paths`.

    RFC 6840 §5.4: any one valid signature is enough; §5.11: nothing demands that every algorithm signs.
    """
    attempts: list[SignatureAttempt] = []
    verified: Rrsig | None = None
    for number, rrsig in enumerate(evidence.rrsigs):
        if number >= budget.limits.signatures_per_rrset:
            attempts.append(SignatureAttempt(rrsig, None, SignatureOutcome.OVER_LIMIT, evidence.rrset.owner))
            break
        for attempt in _try_rrsig(evidence.rrset, rrsig, zone, keys, now, policy, budget):
            attempts.append(attempt)
            if attempt.outcome is SignatureOutcome.VERIFIED:
                verified = verified or rrsig
                break
            if attempt.outcome is SignatureOutcome.OVER_LIMIT:
                return RRsetVerdict(tuple(attempts), verified)
        if verified is not None and not all_paths:
            break
    return RRsetVerdict(tuple(attempts), verified)


def _try_rrsig(
    rrset: RRset, rrsig: Rrsig, zone: Name, keys: tuple[Dnskey, ...], now: int, policy: Policy, budget: Budget
) -> Iterator[SignatureAttempt]:
    owner = rrset.owner
    refused = check_rrsig(rrset, rrsig, zone, now)
    if refused is None and not policy.supports_algorithm(rrsig.algorithm):
        refused = SignatureOutcome.UNSUPPORTED_ALGORITHM
    if refused is not None:
        yield SignatureAttempt(rrsig, None, refused, owner)
        return
    candidates = candidate_keys(rrsig, keys)
    if not candidates:
        yield SignatureAttempt(rrsig, None, SignatureOutcome.NO_MATCHING_KEY, owner)
    for number, key in enumerate(candidates):
        # KeyTrap: a few collisions are chance, more are an attack.
        if number >= budget.limits.keys_per_tag:
            yield SignatureAttempt(rrsig, key, SignatureOutcome.OVER_LIMIT, owner)
            return
        yield SignatureAttempt(rrsig, key, _verify(rrset, rrsig, key, policy, budget), owner)


def _verify(rrset: RRset, rrsig: Rrsig, key: Dnskey, policy: Policy, budget: Budget) -> SignatureOutcome:
    refused = check_key(key)
    if refused is not None:
        return refused
    if not policy.supports_key(key.algorithm, key.public_key):
        return SignatureOutcome.UNSUPPORTED_ALGORITHM
    try:
        budget.charge_verification()
    except OverLimit:
        return SignatureOutcome.OVER_LIMIT
    outcome = verify_signature(rrset, rrsig, key, policy)
    if outcome is not SignatureOutcome.VERIFIED:
        budget.count_failure()
    return outcome


def check_key(key: Dnskey) -> SignatureOutcome | None:
    """Whether a DNSKEY may verify RRSIGs at all; None when it may."""
    # RFC 4034 §2.1.1: with the Zone Key bit clear, the key MUST NOT be used to verify RRSIGs that cover RRsets.
    if not key.is_zone_key:
        return SignatureOutcome.NOT_ZONE_KEY
    # RFC 4034 §2.1.2: the DNSKEY MUST be treated as invalid if its protocol is not 3.
    if key.protocol != 3:
        return SignatureOutcome.MALFORMED
    # RFC 5011 §2.1: a revoked key MUST NOT be used for anything but its own revocation.
    if key.is_revoked:
        return SignatureOutcome.KEY_REVOKED
    return None

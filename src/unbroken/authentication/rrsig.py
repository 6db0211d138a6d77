"""Authenticating one RRset by its RRSIGs and the keys of its zone (RFC 4035 §5.3)."""

from unbroken.authentication.policy import Policy
from unbroken.authentication.verifier import verify_signature
from unbroken.chain import Budget, Evidence, OverLimit, SignatureAttempt, SignatureOutcome
from unbroken.dns import Dnskey, Name, RRset, Rrsig, serial
from unbroken.records import dataclass


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
    # RFC 4035 §5.3.2: the wildcard that Labels stands for must lie in the zone, or the zone did not hold it. With as many
    # labels as the owner it stands for none (RFC 4034 §3.1.3): an apex may itself be named "*".
    if rrsig.labels < rrset.owner.rrsig_labels and rrsig.labels < zone.label_count:
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
    trial = _Trial(evidence.rrset, zone, keys, now, policy, budget)
    for rrsig in evidence.rrsigs:
        if trial.verified is not None and not all_paths:
            break
        try:
            trial.attempt(rrsig)
        except OverLimit:
            trial.note(rrsig, None, SignatureOutcome.OVER_LIMIT)
            break
    return RRsetVerdict(tuple(trial.attempts), trial.verified)


class _Trial:
    """The signatures of one RRset, tried one after the other.

    What a signature costs is charged where it arises: whoever is on the path chooses how many there are, and in which order,
    so one that is refused without cryptography takes no place from one that may be good. After the first success nothing can
    change the verdict, and nothing more is taken from the budget that other RRsets need for theirs.
    """

    __slots__ = ("attempts", "budget", "keys", "now", "policy", "rrset", "tried", "verified", "zone")

    def __init__(
        self, rrset: RRset, zone: Name, keys: tuple[Dnskey, ...], now: int, policy: Policy, budget: Budget
    ) -> None:
        self.rrset, self.zone, self.keys, self.now, self.policy, self.budget = rrset, zone, keys, now, policy, budget
        self.attempts: list[SignatureAttempt] = []
        self.verified: Rrsig | None = None
        self.tried = 0

    def note(self, rrsig: Rrsig, key: Dnskey | None, outcome: SignatureOutcome) -> None:
        """One more attempt."""
        self.attempts.append(SignatureAttempt(rrsig, key, outcome, self.rrset.owner))

    def attempt(self, rrsig: Rrsig) -> None:
        """Try one RRSIG with the keys it names. Raises OverLimit when no other can be tried either."""
        if self.verified is None:
            self.budget.charge_attempt()
        else:
            self.budget.charge_extra()
        refused = check_rrsig(self.rrset, rrsig, self.zone, self.now)
        if refused is None and not self.policy.supports_algorithm(rrsig.algorithm):
            refused = SignatureOutcome.UNSUPPORTED_ALGORITHM
        if refused is not None:
            self.note(rrsig, None, refused)
            return
        candidates = candidate_keys(rrsig, self.keys)
        if not candidates:
            self.note(rrsig, None, SignatureOutcome.NO_MATCHING_KEY)
        usable = [key for key in candidates if self._is_usable(rrsig, key)]
        if not usable:
            return
        if self.tried >= self.budget.limits.signatures_per_rrset:
            raise OverLimit("signatures_per_rrset")
        self.tried += 1
        self._try_keys(rrsig, usable)

    def _is_usable(self, rrsig: Rrsig, key: Dnskey) -> bool:
        refused = check_key(key)
        if refused is None and not self.policy.supports_key(key.algorithm, key.public_key):
            refused = SignatureOutcome.UNSUPPORTED_ALGORITHM
        if refused is not None:
            self.note(rrsig, key, refused)
        return refused is None

    def _try_keys(self, rrsig: Rrsig, keys: list[Dnskey]) -> None:
        for number, key in enumerate(keys):
            # KeyTrap: a few collisions are chance, more are an attack. The other RRSIGs may name other keys.
            if number >= self.budget.limits.keys_per_tag:
                self.note(rrsig, key, SignatureOutcome.OVER_LIMIT)
                return
            outcome = self._verify(rrsig, key)
            self.note(rrsig, key, outcome)
            if outcome is SignatureOutcome.VERIFIED:
                self.verified = self.verified or rrsig
                return

    def _verify(self, rrsig: Rrsig, key: Dnskey) -> SignatureOutcome:
        if self.verified is not None:
            self.budget.charge_extra()
            return verify_signature(self.rrset, rrsig, key, self.policy)
        self.budget.charge_verification()
        outcome = verify_signature(self.rrset, rrsig, key, self.policy)
        if outcome is not SignatureOutcome.VERIFIED:
            self.budget.count_failure()
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

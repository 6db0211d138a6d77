"""From a DS RRset or a trust anchor to the keys it vouches for (RFC 4035 §5.2, RFC 4509 §3, RFC 6840 §5.2)."""

from typing import Final

from unbroken import _kernel
from unbroken.authentication.policy import Policy
from unbroken.authentication.rrsig import check_key
from unbroken.chain import Budget, DsAttempt, DsOutcome, OverLimit, SignatureOutcome
from unbroken.dns import Dnskey, Ds, Name, registry
from unbroken.records import dataclass

_KEY_REFUSALS: Final = {
    SignatureOutcome.NOT_ZONE_KEY: DsOutcome.NOT_ZONE_KEY,
    SignatureOutcome.KEY_REVOKED: DsOutcome.KEY_REVOKED,
    SignatureOutcome.MALFORMED: DsOutcome.MALFORMED,
}


@dataclass(frozen=True, slots=True)
class DsMatch:
    """Every DS tried, and the keys that one of them vouches for: the secure entry points of the zone.

    `is_supported` is False when no DS could be used at all, so that the zone is to be treated as unsigned (RFC 4035 §5.2).
    """

    attempts: tuple[DsAttempt, ...]
    entry_points: tuple[Dnskey, ...]
    is_supported: bool


def usable_dses(dses: tuple[Ds, ...], policy: Policy, limit: int) -> tuple[list[Ds], list[DsAttempt]]:
    """The DS records that count, and an attempt for each that does not."""
    outcomes = [(ds, _refuse_ds(ds, policy)) for ds in dses]
    usable = [ds for ds, outcome in outcomes if outcome is None]
    refused = [DsAttempt(ds, None, outcome) for ds, outcome in outcomes if outcome is not None]
    # RFC 4509 §3: ignore SHA-1 digests when there are DS records with a stronger digest.
    if any(ds.digest_type != registry.SHA1 for ds in usable):
        weak = [ds for ds in usable if ds.digest_type == registry.SHA1]
        refused += [DsAttempt(ds, None, DsOutcome.WEAKER_DIGEST_IGNORED) for ds in weak]
        usable = [ds for ds in usable if ds.digest_type != registry.SHA1]
    # The limit comes last: records come in any order, so that it must not decide whether a supported DS is seen at all.
    refused += [DsAttempt(ds, None, DsOutcome.OVER_LIMIT) for ds in usable[limit:]]
    return usable[:limit], refused


def are_unsupported(usable: list[Ds], refused: list[DsAttempt]) -> bool:
    """Whether no DS can be used for want of support (RFC 4035 §5.2: as if the zone were unsigned), rather than of effort."""
    return not usable and not any(attempt.outcome is DsOutcome.OVER_LIMIT for attempt in refused)


def _refuse_ds(ds: Ds, policy: Policy) -> DsOutcome | None:
    # RFC 4035 §5.2, RFC 6840 §5.2: unknown algorithms and digests are as if the DS were not there.
    if not policy.supports_algorithm(ds.algorithm):
        return DsOutcome.UNSUPPORTED_ALGORITHM
    if not policy.supports_digest(ds.digest_type):
        return DsOutcome.UNSUPPORTED_DIGEST
    return None


def match_dses(
    zone: Name, dses: tuple[Ds, ...], dnskeys: tuple[Dnskey, ...], policy: Policy, budget: Budget
) -> DsMatch:
    """Compare the usable DS records with the zone's DNSKEYs by tag, algorithm and digest (RFC 4035 §5.2)."""
    usable, refused = usable_dses(dses, policy, budget.limits.ds_per_zone)
    attempts: list[DsAttempt] = []
    entry_points: list[Dnskey] = []
    keys = dnskeys[: budget.limits.dnskeys_per_zone]
    for ds in usable:
        for attempt in _match_ds(zone, ds, keys, policy, budget):
            attempts.append(attempt)
            key = attempt.dnskey
            if attempt.outcome is DsOutcome.MATCHED and key is not None and key not in entry_points:
                entry_points.append(key)
    # A key of a size that policy does not allow is as unsupported as an unknown algorithm.
    too_odd = bool(attempts) and all(a.outcome is DsOutcome.UNSUPPORTED_ALGORITHM for a in attempts)
    is_supported = not too_odd and not are_unsupported(usable, refused)
    return DsMatch(tuple(attempts + refused), tuple(entry_points), is_supported)


def _match_ds(zone: Name, ds: Ds, keys: tuple[Dnskey, ...], policy: Policy, budget: Budget) -> list[DsAttempt]:
    with_tag = [key for key in keys if key.key_tag == ds.key_tag]
    if not with_tag:
        return [DsAttempt(ds, None, DsOutcome.NO_KEY_WITH_TAG)]
    candidates = [key for key in with_tag if key.algorithm == ds.algorithm]
    if not candidates:
        return [DsAttempt(ds, with_tag[0], DsOutcome.ALGORITHM_MISMATCH)]
    attempts = []
    for number, key in enumerate(candidates):
        if number >= budget.limits.keys_per_tag:
            attempts.append(DsAttempt(ds, key, DsOutcome.OVER_LIMIT))
            break
        attempts.append(DsAttempt(ds, key, _compare(zone, ds, key, policy, budget)))
    return attempts


def _compare(zone: Name, ds: Ds, key: Dnskey, policy: Policy, budget: Budget) -> DsOutcome:
    refused = check_key(key)
    if refused is not None:
        return _KEY_REFUSALS[refused]
    try:
        budget.charge_digest()
    except OverLimit:
        return DsOutcome.OVER_LIMIT
    if _kernel.ds_digest(zone, key, ds.digest_type) != ds.digest:
        return DsOutcome.DIGEST_MISMATCH
    if not policy.supports_key(key.algorithm, key.public_key):
        return DsOutcome.UNSUPPORTED_ALGORITHM
    return DsOutcome.MATCHED


def match_anchor_keys(anchored: tuple[Dnskey, ...], dnskeys: tuple[Dnskey, ...], policy: Policy) -> DsMatch:
    """Compare the DNSKEYs of a trust anchor with those that the zone publishes (RFC 4033 §2 "Trust Anchor")."""
    attempts: list[DsAttempt] = []
    entry_points: list[Dnskey] = []
    supported = False
    for anchor in anchored:
        if not policy.supports_key(anchor.algorithm, anchor.public_key):
            attempts.append(DsAttempt(None, anchor, DsOutcome.UNSUPPORTED_ALGORITHM))
            continue
        supported = True
        # RFC 4034 §2.1.1, RFC 5011 §2.1: a key that is revoked, or no zone key, is not to be used, and so no anchor, though the
        # zone may publish the same public key with better flags.
        unfit = check_key(anchor)
        if unfit is not None:
            attempts.append(DsAttempt(None, anchor, _KEY_REFUSALS[unfit]))
            continue
        same = [key for key in dnskeys if key.algorithm == anchor.algorithm and key.public_key == anchor.public_key]
        refused = [check_key(key) for key in same]
        if None in refused:
            key = same[refused.index(None)]
            attempts.append(DsAttempt(None, key, DsOutcome.MATCHED))
            entry_points.append(key)
        elif refused and refused[0] is not None:
            attempts.append(DsAttempt(None, same[0], _KEY_REFUSALS[refused[0]]))
        else:
            attempts.append(DsAttempt(None, anchor, DsOutcome.NO_KEY_WITH_TAG))
    return DsMatch(tuple(attempts), tuple(entry_points), supported)

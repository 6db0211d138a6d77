"""From outcomes to findings: of all that was tried and failed, the one that says best what is wrong."""

from collections.abc import Callable
from typing import Final

from unbroken.authentication.policy import split_rsa_key
from unbroken.chain import (
    Code,
    DsAttempt,
    DsOutcome,
    Finding,
    SignatureAttempt,
    SignatureOutcome,
    finding,
)
from unbroken.chain.times import duration_text, to_iso
from unbroken.dns import Dnskey, Ds, Name, registry
from unbroken.dns.serial import seconds_until, to_epoch
from unbroken.validation.protocol import Failure, NoAnswer

# The nearer an attempt came to success, the better it tells what to mend.
_SIGNATURE_RANK: Final = (
    (SignatureOutcome.OVER_LIMIT, Code.LIMIT_EXCEEDED),
    (SignatureOutcome.BAD_SIGNATURE, Code.SIGNATURE_BAD),
    (SignatureOutcome.EXPIRED, Code.SIGNATURE_EXPIRED),
    (SignatureOutcome.NOT_YET_VALID, Code.SIGNATURE_NOT_YET_VALID),
    (SignatureOutcome.EXPIRED_BEFORE_INCEPTION, Code.SIGNATURE_EXPIRED_BEFORE_INCEPTION),
    (SignatureOutcome.MALFORMED, Code.SIGNATURE_MALFORMED),
    (SignatureOutcome.TOO_MANY_LABELS, Code.SIGNATURE_LABELS),
    (SignatureOutcome.NOT_ZONE_KEY, Code.SIGNATURE_KEY_NOT_ZONE_KEY),
    (SignatureOutcome.KEY_REVOKED, Code.SIGNATURE_KEY_REVOKED),
    (SignatureOutcome.NO_MATCHING_KEY, Code.SIGNATURE_KEY_MISSING),
    (SignatureOutcome.UNSUPPORTED_ALGORITHM, Code.SIGNATURE_ALGORITHM_UNSUPPORTED),
    (SignatureOutcome.SIGNER_NOT_ZONE, Code.SIGNER_NOT_ZONE),
)


def explain_signatures(attempts: tuple[SignatureAttempt, ...], where: str, zone: Name, now: int) -> Finding:
    """Why no signature over the RRset counts. With no attempt at all: it has none."""
    for outcome, code in _SIGNATURE_RANK:
        for attempt in attempts:
            if attempt.outcome is outcome:
                return _signature_finding(code, attempt, where, zone, now)
    return finding(Code.SIGNATURE_MISSING, where, zone=zone)


def _signature_finding(code: Code, attempt: SignatureAttempt, where: str, zone: Name, now: int) -> Finding:
    rrsig = attempt.rrsig
    facts: dict[str, object] = {"tag": rrsig.key_tag, "zone": zone}
    if code is Code.SIGNATURE_EXPIRED:
        facts |= _moment("ago", rrsig.expiration, now)
    elif code is Code.SIGNATURE_NOT_YET_VALID:
        facts |= _moment("ahead", rrsig.inception, now)
    elif code is Code.SIGNATURE_EXPIRED_BEFORE_INCEPTION:
        facts |= {
            "expiration": to_iso(to_epoch(rrsig.expiration, now)),
            "inception": to_iso(to_epoch(rrsig.inception, now)),
        }
    elif code is Code.LIMIT_EXCEEDED:
        facts = {"limit": "signatures, or keys with one tag"}
    elif code is Code.SIGNER_NOT_ZONE:
        facts["signer"] = rrsig.signer
    else:
        facts["algorithm"] = registry.algorithm_text(rrsig.algorithm)
    return finding(code, where, **facts)


def _moment(name: str, time: int, now: int) -> dict[str, object]:
    return {"time": to_iso(to_epoch(time, now)), name: duration_text(seconds_until(time, now))}


_LOOKUP_CODES: Final = {
    # RFC 8914 §4.23: no authoritative server was reachable.
    Failure.TIMEOUT: Code.LOOKUP_FAILED,
    Failure.UNREACHABLE: Code.LOOKUP_FAILED,
    # RFC 8914 §4.24: an error occurred while communicating with another server.
    Failure.SERVFAIL: Code.SERVER_FAILED,
    Failure.MALFORMED: Code.SERVER_FAILED,
    Failure.OVER_LIMIT: Code.LOOKUP_OVER_LIMIT,
    Failure.TOO_LARGE: Code.LOOKUP_OVER_LIMIT,
    Failure.NOT_IN_CAPTURE: Code.EVIDENCE_MISSING,
}


def explain_failure(response: NoAnswer, where: str) -> Finding:
    """Why there is no response, told apart by who could mend it."""
    # The detail tells what each server did, which one word for all of them can't.
    reason = response.detail or response.failure.value.replace("_", " ")
    return finding(_LOOKUP_CODES[response.failure], where, reason=reason)


_DS_RANK: Final = (
    (DsOutcome.OVER_LIMIT, Code.LIMIT_EXCEEDED),
    (DsOutcome.KEY_REVOKED, Code.DS_KEY_REVOKED),
    (DsOutcome.NOT_ZONE_KEY, Code.DS_KEY_NOT_ZONE_KEY),
    (DsOutcome.DIGEST_MISMATCH, Code.DS_DIGEST_MISMATCH),
    (DsOutcome.ALGORITHM_MISMATCH, Code.DS_ALGORITHM_MISMATCH),
)


def explain_ds(attempts: tuple[DsAttempt, ...], zone: Name, keys: tuple[Dnskey, ...]) -> Finding:
    """Why no DS leads to a key."""
    for outcome, code in _DS_RANK:
        for attempt in attempts:
            if attempt.outcome is outcome:
                return _ds_finding(code, attempt, zone)
    published = ", ".join(f"key {key.key_tag} ({registry.algorithm_text(key.algorithm)})" for key in keys[:8])
    tags = _joined(attempts, lambda ds: str(ds.key_tag))
    return finding(Code.DS_NO_KEY_WITH_TAG, zone, tags=tags, keys=published or "no key")


def _ds_finding(code: Code, attempt: DsAttempt, zone: Name) -> Finding:
    ds, key = attempt.ds, attempt.dnskey
    tags = ds.key_tag if ds else key.key_tag if key else "?"
    if code is Code.LIMIT_EXCEEDED:
        return finding(code, zone, limit="DS records, or keys with one tag")
    return finding(
        code,
        zone,
        tags=tags,
        ds_algorithm=registry.algorithm_text(ds.algorithm) if ds else "?",
        key_algorithm=registry.algorithm_text(key.algorithm) if key else "?",
    )


def explain_unsupported_ds(attempts: tuple[DsAttempt, ...], zone: Name) -> Finding:
    """Why none of the DS records could be used at all."""
    if all(attempt.outcome is DsOutcome.UNSUPPORTED_DIGEST for attempt in attempts):
        digests = _joined(attempts, lambda ds: registry.digest_text(ds.digest_type))
        return finding(Code.DS_DIGEST_UNSUPPORTED, zone, digests=digests)
    unsupported = [attempt for attempt in attempts if attempt.outcome is DsOutcome.UNSUPPORTED_ALGORITHM]
    algorithms = list(dict.fromkeys(_algorithm_of(attempt) for attempt in unsupported))[:8]
    return finding(Code.DS_ALGORITHM_UNSUPPORTED, zone, algorithms=", ".join(algorithms) or "?")


def _algorithm_of(attempt: DsAttempt) -> str:
    """The algorithm, and where only the size of the key is amiss, that too."""
    number = attempt.ds.algorithm if attempt.ds else attempt.dnskey.algorithm if attempt.dnskey else 0
    rsa = split_rsa_key(attempt.dnskey.public_key) if attempt.dnskey else None
    size = f" with a key of {rsa[1].bit_length()} bits" if rsa else ""
    return registry.algorithm_text(number) + size


def _joined(attempts: tuple[DsAttempt, ...], show: Callable[[Ds], str]) -> str:
    shown = dict.fromkeys(show(attempt.ds) for attempt in attempts if attempt.ds is not None)
    return ", ".join(list(shown)[:8]) or "?"

"""Rules on signatures that do not decide a verdict now: how long they last, and those that are of no use."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from unbroken.chain import Severity, SignatureAttempt, SignatureOutcome
from unbroken.chain.times import duration_text, to_iso
from unbroken.diagnosis.case import Case, SignatureFact
from unbroken.diagnosis.finding import Found, describe, found
from unbroken.diagnosis.rules.book import Rulebook
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede
from unbroken.dns.serial import seconds_until, to_epoch

SIGNATURE_RULES: Final = Rulebook()

_DAY: Final = 86400  # seconds
_LONG: Final = 200 * _DAY
_SKEW: Final = 300  # seconds that clocks of good machines differ at most
_EXPIRE: Final = 3  # place of EXPIRE among the numbers of a SOA
_ASKED_APART: Final = (rr.CDS, rr.CDNSKEY)  # these have rules of their own
# What the validator says when no signature of an RRset counts: then the single ones are not told again.
_NO_GOOD_ONE: Final = ("SIGNATURE_EXPIRED", "SIGNATURE_BAD", "SIGNATURE_NOT_YET_VALID", "SIGNATURE_KEY_MISSING",
                       "SIGNATURE_EXPIRED_BEFORE_INCEPTION", "SIGNER_NOT_ZONE", "SIGNATURE_LABELS", "SIGNATURE_MALFORMED",
                       "DNSKEY_NOT_SIGNED_BY_ENTRY_POINT", "DS_NO_KEY_WITH_TAG", "LIMIT_EXCEEDED")  # fmt: skip


def _verified(fact: SignatureFact) -> SignatureAttempt | None:
    """The good signature that lasts longest from now on; as long as there is one, the RRset is safe."""
    good = [attempt for attempt in fact.attempts if attempt.outcome is SignatureOutcome.VERIFIED]
    return max(good, key=lambda attempt: attempt.rrsig.expiration, default=None)


def _lasting(case: Case) -> Iterator[tuple[SignatureFact, SignatureAttempt, int]]:
    """Each RRset that is well signed, its longest signature, and the seconds left of it."""
    for fact in case.signatures:
        attempt = _verified(fact)
        if attempt is not None:
            yield fact, attempt, seconds_until(attempt.rrsig.expiration, case.now)


@SIGNATURE_RULES.rule(
    "SIGNATURE_EXPIRES_SOON",
    Severity.WARNING,
    "RFC 4035 §5.3.1",
    "The signature over {where} by key {tag} expires in {left}, at {time}.",
    "Sign the zone again before that, and find out why the signer has not done so yet.",
)
def _soon(case: Case) -> Iterable[Found]:
    for fact, attempt, left in _lasting(case):
        if left < case.days * _DAY:
            time = to_iso(to_epoch(attempt.rrsig.expiration, case.now))
            yield found(
                describe(fact.rrset), fact.server, tag=attempt.rrsig.key_tag, left=duration_text(left), time=time
            )


@SIGNATURE_RULES.rule(
    "SIGNATURE_SHORTER_THAN_TTL",
    Severity.WARNING,
    "RFC 6781 §4.4.2",
    "The signature over {where} expires in {left}, sooner than its TTL of {ttl} s lets caches keep it.",
    "Sign again earlier: while as much of the validity is left as the longest TTL of the zone.",
    under=("SIGNATURE_EXPIRES_SOON",),
)
def _shorter_than_ttl(case: Case) -> Iterable[Found]:
    # RFC 6781 §4.4.2: the signature publication period should be at least one maximum zone TTL smaller than the validity.
    for fact, _, left in _lasting(case):
        if left < fact.rrset.ttl:
            yield found(describe(fact.rrset), fact.server, left=duration_text(left), ttl=fact.rrset.ttl)


@SIGNATURE_RULES.rule(
    "SIGNATURE_SHORTER_THAN_EXPIRE",
    Severity.NOTICE,
    "RFC 6781 §4.4.2",
    "The signature over the SOA of {where} lasts {left}; a secondary that gets no updates serves the zone for {expire}.",
    "Let SOA EXPIRE be shorter than what is left of signatures when the zone is signed again: about a third of the validity.",
    under=("SIGNATURE_EXPIRES_SOON",),
)
def _shorter_than_expire(case: Case) -> Iterable[Found]:
    # RFC 6781 §4.4.2: SOA expiration smaller than the signature validity, or cut-off secondaries serve what has expired.
    numbers = {server.address: case.soa(server) for server in case.serving}
    for fact, _, left in _lasting(case):
        soa = numbers.get(fact.server)
        if fact.rrset.rdtype == rr.SOA and soa is not None and left < soa[_EXPIRE]:
            yield found(case.zone, fact.server, left=duration_text(left), expire=duration_text(soa[_EXPIRE]))


@SIGNATURE_RULES.rule(
    "SIGNATURE_VALIDITY_LONG",
    Severity.NOTICE,
    "RFC 6781 §4.4.2",
    "The signature over {where} by key {tag} is valid for {length}: for so long old data can be replayed.",
    "Sign with a validity of two to four weeks.",
)
def _long(case: Case) -> Iterable[Found]:
    for fact, attempt, _ in _lasting(case):
        length = (attempt.rrsig.expiration - attempt.rrsig.inception) % (1 << 32)
        if length > _LONG:
            yield found(describe(fact.rrset), fact.server, tag=attempt.rrsig.key_tag, length=duration_text(length))


@SIGNATURE_RULES.rule(
    "SIGNATURE_WITHOUT_MARGIN",
    Severity.NOTICE,
    "RFC 6781 §4.4.2",
    "The signature over {where} by key {tag} has been valid for {age} only: to validators whose clock is slow it is not yet.",
    "Let the signer set the inception an hour before the time of signing.",
)
def _without_margin(case: Case) -> Iterable[Found]:
    for fact, attempt, _ in _lasting(case):
        age = -seconds_until(attempt.rrsig.inception, case.now)
        if age < _SKEW:
            yield found(describe(fact.rrset), fact.server, tag=attempt.rrsig.key_tag, age=duration_text(age))


def _useless(outcome: SignatureOutcome) -> Callable[[Case], Iterable[Found]]:
    """Signatures with that outcome over RRsets that another signature vouches for."""

    def check(case: Case) -> Iterable[Found]:
        for fact in case.signatures:
            good = _verified(fact)
            # RFC 5011 §2.1: over the DNSKEY RRset a revoked key's signature is what makes others believe that it is revoked.
            is_meant = outcome is SignatureOutcome.KEY_REVOKED and fact.rrset.rdtype == rr.DNSKEY
            if good is None or is_meant or fact.rrset.rdtype in _ASKED_APART:
                continue
            for attempt in fact.attempts:
                # An algorithm on its way in or out is signed by keys that come and go; only the outcome counts here.
                if attempt.outcome is outcome:
                    yield found(describe(fact.rrset), fact.server, tag=attempt.rrsig.key_tag)

    return check


for _code, _severity, _source, _outcome, _what in (
    ("SIGNATURE_STALE", Severity.NOTICE, "RFC 4035 §5.3.1", SignatureOutcome.EXPIRED, "has expired"),
    ("SIGNATURE_EARLY", Severity.NOTICE, "RFC 4035 §5.3.1", SignatureOutcome.NOT_YET_VALID, "is not valid yet"),
    ("SIGNATURE_INVERTED", Severity.WARNING, "RFC 4034 §3.1.5", SignatureOutcome.EXPIRED_BEFORE_INCEPTION,
     "expires before it begins"),
    ("SIGNATURE_WRONG", Severity.WARNING, "RFC 4035 §5.3.3", SignatureOutcome.BAD_SIGNATURE, "does not verify"),
    ("SIGNATURE_BY_UNKNOWN_KEY", Severity.NOTICE, "RFC 4035 §5.3.1", SignatureOutcome.NO_MATCHING_KEY,
     "is by a key that the zone does not publish"),
    ("SIGNATURE_BY_REVOKED_KEY", Severity.NOTICE, "RFC 5011 §2.1", SignatureOutcome.KEY_REVOKED, "is by a revoked key"),
    ("SIGNATURE_BY_OTHER_ZONE", Severity.WARNING, "RFC 4035 §5.3.1", SignatureOutcome.SIGNER_NOT_ZONE,
     "is in the name of another zone"),
    ("SIGNATURE_LABELS_WRONG", Severity.WARNING, "RFC 4035 §5.3.1", SignatureOutcome.TOO_MANY_LABELS,
     "counts more labels than the name has"),
):  # fmt: skip
    SIGNATURE_RULES.rule(
        _code,
        _severity,
        _source,
        f"One of the signatures over {{where}}, by key {{tag}}, {_what}; another one holds.",
        "Let the signer drop signatures that are of no use: they only make answers larger.",
        under=_NO_GOOD_ONE,
    )(_useless(_outcome))


@SIGNATURE_RULES.rule(
    "SIGNATURE_ORIGINAL_TTL",
    Severity.WARNING,
    "RFC 4035 §2.2",
    "The TTL of {where} is {ttl} s, above the {original} s that its signature was made for; validators cut it down.",
    "Sign the RRset again after changing its TTL.",
)
def _original_ttl(case: Case) -> Iterable[Found]:
    # RFC 4035 §2.2: the Original TTL field is equal to the TTL of the RRset that is signed; §5.3.3 lowers what is above.
    for fact, attempt, _ in _lasting(case):
        original = attempt.rrsig.original_ttl
        if fact.rrset.ttl > original:
            yield found(describe(fact.rrset), fact.server, ttl=fact.rrset.ttl, original=original)


@SIGNATURE_RULES.rule(
    "SIGNATURE_TTL_DIFFERS",
    Severity.NOTICE,
    "RFC 4034 §3",
    "The signatures over {where} have a TTL of {rrsig_ttl} s, the records {ttl} s.",
    "Give the signatures the TTL of the RRset that they cover.",
)
def _ttl_differs(case: Case) -> Iterable[Found]:
    # RFC 4034 §3: the TTL of an RRSIG RR MUST match that of the RRset it covers. In denials servers lower that of the SOA
    # (RFC 2308 §3), and not all lower that of its signature: only answers are looked at.
    for fact in case.signatures:
        if fact.is_answer and fact.rrsig_ttl != fact.rrset.ttl:
            yield found(describe(fact.rrset), fact.server, rrsig_ttl=fact.rrsig_ttl, ttl=fact.rrset.ttl)


@SIGNATURE_RULES.rule(
    "RRSET_UNSIGNED",
    Severity.ERROR,
    "RFC 4035 §2.2",
    "{where} comes without a signature, though the zone is signed.",
    "Sign the zone again; if only one server lacks the signature, bring that server in step.",
    ede=Ede.RRSIGS_MISSING,
    under=("SIGNATURE_MISSING", "DNSKEY_NOT_SIGNED", "DENIAL_MISSING", "SERVER_STRIPS_SIGNATURES", "DENIAL_INCOMPLETE",
           "SIGNATURE_KEY_MISSING"),
)  # fmt: skip
def _unsigned(case: Case) -> Iterable[Found]:
    for server, rrset in case.unsigned:
        if rrset.rdtype not in _ASKED_APART:
            yield found(describe(rrset), server.address)

"""From the validator's verdict on a trust point's DNSKEY RRset to what RFC 5011 may learn from it.

There is one validator: the key set counts when its chain says so. What is added here is only the self-signature of revoked
keys, which is no link of any chain.
"""

from collections.abc import Sequence
from typing import Final

from unbroken.anchors.rfc5011.states import Observation, without_revoke_bit
from unbroken.authentication.policy import Policy
from unbroken.authentication.revocation import self_revoked_keys
from unbroken.chain import (
    Budget,
    Chain,
    Evidence,
    Limits,
    Link,
    LinkKind,
    Question,
    SignatureAttempt,
    SignatureOutcome,
    Status,
)
from unbroken.dns import Dnskey, Name
from unbroken.dns.serial import seconds_until

_DNSKEY: Final = 48


def question_for(owner: Name) -> Question:
    """What to ask to look at a trust point (RFC 5011 §2.3): its DNSKEY RRset. Validate it with the trust point's
    `look_anchor`, and with a trust cache of its own: keys remembered from an earlier look are no new one."""
    return Question(owner, _DNSKEY)


def observe(chain: Chain, owner: Name, now: int, policy: Policy, limits: Limits | None = None) -> Observation:
    """What the chain of `question_for(owner)` shows at `now` (epoch seconds). Never raises for what a chain holds."""
    link = _key_link(chain, owner)
    if link is None:
        return Observation(problem=_problem(chain, owner))
    evidence = link.evidence[0]
    budget = Budget(limits or Limits())
    revoked = tuple(map(without_revoke_bit, self_revoked_keys(evidence, owner, now, policy, budget)))
    # RFC 5011 §2.2: new keys count only in an RRset that is signed by a current trust anchor.
    if chain.status is not Status.SECURE or link.status is not Status.SECURE or not _starts_at(chain, owner):
        return Observation(revoked=revoked, problem=_problem(chain, owner))
    original_ttl, expires_in = _times(link.attempts, now)
    keys = tuple(
        filter(lambda key: _is_usable(key, policy), evidence.rrset.dnskeys()[: budget.limits.dnskeys_per_zone])
    )
    return Observation(keys, revoked, True, original_ttl, expires_in)


def _key_link(chain: Chain, owner: Name) -> Link | None:
    """The link that holds the zone's DNSKEY RRset as it was judged by the anchors, if the walk came so far."""
    if chain.question != question_for(owner):
        return None
    return next((link for link in chain.links if _holds_keys(link, owner)), None)


def _holds_keys(link: Link, owner: Name) -> bool:
    evidence: Sequence[Evidence] = link.evidence
    return link.kind is LinkKind.KEY and link.zone == owner and bool(evidence) and evidence[0].rrset.rdtype == _DNSKEY


def _starts_at(chain: Chain, owner: Name) -> bool:
    """Whether the trust comes from the trust point itself: a chain from above says nothing about its anchors."""
    first = chain.links[0]
    return first.kind is LinkKind.ANCHOR and first.zone == owner and chain.anchor == owner


def _is_usable(key: Dnskey, policy: Policy) -> bool:
    # A key whose algorithm is not supported would make the whole zone insecure once it is the only anchor left (RFC 4035 §5.2).
    return (
        key.is_zone_key
        and not key.is_revoked
        and key.protocol == 3
        and policy.supports_key(key.algorithm, key.public_key)
    )


def _times(attempts: Sequence[SignatureAttempt], now: int) -> tuple[int, int]:
    """RFC 5011 §2.3: the original TTL, and the seconds until the signature that verified expires."""
    good = [attempt.rrsig for attempt in attempts if attempt.outcome is SignatureOutcome.VERIFIED]
    return (
        min((rrsig.original_ttl for rrsig in good), default=0),
        max(0, min((seconds_until(rrsig.expiration, now) for rrsig in good), default=0)),
    )


def _problem(chain: Chain, owner: Name) -> str:
    if chain.question != question_for(owner):
        return f"the chain is not one of {owner} DNSKEY"
    if chain.reason is not None:
        return chain.reason.sentence
    return f"the chain of {owner} DNSKEY is {chain.status.value} and does not start at an anchor of {owner}"

"""The oracle for verdicts: altered evidence may only give what the honest evidence gives, or Bogus, or Indeterminate."""

from typing import Final

from fuzz.world import EXPIRATION, NOW, World
from unbroken.chain import Chain, Limits, Link, LinkKind, SignatureOutcome, Status
from unbroken.dns import rdtype as rr

_REFUSALS: Final = (Status.BOGUS, Status.INDETERMINATE)
_LIMITS: Final = Limits()


def violation(chain: Chain, world: World, elapsed: int = 0) -> str:
    """What is wrong with a verdict on altered evidence, or "". `elapsed`: seconds from `NOW` to when the evidence came."""
    if chain.status in _REFUSALS:
        return bounds(chain)
    honest = world.truth(chain.question)
    if honest.status is Status.INDETERMINATE and chain.status is Status.INSECURE:
        return bounds(chain)  # an aliases' loop may be cut by answers that no signature protects
    if chain.status is not honest.status:
        return f"{chain.question}: {chain.status} where honest evidence gives {honest.status}"
    if chain.status is Status.SECURE:
        return _not_the_answer(chain, honest, elapsed) or _forged_link(chain, world, elapsed) or bounds(chain)
    return _forged_link(chain, world, elapsed) or bounds(chain)


def _not_the_answer(chain: Chain, honest: Chain, elapsed: int) -> str:
    where = chain.question
    if chain.outcome is not honest.outcome:
        return f"{where}: secure {chain.outcome} where the honest outcome is {honest.outcome}"
    if where.rdtype == rr.ANY:
        return ""  # RFC 8482: any part of it is an answer; each RRset is looked at as a link
    if [hop.question for hop in chain.hops] != [hop.question for hop in honest.hops]:
        return f"{where}: secure by way of other names than the honest ones"
    if chain.rrset != honest.rrset:
        return f"{where}: secure with another RRset"
    # RFC 4035 §5.3.3: the TTL is capped by the signed original TTL, so raising it in transit must gain nothing.
    if (chain.valid_until or 0) > (honest.valid_until or 0) + elapsed:
        return f"{where}: valid until {chain.valid_until}, the honest evidence only until {honest.valid_until}"
    return ""


def _forged_link(chain: Chain, world: World, elapsed: int) -> str:
    for link in chain.all_links:
        if link.status is Status.SECURE and link.kind in (LinkKind.DATA, LinkKind.KEY, LinkKind.DELEGATION):
            reason = _wrong(link, world, elapsed)
            if reason:
                return f"{chain.question}: {reason}"
    return ""


def _wrong(link: Link, world: World, elapsed: int) -> str:
    rrset = link.evidence[0].rrset
    if link.denial is None and not world.is_authentic(rrset):
        return f"a secure {link.kind.value} link holds {rrset.owner} {rrset.rdtype}, which no signed zone does"
    signed = world.authentic.get((rrset.owner, rrset.rdtype), [])
    ttl = max((held.ttl for held in signed), default=7200)
    if link.valid_until is not None and link.valid_until > min(NOW + elapsed + ttl, EXPIRATION):
        return f"the link of {rrset.owner} {rrset.rdtype} outlives its original TTL"
    return ""


def bounds(chain: Chain) -> str:
    """Whether more signatures were verified than the limits allow."""
    attempts = {id(attempt): attempt.outcome for link in chain.all_links for attempt in link.attempts}
    failed = sum(outcome is SignatureOutcome.BAD_SIGNATURE for outcome in attempts.values())
    made = failed + sum(outcome is SignatureOutcome.VERIFIED for outcome in attempts.values())
    if made > _LIMITS.verifications or failed > _LIMITS.failed_verifications:
        return f"{chain.question}: {made} signatures were verified, {failed} in vain"
    return ""

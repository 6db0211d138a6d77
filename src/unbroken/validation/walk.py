"""Walking down from the closest trust anchor, zone cut by zone cut, to the zone that a name or a signer is in (RFC 4035 §5.2).

A DS RRset, signed by the zone at hand, leads into the child. A proof that there is none, at a delegation, ends the chain
of trust: all below is insecure. A name that is no zone cut is passed over.
"""

from collections.abc import Generator, Mapping

from unbroken.anchors.store import NegativeTrustAnchor, TrustAnchor
from unbroken.authentication.denial import prove_no_ds, prove_wildcard_answer
from unbroken.authentication.rrsig import verify_rrset
from unbroken.chain import Code, DenialKind, Link, LinkKind, OverLimit, Status, finding
from unbroken.chain.times import to_iso
from unbroken.dns import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.dns.section import find_rrset, find_rrsigs
from unbroken.records import replace
from unbroken.validation.context import Context, ask, describe, dname_above, gather, pause
from unbroken.validation.denials import Prove, collect, holds_denial, judge
from unbroken.validation.explain import explain_failure, explain_signatures
from unbroken.validation.memory import Crossing, Delegation
from unbroken.validation.protocol import Answer, Lookup, NoAnswer, Response
from unbroken.validation.trust import ZoneTrust
from unbroken.validation.zone_keys import Steps, enter_by_anchor, enter_by_ds

# Up to so many labels below a secure zone, every name is asked for DS and DNSKEY at once: one round trip for a usual name.
_EAGER_LABELS = 3
# Seconds for which a verdict by a negative trust anchor without an end may be kept.
_RECONSIDERED = 3600
# Earlier responses whose denial records are looked at for want of a DS answer.
_RESPONSES_SEARCHED = 16
_RESPONSES_IN_HAND = 3


def establish_zone(ctx: Context, target: Name, *, is_apex: bool) -> Steps:
    """What can be trusted of the zone that `target` is in. With `is_apex`, something claims that `target` is a zone's apex.

    The result's zone is `target` itself when a secure chain of zone cuts leads there; else the last zone reached. SECURE
    with another zone means: `target` is no zone cut.
    """
    known = ctx.memory.zones.get((target, is_apex))
    if known is not None and known[0] == len(ctx.responses):
        return known[1]
    trust = yield from _establish(ctx, target, is_apex=is_apex)
    ctx.memory.zones[target, is_apex] = len(ctx.responses), trust
    return trust


def _establish(ctx: Context, target: Name, *, is_apex: bool) -> Steps:
    negative = ctx.anchors.negative_for(target, ctx.now)
    if negative is not None:
        return _switched_off(ctx, negative)
    # RFC 6840 §5.10: of nested trust anchors, the closest one counts, and no other is tried when its chain fails.
    anchor = ctx.anchors.closest(target)
    if anchor is None:
        reason = finding(Code.NO_TRUST_ANCHOR, target)
        return ZoneTrust(target, Status.INDETERMINATE, (), (), None, ctx.now, reason)
    here = _known(ctx, target, anchor)
    if here is None:
        key = (anchor.owner, anchor.owner)
        if key not in ctx.memory.entered:
            ctx.memory.entered[key] = yield from enter_by_anchor(ctx, anchor)
        here = ctx.memory.entered[key]
    return (yield from _descend(ctx, here, target, is_apex=is_apex))


def _switched_off(ctx: Context, negative: NegativeTrustAnchor) -> ZoneTrust:
    """RFC 7646 §2: at and below a negative trust anchor nothing is validated, so that all of it is insecure, with the reason
    that somebody gave. A positive anchor further down is closer: `negative_for` does not get here for what lies below it.
    """
    until = negative.until if negative.until is not None else ctx.now + _RECONSIDERED
    ends = to_iso(negative.until) if negative.until is not None else "it is lifted"
    reason = finding(Code.NEGATIVE_TRUST_ANCHOR, negative.owner, reason=negative.reason, until=ends)
    link = Link(LinkKind.ANCHOR, negative.owner, Status.INSECURE, findings=(reason,), valid_until=until)
    return ZoneTrust(negative.owner, Status.INSECURE, (), (link,), negative.owner, until, reason)


def _known(ctx: Context, target: Name, anchor: TrustAnchor) -> ZoneTrust | None:
    """The deepest zone at or above `target` that is still trusted, or distrusted, from an earlier walk from this anchor."""
    for count in range(target.label_count, anchor.owner.label_count - 1, -1):
        known = ctx.known(target.ancestor(count))
        if known is not None and known.anchor == anchor.owner:
            return known
    return None


def _descend(ctx: Context, here: ZoneTrust, target: Name, *, is_apex: bool) -> Steps:
    gap: ZoneTrust | None = None
    passed = here.zone.label_count
    while here.status is Status.SECURE and passed < target.label_count:
        # Once in a zone, and for the last few labels: what it learns of the target does not change in between.
        if is_apex and (passed == here.zone.label_count or target.label_count - passed <= _EAGER_LABELS):
            passed = yield from _look_ahead(ctx, here, target, passed)
        name = target.ancestor(passed + 1)
        step = yield from prove_delegation(ctx, here, name)
        yield from pause(ctx)
        if step.crossing is Crossing.SIGNED:
            here = yield from _enter(ctx, here, step)
            gap = None
            passed = here.zone.label_count
        elif step.crossing is Crossing.INSECURE:
            return _insecure_below(ctx, here, step.link)
        else:
            passed += 1
            # A name above the target that can't be judged may be no cut at all: what lies below it can still show that.
            if step.crossing is Crossing.BROKEN and gap is None:
                gap = _broken_below(here, step.link)
    return here if gap is None or (here.zone == target and here.status is Status.SECURE) else gap


def _enter(ctx: Context, parent: ZoneTrust, step: Delegation) -> Steps:
    key = (step.link.zone, parent.zone)
    if key not in ctx.memory.entered:
        ctx.memory.entered[key] = yield from enter_by_ds(ctx, parent, step.link, step.dses)
    return ctx.memory.entered[key]


def _broken_below(here: ZoneTrust, link: Link) -> ZoneTrust:
    return replace(
        here, zone=link.zone, status=link.status, keys=(), links=(*here.links, link), reason=link.findings[0]
    )


def _insecure_below(ctx: Context, parent: ZoneTrust, link: Link) -> ZoneTrust:
    until = min(parent.valid_until, link.valid_until or parent.valid_until)
    reason = link.findings[0] if link.findings else None
    trust = ZoneTrust(link.zone, Status.INSECURE, (), (*parent.links, link), parent.anchor, until, reason)
    ctx.remember(trust)
    return trust


def _look_ahead(
    ctx: Context, here: ZoneTrust, target: Name, passed: int
) -> Generator[tuple[Lookup, ...], Mapping[Lookup, Response], int]:
    """Ask early for what is needed on the way to a zone apex; the label count of the last name to pass over.

    A few labels: all their DS and DNSKEY at once. Many labels (ip6.arpa): the apex's DS names its signer, which is the
    zone above it; whatever lies between them is no cut. These are hints: only what verifies counts.
    """
    remaining = target.label_count - passed
    if remaining <= _EAGER_LABELS:
        names = [target.ancestor(count) for count in range(passed + 1, target.label_count + 1)]
        yield from ask(ctx, *(Lookup(name, rdtype) for name in names for rdtype in (rr.DS, rr.DNSKEY)))
        return passed
    apex = target
    while True:
        (response,) = yield from ask(ctx, Lookup(apex, rr.DS))
        signer = _ds_signer(response, apex)
        if signer is None or not signer.is_subdomain_of(here.zone):
            return passed
        if signer == here.zone:
            return max(passed, apex.label_count - 1)
        apex = signer


def _ds_signer(response: Response, name: Name) -> Name | None:
    """Who signed the DS RRset of `name`: by that, the zone above it. None when there is no telling."""
    if not isinstance(response, Answer):
        return None
    rrsigs = find_rrsigs(response.message.answer, name, rr.DS)
    above = [rrsig.signer for rrsig in rrsigs if name.is_below(rrsig.signer)]
    return above[0] if above else None


def prove_delegation(
    ctx: Context, parent: ZoneTrust, name: Name
) -> Generator[tuple[Lookup, ...], Mapping[Lookup, Response], Delegation]:
    """What `name`, below the secure zone `parent`, is: by its DS RRset or by the proof that there is none."""
    try:
        ctx.budget.charge_step()
    except OverLimit as over:
        reason = finding(Code.LIMIT_EXCEEDED, describe(name, rr.DS), limit=over.limit)
        return Delegation(Crossing.BROKEN, Link(LinkKind.DELEGATION, name, Status.BOGUS, findings=(reason,)))
    known = ctx.memory.delegations.get((parent.zone, name))
    if known is not None and known[0] in (None, len(ctx.responses)):
        return known[1]
    (response,) = yield from ask(ctx, Lookup(name, rr.DS))
    if isinstance(response, NoAnswer):
        found = yield from _without_answer(ctx, parent, name, response)
        # Only here may more responses tell more.
        ctx.memory.delegations[parent.zone, name] = len(ctx.responses), found
    else:
        found = yield from _by_answer(ctx, parent, name, response)
        ctx.memory.delegations[parent.zone, name] = None, found
    return found


def _by_answer(
    ctx: Context, parent: ZoneTrust, name: Name, response: Answer
) -> Generator[tuple[Lookup, ...], Mapping[Lookup, Response], Delegation]:
    if find_rrset(response.message.answer, name, rr.DS) is not None:
        return (yield from _by_ds(ctx, parent, name, response))
    alias = _alias_of(response, name, parent.zone)
    if alias is not None:
        return (yield from _by_alias(ctx, parent, name, alias, response))
    return (yield from _by_denial(ctx, parent, name, response, _no_ds(ctx, name)))


def _without_answer(
    ctx: Context, parent: ZoneTrust, name: Name, response: NoAnswer
) -> Generator[tuple[Lookup, ...], Mapping[Lookup, Response], Delegation]:
    known = yield from _from_what_is_in_hand(ctx, parent, name)
    if known is not None:
        return known
    reason = explain_failure(response, describe(name, rr.DS))
    return Delegation(Crossing.BROKEN, Link(LinkKind.DELEGATION, name, Status.INDETERMINATE, findings=(reason,)))


def _from_what_is_in_hand(
    ctx: Context, parent: ZoneTrust, name: Name
) -> Generator[tuple[Lookup, ...], Mapping[Lookup, Response], Delegation | None]:
    """A proof is a proof, whatever question it came with (RFC 4035 §5.4 asks for the records, not for their message): when
    the DS can't be had, the denial records of earlier responses may still tell what the name is.
    """
    answers = [r for r in ctx.responses.values() if isinstance(r, Answer)][:_RESPONSES_SEARCHED]
    in_hand = [r for r in answers if holds_denial(ctx, r, parent.zone)]
    for response in in_hand[:_RESPONSES_IN_HAND]:
        found = yield from _by_denial(ctx, parent, name, response, _no_ds(ctx, name))
        if found.crossing is not Crossing.BROKEN:
            return found
    return None


def _by_ds(
    ctx: Context, parent: ZoneTrust, name: Name, response: Answer
) -> Generator[tuple[Lookup, ...], Mapping[Lookup, Response], Delegation]:
    rrset = find_rrset(response.message.answer, name, rr.DS)
    assert rrset is not None
    evidence = gather(response, rrset, response.message.answer)
    verdict = verify_rrset(evidence, parent.zone, parent.keys, ctx.now, ctx.policy, ctx.budget, ctx.all_paths)
    yield from pause(ctx)
    link = Link(LinkKind.DELEGATION, name, Status.BOGUS, evidence=(evidence,), attempts=verdict.attempts)
    # A DS RRset belongs to one delegation: expanded from a wildcard it is none (RFC 4592 §4.6).
    if verdict.verified is None or verdict.is_expanded(rrset):
        reason = explain_signatures(verdict.attempts, describe(name, rr.DS), parent.zone, ctx.now)
        return Delegation(Crossing.BROKEN, replace(link, findings=(reason,)))
    until = ctx.valid_until(evidence, verdict.attempts)
    return Delegation(Crossing.SIGNED, replace(link, status=Status.SECURE, valid_until=until), rrset.dses())


def _alias_of(response: Answer, name: Name, zone: Name) -> RRset | None:
    """What makes a name an alias: its CNAME, or, for an unsigned one (RFC 6672 §5.3.1), the DNAME that made it."""
    answer = response.message.answer
    cname = find_rrset(answer, name, rr.CNAME)
    if cname is not None and gather(response, cname, answer).rrsigs:
        return cname
    return dname_above(answer, name, zone) or cname


def _by_alias(
    ctx: Context, parent: ZoneTrust, name: Name, alias: RRset, response: Answer
) -> Generator[tuple[Lookup, ...], Mapping[Lookup, Response], Delegation]:
    """An authentic CNAME at the name, or DNAME above it: no zone cut can be there too (RFC 2181 §10.1, RFC 6672 §2.4)."""
    evidence = gather(response, alias, response.message.answer)
    verdict = verify_rrset(evidence, parent.zone, parent.keys, ctx.now, ctx.policy, ctx.budget, ctx.all_paths)
    yield from pause(ctx)
    link = Link(LinkKind.DELEGATION, name, Status.SECURE, evidence=(evidence,), attempts=verdict.attempts)
    if verdict.verified is None:
        reason = finding(Code.DELEGATION_UNPROVEN, name, parent=parent.zone)
        return Delegation(Crossing.BROKEN, replace(link, status=Status.BOGUS, findings=(reason,)))
    if not verdict.is_expanded(alias):
        return Delegation(Crossing.NOT_A_CUT, link)
    # RFC 4035 §5.3.4: or a wildcard's CNAME could be moved to a name that is a delegation.
    encloser = alias.owner.ancestor(verdict.verified.labels)
    return (
        yield from _by_denial(
            ctx,
            parent,
            name,
            response,
            lambda records: prove_wildcard_answer(records, alias.owner, encloser, ctx.budget),
        )
    )


def _no_ds(ctx: Context, name: Name) -> Prove:
    return lambda records: prove_no_ds(records, name, ctx.budget)


def _by_denial(
    ctx: Context, parent: ZoneTrust, name: Name, response: Answer, prove: Prove
) -> Generator[tuple[Lookup, ...], Mapping[Lookup, Response], Delegation]:
    collected = yield from collect(ctx, response, parent)
    where = describe(name, rr.DS)
    judgement = judge(ctx, collected, where, parent.zone, prove)
    link = Link(
        LinkKind.DELEGATION,
        name,
        judgement.status,
        evidence=collected.evidence,
        attempts=collected.attempts,
        denial=judgement.denial,
        findings=judgement.findings,
        valid_until=collected.valid_until,
    )
    if judgement.denial is not None:
        # RFC 5155 §6: what an opt-out span covers may be an unsigned delegation, though a wildcard seems to answer for it.
        if judgement.denial.kind is not DenialKind.NO_DS and not judgement.denial.opt_out:
            return Delegation(Crossing.NOT_A_CUT, link)
        # RFC 4035 §5.2, RFC 5155 §8.6: a delegation without DS, or one that opt-out may hide.
        reason = finding(Code.DELEGATION_INSECURE, name)
        return Delegation(Crossing.INSECURE, replace(link, status=Status.INSECURE, findings=(reason,)))
    if judgement.status is Status.INSECURE:
        return Delegation(Crossing.INSECURE, link)
    if judgement.findings[0].code in (Code.DENIAL_MISSING, Code.DENIAL_INCOMPLETE):
        unproven = finding(Code.DELEGATION_UNPROVEN, name, parent=parent.zone)
        link = replace(link, findings=(unproven, *judgement.findings))
    return Delegation(Crossing.BROKEN, link)

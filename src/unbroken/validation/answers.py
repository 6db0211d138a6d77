"""One hop of an answer: the RRset that was asked for, an alias that leads on, or a denial (RFC 4035 §5.3, §5.4)."""

from collections.abc import Generator, Mapping

from unbroken.authentication.denial import DenialRecords, prove_negative, prove_wildcard_answer
from unbroken.authentication.rrsig import verify_rrset
from unbroken.authentication.unproven import Unproven
from unbroken.chain import (
    Code,
    Denial,
    DenialKind,
    Evidence,
    Finding,
    Link,
    LinkKind,
    Outcome,
    Question,
    Status,
    finding,
)
from unbroken.dns import Message, Name, RRset, Rrsig
from unbroken.dns import rdtype as rr
from unbroken.dns.section import find_rrset
from unbroken.records import dataclass, replace
from unbroken.validation.context import Context, describe, gather, holder_of, pause, redirection_of
from unbroken.validation.denials import collect, denial_link, judge
from unbroken.validation.explain import explain_signatures
from unbroken.validation.protocol import Answer, Lookup, Response
from unbroken.validation.trust import ZoneTrust
from unbroken.validation.walk import establish_zone

# Signers named in one response that are followed; an honest one has one, a mixture of zones two or three.
_SIGNERS = 3


@dataclass(frozen=True, slots=True)
class Hop:
    """The verdict on one name of the answer; `target` is where an alias leads on to."""

    links: tuple[Link, ...]
    outcome: Outcome
    rcode: int
    anchor: Name | None
    target: Name | None = None
    findings: tuple[Finding, ...] = ()


HopSteps = Generator[tuple[Lookup, ...], Mapping[Lookup, Response], Hop]
LinkSteps = Generator[tuple[Lookup, ...], Mapping[Lookup, Response], tuple[Link, ...]]
TrustSteps = Generator[tuple[Lookup, ...], Mapping[Lookup, Response], ZoneTrust]


def authenticate_hop(ctx: Context, question: Question, response: Answer) -> HopSteps:
    """Judge what the response says of one name and type."""
    answer = response.message.answer
    name, rdtype = question.name, question.rdtype
    cname = find_rrset(answer, name, rr.CNAME)
    dname = redirection_of(ctx, answer, question)
    # RFC 6672 §5.3.1: the CNAME that a DNAME makes has no signature of its own.
    is_synthesis = dname is not None and (cname is None or not gather(response, cname, answer).rrsigs)
    found = [rrset for rrset in answer if _is_data(rrset) and rrset.owner == name] if rdtype == rr.ANY else []
    if found and not (is_synthesis and found == [cname]):
        return (yield from _authenticate_any(ctx, found, response))
    # RFC 8482 §4.1: a server may choose what it answers ANY with, RRSIGs alone too.
    if rdtype in (rr.RRSIG, rr.ANY) and not found and (signatures := _rrsig_rrsets(answer, name)):
        return (yield from _rrsig_query(ctx, name, signatures, response))
    if rdtype not in (rr.CNAME, rr.RRSIG, rr.ANY) and (rrset := find_rrset(answer, name, rdtype)) is not None:
        return (yield from _authenticate_one(ctx, rrset, response, Outcome.ANSWER, None))
    if dname is not None and is_synthesis:
        hop = yield from _authenticate_dname(ctx, name, dname, cname, response)
        # RFC 1034 §3.6.2: who asks for the CNAME itself, or for anything, is not sent on.
        is_answer = rdtype in (rr.CNAME, rr.ANY) and hop.target is not None
        return replace(hop, outcome=Outcome.ANSWER, target=None) if is_answer else hop
    if cname is not None and rdtype == rr.CNAME:
        return (yield from _authenticate_one(ctx, cname, response, Outcome.ANSWER, None))
    if cname is not None:
        return (yield from _authenticate_one(ctx, cname, response, Outcome.REDIRECT, cname.target()))
    return (yield from _authenticate_negative(ctx, question, response))


def _rrsig_rrsets(answer: tuple[RRset, ...], name: Name) -> list[RRset]:
    return [r for r in answer if r.rdtype == rr.RRSIG and r.owner == name and r.rdclass == rr.CLASS_IN]


def _is_data(rrset: RRset) -> bool:
    return rrset.rdtype != rr.RRSIG and rrset.rdclass == rr.CLASS_IN


def establish_zone_of(ctx: Context, owner: Name, rdtype: int, rrsigs: tuple[Rrsig, ...]) -> TrustSteps:
    """The zone that holds an RRset: the one that its signatures name, if a chain of zone cuts leads there; without
    signatures, whatever zone the walk towards the owner ends in.
    """
    inside = holder_of(owner, rdtype)
    if ctx.anchors.negative_for(inside, ctx.now) is not None:
        return (yield from establish_zone(ctx, inside, is_apex=False))
    anchor = ctx.anchors.closest(inside)
    # RFC 4035 §5.3.1: the signer is the zone that contains the RRset, so it encloses the owner; and a configured anchor
    # says that there is a zone, so nothing above it can be the one.
    enclosing = {rrsig.signer for rrsig in rrsigs if inside.is_subdomain_of(rrsig.signer)}
    if anchor is not None:
        enclosing = {signer for signer in enclosing if signer.is_subdomain_of(anchor.owner)}
    trust: ZoneTrust | None = None
    for signer in sorted(enclosing, key=lambda name: -name.label_count)[:_SIGNERS]:
        found = yield from establish_zone(ctx, signer, is_apex=True)
        if found.status is Status.INSECURE or (found.status is Status.SECURE and found.zone == signer):
            return found
        trust = trust or found
    if trust is not None and trust.status is not Status.SECURE:
        return trust
    return (yield from establish_zone(ctx, inside, is_apex=False))


def _authenticate_one(ctx: Context, rrset: RRset, response: Answer, outcome: Outcome, target: Name | None) -> HopSteps:
    evidence = gather(response, rrset, response.message.answer)
    zone = yield from establish_zone_of(ctx, rrset.owner, rrset.rdtype, evidence.rrsigs)
    links = yield from authenticate_rrset(ctx, evidence, zone, response)
    return _hop(zone, links, outcome, _proven_rcode(links, rr.NOERROR, response), target)


def _proven_rcode(links: tuple[Link, ...], proven: int, response: Answer) -> int:
    """RFC 4035 §3.2.3: nothing signs the header, so the rcode of what is secure is the one that the data stand for; RFC 2308
    §1: that of a name which has data, or is an alias, is NOERROR. Of what is not secure it is as good as the data.
    """
    return proven if all(link.status is Status.SECURE for link in links) else response.message.rcode


def _hop(zone: ZoneTrust, links: tuple[Link, ...], outcome: Outcome, rcode: int, target: Name | None = None) -> Hop:
    findings = (zone.reason,) if zone.reason is not None and not zone.links else ()
    return Hop((*zone.links, *links), outcome, rcode, zone.anchor, target, findings)


def authenticate_rrset(ctx: Context, evidence: Evidence, zone: ZoneTrust, response: Answer) -> LinkSteps:
    """The DATA link of an RRset and, when it was expanded from a wildcard, the DENIAL link that must come with it."""
    rrset = evidence.rrset
    if zone.status is not Status.SECURE:
        # Nothing below a broken or absent chain can be more than the chain is: the RRset is shown with its status.
        return (Link(LinkKind.DATA, zone.zone, zone.status, evidence=(evidence,), valid_until=ctx.now + rrset.ttl),)
    verdict = verify_rrset(evidence, zone.zone, zone.keys, ctx.now, ctx.policy, ctx.budget, ctx.all_paths)
    yield from pause(ctx)
    if verdict.verified is None:
        where = describe(rrset.owner, rrset.rdtype)
        reason = explain_signatures(verdict.attempts, where, zone.zone, ctx.now)
        attempts = verdict.attempts
        return (Link(LinkKind.DATA, zone.zone, Status.BOGUS, (evidence,), attempts, findings=(reason,)),)
    until = ctx.valid_until(evidence, verdict.attempts)
    data = Link(LinkKind.DATA, zone.zone, Status.SECURE, (evidence,), verdict.attempts, valid_until=until)
    if not verdict.is_expanded(rrset):
        return (data,)
    if _names_another_source(evidence, verdict.verified):
        reason = finding(
            Code.WILDCARD_UNPROVEN,
            describe(rrset.owner, rrset.rdtype),
            wildcard=rrset.owner.ancestor(verdict.verified.labels).wildcard(),
        )
        return (replace(data, status=Status.BOGUS, findings=(reason,)),)
    denial = yield from _deny_closer_match(ctx, rrset, verdict.verified, zone, response)
    return (data, denial)


def _names_another_source(evidence: Evidence, verified: Rrsig) -> bool:
    """RFC 4035 §3.1.1, §5.3.4: an RRset comes with its signatures from one owner, the wildcard or the name itself, so they
    all count the same labels; a signature of the zone that counts others contradicts the expansion.
    """
    return any(rrsig.signer == verified.signer and rrsig.labels != verified.labels for rrsig in evidence.rrsigs)


def _deny_closer_match(
    ctx: Context, rrset: RRset, rrsig: Rrsig, zone: ZoneTrust, response: Answer
) -> Generator[tuple[Lookup, ...], Mapping[Lookup, Response], Link]:
    """RFC 4035 §5.3.4, RFC 5155 §8.8: an expanded RRset counts only if no closer match exists."""
    encloser = rrset.owner.ancestor(rrsig.labels)
    where = describe(rrset.owner, rrset.rdtype)
    collected = yield from collect(ctx, response, zone)
    judgement = judge(
        ctx,
        collected,
        where,
        zone.zone,
        lambda records: prove_wildcard_answer(records, rrset.owner, encloser, ctx.budget),
    )
    link = denial_link(zone, collected, judgement, where)
    if link.findings and link.findings[0].code in (Code.DENIAL_MISSING, Code.DENIAL_INCOMPLETE):
        unproven = finding(Code.WILDCARD_UNPROVEN, where, wildcard=encloser.wildcard())
        # Nothing says that the RRset does not exist: what is missing is the proof of the name's own absence, and no more.
        return replace(link, findings=(unproven,))
    return link


def _authenticate_any(ctx: Context, found: list[RRset], response: Answer) -> HopSteps:
    """RFC 6840 §4.2: all RRsets of an ANY answer must validate, and nothing proves that there are no others."""
    links: tuple[Link, ...] = ()
    zone: ZoneTrust | None = None
    for rrset in found:
        evidence = gather(response, rrset, response.message.answer)
        its_zone = yield from establish_zone_of(ctx, rrset.owner, rrset.rdtype, evidence.rrsigs)
        yield from pause(ctx)
        zone = zone or its_zone
        if its_zone.zone != zone.zone:
            links += tuple(link for link in its_zone.links if link not in zone.links)
        links += yield from authenticate_rrset(ctx, evidence, its_zone, response)
    assert zone is not None
    return _hop(zone, links, Outcome.ANSWER, _proven_rcode(links, rr.NOERROR, response))


def _rrsig_query(ctx: Context, name: Name, found: list[RRset], response: Answer) -> HopSteps:
    """RRSIGs are never signed (RFC 4035 §2.2), so an answer to a question for them is at best insecure."""
    # Their signers say which zone this is: below its apex nothing needs to be asked.
    signers = tuple(rrsig for rrset in found for rrsig in rrset.rrsigs())
    zone = yield from establish_zone_of(ctx, name, rr.RRSIG, signers)
    evidence = tuple(Evidence(rrset, (), response.provenance) for rrset in found)
    if zone.status is Status.SECURE:
        reason = finding(Code.RRSIG_QUERY_UNSIGNED, describe(name, rr.RRSIG))
        link = Link(LinkKind.DATA, zone.zone, Status.INSECURE, evidence=evidence, findings=(reason,))
    else:
        link = Link(LinkKind.DATA, zone.zone, zone.status, evidence=evidence)
    return _hop(zone, (link,), Outcome.ANSWER, response.message.rcode)


def _authenticate_dname(ctx: Context, name: Name, dname: RRset, cname: RRset | None, response: Answer) -> HopSteps:
    """RFC 6672 §5.3.1: the DNAME is signed, the CNAME made from it is not; the validator makes it anew and compares."""
    evidence = gather(response, dname, response.message.answer)
    zone = yield from establish_zone_of(ctx, dname.owner, rr.DNAME, evidence.rrsigs)
    links = yield from authenticate_rrset(ctx, evidence, zone, response)
    try:
        target = name.replace_suffix(dname.owner, dname.target())
    except ValueError:
        # RFC 6672 §2.2: the new name is too long, which YXDOMAIN says; the alias leads nowhere.
        return _hop(zone, links, Outcome.REDIRECT, _proven_rcode(links, rr.YXDOMAIN, response))
    # The whole RRset counts: a second record beside the right one is as forged as a wrong one.
    if cname is not None and cname.names() != (target,):
        reason = finding(Code.DNAME_SYNTHESIS_WRONG, name, dname=dname.owner)
        status = Status.BOGUS if zone.status is Status.SECURE else zone.status
        shown = Evidence(cname, (), response.provenance)
        links = (*links, Link(LinkKind.DATA, zone.zone, status, evidence=(shown,), findings=(reason,)))
        target = cname.target()
    return _hop(zone, links, Outcome.REDIRECT, _proven_rcode(links, rr.NOERROR, response), target)


def _authenticate_negative(ctx: Context, question: Question, response: Answer) -> HopSteps:
    """RFC 4035 §5.4: no data came; the response must bring its zone's proof that there is none."""
    message = response.message
    rrsigs = _signatures_of_denial(message, question.name)
    zone = yield from establish_zone_of(ctx, question.name, question.rdtype, rrsigs)
    if zone.status is Status.SECURE:
        hop = yield from _deny(ctx, question, response, zone)
        if not _lacks_proof(hop):
            return hop
        # The records may be of a zone further up, from a server that holds both, or from a referral: what counts is whether a
        # cut that is proven insecure lies between (RFC 4035 §5.2).
        zone = yield from establish_zone_of(ctx, question.name, question.rdtype, ())
        if zone.status is not Status.INSECURE:
            return hop
    shown = tuple(
        gather(response, rrset, message.authority)
        for rrset in message.authority
        if rrset.rdtype in (rr.SOA, rr.NSEC, rr.NSEC3)
    )
    link = Link(LinkKind.DENIAL, zone.zone, zone.status, evidence=shown)
    return _hop(zone, (link,), _claimed(message), message.rcode)


def _lacks_proof(hop: Hop) -> bool:
    """Whether the denial failed for want of the right records; forged ones are another matter."""
    codes = {finding.code for link in hop.links for finding in link.findings if link.kind is LinkKind.DENIAL}
    return not codes.isdisjoint((Code.DENIAL_MISSING, Code.DENIAL_INCOMPLETE))


def _claimed(message: Message) -> Outcome:
    return Outcome.NXDOMAIN if message.rcode == rr.NXDOMAIN else Outcome.NODATA


def _deny(ctx: Context, question: Question, response: Answer, zone: ZoneTrust) -> HopSteps:
    """Hold the denial that a response claims against the records of a secure zone."""
    rcode = response.message.rcode
    collected = yield from collect(ctx, response, zone)
    where = describe(question.name, question.rdtype)
    judgement = judge(ctx, collected, where, zone.zone, lambda records: _prove(records, question, rcode, ctx))
    links: tuple[Link, ...] = (denial_link(zone, collected, judgement, where),)
    links += yield from _authenticate_soa(ctx, response, zone)
    outcome = _claimed(response.message)
    if judgement.denial is not None:
        outcome, rcode = _corrected(judgement.denial, rcode)
    return _hop(zone, links, outcome, rcode)


def _signatures_of_denial(message: Message, name: Name) -> tuple[Rrsig, ...]:
    """The RRSIGs that say which zone denies `name`. Its SOA says so too (RFC 2308 §2), so with an unsigned one, the signed
    records of a zone further up are that zone's proof of the delegation, not the denial.
    """
    apexes = [
        rrset.owner for rrset in message.authority if rrset.rdtype == rr.SOA and name.is_subdomain_of(rrset.owner)
    ]
    apex = max(apexes, key=lambda owner: owner.label_count, default=Name.ROOT)
    return tuple(
        rrsig
        for rrset in message.authority
        if rrset.rdtype == rr.RRSIG and rrset.rdclass == rr.CLASS_IN and rrset.covers in (rr.SOA, rr.NSEC, rr.NSEC3)
        for rrsig in rrset.rrsigs()
        if rrsig.signer.is_subdomain_of(apex)
    )


def _prove(records: DenialRecords, question: Question, rcode: int, ctx: Context) -> Denial | Unproven:
    proof = prove_negative(records, question.name, question.rdtype, rcode, ctx.budget)
    if isinstance(proof, Denial) or rcode != rr.NXDOMAIN:
        return proof
    # Some servers answer NXDOMAIN at an empty non-terminal, though it exists (RFC 4592 §2.2.2). The records are the proof,
    # the rcode is not signed; what they prove is what is believed.
    lesser = prove_negative(records, question.name, question.rdtype, rr.NOERROR, ctx.budget)
    return lesser if isinstance(lesser, Denial) and lesser.kind is DenialKind.NODATA else proof


def _corrected(denial: Denial, rcode: int) -> tuple[Outcome, int]:
    """What is proven, and the rcode that says so: the rcode itself is not signed."""
    if denial.kind is not DenialKind.NXDOMAIN:
        return Outcome.NODATA, rr.NOERROR
    # RFC 9824 §3.1, §5: compact denial says NOERROR and means NXDOMAIN, or says NXDOMAIN to who sets the CO flag.
    is_rcode_kept = denial.compact and rcode == rr.NOERROR
    return Outcome.NXDOMAIN, rr.NOERROR if is_rcode_kept else rr.NXDOMAIN


def _authenticate_soa(ctx: Context, response: Answer, zone: ZoneTrust) -> LinkSteps:
    """RFC 4035 §3.2.3: AD covers the authority section too, so an SOA that came along must be authentic."""
    soa = find_rrset(response.message.authority, zone.zone, rr.SOA)
    if soa is None:
        return ()
    evidence = gather(response, soa, response.message.authority)
    verdict = verify_rrset(evidence, zone.zone, zone.keys, ctx.now, ctx.policy, ctx.budget, ctx.all_paths)
    yield from pause(ctx)
    if verdict.verified is not None:
        until = ctx.valid_until(evidence, verdict.attempts)
        return (Link(LinkKind.DATA, zone.zone, Status.SECURE, (evidence,), verdict.attempts, valid_until=until),)
    reason = explain_signatures(verdict.attempts, describe(zone.zone, rr.SOA), zone.zone, ctx.now)
    return (Link(LinkKind.DATA, zone.zone, Status.BOGUS, (evidence,), verdict.attempts, findings=(reason,)),)

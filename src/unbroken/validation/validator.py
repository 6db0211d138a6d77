"""`validate`: from a question and its response to the chain that carries it. The only validator there is.

The rules come from RFC 4035 §5 as corrected by RFC 6840; each is enforced in the module of its subject: `walk` (zone cuts),
`zone_keys` (DS to DNSKEY), `answers` (data, aliases), `denials` (proofs of non-existence).
"""

from collections.abc import Generator, Mapping

from unbroken.anchors.store import TrustAnchors
from unbroken.authentication.policy import Policy
from unbroken.chain import (
    Budget,
    Chain,
    Code,
    Limits,
    Link,
    LinkKind,
    Outcome,
    Question,
    SignatureOutcome,
    Status,
    combine,
    finding,
)
from unbroken.dns import Message, Name
from unbroken.dns import rdtype as rr
from unbroken.dns.serial import to_epoch
from unbroken.validation.answers import Hop, authenticate_hop, establish_zone_of
from unbroken.validation.context import Context, ask, describe, redirection_of, usable
from unbroken.validation.explain import explain_failure
from unbroken.validation.protocol import Answer, Effort, Failure, Lookup, NoAnswer, Response, Validation
from unbroken.validation.trust import TrustCache

_DEFAULT_POLICY = Policy()
_DEFAULT_LIMITS = Limits()


def validate(
    question: Question,
    *,
    anchors: TrustAnchors,
    now: int,
    trust: TrustCache,
    policy: Policy = _DEFAULT_POLICY,
    limits: Limits = _DEFAULT_LIMITS,
    effort: Effort = Effort.FIRST_PATH,
    given: Response | None = None,
) -> Validation:
    """Validate the answer to a question. A generator: it yields batches of look-ups, is sent their responses, and returns
    the `Chain`. It never raises, whatever it is sent.

    `now`: epoch seconds. `trust` is read and added to. `given` is the response to the question, if it is in hand: it may
    hold the whole chain of aliases, as a recursive server's answer does, or one hop of it.
    """
    ctx = Context(anchors, now, trust, policy, Budget(limits), effort)
    if given is not None:
        ctx.responses[question] = usable(ctx, given)
    chains: list[Chain] = []
    hop_question = question
    response: Response | None = None
    seen: set[Name] = set()
    while True:
        if hop_question.name in seen or len(chains) > limits.hops:
            chains.append(_dead_end(hop_question))
            break
        seen.add(hop_question.name)
        response = yield from _response_for(ctx, hop_question, response)
        if isinstance(response, NoAnswer):
            chains.append((yield from _unanswered(ctx, hop_question, response)))
            break
        hop = yield from authenticate_hop(ctx, hop_question, response)
        chains.append(_chain(ctx, hop_question, hop))
        if hop.target is None:
            break
        hop_question = Question(hop.target, question.rdtype)
    return _joined(chains)


def _response_for(
    ctx: Context, question: Question, earlier: Response | None
) -> Generator[tuple[Lookup, ...], Mapping[Lookup, Response], Response]:
    """The message that speaks of this hop: the one in hand if it does, else what is fetched."""
    if isinstance(earlier, Answer) and speaks_of(ctx, earlier.message, question):
        return earlier
    (response,) = yield from ask(ctx, question)
    return response


def speaks_of(ctx: Context, message: Message, question: Question) -> bool:
    """Whether a message goes on to the target of its own alias: with what was asked for, with a further alias, or with a
    denial by a zone above it. Anything else at the target is no answer, and no reason to think that there is none.
    """
    target = question.name
    if any(r.owner == target and r.rdtype in (question.rdtype, rr.CNAME) for r in message.answer):
        return True
    if redirection_of(ctx, message.answer, question) is not None:
        return True
    return any(rrset.rdtype == rr.SOA and target.is_subdomain_of(rrset.owner) for rrset in message.authority)


def _unanswered(
    ctx: Context, question: Question, response: NoAnswer
) -> Generator[tuple[Lookup, ...], Mapping[Lookup, Response], Chain]:
    """RFC 4035 §4.3: what can't be fetched can't be judged. The chain is walked as far as it goes, to show where it ends."""
    zone = yield from establish_zone_of(ctx, question.name, question.rdtype, ())
    where = describe(question.name, question.rdtype)
    if response.failure is Failure.TOO_LARGE and zone.status is Status.SECURE:
        # RFC 4035 §5.5: there is an answer from a signed zone, and it does not validate. Were that indeterminate, a forged one
        # would only have to be large enough. None of its data is in the chain.
        reason = finding(Code.LIMIT_EXCEEDED, where, limit="RRsets in one response")
        refused = Link(LinkKind.DATA, zone.zone, Status.BOGUS, findings=(reason,))
        return Chain(question, Status.BOGUS, zone.anchor, (*zone.links, refused))
    status = Status.BOGUS if zone.status is Status.BOGUS else Status.INDETERMINATE
    return Chain(question, status, zone.anchor, zone.links, findings=(explain_failure(response, where),))


def _dead_end(question: Question) -> Chain:
    reason = finding(Code.REDIRECTION_LOOP, question.name)
    return Chain(question, Status.INDETERMINATE, findings=(reason,))


def _chain(ctx: Context, question: Question, hop: Hop) -> Chain:
    if hop.links:
        status = combine(link.status for link in hop.links)
    else:
        status = Status.INDETERMINATE
    starts = [
        to_epoch(attempt.rrsig.inception, ctx.now)
        for link in hop.links
        for attempt in link.attempts
        if attempt.outcome is SignatureOutcome.VERIFIED
    ]
    return Chain(
        question,
        status,
        hop.anchor,
        hop.links,
        outcome=hop.outcome,
        rcode=hop.rcode,
        valid_from=max(starts, default=None),
        valid_until=_earliest(hop.links),
        findings=hop.findings,
    )


def _earliest(links: tuple[Link, ...]) -> int | None:
    return min((link.valid_until for link in links if link.valid_until is not None), default=None)


def _joined(chains: list[Chain]) -> Chain:
    """The chain of the question, with those of its hops, and the status of all together."""
    first, hops = chains[0], tuple(chains[1:])
    if not hops:
        return first
    starts = [chain.valid_from for chain in chains if chain.valid_from is not None]
    ends = [chain.valid_until for chain in chains if chain.valid_until is not None]
    return Chain(
        first.question,
        combine(chain.status for chain in chains),
        first.anchor,
        first.links,
        hops,
        outcome=hops[-1].outcome if hops[-1].outcome is not Outcome.NONE else first.outcome,
        rcode=hops[-1].rcode,
        valid_from=max(starts, default=None),
        valid_until=min(ends, default=None),
        findings=first.findings,
    )

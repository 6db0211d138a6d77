"""What one validation carries along: its inputs, its budget, and the responses that it has been given."""

from collections.abc import Generator, Mapping

from unbroken._kernel import type_to_text
from unbroken.anchors.store import TrustAnchors
from unbroken.authentication.policy import Policy
from unbroken.chain import Budget, Evidence, OverLimit, Question, SignatureAttempt, SignatureOutcome
from unbroken.dns import Name, RRset
from unbroken.dns.rdtype import CLASS_IN, DNAME, DS, NOERROR, NXDOMAIN, YXDOMAIN, rcode_text
from unbroken.dns.section import find_rrsig_rrset
from unbroken.dns.serial import to_epoch
from unbroken.records import dataclass, field
from unbroken.validation.memory import Memory
from unbroken.validation.protocol import Answer, Effort, Failure, Lookup, NoAnswer, Response
from unbroken.validation.trust import Basis, TrustCache, ZoneTrust


@dataclass(slots=True)
class Context:
    """The state of one `validate` call. `now` is an epoch second and stays the same throughout."""

    anchors: TrustAnchors
    now: int
    trust: TrustCache
    policy: Policy
    budget: Budget
    effort: Effort
    responses: dict[Lookup, Response] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)

    def known(self, zone: Name) -> ZoneTrust | None:
        """What earlier questions, on the same basis, found of exactly this zone."""
        return self.trust.get(zone, self.now, self._basis)

    def remember(self, trust: ZoneTrust) -> None:
        """Keep what was found of a zone for later questions."""
        self.trust.put(trust, self.now, self._basis)

    @property
    def _basis(self) -> Basis:
        return self.anchors, self.policy, self.budget.limits

    @property
    def all_paths(self) -> bool:
        """Whether every signature is to be tried."""
        return self.effort is Effort.ALL_PATHS

    def valid_until(self, evidence: Evidence, attempts: tuple[SignatureAttempt, ...]) -> int:
        """When verified evidence runs out (RFC 4035 §5.3.3): the least of the TTLs of the RRset and of its RRSIGs as they were
        received, the original TTL, and the remaining lifetime of the signature that verified.
        """
        ttl = evidence.rrset.ttl if evidence.rrsig_ttl is None else min(evidence.rrset.ttl, evidence.rrsig_ttl)
        until = self.now + ttl
        for attempt in attempts:
            if attempt.outcome is SignatureOutcome.VERIFIED:
                by_ttl = min(until, self.now + attempt.rrsig.original_ttl)
                return min(by_ttl, to_epoch(attempt.rrsig.expiration, self.now))
        return until


_NOT_THERE = NoAnswer(Failure.NOT_IN_CAPTURE)


def ask(
    ctx: Context, *lookups: Lookup
) -> Generator[tuple[Lookup, ...], Mapping[Lookup, Response], tuple[Response, ...]]:
    """Responses to independent look-ups, each asked for only once in a validation. Over the limit counts as no answer."""
    missing = tuple(lookup for lookup in lookups if lookup not in ctx.responses)
    if missing:
        try:
            ctx.budget.charge_lookups(len(missing))
        except OverLimit:
            refused = NoAnswer(Failure.OVER_LIMIT, "this question asks for too many look-ups")
            return tuple(ctx.responses.get(lookup, refused) for lookup in lookups)
        responses = yield missing
        for lookup in missing:
            ctx.responses[lookup] = usable(ctx, responses.get(lookup, _NOT_THERE))
    return tuple(ctx.responses[lookup] for lookup in lookups)


_USABLE_RCODES = (NOERROR, NXDOMAIN, YXDOMAIN)  # YXDOMAIN: a DNAME target too long (RFC 6672 §2.2)


def usable(ctx: Context, response: Response) -> Response:
    """A response whose rcode says that the server failed or refused holds no evidence (RFC 4035 §4.3: unobtainable). Nor
    does one of absurd size: every scan of a section is bounded here.
    """
    if isinstance(response, NoAnswer):
        return response
    message, server = response.message, response.provenance.server or "the server"
    if message.rcode not in _USABLE_RCODES:
        return NoAnswer(Failure.SERVFAIL, f"{server} answered {rcode_text(message.rcode)}")
    count, limit = len(message.answer) + len(message.authority), ctx.budget.limits.rrsets_per_response
    if count > limit:
        return NoAnswer(Failure.TOO_LARGE, f"{server} answered with {count} RRsets, more than {limit}")
    return response


def pause(ctx: Context) -> Generator[tuple[Lookup, ...], Mapping[Lookup, Response], None]:
    """A scheduling point, when enough has been done since the last."""
    if ctx.budget.is_turn_over():
        yield ()


def gather(response: Answer, rrset: RRset, section: tuple[RRset, ...]) -> Evidence:
    """An RRset of a section with the RRSIGs that cover it there."""
    signatures = find_rrsig_rrset(section, rrset.owner, rrset.rdtype)
    if signatures is None:
        return Evidence(rrset, (), response.provenance)
    ttl = signatures.ttl if signatures.ttl != rrset.ttl else None
    return Evidence(rrset, signatures.rrsigs(), response.provenance, ttl)


def dname_above(answer: tuple[RRset, ...], name: Name, within: Name) -> RRset | None:
    """The DNAME that redirects a name: the closest above it, of those at or below `within`."""
    # RFC 6672 §2.3: a DNAME redirects the names below its owner, never the owner itself.
    redirecting = [r for r in answer if r.rdtype == DNAME and r.rdclass == CLASS_IN and name.is_below(r.owner)]
    inside = [r for r in redirecting if r.owner.is_subdomain_of(within)]
    return max(inside, key=lambda r: r.owner.label_count, default=None)


def redirection_of(ctx: Context, answer: tuple[RRset, ...], question: Question) -> RRset | None:
    """The DNAME of an answer that may speak for a question."""
    name = question.name
    # RFC 6840 §5.10: the closest anchor decides. It says that there is a zone cut, so a DNAME above it is of another zone,
    # whose status is not that of the name: an unsigned one would take all the names of an island of security along.
    anchor = ctx.anchors.closest(holder_of(name, question.rdtype))
    return dname_above(answer, name, anchor.owner if anchor is not None else Name.ROOT)


def holder_of(owner: Name, rdtype: int) -> Name:
    """A name in the zone that holds an RRset: its owner, but the name above for DS (RFC 4035 §2.4, §3.1.4.1)."""
    return owner.parent() if rdtype == DS and not owner.is_root else owner


def describe(owner: Name, rdtype: int) -> str:
    """How findings name an RRset: "example.com. DNSKEY"."""
    return f"{owner} {type_to_text(rdtype)}"

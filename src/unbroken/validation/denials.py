"""Authenticating the denial records of a response, and judging what they prove (RFC 4035 §5.4, RFC 5155 §8, RFC 9276 §3.2)."""

from collections.abc import Callable, Generator, Mapping

from unbroken.authentication.denial import DenialRecords
from unbroken.authentication.nsec import NsecRecord
from unbroken.authentication.nsec3 import Nsec3Record, group_by_parameters, parse_nsec3
from unbroken.authentication.rrsig import verify_rrset
from unbroken.authentication.unproven import Unproven
from unbroken.chain import (
    Code,
    Denial,
    Evidence,
    Finding,
    Link,
    LinkKind,
    OverLimit,
    SignatureAttempt,
    Status,
    finding,
)
from unbroken.dns import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.records import dataclass
from unbroken.validation.context import Context, describe, gather, pause
from unbroken.validation.explain import explain_signatures
from unbroken.validation.memory import DenialEvidence
from unbroken.validation.protocol import Answer, Lookup, Response
from unbroken.validation.trust import ZoneTrust


def collect(
    ctx: Context, response: Answer, zone: ZoneTrust
) -> Generator[tuple[Lookup, ...], Mapping[Lookup, Response], DenialEvidence]:
    """Verify the NSEC and NSEC3 RRsets of the authority section that claim to be of this zone. Once for each message."""
    key = (id(response.message), zone.zone)
    known = ctx.memory.denials.get(key)
    if known is not None and known[0] is zone.keys:
        return known[1]
    collection = _Collection(ctx, response, zone)
    for rrset in response.message.authority:
        if not _is_candidate(rrset, zone.zone):
            continue
        try:
            ctx.budget.charge_attempt()
            collection.add(rrset)
        except OverLimit as over:
            collection.stop(over)
            break
        yield from pause(ctx)
    collected = collection.result()
    ctx.memory.denials[key] = zone.keys, collected
    return collected


class _Collection:
    """The denial records of one message and zone, while they are verified."""

    def __init__(self, ctx: Context, response: Answer, zone: ZoneTrust) -> None:
        self._ctx, self._response, self._zone = ctx, response, zone
        self._nsecs: list[NsecRecord] = []
        self._nsec3s: list[Nsec3Record] = []
        self._evidences: list[Evidence] = []
        self._attempts: list[SignatureAttempt] = []
        self._failure: Finding | None = None
        self._until = zone.valid_until
        self._tried = 0

    def fail(self, reason: Finding) -> None:
        """A record is left out; the first reason is the one to tell."""
        self._failure = self._failure or reason

    def stop(self, over: OverLimit) -> None:
        """The rest is left out, which explains a missing proof better than what is wrong with a record."""
        self._failure = finding(Code.LIMIT_EXCEEDED, self._zone.zone, limit=over.limit)

    def add(self, rrset: RRset) -> None:
        """Verify one RRset. Raises OverLimit when no other is to be looked at either."""
        ctx, zone = self._ctx, self._zone
        parsed = _parse(rrset, zone.zone)
        if not parsed:
            if (unknown := _unknown_hash(rrset, zone.zone)) is not None:
                self.fail(unknown)
            return
        if self._tried >= ctx.budget.limits.denial_records:
            raise OverLimit("denial_records")
        evidence = gather(self._response, rrset, self._response.message.authority)
        verdict = verify_rrset(evidence, zone.zone, zone.keys, ctx.now, ctx.policy, ctx.budget, ctx.all_paths)
        self._tried += any(attempt.dnskey is not None for attempt in verdict.attempts)
        self._evidences.append(evidence)
        self._attempts += verdict.attempts
        # A wildcard's NSEC, expanded to another owner, would cover what it likes: RFC 4035 §5.3.4 proofs need the original.
        if verdict.verified is None or verdict.is_expanded(rrset):
            where = describe(rrset.owner, rrset.rdtype)
            self.fail(explain_signatures(verdict.attempts, where, zone.zone, ctx.now))
            return
        self._until = min(self._until, ctx.valid_until(evidence, verdict.attempts))
        for record in parsed:
            self._nsecs.append(record) if isinstance(record, NsecRecord) else self._nsec3s.append(record)

    def result(self) -> DenialEvidence:
        """What there is of it."""
        groups = group_by_parameters(self._zone.zone, self._nsec3s)
        records = DenialRecords(tuple(self._nsecs), tuple(groups))
        return DenialEvidence(records, tuple(self._evidences), tuple(self._attempts), self._failure, self._until)


def holds_denial(ctx: Context, response: Answer, zone: Name) -> bool:
    """Whether the response has denial records that may be of this zone."""
    key = (id(response.message), zone)
    known = ctx.memory.holders.get(key)
    if known is None:
        known = any(_is_candidate(rrset, zone) for rrset in response.message.authority)
        ctx.memory.holders[key] = known
    return known


def _is_candidate(rrset: RRset, zone: Name) -> bool:
    return rrset.rdtype in (rr.NSEC, rr.NSEC3) and rrset.rdclass == rr.CLASS_IN and rrset.owner.is_subdomain_of(zone)


def _parse(rrset: RRset, zone: Name) -> list[NsecRecord | Nsec3Record]:
    if rrset.rdtype == rr.NSEC:
        nsec = rrset.nsec()
        # RFC 4034 §4.1.1: the next owner name is in the same zone.
        if nsec is None or not nsec.next_name.is_subdomain_of(zone):
            return []
        return [NsecRecord(rrset.owner, nsec, zone)]
    parsed = (parse_nsec3(rrset.owner, nsec3, zone) for nsec3 in rrset.nsec3s()[:4])
    return [record for record in parsed if record is not None]


def _unknown_hash(rrset: RRset, zone: Name) -> Finding | None:
    if rrset.rdtype != rr.NSEC3 or all(nsec3.hash_algorithm == 1 for nsec3 in rrset.nsec3s()):
        return None
    algorithms = ", ".join(sorted({str(nsec3.hash_algorithm) for nsec3 in rrset.nsec3s()}))
    return finding(Code.NSEC3_HASH_UNKNOWN, zone, algorithms=algorithms)


Prove = Callable[[DenialRecords], Denial | Unproven]
"""Looks for a proof among authentic records. May raise OverLimit."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A proof or the reason why there is none, with the status that follows."""

    status: Status
    denial: Denial | None
    findings: tuple[Finding, ...]


def judge(ctx: Context, collected: DenialEvidence, where: str, zone: Name, prove: Prove) -> Judgement:
    """Hold the records against RFC 9276 §3.2, then let `prove` look for the proof that the response claims."""
    limits = ctx.budget.limits
    iterations = collected.records.iterations
    # RFC 9276 §3.2: only after the NSEC3 records' signatures have been verified may their iteration count decide anything.
    if iterations > limits.nsec3_iterations_bogus:
        limit = limits.nsec3_iterations_bogus
        refused = finding(Code.NSEC3_ITERATIONS_REFUSED, zone, iterations=iterations, limit=limit)
        return Judgement(Status.BOGUS, None, (refused,))
    if iterations > limits.nsec3_iterations_insecure:
        limit = limits.nsec3_iterations_insecure
        lowered = finding(Code.NSEC3_ITERATIONS_INSECURE, zone, iterations=iterations, limit=limit)
        return Judgement(Status.INSECURE, None, (lowered,))
    try:
        proof = prove(collected.records)
    except OverLimit as over:
        return Judgement(Status.BOGUS, None, (finding(Code.LIMIT_EXCEEDED, where, limit=over.limit),))
    if isinstance(proof, Denial):
        return Judgement(Status.SECURE, proof, ())
    if collected.failure is not None:
        return Judgement(Status.BOGUS, None, (collected.failure,))
    if not proof.has_records:
        return Judgement(Status.BOGUS, None, (finding(Code.DENIAL_MISSING, where, zone=zone),))
    return Judgement(Status.BOGUS, None, (finding(Code.DENIAL_INCOMPLETE, where, zone=zone, reason=proof.reason),))


def denial_link(zone: ZoneTrust, collected: DenialEvidence, judgement: Judgement, where: str) -> Link:
    """The DENIAL link of an answer. A proof that rests on opt-out secures nothing (RFC 5155 §9.2)."""
    status, findings = judgement.status, judgement.findings
    if judgement.denial is not None and judgement.denial.opt_out:
        status, findings = Status.INSECURE, (*findings, finding(Code.DENIAL_OPT_OUT, where))
    return Link(
        LinkKind.DENIAL,
        zone.zone,
        status,
        evidence=collected.evidence,
        attempts=collected.attempts,
        denial=judgement.denial,
        findings=findings,
        valid_until=collected.valid_until,
    )

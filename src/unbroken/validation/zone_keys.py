"""Entering a zone: from a trust anchor or a DS RRset to the DNSKEY RRset that it vouches for (RFC 4035 §5, §5.2)."""

from collections.abc import Generator, Mapping

from unbroken.anchors.store import TrustAnchor
from unbroken.authentication.ds import DsMatch, are_unsupported, match_anchor_keys, match_dses, usable_dses
from unbroken.authentication.rrsig import verify_rrset
from unbroken.chain import (
    Code,
    Evidence,
    Finding,
    Link,
    LinkKind,
    Provenance,
    SignatureAttempt,
    SignatureOutcome,
    Status,
    finding,
)
from unbroken.dns import Dnskey, Ds, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.dns.section import find_rrset
from unbroken.records import replace
from unbroken.validation.context import Context, ask, describe, gather, pause
from unbroken.validation.explain import explain_ds, explain_failure, explain_signatures, explain_unsupported_ds
from unbroken.validation.protocol import Lookup, NoAnswer, Response
from unbroken.validation.trust import ZoneTrust

Steps = Generator[tuple[Lookup, ...], Mapping[Lookup, Response], ZoneTrust]


def enter_by_anchor(ctx: Context, anchor: TrustAnchor) -> Steps:
    """The keys of the anchor's own zone (RFC 4035 §5: start with a configured public key or its hash)."""
    zone = anchor.owner
    start = Link(LinkKind.ANCHOR, zone, Status.SECURE, evidence=_anchor_evidence(anchor))
    base = ZoneTrust(zone, Status.INDETERMINATE, (), (start,), zone, ctx.now + 86400)
    usable, refused = usable_dses(anchor.dses, ctx.policy, ctx.budget.limits.ds_per_zone)
    keyed = any(ctx.policy.supports_key(key.algorithm, key.public_key) for key in anchor.dnskeys)
    if are_unsupported(usable, refused) and not keyed:
        reason = finding(Code.ANCHOR_UNSUPPORTED, zone)
        unusable = replace(start, status=Status.INSECURE, ds_attempts=tuple(refused), findings=(reason,))
        return replace(base, status=Status.INSECURE, links=(unusable,), reason=reason)
    (response,) = yield from ask(ctx, Lookup(zone, rr.DNSKEY))
    return (yield from _enter(ctx, base, response, anchor.dses, anchor.dnskeys))


def enter_by_ds(ctx: Context, parent: ZoneTrust, delegation: Link, dses: tuple[Ds, ...]) -> Steps:
    """The keys of a child zone whose DS RRset, just authenticated, is in `delegation` (RFC 4035 §5.2)."""
    zone = delegation.zone
    until = min(parent.valid_until, delegation.valid_until or parent.valid_until)
    base = ZoneTrust(zone, Status.INDETERMINATE, (), (*parent.links, delegation), parent.anchor, until)
    usable, refused = usable_dses(dses, ctx.policy, ctx.budget.limits.ds_per_zone)
    if are_unsupported(usable, refused):
        # RFC 4035 §5.2: with no supported algorithm the zone is treated as unsigned; its keys are not even needed.
        reason = explain_unsupported_ds(tuple(refused), zone)
        link = replace(delegation, status=Status.INSECURE, ds_attempts=tuple(refused), findings=(reason,))
        return _ended(ctx, replace(base, links=parent.links), link, reason)
    (response,) = yield from ask(ctx, Lookup(zone, rr.DNSKEY))
    return (yield from _enter(ctx, base, response, dses, ()))


def _anchor_evidence(anchor: TrustAnchor) -> tuple[Evidence, ...]:
    provenance = Provenance(server=anchor.source, transport="file")
    evidence = []
    for rdtype, records in ((rr.DS, anchor.dses), (rr.DNSKEY, anchor.dnskeys)):
        rdatas = tuple(record.rdata for record in records)
        if rdatas:
            evidence.append(Evidence(RRset(anchor.owner, rdtype, 0, rdatas), (), provenance))
    return tuple(evidence)


def _enter(
    ctx: Context, base: ZoneTrust, response: Response, dses: tuple[Ds, ...], anchored: tuple[Dnskey, ...]
) -> Steps:
    zone = base.zone
    if isinstance(response, NoAnswer):
        reason = explain_failure(response, describe(zone, rr.DNSKEY))
        return _ended(ctx, base, Link(LinkKind.KEY, zone, Status.INDETERMINATE, findings=(reason,)), reason)
    rrset = find_rrset(response.message.answer, zone, rr.DNSKEY)
    if rrset is None:
        is_anchored = base.links[-1].kind is LinkKind.ANCHOR
        reason = finding(Code.ANCHOR_DNSKEY_MISSING if is_anchored else Code.DNSKEY_MISSING, zone)
        return _ended(ctx, base, Link(LinkKind.KEY, zone, Status.BOGUS, findings=(reason,)), reason)
    evidence = gather(response, rrset, response.message.answer)
    match = _match(ctx, zone, dses, anchored, rrset.dnskeys())
    link = Link(LinkKind.KEY, zone, Status.BOGUS, evidence=(evidence,), ds_attempts=match.attempts)
    if not match.is_supported:
        reason = explain_unsupported_ds(match.attempts, zone)
        return _ended(ctx, base, replace(link, status=Status.INSECURE, findings=(reason,)), reason)
    if not match.entry_points:
        reason = _explain_no_entry(base, match, rrset.dnskeys())
        return _ended(ctx, base, replace(link, findings=(reason,)), reason)
    # RFC 4035 §5.2: the DNSKEY RRset must be signed by a key that the DS (or the anchor) vouches for.
    verdict = verify_rrset(evidence, zone, match.entry_points, ctx.now, ctx.policy, ctx.budget, ctx.all_paths)
    yield from pause(ctx)
    link = replace(link, attempts=verdict.attempts)
    if verdict.verified is None:
        reason = _explain_unsigned(verdict.attempts, match.entry_points, zone, ctx.now)
        return _ended(ctx, base, replace(link, findings=(reason,)), reason)
    until = ctx.valid_until(evidence, verdict.attempts)
    link = replace(link, status=Status.SECURE, valid_until=until)
    keys = rrset.dnskeys()[: ctx.budget.limits.dnskeys_per_zone]
    trust = replace(
        base, status=Status.SECURE, keys=keys, links=(*base.links, link), valid_until=min(base.valid_until, until)
    )
    ctx.remember(trust)
    return trust


def _match(
    ctx: Context, zone: Name, dses: tuple[Ds, ...], anchored: tuple[Dnskey, ...], keys: tuple[Dnskey, ...]
) -> DsMatch:
    by_ds = match_dses(zone, dses, keys, ctx.policy, ctx.budget)
    if not anchored:
        return by_ds
    by_key = match_anchor_keys(anchored, keys, ctx.policy)
    entry_points = by_ds.entry_points + tuple(key for key in by_key.entry_points if key not in by_ds.entry_points)
    return DsMatch(by_ds.attempts + by_key.attempts, entry_points, by_ds.is_supported or by_key.is_supported)


def _explain_no_entry(base: ZoneTrust, match: DsMatch, keys: tuple[Dnskey, ...]) -> Finding:
    if base.links[-1].kind is LinkKind.ANCHOR:
        tags = {str(attempt.ds.key_tag) for attempt in match.attempts if attempt.ds is not None}
        tags |= {
            str(attempt.dnskey.key_tag)
            for attempt in match.attempts
            if attempt.ds is None and attempt.dnskey is not None
        }
        return finding(Code.ANCHOR_NO_MATCHING_KEY, base.zone, anchors=", ".join(sorted(tags)) or "?")
    return explain_ds(match.attempts, base.zone, keys)


def _explain_unsigned(
    attempts: tuple[SignatureAttempt, ...], entry_points: tuple[Dnskey, ...], zone: Name, now: int
) -> Finding:
    if not attempts:
        return finding(Code.DNSKEY_NOT_SIGNED, zone)
    if all(attempt.outcome is SignatureOutcome.NO_MATCHING_KEY for attempt in attempts):
        tags = ", ".join(f"{key.key_tag}" for key in entry_points[:8])
        signers = ", ".join(dict.fromkeys(f"key {attempt.rrsig.key_tag}" for attempt in attempts))
        return finding(Code.DNSKEY_NOT_SIGNED_BY_ENTRY_POINT, zone, tags=tags, signers=signers)
    return explain_signatures(attempts, describe(zone, rr.DNSKEY), zone, now)


def _ended(ctx: Context, base: ZoneTrust, link: Link, reason: Finding) -> ZoneTrust:
    """The chain of trust ends with `link`: broken, or insecure, which is worth remembering."""
    trust = replace(base, status=link.status, links=(*base.links, link), reason=reason)
    ctx.remember(trust)
    return trust

"""What `unbroken ds check` does: ask parent and child, compare, tell."""

import json
import sys
from typing import Any, Final

from unbroken._kernel import Dnskey, Ds, RRset, rdata_to_text
from unbroken.chain import DsOutcome, Evidence, Question, Status
from unbroken.cli.online import Network, ask_all
from unbroken.delegation import Comparison, DelegationStatus, DsVerdict, Published, compare
from unbroken.dns import Name, registry
from unbroken.dns import rdtype as rr
from unbroken.dns.user_name import name_from_user
from unbroken.errors import StateError, UsageError
from unbroken.report.escape import safe
from unbroken.resolving.resolution import Resolution

_EXIT: Final = {
    DelegationStatus.IN_ORDER: 0,
    DelegationStatus.STALE: 1,
    DelegationStatus.BROKEN: 1,
    DelegationStatus.INSECURE: 3,
}
_SENTENCES: Final = {
    DelegationStatus.IN_ORDER: "in order: every DS leads to a key that signs the zone's keys",
    DelegationStatus.STALE: "broken in part: a DS leads nowhere",
    DelegationStatus.BROKEN: "broken: no DS leads to a key that signs the zone's keys; the zone is bogus for whoever validates",
    DelegationStatus.INSECURE: "insecure: the parent holds no DS that counts",
}
_OUTCOMES: Final = {
    DsOutcome.MATCHED: "leads to key {tag}",
    DsOutcome.NO_KEY_WITH_TAG: "the zone has no key with that tag",
    DsOutcome.ALGORITHM_MISMATCH: "the key with that tag is of another algorithm",
    DsOutcome.DIGEST_MISMATCH: "the digest is not the one of the key with that tag",
    DsOutcome.UNSUPPORTED_ALGORITHM: "validators do not use the algorithm",
    DsOutcome.UNSUPPORTED_DIGEST: "validators do not use the digest type",
    DsOutcome.WEAKER_DIGEST_IGNORED: "passed over, since there is a DS with a better digest",
    DsOutcome.KEY_REVOKED: "the key is revoked",
    DsOutcome.NOT_ZONE_KEY: "the key is no zone key",
    DsOutcome.MALFORMED: "the key is malformed",
    DsOutcome.OVER_LIMIT: "not looked at: there is too much of it",
}


def check_delegation(zone: str, settings: dict[str, Any], *, as_json: bool) -> int:
    """Ask, compare, print; the exit code. Raises UsageError for the root, StateError when parent or child can't be asked."""
    name = name_from_user(zone)
    if name.is_root:
        raise UsageError("the root has no parent; `unbroken anchors` shows what vouches for its keys")
    questions = tuple(Question(name, rdtype) for rdtype in (rr.DS, rr.DNSKEY, rr.CDS, rr.CDNSKEY))
    answers, now = ask_all(questions, Network.from_options(settings), settings["anchor_files"], settings["at"])
    parent, child = answers[0], answers[1]
    for answer, what in ((parent, "DS"), (child, "DNSKEY")):
        if answer.failure is not None:
            reason = answer.failure.detail or answer.failure.failure.value
            raise StateError(
                f"{name}: its {what} RRset can't be had ({reason}); is its name right, do its servers answer?"
            )
    ds = _rrset(parent, rr.DS)
    published = Published(
        name,
        () if ds is None else ds.dses(),
        _evidence(child),
        _rrset(answers[2], rr.CDS),
        _rrset(answers[3], rr.CDNSKEY),
    )
    found = compare(published, now)
    notes = (*found.notes, *_trust_notes(parent))
    sys.stdout.write(_json(found, notes) if as_json else _text(found, notes))
    # A DS that the parent does not sign is no DS to a validator, and one that it signs wrongly breaks the zone too.
    return 1 if parent.status is Status.BOGUS else _EXIT[found.status]


def _rrset(answer: Resolution, rdtype: int) -> RRset | None:
    """The RRset asked for, at the name asked for: that of another, at the end of a CNAME, is nothing here."""
    for rrset in answer.message.answer:
        if rrset.rdtype == rdtype and rrset.owner == answer.question.name:
            return rrset
    return None


def _evidence(answer: Resolution) -> Evidence | None:
    rrset = _rrset(answer, rr.DNSKEY)
    if rrset is None:
        return None
    signatures = [each for each in answer.message.answer if each.rdtype == rr.RRSIG and each.owner == rrset.owner]
    covering = [rrsig for each in signatures if each.covers == rr.DNSKEY for rrsig in each.rrsigs()]
    return Evidence(rrset, tuple(covering))


def _trust_notes(parent: Resolution) -> tuple[str, ...]:
    if parent.status in (Status.SECURE, Status.INSECURE):
        signed = parent.status is Status.SECURE
        return () if signed else ("the parent zone itself is not secure, so that no DS of it can make this zone so",)
    reason = parent.chain.reason
    why = f": {reason.sentence}" if reason is not None else ""
    return (f"what the parent says of this zone is {parent.status.value}{why}",)


# --- showing --------------------------------------------------------------------------------------------------------


def _text(found: Comparison, notes: tuple[str, ...]) -> str:
    lines = [f"{found.zone}"]
    for verdict in found.verdicts:
        mark = "ok" if verdict.is_good else "!!" if verdict.counts else "--"
        lines.append(f"  {mark}  {_ds_name(verdict.ds)}: {_reason(verdict)}")
    if not found.verdicts:
        lines.append("  --  no DS at the parent")
    for dnskey in found.signing:
        lines.append(f"      {_key_name(dnskey)} signs the zone's keys")
    if found.wish.dses is not None:
        asks = "that all DS be removed" if found.wish.is_delete else ", ".join(map(_ds_name, found.wish.dses))
        lines.append(f"      CDS and CDNSKEY ask for: {asks}")
    lines += [f"      {note}" for note in notes]
    for heading, dses in (("add at the parent", found.add), ("remove at the parent", found.remove)):
        lines += [f"{heading}:", *(f"  {_record(found.zone, ds)}" for ds in dses)] if dses else []
    lines.append(f"{found.zone} is {_SENTENCES[found.status]}")
    return "".join(f"{safe(line)}\n" for line in lines)


def _reason(verdict: DsVerdict) -> str:
    if verdict.outcome is DsOutcome.MATCHED and not verdict.signs:
        return "matches a key that does not sign the zone's keys"
    tag = verdict.dnskey.key_tag if verdict.dnskey is not None else 0
    return _OUTCOMES[verdict.outcome].format(tag=tag)


def _ds_name(ds: Ds) -> str:
    return f"DS {ds.key_tag} {registry.algorithm_text(ds.algorithm)} {registry.digest_text(ds.digest_type)}"


def _key_name(dnskey: Dnskey) -> str:
    return f"DNSKEY {dnskey.key_tag} {registry.algorithm_text(dnskey.algorithm)}"


def _record(zone: Name, ds: Ds) -> str:
    return f"{zone} IN DS {rdata_to_text(rr.DS, ds.rdata)}"


def _json(found: Comparison, notes: tuple[str, ...]) -> str:
    wish = found.wish.dses
    value = {
        "zone": str(found.zone),
        "status": found.status.value,
        "ds": [
            {
                "record": _record(found.zone, verdict.ds),
                "key_tag": verdict.ds.key_tag,
                "outcome": verdict.outcome.value,
                "key_signs": verdict.signs,
                "is_good": verdict.is_good,
                "reason": _reason(verdict),
            }
            for verdict in found.verdicts
        ],
        "signing_keys": [dnskey.key_tag for dnskey in found.signing],
        "asked_for": None if wish is None else [_record(found.zone, ds) for ds in wish],
        "add": [_record(found.zone, ds) for ds in found.add],
        "remove": [_record(found.zone, ds) for ds in found.remove],
        "notes": list(notes),
    }
    return json.dumps(value, indent=2) + "\n"

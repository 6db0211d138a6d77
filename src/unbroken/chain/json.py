"""A chain as JSON, without loss: rdata as base64 of its wire form, with fields beside it that people read.

The shape is versioned and described by `report/schema/chain-1.json`. What can be derived (sentences, EDE, key tags, the
broken link) is written for readers and ignored when a chain is read back. Names are in presentation format, whose escapes
leave nothing in them but printable ASCII.
"""

from base64 import b64encode
from typing import Any, Final

from unbroken._kernel import rdata_to_text, type_to_text
from unbroken.chain.chain import Chain, Link
from unbroken.chain.denial import Denial
from unbroken.chain.evidence import DsAttempt, Evidence, Provenance, Question, SignatureAttempt
from unbroken.chain.finding import Finding
from unbroken.chain.json_reader import chain_from_json
from unbroken.chain.times import to_iso
from unbroken.dns import Dnskey, Ds, Name, Rrsig, WireError
from unbroken.dns.ede import Ede
from unbroken.dns.rdtype import rcode_text
from unbroken.dns.registry import algorithm_text, digest_text

__all__ = ["FORMAT", "VERSION", "chain_from_json", "chain_to_json"]

FORMAT: Final = "unbroken-chain"
VERSION: Final = 1

Json = dict[str, Any]


def chain_to_json(chain: Chain) -> Json:
    """The whole chain, its hops included, as plain dicts, lists, strings and ints."""
    reason = chain.reason
    return {
        "format": FORMAT,
        "version": VERSION,
        **_body(chain),
        "reason": _finding(reason) if reason else None,
        "ede": _ede(chain.ede),
        "broken_link": _broken_link(chain),
        "hops": [_body(hop) for hop in chain.hops],
    }


def _body(chain: Chain) -> Json:
    return {
        "question": _question(chain.question),
        "status": chain.status.value,
        "outcome": chain.outcome.value,
        "rcode": chain.rcode,
        "rcode_text": rcode_text(chain.rcode),
        "anchor": _name(chain.anchor),
        "valid_from": _moment(chain.valid_from),
        "valid_until": _moment(chain.valid_until),
        "links": [_link(link) for link in chain.links],
        "findings": [_finding(finding) for finding in chain.findings],
    }


def _question(question: Question) -> Json:
    return {"name": str(question.name), "type": type_to_text(question.rdtype)}


def _broken_link(chain: Chain) -> Json | None:
    """Where the broken link stands: `hop` 0 is the chain of the question itself, 1 its first hop."""
    broken = chain.broken_link
    if broken is None:
        return None
    for hop, part in enumerate((chain, *chain.hops)):
        for index, link in enumerate(part.links):
            if link is broken:
                return {"hop": hop, "link": index}
    return None


def _link(link: Link) -> Json:
    return {
        "kind": link.kind.value,
        "zone": str(link.zone),
        "status": link.status.value,
        "valid_until": _moment(link.valid_until),
        "evidence": [_evidence(evidence) for evidence in link.evidence],
        "signature_attempts": [_signature_attempt(attempt) for attempt in link.attempts],
        "ds_attempts": [_ds_attempt(attempt) for attempt in link.ds_attempts],
        "denial": _denial(link.denial) if link.denial else None,
        "findings": [_finding(finding) for finding in link.findings],
    }


def _evidence(evidence: Evidence) -> Json:
    rrset = evidence.rrset
    return {
        "owner": str(rrset.owner),
        "type": type_to_text(rrset.rdtype),
        "class": rrset.rdclass,
        "ttl": rrset.ttl,
        "records": [_record(rrset.rdtype, rdata) for rdata in rrset.rdatas],
        "signatures": [_rrsig(rrsig) for rrsig in evidence.rrsigs],
        "provenance": _provenance(evidence.provenance),
    }


def _record(rdtype: int, rdata: bytes) -> Json:
    try:
        text = rdata_to_text(rdtype, rdata)
    except WireError:  # evidence may be malformed: that is what it is evidence of
        text = None
    return {"rdata": _base64(rdata), "text": text}


def _provenance(provenance: Provenance) -> Json:
    received = provenance.received_at
    return {
        "server": provenance.server,
        "transport": provenance.transport,
        "received_at": to_iso(received) if received else None,
    }


def _rrsig(rrsig: Rrsig) -> Json:
    return {
        "rdata": _base64(rrsig.rdata),
        "type_covered": type_to_text(rrsig.type_covered),
        "algorithm": rrsig.algorithm,
        "algorithm_text": algorithm_text(rrsig.algorithm),
        "key_tag": rrsig.key_tag,
        "signer": str(rrsig.signer),
        "inception": to_iso(rrsig.inception),
        "expiration": to_iso(rrsig.expiration),
    }


def _dnskey(dnskey: Dnskey | None) -> Json | None:
    if dnskey is None:
        return None
    return {
        "rdata": _base64(dnskey.rdata),
        "key_tag": dnskey.key_tag,
        "flags": dnskey.flags,
        "algorithm": dnskey.algorithm,
        "algorithm_text": algorithm_text(dnskey.algorithm),
    }


def _ds(ds: Ds | None) -> Json | None:
    if ds is None:
        return None
    return {
        "rdata": _base64(ds.rdata),
        "key_tag": ds.key_tag,
        "algorithm": ds.algorithm,
        "algorithm_text": algorithm_text(ds.algorithm),
        "digest_type": ds.digest_type,
        "digest_text": digest_text(ds.digest_type),
    }


def _signature_attempt(attempt: SignatureAttempt) -> Json:
    return {
        "owner": str(attempt.owner),
        "outcome": attempt.outcome.value,
        "rrsig": _rrsig(attempt.rrsig),
        "dnskey": _dnskey(attempt.dnskey),
    }


def _ds_attempt(attempt: DsAttempt) -> Json:
    return {"outcome": attempt.outcome.value, "ds": _ds(attempt.ds), "dnskey": _dnskey(attempt.dnskey)}


def _denial(denial: Denial) -> Json:
    return {
        "kind": denial.kind.value,
        "mechanism": denial.mechanism.value,
        "closest_encloser": _name(denial.closest_encloser),
        "next_closer": _name(denial.next_closer),
        "source_of_synthesis": _name(denial.source_of_synthesis),
        "opt_out": denial.opt_out,
        "compact": denial.compact,
        "roles": [
            {
                "record": str(role.record),
                "relation": role.relation.value,
                "name": str(role.name),
                "subject": role.subject.value,
            }
            for role in denial.roles
        ],
    }


def _finding(finding: Finding) -> Json:
    return {
        "code": finding.code.value,
        "severity": finding.severity.value,
        "where": finding.where,
        "sentence": finding.sentence,
        "remedy": finding.remedy,
        "ede": _ede(finding.ede),
        "source": finding.row.source,
        "params": dict(finding.params),
    }


def _ede(ede: Ede | None) -> Json | None:
    return {"code": int(ede), "name": ede.name} if ede is not None else None


def _name(name: Name | None) -> str | None:
    return None if name is None else str(name)


def _moment(moment: int | None) -> str | None:
    return None if moment is None else to_iso(moment)


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")

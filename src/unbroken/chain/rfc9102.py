"""Proofs in the form of RFC 9102 §3: the wire records of a chain, one after another, uncompressed.

Positive proofs are exactly that. What a proof answers is read off its records; where that is not possible (a proof that
something does not exist, or holds records that could answer more than one question), one record is added at the end that
names the question: owner QNAME, type QTYPE, class NONE, TTL 0, no rdata. Syntactically it is a record as any other, and no
zone can hold it (RFC 2136 §2.4 uses the same form to say "does not exist").
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from unbroken._kernel import parse_records, record_wire
from unbroken.chain.chain import Chain, Link, LinkKind
from unbroken.chain.evidence import Evidence, Provenance, Question
from unbroken.dns import Name, RRset, Rrsig, WireError
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError

MAX_SIZE: Final = 4 + 0xFFFF + 0x4000
"""Octets of a file that are read: the 65,535 that the TLS extension can hold, and some more for proofs that never see TLS."""
MAX_RECORDS: Final = 2048

_SUPPORT: Final = frozenset({rr.DNSKEY, rr.DS, rr.RRSIG, rr.NSEC, rr.NSEC3})
"""Types that prove; the others answer."""
_ALIASES: Final = frozenset({rr.CNAME, rr.DNAME})
_MAX_ALIASES: Final = 32

_Key = tuple[Name, int]


@dataclass(frozen=True, slots=True)
class Proof:
    """The RRsets of a proof with their RRSIGs, in order of first appearance, and what they answer if that is clear."""

    records: tuple[Evidence, ...]
    question: Question | None
    lifetime: int | None = None
    """ExtSupportLifetime (RFC 9102 §2), hours, when the file had it in front."""

    def find(self, owner: Name, rdtype: int) -> Evidence | None:
        """The RRset of that owner and type."""
        for evidence in self.records:
            if evidence.rrset.rdtype == rdtype and evidence.rrset.owner == owner:
                return evidence
        return None


# --- reading ----------------------------------------------------------------------------------------------------------


def read(data: bytes, where: str = "proof") -> Proof:
    """Parse a proof. `where` names it in messages. Raises InputError; whether it proves anything is for the validator."""
    if len(data) > MAX_SIZE:
        raise InputError(where, f"holds {len(data)} octets, more than the {MAX_SIZE} of any RFC 9102 proof")
    if not data:
        raise InputError(where, "is empty", "give a file that holds an RFC 9102 authentication chain")
    try:
        return _read_records(data, where, None)
    except InputError as error:
        # RFC 9102 §2: on the wire of TLS, a 2-octet ExtSupportLifetime stands in front, then the chain as a vector with
        # its length. Files are met with and without either; the plain form goes first.
        for start in _prefix_lengths(data):
            try:
                return _read_records(data[start:], where, int.from_bytes(data[:2], "big"))
            except InputError:
                continue
        raise error from None


def _prefix_lengths(data: bytes) -> Iterator[int]:
    if len(data) > 4 and int.from_bytes(data[2:4], "big") == len(data) - 4:
        yield 4
    if len(data) > 2:
        yield 2


def _read_records(data: bytes, where: str, lifetime: int | None) -> Proof:
    spans = _record_spans(data, where)
    body, question = _split_question(data, spans, where)
    try:
        single = parse_records(body)
    except WireError as error:
        raise InputError(where, f"is not a sequence of DNS records ({error})") from None
    records = _group(single, where)
    return Proof(records, question or derive_question(records), lifetime)


def _record_spans(data: bytes, where: str) -> list[int]:
    """Where each record starts. Checks framing and bounds before anything is built from the octets."""
    starts: list[int] = []
    position = 0
    while position < len(data):
        if len(starts) == MAX_RECORDS:
            raise InputError(where, f"holds more than {MAX_RECORDS} records")
        starts.append(position)
        position = _skip_record(data, position, where)
    return starts


def _skip_record(data: bytes, start: int, where: str) -> int:
    position = _skip_name(data, start, where) + 10
    if position <= len(data):
        position += int.from_bytes(data[position - 2 : position], "big")
        if position <= len(data):
            return position
    raise InputError(
        where, f"ends inside the record at octet {start}", "the file is cut short, or not an RFC 9102 proof"
    )


def _skip_name(data: bytes, start: int, where: str) -> int:
    position = start
    while position < len(data):
        length = data[position]
        # RFC 9102 §3: the names of a chain are not compressed, so a length octet above 63 can't be.
        if length > 63 or position - start > 255:
            raise InputError(where, f"holds no domain name at octet {start}", "is this an RFC 9102 proof?")
        position += 1 + length
        if length == 0:
            return position
    raise InputError(where, f"ends inside the name at octet {start}", "the file is cut short, or not an RFC 9102 proof")


def _split_question(data: bytes, starts: list[int], where: str) -> tuple[bytes, Question | None]:
    """Take off the last record when it is one that only names the question (module docstring)."""
    last = starts[-1]
    fixed = _skip_name(data, last, where)
    rdtype, rdclass = int.from_bytes(data[fixed : fixed + 2], "big"), int.from_bytes(data[fixed + 2 : fixed + 4], "big")
    if rdclass != rr.CLASS_NONE or len(data) != fixed + 10:
        return data, None
    try:
        name = Name.from_wire(data[last:fixed])
    except WireError as error:
        raise InputError(where, f"names its question badly ({error})") from None
    return data[:last], Question(name, rdtype)


def _group(single: Iterable[RRset], where: str) -> tuple[Evidence, ...]:
    """RRsets and the RRSIGs over them, whatever order the records came in (RFC 9102 §3: be prepared for any)."""
    data: dict[_Key, list[RRset]] = {}
    signatures: dict[_Key, list[Rrsig]] = {}
    for record in single:
        if record.rdclass != rr.CLASS_IN:
            raise InputError(
                where, f"holds a record of class {record.rdclass} at {record.owner}; proofs are of class IN"
            )
        if _is_no_data(record.rdtype):
            raise InputError(where, f"holds a record of type {record.rdtype} at {record.owner}, which no zone can hold")
        if record.rdtype == rr.RRSIG:
            signatures.setdefault((record.owner, record.covers), []).extend(record.rrsigs())
        else:
            data.setdefault((record.owner, record.rdtype), []).append(record)
    provenance = Provenance(where, "file")
    return tuple(
        Evidence(_merge(records, where), tuple(dict.fromkeys(signatures.get(key, ()))), provenance)
        for key, records in data.items()
    )


def _is_no_data(rdtype: int) -> bool:
    """RFC 6895 §3.1: OPT, and the meta and question types from 128 to 255, live in messages only."""
    return rdtype == rr.OPT or 128 <= rdtype <= 255


def _merge(records: list[RRset], where: str) -> RRset:
    first = records[0]
    rdatas = tuple(rdata for record in records for rdata in record.rdatas)
    try:
        return RRset(first.owner, first.rdtype, min(record.ttl for record in records), rdatas)
    except ValueError as error:
        raise InputError(where, f"holds a malformed RRset at {first.owner} ({error})") from None


def derive_question(records: tuple[Evidence, ...]) -> Question | None:
    """What the records answer, or None when that is not clear.

    RFC 9102 §3.1 puts the answer first, after the aliases that lead to it, but proofs are met in other orders; so it is
    the RRset that is neither support nor alias. The question is at the start of the aliases that lead there.
    """
    answers = [evidence.rrset for evidence in records if evidence.rrset.rdtype not in _SUPPORT | _ALIASES]
    if any(rrset.rdtype == rr.SOA for rrset in answers) and len(answers) > 1:
        answers = [rrset for rrset in answers if rrset.rdtype != rr.SOA]
    if len(answers) != 1:
        return None
    answer = answers[0]
    return Question(_start_of_aliases(answer.owner, records), answer.rdtype)


def _start_of_aliases(name: Name, records: tuple[Evidence, ...]) -> Name:
    sources = {
        evidence.rrset.target(): evidence.rrset.owner for evidence in records if evidence.rrset.rdtype == rr.CNAME
    }
    for _ in range(_MAX_ALIASES):
        if name not in sources:
            return name
        name = sources[name]
    return name


# --- writing ----------------------------------------------------------------------------------------------------------


def write(chain: Chain) -> bytes:
    """The evidence of all links and hops: what was asked for first, then what proves it, up to the trust anchor.

    Raises InputError when it does not fit into the 65,535 octets of RFC 9102 §2.
    """
    records = _without_synthesis(_deduplicate(_ordered(chain)))
    parts = [_evidence_wire(evidence) for evidence in records]
    if derive_question(records) != chain.question:
        parts.append(_question_wire(chain.question))
    proof = b"".join(parts)
    if len(proof) > 0xFFFF:
        raise InputError(str(chain.question.name), f"needs a proof of {len(proof)} octets; RFC 9102 has room for 65535")
    return proof


def _ordered(chain: Chain) -> Iterator[Evidence]:
    """RFC 9102 §3.1: first aliases and answer, then the denials, then DNSKEY and DS RRsets from the zone to the anchor."""
    parts = (chain, *chain.hops)
    for wanted in (LinkKind.DATA, LinkKind.DENIAL):
        for part in parts:
            for link in part.links:
                if link.kind is wanted:
                    yield from link.evidence
    for part in parts:
        for link in reversed(part.links):
            if _is_support(link):
                yield from link.evidence


def _is_support(link: Link) -> bool:
    return link.kind in (LinkKind.KEY, LinkKind.DELEGATION)


def _deduplicate(records: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """One RRset an owner and type; signatures of copies are joined. A copy that differs is dropped: the first counts."""
    unique: dict[_Key, Evidence] = {}
    for evidence in records:
        key = (evidence.rrset.owner, evidence.rrset.rdtype)
        known = unique.get(key)
        if known is None:
            unique[key] = evidence
        elif known.rrset == evidence.rrset:
            signatures = tuple(dict.fromkeys(known.rrsigs + evidence.rrsigs))
            unique[key] = Evidence(known.rrset, signatures, known.provenance)
    return tuple(unique.values())


def _without_synthesis(records: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """RFC 9102 §3.1: leave out unsigned CNAMEs that a DNAME makes anew."""
    dnames = [evidence.rrset.owner for evidence in records if evidence.rrset.rdtype == rr.DNAME]
    return tuple(
        evidence
        for evidence in records
        if evidence.rrset.rdtype != rr.CNAME
        or evidence.rrsigs
        or not any(evidence.rrset.owner.is_below(dname) for dname in dnames)
    )


def _evidence_wire(evidence: Evidence) -> bytes:
    rrset = evidence.rrset
    wire = record_wire(rrset)
    if evidence.rrsigs:
        wire += record_wire(signatures_rrset(evidence))
    return wire


def signatures_rrset(evidence: Evidence) -> RRset:
    """The RRSIGs of an RRset as an RRset of their own (RFC 4034 §3: its TTL is that of the RRset covered)."""
    rrset = evidence.rrset
    return RRset(rrset.owner, rr.RRSIG, rrset.ttl, tuple(rrsig.rdata for rrsig in evidence.rrsigs), rrset.rdclass)


def _question_wire(question: Question) -> bytes:
    fixed = question.rdtype.to_bytes(2, "big") + rr.CLASS_NONE.to_bytes(2, "big")
    return question.name.wire + fixed + bytes(6)

"""What a reply from the servers of a zone means, and which of its records may be believed to be theirs.

A server speaks for its own zone only. `read` says what kind of reply it is; `scrub` drops what is out of bailiwick.
"""

from enum import Enum
from typing import Final

from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.records import dataclass
from unbroken.resolving.redirection import Trail, follow

_PROOF_TYPES: Final = frozenset((rr.NSEC, rr.NSEC3))
_NEGATIVE_TYPES: Final = _PROOF_TYPES | {rr.SOA}
_REFERRAL_TYPES: Final = _PROOF_TYPES | {rr.NS, rr.DS}


class Kind(Enum):
    """What the reply is good for."""

    ANSWER = "answer"  # data, a redirection, NODATA or NXDOMAIN
    REFERRAL = "referral"  # to a zone below
    WEAK = "weak"  # an answer of doubtful standing: taken when no server gives a better one
    LAME = "lame"  # the server does not serve the zone
    FAILED = "failed"  # an rcode that says so


@dataclass(frozen=True, slots=True)
class Reading:
    """A reply, understood. `message` is scrubbed; `detail` says why it is not an ANSWER or REFERRAL."""

    kind: Kind
    message: Message
    cut: Name | None = None
    """The zone that a referral leads to."""
    detail: str = ""


def read(message: Message, zone: Name, name: Name, rdtype: int, *, recursive: bool = False) -> Reading:
    """Classify a reply to (name, rdtype) from a server of `zone`, or from a forwarder (`recursive`), and scrub it."""
    rcode = message.rcode
    trail = follow(_believable_answer(message, zone), name, rdtype, zone)
    # RFC 6672 §2.2: YXDOMAIN says that a DNAME gives too long a name, so it comes with one.
    is_overlong = rcode == rr.YXDOMAIN and any(rrset.rdtype == rr.DNAME for rrset in trail.records)
    if rcode not in (rr.NOERROR, rr.NXDOMAIN) and not is_overlong:
        return Reading(Kind.FAILED, message, detail=rr.rcode_text(rcode))
    # A recursive server hands on proofs from wherever they come: from the zone that holds the name, which may be above the
    # one that is forwarded. They are taken along for the validator, nothing else believes them.
    scope = Name.ROOT if recursive else zone
    if not recursive and _is_recursion_lame(message) and not (message.answer or message.authority):
        # Not even an SOA (RFC 2308 §2): a middlebox in the server's place, which knows no zone, takes all names for missing.
        return Reading(Kind.LAME, message, detail="answers as a recursive server, and with nothing")
    if rcode == rr.NXDOMAIN or trail.found or trail.records:
        return _answer(message, scope, trail, _is_recursion_lame(message) and not recursive)
    return _negative(message, scope, trail, rdtype, recursive)


def _believable_answer(message: Message, zone: Name) -> tuple[RRset, ...]:
    """The answer section without the NSEC records that reach out of the zone, and with the signatures that go astray."""
    answer = _answer_with_stray_signatures(message)
    # RFC 4034 §4.1.1: the next owner name is one of the same zone; a server can't speak of the names of another.
    return tuple(rrset for rrset in answer if rrset.rdtype != rr.NSEC or _is_within(rrset, zone))


def _is_within(rrset: RRset, zone: Name) -> bool:
    # RFC 2136 §2.4: records of class NONE or ANY may have no rdata at all, whatever their type.
    if rrset.rdclass != rr.CLASS_IN:
        return False
    nsec = rrset.nsec()
    return nsec is None or nsec.next_name.is_subdomain_of(zone)


def _answer_with_stray_signatures(message: Message) -> tuple[RRset, ...]:
    """The answer section, and RRSIGs over its RRsets that a server put elsewhere. Where they stood proves nothing anyway."""
    signed = {(rrset.owner, rrset.covers) for rrset in message.answer if rrset.rdtype == rr.RRSIG}
    unsigned = {(rrset.owner, rrset.rdtype) for rrset in message.answer if rrset.rdtype != rr.RRSIG} - signed
    if not unsigned:
        return message.answer
    elsewhere = (*message.authority, *message.additional)
    strays = tuple(r for r in elsewhere if r.rdtype == rr.RRSIG and (r.owner, r.covers) in unsigned)
    return message.answer + strays if strays else message.answer


def _is_recursion_lame(message: Message) -> bool:
    """RA without AA: a recursive server that answers from its cache where an authoritative one was expected."""
    return bool(message.flags & rr.RA) and not message.is_authoritative()


def _answer(message: Message, zone: Name, trail: Trail, weak: bool) -> Reading:
    scrubbed = scrub(message, zone, trail)
    if weak:
        return Reading(Kind.WEAK, scrubbed, detail="answers as a recursive server")
    return Reading(Kind.ANSWER, scrubbed)


def _negative(message: Message, zone: Name, trail: Trail, rdtype: int, recursive: bool) -> Reading:
    """NOERROR without data: NODATA, a referral, or a server that does not know."""
    name = trail.end
    owners = {rrset.owner: rrset.rdtype for rrset in message.authority if rrset.rdtype == rr.SOA}
    soa = next((owner for owner in owners if owner.is_subdomain_of(zone) and name.is_subdomain_of(owner)), None)
    if soa is not None:
        if rdtype == rr.DS and soa == name and not name.is_root:
            # RFC 4035 §3.1.4.1: DS lives at the parent; this NODATA comes from the child's side of the cut.
            return Reading(Kind.WEAK, scrub(message, zone, trail), detail="answers DS from the child zone")
        return _answer(message, zone, trail, _is_recursion_lame(message) and not recursive)
    cuts = [rrset.owner for rrset in message.authority if rrset.rdtype == rr.NS and rrset.rdclass == rr.CLASS_IN]
    cut = next((owner for owner in cuts if owner.is_below(zone) and name.is_subdomain_of(owner)), None)
    if cut is not None:
        if recursive:
            return Reading(Kind.LAME, message, detail="does not recurse")
        return Reading(Kind.REFERRAL, scrub_referral(message, zone, cut), cut)
    if any(zone.is_below(owner) for owner in cuts):
        return Reading(Kind.LAME, message, detail="refers upwards")
    if cuts and zone not in cuts:
        return Reading(Kind.LAME, message, detail="refers elsewhere")
    if message.is_authoritative() or any(rrset.rdtype in (rr.NSEC, rr.NSEC3) for rrset in message.authority):
        return Reading(Kind.ANSWER, scrub(message, zone, trail))
    if cuts:
        return Reading(Kind.LAME, message, detail="refers to its own zone")
    return Reading(Kind.WEAK, scrub(message, zone, trail), detail="gives an empty answer")


def scrub(message: Message, zone: Name, trail: Trail) -> Message:
    """The message with only what a server of `zone` may say of the question: the way `trail`, and proofs within the zone.

    RFC 5452 §6 and RFC 2181 §5.4.1: data from outside the server's zone is not to be believed. When the way leaves the zone,
    rcode and SOA, which speak of its last name (RFC 6604 §3), do not count either.
    """
    rcode = rr.NOERROR if trail.is_cut_short else message.rcode
    kept = _PROOF_TYPES if trail.is_cut_short else _NEGATIVE_TYPES
    authority = tuple(
        rrset
        for rrset in message.authority
        if (rrset.covers or rrset.rdtype) in kept and rrset.rdclass == rr.CLASS_IN and rrset.owner.is_subdomain_of(zone)
    )
    is_whole = (
        rcode == message.rcode
        and not trail.is_synthesised
        and (len(trail.records), len(authority), 0)
        == (len(message.answer), len(message.authority), len(message.additional))
    )
    return message if is_whole else _with_sections(message, rcode, trail.records, authority, ())


def scrub_referral(message: Message, zone: Name, cut: Name) -> Message:
    """The referral to `cut`: its NS RRset, its DS RRset or the proof of none, and glue within `zone`."""
    authority = []
    targets: set[Name] = set()
    for rrset in message.authority:
        kind = rrset.covers or rrset.rdtype
        if rrset.rdclass != rr.CLASS_IN or kind not in _REFERRAL_TYPES:
            continue
        if (kind in (rr.NS, rr.DS) and rrset.owner != cut) or not rrset.owner.is_subdomain_of(zone):
            continue
        if rrset.rdtype == rr.NS:
            targets.update(rrset.names())
        authority.append(rrset)
    glue = tuple(
        rrset
        for rrset in message.additional
        if rrset.rdtype in (rr.A, rr.AAAA)
        and rrset.rdclass == rr.CLASS_IN
        and rrset.owner in targets
        and rrset.owner.is_subdomain_of(zone)
    )
    return _with_sections(message, message.rcode, (), tuple(authority), glue)


def _with_sections(
    message: Message, rcode: int, answer: tuple[RRset, ...], authority: tuple[RRset, ...], additional: tuple[RRset, ...]
) -> Message:
    return Message(
        message.id, message.flags, message.question, answer, authority, additional, rcode=rcode, edns=message.edns
    )


def delegation_signer_answer(referral: Message, cut: Name) -> Message | None:
    """The answer to (cut, DS) that a signed referral holds: the DS RRset, or the NSEC or NSEC3 that proves there is none.

    RFC 4035 §3.1.4: a signed zone's referral carries one or the other. None when it carries neither, or no signature.
    """
    signed = {(rrset.owner, rrset.covers) for rrset in referral.authority if rrset.rdtype == rr.RRSIG}
    ds = tuple(rrset for rrset in referral.authority if (rrset.covers or rrset.rdtype) == rr.DS)
    flags = rr.QR | rr.AA
    question = (cut, rr.DS, rr.CLASS_IN)
    if any(rrset.rdtype == rr.DS for rrset in ds):
        return Message(0, flags, question, ds, edns=referral.edns) if (cut, rr.DS) in signed else None
    proof = tuple(rrset for rrset in referral.authority if (rrset.covers or rrset.rdtype) in (rr.NSEC, rr.NSEC3))
    records = [rrset for rrset in proof if rrset.rdtype != rr.RRSIG]
    if not records or any((rrset.owner, rrset.rdtype) not in signed for rrset in records):
        return None
    if not any(rrset.rdtype == rr.NSEC3 or rrset.owner == cut for rrset in records):
        return None
    return Message(0, flags, question, (), proof, edns=referral.edns)

"""Links in words: what a link holds, who signed it, how long that lasts, and what a denial proves."""

from collections.abc import Iterable
from typing import Final, TypeVar

from unbroken._kernel import rdata_to_text, type_to_text
from unbroken.chain import (
    Chain,
    Denial,
    DenialKind,
    DenialRole,
    Evidence,
    Link,
    LinkKind,
    Mechanism,
    Question,
    Relation,
    SignatureAttempt,
    SignatureOutcome,
    Subject,
)
from unbroken.chain.times import duration_text
from unbroken.dns import Name, RRset, WireError
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede
from unbroken.dns.registry import algorithm_text, digest_text
from unbroken.dns.serial import to_epoch
from unbroken.report.escape import safe
from unbroken.report.style import Glyphs

_T = TypeVar("_T")

_SUBJECTS: Final = {
    Subject.QNAME: "the name",
    Subject.CLOSEST_ENCLOSER: "the closest encloser",
    Subject.NEXT_CLOSER: "the next closer name",
    Subject.SOURCE_OF_SYNTHESIS: "the wildcard",
}
_EDE_WORDS: Final = {
    "DNSSEC": "DNSSEC",
    "DNSKEY": "DNSKEY",
    "RRSIGS": "RRSIGs",
    "NSEC": "NSEC",
    "DS": "DS",
    "NSEC3": "NSEC3",
}


def ede_text(ede: Ede) -> str:
    """`EDE 9 (DNSKEY Missing)`, in the words of the IANA registry."""
    words = [_EDE_WORDS.get(word, word.capitalize()) for word in ede.name.split("_")]
    return f"EDE {int(ede)} ({' '.join(words)})"


def link_name(link: Link, question: Question) -> Name:
    """The name that a link is about: the owner of data, the name denied, else the zone."""
    if link.kind is LinkKind.DATA and link.evidence:
        return link.evidence[0].rrset.owner
    return question.name if link.kind is LinkKind.DENIAL else link.zone


def link_place(link: Link, question: Question) -> str:
    """Where a link stands, to go after "at" (`the keys of example.com.`)."""
    name = link_name(link, question)
    return {
        LinkKind.ANCHOR: f"the trust anchor of {name}",
        LinkKind.DELEGATION: f"the delegation of {name}",
        LinkKind.KEY: f"the keys of {name}",
        LinkKind.DATA: f"the data of {name}",
        LinkKind.DENIAL: f"the denial of {name}",
    }[link.kind]


def sentence(text: str) -> str:
    """Text with the full stop that it needs: a domain name at its end brings its own."""
    return text if text.endswith(".") else text + "."


def link_detail(link: Link, glyphs: Glyphs) -> str:
    """What the link holds, and the keys that signed it."""
    parts = [_contents(link, glyphs)]
    signers = _unique(attempt.rrsig.key_tag for attempt in _verified(link))
    if signers:
        parts.append("by " + " ".join(map(str, signers)))
    return " ".join(part for part in parts if part)


def _contents(link: Link, glyphs: Glyphs) -> str:
    if link.denial is not None and link.kind is not LinkKind.DATA:
        return _denial_heading(link.denial)
    if link.kind is LinkKind.DENIAL:
        return "denial"
    rrset = link.evidence[0].rrset if link.evidence else None
    if rrset is None:
        return {LinkKind.ANCHOR: _anchor_from_attempts(link), LinkKind.KEY: "DNSKEY", LinkKind.DELEGATION: "DS"}.get(
            link.kind, "no records"
        )
    text = rrset_summary(rrset, glyphs)
    return f"trust anchor {text}" if link.kind is LinkKind.ANCHOR else text


def _anchor_from_attempts(link: Link) -> str:
    records = [attempt.ds or attempt.dnskey for attempt in link.ds_attempts]
    tags = _unique(record.key_tag for record in records if record is not None)
    return " ".join(["trust anchor", *map(str, tags)])


def rrset_summary(rrset: RRset, glyphs: Glyphs) -> str:
    """An RRset in a few words: key tags and algorithms of keys and DS, target of an alias, else how many records."""
    mnemonic = type_to_text(rrset.rdtype)
    if rrset.rdtype == rr.DNSKEY:
        keys = rrset.dnskeys()
        return " ".join([mnemonic, _tags(key.key_tag for key in keys), _algorithms(key.algorithm for key in keys)])
    if rrset.rdtype == rr.DS:
        dses = rrset.dses()
        digests = "/".join(_unique(digest_text(ds.digest_type) for ds in dses))
        return " ".join([mnemonic, _tags(ds.key_tag for ds in dses), _algorithms(ds.algorithm for ds in dses), digests])
    if rrset.rdtype in (rr.CNAME, rr.DNAME):
        return f"{mnemonic} {glyphs.arrow} {rrset.target()}"
    return mnemonic if len(rrset) == 1 else f"{mnemonic} {glyphs.times}{len(rrset)}"


def _tags(tags: Iterable[int]) -> str:
    unique = _unique(tags)
    shown = [str(tag) for tag in unique[:6]]
    return " ".join([*shown, f"+{len(unique) - 6}"] if len(unique) > 6 else shown)


def _algorithms(numbers: Iterable[int]) -> str:
    return "/".join(_unique(algorithm_text(number) for number in numbers))


def _unique(items: Iterable[_T]) -> list[_T]:
    return list(dict.fromkeys(items))


def _verified(link: Link) -> list[SignatureAttempt]:
    return [attempt for attempt in link.attempts if attempt.outcome is SignatureOutcome.VERIFIED]


def signature_left(link: Link, now: int) -> int | None:
    """Seconds until the link's signatures no longer hold: the first RRset to lose its last good one. None without any."""
    ends: dict[tuple[Name, int], int] = {}
    for attempt in _verified(link):
        key = (attempt.owner, attempt.rrsig.type_covered)
        ends[key] = max(ends.get(key, 0), to_epoch(attempt.rrsig.expiration, now))
    return min(ends.values()) - now if ends else None


def left_text(seconds: int) -> str:
    """`12 d left`, or `over`."""
    return f"{duration_text(seconds)} left" if seconds >= 0 else f"{duration_text(seconds)} ago"


def record_values(rrset: RRset) -> list[str]:
    """The rdata of an RRset, each in presentation format, or as RFC 3597 §5 writes the unknown."""
    return [_record_value(rrset.rdtype, rdata) for rdata in rrset.rdatas]


def _record_value(rdtype: int, rdata: bytes) -> str:
    try:
        text = rdata_to_text(rdtype, rdata)
    except WireError:
        text = None
    return safe(text) if text is not None else f"\\# {len(rdata)} {rdata.hex()}"


def rests_on_opt_out(chain: Chain) -> bool:
    """Whether all that is denied is that something signed is there (RFC 5155 §6)."""
    return any(link.kind is LinkKind.DENIAL and link.denial is not None and link.denial.opt_out for link in chain.links)


# --- denials ----------------------------------------------------------------------------------------------------------


def _denial_heading(denial: Denial) -> str:
    mechanism = denial.mechanism.value.upper()
    if denial.opt_out and denial.kind in (DenialKind.NODATA, DenialKind.NXDOMAIN):
        return f"nothing signed ({mechanism})"
    return {
        DenialKind.NODATA: f"no such type ({mechanism})",
        DenialKind.NXDOMAIN: f"no such name ({mechanism})",
        DenialKind.NO_DS: f"no DS ({mechanism})",
        DenialKind.NOT_A_CUT: f"no zone cut ({mechanism})",
        DenialKind.WILDCARD_NODATA: f"no such type at the wildcard ({mechanism})",
        DenialKind.WILDCARD_ANSWER: f"no closer match ({mechanism})",
    }[denial.kind]


def denial_sentences(denial: Denial, link: Link, question: Question, glyphs: Glyphs) -> list[str]:
    """What the proof says, then each record's part in it."""
    sentences = [sentence(_claim(denial, link, question))]
    sentences += [_role_sentence(role, denial, link.evidence, glyphs) for role in denial.roles]
    if denial.opt_out:
        sentences.append("The span is opt-out: unsigned delegations may hide in it (RFC 5155 section 6).")
    if denial.compact:
        sentences.append("It is a compact denial (RFC 9824): the record is made for this very name.")
    return sentences


def _claim(denial: Denial, link: Link, question: Question) -> str:
    name = next((role.name for role in denial.roles if role.subject is Subject.QNAME), question.name)
    rdtype = type_to_text(question.rdtype)
    wildcard = denial.source_of_synthesis or "the wildcard"
    if denial.opt_out:
        return _opt_out_claim(denial, link, question, wildcard)
    return {
        DenialKind.NODATA: f"No such type: {name} exists, but has no {rdtype}",
        DenialKind.NXDOMAIN: f"No such name: {question.name} does not exist",
        DenialKind.NO_DS: f"No DS: {link.zone} is delegated, but not signed",
        DenialKind.NOT_A_CUT: f"No zone cut: {link.zone} lies inside the zone above",
        DenialKind.WILDCARD_NODATA: f"No such type: {wildcard} stands for {question.name}, and has no {rdtype}",
        DenialKind.WILDCARD_ANSWER: f"Wildcard: {question.name} itself does not exist, so {wildcard} stands for it",
    }[denial.kind]


def _opt_out_claim(denial: Denial, link: Link, question: Question, wildcard: Name | str) -> str:
    """RFC 5155 §6: an opt-out span says that nothing signed is in it, and leaves open what else is."""
    nothing = f"Nothing signed: {question.name} may exist without a signature, or not at all"
    return {
        DenialKind.NO_DS: f"No DS: {link.zone} is no signed delegation",
        DenialKind.WILDCARD_NODATA: f"{nothing}; {wildcard} has no {type_to_text(question.rdtype)}",
        DenialKind.WILDCARD_ANSWER: f"Wildcard: nothing signed is at {question.name} itself, so {wildcard} stands for it",
    }.get(denial.kind, nothing)


def _role_sentence(role: DenialRole, denial: Denial, evidence: tuple[Evidence, ...], glyphs: Glyphs) -> str:
    verb = "matches" if role.relation is Relation.MATCHES else "covers"
    subject = _SUBJECTS[role.subject]
    named = f"{subject} {role.name}" if role.name != role.record or denial.mechanism is Mechanism.NSEC3 else subject
    record = _record_text(role.record, denial.mechanism, evidence, glyphs)
    return sentence(f"{record} {verb} {named}{_bitmap_text(role, denial, evidence)}")


def _record_text(record: Name, mechanism: Mechanism, evidence: tuple[Evidence, ...], glyphs: Glyphs) -> str:
    if mechanism is Mechanism.NSEC3:
        return f"NSEC3 {short_hash_name(record, glyphs)}"
    for item in evidence:
        nsec = item.rrset.nsec() if item.rrset.rdtype == rr.NSEC and item.rrset.owner == record else None
        if nsec is not None:
            return f"NSEC {record} {glyphs.arrow} {nsec.next_name}"
    return f"NSEC {record}"


def _bitmap_text(role: DenialRole, denial: Denial, evidence: tuple[Evidence, ...]) -> str:
    """For a record that matches the name denied: the types it does list."""
    if role.relation is not Relation.MATCHES or role.subject is Subject.CLOSEST_ENCLOSER:
        return ""
    types = _bitmap(role.record, denial.mechanism, evidence)
    if types is None:
        return ""
    shown = [type_to_text(number) for number in sorted(types)]
    listed = " ".join(shown[:12]) + (" ..." if len(shown) > 12 else "")
    return f", which lists {listed or 'no type at all'}"


def _bitmap(record: Name, mechanism: Mechanism, evidence: tuple[Evidence, ...]) -> frozenset[int] | None:
    rdtype = rr.NSEC if mechanism is Mechanism.NSEC else rr.NSEC3
    for item in evidence:
        if item.rrset.rdtype == rdtype and item.rrset.owner == record:
            if rdtype == rr.NSEC:
                nsec = item.rrset.nsec()
                return nsec.types if nsec else None
            return next((nsec3.types for nsec3 in item.rrset.nsec3s()), None)
    return None


def short_hash_name(name: Name, glyphs: Glyphs) -> str:
    """An NSEC3 owner with its hash cut to eight characters: enough to tell one from another."""
    if name.is_root:
        return str(name)
    label = str(Name.from_labels(name.labels[:1]))[:-1]
    rest = "" if name.parent().is_root else str(name.parent())
    return (
        f"{label[:8]}{glyphs.ellipsis}{'' if glyphs.ellipsis.endswith('.') else '.'}{rest}"
        if len(label) > 12
        else str(name)
    )

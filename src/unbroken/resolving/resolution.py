"""What resolving a question ends in: the message for whoever asked, and the chain that says how far to trust it."""

from collections.abc import Iterable, Mapping

from unbroken.chain import Chain, Link, LinkKind, Provenance, Question, SignatureOutcome, Status
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.dns.serial import seconds_until
from unbroken.records import dataclass
from unbroken.resolving.redirection import follow
from unbroken.validation.protocol import Answer, Lookup, NoAnswer, Response


@dataclass(frozen=True, slots=True)
class Resolution:
    """The answer to a question, with its verdict."""

    question: Question
    message: Message
    """As a recursive server gives it, all CNAME hops merged; AD is set when the chain is SECURE, and only then.

    When it could not be resolved its rcode is SERVFAIL. When the answer is withheld it still holds the data, for
    inspection: look at `is_withheld` before you use it."""
    chain: Chain
    failure: NoAnswer | None = None
    """Why there is no answer, or none to the last hop."""
    source: Provenance = Provenance()
    """Who sent what the broken link rests on, or does not: a server that leaves out keys or proofs is to be named too."""

    @property
    def status(self) -> Status:
        """SECURE, INSECURE, BOGUS or INDETERMINATE (RFC 4033 §5)."""
        return self.chain.status

    @property
    def is_withheld(self) -> bool:
        """Whether the data must not be used: BOGUS, or INDETERMINATE though there is an anchor to judge it by.

        RFC 4035 §5.5 and §4.3: what fails to validate, or can't be validated because keys or DS could not be had, is not
        handed out. INDETERMINATE for want of an anchor alone is handed out, as by a resolver that does not validate.
        """
        return self.status is Status.BOGUS or (self.status is Status.INDETERMINATE and not self.chain.only_lacks_anchor)

    @property
    def rcode(self) -> int:
        """What a validating recursive server would return: SERVFAIL for what is withheld (RFC 4035 §5.5)."""
        return rr.SERVFAIL if self.is_withheld else self.message.rcode

    @property
    def rrset(self) -> RRset | None:
        """The RRset of the type asked for, at the end of the CNAMEs. None when there is none, or when it is withheld."""
        if self.is_withheld:
            return None
        trail = follow(self.message.answer, self.question.name, self.question.rdtype)
        here = (rrset for rrset in trail.records if rrset.owner == trail.end)
        return next((rrset for rrset in here if trail.found and rrset.rdtype == self.question.rdtype), None)


def source_of_break(chain: Chain, responses: Mapping[Lookup, Response]) -> Provenance:
    """Who sent what the broken link of a chain rests on, as far as these responses tell; nobody when no link is broken."""
    link = chain.broken_link
    if link is None:
        return Provenance()
    if link.evidence:
        return link.evidence[-1].provenance
    holder = next(part for part in (chain, *chain.hops) if link in part.links)
    asked = {LinkKind.KEY: Lookup(link.zone, rr.DNSKEY), LinkKind.DELEGATION: Lookup(link.zone, rr.DS)}
    response = responses.get(asked.get(link.kind, holder.question))
    return response.provenance if isinstance(response, Answer) else Provenance()


def proven_message(message: Message, chain: Chain, now: int) -> Message:
    """The message of a SECURE chain: AD set, the proven rcode, and nothing in it that was not authenticated.

    RFC 4035 §3.2.3: AD says that all RRsets of the answer and authority sections are authentic, so what else came along is
    left out. A CNAME that a proven DNAME makes has no signature of its own (RFC 6672 §5.3.1). `now`: epoch seconds.
    """
    links = [link for link in chain.all_links if link.kind in (LinkKind.DATA, LinkKind.DENIAL)]
    proven = {evidence.rrset for link in links for evidence in link.evidence}
    signed = {(rrset.owner, rrset.rdtype) for rrset in proven}
    dnames = [rrset.owner for rrset in proven if rrset.rdtype == rr.DNAME]

    def is_proven(rrset: RRset) -> bool:
        if rrset.rdtype == rr.RRSIG and chain.question.rdtype != rr.RRSIG:
            return (rrset.owner, rrset.covers) in signed
        made = rrset.rdtype == rr.CNAME and any(rrset.owner.is_below(dname) for dname in dnames)
        return made or rrset in proven

    ttls = _proven_ttls(links, now)

    def proven_part(section: tuple[RRset, ...]) -> tuple[RRset, ...]:
        return tuple(
            rrset.with_ttl(min(rrset.ttl, ttls.get((rrset.owner, rrset.covers or rrset.rdtype), rrset.ttl)))
            for rrset in section
            if is_proven(rrset)
        )

    answer, authority = proven_part(message.answer), proven_part(message.authority)
    flags = message.flags | rr.AD
    sections = answer, authority, message.additional
    return Message(message.id, flags, message.question, *sections, rcode=chain.rcode, edns=message.edns)


def _proven_ttls(links: Iterable[Link], now: int) -> dict[tuple[Name, int], int]:
    """By owner and type, the seconds that what was proven may be kept.

    RFC 4035 §5.3.3: at most the TTL as received, the Original TTL field, and the time to the signature's expiration.
    """
    ttls: dict[tuple[Name, int], int] = {}
    for link in links:
        for attempt in link.attempts:
            if attempt.outcome is SignatureOutcome.VERIFIED:
                rrsig = attempt.rrsig
                left = max(0, seconds_until(rrsig.expiration, now))
                key = (attempt.owner, rrsig.type_covered)
                ttls[key] = min(ttls.get(key, left), left, rrsig.original_ttl)
    return ttls


def capped(message: Message, maximum: int) -> Message:
    """The message with no TTL above `maximum` seconds."""

    def cap(section: tuple[RRset, ...]) -> tuple[RRset, ...]:
        return tuple(rrset if rrset.ttl <= maximum else rrset.with_ttl(maximum) for rrset in section)

    sections = cap(message.answer), cap(message.authority), cap(message.additional)
    return Message(message.id, message.flags, message.question, *sections, rcode=message.rcode, edns=message.edns)

"""What resolving a question ends in: the message for whoever asked, and the chain that says how far to trust it."""

from dataclasses import dataclass

from unbroken.chain import Chain, LinkKind, Question, Status
from unbroken.dns import Message, RRset
from unbroken.dns import rdtype as rr
from unbroken.validation.protocol import NoAnswer


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
        for rrset in reversed(self.message.answer):
            if rrset.rdtype == self.question.rdtype:
                return rrset
        return None


def proven_message(message: Message, chain: Chain) -> Message:
    """The message of a SECURE chain: AD set, the proven rcode, and nothing in it that was not authenticated.

    RFC 4035 §3.2.3: AD says that all RRsets of the answer and authority sections are authentic, so what else came along is
    left out. A CNAME that a proven DNAME makes has no signature of its own (RFC 6672 §5.3.1).
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

    answer, authority = (tuple(filter(is_proven, section)) for section in (message.answer, message.authority))
    flags = message.flags | rr.AD
    sections = answer, authority, message.additional
    return Message(message.id, flags, message.question, *sections, rcode=chain.rcode, edns=message.edns)

"""What resolving a question ends in: the message for whoever asked, and the chain that says how far to trust it."""

from dataclasses import dataclass

from unbroken.chain import Chain, Question, Status
from unbroken.dns import Message, RRset
from unbroken.dns import rdtype as rr
from unbroken.validation.protocol import NoAnswer


@dataclass(frozen=True, slots=True)
class Resolution:
    """The answer to a question, with its verdict."""

    question: Question
    message: Message
    """As a recursive server gives it, all CNAME hops merged; AD is set when the chain is SECURE, and only then.

    When it could not be resolved its rcode is SERVFAIL. When the chain is BOGUS it still holds the data, for inspection:
    look at `status` before you use it."""
    chain: Chain
    failure: NoAnswer | None = None
    """Why there is no answer, or none to the last hop."""

    @property
    def status(self) -> Status:
        """SECURE, INSECURE, BOGUS or INDETERMINATE (RFC 4033 §5)."""
        return self.chain.status

    @property
    def rcode(self) -> int:
        """What a validating recursive server would return: SERVFAIL when the chain is BOGUS (RFC 4035 §5.5)."""
        return rr.SERVFAIL if self.status is Status.BOGUS else self.message.rcode

    @property
    def rrset(self) -> RRset | None:
        """The RRset of the type asked for, at the end of the CNAMEs. None when there is none, or when the chain is BOGUS."""
        if self.status is Status.BOGUS:
            return None
        for rrset in reversed(self.message.answer):
            if rrset.rdtype == self.question.rdtype:
                return rrset
        return None

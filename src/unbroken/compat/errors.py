"""The exceptions of `dns.resolver`, and two more that its handlers catch as well."""

from collections.abc import Callable

import dns.exception
import dns.message
import dns.name
import dns.rdatatype
import dns.resolver

from unbroken.chain import Chain, Question
from unbroken.dns.presentation import name_to_dnspython
from unbroken.errors import UsageError

NXDOMAIN = dns.resolver.NXDOMAIN
NoAnswer = dns.resolver.NoAnswer
NoMetaqueries = dns.resolver.NoMetaqueries
NoNameservers = dns.resolver.NoNameservers
LifetimeTimeout = dns.resolver.LifetimeTimeout
Timeout = dns.exception.Timeout
YXDOMAIN = dns.resolver.YXDOMAIN

# dnspython's exceptions take keyword arguments that its own annotations leave out.
make_timeout: Callable[..., Exception] = LifetimeTimeout
make_no_nameservers: Callable[..., Exception] = NoNameservers
make_nxdomain: Callable[..., Exception] = NXDOMAIN
make_no_answer: Callable[..., Exception] = NoAnswer
make_idna_error: Callable[..., Exception] = dns.name.IDNAException


def request(question: Question) -> dns.message.Message:
    """The query that an exception speaks of."""
    return dns.message.make_query(name_to_dnspython(question.name), dns.rdatatype.RdataType.make(question.rdtype))


class Bogus(NoNameservers):
    """The chain of trust is broken: the data must not be used. `chain` says where and why.

    A NoNameservers, which is what dnspython raises for the SERVFAIL of a validating server (RFC 4035 §5.5), so that code
    that was written for one catches it.
    """

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        errors = [("", False, 53, str(self), None)]
        super().__init__(request=request(chain.question), errors=errors)  # type: ignore[no-untyped-call, unused-ignore]

    def __str__(self) -> str:
        reason = self.chain.reason
        return reason.sentence if reason is not None else f"{self.chain.question.name} does not validate"


class NotSupported(dns.exception.DNSException, UsageError):  # type: ignore[misc, unused-ignore]
    """The call asks for something that dnspython does and this resolver does not, so that the result would be another's."""

    def __init__(self, what: str) -> None:
        super().__init__(what)  # type: ignore[no-untyped-call, unused-ignore]

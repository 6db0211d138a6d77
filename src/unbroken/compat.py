"""A drop-in for `dns.resolver` and `dns.asyncresolver`: the same calls and exceptions, and `Bogus` for what does not validate.

    from unbroken.compat import Resolver
    answer = Resolver().resolve("example.com", "MX")      # a dns.resolver.Answer; raises Bogus

The answer additionally has `.status` and `.chain`. Importing this module imports dnspython.
"""

from collections.abc import Callable, Sequence
from typing import Any

import dns.exception
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.reversename

from unbroken.chain import Chain, Status
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.dns.presentation import message_to_dnspython, name_from_dnspython
from unbroken.errors import UsageError
from unbroken.resolving.api import default_resolver, run_blocking, to_name
from unbroken.resolving.resolution import Resolution
from unbroken.resolving.resolver import Resolver as ChainResolver
from unbroken.resolving.transport import Server

NXDOMAIN = dns.resolver.NXDOMAIN
NoAnswer = dns.resolver.NoAnswer
NoNameservers = dns.resolver.NoNameservers
LifetimeTimeout = dns.resolver.LifetimeTimeout
YXDOMAIN = dns.resolver.YXDOMAIN


# dnspython's exceptions take keyword arguments that its own annotations leave out.
_timeout: Callable[..., Exception] = LifetimeTimeout
_no_nameservers: Callable[..., Exception] = NoNameservers
_nxdomain: Callable[..., Exception] = NXDOMAIN
_no_answer: Callable[..., Exception] = NoAnswer


class Bogus(dns.exception.DNSException):  # type: ignore[misc, unused-ignore]
    """The chain of trust is broken: the data must not be used. `chain` says where and why."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        reason = chain.reason
        sentence = reason.sentence if reason is not None else f"{chain.question.name} does not validate"
        super().__init__(sentence)  # type: ignore[no-untyped-call, unused-ignore]


class _Shared:
    """What the two faces have in common. One resolver is used; `nameservers` makes it forward to them."""

    def __init__(
        self,
        filename: str = "",
        configure: bool = True,
        *,
        nameservers: Sequence[str] = (),
        resolver: ChainResolver | None = None,
    ) -> None:
        """`filename` and `configure` are accepted and without effect: this resolver starts at the root, not at resolv.conf."""
        self._resolver = resolver
        self._nameservers: list[str] = list(nameservers)
        self.port = 53
        self.lifetime = 12.0
        self.search: list[dns.name.Name] = []
        self.domain = dns.name.root

    @property
    def nameservers(self) -> list[str]:
        """Addresses of recursive servers to forward to; empty: iterate from the root."""
        return self._nameservers

    @nameservers.setter
    def nameservers(self, addresses: Sequence[str]) -> None:
        self._nameservers = list(addresses)
        self._resolver = None

    def chain_resolver(self) -> ChainResolver:
        """The `unbroken` resolver behind this one."""
        if self._resolver is None:
            if not self._nameservers:
                return default_resolver()
            servers = [Server(address, self.port) for address in self._nameservers]
            self._resolver = ChainResolver(forwarders=servers)
        return self._resolver

    async def _resolve(
        self, qname: "dns.name.Name | str", rdtype: Any, rdclass: Any, search: bool | None, raise_on_no_answer: bool
    ) -> dns.resolver.Answer:
        if dns.rdataclass.RdataClass.make(rdclass) != dns.rdataclass.IN:
            raise UsageError("only class IN is resolved")
        kind = dns.rdatatype.RdataType.make(rdtype)
        if dns.rdatatype.is_metatype(kind) and kind != dns.rdatatype.ANY:
            raise dns.resolver.NoMetaqueries
        names = self._candidates(qname, search)
        resolution = await self.chain_resolver().resolve(names[0], int(kind))
        for name in names[1:]:
            if resolution.rcode != rr.NXDOMAIN:
                break
            resolution = await self.chain_resolver().resolve(name, int(kind))
        return _to_answer(resolution, raise_on_no_answer)

    def _candidates(self, qname: "dns.name.Name | str", search: bool | None) -> list[Name]:
        if isinstance(qname, dns.name.Name):
            if qname.is_absolute():
                return [name_from_dnspython(qname)]
            relative = qname
        else:
            if not search or qname.endswith("."):
                return [to_name(qname)]
            relative = dns.name.from_text(qname, None)
        bases = [*self.search] if search else []
        return [name_from_dnspython(relative.concatenate(base)) for base in [*bases, dns.name.root]]


class Resolver(_Shared):
    """Stands in for `dns.resolver.Resolver`."""

    def resolve(
        self,
        qname: "dns.name.Name | str",
        rdtype: Any = dns.rdatatype.A,
        rdclass: Any = dns.rdataclass.IN,
        tcp: bool = False,
        source: str | None = None,
        raise_on_no_answer: bool = True,
        source_port: int = 0,
        lifetime: float | None = None,
        search: bool | None = None,
    ) -> dns.resolver.Answer:
        """A `dns.resolver.Answer` that is SECURE or INSECURE (its `.status` says which), validated here.

        Raises Bogus, and as dnspython does NXDOMAIN, NoAnswer, YXDOMAIN, NoNameservers, LifetimeTimeout. `tcp`, `source`,
        `source_port` are without effect.
        """
        return run_blocking(_within(self._resolve(qname, rdtype, rdclass, search, raise_on_no_answer), self, lifetime))

    def resolve_address(self, ipaddr: str, *args: Any, **kwargs: Any) -> dns.resolver.Answer:
        """The PTR records of an address."""
        return self.resolve(dns.reversename.from_address(ipaddr), dns.rdatatype.PTR, *args, **kwargs)

    def query(self, qname: "dns.name.Name | str", *args: Any, **kwargs: Any) -> dns.resolver.Answer:
        """dnspython's former name of `resolve`, with search."""
        return self.resolve(qname, *args, **{"search": True, **kwargs})


class AsyncResolver(_Shared):
    """Stands in for `dns.asyncresolver.Resolver`, with asyncio."""

    async def resolve(
        self,
        qname: "dns.name.Name | str",
        rdtype: Any = dns.rdatatype.A,
        rdclass: Any = dns.rdataclass.IN,
        tcp: bool = False,
        source: str | None = None,
        raise_on_no_answer: bool = True,
        source_port: int = 0,
        lifetime: float | None = None,
        search: bool | None = None,
        backend: Any = None,
    ) -> dns.resolver.Answer:
        """See `Resolver.resolve`."""
        return await _within(self._resolve(qname, rdtype, rdclass, search, raise_on_no_answer), self, lifetime)

    async def resolve_address(self, ipaddr: str, *args: Any, **kwargs: Any) -> dns.resolver.Answer:
        """The PTR records of an address."""
        return await self.resolve(dns.reversename.from_address(ipaddr), dns.rdatatype.PTR, *args, **kwargs)


async def _within(answer: Any, shared: _Shared, lifetime: float | None) -> dns.resolver.Answer:
    import asyncio

    seconds = shared.lifetime if lifetime is None else lifetime
    try:
        async with asyncio.timeout(seconds):
            found: dns.resolver.Answer = await answer
            return found
    except TimeoutError as error:
        raise _timeout(timeout=seconds, errors=[]) from error


def _failure_text(resolution: Resolution) -> str:
    if resolution.failure is not None:
        return resolution.failure.detail
    reason = resolution.chain.reason
    return reason.sentence if resolution.is_withheld and reason is not None else "SERVFAIL"


def _to_answer(resolution: Resolution, raise_on_no_answer: bool) -> dns.resolver.Answer:
    if resolution.status is Status.BOGUS:
        raise Bogus(resolution.chain)
    message = message_to_dnspython(resolution.message)
    name, rdtype = message.question[0].name, message.question[0].rdtype
    if resolution.failure is not None or resolution.rcode not in (rr.NOERROR, rr.NXDOMAIN, rr.YXDOMAIN):
        why = _failure_text(resolution)
        raise _no_nameservers(request=dns.message.make_query(name, rdtype), errors=[("", False, 53, why, message)])
    if resolution.rcode == rr.NXDOMAIN:
        raise _nxdomain(qnames=[name], responses={name: message})
    if resolution.rcode == rr.YXDOMAIN:
        raise YXDOMAIN
    assert isinstance(message, dns.message.QueryMessage)
    answer = dns.resolver.Answer(name, rdtype, dns.rdataclass.IN, message)
    if answer.rrset is None and raise_on_no_answer:
        raise _no_answer(response=message)
    answer.status = resolution.status  # type: ignore[attr-defined]
    answer.chain = resolution.chain  # type: ignore[attr-defined]
    return answer

"""Stands in for `dns.asyncresolver`, with asyncio."""

import socket
import time
from typing import Any

import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.reversename

from unbroken.compat.answers import answer
from unbroken.compat.errors import NXDOMAIN, make_no_answer
from unbroken.compat.settings import Settings


class Resolver(Settings):
    """Stands in for `dns.asyncresolver.Resolver`."""

    __slots__ = ()

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
        """See `unbroken.compat.Resolver.resolve`. `backend` is without effect: it is asyncio's loop that runs this."""
        return await answer(
            self,
            qname,
            rdtype,
            rdclass,
            tcp=tcp,
            source=source,
            source_port=source_port,
            raise_on_no_answer=raise_on_no_answer,
            lifetime=lifetime,
            search=search,
        )

    async def resolve_address(self, ipaddr: str, *args: Any, **kwargs: Any) -> dns.resolver.Answer:
        """The PTR records of an address."""
        rest = {**kwargs, "rdtype": dns.rdatatype.PTR, "rdclass": dns.rdataclass.IN}
        return await self.resolve(dns.reversename.from_address(ipaddr), *args, **rest)

    async def resolve_name(
        self, name: "dns.name.Name | str", family: int = socket.AF_UNSPEC, **kwargs: Any
    ) -> dns.resolver.HostAnswers:
        """The addresses of a host, of one family or of both."""
        rest = {**kwargs, "rdclass": dns.rdataclass.IN}
        rest.pop("rdtype", None)
        if family == socket.AF_INET:
            return dns.resolver.HostAnswers.make(v4=await self.resolve(name, dns.rdatatype.A, **rest))
        if family == socket.AF_INET6:
            return dns.resolver.HostAnswers.make(v6=await self.resolve(name, dns.rdatatype.AAAA, **rest))
        if family != socket.AF_UNSPEC:
            raise NotImplementedError(f"unknown address family {family}")
        raises = rest.pop("raise_on_no_answer", True)
        given = rest.pop("lifetime", None)
        end = time.monotonic() + (self.lifetime if given is None else given)
        rest["raise_on_no_answer"] = False
        v6 = await self.resolve(name, dns.rdatatype.AAAA, lifetime=end - time.monotonic(), **rest)
        # The same name, should it have been found by searching.
        v4 = await self.resolve(v6.qname, dns.rdatatype.A, lifetime=end - time.monotonic(), **rest)
        answers = dns.resolver.HostAnswers.make(v6=v6, v4=v4, add_empty=not raises)
        if not answers:
            raise make_no_answer(response=v6.response)
        return answers

    async def canonical_name(self, name: "dns.name.Name | str") -> dns.name.Name:
        """The name at the end of the CNAMEs, whether it exists or not."""
        try:
            return (await self.resolve(name, raise_on_no_answer=False)).canonical_name
        except NXDOMAIN as error:
            end: dns.name.Name = error.canonical_name
            return end


_default: Resolver | None = None


def get_default_resolver() -> Resolver:
    """The resolver of the functions below: from the root, or as it was told since."""
    global _default  # as in dnspython, whose users change its attributes
    if _default is None:
        _default = Resolver()
    return _default


def reset_default_resolver() -> None:
    """Forget what that resolver was told."""
    global _default
    _default = None


async def resolve(qname: "dns.name.Name | str", *args: Any, **kwargs: Any) -> dns.resolver.Answer:
    """See `Resolver.resolve`."""
    return await get_default_resolver().resolve(qname, *args, **kwargs)


async def resolve_address(ipaddr: str, *args: Any, **kwargs: Any) -> dns.resolver.Answer:
    """See `Resolver.resolve_address`."""
    return await get_default_resolver().resolve_address(ipaddr, *args, **kwargs)


async def resolve_name(
    name: "dns.name.Name | str", family: int = socket.AF_UNSPEC, **kwargs: Any
) -> dns.resolver.HostAnswers:
    """See `Resolver.resolve_name`."""
    return await get_default_resolver().resolve_name(name, family, **kwargs)


async def canonical_name(name: "dns.name.Name | str") -> dns.name.Name:
    """See `Resolver.canonical_name`."""
    return await get_default_resolver().canonical_name(name)

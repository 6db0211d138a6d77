"""One question of a drop-in resolver: names to try, the resolution, and the answer or exception that it becomes."""

import asyncio
from typing import Any

import dns.exception
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.resolver

from unbroken.chain import Status
from unbroken.compat.errors import (
    YXDOMAIN,
    Bogus,
    NoMetaqueries,
    NotSupported,
    make_idna_error,
    make_no_answer,
    make_no_nameservers,
    make_nxdomain,
    make_timeout,
    request,
)
from unbroken.compat.settings import Settings
from unbroken.dns import rdtype as rr
from unbroken.dns.presentation import message_to_dnspython, name_from_dnspython, name_to_dnspython
from unbroken.errors import UsageError
from unbroken.resolving.api import to_name
from unbroken.resolving.resolution import Resolution


async def answer(
    settings: Settings,
    qname: "dns.name.Name | str",
    rdtype: Any,
    rdclass: Any,
    *,
    tcp: bool,
    source: str | None,
    source_port: int,
    raise_on_no_answer: bool,
    lifetime: float | None,
    search: bool | None,
) -> dns.resolver.Answer:
    """See `unbroken.compat.Resolver.resolve`."""
    if tcp or source is not None or source_port:
        raise NotSupported("tcp, source and source_port can't be chosen: TCP is used where it is needed")
    if dns.rdataclass.RdataClass.make(rdclass) != dns.rdataclass.IN:
        raise NotSupported("only class IN is resolved")
    kind = dns.rdatatype.RdataType.make(rdtype)
    if kind == dns.rdatatype.NONE or (dns.rdatatype.is_metatype(kind) and kind != dns.rdatatype.ANY):
        raise NoMetaqueries
    names = settings.candidates(_to_dns_name(qname), search)
    seconds = settings.lifetime if lifetime is None else lifetime
    try:
        async with asyncio.timeout(seconds):
            return await _first(settings, names, kind, raise_on_no_answer)
    except TimeoutError as error:
        raise make_timeout(timeout=seconds, errors=[]) from error


def _to_dns_name(qname: "dns.name.Name | str") -> dns.name.Name:
    """Relative unless it ends in a dot. Raises what dnspython raises for what is no name."""
    if isinstance(qname, dns.name.Name):
        return qname
    if qname.isascii():
        return dns.name.from_text(qname, None)
    try:
        name = name_to_dnspython(to_name(qname))
    except UsageError as error:
        raise make_idna_error(idna_exception=error) from error
    return name if qname.endswith((".", "。")) else name.relativize(dns.name.root)


async def _first(
    settings: Settings, names: list[dns.name.Name], kind: dns.rdatatype.RdataType, raise_on_no_answer: bool
) -> dns.resolver.Answer:
    """The answer to the first of the names that exists."""
    denials: dict[dns.name.Name, dns.message.Message] = {}
    for name in names:
        resolution = await settings.chain_resolver().resolve(name_from_dnspython(name), int(kind))
        message = _message(resolution)
        if resolution.rcode != rr.NXDOMAIN:
            return _to_answer(resolution, message, raise_on_no_answer)
        denials[name] = message
    raise make_nxdomain(qnames=names, responses=denials)


def _message(resolution: Resolution) -> dns.message.Message:
    """The message, if its data may be used. Raises Bogus, and NoNameservers for all else that stands in its way."""
    if resolution.status is Status.BOGUS:
        raise Bogus(resolution.chain)
    good = (rr.NOERROR, rr.NXDOMAIN, rr.YXDOMAIN)
    if resolution.failure is not None or resolution.rcode not in good:
        raise _no_nameservers(resolution, _failure_text(resolution))
    try:
        return message_to_dnspython(resolution.message)
    except dns.exception.DNSException as error:
        # RFC 3597 §4: dnspython parses the rdata of types it knows, and what is malformed makes the whole unusable to it.
        raise _no_nameservers(resolution, f"malformed data: {error}") from error


def _to_answer(resolution: Resolution, message: dns.message.Message, raise_on_no_answer: bool) -> dns.resolver.Answer:
    if resolution.rcode == rr.YXDOMAIN:
        raise YXDOMAIN
    name, rdtype = message.question[0].name, message.question[0].rdtype
    assert isinstance(message, dns.message.QueryMessage)
    try:
        found = dns.resolver.Answer(name, rdtype, dns.rdataclass.IN, message)
    except dns.exception.DNSException as error:
        raise _no_nameservers(resolution, str(error)) from error
    if found.rrset is None and raise_on_no_answer:
        raise make_no_answer(response=message)
    found.status = resolution.status  # type: ignore[attr-defined]
    found.chain = resolution.chain  # type: ignore[attr-defined]
    return found


def _no_nameservers(resolution: Resolution, why: str) -> Exception:
    return make_no_nameservers(request=request(resolution.question), errors=[("", False, 53, why, None)])


def _failure_text(resolution: Resolution) -> str:
    if resolution.failure is not None:
        return resolution.failure.detail
    reason = resolution.chain.reason
    return reason.sentence if resolution.is_withheld and reason is not None else "SERVFAIL"

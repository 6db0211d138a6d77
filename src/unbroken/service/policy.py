"""Queries that get their answer without any look-up: what is not implemented, not allowed, or no question to resolve at all."""

from typing import Final

from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede
from unbroken.service.extended_error import ExtendedError
from unbroken.service.query import Query
from unbroken.service.reply import Content, refusal

_SIG0_TYPE: Final = 0
_TKEY: Final = 249
_TSIG: Final = 250
_META: Final = range(128, 256)
_NO_QUESTION: Final = frozenset({_SIG0_TYPE, rr.OPT, rr.NXNAME, _TKEY, _TSIG})


def immediate(query: Query) -> Content | None:
    """The content of a reply that needs no look-up; None for a question to resolve."""
    # RFC 6891 §6.1.3: a version that is not implemented gets BADVERS, whatever else the query holds.
    if query.edns is not None and query.edns.version != 0:
        return refusal(rr.BADVERS)
    if query.rdclass != rr.CLASS_IN:
        what = "only class IN is served here"
        return refusal(rr.REFUSED, ExtendedError(Ede.NOT_SUPPORTED, what))
    refused = _of_type(query.rdtype)
    if refused is not None:
        return refused
    if not query.wants_recursion:
        # RFC 8914 §4.21: a resolver that gets a query with RD clear says so in its REFUSED. An answer from the cache alone
        # would tell one client what others have asked.
        return refusal(rr.REFUSED, ExtendedError(Ede.NOT_AUTHORITATIVE, "recursion was not asked for (RD is clear)"))
    return None


def _of_type(rdtype: int) -> Content | None:
    if rdtype in _NO_QUESTION:
        # RFC 6895 §3.1: these are records of messages, not of zones. RFC 9824 §4: so is NXNAME, and a query for it FORMERR.
        return refusal(rr.FORMERR, ExtendedError(Ede.INVALID_QUERY_TYPE, "no zone holds records of this type"))
    if rdtype in (rr.AXFR, rr.IXFR):
        # RFC 5936 §2.2.1: a server that does not transfer the zone says REFUSED; a resolver has none to transfer.
        return refusal(rr.REFUSED, ExtendedError(Ede.NOT_AUTHORITATIVE, "zones are not transferred from here"))
    if rdtype in _META and rdtype != rr.ANY:
        # RFC 6895 §3.1: the rest of the range are QTYPEs that are obsolete or were never assigned.
        return refusal(rr.NOTIMP, ExtendedError(Ede.NOT_SUPPORTED, "this QTYPE is not implemented"))
    return None

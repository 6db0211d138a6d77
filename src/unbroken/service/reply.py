"""Replies: the header bits, sections and options that a client gets for its query."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from unbroken.dns import Edns, Message, RRset
from unbroken.dns import rdtype as rr
from unbroken.service.extended_error import ExtendedError
from unbroken.service.query import Query

_AUTHENTICATING: Final = (rr.RRSIG, rr.NSEC, rr.NSEC3)
_KEEPALIVE: Final = 11
_PADDING: Final = 12
_BLOCK: Final = 468
"""RFC 8467 §4.1: servers pad to multiples of so many octets."""
_OPTION_HEADER: Final = 4
_STREAM_LIMIT: Final = 65535


@dataclass(frozen=True, slots=True)
class Via:
    """How a query came. `keepalive`: tenths of a second that a connection may be idle, None where there is none."""

    name: str = "udp"
    is_stream: bool = False
    keepalive: int | None = None
    udp_size: int = 1232
    is_encrypted: bool = False

    def limit(self, query: Query) -> int:
        """Octets of the largest reply."""
        return _STREAM_LIMIT if self.is_stream else query.udp_limit(self.udp_size)


@dataclass(frozen=True, slots=True)
class Content:
    """What a reply holds, before it is cut to what this client wants."""

    rcode: int = rr.NOERROR
    answer: tuple[RRset, ...] = ()
    authority: tuple[RRset, ...] = ()
    is_secure: bool = False
    """Whether a chain showed all of it to be authentic."""
    errors: tuple[ExtendedError, ...] = ()
    is_truncated: bool = False
    """Whether the client is to come again over TCP."""


def refusal(rcode: int, *errors: ExtendedError) -> Content:
    """No data, only why."""
    return Content(rcode, errors=errors)


def reply(query: Query, content: Content, via: Via) -> bytes:
    """The reply, whole or truncated to what the way back takes."""
    answer, authority = content.answer, content.authority
    if not query.dnssec_ok:
        answer, authority = _without_dnssec(answer, query.rdtype), _without_dnssec(authority, query.rdtype)
    if query.rdtype == rr.ANY:
        answer = _one_rrset(answer)
    question = (query.name, query.rdtype, query.rdclass)
    limit = via.limit(query)
    edns = _edns(query, content.errors, via, limit)
    flags, rcode = _flags(query, content), content.rcode
    wire = Message(query.id, flags, question, answer, authority, rcode=rcode, edns=edns).to_wire(limit)
    if edns is None or not _is_padded(query, via):
        return wire
    padding = -(len(wire) + _OPTION_HEADER) % _BLOCK
    if len(wire) + _OPTION_HEADER + padding > limit:
        return wire
    padded = Edns(edns.udp_size, edns.do, (*edns.options, (_PADDING, bytes(padding))))
    return Message(query.id, flags, question, answer, authority, rcode=rcode, edns=padded).to_wire(limit)


def _is_padded(query: Query, via: Via) -> bool:
    """RFC 7830 §4: replies are padded for who padded the query, and only where that hides something."""
    options = query.edns.options if query.edns is not None else ()
    return via.is_encrypted and any(code == _PADDING for code, _ in options)


def _flags(query: Query, content: Content) -> int:
    # RFC 1035 §4.1.1: RD is copied, RA says that recursion is to be had. RFC 4035 §3.2.2: CD is copied.
    flags = rr.QR | rr.RA | query.flags & (rr.RD | rr.CD) | (rr.TC if content.is_truncated else 0)
    # RFC 4035 §3.2.3: AD only when all of answer and authority is authentic; RFC 6840 §5.8: and only to who asks for it.
    return flags | rr.AD if content.is_secure and query.understands_ad else flags


def _edns(query: Query, errors: Iterable[ExtendedError], via: Via, limit: int) -> Edns | None:
    # RFC 6891 §6.1.1: an OPT if and only if the query had one; §6.1.2: options that are not known are ignored, not echoed.
    if query.edns is None:
        return None
    room = query.text_room(limit)
    options = []
    for error in errors:
        made = error.option(room)
        room -= len(made[1]) + 4
        options.append(made)
    # RFC 7828 §3.3.2: the timeout goes to clients that sent the option, and over TCP only.
    if via.keepalive is not None and any(code == _KEEPALIVE for code, _ in query.edns.options):
        options.append((_KEEPALIVE, via.keepalive.to_bytes(2, "big")))
    # RFC 3225 §3: DO is copied.
    return Edns(via.udp_size, query.edns.do, tuple(options))


def _without_dnssec(section: tuple[RRset, ...], asked: int) -> tuple[RRset, ...]:
    """RFC 4035 §3.2.1: without DO the authenticating records are left out, unless they were asked for."""
    return tuple(rrset for rrset in section if rrset.rdtype not in _AUTHENTICATING or rrset.rdtype == asked)


def _one_rrset(answer: tuple[RRset, ...]) -> tuple[RRset, ...]:
    """RFC 8482 §4.1: of the RRsets that answer ANY one will do, with its signatures; the smallest amplifies least."""
    # An alias stays: it, and not what lies beside it, is what its name stands for (RFC 8482 §4.2).
    aliases = [rrset for rrset in answer if rrset.rdtype in (rr.CNAME, rr.DNAME)]
    data = [rrset for rrset in answer if rrset.rdtype not in (*_AUTHENTICATING, rr.CNAME, rr.DNAME)]
    if aliases or not data:
        return answer
    least = min(data, key=lambda rrset: sum(map(len, rrset.rdatas)))
    return tuple(r for r in answer if r is least or (r.owner == least.owner and r.covers == least.rdtype))

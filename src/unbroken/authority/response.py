"""Query in, response out, no I/O: header rules, EDNS, sizes; the look-up itself is `lookup`."""

from typing import Final

from unbroken._kernel import Edns, Message, WireError
from unbroken.authority.index import Authority
from unbroken.authority.lookup import Step, fill
from unbroken.authority.sections import Sections
from unbroken.dns import rdtype as rr

UDP_SIZE: Final = 1232  # octets; no fragments on any path of today (RFC 9715 §3.1)
_MIN_UDP_SIZE: Final = 512  # RFC 1035 §4.2.1, RFC 6891 §6.2.3
_MAX_TCP_SIZE: Final = 65535
_HEADER_SIZE: Final = 12
# Types that no zone holds: OPT, TKEY, TSIG, transfers, MAILB and MAILA.
_NOT_ANSWERED: Final = frozenset({rr.OPT, 249, 250, rr.IXFR, rr.AXFR, 253, 254})


def answer(authority: Authority, query: Message) -> Message:
    """The whole response to a query, of any size: `to_wire(max_size)` cuts it. Does not look at QR."""
    rcode = _refusal(query)
    sections = Sections(wants_dnssec=query.edns is not None and query.edns.do)
    if rcode != rr.NOERROR or query.question is None:
        return _response(query, Step(rcode, is_authoritative=False), sections)
    name, rdtype, _ = query.question
    return _response(query, fill(authority, name, rdtype, sections), sections)


def _refusal(query: Message) -> int:
    """The rcode of queries that are not looked up; NOERROR for the others."""
    # RFC 6891 §6.1.3: a version that is not known here gets BADVERS, whatever else the query holds.
    if query.edns is not None and query.edns.version != 0:
        return rr.BADVERS
    if query.opcode != 0:
        return rr.NOTIMP
    if query.question is None:
        return rr.FORMERR
    _, rdtype, rdclass = query.question
    is_served = rdclass in (rr.CLASS_IN, rr.ANY) and rdtype not in _NOT_ANSWERED
    return rr.NOERROR if is_served else rr.REFUSED


def _response(query: Message, step: Step, sections: Sections) -> Message:
    # RFC 4035 §3.1.6: an authoritative server clears CD and does not set AD; RD is copied (RFC 1035 §4.1.1).
    flags = rr.QR | (query.flags & rr.RD) | (rr.AA if step.is_authoritative else 0)
    # RFC 6891 §6.1.1: an OPT in the response if and only if the query had one; RFC 3225 §3: DO is copied.
    edns = None if query.edns is None else Edns(UDP_SIZE, query.edns.do)
    return Message(
        query.id,
        flags,
        query.question,
        tuple(sections.answer.values()),
        tuple(sections.authority.values()),
        tuple(sections.additional.values()),
        opcode=query.opcode,
        rcode=step.rcode,
        edns=edns,
    )


def respond(authority: Authority, wire: bytes, *, tcp: bool) -> bytes | None:
    """What a server sends back for these octets; None when it should stay silent."""
    # A response is never answered: two servers would talk to each other for ever.
    if len(wire) < _HEADER_SIZE or wire[2] & 0x80:
        return None
    try:
        query = Message.from_wire(wire)
    except WireError:
        return _format_error(wire)
    return answer(authority, query).to_wire(_MAX_TCP_SIZE if tcp else _udp_limit(query))


def _udp_limit(query: Message) -> int:
    # RFC 6891 §6.2.3: what the requestor can take, values under 512 counting as 512, but no more than this server
    # sends.
    return _MIN_UDP_SIZE if query.edns is None else max(_MIN_UDP_SIZE, min(query.edns.udp_size, UDP_SIZE))


def _format_error(wire: bytes) -> bytes:
    """RFC 1035 §4.1.1: FORMERR, with the id, opcode and RD of the query, and no sections."""
    return wire[:2] + bytes((0x80 | wire[2] & 0x79, rr.FORMERR)) + bytes(8)

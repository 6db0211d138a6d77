"""What a client asks: a message of at most a few records, or the rcode that it gets for being something else."""

from dataclasses import dataclass
from typing import Final

from unbroken.chain import Question
from unbroken.dns import Edns, Message, Name, WireError
from unbroken.dns import rdtype as rr

HEADER: Final = 12
_MINIMUM_UDP: Final = 512
_NO_ROOM: Final = 300
"""Octets of a reply that header, question and OPT may take at most, names being up to 255."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question as it was asked. `name` keeps its case, which goes back as it came (RFC 5452 §9.2 counts on it)."""

    id: int
    flags: int
    name: Name
    rdtype: int
    rdclass: int
    edns: Edns | None

    @property
    def question(self) -> Question:
        """Name and type, as the caches know them."""
        return Question(self.name, self.rdtype)

    @property
    def wants_recursion(self) -> bool:
        """RD (RFC 1035 §4.1.1)."""
        return bool(self.flags & rr.RD)

    @property
    def checking_disabled(self) -> bool:
        """CD: the client validates by itself (RFC 4035 §3.2.2)."""
        return bool(self.flags & rr.CD)

    @property
    def dnssec_ok(self) -> bool:
        """DO: DNSSEC records are welcome (RFC 3225 §3)."""
        return self.edns is not None and self.edns.do

    @property
    def understands_ad(self) -> bool:
        """RFC 6840 §5.7 and §5.8: AD goes to those that set DO or AD in the query, and to nobody else."""
        return self.dnssec_ok or bool(self.flags & rr.AD)

    def udp_limit(self, most: int) -> int:
        """Octets that a reply over UDP may have.

        RFC 1035 §4.2.1: 512 without EDNS. RFC 6891 §6.2.3: with it what the client says, values below 512 counting as 512.
        """
        return _MINIMUM_UDP if self.edns is None else max(_MINIMUM_UDP, min(self.edns.udp_size, most))

    def text_room(self, limit: int) -> int:
        """Octets that the text of an Extended DNS Error may have in a reply of at most `limit` octets."""
        return max(0, limit - _NO_ROOM)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A query that is none: `rcode` says so, and `wire` is the whole reply, a header."""

    rcode: int
    wire: bytes


def read_query(wire: bytes) -> Query | Unreadable | None:
    """The query in these octets; None when no reply may be sent.

    The counts of the header are looked at first, so that no more than a question and a few records are ever parsed.
    """
    # RFC 1035 §4.1.1: without a header there is no id to reply to. A response is never answered, lest two servers talk to
    # each other for ever.
    if len(wire) < HEADER or wire[2] & 0x80:
        return None
    # RFC 1035 §4.1.1, RFC 6895 §2.2: an opcode that is not implemented is told so; what follows may have any form.
    if wire[2] & 0x78:
        return Unreadable(rr.NOTIMP, _bare(wire, rr.NOTIMP))
    questions, answers, authorities, additional = (int.from_bytes(wire[at : at + 2], "big") for at in (4, 6, 8, 10))
    # RFC 9619 §4: with opcode 0, QDCOUNT must not be above 1. Without a question there is nothing to answer, and the one
    # use of that (RFC 7873 §5.4) is for servers with cookies. IXFR has a SOA in authority (RFC 1995 §3), OPT, TSIG and
    # SIG(0) are the additional records that queries may have.
    if questions != 1 or answers or authorities > 1 or additional > 2:
        return Unreadable(rr.FORMERR, _bare(wire, rr.FORMERR))
    try:
        message = Message.from_wire(wire)
    except WireError:
        # RFC 6891 §7: so it is too when the OPT record can't be read.
        return Unreadable(rr.FORMERR, _bare(wire, rr.FORMERR))
    if message.question is None or message.flags & rr.TC:
        # With TC set the parser lets a message end early, and a truncated question is no question.
        return Unreadable(rr.FORMERR, _bare(wire, rr.FORMERR))
    name, rdtype, rdclass = message.question
    return Query(message.id, message.flags, name, rdtype, rdclass, message.edns)


def _bare(wire: bytes, rcode: int) -> bytes:
    """RFC 1035 §4.1.1: id, opcode and RD as they came, QR and the rcode, and no sections."""
    return wire[:2] + bytes((0x80 | wire[2] & 0x79, rcode)) + bytes(8)

"""Messages: parse, look at everything, write, parse again; what is parsed twice is the same."""

from random import Random
from typing import Any, Final

from fuzz.case import Case, Result, Target
from fuzz.octets import mutate, mutate_message
from fuzz.world import QUESTIONS, small_world
from unbroken._kernel import parse_records, rdata_to_text, record_wire, signed_data
from unbroken.chain import Question
from unbroken.dns import Message, RRset, WireError
from unbroken.dns import rdtype as rr
from unbroken.dns.presentation import rrset_to_text

_HEADER: Final = bytes.fromhex("000184000001000100000000")
_QUESTION: Final = b"\0\0\x01\0\x01"
_ONE: Final = _HEADER + _QUESTION  # a message that announces one answer, which is to follow
_NAME63: Final = bytes([63]) + b"a" * 63
_LONGEST: Final = _NAME63 * 3 + bytes([61]) + b"b" * 61 + b"\0"  # 255 octets
_TYPES: Final = (1, 2, 5, 6, 12, 15, 16, 28, 33, 35, 39, 41, 43, 46, 47, 48, 50, 51, 52, 59, 60, 64, 65, 249, 257)


def create() -> Target:
    """The target."""
    return MessageTarget()


class MessageTarget:
    """Honest responses of the small world and corner cases made by hand, mutated."""

    def __init__(self) -> None:
        world = small_world()
        honest = {question: world.ask(question).to_wire() for question in QUESTIONS}
        honest |= {lookup: world.ask(lookup).to_wire() for question in QUESTIONS for lookup in world.lookups(question)}
        self.honest: Final = [*honest.values(), *_queries(list(honest))]
        self.corners: Final = corner_cases()

    def make(self, random: Random) -> Case:
        """One message in fifty is all noise; the others had sense once."""
        wire, other = random.choice(self.honest), random.choice(self.honest)
        kind = random.randrange(50)
        if kind < 8:
            wire = random.choice(self.corners)
        if kind == 0:
            return {"wire": wire[:12] + random.randbytes(random.randint(0, 200))}
        if kind == 1:
            return {"wire": wire}
        return {"wire": mutate_message(random, wire, other) if kind < 38 else mutate(random, wire)}

    def check(self, case: Case) -> Result:
        """See the module's docstring."""
        wire: bytes = case["wire"]
        try:
            message = Message.from_wire(wire)
        except WireError as error:
            return Result("rejected", "" if 0 <= error.offset <= len(wire) else f"offset {error.offset} of {len(wire)}")
        for section in (message.answer, message.authority, message.additional):
            for rrset in section:
                look_at(rrset)
        if len(wire) % 16 == 0:  # dnspython is slow
            _look_at_presentation(message)
        return Result("accepted", _round_trip(message))


def _round_trip(message: Message) -> str:
    again = Message.from_wire(message.to_wire())
    if again.is_truncated() and not message.is_truncated():
        return ""  # what was compressed in ways that are not ours may not fit into 65,535 octets
    if _view(again) != _view(message):
        return f"parsed again, {_view(message)} became {_view(again)}"
    small = message.to_wire(512)
    Message.from_wire(small)
    if len(small) > 512 and (message.answer or message.authority) and message.edns is None:
        short = Message.from_wire(small)
        if short.answer or short.authority:
            return f"{len(small)} octets where 512 were allowed"
    return ""


def _view(message: Message) -> tuple[Any, ...]:
    sections = tuple(
        tuple((rrset, rrset.ttl, rrset.covers, rrset.rdatas) for rrset in section)
        for section in (message.answer, message.authority, message.additional)
    )
    edns = message.edns
    opt = None if edns is None else (edns.udp_size, edns.do, edns.version, edns.options)
    return (message.id, message.flags, message.opcode, message.rcode, message.question, sections, opt)


def look_at(rrset: RRset) -> None:
    """Call every accessor; those of another type say TypeError, and nothing else is raised for records of class IN."""
    hash((rrset.owner, rrset))
    str(rrset.owner), rrset.canonical_rdatas(), len(rrset)
    for view in (rrset.dnskeys, rrset.dses, rrset.rrsigs, rrset.nsec, rrset.nsec3s, rrset.target, rrset.names):
        try:
            typed = view()
        except TypeError:
            continue
        except WireError:
            if rrset.rdclass in (rr.CLASS_NONE, rr.ANY) and rrset.rdatas == (b"",):
                continue  # a record without rdata (RFC 2136 §2.4)
            raise
        _look_at_typed(typed)
    if rrset.rdclass == rr.CLASS_IN:  # of other classes, the rdata of A, SRV and the like may be anything
        for rdata in rrset.rdatas:
            rdata_to_text(rrset.rdtype, rdata)
    parse_records(record_wire(rrset))
    rrset.with_ttl(1).with_owner(rrset.owner.parent() if not rrset.owner.is_root else rrset.owner)
    if rrset.rdtype == rr.RRSIG and rrset.rdclass == rr.CLASS_IN:
        for rrsig in rrset.rrsigs():
            try:
                signed_data(rrset, rrsig)
            except ValueError:
                pass  # its labels exceed the owner's


def _look_at_typed(typed: object) -> None:
    for item in typed if isinstance(typed, tuple) else (typed,):
        for attribute in dir(item):
            if not attribute.startswith("__"):
                getattr(item, attribute)
        if hasattr(item, "has_type"):
            item.has_type(1), item.has_type(65535)


def _look_at_presentation(message: Message) -> None:
    for section in (message.answer, message.authority, message.additional):
        for rrset in section:
            rrset_to_text(rrset)


def _queries(questions: list[Question]) -> list[bytes]:
    return [Message(7, rr.RD, (question.name, question.rdtype, 1)).to_wire() for question in questions[:20]]


def _record(rdtype: int, rdata: bytes, owner: bytes = b"\0", rdclass: int = 1, length: int | None = None) -> bytes:
    size = len(rdata) if length is None else length
    return owner + rdtype.to_bytes(2, "big") + rdclass.to_bytes(2, "big") + bytes(4) + size.to_bytes(2, "big") + rdata


def corner_cases() -> list[bytes]:
    """Messages at the edges of the format, good and bad."""
    cases = [b"", b"\0", _HEADER, _ONE, _HEADER[:4] + b"\xff" * 8, _ONE + _record(1, bytes(4)) + b"\0"]
    return [*cases, *_odd_names(), *_odd_lengths(), *_odd_sections(), *_odd_denials(), _large()]


def _odd_names() -> list[bytes]:
    """At the limit and over it; pointers to themselves, forward, into the header, into rdata; odd types of label."""
    names = [_LONGEST, _NAME63 * 4 + b"\0", b"\x01a" * 127 + b"\0", b"\x01a" * 128 + b"\0"]
    names += [b"\xc0\x11", b"\xc0\x0c", b"\xc0\x00", b"\xc0\x13", b"\xff\xff", b"\x80a", b"\x40a"]
    names += [b"\x01*\0", b"\x01.\0", b"\x01\\\0", b"\x01\xff\0"]
    owners = [_ONE + _record(1, bytes(4), name) for name in names]
    return owners + [_HEADER + name + b"\0\x01\0\x01" for name in names]


def _odd_lengths() -> list[bytes]:
    """Every type with too little, with nothing, and with a length that lies."""
    cases: list[bytes] = []
    for rdtype in _TYPES:
        cases += [_ONE + _record(rdtype, bytes(size)) for size in (0, 1, 2, 4, 18, 24, 40)]
        cases += [_ONE + _record(rdtype, b"\xc0\x0c" * 12), _ONE + _record(rdtype, bytes(4), length=65535)]
        cases += [_ONE + _record(rdtype, b"", rdclass=255), _ONE + _record(rdtype, b"\xff" * 300)]
    return cases


def _odd_sections() -> list[bytes]:
    """Two OPTs, an OPT in the answer, an OPT with an owner name; two questions; cut short, and TC set."""
    opt = _record(41, b"\0\x0f\0\x02\0\x16", rdclass=1232)
    additional = bytes.fromhex("000184000001000000000002") + _QUESTION
    cases = [additional + opt * 2, _ONE + opt, additional + _record(41, b"", b"\x01a\0") + opt, additional + opt]
    cases.append(bytes.fromhex("000184000002000000000000") + _QUESTION * 2)
    cases.append(bytes.fromhex("000186000001000500000000") + _QUESTION + _record(1, bytes(4)) + b"\0\0")
    return cases


def _odd_denials() -> list[bytes]:
    """A bitmap with windows out of order, too long, empty; an NSEC3 whose salt and hash run over."""
    bitmaps = [b"\0\0\x01\x80", b"\0\x01\x01\x80\0\x01\x80", b"\0\0\0", b"\0\0\x21" + bytes(33)]
    tails = [b"\xff", b"\0\xff", b"\0\0", b"\0\x14" + bytes(20)]
    cases = [_ONE + _record(47, bitmap) for bitmap in [*bitmaps, b"\0\0\x20" + b"\xff" * 32]]
    return cases + [_ONE + _record(50, b"\x01\0\0\0" + tail) for tail in tails]


def _large() -> bytes:
    """By pointers, small on the wire and large when written out."""
    header = bytes.fromhex("000184000001") + (3000).to_bytes(2, "big") + bytes(4)
    return header + _LONGEST + b"\0\x02\0\x01" + _record(2, b"\x02ab\xc0\x0c", b"\xc0\x0c") * 3000

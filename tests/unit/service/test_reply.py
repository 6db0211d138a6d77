"""What a client gets of an answer: flags, sections, EDNS, size."""

import pytest
from support.dns_clients import errors, query

from unbroken.dns import Edns, Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede
from unbroken.service.extended_error import ExtendedError
from unbroken.service.query import Query, read_query
from unbroken.service.reply import Content, Via, reply

NAME = Name("www.example.")
_SIGNATURE = bytes((0, 1, 13, 2)) + bytes(14) + Name("example.").wire + bytes(64)
A = RRset(NAME, rr.A, 300, (bytes((192, 0, 2, 1)),))
AAAA = RRset(NAME, rr.AAAA, 300, (bytes(16),))
RRSIG = RRset(NAME, rr.RRSIG, 300, (_SIGNATURE,))
NSEC = RRset(NAME, rr.NSEC, 300, (Name("z.example.").wire + bytes((0, 1, 0x40)),))
SECURE = Content(answer=(A, RRSIG), authority=(NSEC,), is_secure=True)


def _replied(wire: bytes, content: Content = SECURE, via: Via | None = None) -> Message:
    read = read_query(wire)
    assert isinstance(read, Query)
    return Message.from_wire(reply(read, content, via or Via()))


def _ask(rdtype: int = rr.A, *, flags: int = rr.RD, do: bool | None = None, options: object = ()) -> bytes:
    edns = None if do is None else Edns(1232, do, options)  # type: ignore[arg-type]
    return query("www.example.", rdtype, flags=flags, edns=edns)


@pytest.mark.parametrize(
    ("flags", "do", "has_ad"),
    [(0, None, False), (0, False, False), (0, True, True), (rr.AD, None, True), (rr.AD, False, True)],
)
def test_rfc6840_5_8_ad_goes_to_who_set_do_or_ad(flags: int, do: bool | None, has_ad: bool) -> None:
    assert bool(_replied(_ask(flags=rr.RD | flags, do=do)).flags & rr.AD) is has_ad


def test_rfc4035_3_2_3_ad_is_for_secure_answers_only() -> None:
    assert not _replied(_ask(do=True), Content(answer=(A,))).flags & rr.AD


@pytest.mark.parametrize("flags", [rr.RD, rr.RD | rr.CD])
def test_rfc4035_3_2_2_rd_and_cd_are_copied_and_ra_is_set(flags: int) -> None:
    assert _replied(_ask(flags=flags)).flags == rr.QR | rr.RA | flags


def test_rfc4035_3_2_1_dnssec_records_are_for_who_sets_do() -> None:
    without, with_do = _replied(_ask(do=False)), _replied(_ask(do=True))
    assert without.answer == (A,) and without.authority == ()
    assert with_do.answer == (A, RRSIG) and with_do.authority == (NSEC,)


@pytest.mark.parametrize(("rdtype", "rrset"), [(rr.NSEC, NSEC), (rr.RRSIG, RRSIG)])
def test_rfc4035_3_2_1_or_for_who_asks_for_them(rdtype: int, rrset: RRset) -> None:
    assert _replied(_ask(rdtype), Content(answer=(rrset,))).answer == (rrset,)


def test_rfc6891_opt_only_for_opt_do_copied_and_no_option_echoed() -> None:
    assert _replied(_ask()).edns is None
    edns = _replied(_ask(do=True, options=((10, bytes(8)), (65001, b"x")))).edns
    assert edns is not None
    assert (edns.do, edns.version, edns.udp_size, edns.options) == (True, 0, 1232, ())


def test_rfc8914_extended_errors_in_order_and_only_with_edns() -> None:
    content = Content(rr.SERVFAIL, errors=(ExtendedError(Ede.DNSSEC_BOGUS, "why"), ExtendedError(Ede.CACHED_ERROR)))
    assert errors(_replied(_ask(do=False), content)) == {6: "why", 13: ""}
    assert errors(_replied(_ask(), content)) == {}


@pytest.mark.parametrize("size", [512, 1232])
def test_the_text_of_an_error_never_truncates_the_reply(size: int) -> None:
    content = Content(rr.SERVFAIL, errors=(ExtendedError(Ede.OTHER, "é" * 2000), ExtendedError(Ede.OTHER, "x" * 2000)))
    name = ".".join(["a" * 63] * 3 + ["b" * 61]) + "."
    read = read_query(query(name, edns=Edns(size, True)))
    assert isinstance(read, Query)
    wire = reply(read, content, Via())
    assert len(wire) <= size and not Message.from_wire(wire).is_truncated()


def test_rfc2181_9_what_is_too_large_for_udp_is_truncated_and_whole_over_tcp() -> None:
    many = Content(answer=(RRset(NAME, rr.TXT, 300, tuple(bytes((200,)) + bytes((n,)) * 200 for n in range(10))),))
    short, whole = _replied(_ask(rr.TXT), many), _replied(_ask(rr.TXT), many, Via("tcp", is_stream=True))
    assert short.is_truncated() and not short.answer
    assert not whole.is_truncated() and len(whole.answer[0]) == 10


def test_rfc8482_any_gets_one_rrset_with_its_signatures() -> None:
    content = Content(answer=(AAAA, A, RRSIG, NSEC), is_secure=True)
    assert _replied(_ask(rr.ANY, do=True), content).answer == (A, RRSIG)
    assert _replied(_ask(rr.ANY, do=False), content).answer == (A,)


def test_rfc8482_any_at_an_alias_gets_the_alias() -> None:
    alias = RRset(NAME, rr.CNAME, 300, (Name("a.example.").wire,))
    assert _replied(_ask(rr.ANY), Content(answer=(alias, NSEC))).answer == (alias,)


def test_rfc7828_keepalive_goes_over_tcp_to_who_sent_it() -> None:
    via = Via("tcp", is_stream=True, keepalive=100)
    told = _replied(_ask(do=False, options=((11, b""),)), via=via).edns
    silent = _replied(_ask(do=False), via=via).edns
    over_udp = _replied(_ask(do=False, options=((11, b""),))).edns
    assert told is not None and told.options == ((11, (100).to_bytes(2, "big")),)
    assert silent is not None and silent.options == ()
    assert over_udp is not None and over_udp.options == ()


def test_the_question_goes_back_in_its_own_case() -> None:
    wire = query("wWw.eXample.")
    assert _replied(wire).to_wire()[12 : 12 + 13] == wire[12 : 12 + 13]

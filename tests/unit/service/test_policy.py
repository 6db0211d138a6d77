"""Queries that are answered without a look-up."""

import pytest
from support.dns_clients import query

from unbroken.dns import Edns
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede
from unbroken.service.policy import immediate
from unbroken.service.query import Query, read_query
from unbroken.service.reply import Content


def _judged(wire: bytes) -> Content | None:
    read = read_query(wire)
    assert isinstance(read, Query)
    return immediate(read)


def _told(content: Content | None) -> tuple[int, list[Ede]]:
    assert content is not None
    return content.rcode, [error.code for error in content.errors]


@pytest.mark.parametrize("rdtype", [rr.A, rr.ANY, rr.DS, rr.RRSIG, 127, 256, 65280])
def test_data_types_are_for_the_resolver(rdtype: int) -> None:
    assert _judged(query("a.example.", rdtype)) is None


def test_rfc6891_6_1_3_another_version_is_badvers_whatever_else_is_asked() -> None:
    assert _told(_judged(query("a.example.", rr.AXFR, edns=Edns(1232, False, version=1)))) == (rr.BADVERS, [])


@pytest.mark.parametrize("rdclass", [3, 4, 254, 255])
def test_classes_other_than_in_are_refused(rdclass: int) -> None:
    told = _told(_judged(query("version.bind.", rr.TXT, rdclass=rdclass)))
    assert told == (rr.REFUSED, [Ede.NOT_SUPPORTED])


@pytest.mark.parametrize("rdtype", [0, rr.OPT, rr.NXNAME, 249, 250])
def test_rfc6895_3_1_meta_types_are_no_question(rdtype: int) -> None:
    assert _told(_judged(query("a.example.", rdtype))) == (rr.FORMERR, [Ede.INVALID_QUERY_TYPE])


@pytest.mark.parametrize("rdtype", [rr.AXFR, rr.IXFR])
def test_transfers_are_refused(rdtype: int) -> None:
    assert _told(_judged(query("example.", rdtype))) == (rr.REFUSED, [Ede.NOT_AUTHORITATIVE])


@pytest.mark.parametrize("rdtype", [129, 248, 253, 254])
def test_obsolete_and_unassigned_qtypes_are_not_implemented(rdtype: int) -> None:
    assert _told(_judged(query("a.example.", rdtype))) == (rr.NOTIMP, [Ede.NOT_SUPPORTED])


def test_rfc8914_4_21_without_rd_a_query_is_refused() -> None:
    assert _told(_judged(query("a.example.", flags=0))) == (rr.REFUSED, [Ede.NOT_AUTHORITATIVE])

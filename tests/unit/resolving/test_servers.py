"""Which server is asked first: IPv4 before IPv6 of the same speed, and a family that is not routed last."""

import pytest

from tests.unit.resolving.world import NOW
from unbroken.dns import Name
from unbroken.resolving.clock import SettableClock
from unbroken.resolving.servers import ServerBook
from unbroken.resolving.transport import Server
from unbroken.resolving.work import ResolverLimits

FOUR = tuple(Server(f"192.0.2.{number}") for number in range(1, 6))
SIX = tuple(Server(f"2001:db8::{number}") for number in range(1, 6))


def _first(book: ServerBook, *servers: Server) -> set[Server]:
    return {book.order(servers, Name.ROOT, set(), shuffle=True)[0] for _ in range(200)}


def test_of_two_unknown_servers_the_ipv4_one_is_asked_first() -> None:
    book = ServerBook(ResolverLimits(), SettableClock(NOW))
    assert _first(book, SIX[0], FOUR[0]) == {FOUR[0]}


def test_an_ipv6_server_that_is_much_quicker_is_asked_first() -> None:
    book = ServerBook(ResolverLimits(), SettableClock(NOW))
    book.answered(SIX[0], 0.01)
    book.answered(FOUR[0], 0.2)
    assert _first(book, FOUR[0], SIX[0]) == {SIX[0]}


@pytest.mark.parametrize(("broken", "working"), [(SIX, FOUR), (FOUR, SIX)])
def test_servers_of_a_family_that_is_not_routed_are_asked_last(
    broken: tuple[Server, ...], working: tuple[Server, ...]
) -> None:
    clock = SettableClock(NOW)
    book = ServerBook(ResolverLimits(), clock)
    book.answered(working[0], 0.4)
    for server in broken[:4]:
        book.failed(server, 0.8)
    assert _first(book, broken[4], working[0]) == {working[0]}
    book.answered(broken[0], 0.01)
    assert broken[4] in _first(book, broken[4], working[0])


def test_a_family_gets_another_chance_after_a_while() -> None:
    clock = SettableClock(NOW)
    book = ServerBook(ResolverLimits(), clock)
    book.answered(FOUR[0], 0.9)
    for server in SIX[:4]:
        book.failed(server, 0.8)
    clock.advance(301)
    assert _first(book, SIX[4], FOUR[0]) == {SIX[4]}

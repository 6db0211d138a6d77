"""Access lists, rates and places."""

import pytest

from unbroken.resolving.clock import SettableClock
from unbroken.service.clients import Gate, Verdict
from unbroken.service.readers import network_of
from unbroken.service.settings import Clients


def _gate(clock: SettableClock | None = None, **settings: object) -> Gate:
    return Gate(Clients(**settings), clock or SettableClock())


def test_by_default_only_this_host_may_ask() -> None:
    gate = _gate()
    assert gate.admits("127.0.0.1") and gate.admits("127.1.2.3") and gate.admits("::1")
    assert not gate.admits("192.0.2.1") and not gate.admits("2001:db8::1") and not gate.admits("::ffff:127.0.0.1")


def test_deny_takes_from_allow() -> None:
    gate = _gate(allow=(network_of("192.0.2.0/24"),), deny=(network_of("192.0.2.128/25"),))
    assert gate.admits("192.0.2.1") and not gate.admits("192.0.2.129") and not gate.admits("127.0.0.1")


def test_a_link_local_client_is_known_without_its_zone() -> None:
    assert _gate(allow=(network_of("fe80::/10"),)).admits("fe80::1%eth0")


def test_what_is_no_address_is_not_admitted() -> None:
    assert not _gate(allow=(network_of("0.0.0.0/0"), network_of("::/0"))).admits("nonsense")


def test_a_rate_lets_a_burst_pass_and_then_so_many_a_second() -> None:
    clock = SettableClock()
    gate = _gate(clock, rate=2.0, burst=3)
    assert [gate.judge("192.0.2.1") for _ in range(3)] == [Verdict.SERVED] * 3
    assert [gate.judge("192.0.2.1") for _ in range(4)] == [
        Verdict.DROPPED,
        Verdict.TRUNCATED,
        Verdict.DROPPED,
        Verdict.TRUNCATED,
    ]
    assert gate.judge("192.0.2.2") is Verdict.SERVED
    clock.advance(0.5)
    assert gate.judge("192.0.2.1") is Verdict.SERVED
    assert gate.judge("192.0.2.1") is not Verdict.SERVED


def test_the_addresses_of_one_ipv6_site_share_a_rate() -> None:
    gate = _gate(rate=1.0, burst=1)
    assert gate.judge("2001:db8::1") is Verdict.SERVED
    assert gate.judge("2001:db8::2") is not Verdict.SERVED
    assert gate.judge("2001:db8:0:1::2") is Verdict.SERVED


def test_a_connection_has_an_allowance_of_its_own() -> None:
    gate = _gate(rate=1.0, burst=1)
    assert gate.judge("192.0.2.1") is Verdict.SERVED
    assert gate.judge("192.0.2.1") is not Verdict.SERVED
    assert gate.judge("192.0.2.1", is_stream=True) is Verdict.SERVED
    assert gate.judge("192.0.2.1", is_stream=True) is not Verdict.SERVED


def test_without_a_rate_nobody_is_slowed() -> None:
    gate = _gate(burst=1)
    assert all(gate.judge("192.0.2.1") is Verdict.SERVED for _ in range(100))


@pytest.mark.parametrize("settings", [{"in_flight": 2}, {"in_flight_per_client": 2}])
def test_places_are_limited_and_given_back(settings: dict[str, int]) -> None:
    gate = _gate(**settings)
    assert gate.enter("192.0.2.1") and gate.enter("192.0.2.1")
    assert not gate.enter("192.0.2.1")
    assert gate.enter("192.0.2.2") is ("in_flight_per_client" in settings)
    gate.leave("192.0.2.1")
    assert gate.enter("192.0.2.1") is True

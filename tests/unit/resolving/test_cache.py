"""Caches: how long, how many, and what an alias answers for."""

import pytest

from tests.unit.resolving.test_reading import a, message, names, nsec, rrsig, soa
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.resolving.cache import (
    Delegation,
    DelegationCache,
    ExpiringMap,
    FailureCache,
    MessageCache,
    lifetime,
    message_octets,
)
from unbroken.resolving.clock import SettableClock
from unbroken.resolving.work import ResolverLimits
from unbroken.validation.protocol import Answer, Failure, Lookup, NoAnswer

NOW = 1_760_000_000
LIMITS = ResolverLimits()
WWW = Lookup(Name("www.example.com."), rr.A)
ALIAS = names("www.example.com.", rr.CNAME, "x.example.com.").with_ttl(900)


def signed(expiration: int, original_ttl: int = 300) -> RRset:
    fields = rr.A.to_bytes(2, "big") + bytes([13, 3]) + original_ttl.to_bytes(4, "big")
    times = (expiration % 2**32).to_bytes(4, "big") + (NOW - 10).to_bytes(4, "big")
    return RRset(WWW.name, rr.RRSIG, 300, (fields + times + b"\x12\x34" + Name("example.com.").wire + bytes(64),))


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (message(answer=(a("www.example.com.").with_ttl(60),)), 60),
        (message(answer=(a("www.example.com.").with_ttl(10**6),)), LIMITS.maximum_ttl),
        (message(authority=(soa("example.com.").with_ttl(900),)), 300),  # RFC 2308 §5: MINIMUM
        (message(authority=(soa("example.com.").with_ttl(60),)), 60),
        (
            message(answer=(ALIAS,), authority=(soa("example.com.").with_ttl(900),)),
            300,
        ),  # RFC 2308 §5 behind a CNAME too
        (message(rcode=rr.NXDOMAIN), 0),  # RFC 2308 §5: without a SOA, not at all
        (message(authority=(nsec("www.example.com.", "z.example.com."),)), 300),
        (message(answer=(a("www.example.com."), signed(NOW + 100))), 100),  # RFC 4035 §5.3.3
        (message(answer=(a("www.example.com."), signed(NOW + 1000, 30))), 30),
        (message(answer=(a("www.example.com."), signed(NOW - 100))), 5),
    ],
)
def test_a_message_lives_as_long_as_its_ttls_and_signatures_allow(reply: Message, seconds: int) -> None:
    assert lifetime(reply, NOW, LIMITS) == seconds


def test_ttls_count_down_and_the_entry_goes_at_zero() -> None:
    clock = SettableClock(NOW)
    cache = MessageCache(LIMITS, clock)
    cache.put(WWW, Answer(message(answer=(a("www.example.com."),))))
    clock.advance(100)
    kept = cache.get(WWW)
    assert kept is not None
    assert kept.message.answer[0].ttl == 200
    clock.advance(200)
    assert cache.get(WWW) is None


def test_a_ttl_of_zero_is_not_kept() -> None:
    cache = MessageCache(LIMITS, SettableClock(NOW))
    cache.put(WWW, Answer(message(answer=(a("www.example.com.").with_ttl(0),))))
    assert cache.get(WWW) is None


def test_an_alias_answers_for_every_type_of_its_name_but_those_that_stand_beside_it() -> None:
    cache = MessageCache(LIMITS, SettableClock(NOW))
    alias = (names("www.example.com.", rr.CNAME, "www.example.net."), rrsig("www.example.com.", rr.CNAME))
    cache.put(WWW, Answer(message(answer=alias)))
    for rdtype in (rr.AAAA, rr.CNAME, rr.MX):
        found = cache.get(Lookup(WWW.name, rdtype))
        assert found is not None
        assert len(found.message.answer) == 2
    for rdtype in (rr.ANY, rr.NSEC, rr.RRSIG):
        assert cache.get(Lookup(WWW.name, rdtype)) is None
    cache.discard(Lookup(WWW.name, rr.AAAA))
    assert cache.get(Lookup(WWW.name, rr.MX)) is None


def test_a_dname_answers_for_every_name_below_it_and_not_for_its_own() -> None:
    cache = MessageCache(LIMITS, SettableClock(NOW))
    dname = names("example.com.", rr.DNAME, "example.net.")
    made = names("www.example.com.", rr.CNAME, "www.example.net.")
    cache.put(WWW, Answer(message(answer=(dname, rrsig("example.com.", rr.DNAME), made))))
    found = cache.get(Lookup(Name("a.b.example.com."), rr.TXT))
    assert found is not None
    assert [rrset.rdtype for rrset in found.message.answer] == [rr.DNAME, rr.RRSIG, rr.CNAME]
    assert found.message.answer[-1].target() == Name("a.b.example.net.")
    assert cache.get(Lookup(Name("example.com."), rr.TXT)) is None
    assert cache.get(Lookup(Name("example.com."), rr.DNAME)) is not None


def test_an_unsigned_dname_answers_for_the_name_it_came_for_only() -> None:
    cache = MessageCache(LIMITS, SettableClock(NOW))
    made = names("www.example.com.", rr.CNAME, "www.example.net.")
    cache.put(WWW, Answer(message(answer=(names("example.com.", rr.DNAME, "example.net."), made))))
    assert cache.get(WWW) is not None
    assert cache.get(Lookup(Name("other.example.com."), rr.A)) is None


def test_a_full_cache_lets_the_oldest_go() -> None:
    entries: ExpiringMap[int, int] = ExpiringMap(3, SettableClock())
    for number in range(4):
        entries.put(number, number, 60)
    assert [entries.get(number) for number in range(4)] == [None, 1, 2, 3]


@pytest.mark.parametrize(("size", "kept"), [(25, [0, 1, 2, 3]), (26, [1, 2, 3]), (100, [3]), (101, [])])
def test_a_cache_that_is_full_in_octets_lets_the_oldest_go(size: int, kept: list[int]) -> None:
    entries: ExpiringMap[int, int] = ExpiringMap(10, SettableClock(), octets=100)
    for number in range(4):
        entries.put(number, number, 60, size)
    assert [number for number in range(4) if entries.get(number) is not None] == kept
    assert entries.octets == size * len(kept)


def test_what_is_replaced_or_expired_takes_no_room() -> None:
    clock = SettableClock()
    entries: ExpiringMap[int, int] = ExpiringMap(10, clock, octets=100)
    for _ in range(3):
        entries.put(1, 1, 60, 80)
    assert (entries.get(1), entries.octets) == (1, 80)
    entries.shorten(1, 10)
    clock.advance(10)
    assert (entries.get(1), entries.octets) == (None, 0)
    entries.put(2, 2, 60, 50)
    entries.clear()
    assert entries.octets == 0


@pytest.mark.parametrize(("room", "kept"), [(3, True), (2, False)])
def test_large_messages_and_delegations_take_the_room_that_they_need(room: int, kept: bool) -> None:
    """A cache bounded in entries only would hold twenty thousand messages of 64 KiB."""
    texts = tuple(bytes([200, number]) + bytes(199) for number in range(100))
    large = Answer(message(answer=(RRset(WWW.name, rr.TXT, 300, texts),)))
    many = Delegation(WWW.name, tuple((Name(f"ns{number}.example."), ()) for number in range(100)))
    unit = message_octets(large.message)
    limits = ResolverLimits(message_octets=room * unit, delegation_octets=room * many.octets)
    messages, delegations = MessageCache(limits, SettableClock(NOW)), DelegationCache(limits, SettableClock(NOW))
    for number in range(3):
        messages.put(Lookup(Name(f"n{number}."), rr.TXT), large)
        delegations.put(Delegation(Name(f"n{number}."), many.nameservers), 300)
    assert unit > 20_000
    assert (messages.get(Lookup(Name("n0."), rr.TXT)) is not None) == kept
    assert (delegations.get(Name("n0.")) is not None) == kept


def test_a_failure_is_kept_for_some_seconds() -> None:
    """RFC 9520 §3.2: at least one second, at most five minutes."""
    clock = SettableClock()
    failures = FailureCache(LIMITS, clock)
    failures.put(WWW, NoAnswer(Failure.TIMEOUT))
    clock.advance(1)
    assert failures.get(WWW) is not None
    clock.advance(300)
    assert failures.get(WWW) is None


def test_entries_are_forgotten_by_what_their_keys_are() -> None:
    kept: ExpiringMap[int, str] = ExpiringMap(10, SettableClock(), 100)
    for number in range(5):
        kept.put(number, "x", 60, 10)
    assert kept.discard_where(lambda number: number % 2 == 0) == 3
    assert list(kept) == [1, 3] and kept.octets == 20


def test_an_entry_that_is_renewed_goes_last_when_there_is_no_room() -> None:
    kept: ExpiringMap[int, str] = ExpiringMap(2, SettableClock())
    kept.put(1, "x", 60)
    kept.put(2, "x", 60)
    kept.renew(1)
    kept.renew(7)
    kept.put(3, "x", 60)
    assert list(kept) == [1, 3]

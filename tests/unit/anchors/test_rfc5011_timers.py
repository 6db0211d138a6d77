"""RFC 5011 §2.3 and §2.4: the formulas, at both ends of each bound."""

import pytest

from unbroken.anchors.rfc5011.timers import (
    ADD_HOLD_DOWN,
    DAY,
    HOUR,
    Timers,
    add_hold_down,
    query_interval,
    retry_time,
)

NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("original_ttl", "expires_in", "expected"),
    [
        (172_800, 21 * DAY, DAY),  # the root: half of two days
        (60 * DAY, 60 * DAY, 15 * DAY),  # never more than 15 days
        (60 * DAY, 4 * DAY, 2 * DAY),  # half of what the signature still lasts
        (600, 21 * DAY, HOUR),  # never less than an hour
        (0, 0, HOUR),
    ],
)
def test_query_interval(original_ttl: int, expires_in: int, expected: int) -> None:
    assert query_interval(original_ttl, expires_in) == expected


@pytest.mark.parametrize(
    ("original_ttl", "expires_in", "expected"),
    [
        (172_800, 21 * DAY, 17_280),
        (60 * DAY, 60 * DAY, DAY),
        (60 * DAY, 5 * DAY, DAY // 2),
        (600, 21 * DAY, HOUR),
        (0, 0, HOUR),
    ],
)
def test_retry_time(original_ttl: int, expires_in: int, expected: int) -> None:
    assert retry_time(original_ttl, expires_in) == expected


def test_the_add_hold_down_is_thirty_days_or_the_original_ttl() -> None:
    assert add_hold_down(172_800) == ADD_HOLD_DOWN == 30 * DAY
    assert add_hold_down(31 * DAY) == 31 * DAY


def test_a_failed_look_is_repeated_at_the_retry_time_of_the_last_success() -> None:
    good = Timers(next_query=NOW).succeeded(NOW, 172_800, 21 * DAY)
    assert (good.next_query, good.failures) == (NOW + DAY, 0)
    bad = good.failed(NOW + DAY).failed(NOW + DAY + 17_280)
    assert bad.next_query == NOW + DAY + 2 * 17_280
    assert (bad.failures, bad.last_success) == (2, NOW)
    assert bad.succeeded(NOW + 2 * DAY, 172_800, DAY).failures == 0


def test_the_first_failures_are_an_hour_apart() -> None:
    assert Timers(next_query=NOW).failed(NOW).next_query == NOW + HOUR


def test_a_look_is_due_at_its_time_and_when_the_clock_was_set_back() -> None:
    timers = Timers(next_query=NOW).succeeded(NOW, 172_800, 21 * DAY)
    assert not timers.is_due(NOW + DAY - 1)
    assert timers.is_due(NOW + DAY)
    assert timers.is_due(NOW - 1)

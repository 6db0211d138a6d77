"""Times as people and files write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbroken.chain.times import MAX_EPOCH, duration_text, from_iso, parse_moment, to_iso


@given(st.integers(0, MAX_EPOCH))
def test_iso_8601_survives_the_round_trip(moment: int) -> None:
    assert from_iso(to_iso(moment)) == moment


@pytest.mark.parametrize(
    "text",
    ["1754702925", "2025-08-09T01:28:45Z", "2025-08-09T01:28:45", "2025-08-09T03:28:45+02:00", "20250809012845"],
)
def test_a_moment_is_taken_in_each_of_its_notations(text: str) -> None:
    assert parse_moment(text) == 1754702925


def test_eight_digits_are_the_date_that_they_form() -> None:
    assert parse_moment("20250809") == parse_moment("2025-08-09") == 1754697600
    assert parse_moment("20251399") == 20251399  # no date: seconds


@pytest.mark.parametrize("text", ["", "soon", "20251309012845", "12345678901", "1969-01-01", "-5", "\u0661", "9" * 14])
def test_what_is_no_moment_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_moment(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172800, "2 d"), (-90000, "25 h")]
)
def test_durations_are_told_in_their_largest_unit(seconds: int, text: str) -> None:
    assert duration_text(seconds) == text

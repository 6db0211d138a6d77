"""Names as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbroken.dns import Name
from unbroken.dns.user_name import name_from_user
from unbroken.errors import UsageError


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("example.com", "example.com."),
        ("example.com.", "example.com."),
        (" example.com\n", "example.com."),
        (".", "."),
        ("。", "."),
        ("_25._tcp.Mail.example", "_25._tcp.Mail.example."),
        ("*.example", "*.example."),
        ("a\\.b.example", "a\\.b.example."),
        ("a\\032b.example", "a\\032b.example."),
        ("bücher.example", "xn--bcher-kva.example."),
        ("BÜCHER.example", "xn--bcher-kva.example."),
        ("straße.de", "xn--strae-oqa.de."),  # transitional processing would make it strasse.de
        ("例え。テスト", "xn--r8jz45g.xn--zckzah."),
        ("_dmarc.münchen.de", "_dmarc.xn--mnchen-3ya.de."),
        ("xn--bcher-kva.example", "xn--bcher-kva.example."),
    ],
)
def test_what_people_type_becomes_the_name_they_mean(typed: str, expected: str) -> None:
    assert str(name_from_user(typed)) == str(Name(expected))


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "empty label"),
        ("  ", "empty label"),
        ("a..b", "empty label"),
        (".a", "empty label"),
        ("..", "empty label"),
        ("a" * 64 + ".example", "64 octets, at most 63"),
        (".".join(["a" * 63] * 4), "at most 255"),
        ("ü" * 70 + ".example", "internationalised"),
        ("a\u2028ü.example", "internationalised"),
        ("-ü-.example", "internationalised"),
    ],
)
def test_a_bad_name_is_a_usage_error_that_says_why(typed: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        name_from_user(typed)


def test_the_longest_label_and_name_are_taken() -> None:
    assert name_from_user("a" * 63 + ".example").label_count == 2
    longest = ".".join(["a" * 63] * 3 + ["b" * 61])
    assert len(name_from_user(longest).wire) == 255


@given(st.text(max_size=300))
def test_any_text_gives_a_name_or_a_usage_error_of_one_line(text: str) -> None:
    try:
        name_from_user(text)
    except UsageError as error:
        assert "\n" not in str(error)

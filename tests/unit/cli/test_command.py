"""Commands and their parsers: words in any order and notation, and one line for those that do not fit."""

from typing import Any

import pytest
from hypothesis import given as given_words
from hypothesis import strategies as st

from unbroken.cli.command import Command, Parser
from unbroken.cli.main import GROUP
from unbroken.cli.options import choice, whole_number
from unbroken.errors import UsageError

GIVEN: list[dict[str, Any]] = []


def _run(**settings: Any) -> int:
    """Try it.

    What it does, in
    two lines.

    \b
    Examples:
      try   as it is
    """
    GIVEN.append(settings)
    return 7


def _add(parser: Parser) -> None:
    parser.word("first", "FIRST")
    parser.word("second", "[SECOND]", nargs="?", default="none")
    parser.option("-o", "--out", metavar="FILE", help="Where.")
    parser.option("--when", metavar="TIME", help="When.", default="now", shown_default="default: now")
    parser.option("--many", metavar="N", action="append", default=[], type=whole_number(1, 9), help="Some.")
    parser.option("--kind", metavar="a|b|c", type=choice("a", "b", "c"), help="Which.")
    parser.flag("-4", "--four", help="With four.")
    parser.flag("-6", "--six", help="With six.")


COMMAND = Command(_run, _add, epilog="The end.")


def given(*words: str) -> dict[str, Any]:
    assert COMMAND.invoke("try", words) == 7
    return GIVEN.pop()


def test_what_is_not_given_has_its_default() -> None:
    assert given("x") == {
        "first": "x", "second": "none", "out": None, "when": "now", "many": (), "kind": None, "four": False, "six": False,
    }  # fmt: skip


def test_options_stand_before_between_and_after_the_other_words() -> None:
    for words in (("--four", "-o", "f", "x", "y"), ("x", "--out", "f", "y", "-4"), ("x", "y", "-of", "--four")):
        found = given(*words)
        assert (found["first"], found["second"], found["out"], found["four"]) == ("x", "y", "f", True)


def test_an_option_takes_the_next_word_whatever_it_looks_like() -> None:
    for value in ("-1h", "--four", "-", "", "a=b"):
        assert given("x", "--when", value)["when"] == value
        assert given("x", "-o", value)["out"] == value


def test_short_flags_may_stand_together() -> None:
    assert (given("x", "-46")["four"], given("x", "-64")["six"]) == (True, True)


def test_what_is_given_several_times_is_kept_in_order() -> None:
    assert given("x", "--many", "2", "--many=1")["many"] == (2, 1)
    assert given("x")["many"] == (), "a default is not added to"


def test_after_two_hyphens_all_words_are_plain() -> None:
    found = given("--four", "--", "-6", "--out")
    assert (found["first"], found["second"], found["six"], found["out"]) == ("-6", "--out", False, None)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "required: FIRST"),
        (("x", "y", "z"), "one argument too many: 'z'"),
        (("x", "--out"), "--out expected one argument"),
        (("--", "x", "--"), "-- may stand only once"),
        (("--", "--"), "-- may stand only once"),
        (("x", "--out", "--"), "--out expected one argument"),
        (("x", "--out=--"), "--out expected one argument"),
        (("x", "-o--"), "-o-- expected one argument"),
        (("x", "--many", "10"), "--many takes a whole number from 1 to 9, not '10'"),
        (("x", "--many", "１"), "--many takes a whole number from 1 to 9, not"),
        (("x", "--kind", "d"), "--kind takes a, b or c, not 'd'"),
        (("x", "--fou"), "there is no option --fou; did you mean `--four`?"),
        (("x", "-z"), "there is no option -z"),
        (("x", "--four=yes"), "--four takes no value"),
    ],
)
def test_words_that_do_not_fit_are_told(words: tuple[str, ...], says: str) -> None:
    with pytest.raises(UsageError) as told:
        COMMAND.invoke("try", words)
    assert says in str(told.value) and "`" in str(told.value) and not GIVEN


_WORDS = st.sampled_from(
    ["x", "", "-", "--", "---", "-o", "-of", "-o--", "-o=", "--out", "--out=", "--out=--", "--many", "--many=1", "1", "-1",
     "-46", "-4o", "--four", "--four=", "--kind=a", "=", "-=", "--=", "-h", "\0", "\ud800", "@x", "--when", "-\n"]
)  # fmt: skip


@given_words(st.lists(_WORDS | st.text(max_size=6), max_size=7))
def test_no_words_make_more_than_a_line_of_trouble(words: list[str]) -> None:
    GIVEN.clear()
    try:
        COMMAND.invoke("try", words)
    except UsageError as error:
        assert str(error)
    for found in GIVEN:
        assert isinstance(found["first"], str) and isinstance(found["second"], str) and isinstance(found["when"], str)
        assert isinstance(found["out"], str | None) and isinstance(found["four"], bool)
        assert all(isinstance(number, int) for number in found["many"])
    GIVEN.clear()


@pytest.mark.parametrize("words", [("-h",), ("x", "--help"), ("--bad", "-h"), ("a", "b", "c", "-h")])
def test_help_is_shown_wherever_it_is_asked_for(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert COMMAND.invoke("try", words) == 0 and not GIVEN
    assert capsys.readouterr().out.startswith("Usage: try [OPTIONS] FIRST [SECOND]\n")


def test_the_help_holds_all_there_is_to_know() -> None:
    assert (
        COMMAND.help("try", 60)
        == """\
Usage: try [OPTIONS] FIRST [SECOND]

  Try it.

  What it does, in two lines.

  Examples:
    try   as it is

Options:
  -o, --out FILE  Where.
  --when TIME     When.  [default: now]
  --many N        Some.
  --kind a|b|c    Which.
  -4, --four      With four.
  -6, --six       With six.
  -h, --help      Show this message and exit.

  The end.
"""
    )


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_of_any_help_is_wider_than_it_may_be(width: int) -> None:
    waiting = [(GROUP, "unbroken")]
    while waiting:
        command, path = waiting.pop()
        prose = [line for line in command.help(path, width).splitlines() if "unbroken" not in line]
        assert max(map(len, prose)) <= width, path
        waiting += [(command.part(name), f"{path} {name}") for name in command.parts]

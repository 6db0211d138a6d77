"""Root hints: compiled in, and from files."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbroken.dns import Name
from unbroken.errors import InputError
from unbroken.resolving.hints import iana_root_hints, parse_hints


def test_thirteen_servers_with_both_families_are_compiled_in() -> None:
    hints = iana_root_hints()
    assert len(hints.servers) == 13
    assert all([":" in address for address in addresses] == [False, True] for _, addresses in hints.servers)


def test_they_are_those_of_the_iana_file(shared: Path) -> None:
    path = shared / "real" / "root-anchors" / "iana-2024" / "root.hints"
    if not path.is_file():
        pytest.skip("no recorded root.hints")
    recorded = parse_hints(path.read_text(), str(path))
    assert {name: set(found) for name, found in recorded.servers} == {
        name: set(found) for name, found in iana_root_hints().servers
    }


def test_ttl_class_and_comments_may_be_there_or_not() -> None:
    hints = parse_hints("; lab\n. NS a.\n. 60 IN NS b. ; second\na. IN 60 A 127.0.0.1\nb. AAAA ::1\nb. TXT x\n")
    assert hints.servers == ((Name("a."), ("127.0.0.1",)), (Name("b."), ("::1",)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "; nothing",
        ". NS a.",
        "a. A 127.0.0.1",
        ". NS a.\na. A 1.2.3",
        ". NS a.\na. AAAA 1.2.3.4",
        ". NS\n",
        "a..b NS x.",
    ],
)
def test_what_is_no_hints_file_is_said_to_be_none(text: str) -> None:
    with pytest.raises(InputError):
        parse_hints(text)


@given(st.text(max_size=200))
def test_any_text_is_hints_or_an_input_error(text: str) -> None:
    try:
        parse_hints(text)
    except InputError:
        return

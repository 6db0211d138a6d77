"""The chain in a terminal: every link on its line, the broken one explained, and nothing that a name can do to a screen."""

import importlib.util
import re
from dataclasses import replace
from typing import Any

import handmade
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unbroken.chain import Chain, Code, Link, LinkKind, Outcome, Question, Status, finding
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.report.escape import safe
from unbroken.report.text import render

ANSI = re.compile(r"\x1b\[[0-9;]*m")
GLYPHS = set("◆✓○✗│├╰→×…┃·")


def text_of(chain: Chain, **options: Any) -> str:
    return render(chain, handmade.NOW, **{"colour": False, **options})


def line_with(text: str, *words: str) -> str:
    found = [line for line in text.splitlines() if all(word in line for word in words)]
    assert len(found) == 1, (words, text)
    return found[0]


def test_each_link_has_one_line_with_zone_key_tags_algorithm_and_time_left() -> None:
    text = text_of(handmade.secure())
    tag = str(handmade.EXAMPLE.dnskey.key_tag)
    assert "11 d left" in line_with(text, "example.com.", "DS", tag, "ECDSAP256SHA256", "SHA-256")
    assert "9 d left" in line_with(text, "example.com.", "DNSKEY", tag)
    assert "12 d left" in line_with(text, "www.example.com.", "A ×2", f"by {tag}")
    assert "192.0.2.1" in text and "192.0.2.2" in text
    assert "trust anchor" in text


def test_the_broken_link_is_marked_with_sentence_and_remedy_beneath() -> None:
    lines = text_of(handmade.bogus()).splitlines()
    broken = next(index for index, line in enumerate(lines) if "✗ example.com." in line)
    beneath = " ".join(" ".join(lines[broken + 1 : broken + 7]).replace("┃", "").split())
    assert "is not the digest of the key with that tag." in beneath
    assert "→ Compute the DS anew" in beneath
    assert "BOGUS  EDE 9 (DNSKEY Missing)" in lines[-2] + lines[-1]


def test_an_alias_is_a_further_branch_below_the_shared_root() -> None:
    text = text_of(handmade.alias())
    assert len([line for line in text.splitlines() if "trust anchor" in line]) == 1
    assert line_with(text, "CNAME → www.example.net.")
    assert line_with(text, "├ ✓ net.", "DS")
    assert "192.0.2.3" in text


def test_a_denial_is_explained_in_words() -> None:
    text = " ".join(text_of(handmade.nxdomain()).replace("│", " ").split())
    assert "No such name: no.example.com. does not exist." in text
    assert re.search(r"NSEC3 \w{8}…\.example\.com\. matches the closest encloser example\.com\.", text)
    assert re.search(r"NSEC3 \w{8}…\.example\.com\. covers the next closer name no\.example\.com\.", text)
    assert "covers the wildcard *.example.com." in text


def test_an_insecure_delegation_tells_where_trust_ends() -> None:
    text = " ".join(text_of(handmade.insecure()).split())
    assert "○ plain.example.com. no DS (NSEC)" in text
    assert "trust ends at the delegation of plain.example.com." in text
    assert "192.0.2.9" in text


def test_the_answer_of_a_bogus_chain_is_not_shown() -> None:
    chain = handmade.secure()
    links = (*chain.links[:-1], replace(chain.links[-1], status=Status.BOGUS))
    assert "192.0.2.1" not in text_of(replace(chain, links=links, status=Status.BOGUS))


@pytest.mark.parametrize("make", handmade.ALL.values(), ids=handmade.ALL)
@pytest.mark.parametrize("width", [48, 60, 80, 120])
@pytest.mark.parametrize("ascii", [False, True])
def test_no_line_is_wider_than_the_terminal(make: Any, width: int, ascii: bool) -> None:
    for line in text_of(make(), width=width, ascii=ascii).splitlines():
        assert len(line) <= width, line


@pytest.mark.parametrize("make", handmade.ALL.values(), ids=handmade.ALL)
def test_colour_changes_nothing_but_colour(make: Any) -> None:
    chain = make()
    coloured = text_of(chain, colour=True)
    assert "\x1b[" in coloured
    assert "\n".join(line.rstrip() for line in ANSI.sub("", coloured).splitlines()) + "\n" == text_of(chain)


@pytest.mark.parametrize("make", handmade.ALL.values(), ids=handmade.ALL)
def test_ascii_is_ascii(make: Any) -> None:
    assert text_of(make(), ascii=True).isascii()


LABELS = st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=5).map(tuple)


@settings(deadline=None)
@given(LABELS, st.text(max_size=40), st.booleans())
def test_hostile_names_and_words_can_not_reach_the_terminal(
    labels: tuple[bytes, ...], words: str, colour: bool
) -> None:
    name = Name.from_labels(labels)
    reason = finding(Code.LOOKUP_FAILED, f"{name} A", reason=words)
    data = Link(
        LinkKind.DATA,
        name,
        Status.INDETERMINATE,
        (handmade.Evidence(handmade.RRset(name, rr.TXT, 1, (b"\x01\x1b",))),),
        findings=(reason,),
    )
    chain = Chain(
        Question(name, rr.TXT), Status.INDETERMINATE, links=(data,), outcome=Outcome.ANSWER, findings=(reason,)
    )
    text = ANSI.sub("", text_of(chain, colour=colour)) if colour else text_of(chain)
    assert all(char in GLYPHS or " " <= char <= "~" or char == "\n" for char in text)


def test_bidirectional_controls_are_spelled_out() -> None:
    assert safe("a\u202eb\x1b[2J") == "a\\u{202e}b\\u{1b}[2J"


def test_many_levels_are_drawn_without_recursion_or_overflow() -> None:
    zone = Name.ROOT
    links = []
    for _ in range(120):
        zone = zone.prepend(b"a")
        links.append(Link(LinkKind.KEY, zone, Status.SECURE))
    text = text_of(Chain(Question(zone, 1), Status.SECURE, links=tuple(links)))
    assert len(text.splitlines()) >= 120


def test_nothing_found_still_has_a_verdict() -> None:
    text = text_of(Chain(Question(Name("x."), 1)))
    assert "INDETERMINATE" in text


def test_rails_deeper_than_the_column_leave_room_for_the_time() -> None:
    """Key tags have one to five digits, so the widths differ with the keys: many sets of them must fit."""
    for _ in range(25):
        # A copy of its own: the module itself is shared with other tests, which hold on to its keys.
        spec = importlib.util.find_spec("handmade")
        assert spec is not None and spec.loader is not None
        again = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(again)
        for line in text_of(again.ALL["alias"](), width=48).splitlines():
            assert len(line) <= 48, line

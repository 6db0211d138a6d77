"""The page, the pictures and the build server's report: complete, well-formed, and deaf to hostile words."""

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from support.small_internet import NOW, WWW, SmallInternet
from support.wrongs import WRONGS

from unbroken.diagnosis.diagnose import Diagnosis, diagnose
from unbroken.diagnosis.finding import Diagnosed
from unbroken.diagnosis.inspection import ZoneServers
from unbroken.diagnosis.rules import RULES
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.lab.faults import FAULTS, Patient
from unbroken.report.drawing import to_dot, to_svg
from unbroken.report.html import render_html
from unbroken.report.junit import to_junit
from unbroken.report.picture import all_nodes, paint

EVIL = "<script>alert(1)</script>\"'&\u202e\x1b[2J"
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Outline(HTMLParser):
    """Tags that open and close, text, and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


def diagnosis_of(code: str = "", *, fault: str = "", name: Name = WWW, rdtype: int = rr.A) -> Diagnosis:
    net = SmallInternet()
    if code:
        name = WRONGS[code](net) or name
    if fault:
        net.break_zone(fault)
    return diagnose(net.inspect(name, rdtype), net.resolver().anchors, NOW)


def hostile() -> Diagnosis:
    """Every place that words of others can reach holds hostile ones."""
    net = SmallInternet()
    good = net.inspect()
    label = Name.from_labels((b"<script>alert(1)</script>", b"test"))
    servers = tuple(replace(each, name=label, refusal=EVIL) for each in good.zone.servers)
    diagnosis = diagnose(replace(good, zone=ZoneServers(good.zone.zone, servers)), net.resolver().anchors, NOW)
    row = replace(RULES["DS_MISSING"].row, sentence="{what}", remedy="{what}")
    evil = Diagnosed("DS_MISSING", row, EVIL, (("what", EVIL),), (EVIL,))
    return replace(diagnosis, findings=(evil.with_beneath(evil), *diagnosis.findings))


@pytest.mark.parametrize("fault", ["", "ds-bogus-digest-value", "no-ds", "nsec-missing", "no-dnskey", "keytrap"])
def test_the_page_is_well_formed_and_tells_what_was_found(fault: str) -> None:
    diagnosis = diagnosis_of(fault=fault)
    page = render_html(diagnosis)
    tags = outline(page).tags
    assert (tags.count("h1"), tags.count("main")) == (1, 1)
    for finding in diagnosis.findings:
        assert finding.code in page
    assert f"<title>www.zone.test. A: {diagnosis.status.value}</title>" in page
    assert len(page.encode()) < 200_000


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    parsed = outline(render_html(diagnosis_of(fault="rrsig-exp-all")))
    assert not {"script", "link", "iframe", "object", "img", "form", "base"} & set(parsed.tags)
    for tag, name, value in parsed.attributes:
        assert not name.startswith("on")
        assert name not in ("src", "action") and (name != "href" or str(value).startswith("#")), (tag, name, value)
    policy = [value for tag, name, value in parsed.attributes if tag == "meta" and name == "content"]
    assert any("default-src 'none'" in str(value) for value in policy)


def test_hostile_words_stay_words_on_the_page() -> None:
    page = render_html(hostile())
    assert "script" not in outline(page).tags
    assert "<script" not in page and "\u202e" not in page and "\x1b" not in page
    assert "&lt;script&gt;" in page and r"\u{202e}" in page


def test_who_uses_keyboard_or_screen_reader_gets_all() -> None:
    parsed = outline(render_html(diagnosis_of(fault="ds-bogus-digest-value")))
    assert ("html", "lang", "en") in parsed.attributes
    assert ("a", "href", "#findings") in parsed.attributes
    ids = {value for _, name, value in parsed.attributes if name == "id"}
    labels = [value for _, name, value in parsed.attributes if name == "aria-labelledby"]
    assert labels and all(word in ids for value in labels for word in str(value).split())
    assert all(("th", "scope", scope) in parsed.attributes for scope in ("col", "row"))


def test_the_page_is_made_for_light_dark_and_paper() -> None:
    page = render_html(diagnosis_of())
    assert "prefers-color-scheme: dark" in page and "@media print" in page


def test_bogus_at_one_server_is_said_though_the_chain_holds() -> None:
    net = SmallInternet()
    net.put(*FAULTS["rrsig-exp-all"](Patient(net.zone(), net.zone(Name("test.")))), only="192.0.2.22")
    page = render_html(diagnose(net.inspect(), net.resolver().anchors, NOW))
    assert "The answer of ns2.zone.test does not validate." in page


# --- pictures -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["", "ds-bogus-digest-value", "rrsig-exp-a", "no-ds", "nsec-missing", "no-dnskey"])
def test_the_picture_shows_every_zone_and_the_break(fault: str) -> None:
    picture = paint(diagnosis_of(fault=fault).chain)
    assert [lane.zone for lane in picture.lanes] == [".", "test.", "zone.test."]
    shades = {node.shade.value for node in all_nodes(picture)} | {edge.shade.value for edge in picture.edges}
    assert ("bad" in shades) is (fault not in ("", "no-ds", "nsec-missing"))
    assert ("unsigned" in shades) is (fault == "no-ds")


def test_an_expired_signature_is_a_broken_edge_from_the_key_that_made_it() -> None:
    picture = paint(diagnosis_of(fault="rrsig-exp-a").chain)
    (edge,) = [edge for edge in picture.edges if edge.shade.value == "bad"]
    assert "expired" in edge.title and " key 256 " in edge.start and edge.end == "zone.test. www.zone.test. A"


@pytest.mark.parametrize("fault", ["", "ds-bogus-digest-value", "no-ds"])
def test_svg_is_well_formed_and_nothing_lies_outside(fault: str) -> None:
    root = ElementTree.fromstring(to_svg(paint(diagnosis_of(fault=fault).chain)))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    boxes = root.findall(".//{http://www.w3.org/2000/svg}rect")
    assert len(boxes) > 6
    for box in boxes:
        x, y = float(box.get("x", 0)), float(box.get("y", 0))
        assert x >= 0 and y >= 0
        assert x + float(box.attrib["width"]) <= width and y + float(box.attrib["height"]) <= height


def test_no_two_nodes_lie_on_each_other() -> None:
    root = ElementTree.fromstring(to_svg(paint(diagnosis_of(name=Name("alias.zone.test.")).chain)))
    groups = root.findall("{http://www.w3.org/2000/svg}g")
    corners = [(box.attrib["x"], box.attrib["y"]) for group in groups for box in group if box.tag.endswith("rect")]
    assert len(corners) == len(set(corners)) >= 9


def test_a_zone_with_very_many_keys_is_drawn_in_bounds() -> None:
    picture = paint(diagnosis_of(fault="keytrap").chain)
    assert max(len(row) for lane in picture.lanes for row in lane.rows) <= 13


def test_hostile_names_stay_words_in_the_pictures() -> None:
    net = SmallInternet()
    name = Name.from_labels((b'<script>"\\', b"zone", b"test"))
    picture = paint(diagnose(net.inspect(name), net.resolver().anchors, NOW).chain)
    svg, dot = to_svg(picture), to_dot(picture)
    ElementTree.fromstring(svg)
    assert "<script" not in svg
    for line in dot.splitlines():
        assert line.replace("\\\\", "").replace('\\"', "").count('"') % 2 == 0, line


@pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz is not installed")
@pytest.mark.parametrize("fault", ["", "ds-bogus-digest-value", "no-ds"])
def test_graphviz_draws_it(fault: str) -> None:
    dot = to_dot(paint(diagnosis_of(fault=fault).chain))
    done = subprocess.run(["dot", "-Tsvg"], input=dot, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(re.findall('class="cluster"', done.stdout)) == 3


# --- JUnit --------------------------------------------------------------------------------------------------------------


def test_junit_has_a_case_for_the_chain_and_each_rule() -> None:
    suite = ElementTree.fromstring(to_junit(diagnosis_of()))
    assert int(suite.attrib["tests"]) == len(RULES) + 1 and suite.attrib["failures"] == "0"


@pytest.mark.parametrize(("code", "fail_on_warning", "failures"), [
    ("SIGNATURE_EXPIRES_SOON", False, []),
    ("SIGNATURE_EXPIRES_SOON", True, ["SIGNATURE_EXPIRES_SOON"]),
    ("SERVER_WITHOUT_EDNS", False, ["SERVER_WITHOUT_EDNS"]),
])  # fmt: skip
def test_junit_fails_what_is_grave(code: str, fail_on_warning: bool, failures: list[str]) -> None:
    suite = ElementTree.fromstring(to_junit(diagnosis_of(code), fail_on_warning=fail_on_warning))
    failed = [case.attrib["name"] for case in suite if case.find("failure") is not None]
    assert [name for name in failed if name in RULES] == failures


def test_junit_of_hostile_words_is_well_formed() -> None:
    assert b"<script" not in to_junit(hostile())
    ElementTree.fromstring(to_junit(hostile()))

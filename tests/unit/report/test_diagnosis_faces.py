"""A full check for people and for programs: all that counts is there, nothing moves the cursor, lines fit."""

import json
import re
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from support.small_internet import NOW, WWW, SmallInternet
from support.wrongs import WRONGS

from unbroken.diagnosis.diagnose import Diagnosis, diagnose
from unbroken.dns import Name
from unbroken.report.diagnosis_json import diagnosis_to_json
from unbroken.report.diagnosis_text import render_diagnosis
from unbroken.report.servers import server_rows

SCHEMA = json.loads((files("unbroken.report") / "schema" / "diagnosis-1.json").read_text(encoding="utf-8"))


def diagnosis_of(*codes: str, name: Name = WWW, fault: str = "") -> Diagnosis:
    net = SmallInternet()
    for code in codes:
        name = WRONGS[code](net) or name
    if fault:
        net.break_zone(fault)
    return diagnose(net.inspect(name), net.resolver().anchors, NOW)


def text_of(diagnosis: Diagnosis, **how: Any) -> str:
    return render_diagnosis(diagnosis, **{"colour": False, "width": 80, **how})


def test_the_cause_comes_first_with_what_to_type() -> None:
    text = text_of(diagnosis_of(fault="ds-bogus-digest-value"))
    assert text.index("ERROR DS_DIGEST_MISMATCH") < text.index("At the parent, add") < text.index("beneath it:")
    assert re.search(r"^      zone\.test\. IN DS \d+ 13 2 [0-9A-F]{64}$", text, re.MULTILINE)
    assert text.rstrip().endswith("packets kept.") and "1 error, " in text


def test_servers_stand_side_by_side_with_their_verdicts() -> None:
    text = text_of(diagnosis_of("SERVER_SILENT"))
    assert re.search(r"✓ ns1\.zone\.test 192\.0\.2\.21 udp tcp  serial 1", text)
    assert re.search(r"\? ns2\.zone\.test 192\.0\.2\.22 no reply", text)
    assert "parent test." in text


@pytest.mark.parametrize("code", list(WRONGS)[::12])
@pytest.mark.parametrize("width", [80, 60])
def test_lines_fit_but_for_what_is_to_be_copied(code: str, width: int) -> None:
    for line in text_of(diagnosis_of(code), width=width).splitlines():
        is_copied = line.startswith("      ")
        assert len(line) <= width or is_copied or "192.0.2" in line, line


def test_without_colour_there_is_no_escape_and_in_ascii_only_ascii() -> None:
    diagnosis = diagnosis_of(fault="rrsig-exp-all")
    assert "\x1b" not in text_of(diagnosis) and "\x1b[" in text_of(diagnosis, colour=True)
    assert text_of(diagnosis, ascii=True).isascii()


def test_hostile_words_are_escaped_in_the_terminal() -> None:
    net = SmallInternet()
    inspection = net.inspect()
    from dataclasses import replace

    from unbroken.diagnosis.inspection import ZoneServers

    evil = tuple(replace(server, refusal="\x1b[2J\u202e", address="") for server in inspection.zone.servers)
    hostile = replace(inspection, zone=ZoneServers(inspection.zone.zone, evil))
    text = text_of(diagnose(hostile, net.resolver().anchors, NOW))
    assert "\x1b" not in text and "\u202e" not in text and r"\u{1b}[2J" in text


@pytest.mark.parametrize("code", list(WRONGS)[::9])
def test_json_fits_its_schema(code: str) -> None:
    document = json.loads(json.dumps(diagnosis_to_json(diagnosis_of(code))))
    Draft202012Validator(SCHEMA).validate(document)
    told = document["findings"] + [inner for finding in document["findings"] for inner in finding["beneath"]]
    assert code in {finding["code"] for finding in told}


def test_the_schema_is_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_rows_hold_serial_and_verdict_of_each_server() -> None:
    rows = {row.address: row for row in server_rows(diagnosis_of("SERIAL_DIFFERS"))}
    assert (rows["192.0.2.21"].serial, rows["192.0.2.22"].serial) == (1, 7)
    assert rows["192.0.2.11"].is_parent and rows["192.0.2.11"].status is not None


def test_the_same_steps_are_printed_once() -> None:
    net = SmallInternet()
    WRONGS["DS_DIGEST_SHA1"](net)
    net.break_zone("rrsig-exp-all")
    text = text_of(diagnose(net.inspect(), net.resolver().anchors, NOW))
    assert text.count("rndc sign zone.test") == 1
    assert "What to type is the same as for SIGNATURE_EXPIRED." in text


def test_each_of_several_that_disagree_is_told() -> None:
    text = text_of(diagnosis_of("SERIAL_DIFFERS"))
    assert "have serial 1." in text and "and: The servers of zone.test." in text and "serial 7." in text


def test_who_lags_behind_is_named_in_what_to_type() -> None:
    text = text_of(diagnosis_of("SERIAL_DIFFERS"))
    assert "BIND on ns1.zone.test:" in text and "BIND on ns2.zone.test:" not in text

"""Each rule finds what is wrong in its way, and nothing where nothing is; every code is produced."""

import re

import pytest
from support.small_internet import NOW, WWW, SmallInternet
from support.wrongs import WRONGS

from unbroken.chain.catalogue import CATALOGUE, Code, Severity
from unbroken.chain.zone_catalogue import ZONE_CATALOGUE
from unbroken.diagnosis.diagnose import Diagnosis, diagnose
from unbroken.diagnosis.json import inspection_from_json, inspection_to_json
from unbroken.diagnosis.rules import RULES
from unbroken.dns import Name
from unbroken.dns import rdtype as rr

HEALTHY = {
    "www.zone.test.": {"NS_WITHOUT_IPV6"},
    "alias.zone.test.": {"NS_WITHOUT_IPV6"},
    "from-a-wildcard.wild.zone.test.": {"NS_WITHOUT_IPV6"},
    "nothing.zone.test.": {"NS_WITHOUT_IPV6"},
    "www.three.test.": {"NS_WITHOUT_IPV6"},
    "nothing.three.test.": {"NS_WITHOUT_IPV6"},
    "www.wide.test.": {"NS_WITHOUT_IPV6", "NSEC3_OPT_OUT", "DENIAL_OPT_OUT"},
    "www.csk.test.": {"NS_WITHOUT_IPV6"},
    "www.plain.test.": {"NS_WITHOUT_IPV6", "DELEGATION_INSECURE", "DENIAL_OPT_OUT"},
    ".": {"NS_WITHOUT_IPV6"},
}


def diagnosis_of(net: SmallInternet, name: Name = WWW, rdtype: int = rr.A) -> Diagnosis:
    return diagnose(net.inspect(name, rdtype), net.resolver().anchors, NOW)


def codes(diagnosis: Diagnosis) -> set[str]:
    return {finding.code for finding in diagnosis.all_findings}


@pytest.mark.parametrize(("name", "expected"), HEALTHY.items(), ids=HEALTHY)
def test_a_healthy_zone_has_no_findings_but_these(name: str, expected: set[str]) -> None:
    diagnosis = diagnosis_of(SmallInternet(), Name(name))
    assert codes(diagnosis) == expected
    assert diagnosis.count(Severity.ERROR) == diagnosis.count(Severity.WARNING) == 0


@pytest.mark.parametrize("code", RULES)
def test_rule_finds_what_is_wrong_in_its_way(code: str) -> None:
    net = SmallInternet()
    name = WRONGS[code](net) or WWW
    diagnosis = diagnosis_of(net, name)
    found = [finding for finding in diagnosis.all_findings if finding.code == code]
    assert found, codes(diagnosis)
    for finding in found:
        assert "?" not in finding.sentence + finding.remedy
        assert "{" not in finding.sentence + finding.remedy
        assert not finding.sentence.endswith("..")
        assert finding.severity is RULES[code].row.severity


@pytest.mark.parametrize("code", list(RULES)[::7])
def test_what_was_found_is_found_again_in_the_file(code: str) -> None:
    net = SmallInternet()
    inspection = net.inspect(WRONGS[code](net) or WWW)
    anchors = net.resolver().anchors
    again = inspection_from_json(inspection_to_json(inspection))
    assert diagnose(again, anchors, NOW).findings == diagnose(inspection, anchors, NOW).findings


def test_every_rule_has_a_wrong_and_every_wrong_a_rule() -> None:
    assert set(WRONGS) == set(RULES)


def test_codes_are_unique_over_all_catalogues_and_well_over_eighty() -> None:
    chain, zone = {code.value for code in CATALOGUE}, {code.value for code in ZONE_CATALOGUE}
    assert chain.isdisjoint(RULES) and zone.isdisjoint(RULES)
    assert len(RULES) >= 80


@pytest.mark.parametrize("code", RULES)
def test_row_cites_its_rfc_and_says_what_to_do(code: str) -> None:
    row = RULES[code].row
    assert re.match(r"RFC \d{4}", row.source)
    assert row.sentence.endswith(".") and row.remedy.endswith((".", ")."))
    assert re.fullmatch(r"[A-Z][A-Z0-9_]+", code)


def test_causes_are_codes_and_lead_in_no_circle() -> None:
    known = set(RULES) | {code.value for code in Code}
    for rule in RULES.values():
        assert set(rule.under) <= known, rule.code
    for rule in RULES.values():
        above, seen = list(rule.under), set[str]()
        while above:
            code = above.pop()
            assert code != rule.code, f"{rule.code} is its own cause"
            if code in RULES and code not in seen:
                seen.add(code)
                above += RULES[code].under

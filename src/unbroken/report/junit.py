"""A full check as JUnit XML, for build servers: a test case for the chain, and one for each rule."""

from xml.etree.ElementTree import Element, SubElement, tostring

from unbroken.chain import Severity, Status
from unbroken.diagnosis.diagnose import Diagnosis
from unbroken.diagnosis.finding import Diagnosed
from unbroken.diagnosis.rules import GROUPS
from unbroken.report.escape import safe
from unbroken.report.text import question_text

_CHAIN = "The chain of trust"


def to_junit(diagnosis: Diagnosis, *, fail_on_warning: bool = False) -> bytes:
    """The document, UTF-8. Errors fail their case, warnings if told so; other findings are in its output."""
    suite = Element("testsuite", name=question_text(diagnosis.inspection.question))
    found: dict[str, list[Diagnosed]] = {}
    for finding in diagnosis.all_findings:
        found.setdefault(finding.code, []).append(finding)
    ruled = {rule.code for rules in GROUPS.values() for rule in rules}
    of_chain = [finding for code, findings in found.items() if code not in ruled for finding in findings]
    _case(suite, _CHAIN, "the answer validates", of_chain, fail_on_warning, diagnosis.status)
    for heading, rules in GROUPS.items():
        for rule in rules:
            _case(suite, heading, rule.code, found.get(rule.code, []), fail_on_warning)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in suite)))
    document: bytes = tostring(suite, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _case(
    suite: Element,
    group: str,
    name: str,
    findings: list[Diagnosed],
    fail_on_warning: bool,
    status: Status | None = None,
) -> None:
    case = SubElement(suite, "testcase", classname=f"unbroken.{group}", name=name)
    text = "\n".join(safe(f"{each.code}: {each.sentence} {each.remedy}") for each in findings)
    grave = (Severity.ERROR, Severity.WARNING) if fail_on_warning else (Severity.ERROR,)
    worst = next((each for each in findings if each.severity in grave), None)
    if worst is not None or status in (Status.BOGUS, Status.INDETERMINATE):
        message = safe(worst.sentence) if worst is not None else f"the answer is {status.value if status else ''}"
        SubElement(case, "failure", message=message, type=worst.code if worst is not None else "").text = text
    elif text:
        SubElement(case, "system-out").text = text

"""A full check as one page: self-contained, light and dark, for print, keyboard and screen reader; nothing in it is fetched,
nothing in it runs."""

from typing import Any

from unbroken.chain.times import to_iso
from unbroken.diagnosis.diagnose import Diagnosis
from unbroken.diagnosis.finding import Diagnosed
from unbroken.diagnosis.remedies import Step, told_once
from unbroken.report.diagnosis_text import counted, disagreement
from unbroken.report.drawing import to_svg
from unbroken.report.escape import safe
from unbroken.report.picture import paint
from unbroken.report.servers import server_rows
from unbroken.report.templates import environment
from unbroken.report.text import question_text, render
from unbroken.report.words import ede_text


def render_html(diagnosis: Diagnosis) -> str:
    """The page. Hostile names and words stay text: control and bidirectional characters written out, the rest escaped."""
    from markupsafe import Markup

    picture = paint(diagnosis.chain)
    # The picture's own template has escaped all that is in it.
    svg = Markup(to_svg(picture, standalone=False))
    return environment().get_template("report.html.j2").render(
        title=question_text(diagnosis.inspection.question),
        status=diagnosis.status.value,
        verdict=picture.summary,
        disagreement=disagreement(diagnosis),
        counted=counted(diagnosis),
        asked_at=to_iso(diagnosis.inspection.time),
        judged_at=to_iso(diagnosis.now),
        findings=_findings(diagnosis),
        picture=svg,
        words=render(diagnosis.chain, diagnosis.now, colour=False, width=100),
        servers=list(server_rows(diagnosis)),
    )  # fmt: skip


def _findings(diagnosis: Diagnosis) -> list[dict[str, Any]]:
    told = told_once(diagnosis.findings, diagnosis.case)
    return [_finding(finding, *how) for finding, how in zip(diagnosis.findings, told, strict=True)]


def _finding(finding: Diagnosed, found: tuple[Step, ...], as_for: str) -> dict[str, Any]:
    row = finding.row
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "sentence": safe(finding.sentence),
        "remedy": safe(finding.remedy),
        "source": row.source,
        "ede": ede_text(row.ede) if row.ede is not None else "",
        "servers": [safe(address) for address in finding.servers],
        "as_for": as_for,
        "steps": [{"where": safe(step.where), "lines": [safe(line) for line in step.lines]} for step in found],
        "beneath": [{"code": inner.code, "sentence": safe(inner.sentence)} for inner in finding.beneath],
    }

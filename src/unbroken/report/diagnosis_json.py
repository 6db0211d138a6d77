"""A full check as JSON: for programs. The shape is versioned and described by `schema/diagnosis-1.json`."""

from typing import Any, Final

from unbroken._kernel import type_to_text
from unbroken.chain.json import chain_to_json
from unbroken.chain.times import to_iso
from unbroken.diagnosis.diagnose import Diagnosis
from unbroken.diagnosis.finding import Diagnosed
from unbroken.diagnosis.remedies import steps
from unbroken.report.servers import ServerRow, server_rows

FORMAT: Final = "unbroken-diagnosis"
VERSION: Final = 1

Json = dict[str, Any]


def diagnosis_to_json(diagnosis: Diagnosis) -> Json:
    """All of it, as plain dicts, lists, strings and ints."""
    inspection = diagnosis.inspection
    question, parent = inspection.question, inspection.parent
    return {
        "format": FORMAT,
        "version": VERSION,
        "question": {"name": str(question.name), "type": type_to_text(question.rdtype)},
        "status": diagnosis.status.value,
        "asked_at": to_iso(inspection.time),
        "judged_at": to_iso(diagnosis.now),
        "zone": str(inspection.zone.zone),
        "parent": None if parent is None else str(parent.zone),
        "servers": [_server(row) for row in server_rows(diagnosis)],
        "findings": [_finding(finding, diagnosis) for finding in diagnosis.findings],
        "chain": chain_to_json(diagnosis.chain),
    }


def _server(row: ServerRow) -> Json:
    return {
        "name": row.name,
        "address": row.address or None,
        "zone": row.zone,
        "is_parent": row.is_parent,
        "udp": row.udp,
        "tcp": row.tcp,
        "serial": row.serial,
        "milliseconds": row.milliseconds,
        "status": None if row.status is None else row.status.value,
        "note": row.note,
    }


def _finding(finding: Diagnosed, diagnosis: Diagnosis) -> Json:
    return {
        **_body(finding),
        "steps": [{"where": step.where, "lines": list(step.lines)} for step in steps(finding, diagnosis.case)],
        "beneath": [_body(inner) for inner in finding.beneath],
    }


def _body(finding: Diagnosed) -> Json:
    row = finding.row
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "where": finding.where,
        "servers": list(finding.servers),
        "sentence": finding.sentence,
        "remedy": finding.remedy,
        "source": row.source,
        "ede": None if row.ede is None else {"code": int(row.ede), "name": row.ede.name},
        "params": dict(finding.params),
    }

"""The vocabulary of verdicts: Status, Finding and its catalogue, Evidence, Link, Chain, Limits and Budget."""

from unbroken.chain.catalogue import CATALOGUE, Code, Row, Severity
from unbroken.chain.chain import Chain, Link, LinkKind, Outcome
from unbroken.chain.denial import Denial, DenialKind, DenialRole, Mechanism, Relation, Subject
from unbroken.chain.evidence import (
    DsAttempt,
    DsOutcome,
    Evidence,
    Provenance,
    Question,
    SignatureAttempt,
    SignatureOutcome,
)
from unbroken.chain.finding import Finding, finding
from unbroken.chain.limits import Budget, Limits, OverLimit
from unbroken.chain.status import Status, combine

__all__ = [
    "CATALOGUE",
    "Budget",
    "Chain",
    "Code",
    "Denial",
    "DenialKind",
    "DenialRole",
    "DsAttempt",
    "DsOutcome",
    "Evidence",
    "Finding",
    "Limits",
    "Link",
    "LinkKind",
    "Mechanism",
    "Outcome",
    "OverLimit",
    "Provenance",
    "Question",
    "Relation",
    "Row",
    "Severity",
    "SignatureAttempt",
    "SignatureOutcome",
    "Status",
    "Subject",
    "combine",
    "finding",
]

"""Answers recorded on the real Internet through a recursive server, validated at the time of their recording."""

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from recordings import parse_messages
from shared_material import find_shared, shared

from unbroken.anchors.files import load
from unbroken.authentication.policy import Policy
from unbroken.chain import Chain, Limits, Question, Status
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede
from unbroken.validation.drivers import drive
from unbroken.validation.protocol import Answer, Failure, Lookup, NoAnswer, Response
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

FOLDER = ("real", "dnsjava-recordings")


@dataclass(frozen=True)
class Case:
    """A row of expected.tsv that can be replayed as it was recorded."""

    recording: str
    query: str
    is_secure: bool
    rcode: str
    ede: str


def _cases() -> list[Case]:
    table = find_shared(*FOLDER, "expected.tsv")
    if table is None:
        return []
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [
        Case(
            f"{row['class']}/{row['recording']}",
            row["query"],
            row["AD_asserts"] == "True",
            row["rcode"],
            row["ede"] or "",
        )
        for row in rows
        if row["kind"] == "plain" and row["query"] and " " not in row["query"].strip()
    ]


def _replay(path: Path, query: str, policy: Policy) -> Chain:
    text = path.read_text(encoding="utf-8")
    moment = int(datetime.fromisoformat(text.splitlines()[0].removeprefix("#Date:").strip()).timestamp())
    found = {message.question[:2]: message for message in parse_messages(text) if message.question is not None}

    def fetch(lookup: Lookup) -> Response:
        message = found.get((lookup.name, lookup.rdtype))
        return Answer(message) if message is not None else NoAnswer(Failure.NOT_IN_CAPTURE)

    from rpl_scenario import rdtype_from_text

    name, _, rdtype = query.rpartition("/")
    question = Question(Name(name), rdtype_from_text(rdtype))
    anchors = load(shared(*FOLDER, "trust_anchors"), now=moment)
    limits = Limits(nsec3_iterations_insecure=150, nsec3_iterations_bogus=2500)
    return drive(
        validate(question, anchors=anchors, now=moment, trust=TrustCache(), policy=policy, limits=limits), fetch
    )


@pytest.mark.parametrize("case", _cases(), ids=lambda case: f"{case.recording}-{case.query[-24:]}")
def test_recorded_answers_give_the_verdict_and_the_extended_error_they_gave(case: Case) -> None:
    path = shared(*FOLDER, "recordings", *case.recording.split("/"))
    chain = _replay(path, case.query, Policy.historic())
    rcode = rr.SERVFAIL if chain.status is Status.BOGUS else chain.rcode
    assert (chain.status is Status.SECURE, rr.rcode_text(rcode)) == (case.is_secure, case.rcode), _tell(chain)
    if case.ede.rpartition(".")[2].isupper():
        assert chain.ede is Ede[case.ede.rpartition(".")[2]], _tell(chain)


def _tell(chain: Chain) -> str:
    return f"{chain.status.value}: " + "; ".join(finding.sentence for finding in chain.all_findings)


def test_there_are_recordings_to_replay() -> None:
    shared(*FOLDER)
    assert len(_cases()) >= 25

"""From evidence to a diagnosis: each server judged by the validator as if it were the only one, every rule applied, and what
follows from one cause told under it. Pure: the same evidence, anchors and time give the same diagnosis."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from unbroken.anchors.store import TrustAnchors
from unbroken.chain import Chain, Code, Finding, Question, Severity, Status
from unbroken.diagnosis.case import DEFAULT_DAYS, Case, Judgement
from unbroken.diagnosis.finding import Diagnosed, of_chain
from unbroken.diagnosis.folding import fold
from unbroken.diagnosis.inspection import Inspection
from unbroken.diagnosis.rules import RULES
from unbroken.diagnosis.views import ServerView, zone_questions
from unbroken.dns import rdtype as rr
from unbroken.validation.drivers import drive
from unbroken.validation.protocol import Effort, Validation
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

# The validator's findings come before those of rules, in the order of the way from the anchor down.
_ORDER: Final = {code: index for index, code in enumerate((*(code.value for code in Code), *RULES))}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is to be told of a full check. `chain`: the verdict on what an ordinary resolver got. `findings`: headlines,
    gravest first, each with what follows from it. `now`: epoch seconds."""

    inspection: Inspection
    now: int
    chain: Chain
    judgements: tuple[Judgement, ...]
    findings: tuple[Diagnosed, ...]
    case: Case

    @property
    def status(self) -> Status:
        """BOGUS when the answer of any server is; else what an ordinary resolver makes of it."""
        question = self.inspection.question
        if any(judged.question == question and judged.chain.status is Status.BOGUS for judged in self.judgements):
            return Status.BOGUS
        return self.chain.status

    @property
    def all_findings(self) -> Iterator[Diagnosed]:
        """Headlines and what is beneath them."""
        for finding in self.findings:
            yield from finding.all()

    def count(self, severity: Severity) -> int:
        """How many headlines there are of one severity."""
        return sum(finding.severity is severity for finding in self.findings)


def diagnose(inspection: Inspection, anchors: TrustAnchors, now: int, *, days: int = DEFAULT_DAYS) -> Diagnosis:
    """Judge the evidence as of `now` (epoch seconds). `days`: signatures that expire sooner are told of."""
    chain = drive(_validation(inspection.question, anchors, now, TrustCache()), inspection.walk.fetch)
    judgements = tuple(_judge(inspection, anchors, now))
    case = Case(inspection, now, days, judgements)
    ruled = [(finding, rule.under) for rule in RULES.values() for finding in rule.apply(case)]
    validated: list[tuple[Diagnosed, tuple[str, ...]]] = [(each, ()) for each in _of_chains(chain, judgements)]
    servers = frozenset(inspection.zone.addresses)
    findings = fold([*validated, *ruled], _ORDER, servers, chain.reason)
    shown = tuple(_without_made_up_name(finding, inspection) for finding in findings)
    return Diagnosis(inspection, now, chain, judgements, shown, case)


def _validation(question: Question, anchors: TrustAnchors, now: int, trust: TrustCache) -> Validation:
    return validate(question, anchors=anchors, now=now, trust=trust, effort=Effort.ALL_PATHS)


def _judge(inspection: Inspection, anchors: TrustAnchors, now: int) -> Iterator[Judgement]:
    zone, parent = inspection.zone, inspection.parent
    questions = tuple(zone_questions(zone.zone, inspection.question, inspection.absent))
    for address in zone.addresses:
        view, trust = ServerView(inspection, address, is_parent=False), TrustCache()
        for question in questions:
            chain = drive(_validation(question, anchors, now, trust), view.fetch)
            yield Judgement(address, False, question, chain)
    for address in parent.addresses if parent is not None else ():
        view, question = ServerView(inspection, address, is_parent=True), Question(zone.zone, rr.DS)
        chain = drive(_validation(question, anchors, now, TrustCache()), view.fetch)
        yield Judgement(address, True, question, chain)


def _of_chains(walk: Chain, judgements: Iterable[Judgement]) -> Iterator[Diagnosed]:
    """What the validator found, with the servers at which it did; once each, whatever the question."""
    servers: dict[Finding, dict[str, None]] = {}
    for judged in judgements:
        for finding in _telling(judged.chain):
            servers.setdefault(finding, {})[judged.server] = None
    for finding in _telling(walk):
        servers.setdefault(finding, {})
    for finding, seen in servers.items():
        yield of_chain(finding, tuple(seen))


def _without_made_up_name(finding: Diagnosed, inspection: Inspection) -> Diagnosed:
    """The name that was made up for the check is another each time, and means nothing to anybody."""
    made_up, words = str(inspection.absent), f"a missing name below {inspection.zone.zone}"
    if inspection.absent == inspection.zone.zone or inspection.absent == inspection.question.name:
        return finding

    def told(one: Diagnosed) -> Diagnosed:
        params = tuple((name, value.replace(made_up, words)) for name, value in one.params)
        return replace(one, where=one.where.replace(made_up, words), params=params)

    return replace(told(finding), beneath=tuple(map(told, finding.beneath)))


def _telling(chain: Chain) -> Iterator[Finding]:
    """Of a broken link the first finding, which says what is wrong with it; of others what is no error: a path that failed
    beside one that held has rules of its own (RFC 6840 §5.11)."""
    broken = chain.broken_link
    for link in chain.all_links:
        if link is broken:
            yield from link.findings[:1]
        elif not link.is_broken:
            yield from (finding for finding in link.findings if finding.severity is not Severity.ERROR)
    if broken is None or not broken.findings:
        yield from (finding for part in (chain, *chain.hops) for finding in part.findings)

"""Running a scenario: the real resolver over the fake servers, each of its answers compared with the file's."""

import asyncio
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final

from rpl_scenario import Entry, Query, Scenario, ScenarioError, Step, parse_scenario
from rpl_servers import FakeServers
from rpl_settings import Settings, settings, skip_reason

from unbroken._kernel import type_to_text
from unbroken.chain import Chain, Status
from unbroken.dns import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.resolving.clock import SettableClock
from unbroken.resolving.resolution import Resolution
from unbroken.resolving.resolver import Resolver
from unbroken.resolving.transport import TransportError, TransportTimeout

_MAX_TURNS: Final = 20_000
_QUIET_TURNS: Final = 25
"""Turns of the event loop without any event after which all that can happen has happened."""


class Verdict(Enum):
    """What became of a file. ERROR is a failure of the replay itself."""

    PASS = "pass"
    FAIL = "fail"
    SKIP = "skip"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """One CHECK_ANSWER: what was expected and what came, and how the rest of the answer compares."""

    step: int
    expected: str
    got: str
    is_as_expected: bool
    is_answer_same: bool | None
    """None: the file does not say."""
    ede: str
    why: str


@dataclass(slots=True)
class Report:
    """The result for one file."""

    name: str
    verdict: Verdict
    reason: str = ""
    checks: list[Check] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        """`pass NAME ...` for a person."""
        word = "fail" if self.verdict is Verdict.ERROR else self.verdict.value
        return f"{word} {self.name} {self.reason}".rstrip()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a validating recursive server gives its client."""

    rcode: int
    ad: bool
    answer: tuple[RRset, ...]
    ede: int | None
    why: str


@dataclass(slots=True)
class Asked:
    """A client's question on its way."""

    entry: Entry
    question: Query
    task: "asyncio.Task[Resolution]"


def replay_file(path: str) -> Report:
    """Replay one file. Never raises."""
    try:
        scenario = parse_scenario(Path(path).read_bytes())
        reason = skip_reason(scenario)
        if reason is not None:
            return Report(path, Verdict.SKIP, reason)
        return asyncio.run(_Replay(path, scenario, settings(scenario)).run())
    except ScenarioError as error:
        return Report(path, Verdict.FAIL, f"unreadable: {error}")
    except OSError as error:
        return Report(path, Verdict.FAIL, f"unreadable: {error.strerror or error}")
    except Exception as error:  # noqa: BLE001 - one file must not stop the others; the tests look for this verdict
        return Report(path, Verdict.ERROR, f"internal error: {type(error).__name__}: {error}")


class _Replay:
    def __init__(self, name: str, scenario: Scenario, made_of: Settings) -> None:
        self._scenario = scenario
        self._servers = FakeServers(scenario)
        self._clock = SettableClock(made_of.now)
        self._has_anchor = bool(made_of.anchors)
        self._resolver = Resolver(
            hints=made_of.hints,
            stub_zones=made_of.stubs,
            forward_zones=made_of.forwards,
            anchors=made_of.anchors,
            policy=made_of.policy,
            limits=made_of.limits,
            options=made_of.options,
            transport=self._servers,
            clock=self._clock,
        )
        self._asked: list[Asked] = []
        self._seen: set[Query] = set()
        self._report = Report(name, Verdict.PASS)

    async def run(self) -> Report:
        """All steps in turn."""
        steps = self._scenario.steps
        try:
            for index, step in enumerate(steps):
                if index < self._servers.position and step.kind == "CHECK_OUT_QUERY":
                    continue
                self._servers.position = max(self._servers.position, index)
                self._servers.retry_pending(final=False)
                skipped = await self._do(step, index)
                if skipped is not None:
                    return Report(self._report.name, Verdict.SKIP, skipped)
        finally:
            await self._cancel()
        return self._finish()

    async def _do(self, step: Step, index: int) -> str | None:
        """One step; a reason if it turns out to be for a server, not for a resolver."""
        servers = self._servers
        if step.kind == "QUERY" and step.entry is not None:
            unfit = _unfit(step.entry, self._seen)
            if unfit is not None:
                return unfit
            servers.position = index + 1
            self._ask(step.entry)
        elif step.kind == "CHECK_ANSWER" and step.entry is not None:
            await self._check(step, step.entry)
        elif step.kind == "REPLY" and step.entry is not None:
            servers.answer_newest(step.entry)
        elif step.kind == "CHECK_OUT_QUERY":
            servers.answer_expected(step)
        elif step.kind == "TIMEOUT":
            servers.fail_newest(TransportTimeout("timeout"))
        elif step.kind == "ERROR":
            servers.fail_newest(TransportError("connection failed"))
        elif step.kind == "TIME_PASSES":
            self._clock.advance(_elapsed(step))
        await self._settle()
        return None

    def _ask(self, entry: Entry) -> None:
        assert entry.question is not None
        self._seen.add(entry.question)
        name, rdtype, _ = entry.question
        self._asked.append(Asked(entry, entry.question, asyncio.create_task(self._resolver.resolve(name, rdtype))))

    async def _settle(self) -> None:
        """Let traffic flow until it stops by itself."""
        quiet, seen = 0, self._servers.events
        for _ in range(_MAX_TURNS):
            await asyncio.sleep(0)
            quiet = quiet + 1 if self._servers.events == seen else 0
            seen = self._servers.events
            if quiet >= _QUIET_TURNS and (all(item.task.done() for item in self._asked) or self._servers.pending):
                return
        raise ScenarioError("does not come to rest")

    async def _check(self, step: Step, entry: Entry) -> None:
        asked = self._answering(entry)
        if asked is None:
            self._report.checks.append(
                Check(step.number, _expectation(entry), "no question is open", False, None, "", "")
            )
            return
        for _ in range(64):
            if asked.task.done():
                break
            self._servers.retry_pending(final=True)
            await self._settle()
        self._asked.remove(asked)
        if not asked.task.done():
            raise ScenarioError(f"step {step.number}: the question does not come to an end")
        reply = reply_to_client(asked.entry, asked.task.result())
        self._report.checks.append(_compare(step.number, entry, asked.entry, reply))

    def _answering(self, entry: Entry) -> Asked | None:
        """The open question that a check is about: the first of its name and type, else the first."""
        same = [item for item in self._asked if entry.question is None or item.question[:2] == entry.question[:2]]
        return next(iter(same or self._asked), None)

    async def _cancel(self) -> None:
        for item in self._asked:
            item.task.cancel()
        await asyncio.gather(*(item.task for item in self._asked), return_exceptions=True)

    def _finish(self) -> Report:
        report = self._report
        report.unmatched, report.queries = self._servers.unmatched, self._servers.log
        wrong = [check for check in report.checks if not check.is_as_expected]
        if wrong:
            report.verdict = Verdict.FAIL
            texts = [f"step {check.step}: expected {check.expected}, got {check.got}{check.why}" for check in wrong]
            hint = f" [{len(report.unmatched)} unmatched: {report.unmatched[-1]}]" if report.unmatched else ""
            report.reason = "; ".join(texts) + hint
        else:
            same = [check.is_answer_same for check in report.checks if check.is_answer_same is not None]
            words = ["answer ok" if all(same) else "answer differs"] if same else []
            words += dict.fromkeys(check.ede for check in report.checks if check.ede)
            report.reason = ", ".join(words)
        return report


def _unfit(entry: Entry, seen: set[Query]) -> str | None:
    """Why a question is for a server rather than for a resolver. Without RD, it is answered from the cache: that is,
    as before if it was asked before, and else with a referral from the cache, which is a server's business.
    """
    if entry.question is None or entry.opcode != 0 or entry.raw is not None:
        return "out of scope: what a server does with odd queries"
    if entry.question[2] != rr.CLASS_IN:
        return "out of scope: classes other than IN"
    if "RD" not in entry.reply and entry.question not in seen:
        return "out of scope: referrals from the cache for questions without RD"
    return None


def _elapsed(step: Step) -> float:
    try:
        return float(step.words[step.words.index("ELAPSE") + 1])
    except (ValueError, IndexError):
        raise ScenarioError(f"line {step.line}: TIME_PASSES without ELAPSE seconds") from None


# --- what the client sees ---------------------------------------------------------------------------------------------


def reply_to_client(query: Entry, resolution: Resolution) -> Reply:
    """RFC 4035 §3.2: SERVFAIL for what is withheld, unless CD; AD for what is secure, if DO or AD asked for it."""
    chain, message = resolution.chain, resolution.message
    ede = int(chain.ede) if chain.ede is not None else None
    wants_signatures = "DO" in query.reply
    answer = tuple(
        rrset for rrset in message.answer if wants_signatures or query_is_for(query, rrset) or rrset.rdtype != rr.RRSIG
    )
    why = _why(chain, resolution)
    if resolution.is_withheld and not ("CD" in query.reply and resolution.failure is None):
        return Reply(rr.SERVFAIL, False, (), ede, why)
    ad = chain.status is Status.SECURE and bool(query.reply & {"DO", "AD"})
    return Reply(message.rcode, ad, answer, ede, why)


def query_is_for(query: Entry, rrset: RRset) -> bool:
    """Whether the type of an RRset was itself asked for."""
    return query.question is not None and query.question[1] in (rrset.rdtype, rr.ANY)


def _why(chain: Chain, resolution: Resolution) -> str:
    reason = chain.reason
    texts = [reason.sentence] if reason is not None else []
    if resolution.failure is not None:
        texts.append(resolution.failure.detail)
    return f" ({chain.status.value}: {' / '.join(texts)})" if texts else f" ({chain.status.value})"


# --- comparing --------------------------------------------------------------------------------------------------------


def _expectation(entry: Entry) -> str:
    words = set(entry.match)
    parts = []
    if words & {"rcode", "all", "all_noedns"}:
        parts.append(rr.rcode_text(entry.rcode))
    if words & {"flags", "all", "all_noedns", "AD"}:
        parts.append("AD" if "AD" in entry.reply else "no AD")
    return " ".join(parts) or "any reply"


def _compare(number: int, expected: Entry, query: Entry, reply: Reply) -> Check:
    words = set(expected.match)
    # Without any word, an entry matches whatever comes.
    is_whole = bool(words & {"all", "all_noedns"})
    good = True
    if is_whole or "rcode" in words:
        good = reply.rcode == expected.rcode
    if is_whole or words & {"flags", "AD"}:
        good = good and reply.ad == ("AD" in expected.reply)
    same: bool | None = None
    if is_whole or words & {"answer"}:
        wanted = [
            r
            for r in expected.section("ANSWER")
            if "DO" in query.reply or query_is_for(query, r) or r.rdtype != rr.RRSIG
        ]
        same = _as_set(wanted) == _as_set(reply.answer)
    got = f"{rr.rcode_text(reply.rcode)} {'AD' if reply.ad else 'no AD'}"
    return Check(number, _expectation(expected), got, good, same, _compare_ede(words, reply.ede), reply.why)


def _as_set(rrsets: list[RRset] | tuple[RRset, ...]) -> set[tuple[Name, int, bytes]]:
    return {(rrset.owner, rrset.rdtype, data) for rrset in rrsets for data in rrset.canonical_rdatas()}


def _compare_ede(words: set[str], ede: int | None) -> str:
    wanted = next((word[4:] for word in words if word.startswith("ede=")), None)
    if wanted is None:
        return ""
    if wanted == "any":
        return "EDE ok" if ede is not None else "no EDE"
    return "EDE ok" if str(ede) == wanted else f"EDE {ede} for {wanted}"


def question_text(question: Query) -> str:
    """`www.example.com. A`."""
    return f"{question[0]} {type_to_text(question[1])}"

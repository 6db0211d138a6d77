"""RFC 5011 as Unbound's scenarios have it: after each look at the zone's keys, the states that Unbound's file would hold.

Only looks are replayed, not what is resolved in between. Compared are, of each key, its state and since when it has it,
and of the trust point its last success and whether the look failed.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rpl_scenario import Scenario, parse_scenario
from shared_material import find_shared, shared

from unbroken.anchors import TrustAnchor, TrustAnchors
from unbroken.anchors.ready.unbound import read_unbound
from unbroken.anchors.rfc5011 import KeyState, Timers, TrackedKey, TrustPoint, begin, observe, question_for, step
from unbroken.anchors.zonefile import parse_zone_lines
from unbroken.authentication.policy import Policy
from unbroken.chain import Chain
from unbroken.chain.times import parse_moment
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.validation.drivers import drive
from unbroken.validation.protocol import Answer, Failure, Lookup, NoAnswer, Response
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

POLICY = Policy.historic()
_FOLDER = ("rpl", "NLnetLabs+unbound")
_STATES = {
    1: KeyState.ADD_PENDING, 2: KeyState.VALID, 3: KeyState.MISSING, 4: KeyState.REVOKED, 5: KeyState.REMOVED
}  # fmt: skip

DIFFERENCES = {
    # Only a ZSK is configured. Unbound takes the zone's KSK in its place at once; here the KSK waits for its hold-down (RFC
    # 5011 §2.2), and the ZSK is trusted until then.
    "autotrust_init_zsk.rpl": 8,
    # Unbound forgets a key that has been missing for a year. RFC 5011 §4.2: it remains a valid trust anchor.
    "autotrust_missing.rpl": 65,
    # The set is signed by an anchor that is not in it, which Unbound takes for authentic. The validator here wants the key that
    # an anchor names among those that the zone publishes, as it does for a DS (RFC 4035 §5.2).
    "autotrust_missing_all.rpl": 51,
}
"""From which step on our state is another than Unbound's, and why that is right."""


@dataclass
class Run:
    """A scenario under way."""

    scenario: Scenario
    text: str
    point: TrustPoint
    now: int = 0
    values: dict[str, int] = field(default_factory=dict)
    failed: bool = False

    @property
    def zone(self) -> Name:
        return self.point.owner

    @property
    def signed(self) -> int:
        """The time by which signatures are judged, where it is another."""
        override = self.scenario.last("val-override-date")
        return parse_moment(override.strip("'\"")) if override else self.now

    def look(self, number: int) -> None:
        anchor = self.point.look_anchor(self.now)
        if anchor is None or not self.point.timers.is_due(self.now):
            return
        response = self._response(number)

        def fetch(lookup: Lookup) -> Response:
            return response if lookup == question_for(self.zone) else NoAnswer(Failure.TIMEOUT)

        anchors = TrustAnchors([anchor])
        chain: Chain = drive(
            validate(question_for(self.zone), anchors=anchors, now=self.signed, trust=TrustCache(), policy=POLICY),
            fetch,
        )
        self.point = step(self.point, observe(chain, self.zone, self.signed, POLICY), self.now).point
        self.failed = self.point.timers.failures > 0

    def _response(self, step: int) -> Response:
        for item in self.scenario.ranges:
            for entry in item.entries if item.first <= step <= item.last else ():
                if entry.question == (self.zone, rr.DNSKEY, rr.CLASS_IN):
                    return Answer(Message(0, rr.QR | rr.AA, entry.question, entry.section("ANSWER"), rcode=entry.rcode))
        return NoAnswer(Failure.TIMEOUT)

    def value(self, text: str) -> int:
        """`${$t0 + 3600}`: from left to right, without precedence (none of these files needs more)."""
        text = text.strip()
        while (inner := re.search(r"\$\{([^${}]*(?:\$\w+[^${}]*)*)\}", text)) is not None:
            text = text[: inner.start()] + str(self._flat(inner.group(1))) + text[inner.end() :]
        return self._flat(text)

    def _flat(self, text: str) -> int:
        words = re.findall(r"\$?\w+|[-+*]", text)
        if words[0] == "range":
            low, value, high = (self._flat(word) for word in words[1:])
            assert low <= value <= high, f"{value} is not from {low} to {high}"
            return value
        total = self._one(words[0])
        for sign, word in zip(words[1::2], words[2::2], strict=True):
            number = self._one(word)
            total = {"+": total + number, "-": total - number, "*": total * number}[sign]
        return total

    def _one(self, word: str) -> int:
        if word == "time":
            return self.now
        if word == "timeout":
            # Unbound stops its timer when all keys are revoked (RFC 5011 §5).
            return self.point.timers.next_query - self.now if self.point.anchor is not None else 0
        return self.values[word[1:]] if word.startswith("$") else int(word)


def started(path: Path) -> Run:
    data = path.read_bytes()
    text = data.decode("latin-1")
    match = re.search(r"^AUTOTRUST_FILE (\S+)\n(.*?)^AUTOTRUST_END", text, re.MULTILINE | re.DOTALL)
    assert match is not None
    return Run(parse_scenario(data), text, _initial(Name(match.group(1)), match.group(2)))


def _initial(zone: Name, text: str) -> TrustPoint:
    if ";;state=" not in text:
        records = [RRset(e.owner, e.rdtype, 0, (e.rdata,)) for e in parse_zone_lines(text, "file")]
        return begin(TrustAnchors.from_records(records)[zone], 0)
    keys = tuple(
        TrackedKey(RRset(zone, 48, 0, (f.entry.rdata,)).dnskeys()[0], KeyState.VALID, f.trusted_from or 0, 0)
        for f in read_unbound(text, "file")
    )
    last = int(re.findall(r";;last_success: (\d+)", text)[0])
    due = int(re.findall(r";;next_probe_time: (\d+)", text)[0])
    anchor = TrustAnchor(zone, (), (), "file")
    return TrustPoint(zone, keys, anchor.dses, "file", Timers(due, last, last, 5400, 3600))


def play(run: Run, until: int) -> int:
    """Every step before that one in turn; the number of checks of the state."""
    checks = 0
    steps = run.scenario.steps
    for index, current in enumerate(steps):
        if current.number >= until:
            break
        if current.kind == "TIME_PASSES":
            how, expression = current.words[0], " ".join(current.words[1:])
            run.now += run.value(expression) if how == "EVAL" else int(expression)
            run.look(steps[index + 1].number)
        elif current.kind == "QUERY":
            run.look(steps[index + 1].number)
        elif current.kind == "ASSIGN":
            run.values[current.words[0]] = run.value(" ".join(current.words[2:]))
        elif current.kind == "CHECK_AUTOTRUST":
            checks += compare(run, current.number)
    return checks


def compare(run: Run, number: int) -> int:
    block = re.search(rf"^STEP {number} CHECK_AUTOTRUST \S+\nFILE_BEGIN\n(.*?)^FILE_END", run.text, re.M | re.S)
    assert block is not None
    wanted = {}
    for line in block.group(1).splitlines():
        state = re.search(r"\{id = (\d+) .*;;state=(\d).*;;lastchange=(\d+|\$\{[^}]*\})", line)
        if state is not None:
            wanted[int(state.group(1))] = (_STATES[int(state.group(2))], run.value(state.group(3)))
    if not wanted:
        return 0  # the file as it was configured
    found = {_shown_tag(key): (key.state, key.since) for key in run.point.keys if key.state is not KeyState.REMOVED}
    # Unbound says since when a configured key is valid from the first look on; here that is when it was configured.
    shown = {tag: (state, since if since else wanted.get(tag, (state, 0))[1]) for tag, (state, since) in found.items()}
    assert shown == wanted, f"step {number}"
    success = re.search(r";;last_success: (\d+|\$\{[^}]*\})", block.group(1))
    assert success is not None
    # A look in which all anchors revoke themselves is a success for Unbound; here nothing authenticated came of it.
    if run.point.anchor is not None:
        assert run.point.timers.last_success == run.value(success.group(1)), f"step {number}"
    return 1


def _shown_tag(key: TrackedKey) -> int:
    """Unbound keeps a revoked key with its REVOKE bit, and so with another tag."""
    if key.state is not KeyState.REVOKED:
        return key.dnskey.key_tag
    rdata = (key.dnskey.flags | 0x80).to_bytes(2) + key.dnskey.rdata[2:]
    return RRset(Name.ROOT, 48, 0, (rdata,)).dnskeys()[0].key_tag


def _names() -> list[str]:
    folder = find_shared(*_FOLDER)
    return sorted(path.name for path in folder.glob("autotrust_*.rpl")) if folder else ["autotrust_init.rpl"]


@pytest.mark.parametrize("name", _names())
def test_scenario(name: str) -> None:
    run = started(shared(*_FOLDER, name))
    checks = play(run, DIFFERENCES.get(name, 1 << 31))
    # Where no look succeeds, Unbound's file stays as it was configured, and there is no state in it to compare.
    assert checks > 0 or run.point.timers.last_success == 0 or name == "autotrust_init_zsk.rpl"

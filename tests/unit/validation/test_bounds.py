"""Work that costs no cryptography is bounded too: records that are looked at in vain, names walked again and again."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.unit.validation.world import NOW, World, sections
from unbroken.authentication import rrsig as rrsig_module
from unbroken.authentication.policy import Policy
from unbroken.chain import Chain, Code, Limits, Question, SignatureOutcome, Status
from unbroken.dns import Message, Name, RRset, Rrsig
from unbroken.dns import rdtype as rr
from unbroken.signing import nsec_rdata
from unbroken.validation.protocol import Answer, Effort, Failure, NoAnswer
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

SECURE, INSECURE, BOGUS, INDETERMINATE = Status.SECURE, Status.INSECURE, Status.BOGUS, Status.INDETERMINATE
EVIL = Name("evil.")


@pytest.fixture(scope="module")
def deep() -> World:
    world = World()
    world.add("evil.", "")
    world.add(".", "evil. IN NS ns.evil.\nns.evil. IN A 127.0.0.1\n", secure=["evil."])
    world.anchor(".")
    return world


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[Rrsig]:
    """Every RRSIG that the validator looks at."""
    seen: list[Rrsig] = []
    check = rrsig_module.check_rrsig

    def watched(rrset: RRset, rrsig: Rrsig, zone: Name, now: int) -> SignatureOutcome | None:
        seen.append(rrsig)
        return check(rrset, rrsig, zone, now)

    monkeypatch.setattr(rrsig_module, "check_rrsig", watched)
    return seen


def junk(covered: int, count: int, signer: Name = EVIL) -> tuple[bytes, ...]:
    """RRSIGs whose times are right and whose key is not there: they never reach the cryptography."""
    head = covered.to_bytes(2, "big") + bytes((200, 1)) + (3600).to_bytes(4, "big")
    times = (NOW + 9999).to_bytes(4, "big") + (NOW - 9999).to_bytes(4, "big")
    return tuple(head + times + n.to_bytes(2, "big") + signer.wire + b"\0" * 8 for n in range(count))


def junk_denials(count: int, signatures: int) -> Iterator[RRset]:
    for number in range(count):
        owner = Name(f"n{number}.evil.")
        yield RRset(owner, rr.NSEC, 60, (nsec_rdata(Name("zz.evil."), {rr.A}),))
        if signatures:
            yield RRset(owner, rr.RRSIG, 60, junk(rr.NSEC, signatures))


class Attack:
    """Names far below evil.: their DS look-ups are answered by `denials`, or fail; the rest is honest."""

    def __init__(self, world: World, given: Message, denials: tuple[RRset, ...] | None) -> None:
        self.world, self.given, self.denials = world, given, denials
        self.turns = 0

    def fetch(self, lookup: Question) -> Answer | NoAnswer:
        if (lookup.name, lookup.rdtype) == self.given.question[:2]:
            return Answer(self.given)
        if not lookup.name.is_below(EVIL):
            return Answer(self.world.ask(lookup))
        if self.denials is None:
            return NoAnswer(Failure.TIMEOUT, "nobody home")
        return Answer(Message(1, rr.QR, (lookup.name, lookup.rdtype, 1), (), self.denials))

    def run(self, limits: Limits | None = None, effort: Effort = Effort.FIRST_PATH) -> Chain:
        name, rdtype, _ = self.given.question
        validation = validate(
            Question(name, rdtype),
            anchors=self.world.anchors,
            now=NOW,
            trust=TrustCache(),
            policy=Policy(),
            limits=limits or Limits(),
            effort=effort,
        )
        responses = None
        while True:
            try:
                batch = validation.send(responses) if responses is not None else next(validation)
            except StopIteration as end:
                chain: Chain = end.value
                return chain
            self.turns += not batch
            responses = {lookup: self.fetch(lookup) for lookup in batch}


def any_message(name: Name, rrsets: int, authority: tuple[RRset, ...] = (), signers: int = 0) -> Message:
    """Many RRsets at one name, unsigned or by `signers` zones that are none."""
    answer: list[RRset] = []
    for number in range(rrsets):
        answer.append(RRset(name, 1000 + number, 60, (b"x",)))
        rdatas = [junk(1000 + number, 1, name.ancestor(name.label_count - n))[0] for n in range(signers)]
        answer += [RRset(name, rr.RRSIG, 60, tuple(rdatas))] if rdatas else []
    return Message(1, rr.QR | rr.AA, (name, rr.ANY, 1), tuple(answer), authority)


@pytest.mark.parametrize("signers", [0, 3])
@pytest.mark.parametrize("effort", list(Effort))
def test_the_delegations_above_many_rrsets_are_judged_once(
    deep: World, looked_at: list[Rrsig], signers: int, effort: Effort
) -> None:
    """An answer to ANY whose RRsets all lie below the same names, each with denial records that prove nothing."""
    name, denials = Name("a." * 9 + "evil."), tuple(junk_denials(24, 8))
    counts = []
    for rrsets in (1, 100):
        looked_at.clear()
        assert Attack(deep, any_message(name, rrsets, signers=signers), denials).run(effort=effort).status is BOGUS
        counts.append(len(looked_at))
    assert counts[1] <= counts[0] + 100 * signers
    assert counts[1] <= Limits().signature_attempts


@pytest.mark.parametrize("signers", [0, 3])
def test_what_is_in_hand_is_read_once_for_each_zone(deep: World, looked_at: list[Rrsig], signers: int) -> None:
    """With no answer to the DS look-ups, the denial records of the one message in hand are tried for every name."""
    name, denials = Name("a." * 100 + "evil."), tuple(junk_denials(24, 8))
    assert Attack(deep, any_message(name, 40, denials, signers), None).run().status is INDETERMINATE
    assert len(looked_at) <= 24 * 8 + 40 * signers + 20


@pytest.mark.parametrize("signatures", [0, 8])
@pytest.mark.parametrize("labels", [3, 120])
def test_a_deep_walk_over_useless_denials_stays_within_the_budget(
    deep: World, looked_at: list[Rrsig], labels: int, signatures: int
) -> None:
    denials = tuple(junk_denials(200, signatures))
    attack = Attack(deep, any_message(Name("a." * labels + "evil."), 255), denials)
    chain = attack.run()
    assert chain.status is BOGUS
    assert len(looked_at) <= Limits().signature_attempts
    looked = sum(len(link.evidence) for link in chain.links if link.zone.is_below(EVIL) and link.kind.value != "data")
    assert looked <= Limits().signature_attempts


def test_work_without_cryptography_lets_others_run(deep: World) -> None:
    """No more than `attempts_per_turn` RRSIGs, denial records and names between two yields."""
    attack = Attack(deep, any_message(Name("a." * 3 + "evil."), 255), tuple(junk_denials(200, 8)))
    attack.run()
    assert attack.turns >= Limits().signature_attempts // (Limits().attempts_per_turn + 9) - 1


@pytest.mark.parametrize(("per_turn", "turns"), [(10, 1), (11, 0)])
def test_a_turn_ends_after_so_many_attempts(world: World, per_turn: int, turns: int) -> None:
    """The usual chain: three DNSKEY RRsets, two DS, one A, with an RRSIG each; two delegations; two more of an attacker."""
    world.bend("www.nsec.example.", rr.A, lambda m: sections(m, answer=_with_junk(m.answer, rr.A, 2)))
    given = world.fetch(Question(Name("www.nsec.example."), rr.A))
    assert isinstance(given, Answer)
    attack = Attack(world, given.message, ())
    limits = Limits(attempts_per_turn=per_turn, verifications_per_turn=99)
    assert attack.run(limits).status is SECURE
    assert attack.turns == turns


def _with_junk(section: tuple[RRset, ...], covered: int, count: int) -> list[RRset]:
    """The section with junk before each RRSIG that covers that type."""
    return [
        RRset(r.owner, rr.RRSIG, r.ttl, junk(covered, count) + r.rdatas) if r.covers == covered else r for r in section
    ]


@pytest.mark.parametrize(("limit", "status"), [(2, SECURE), (1, BOGUS)])
def test_names_looked_at_for_a_zone_cut_are_limited(world: World, limit: int, status: Status) -> None:
    chain = world.check("www.nsec.example.", limits=Limits(walk_steps=limit))
    assert chain.status is status
    if status is BOGUS:
        assert chain.reason is not None and chain.reason.code is Code.LIMIT_EXCEEDED
        assert "walk_steps" in chain.reason.sentence


@pytest.mark.parametrize(("limit", "status"), [(6, SECURE), (5, BOGUS)])
def test_signatures_looked_at_in_a_question_are_limited(world: World, limit: int, status: Status) -> None:
    chain = world.check("www.nsec.example.", limits=Limits(signature_attempts=limit))
    assert chain.status is status
    assert status is SECURE or (chain.reason is not None and chain.reason.code is Code.LIMIT_EXCEEDED)


@pytest.mark.parametrize(("name", "rdtype"), [("no.nsec.example.", rr.A), ("www.nsec.example.", rr.MX)])
def test_denial_records_count_among_what_is_looked_at(world: World, name: str, rdtype: int) -> None:
    """Six RRSIGs as above, less the data; each NSEC with its RRSIG, and the SOA's RRSIG."""
    at_least = next(
        n for n in range(30) if world.check(name, rdtype, limits=Limits(signature_attempts=n)).status is SECURE
    )
    records = [r for r in world.ask(Question(Name(name), rdtype)).authority if r.rdtype == rr.NSEC]
    assert at_least == 5 + 2 * len(records) + 1
    chain = world.check(name, rdtype, limits=Limits(signature_attempts=at_least - 2))
    assert chain.status is BOGUS
    assert chain.reason is not None and chain.reason.code is Code.LIMIT_EXCEEDED


@pytest.mark.parametrize("name", ["no.nsec.example.", "no.such.nsec3.optout."])
def test_denial_records_that_reach_no_key_take_no_place_from_those_that_do(world: World, name: str) -> None:
    """Whoever is on the path puts 100 records before those that prove something: unsigned, by no key, not even parsed."""
    zone = Name(name).ancestor(2)

    def bend(message: Message) -> Message:
        added: list[RRset] = []
        for number in range(100):
            owner = Name(f"n{number}.{zone}")
            added.append(RRset(owner, rr.NSEC, 60, (nsec_rdata(zone if number % 2 else EVIL, {rr.A}),)))
            added += [RRset(owner, rr.RRSIG, 60, junk(rr.NSEC, 1, zone))] if number % 3 else []
        return sections(message, authority=(*added, *message.authority))

    world.bend(name, rr.A, bend)
    assert world.check(name).status is SECURE
    assert world.check(name, limits=Limits(denial_records=3)).status is SECURE
    few = world.check(name, limits=Limits(denial_records=1))
    assert few.status is BOGUS
    assert few.reason is not None and few.reason.code is Code.LIMIT_EXCEEDED


def test_a_bogus_zone_is_entered_once(world: World) -> None:
    """Its keys are not remembered for other questions; within one they cost what they cost once."""
    world.bend("nsec.example.", rr.DNSKEY, lambda m: sections(m, answer=[r for r in m.answer if r.rdtype == rr.DNSKEY]))
    name = Name("x.y.nsec.example.")
    given = any_message(name, 60, signers=3)
    limits = replace(Limits(), digests=3)
    chain = world.check(str(name), rr.ANY, limits=limits, given=Answer(given))
    assert chain.status is BOGUS
    assert chain.reason is not None and chain.reason.code is Code.DNSKEY_NOT_SIGNED


def _large(world: World, name: str, where: str, limit: int) -> Message:
    """A forged address among so many RRsets that they are one more than `limit`."""
    forged = RRset(Name(name), rr.A, 60, (b"\6\6\6\6",))
    padding = [RRset(Name(f"n{n}.{name}"), rr.NSEC, 60, (Name(name).wire + b"\0\1\x40",)) for n in range(limit)]
    honest = world.ask(Question(Name(name), rr.A))
    if where == "answer":
        return sections(honest, answer=(forged, *padding), authority=())
    return sections(honest, answer=(forged,), authority=padding)


@pytest.mark.parametrize("where", ["answer", "authority"])
@pytest.mark.parametrize("in_hand", [True, False])
@pytest.mark.parametrize(("limit", "code"), [(512, Code.LIMIT_EXCEEDED), (513, Code.SIGNATURE_MISSING)])
def test_a_forged_answer_is_bogus_however_large_it_is(
    world: World, where: str, in_hand: bool, limit: int, code: Code
) -> None:
    """Over the limit it is not looked at, so nothing of it is in the chain; of a signed zone that is no better than forged."""
    message = _large(world, "www.nsec.example.", where, 512)
    if not in_hand:
        world.bend("www.nsec.example.", rr.A, lambda _: message)
    given = Answer(message) if in_hand else None
    chain = world.check("www.nsec.example.", given=given, limits=Limits(rrsets_per_response=limit))
    assert chain.status is BOGUS
    assert chain.reason is not None and chain.reason.code is code
    if code is Code.LIMIT_EXCEEDED:
        assert chain.rrset is None and all(link.evidence == () for link in chain.links if link.kind.value == "data")


def test_an_answer_of_absurd_size_from_an_unsigned_zone_can_not_be_judged(world: World) -> None:
    message = _large(world, "www.plain.optout.", "answer", 512)
    chain = world.check("www.plain.optout.", given=Answer(message))
    assert (chain.status, chain.rrset) == (INDETERMINATE, None)
    assert chain.reason is not None and chain.reason.code is Code.LOOKUP_OVER_LIMIT

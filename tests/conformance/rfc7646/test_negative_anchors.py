"""RFC 7646: what a negative trust anchor switches off, and what it leaves alone; and when it has done its work."""

import pytest

from tests.unit.validation.world import NOW, World, flip_signature, sections, usual, without
from unbroken.anchors.negative import NegativeAnchors, Recheck, questions_for, recheck
from unbroken.anchors.store import TrustAnchors
from unbroken.chain import Chain, Code, LinkKind, Outcome, Question, Status
from unbroken.chain.json import chain_to_json
from unbroken.chain.json_reader import chain_from_json
from unbroken.delegation.ds import ds_rrset
from unbroken.dns import Message, Name
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede

SECURE, INSECURE, BOGUS = Status.SECURE, Status.INSECURE, Status.BOGUS
BROKEN, WWW = Name("nsec.example."), "www.nsec.example."


@pytest.fixture(scope="module")
def built() -> World:
    return usual()


@pytest.fixture
def world(built: World) -> World:
    """Everything in nsec.example. has bad signatures, and a negative trust anchor for that."""
    world = World(dict(built.zones), built.keys, built.anchors)
    for name, rdtype in ((WWW, rr.A), ("nsec.example.", rr.DNSKEY), ("nsec.example.", rr.SOA)):
        world.bend(name, rdtype, spoil)
    return with_negative(world)


def spoil(message: Message) -> Message:
    return sections(message, answer=[flip_signature(r) if r.covers else r for r in message.answer])


def with_negative(world: World, owner: Name = BROKEN, lifetime: int = 600) -> World:
    negatives = NegativeAnchors().set(owner, "its signer stands still", NOW, lifetime)
    world.anchors = world.anchors.with_negatives(negatives.values())
    return world


# --- §2: scope ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "outcome"),
    [(WWW, Outcome.ANSWER), ("nothing.nsec.example.", Outcome.NXDOMAIN), ("a.ent.nsec.example.", Outcome.NODATA)],
)
def test_at_and_below_it_everything_is_insecure(world: World, name: str, outcome: Outcome) -> None:
    chain = world.check(name)
    assert (chain.status, chain.outcome) == (INSECURE, outcome)
    assert chain.ede is Ede.NEGATIVE_TRUST_ANCHOR == 33


def test_without_it_the_same_zone_is_bogus(world: World) -> None:
    world.anchors = world.anchors.without_negative(BROKEN)
    assert world.check(WWW).status is BOGUS


def test_the_chain_says_who_switched_validation_off_and_until_when(world: World) -> None:
    chain = world.check(WWW)
    assert chain.reason is not None
    assert chain.reason.code is Code.NEGATIVE_TRUST_ANCHOR
    assert chain.reason.sentence == (
        "A negative trust anchor at nsec.example. turns validation off here until 2027-01-15T08:10:00Z: "
        "its signer stands still."
    )
    assert (chain.links[0].kind, chain.links[0].zone) == (LinkKind.ANCHOR, BROKEN)
    assert chain_from_json(chain_to_json(chain), "chain") == chain


@pytest.mark.parametrize(("name", "rdtype"), [("example.", rr.SOA), ("nsec.example.", rr.DS), (".", rr.DNSKEY)])
def test_what_is_above_it_is_validated_as_ever(world: World, name: str, rdtype: int) -> None:
    """The DS RRset of its own zone too: that is data of the parent (RFC 4035 §2.4)."""
    assert world.check(name, rdtype).status is SECURE


def test_a_positive_anchor_below_it_is_closer_and_counts(world: World) -> None:
    """Secure at and below the positive anchor, and bogus there if something is wrong; insecure beside it."""
    world = with_negative(World(dict(world.zones), world.keys, world.anchors), Name("example."))
    assert world.check("www.island.example.").status is INSECURE
    island = TrustAnchors.from_records([ds_rrset(Name("island.example."), world.keys[Name("island.example.")])])
    world.anchors = world.anchors.merge(island)
    assert world.check("www.island.example.").status is SECURE
    assert world.check("nothing.island.example.").status is SECURE
    assert world.check("example.", rr.SOA).status is INSECURE
    world.bend("www.island.example.", rr.A, without(rr.RRSIG))
    assert world.check("www.island.example.").status is BOGUS


def test_at_the_name_of_a_positive_anchor_the_negative_one_counts(built: World) -> None:
    world = World(dict(built.zones), built.keys, built.anchors)
    own = TrustAnchors.from_records([ds_rrset(BROKEN, world.keys[BROKEN])])
    world.anchors = world.anchors.merge(own)
    assert world.check(WWW).status is SECURE
    assert with_negative(world).check(WWW).status is INSECURE


def test_an_alias_that_leads_into_it_is_insecure_as_a_whole(built: World) -> None:
    world = with_negative(World(dict(built.zones), built.keys, built.anchors), Name("nsec3.optout."))
    chain = world.check("alias.nsec.example.")
    assert [part.status for part in (chain, *chain.hops)] == [INSECURE, INSECURE]
    assert chain.links[-1].status is SECURE
    assert chain.ede is Ede.NEGATIVE_TRUST_ANCHOR


def test_data_of_a_zone_below_it_are_insecure_too(built: World) -> None:
    world = with_negative(World(dict(built.zones), built.keys, built.anchors), Name("example."))
    assert world.check(WWW).status is INSECURE
    assert world.asked == [Question(Name(WWW), rr.A)]  # no key or DS is even asked for


# --- §2: limited in time ----------------------------------------------------------------------------------------------


def test_it_ends_at_its_second_and_verdicts_end_with_it(world: World) -> None:
    assert world.check(WWW, now=NOW + 599).valid_until == NOW + 600
    assert world.check(WWW, now=NOW + 600).status is BOGUS


# --- §4: lifted once the zone validates -----------------------------------------------------------------------------------


def probe(world: World, negatives: NegativeAnchors) -> Recheck:
    negative = negatives[BROKEN]
    anchors, world.anchors = world.anchors, world.anchors.without_negative(BROKEN)
    chains = [world.check(str(q.name), q.rdtype) for q in questions_for(negative)]
    world.anchors = anchors
    return recheck(negative, chains, NOW)


def test_it_stays_while_its_zone_is_broken_and_is_lifted_once_it_is_not(world: World) -> None:
    negatives = NegativeAnchors().set(BROKEN, "known broken", NOW)
    found = probe(world, negatives)
    assert not found.is_lifted
    assert found.because.startswith("nsec.example. SOA does not validate: ")
    assert found.next_check == NOW + 300
    world.bends.clear()
    assert probe(world, negatives) == Recheck(True, "nsec.example. validates again", NOW + 300)


def test_a_witness_that_fails_keeps_it_though_the_soa_validates(world: World) -> None:
    witness = Question(Name(WWW), rr.A)
    negatives = NegativeAnchors().set(BROKEN, "expired addresses", NOW, witness=witness)
    world.bends.clear()
    world.bend(WWW, rr.A, spoil)
    found = probe(world, negatives)
    assert not found.is_lifted
    assert found.because.startswith("www.nsec.example. A does not validate: ")
    world.bends.clear()
    assert probe(world, negatives).is_lifted


def test_it_is_lifted_when_its_zone_is_not_signed_any_more(built: World) -> None:
    """Nothing would be bogus without it."""
    world = World(dict(built.zones), built.keys, built.anchors)
    owner = Name("sub.nsec.example.")
    negatives = NegativeAnchors().set(owner, "gone unsigned", NOW)
    chain = world.check("sub.nsec.example.", rr.SOA)
    assert chain.status is INSECURE
    assert recheck(negatives[owner], [chain], NOW).because == "sub.nsec.example. is insecure without it, too"


def test_another_negative_anchor_above_shows_nothing(world: World) -> None:
    world = with_negative(world, Name("example."))
    found = probe(world, NegativeAnchors().set(BROKEN, "known broken", NOW))
    assert not found.is_lifted


@pytest.mark.parametrize("questions", [(), ("www.nsec.example.",), ("nsec.example.", "nsec.example.")])
def test_chains_of_other_questions_show_nothing(built: World, questions: tuple[str, ...]) -> None:
    negatives = NegativeAnchors().set(BROKEN, "known broken", NOW)
    chains: list[Chain] = [built.check(name, rr.SOA) for name in questions]
    assert recheck(negatives[BROKEN], chains, NOW).because == "not all of its questions were asked"


def test_no_answer_shows_nothing(world: World) -> None:
    world.bend("nsec.example.", rr.SOA, lambda _: None)
    assert not probe(world, NegativeAnchors().set(BROKEN, "known broken", NOW)).is_lifted

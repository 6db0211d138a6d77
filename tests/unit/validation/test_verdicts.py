"""RFC 4033 §5 statuses on healthy zones, and what each break of the chain does to them."""

import pytest

from tests.unit.validation.world import NOW, World, flip_signature, sections, without
from unbroken.anchors.store import NegativeTrustAnchor, TrustAnchors
from unbroken.authentication.policy import Policy
from unbroken.chain import Code, DenialKind, DsOutcome, LinkKind, Outcome, Question, Status
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede
from unbroken.signing import NSEC, Nsec3Denial, NsecDenial
from unbroken.validation.drivers import drive
from unbroken.validation.protocol import Answer, Effort, Failure, Lookup, NoAnswer, Response
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

SECURE, INSECURE, BOGUS, INDETERMINATE = Status.SECURE, Status.INSECURE, Status.BOGUS, Status.INDETERMINATE


@pytest.mark.parametrize(
    ("name", "rdtype", "status", "outcome"),
    [
        ("www.nsec.example.", rr.A, SECURE, Outcome.ANSWER),
        ("www.nsec3.optout.", rr.A, SECURE, Outcome.ANSWER),
        ("nsec.example.", rr.SOA, SECURE, Outcome.ANSWER),
        ("nsec.example.", rr.NS, SECURE, Outcome.ANSWER),
        ("nsec.example.", rr.DS, SECURE, Outcome.ANSWER),
        ("nsec.example.", rr.DNSKEY, SECURE, Outcome.ANSWER),
        (".", rr.NS, SECURE, Outcome.ANSWER),
        (".", rr.DS, SECURE, Outcome.NODATA),
        ("www.nsec.example.", rr.ANY, SECURE, Outcome.ANSWER),
        ("www.nsec.example.", rr.MX, SECURE, Outcome.NODATA),
        ("www.nsec3.optout.", rr.MX, SECURE, Outcome.NODATA),
        ("ent.nsec.example.", rr.A, SECURE, Outcome.NODATA),
        ("ent.nsec3.optout.", rr.A, SECURE, Outcome.NODATA),
        ("no.nsec.example.", rr.A, SECURE, Outcome.NXDOMAIN),
        ("no.such.nsec3.optout.", rr.A, SECURE, Outcome.NXDOMAIN),
        ("x.w.nsec.example.", rr.A, SECURE, Outcome.ANSWER),
        ("y.x.w.nsec3.optout.", rr.A, SECURE, Outcome.ANSWER),
        ("x.w.nsec.example.", rr.MX, SECURE, Outcome.NODATA),
        ("x.w.nsec3.optout.", rr.MX, SECURE, Outcome.NODATA),
        ("*.w.nsec.example.", rr.A, SECURE, Outcome.ANSWER),
        ("alias.nsec.example.", rr.A, SECURE, Outcome.ANSWER),
        ("x.cw.nsec.example.", rr.A, SECURE, Outcome.ANSWER),
        ("www.d.nsec.example.", rr.A, SECURE, Outcome.ANSWER),
        ("sub.nsec.example.", rr.DS, SECURE, Outcome.NODATA),
        ("no.example.", rr.DS, SECURE, Outcome.NXDOMAIN),
        ("www.sub.nsec.example.", rr.A, INSECURE, Outcome.ANSWER),
        ("www.sub.nsec3.optout.", rr.A, INSECURE, Outcome.ANSWER),
        ("www.plain.optout.", rr.A, INSECURE, Outcome.ANSWER),
        ("plain.optout.", rr.DS, INSECURE, Outcome.NODATA),
        ("no.plain.optout.", rr.A, INSECURE, Outcome.NXDOMAIN),
        ("nothere.optout.", rr.A, INSECURE, Outcome.NXDOMAIN),
        ("www.island.example.", rr.A, INSECURE, Outcome.ANSWER),
        ("www.nsec.example.", rr.RRSIG, INSECURE, Outcome.ANSWER),
    ],
)
def test_healthy_names_have_the_status_of_their_zone(
    world: World, name: str, rdtype: int, status: Status, outcome: Outcome
) -> None:
    chain = world.check(name, rdtype)
    assert (chain.status, chain.outcome) == (status, outcome), chain.reason
    assert chain.broken_link is None
    assert world.check(name, rdtype, effort=Effort.ALL_PATHS).status is status


def test_the_chain_starts_at_the_anchor_and_has_every_link(world: World) -> None:
    chain = world.check("www.nsec.example.")
    kinds = [(link.kind, str(link.zone)) for link in chain.links]
    assert kinds == [
        (LinkKind.ANCHOR, "."),
        (LinkKind.KEY, "."),
        (LinkKind.DELEGATION, "example."),
        (LinkKind.KEY, "example."),
        (LinkKind.DELEGATION, "nsec.example."),
        (LinkKind.KEY, "nsec.example."),
        (LinkKind.DATA, "nsec.example."),
    ]
    assert chain.rrset is not None and chain.rrset.owner == Name("www.nsec.example.")


def test_an_insecure_verdict_carries_its_proof(world: World) -> None:
    chain = world.check("www.plain.optout.")
    link = next(link for link in chain.links if link.denial is not None)
    assert link.kind is LinkKind.DELEGATION and link.denial is not None
    assert link.denial.kind is DenialKind.NO_DS and link.denial.opt_out
    assert chain.reason is not None and chain.reason.code is Code.DELEGATION_INSECURE


def test_a_cached_zone_leaves_no_hole_in_the_chain(world: World) -> None:
    trust = TrustCache()
    first = world.check("www.nsec.example.", trust=trust)
    world.asked.clear()
    second = world.check("www.nsec.example.", trust=trust)
    assert second == first
    assert [lookup.rdtype for lookup in world.asked] == [rr.A]


def test_the_same_inputs_give_the_same_chain(world: World) -> None:
    assert world.check("alias.nsec.example.") == world.check("alias.nsec.example.")


def test_without_an_anchor_the_status_is_indeterminate(world: World) -> None:
    world.anchors = TrustAnchors()
    chain = world.check("www.nsec.example.")
    assert chain.status is INDETERMINATE
    assert chain.ede is Ede.DNSSEC_INDETERMINATE


def test_an_island_is_secure_from_its_own_anchor_and_the_closest_anchor_wins(world: World) -> None:
    world.anchor(".", "island.example.")
    chain = world.check("www.island.example.")
    assert chain.status is SECURE
    assert chain.anchor == Name("island.example.")
    # RFC 4035 §5: the closest anchor counts even when it does not match and the one above would.
    wrong = TrustAnchors.from_records(
        [RRset(Name("nsec.example."), rr.DS, 0, (world.anchors[Name("island.example.")].dses[0].rdata,))]
    )
    world.anchors = world.anchors.merge(wrong)
    chain = world.check("www.nsec.example.")
    assert chain.status is BOGUS
    assert chain.reason is not None and chain.reason.code is Code.ANCHOR_NO_MATCHING_KEY


def test_an_anchor_may_be_a_dnskey(world: World) -> None:
    keys = RRset(Name("."), rr.DNSKEY, 0, (world.keys[Name(".")][0].dnskey.rdata,))
    world.anchors = TrustAnchors.from_records([keys])
    assert world.check("www.nsec.example.").status is SECURE


@pytest.mark.parametrize(
    ("flags", "outcome"), [(0x0181, DsOutcome.KEY_REVOKED), (0x0001, DsOutcome.NOT_ZONE_KEY), (0x0101, None)]
)
def test_an_anchor_that_is_revoked_or_no_zone_key_is_none(world: World, flags: int, outcome: DsOutcome | None) -> None:
    """RFC 5011 §2.1, RFC 4034 §2.1.1: also where the zone publishes the same public key with good flags."""
    key = world.keys[Name(".")][0].with_flags(flags)
    world.anchors = TrustAnchors.from_records([RRset(Name("."), rr.DNSKEY, 0, (key.dnskey.rdata,))])
    chain = world.check("www.nsec.example.")
    assert chain.status is (BOGUS if outcome else SECURE)
    if outcome:
        assert chain.reason is not None and chain.reason.code is Code.ANCHOR_NO_MATCHING_KEY
        assert [attempt.outcome for attempt in chain.links[1].ds_attempts] == [outcome]
    # Beside an anchor that is fit, it does no harm.
    good = world.keys[Name(".")][0].dnskey.rdata
    both = RRset(Name("."), rr.DNSKEY, 0, (key.dnskey.rdata, good))
    world.anchors = TrustAnchors.from_records([both])
    assert world.check("www.nsec.example.").status is SECURE


def test_a_negative_anchor_turns_validation_off_below_it(world: World) -> None:
    negative = NegativeTrustAnchor(Name("nsec.example."), NOW + 60, "known broken")
    world.anchors = world.anchors.with_negatives([negative])
    world.bend("www.nsec.example.", rr.A, without(rr.RRSIG))
    chain = world.check("www.nsec.example.")
    assert chain.status is INSECURE and chain.ede is Ede.NEGATIVE_TRUST_ANCHOR
    assert world.check("nsec.example.", rr.DS).status is SECURE
    assert world.check("www.nsec.example.", now=NOW + 60).status is BOGUS


@pytest.mark.parametrize(
    ("name", "rdtype", "code", "zone"),
    [
        ("www.nsec.example.", rr.A, Code.SIGNATURE_MISSING, "nsec.example."),
        ("nsec.example.", rr.DNSKEY, Code.DNSKEY_NOT_SIGNED, "nsec.example."),
        ("nsec.example.", rr.DS, Code.SIGNATURE_MISSING, "nsec.example."),
        (".", rr.DNSKEY, Code.DNSKEY_NOT_SIGNED, "."),
    ],
)
def test_a_stripped_signature_breaks_the_link_it_was_on(
    world: World, name: str, rdtype: int, code: Code, zone: str
) -> None:
    world.bend(name, rdtype, without(rr.RRSIG))
    chain = world.check("www.nsec.example.")
    assert chain.status is BOGUS and chain.ede is Ede.RRSIGS_MISSING
    assert chain.broken_link is not None and chain.broken_link.zone == Name(zone)
    assert chain.reason is not None and chain.reason.code is code


@pytest.mark.parametrize(("name", "rdtype"), [("www.nsec.example.", rr.A), ("nsec.example.", rr.DS), (".", rr.DNSKEY)])
def test_a_flipped_signature_is_bogus(world: World, name: str, rdtype: int) -> None:
    def bend(message: Message) -> Message:
        return sections(message, answer=[flip_signature(r) if r.rdtype == rr.RRSIG else r for r in message.answer])

    world.bend(name, rdtype, bend)
    chain = world.check("www.nsec.example.")
    assert chain.status is BOGUS and chain.ede is Ede.DNSSEC_BOGUS


@pytest.mark.parametrize(
    ("name", "rdtype"),
    [("nsec.example.", rr.DS), ("nsec.example.", rr.DNSKEY), (".", rr.DNSKEY), ("www.nsec.example.", rr.A)],
)
def test_what_cannot_be_fetched_is_indeterminate_never_bogus(world: World, name: str, rdtype: int) -> None:
    world.bend(name, rdtype, lambda message: None)
    chain = world.check("www.nsec.example.")
    assert chain.status is INDETERMINATE
    assert chain.reason is not None and chain.reason.code is Code.LOOKUP_FAILED
    assert chain.ede is Ede.NO_REACHABLE_AUTHORITY
    assert "nobody home" in chain.reason.sentence


@pytest.mark.parametrize(
    ("failure", "code", "ede"),
    [
        (Failure.TIMEOUT, Code.LOOKUP_FAILED, Ede.NO_REACHABLE_AUTHORITY),
        (Failure.UNREACHABLE, Code.LOOKUP_FAILED, Ede.NO_REACHABLE_AUTHORITY),
        (Failure.SERVFAIL, Code.SERVER_FAILED, Ede.NETWORK_ERROR),
        (Failure.MALFORMED, Code.SERVER_FAILED, Ede.NETWORK_ERROR),
        (Failure.OVER_LIMIT, Code.LOOKUP_OVER_LIMIT, Ede.OTHER),
        (Failure.TOO_LARGE, Code.LOOKUP_OVER_LIMIT, Ede.OTHER),
        (Failure.NOT_IN_CAPTURE, Code.EVIDENCE_MISSING, Ede.OTHER),
    ],
)
@pytest.mark.parametrize("rdtype", [rr.DS, rr.DNSKEY])
def test_rfc8914_each_way_of_having_no_response_has_its_own_error(
    world: World, failure: Failure, code: Code, ede: Ede, rdtype: int
) -> None:
    """RFC 8914 §4.23: 22 says that no server was reachable, §4.24: 23 that one could not be talked to."""
    lost = Lookup(Name("nsec.example."), rdtype)

    def fetch(lookup: Lookup) -> Response:
        return NoAnswer(failure, "so it is") if lookup == lost else world.fetch(lookup)

    question = Question(Name("www.nsec.example."), rr.A)
    chain = drive(validate(question, anchors=world.anchors, now=NOW, trust=TrustCache()), fetch)
    assert chain.status is INDETERMINATE and chain.ede is ede
    assert chain.reason is not None and chain.reason.code is code
    assert "so it is" in chain.reason.sentence


def test_an_anchored_zone_without_keys_is_not_told_as_a_fault_of_a_parent(world: World) -> None:
    world.bend(".", rr.DNSKEY, lambda m: sections(m, answer=()))
    chain = world.check("www.nsec.example.")
    assert chain.status is BOGUS
    assert chain.reason is not None and chain.reason.code is Code.ANCHOR_DNSKEY_MISSING
    assert "arent" not in chain.reason.sentence + chain.reason.remedy


@pytest.mark.parametrize("rcode", [rr.SERVFAIL, rr.REFUSED, rr.FORMERR])
def test_an_error_of_the_server_is_no_evidence(world: World, rcode: int) -> None:
    world.bend("nsec.example.", rr.DS, lambda m: sections(m, answer=(), authority=(), rcode=rcode))
    chain = world.check("www.nsec.example.")
    assert chain.status is INDETERMINATE
    assert chain.reason is not None and chain.reason.code is Code.SERVER_FAILED


def test_a_missing_ds_without_proof_is_bogus(world: World) -> None:
    world.bend("nsec.example.", rr.DS, lambda m: sections(m, answer=(), authority=()))
    chain = world.check("www.nsec.example.")
    assert chain.status is BOGUS and chain.ede is Ede.NSEC_MISSING
    assert chain.reason is not None and chain.reason.code is Code.DELEGATION_UNPROVEN


@pytest.mark.parametrize(
    ("name", "rdtype"),
    [
        ("no.nsec.example.", rr.A),
        ("www.nsec.example.", rr.MX),
        ("ent.nsec.example.", rr.A),
        ("x.w.nsec.example.", rr.A),
        ("x.w.nsec.example.", rr.MX),
        ("x.cw.nsec.example.", rr.A),
        ("no.such.nsec3.optout.", rr.A),
        ("www.nsec3.optout.", rr.MX),
        ("ent.nsec3.optout.", rr.A),
        ("y.x.w.nsec3.optout.", rr.A),
        ("x.w.nsec3.optout.", rr.MX),
        ("sub.nsec.example.", rr.DS),
    ],
)
def test_each_denial_record_is_needed(world: World, name: str, rdtype: int) -> None:
    """RFC 4035 §5.4, RFC 5155 §8: drop each NSEC or NSEC3 RRset in turn, and the proof is gone."""
    whole = world.check(name, rdtype)
    assert whole.status is SECURE
    response = world.ask(Question(Name(name), rdtype))
    doomed = [r for r in response.authority if r.rdtype in (rr.NSEC, rr.NSEC3)]
    assert doomed
    for victim in doomed:

        def bend(message: Message, victim: RRset = victim) -> Message:
            return sections(message, authority=[r for r in message.authority if r != victim])

        world.bend(name, rdtype, bend)
        chain = world.check(name, rdtype)
        assert chain.status is BOGUS, victim.owner
        assert chain.ede in (Ede.NSEC_MISSING, Ede.DNSSEC_BOGUS)


def test_a_loop_of_aliases_ends(world: World) -> None:
    chain = world.check("loop1.nsec.example.")
    assert chain.status is INDETERMINATE
    assert [f.code for f in chain.all_findings] == [Code.REDIRECTION_LOOP]


def test_hops_are_chains_of_their_own(world: World) -> None:
    chain = world.check("alias.nsec.example.")
    assert [str(hop.question.name) for hop in chain.hops] == ["www.nsec3.optout."]
    assert chain.rrset is not None and chain.rrset.owner == Name("www.nsec3.optout.")
    world.bend("www.nsec3.optout.", rr.A, without(rr.RRSIG))
    broken = world.check("alias.nsec.example.")
    assert broken.status is BOGUS
    assert all(not link.is_broken for link in broken.links)


def test_a_synthesised_cname_must_follow_from_its_dname(world: World) -> None:
    def bend(message: Message) -> Message:
        forged = RRset(Name("www.d.nsec.example."), rr.CNAME, 60, (Name("evil.example.").wire,))
        return sections(message, answer=[forged if r.rdtype == rr.CNAME else r for r in message.answer])

    world.bend("www.d.nsec.example.", rr.A, bend)
    chain = world.check("www.d.nsec.example.")
    assert chain.status is BOGUS
    assert chain.reason is not None and chain.reason.code is Code.DNAME_SYNTHESIS_WRONG


def test_an_unsupported_algorithm_makes_a_zone_insecure_never_bogus(world: World) -> None:
    policy = Policy(algorithms=Policy().algorithms - {13} | {8})
    chain = world.check("www.nsec.example.", policy=policy)
    assert chain.status is INSECURE
    assert chain.ede is Ede.UNSUPPORTED_DNSKEY_ALGORITHM


def test_time_is_compared_at_both_ends(world: World) -> None:
    end = NOW + 14 * 86400
    assert world.check("www.nsec.example.", now=end).status is SECURE
    late = world.check("www.nsec.example.", now=end + 1)
    assert late.status is BOGUS and late.ede is Ede.SIGNATURE_EXPIRED
    assert world.check("www.nsec.example.", now=NOW - 3600).status is SECURE
    early = world.check("www.nsec.example.", now=NOW - 3601)
    assert early.status is BOGUS and early.ede is Ede.SIGNATURE_NOT_YET_VALID


def test_validity_ends_with_the_ttl_or_the_signature(world: World) -> None:
    assert world.check("www.nsec.example.").valid_until == NOW + 3600
    end = NOW + 14 * 86400
    assert world.check("www.nsec.example.", now=end - 100).valid_until == end


@pytest.mark.parametrize("name", ["www.nsec.example.", "no.nsec.example.", "www.sub.nsec.example."])
@pytest.mark.parametrize("kind", ["rrset", "rrsig"])
def test_rfc4035_5_3_3_validity_ends_with_the_ttl_of_the_rrset_or_of_its_rrsigs(
    world: World, name: str, kind: str
) -> None:
    """Each as received; RFC 4034 §3 has them equal, but a cache may have counted one down further."""
    deciding = {"www.sub.nsec.example.": ("sub.nsec.example.", rr.DS)}.get(name, (name, rr.A))

    def shorten(section: tuple[RRset, ...]) -> list[RRset]:
        return [r.with_ttl(10) if (r.rdtype == rr.RRSIG) == (kind == "rrsig") else r for r in section]

    world.bend(*deciding, lambda m: sections(m, answer=shorten(m.answer), authority=shorten(m.authority)))
    chain = world.check(name)
    assert chain.status is not BOGUS and chain.valid_until == NOW + 10


def test_a_recursive_servers_merged_answer_serves_all_hops(world: World) -> None:
    first = world.ask(Question(Name("alias.nsec.example."), rr.A))
    second = world.ask(Question(Name("www.nsec3.optout."), rr.A))
    merged = sections(first, answer=(*first.answer, *second.answer))
    chain = world.check("alias.nsec.example.", given=Answer(merged))
    assert chain.status is SECURE and len(chain.hops) == 1
    assert all(lookup.rdtype in (rr.DS, rr.DNSKEY) for lookup in world.asked)


@pytest.mark.parametrize("denial", [NSEC, Nsec3Denial()])
def test_a_zone_whose_apex_is_named_like_a_wildcard_is_a_zone(denial: NsecDenial | Nsec3Denial) -> None:
    """RFC 4034 §3.1.3: Labels does not count a leading "*", and here that is the apex."""
    world = World()
    world.add("*.up.", "www.*.up. IN A 192.0.2.1\n*.*.up. IN MX 1 up.\n", denial=denial)
    world.add("up.", "*.up. IN NS ns.*.up.\nns.*.up. IN A 127.0.0.1\n", secure=["*.up."], denial=denial)
    world.add(".", "up. IN NS ns.up.\nns.up. IN A 127.0.0.1\n", secure=["up."])
    world.anchor(".")
    for name, rdtype in (
        ("*.up.", rr.SOA),
        ("*.up.", rr.DS),
        ("www.*.up.", rr.A),
        ("x.*.up.", rr.MX),
        ("x.*.up.", rr.A),
    ):
        assert world.check(name, rdtype).status is SECURE, (name, rdtype)
    # What stands at the apex answers for no name below it, though its RRSIG would allow the expansion.
    for rdtype in (rr.NS, rr.SOA):
        moved = [r.with_owner(Name("x.*.up.")) for r in world.ask(Question(Name("*.up."), rdtype)).answer]
        world.bend("x.*.up.", rdtype, lambda m, moved=moved: sections(m, answer=moved))
        assert world.check("x.*.up.", rdtype).status is BOGUS


@pytest.mark.parametrize("rdtype", [rr.MX, rr.RRSIG, rr.NSEC])
def test_a_stray_record_at_the_target_of_an_alias_is_no_denial_of_what_was_asked(world: World, rdtype: int) -> None:
    """RFC 4035 §5: it is not an answer, so the target is asked for, as if it were not there."""
    target = Name("www.nsec3.optout.")
    rdata = {rr.MX: b"\0\1\0", rr.NSEC: b"\0\0\1\x40"}.get(rdtype)
    signatures = world.ask(Question(target, rr.A)).answer[-1]
    stray = RRset(target, rdtype, 60, (rdata,)) if rdata else signatures

    def bend(message: Message) -> Message:
        return sections(message, answer=(*message.answer, stray), authority=())

    world.bend("alias.nsec.example.", rr.A, bend)
    chain = world.check("alias.nsec.example.")
    assert chain.status is SECURE and chain.outcome is Outcome.ANSWER


RCODES = (rr.NOERROR, rr.NXDOMAIN, rr.YXDOMAIN)


@pytest.mark.parametrize("rcode", RCODES)
@pytest.mark.parametrize(
    ("name", "rdtype", "proven"),
    [
        ("www.nsec.example.", rr.A, rr.NOERROR),
        ("www.nsec.example.", rr.ANY, rr.NOERROR),
        ("x.w.nsec3.optout.", rr.A, rr.NOERROR),
        ("alias.nsec.example.", rr.A, rr.NOERROR),
        ("alias.nsec.example.", rr.CNAME, rr.NOERROR),
        ("www.d.nsec.example.", rr.A, rr.NOERROR),
        ("www.d.nsec.example.", rr.CNAME, rr.NOERROR),
        ("www.nsec.example.", rr.MX, rr.NOERROR),
        ("ent.nsec3.optout.", rr.A, rr.NOERROR),
    ],
)
def test_the_rcode_of_what_is_secure_is_what_was_proven(
    world: World, name: str, rdtype: int, proven: int, rcode: int
) -> None:
    """RFC 4035 §3.2.3: nothing signs the header."""
    world.bend(name, rdtype, lambda m: sections(m, rcode=rcode))
    chain = world.check(name, rdtype)
    assert chain.status is SECURE and chain.last.rcode == chain.rcode == proven
    assert chain.outcome in (Outcome.ANSWER, Outcome.NODATA)


@pytest.mark.parametrize("rcode", RCODES)
def test_a_name_that_is_proven_not_to_exist_is_never_reported_otherwise(world: World, rcode: int) -> None:
    world.bend("no.nsec.example.", rr.A, lambda m: sections(m, rcode=rcode))
    chain = world.check("no.nsec.example.")
    assert (chain.status, chain.outcome, chain.rcode) == (SECURE, Outcome.NXDOMAIN, rr.NXDOMAIN) or rcode != rr.NXDOMAIN
    assert rcode == rr.NXDOMAIN or chain.status is BOGUS


@pytest.mark.parametrize("rcode", RCODES)
@pytest.mark.parametrize("rdtype", [rr.A, rr.CNAME, rr.ANY])
def test_a_dname_target_that_is_too_long_is_yxdomain(rcode: int, rdtype: int) -> None:
    """RFC 6672 §2.2: whatever rcode came; and the DNAME is no answer to a question for another type."""
    world, label = World(), "a" * 63
    world.add("d.", f"d. IN DNAME {label}.{label}.{label}.t.\n")
    world.add(".", "d. IN NS ns.d.\nns.d. IN A 127.0.0.1\n", secure=["d."])
    world.anchor(".")
    name = "b" * 60 + "." + "c" * 60 + ".d."
    world.bend(name, rdtype, lambda m: sections(m, rcode=rcode))
    chain = world.check(name, rdtype)
    assert (chain.status, chain.rcode, chain.hops) == (SECURE, rr.YXDOMAIN, ())
    assert chain.rrset is None


@pytest.mark.parametrize("rcode", RCODES)
def test_the_rcode_of_what_is_not_secure_is_left_as_it_came(world: World, rcode: int) -> None:
    world.bend("www.plain.optout.", rr.A, lambda m: sections(m, rcode=rcode))
    assert world.check("www.plain.optout.").rcode == rcode


@pytest.mark.parametrize(
    ("name", "status"),
    [("www.nsec.example.", INSECURE), ("www.sub.nsec.example.", INSECURE), ("no.nsec.example.", SECURE)],
)
def test_any_answered_by_rrsigs_alone_is_as_a_question_for_them(world: World, name: str, status: Status) -> None:
    """RFC 8482 §4.1: a server answers ANY with what it likes; RRSIGs are never signed (RFC 4035 §2.2)."""
    signatures = world.ask(Question(Name("www.nsec.example."), rr.A)).answer[1]
    alone = () if status is SECURE else (signatures.with_owner(Name(name)),)
    world.bend(name, rr.ANY, lambda m: sections(m, answer=alone, authority=() if alone else m.authority))
    chain = world.check(name, rr.ANY)
    assert (chain.status, chain.outcome) == (status, Outcome.ANSWER if alone else Outcome.NXDOMAIN)
    assert not alone or Code.RRSIG_QUERY_UNSIGNED in {finding.code for finding in chain.all_findings}

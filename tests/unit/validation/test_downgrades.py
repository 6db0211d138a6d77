"""Ways down from Secure that must stay shut, legal answers that must not be Bogus, and work that must stay bounded."""

import pytest

from tests.unit.validation.world import DAY, NOW, PARAMETERS, World, sections, without
from unbroken.anchors.store import NegativeTrustAnchor, TrustAnchors
from unbroken.authentication.policy import Policy
from unbroken.chain import Code, DsOutcome, Limits, Outcome, Question, Status
from unbroken.delegation.ds import ds_for, ds_rrset
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.signing import Nsec3Denial, sign_rrset
from unbroken.validation.protocol import Answer, Effort
from unbroken.validation.trust import TrustCache

SECURE, INSECURE, BOGUS, INDETERMINATE = Status.SECURE, Status.INSECURE, Status.BOGUS, Status.INDETERMINATE
TIMES = (PARAMETERS.inception, PARAMETERS.expiration)
CHILD, PARENT = Name("nsec.example."), Name("example.")


def _with_dses(world: World, *rdatas: bytes) -> None:
    ds = RRset(CHILD, rr.DS, 3600, rdatas)
    signed = (ds, sign_rrset(ds, world.keys[PARENT][1], *TIMES))
    world.bend("nsec.example.", rr.DS, lambda m: sections(m, answer=signed))


def _good_ds(world: World, digest_type: int = 2) -> bytes:
    return ds_for(CHILD, world.keys[CHILD][0].dnskey, digest_type).rdata


def _unsupported(number: int) -> bytes:
    return number.to_bytes(2, "big") + bytes([200, 2]) + bytes(32)


# --- DS ---------------------------------------------------------------------------------------------------------------


def test_unsupported_ds_do_not_push_a_supported_one_over_the_limit(world: World) -> None:
    """Whoever is on the path chooses the order of records; a signed zone must not become insecure by it."""
    _with_dses(world, *(_unsupported(n) for n in range(40)), _good_ds(world))
    assert world.check("www.nsec.example.").status is SECURE


def test_sha1_digests_do_not_push_a_stronger_one_over_the_limit(world: World) -> None:
    """RFC 4509 §3: the SHA-1 DS that fits is ignored beside a SHA-256 one that does not, wherever that one stands."""
    others = [n.to_bytes(2, "big") + bytes([13, 1]) + bytes(20) for n in range(40)]
    wrong = _good_ds(world)[:-1] + bytes([_good_ds(world)[-1] ^ 1])
    _with_dses(world, _good_ds(world, 1), *others, wrong)
    assert world.check("www.nsec.example.").status is BOGUS
    _with_dses(world, _good_ds(world, 1))
    assert world.check("www.nsec.example.").status is SECURE


@pytest.mark.parametrize(("limit", "status"), [(3, SECURE), (2, BOGUS)])
def test_supported_ds_are_tried_up_to_the_limit(world: World, limit: int, status: Status) -> None:
    """Over the limit is Bogus, never Insecure: the zone is signed with what is supported."""
    others = [n.to_bytes(2, "big") + bytes([13, 2]) + bytes(32) for n in range(2)]
    _with_dses(world, *others, _good_ds(world))
    chain = world.check("www.nsec.example.", limits=Limits(ds_per_zone=limit))
    assert chain.status is status
    over = [a for link in chain.links for a in link.ds_attempts if a.outcome is DsOutcome.OVER_LIMIT]
    assert len(over) == (status is BOGUS)


def test_no_room_for_any_ds_is_bogus_not_insecure(world: World) -> None:
    assert world.check("www.nsec.example.", limits=Limits(ds_per_zone=0)).status is BOGUS


def test_a_malformed_digest_is_bogus_not_insecure(world: World) -> None:
    _with_dses(world, _good_ds(world)[:10])
    assert world.check("www.nsec.example.").status is BOGUS


def test_a_key_too_short_for_the_policy_makes_its_zone_insecure_and_says_so() -> None:
    world = World()
    world.add("short.", "", algorithm=8)
    world.add(".", "short. IN NS ns.short.\nns.short. IN A 127.0.0.1\n", secure=["short."])
    world.anchor(".")
    assert world.check("ns.short.").status is SECURE
    chain = world.check("ns.short.", policy=Policy(min_rsa_bits=4096))
    assert chain.status is INSECURE
    assert chain.reason is not None and chain.reason.code is Code.DS_ALGORITHM_UNSUPPORTED
    assert "with a key of 2048 bits" in chain.reason.sentence


# --- trust remembered -------------------------------------------------------------------------------------------------


def test_trust_made_under_other_anchors_is_not_used(world: World) -> None:
    trust = TrustCache()
    assert world.check("www.nsec.example.", trust=trust).status is SECURE
    wrong = world.anchors[Name(".")].dses[0].rdata
    world.anchors = TrustAnchors.from_records([RRset(Name("."), rr.DS, 0, (wrong[:-1] + bytes([wrong[-1] ^ 1]),))])
    assert world.check("www.nsec.example.", trust=trust).status is BOGUS


def test_trust_made_under_another_policy_or_other_limits_is_not_used() -> None:
    world = World()
    world.add("deep.", "", denial=Nsec3Denial(iterations=20))
    world.add("sub.", "", signed=False)
    text = "".join(f"{c} IN NS ns.{c}\nns.{c} IN A 127.0.0.1\n" for c in ("deep.", "sub."))
    world.add(".", text, secure=["deep."], denial=Nsec3Denial(iterations=20))
    world.anchor(".")
    trust = TrustCache()
    assert world.check("ns.sub.", trust=trust, limits=Limits(nsec3_iterations_insecure=0)).status is INSECURE
    world.bend("ns.sub.", rr.A, without(rr.RRSIG))
    refusing = Limits(nsec3_iterations_insecure=0, nsec3_iterations_bogus=0)
    assert world.check("ns.sub.", trust=trust, limits=refusing).status is BOGUS
    assert world.check("ns.deep.", trust=trust).status is SECURE
    assert world.check("ns.deep.", trust=trust, policy=Policy(algorithms=frozenset({8}))).status is INSECURE
    assert world.check("ns.deep.", trust=trust).status is SECURE


def test_trust_is_not_used_before_it_was_made(world: World) -> None:
    """A clock that is set back must not find zones trusted whose signatures are not valid yet."""
    trust = TrustCache()
    assert world.check("www.nsec.example.", trust=trust).status is SECURE
    chain = world.check("www.nsec.example.", trust=trust, now=NOW - DAY)
    assert chain.status is BOGUS
    assert chain.broken_link is not None and chain.broken_link.zone == Name(".")


def test_a_verdict_by_a_negative_anchor_ends_with_it(world: World) -> None:
    world.anchors = world.anchors.with_negatives([NegativeTrustAnchor(CHILD, NOW + 60, "known broken")])
    assert world.check("www.nsec.example.").valid_until == NOW + 60


# --- aliases ----------------------------------------------------------------------------------------------------------


def test_a_forged_record_beside_the_synthesised_cname_is_bogus(world: World) -> None:
    """RFC 6672 §5.3.1: the whole CNAME RRset must follow from the DNAME, not only its first record."""

    def bend(message: Message) -> Message:
        forged = [
            RRset(r.owner, r.rdtype, r.ttl, (r.rdatas[0], Name("evil.example.").wire)) if r.rdtype == rr.CNAME else r
            for r in message.answer
        ]
        return sections(message, answer=forged)

    world.bend("www.d.nsec.example.", rr.A, bend)
    chain = world.check("www.d.nsec.example.")
    assert chain.status is BOGUS
    assert chain.reason is not None and chain.reason.code is Code.DNAME_SYNTHESIS_WRONG


def test_no_answer_below_a_dname_is_indeterminate(world: World) -> None:
    """The DS look-up on the way is answered by a DNAME, which is as good a proof that there is no cut as any."""
    world.bend("www.d.nsec.example.", rr.A, lambda message: None)
    chain = world.check("www.d.nsec.example.")
    assert chain.status is INDETERMINATE
    assert chain.reason is not None and chain.reason.code is Code.LOOKUP_FAILED


def test_any_below_a_dname_is_answered_by_the_dname(world: World) -> None:
    chain = world.check("www.d.nsec.example.", rr.ANY)
    assert (chain.status, chain.outcome) == (SECURE, Outcome.ANSWER)


@pytest.mark.parametrize("rdtype", [rr.A, rr.MX, rr.DS, rr.CNAME, rr.ANY])
def test_a_dname_at_the_apex_redirects_all_below_it(rdtype: int) -> None:
    world = World()
    world.add("dn.", "dn. IN DNAME to.\n")
    world.add("to.", "www.to. IN A 192.0.2.1\n")
    text = "".join(f"{c} IN NS ns.{c}\nns.{c} IN A 127.0.0.1\n" for c in ("dn.", "to."))
    world.add(".", text, secure=["dn.", "to."])
    world.anchor(".")
    assert world.check("www.dn.", rdtype).status is SECURE
    assert world.check("dn.", rdtype).status is SECURE


@pytest.mark.parametrize("denial", [True, False])
def test_a_wildcards_cname_shows_no_missing_cut_without_its_denial(denial: bool) -> None:
    """RFC 4035 §5.3.4: or `*.zone CNAME`, moved to an insecure delegation, would make what is below it bogus, and
    anything that takes the wildcard's word for it wrong.
    """
    world = World()
    world.add("plain.up.", "", signed=False)
    zone = world.add("up.", "plain.up. IN NS ns.plain.up.\nns.plain.up. IN A 127.0.0.1\n*.up. IN CNAME up.\n")
    world.add(".", "up. IN NS ns.up.\nns.up. IN A 127.0.0.1\n", secure=["up."])
    world.anchor(".")
    assert world.check("ns.plain.up.").status is INSECURE
    cname, rrsig = zone.rrset(Name("*.up."), rr.CNAME), zone.rrsigs(Name("*.up."), rr.CNAME)
    assert cname is not None and rrsig is not None
    moved = (cname.with_owner(Name("plain.up.")), rrsig.with_owner(Name("plain.up.")))
    authority = [r for r in zone if r.rdtype == rr.NSEC] if denial else []
    authority += [r for r in (zone.rrsigs(n.owner, rr.NSEC) for n in authority) if r is not None]
    world.bend("plain.up.", rr.DS, lambda m: sections(m, answer=moved, authority=authority))
    chain = world.check("ns.plain.up.")
    assert chain.status is BOGUS
    assert chain.reason is not None and chain.reason.code is Code.DELEGATION_UNPROVEN


@pytest.mark.parametrize(("denial", "status"), [(Nsec3Denial(opt_out=True), INSECURE), (Nsec3Denial(), BOGUS)])
def test_rfc5155_6_a_wildcards_cname_in_an_opt_out_span_shows_no_missing_cut(
    denial: Nsec3Denial, status: Status
) -> None:
    """The span may hide an unsigned delegation, so what is below the name is insecure, as with an honest answer."""
    world = World()
    world.add("plain.up.", "", signed=False)
    zone = world.add(
        "up.", "plain.up. IN NS ns.plain.up.\nns.plain.up. IN A 127.0.0.1\n*.up. IN CNAME up.\n", denial=denial
    )
    world.add(".", "up. IN NS ns.up.\nns.up. IN A 127.0.0.1\n", secure=["up."])
    world.anchor(".")
    assert world.check("ns.plain.up.").status is INSECURE
    cname, rrsig = zone.rrset(Name("*.up."), rr.CNAME), zone.rrsigs(Name("*.up."), rr.CNAME)
    assert cname is not None and rrsig is not None
    moved = (cname.with_owner(Name("plain.up.")), rrsig.with_owner(Name("plain.up.")))
    authority = [r for r in zone if r.rdtype == rr.NSEC3]
    authority += [r for r in (zone.rrsigs(n.owner, rr.NSEC3) for n in authority) if r is not None]
    world.bend("plain.up.", rr.DS, lambda m: sections(m, answer=moved, authority=authority))
    chain = world.check("ns.plain.up.")
    assert chain.status is status
    assert status is BOGUS or (chain.reason is not None and chain.reason.code is Code.DELEGATION_INSECURE)


def test_unsigned_data_at_a_name_that_a_wildcard_cname_answers_for_is_bogus(world: World) -> None:
    forged = RRset(Name("x.cw.nsec.example."), rr.A, 60, (b"\x06\x06\x06\x06",))
    world.bend("x.cw.nsec.example.", rr.A, lambda m: sections(m, answer=(forged,), authority=()))
    chain = world.check("x.cw.nsec.example.")
    assert chain.status is BOGUS
    assert chain.reason is not None and chain.reason.code is Code.SIGNATURE_MISSING


# --- denial -----------------------------------------------------------------------------------------------------------


def test_the_parents_proof_beside_an_insecure_zones_nodata_is_no_contradiction(world: World) -> None:
    """RFC 4035 §5.2: a resolver that leaves the SOA out and the delegation's NSEC in says nothing bogus."""
    parent, cut = world.zones[CHILD], Name("sub.nsec.example.")
    proof = [r for r in (parent.rrset(cut, rr.NSEC), parent.rrsigs(cut, rr.NSEC)) if r is not None]
    world.bend("www.sub.nsec.example.", rr.MX, lambda m: sections(m, authority=proof))
    chain = world.check("www.sub.nsec.example.", rr.MX)
    assert (chain.status, chain.outcome) == (INSECURE, Outcome.NODATA)
    assert chain.reason is not None and chain.reason.code is Code.DELEGATION_INSECURE


@pytest.mark.parametrize(("name", "rdtype"), [("cut.oo.", rr.DS), ("x.oo.", rr.MX)])
def test_a_wildcards_nsec3_does_not_spoil_an_opt_out_proof(name: str, rdtype: int) -> None:
    """RFC 5155 §8.6: the NSEC3 of the wildcard may be there by chance, as the one that covers the next closer name."""
    world = World()
    text = "cut.oo. IN NS ns.cut.oo.\nns.cut.oo. IN A 127.0.0.1\n*.oo. IN CNAME oo.\n"
    zone = world.add("oo.", text, denial=Nsec3Denial(opt_out=True))
    world.add(".", "oo. IN NS ns.oo.\nns.oo. IN A 127.0.0.1\n", secure=["oo."])
    world.anchor(".")
    everything = [r for r in zone if r.rdtype == rr.NSEC3]
    everything += [r for r in (zone.rrsigs(n.owner, rr.NSEC3) for n in everything) if r is not None]
    world.bend(name, rdtype, lambda m: sections(m, answer=(), authority=everything))
    chain = world.check(name, rdtype)
    assert (chain.status, chain.outcome) == (INSECURE, Outcome.NODATA)


# --- never raise, never unbounded -------------------------------------------------------------------------------------


@pytest.mark.parametrize("rdclass", [254, 255])
@pytest.mark.parametrize("asked", [rr.A, rr.ANY, rr.RRSIG, rr.DS, rr.DNSKEY, rr.CNAME])
def test_records_without_rdata_in_other_classes_raise_nothing(world: World, rdclass: int, asked: int) -> None:
    """RFC 2136 §2.4 has such records; their typed views do not parse. Nor does another class count as evidence."""
    for rdtype in (rr.RRSIG, rr.DNAME, rr.CNAME, rr.NSEC, rr.NSEC3, rr.DS, rr.DNSKEY, rr.SOA):
        for owner in ("www.nsec.example.", "nsec.example.", "."):
            empty = RRset(Name(owner), rdtype, 0, (b"",), rdclass)
            for name, bent in (("www.nsec.example.", asked), ("nsec.example.", rr.DS), (".", rr.DNSKEY)):
                world.bends.clear()
                world.bend(name, bent, lambda m, empty=empty: sections(m, answer=(empty,), authority=(empty,)))
                assert world.check("www.nsec.example.", asked).status in (BOGUS, INDETERMINATE, INSECURE, SECURE)
            world.bend("www.nsec.example.", asked, lambda m, e=empty: sections(m, answer=(e,), authority=(e,)))
            assert world.check("www.nsec.example.", asked).status is not SECURE


def test_an_error_in_hand_is_no_evidence_either(world: World) -> None:
    """RFC 4035 §4.3: a SERVFAIL that the caller brings along is as indeterminate as one that is fetched."""
    servfail = sections(
        world.ask(Question(Name("www.nsec.example."), rr.A)), answer=(), authority=(), rcode=rr.SERVFAIL
    )
    assert world.check("www.nsec.example.", given=Answer(servfail)).status is INDETERMINATE


@pytest.mark.parametrize(("limit", "status"), [(2, SECURE), (1, INDETERMINATE)])
def test_a_response_of_absurd_size_is_not_looked_at(world: World, limit: int, status: Status) -> None:
    """Every scan of a section is bounded by the number of RRsets in it: here one and its RRSIGs."""
    world.anchor(".", "nsec.example.")
    world.bend("www.nsec.example.", rr.A, lambda m: sections(m, authority=()))
    world.bend("nsec.example.", rr.DNSKEY, lambda m: sections(m, authority=()))
    assert world.check("www.nsec.example.", limits=Limits(rrsets_per_response=limit)).status is status


def test_names_of_full_length_and_many_labels_are_denied_like_others() -> None:
    """RFC 1035 §3.1: 255 octets, 127 labels; a wildcard below the closest encloser still fits."""
    world = World()
    world.add(".", "")
    world.anchor(".")
    longest = ".".join(["a" * 63] * 3 + ["b" * 61]) + "."
    assert len(Name(longest).wire) == 255
    for name in (longest, "a." * 127, "*." * 127):
        assert world.check(name).status is SECURE
        forged = RRset(Name(name), rr.A, 60, (b"\x06\x06\x06\x06",))
        world.bend(name, rr.A, lambda m, f=forged: sections(m, answer=(f,), authority=(), rcode=rr.NOERROR))
        world.asked.clear()
        assert world.check(name).status is BOGUS
        assert len(world.asked) <= Limits().lookups


def test_a_deep_name_with_a_misleading_signer_chain_costs_no_more_lookups(world: World) -> None:
    """The DS of each name claims to be signed by the name above it: hints are followed within the budget, and end."""
    name = "a." * 60 + "nsec.example."
    rrsig = world.ask(Question(Name("www.nsec.example."), rr.A)).answer[1]
    wire = rrsig.rdatas[0]
    signer = CHILD.wire

    def signed_by(owner: Name, covered: int, by: Name) -> RRset:
        start = wire.index(signer, 18)
        rdata = covered.to_bytes(2, "big") + wire[2:18] + by.wire + wire[start + len(signer) :]
        return RRset(owner, rr.RRSIG, 60, (rdata,))

    deepest = Name(name)
    forged = RRset(deepest, rr.A, 60, (b"\x06\x06\x06\x06",))
    answer = (forged, signed_by(deepest, rr.A, deepest))
    world.bend(name, rr.A, lambda m: sections(m, answer=answer, authority=(), rcode=rr.NOERROR))
    for count in range(CHILD.label_count + 1, deepest.label_count + 1):
        owner = deepest.ancestor(count)
        hint = (signed_by(owner, rr.DS, owner.parent()),)
        world.bend(str(owner), rr.DS, lambda m, hint=hint: sections(m, answer=hint, authority=()))
    chain = world.check(name, effort=Effort.ALL_PATHS)
    assert chain.status in (BOGUS, INDETERMINATE)
    assert len(world.asked) <= Limits().lookups


# --- what is told -----------------------------------------------------------------------------------------------------


def test_the_reason_is_of_the_hop_that_decided(world: World) -> None:
    """An alias without an anchor leads to a broken target: it is the target that makes the answer bogus."""
    optout = Name("optout.")
    world.anchors = TrustAnchors.from_records([ds_rrset(optout, world.keys[optout])])
    world.bend("www.nsec3.optout.", rr.A, without(rr.RRSIG))
    chain = world.check("alias.nsec.example.")
    assert chain.status is BOGUS
    assert chain.reason is not None and chain.reason.code is Code.SIGNATURE_MISSING

"""Forged, misplaced and excessive evidence: each must end as Bogus, Indeterminate or within its limit, never as Secure."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.validation.world import NOW, PARAMETERS, World, sections
from unbroken.chain import Code, Limits, Question, SignatureOutcome, Status
from unbroken.dns import Message, Name, RRset, WireError
from unbroken.dns import rdtype as rr
from unbroken.keys import generate, make_dnskey, zone_key
from unbroken.signing import Nsec3Denial, nsec_rdata, sign_rrset
from unbroken.validation.protocol import Effort

SECURE, INSECURE, BOGUS, INDETERMINATE = Status.SECURE, Status.INSECURE, Status.BOGUS, Status.INDETERMINATE
WWW = Name("www.nsec.example.")
TIMES = (PARAMETERS.inception, PARAMETERS.expiration)


def test_a_key_below_the_apex_never_validates_anything(world: World) -> None:
    """The zone publishes a DNSKEY at a name that is no apex, properly signed; its signatures still count for nothing."""
    zone, origin = world.zones[Name("nsec.example.")], Name("nsec.example.")
    zsk = world.keys[origin][1]
    inner = generate(Name("www.nsec.example."), secure_entry_point=False)
    keys = RRset(WWW, rr.DNSKEY, 3600, (inner.dnskey.rdata,))
    forged = RRset(WWW, rr.A, 3600, (b"\x06\x06\x06\x06",))
    by_inner = sign_rrset(forged, inner, *TIMES)
    world.zones[origin] = zone.replace(keys, sign_rrset(keys, zsk, *TIMES))
    world.bend("www.nsec.example.", rr.A, lambda m: sections(m, answer=(forged, by_inner)))
    chain = world.check("www.nsec.example.")
    assert chain.status is BOGUS
    assert chain.reason is not None and chain.reason.code is Code.SIGNER_NOT_ZONE


def test_a_signer_that_does_not_enclose_the_owner_never_validates_it(world: World) -> None:
    forged = RRset(Name("www.nsec3.optout."), rr.A, 3600, (b"\x06\x06\x06\x06",))
    by_other = sign_rrset(forged, world.keys[Name("nsec.example.")][1], *TIMES)
    world.bend("www.nsec3.optout.", rr.A, lambda m: sections(m, answer=(forged, by_other)))
    assert world.check("www.nsec3.optout.").status is BOGUS


def test_a_signer_above_the_closest_anchor_never_validates_anything(world: World) -> None:
    world.anchor(".", "nsec.example.")
    forged = RRset(WWW, rr.A, 3600, (b"\x06\x06\x06\x06",))
    by_parent = sign_rrset(forged, world.keys[Name("example.")][1], *TIMES)
    world.bend("www.nsec.example.", rr.A, lambda m: sections(m, answer=(forged, by_parent)))
    assert world.check("www.nsec.example.").status is BOGUS


def test_a_ds_signed_by_the_child_itself_is_no_delegation(world: World) -> None:
    origin = Name("nsec.example.")

    def bend(message: Message) -> Message:
        ds = next(r for r in message.answer if r.rdtype == rr.DS)
        return sections(message, answer=(ds, sign_rrset(ds, world.keys[origin][0], *TIMES)))

    world.bend("nsec.example.", rr.DS, bend)
    assert world.check("www.nsec.example.").status is BOGUS


def test_the_dnskey_rrset_must_be_signed_by_the_key_that_the_ds_names(world: World) -> None:
    _, zsk = world.keys[Name("nsec.example.")]

    def bend(message: Message) -> Message:
        keys = next(r for r in message.answer if r.rdtype == rr.DNSKEY)
        return sections(message, answer=(keys, sign_rrset(keys, zsk, *TIMES)))

    world.bend("nsec.example.", rr.DNSKEY, bend)
    chain = world.check("www.nsec.example.")
    assert chain.status is BOGUS
    assert chain.reason is not None and chain.reason.code is Code.DNSKEY_NOT_SIGNED_BY_ENTRY_POINT


@pytest.mark.parametrize(("flags", "code"), [(0x0001, Code.DS_KEY_NOT_ZONE_KEY), (0x0181, Code.DS_KEY_REVOKED)])
def test_revoked_and_non_zone_keys_never_count(world: World, flags: int, code: Code) -> None:
    """The parent's DS is made from the very key, flags and all, and that key signs: still it is not to be used."""
    from unbroken.delegation.ds import ds_for

    origin = Name("nsec.example.")
    ksk, zsk = world.keys[origin]
    bad = ksk.with_flags(flags)
    keys = RRset(origin, rr.DNSKEY, 3600, (bad.dnskey.rdata, zsk.dnskey.rdata))
    ds = RRset(origin, rr.DS, 3600, (ds_for(origin, bad.dnskey).rdata,))
    parent = world.keys[Name("example.")][1]
    world.bend("nsec.example.", rr.DNSKEY, lambda m: sections(m, answer=(keys, sign_rrset(keys, bad, *TIMES))))
    world.bend("nsec.example.", rr.DS, lambda m: sections(m, answer=(ds, sign_rrset(ds, parent, *TIMES))))
    chain = world.check("www.nsec.example.")
    assert chain.status is BOGUS
    assert chain.reason is not None and chain.reason.code is code


def test_a_wildcards_nsec_moved_to_another_owner_proves_nothing(world: World) -> None:
    """An NSEC at a wildcard verifies at any name below: moved, it would cover whatever an attacker likes."""
    origin = Name("nsec.example.")
    zsk = world.keys[origin][1]
    wildcard = Name("*.w.nsec.example.")
    nsec = world.zones[origin].rrset(wildcard, rr.NSEC)
    rrsigs = world.zones[origin].rrsigs(wildcard, rr.NSEC)
    assert nsec is not None and rrsigs is not None and zsk
    moved = Name("v.w.nsec.example.")

    def bend(message: Message) -> Message:
        soa = [r for r in message.authority if (r.covers or r.rdtype) == rr.SOA]
        return sections(
            message,
            answer=(),
            authority=(*soa, nsec.with_owner(moved), rrsigs.with_owner(moved)),
            rcode=rr.NOERROR,
        )

    world.bend("v.w.nsec.example.", rr.A, bend)
    assert world.check("v.w.nsec.example.", rr.A).status is BOGUS


def test_the_parents_nsec_at_a_cut_denies_nothing_below_it(world: World) -> None:
    """RFC 6840 §4.1: an ancestor-delegation NSEC must not deny names or types of the child."""
    parent = world.zones[Name("example.")]
    cut = Name("nsec.example.")
    proof = [parent.rrset(cut, rr.NSEC), parent.rrsigs(cut, rr.NSEC), parent.rrset(Name("example."), rr.SOA)]
    proof.append(parent.rrsigs(Name("example."), rr.SOA))
    records = [r for r in proof if r is not None]
    for name, rdtype, rcode in (
        ("www.nsec.example.", rr.A, rr.NXDOMAIN),
        ("nsec.example.", rr.A, rr.NOERROR),
        ("www.nsec.example.", rr.A, rr.NOERROR),
    ):
        world.bend(name, rdtype, lambda m, rcode=rcode: sections(m, answer=(), authority=records, rcode=rcode))
        assert world.check(name, rdtype).status is BOGUS


def test_the_parents_nsec3_at_a_cut_denies_nothing_below_it(world: World) -> None:
    parent = world.zones[Name("optout.")]
    records = [r for r in parent if r.rdtype in (rr.NSEC3, rr.SOA)]
    records += [r for r in (parent.rrsigs(r.owner, r.rdtype) for r in records) if r is not None]
    for name, rcode in (("www.nsec3.optout.", rr.NXDOMAIN), ("nsec3.optout.", rr.NOERROR)):
        world.bend(name, rr.A, lambda m, rcode=rcode: sections(m, answer=(), authority=records, rcode=rcode))
        assert world.check(name).status is BOGUS


def test_a_childs_apex_nsec_does_not_prove_that_the_parent_has_no_ds(world: World) -> None:
    child = world.zones[Name("island.example.")]
    apex = Name("island.example.")
    records = [r for r in (child.rrset(apex, rr.NSEC), child.rrsigs(apex, rr.NSEC)) if r is not None]
    world.bend("island.example.", rr.DS, lambda m: sections(m, answer=(), authority=records))
    assert world.check("www.island.example.").status is BOGUS


def test_a_name_with_ns_but_no_such_bit_is_no_insecure_delegation(world: World) -> None:
    """RFC 6840 §4.4: without the NS bit an NSEC shows no delegation, so unsigned data at the name stays bogus."""
    world.bend("www.nsec.example.", rr.A, lambda m: sections(m, answer=[r for r in m.answer if r.rdtype == rr.A]))
    chain = world.check("www.nsec.example.")
    assert chain.status is BOGUS
    assert chain.reason is not None and chain.reason.code is Code.SIGNATURE_MISSING


def _many_keys(world: World, count: int) -> tuple[RRset, RRset]:
    """`count` DNSKEYs with one tag beside the KSK, and an A RRset whose RRSIG names that tag but fits none of them."""
    origin = Name("nsec.example.")
    ksk, zsk = world.keys[origin]
    others = []
    public = zsk.dnskey.public_key
    # The tag is a sum of 16-bit words (RFC 4034 App. B): the same words in another order have the same tag.
    words = [bytes(public[at : at + 2]) for at in range(0, len(public), 2)]
    for number in range(1, len(words)):
        key = make_dnskey(256, 13, b"".join(words[number:] + words[:number]))
        if key != zsk.dnskey and len(others) < count:
            others.append(key)
    keys = RRset(origin, rr.DNSKEY, 3600, (ksk.dnskey.rdata, *(k.rdata for k in others), zsk.dnskey.rdata))
    return keys, sign_rrset(keys, ksk, *TIMES)


def test_keytrap_keys_of_one_tag_are_tried_up_to_the_limit(world: World) -> None:
    """CVE-2023-50387: the good key stands last of many with its tag; it is reached within the limit, and not beyond."""
    keys, signature = _many_keys(world, 30)
    world.bend("nsec.example.", rr.DNSKEY, lambda m: sections(m, answer=(keys, signature)))
    colliding = sum(1 for key in keys.dnskeys() if key.key_tag == world.keys[Name("nsec.example.")][1].key_tag)
    assert colliding > 8
    generous = Limits(keys_per_tag=colliding, failed_verifications=colliding)
    assert world.check("www.nsec.example.", limits=generous).status is SECURE
    chain = world.check("www.nsec.example.", limits=replace(generous, keys_per_tag=colliding - 1))
    assert chain.status is BOGUS
    assert chain.reason is not None and chain.reason.code is Code.LIMIT_EXCEEDED
    tried = [a for a in chain.links[-1].attempts if a.outcome is not SignatureOutcome.OVER_LIMIT]
    assert len(tried) == colliding - 1


@pytest.mark.parametrize("effort", list(Effort))
def test_keytrap_signatures_times_keys_stay_within_the_budget(world: World, effort: Effort) -> None:
    keys, signature = _many_keys(world, 30)
    world.bend("nsec.example.", rr.DNSKEY, lambda m: sections(m, answer=(keys, signature)))

    def bend(message: Message) -> Message:
        good = next(r for r in message.answer if r.rdtype == rr.RRSIG)
        fakes = tuple(good.rdatas[0][:-1] + bytes([n]) for n in range(200))
        return sections(
            message, answer=[r if r.rdtype == rr.A else RRset(WWW, rr.RRSIG, 3600, fakes) for r in message.answer]
        )

    world.bend("www.nsec.example.", rr.A, bend)
    chain = world.check("www.nsec.example.", effort=effort)
    assert chain.status is BOGUS
    limits = Limits()
    made = [a for link in chain.links for a in link.attempts if a.outcome is SignatureOutcome.BAD_SIGNATURE]
    assert len(made) <= min(limits.failed_verifications, limits.signatures_per_rrset * limits.keys_per_tag)


def test_signatures_of_one_rrset_are_tried_up_to_the_limit(world: World) -> None:
    def bend(message: Message) -> Message:
        good = next(r for r in message.answer if r.rdtype == rr.RRSIG)
        bad = tuple(good.rdatas[0][:-1] + bytes([good.rdatas[0][-1] ^ n]) for n in range(1, 4))
        rrsigs = RRset(WWW, rr.RRSIG, 3600, (*bad, good.rdatas[0]))
        return sections(message, answer=[r if r.rdtype == rr.A else rrsigs for r in message.answer])

    world.bend("www.nsec.example.", rr.A, bend)
    assert world.check("www.nsec.example.", limits=Limits(signatures_per_rrset=4)).status is SECURE
    assert world.check("www.nsec.example.", limits=Limits(signatures_per_rrset=3)).status is BOGUS


def test_verifications_of_a_question_are_limited(world: World) -> None:
    assert world.check("www.nsec.example.", limits=Limits(verifications=6)).status is SECURE
    chain = world.check("www.nsec.example.", limits=Limits(verifications=5))
    assert chain.status is BOGUS
    assert chain.reason is not None and chain.reason.code is Code.LIMIT_EXCEEDED


def test_digests_of_a_question_are_limited(world: World) -> None:
    assert world.check("www.nsec.example.", limits=Limits(digests=3)).status is SECURE
    assert world.check("www.nsec.example.", limits=Limits(digests=2)).status is BOGUS


def test_lookups_of_a_question_are_limited(world: World) -> None:
    assert world.check("www.nsec.example.", limits=Limits(lookups=6)).status is SECURE
    assert world.check("www.nsec.example.", limits=Limits(lookups=5)).status is INDETERMINATE


def test_nsec3_hashes_of_a_question_are_limited(world: World) -> None:
    """CVE-2023-50868: a name of many labels costs a hash a label, and no more than the budget holds."""
    name = ".".join(["a"] * 100) + ".nsec3.optout."
    assert world.check(name).status is SECURE
    chain = world.check(name, limits=Limits(nsec3_hashes=50))
    assert chain.status is BOGUS
    assert chain.reason is not None and chain.reason.code is Code.LIMIT_EXCEEDED


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        (Limits(nsec3_iterations_insecure=20), SECURE),
        (Limits(nsec3_iterations_insecure=19), INSECURE),
        (Limits(nsec3_iterations_insecure=19, nsec3_iterations_bogus=20), INSECURE),
        (Limits(nsec3_iterations_insecure=19, nsec3_iterations_bogus=19), BOGUS),
    ],
)
def test_nsec3_iterations_have_two_limits(limits: Limits, status: Status) -> None:
    """RFC 9276 §3.2, with EDE 27 for both."""
    world = World()
    world.add(".", "www. IN A 192.0.2.1\n", denial=Nsec3Denial(iterations=20, salt=b"\xaa"))
    world.anchor(".")
    chain = world.check("no.such.", limits=limits)
    assert chain.status is status
    assert status is SECURE or (chain.ede is not None and int(chain.ede) == 27)
    assert world.check("www.", limits=limits).status is SECURE


def test_iterations_count_only_after_the_signature_has_verified() -> None:
    """RFC 9276 §3.2: or an attacker could make any zone insecure by a forged NSEC3 with many iterations."""
    world = World()
    world.add(".", "www. IN A 192.0.2.1\n", denial=Nsec3Denial(iterations=200))
    world.anchor(".")

    def bend(message: Message) -> Message:
        def flip(r: RRset) -> RRset:
            if r.covers != rr.NSEC3:
                return r
            return RRset(r.owner, rr.RRSIG, r.ttl, tuple(d[:-1] + bytes([d[-1] ^ 1]) for d in r.rdatas))

        return sections(message, authority=[flip(r) for r in message.authority])

    world.bend("no.such.", rr.A, bend)
    assert world.check("no.such.").status is BOGUS


@pytest.mark.parametrize(("rcode", "kept"), [(rr.NOERROR,) * 2, (rr.NXDOMAIN,) * 2, (rr.YXDOMAIN, rr.NXDOMAIN)])
def test_compact_denial_is_nxdomain(world: World, rcode: int, kept: int) -> None:
    """RFC 9824 §3.1: an NSEC at the name itself, with NXNAME, and NOERROR; §5: or NXDOMAIN, for who asks for it."""
    origin = Name("nsec.example.")
    zsk = world.keys[origin][1]
    name = Name("gone.nsec.example.")
    nsec = RRset(name, rr.NSEC, 3600, (nsec_rdata(name.prepend(b"\x00"), {rr.RRSIG, rr.NSEC, rr.NXNAME}),))

    def bend(message: Message) -> Message:
        soa = [r for r in message.authority if (r.covers or r.rdtype) == rr.SOA]
        authority = (*soa, nsec, sign_rrset(nsec, zsk, *TIMES))
        return sections(message, answer=(), authority=authority, rcode=rcode)

    world.bend("gone.nsec.example.", rr.A, bend)
    chain = world.check("gone.nsec.example.")
    assert (chain.status, chain.rcode) == (SECURE, kept)
    assert chain.outcome.value == "nxdomain"
    assert chain.links[-2].denial is not None and chain.links[-2].denial.compact


def test_an_unsigned_soa_beside_a_good_proof_is_bogus(world: World) -> None:
    def bend(message: Message) -> Message:
        return sections(message, authority=[r for r in message.authority if r.covers != rr.SOA])

    world.bend("no.nsec.example.", rr.A, bend)
    assert world.check("no.nsec.example.").status is BOGUS


@pytest.fixture(scope="session")
def wires(built: World) -> dict[Question, bytes]:
    """The responses that the check of an alias into a wildcard zone and of a denied name need."""
    wires: dict[Question, bytes] = {}
    for name, rdtype in (("alias.nsec.example.", rr.A), ("no.such.nsec3.optout.", rr.A), ("x.w.nsec.example.", rr.A)):
        built.asked.clear()
        built.check(name, rdtype)
        wires |= {lookup: built.ask(lookup).to_wire() for lookup in built.asked}
    return wires


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_altered_responses_never_make_a_false_secure(
    built: World, wires: dict[Question, bytes], data: st.DataObject
) -> None:
    """Flip octets in any responses: the chain is the same data, or it is not SECURE; and nothing is raised."""
    lookups = sorted(wires, key=lambda q: (q.name, q.rdtype))
    world = replace(built, bends={}, asked=[])
    for lookup in data.draw(st.lists(st.sampled_from(lookups), min_size=1, max_size=3, unique=True)):
        wire = bytearray(wires[lookup])
        for _ in range(data.draw(st.integers(1, 3))):
            wire[data.draw(st.integers(12, len(wire) - 1))] ^= data.draw(st.integers(1, 255))
        try:
            message: Message | None = Message.from_wire(bytes(wire))
        except WireError:
            message = None
        world.bends[lookup] = lambda _, message=message: message
    name = data.draw(st.sampled_from(["alias.nsec.example.", "no.such.nsec3.optout.", "x.w.nsec.example."]))
    chain = world.check(name)
    if chain.status is SECURE:
        assert chain.rrset == built.check(name).rrset
        assert chain.outcome is built.check(name).outcome


def test_zone_key_helper_is_what_signs(world: World) -> None:
    """A guard for this file: the keys used to forge are the zone's own, so a refusal is not for want of a signature."""
    origin = Name("nsec.example.")
    zsk = world.keys[origin][1]
    again = zone_key(origin, zsk.private, secure_entry_point=False)
    honest = RRset(WWW, rr.A, 3600, (b"\xc0\x00\x02\x01",))
    world.bend("www.nsec.example.", rr.A, lambda m: sections(m, answer=(honest, sign_rrset(honest, again, *TIMES))))
    assert world.check("www.nsec.example.", now=NOW).status is SECURE

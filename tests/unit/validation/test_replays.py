"""Genuine records in the wrong place: whatever signed records an attacker puts together, no false verdict comes of it.

Nothing here is forged but the unsigned: RRsets and their RRSIGs of the zone itself, of its parents, children and siblings, and
of wildcards, moved to other names, are added to or put in the place of what an honest server says.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.validation.world import Bend, World, sections
from unbroken.chain import Chain, Question, Status
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.signing import NSEC, Nsec3Denial
from unbroken.validation.protocol import Effort
from unbroken.validation.trust import TrustCache

Signed = tuple[RRset, RRset]
TYPES = (rr.A, rr.TXT, rr.DS, rr.NS, rr.SOA, rr.CNAME, rr.NSEC, rr.ANY)
BELOW = (
    "",
    "www.",
    "no.",
    "x.no.",
    "w.",
    "x.w.",
    "z.y.w.",
    "x.y.w.",
    "q.cw.",
    "al.",
    "d.",
    "q.d.",
    "ent.",
    "*.",
    "*.w.",
)


def _cuts(*names: str) -> str:
    return "".join(f"{name} IN NS ns.{name}\nns.{name} IN A 127.0.0.1\n" for name in names)


def _texts(zone: str) -> str:
    return (
        f"*.{zone} IN A 192.0.2.1\nwww.{zone} IN A 192.0.2.2\nal.{zone} IN CNAME www.kid.nsec.\n"
        f"*.cw.{zone} IN CNAME www.{zone}\nd.{zone} IN DNAME kid.nsec.\nb.a.ent.{zone} IN A 192.0.2.3\n"
        f"*.w.{zone} IN A 192.0.2.4\nx.y.w.{zone} IN A 192.0.2.5\n"
    )


@pytest.fixture(scope="module")
def three() -> World:
    """Three top zones with every mechanism of denial, each with wildcards, a signed child and an unsigned one."""
    world = World()
    mechanisms = {"nsec.": NSEC, "n3.": Nsec3Denial(), "opt.": Nsec3Denial(opt_out=True)}
    for zone, denial in mechanisms.items():
        world.add(f"kid.{zone}", f"www.kid.{zone} IN A 192.0.2.6\n*.kid.{zone} IN TXT x\n", denial=denial)
        world.add(f"plain.{zone}", f"www.plain.{zone} IN A 192.0.2.7\n", signed=False)
        text = _cuts(f"kid.{zone}", f"plain.{zone}") + _texts(zone)
        world.add(zone, text, denial=denial, secure=[f"kid.{zone}"])
    world.add(".", _cuts(*mechanisms), secure=mechanisms)
    world.anchor(".")
    return world


@pytest.fixture(scope="module")
def records(three: World) -> list[Signed]:
    """Every signed RRset of every zone."""
    found = []
    for zone in three.zones.values():
        for rrset in zone:
            rrsigs = zone.rrsigs(rrset.owner, rrset.rdtype) if rrset.rdtype != rr.RRSIG else None
            if rrsigs is not None:
                found.append((rrset, rrsigs))
    return found


def _names() -> list[Name]:
    zones = ["nsec.", "n3.", "opt.", *(f"{kid}.{top}." for kid in ("kid", "plain") for top in ("nsec", "n3", "opt"))]
    return [Name(below + zone) for zone in zones for below in BELOW] + [Name("."), Name("no.")]


def _attack(draw: st.DrawFn, records: list[Signed], question: Question) -> Bend:
    """An answer put together from what may pass for one, and every denial record of a zone above the name at once."""
    near = [r for r in records if question.name.is_subdomain_of(r[1].rrsigs()[0].signer)]
    fitting = [r for r in near if r[0].rdtype in (question.rdtype, rr.CNAME, rr.DNAME)]
    wild = [r for r in near if r[0].owner.is_wildcard and r[0].rdtype in (question.rdtype, rr.CNAME, rr.NSEC)]
    answer: list[RRset] = []
    authority: list[RRset] = []
    for signer in draw(st.sets(st.sampled_from(sorted({r[1].rrsigs()[0].signer for r in near})), max_size=2)):
        proofs = [r for r in near if r[0].rdtype in (rr.NSEC, rr.NSEC3) and r[1].rrsigs()[0].signer == signer]
        left_out = draw(st.sets(st.sampled_from(range(len(proofs))), max_size=3))
        authority += [x for n, proof in enumerate(proofs) if n not in left_out for x in proof]
    match draw(st.sampled_from(["nothing", "moved", "fitting", "forged"])):
        case "moved" if wild:
            moved = draw(st.sampled_from(wild))
            (authority if moved[0].rdtype == rr.NSEC else answer)[:0] = [x.with_owner(question.name) for x in moved]
        case "fitting" if fitting:
            answer += draw(st.sampled_from(fitting))
        case "forged":
            answer.append(RRset(question.name, rr.A, 60, (b"\x06\x06\x06\x06",)))
    keeps_answer, keeps_authority = draw(st.booleans()), draw(st.booleans())
    rcode = draw(st.sampled_from([None, rr.NOERROR, rr.NXDOMAIN]))

    def bend(message: Message) -> Message:
        return sections(
            message,
            answer=[*(message.answer if keeps_answer else ()), *answer],
            authority=[*(message.authority if keeps_authority else ()), *authority],
            rcode=rcode,
        )

    return bend


def _is_as_true(chain: Chain, honest: Chain) -> bool:
    """RFC 6840 §4.2: nothing proves that an ANY answer is complete, so there any authentic part is as good."""
    same_data = chain.rrset == honest.rrset or chain.question.rdtype == rr.ANY
    return chain.outcome is honest.outcome and same_data


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_genuine_records_out_of_place_give_no_false_verdict(
    three: World, records: list[Signed], data: st.DataObject
) -> None:
    """SECURE says what the honest answer says; INSECURE only where that is insecure; and nothing is remembered wrongly."""
    question = Question(data.draw(st.sampled_from(_names())), data.draw(st.sampled_from(TYPES)))
    later = Question(data.draw(st.sampled_from(_names())), data.draw(st.sampled_from(TYPES)))
    name, rdtype = str(question.name), question.rdtype
    honest, honest_later = three.check(name, rdtype), three.check(str(later.name), later.rdtype)
    above = [Question(question.name.ancestor(n), rr.DS) for n in range(1, question.name.label_count + 1)]
    victims = data.draw(st.lists(st.sampled_from([question, *above]), min_size=1, max_size=3, unique=True))
    trust = TrustCache()
    try:
        three.bends.update({victim: data.draw(st.composite(_attack)(records, victim)) for victim in victims})
        chain = three.check(name, rdtype, trust=trust, effort=data.draw(st.sampled_from(list(Effort))))
    finally:
        three.bends.clear()
    if chain.status is Status.SECURE:
        assert honest.status is Status.SECURE
        assert _is_as_true(chain, honest)
    if chain.status is Status.INSECURE:
        assert honest.status is Status.INSECURE
    afterwards = three.check(str(later.name), later.rdtype, trust=trust)
    assert (afterwards.status, afterwards.outcome) == (honest_later.status, honest_later.outcome)


@pytest.mark.parametrize("zone", ["n3.", "opt."])
def test_an_nsec_asked_for_at_an_alias_of_an_nsec3_zone_is_no_data(three: World, zone: str) -> None:
    """RFC 4035 §2.5: a CNAME does not redirect a question for NSEC; the CNAME bit does not contradict the NODATA."""
    assert three.check(f"al.{zone}", rr.NSEC).status is Status.SECURE

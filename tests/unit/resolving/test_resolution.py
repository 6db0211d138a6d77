"""RFC 4035 §3.2.3 and §5.3.3: what a message says with AD set, and how long it may be kept."""

import pytest

from tests.unit.resolving.world import NOW, World, plain_world, reply_to, signed_world
from unbroken.anchors.store import TrustAnchors
from unbroken.chain import Chain, Evidence, Link, LinkKind, Outcome, Question, Status
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.resolving.resolution import proven_message
from unbroken.resolving.work import ResolverLimits

WWW, ZONE = Name("www.example."), Name("example.")
DATA = RRset(WWW, rr.A, 60, (b"\xc0\x00\x02\x01",))
EXTRA = RRset(WWW, rr.AAAA, 60, (bytes(16),))
STRAY = RRset(ZONE, rr.NS, 60, (Name("ns.evil.").wire,))


def test_ad_covers_only_what_was_authenticated() -> None:
    link = Link(LinkKind.DATA, ZONE, Status.SECURE, evidence=(Evidence(DATA),))
    chain = Chain(Question(WWW, rr.A), Status.SECURE, ZONE, (link,), outcome=Outcome.ANSWER)
    message = proven_message(Message(0, rr.QR, (WWW, rr.A, 1), (DATA, EXTRA), (STRAY,)), chain, NOW)
    assert message.flags & rr.AD
    assert message.answer == (DATA,)
    assert message.authority == ()


def test_a_cname_that_a_proven_dname_makes_stays() -> None:
    dname = RRset(ZONE, rr.DNAME, 60, (Name("other.").wire,))
    cname = RRset(WWW, rr.CNAME, 60, (Name("www.other.").wire,))
    link = Link(LinkKind.DATA, ZONE, Status.SECURE, evidence=(Evidence(dname),))
    chain = Chain(Question(WWW, rr.A), Status.SECURE, ZONE, (link,), outcome=Outcome.REDIRECT)
    message = proven_message(Message(0, rr.QR, (WWW, rr.A, 1), (dname, cname)), chain, NOW)
    assert message.answer == (dname, cname)


def _with_ttls(world: World, address: str, ttl: int) -> None:
    """The server gives everything this TTL; signatures do not cover it."""

    def behave(query: Message, tcp: bool) -> Message:
        honest = world.honest(address, query, tcp=tcp)
        answer = tuple(rrset.with_ttl(ttl) for rrset in honest.answer)
        return Message(honest.id, honest.flags, honest.question, answer, honest.authority, edns=honest.edns)

    world.behaviours[address] = behave


@pytest.mark.parametrize(
    ("received", "age", "handed_out"),
    [(2_000_000_000, 0, 300), (20, 0, 20), (2_000_000_000, 86_400 - 100, 100)],
)
async def test_rfc4035_5_3_3_the_ttl_of_secure_data_is_bounded_by_its_signature(
    received: int, age: int, handed_out: int
) -> None:
    world, anchors = signed_world()
    for address in ("192.0.2.4", "192.0.2.5"):
        _with_ttls(world, address, received)
    world.clock.advance(age)
    resolution = await world.resolver(anchors=anchors).resolve(Name("www.example.com."), rr.A)
    assert resolution.status is Status.SECURE
    assert {rrset.ttl for rrset in resolution.message.answer} == {handed_out}


async def test_no_ttl_is_above_the_maximum() -> None:
    world = plain_world()
    _with_ttls(world, "192.0.2.4", 2_000_000_000)
    _with_ttls(world, "192.0.2.5", 2_000_000_000)
    resolver = world.resolver()
    message, _ = await resolver.lookup(Name("www.example.com."), rr.A)
    assert message.answer[0].ttl == ResolverLimits().maximum_ttl
    resolution = await resolver.resolve(Name("www.example.com."), rr.A)
    assert resolution.message.answer[0].ttl == ResolverLimits().maximum_ttl


async def test_a_dname_on_the_way_is_not_the_dname_that_was_asked_for() -> None:
    """RFC 6672 §3.2: the question goes on at the target, and there is none there."""
    world = plain_world()
    dname = RRset(Name("d.example.com."), rr.DNAME, 60, (Name("e.example.com.").wire,))
    cname = RRset(Name("x.d.example.com."), rr.CNAME, 60, (Name("x.e.example.com.").wire,))
    soa = world.authorities["192.0.2.4"].zones()[0].soa
    assert soa is not None

    def behave(query: Message, tcp: bool) -> Message:
        assert query.question is not None
        way = (dname, cname) if query.question[0] == cname.owner else ()
        return reply_to(query, answer=way, authority=(soa,))

    world.behaviours |= {"192.0.2.4": behave, "192.0.2.5": behave}
    anchors = TrustAnchors.from_records([])
    resolution = await world.resolver(anchors=anchors).resolve(cname.owner, rr.DNAME)
    assert dname in resolution.message.answer
    assert resolution.rrset is None

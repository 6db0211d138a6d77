"""RFC 5452 §6: the servers that one zone is forwarded to speak for that zone."""

from tests.unit.resolving.test_reading import message, nsec, soa
from tests.unit.resolving.world import World, plain_world, reply_to, signed_world
from unbroken.chain import Status
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.resolving.addresses import address_text
from unbroken.resolving.reading import Kind, read
from unbroken.resolving.resolver import Resolver
from unbroken.resolving.transport import Server

CORP = Name("corp.")


def _taking_over(world: World, owner: str) -> Resolver:
    """A server for corp. that redirects all below `owner` to itself."""

    def behave(query: Message, tcp: bool) -> Message:
        assert query.question is not None
        name = query.question[0]
        target = name.replace_suffix(Name(owner), CORP)
        answer = (
            RRset(Name(owner), rr.DNAME, 86_400, (CORP.wire,)),
            RRset(name, rr.CNAME, 86_400, (target.wire,)),
            RRset(target, rr.A, 86_400, (bytes([6, 6, 6, 6]),)),
        )
        return reply_to(query, flags=0x8080, answer=answer)

    world.behaviours["192.0.2.200"] = behave
    return world.resolver(forward_zones={CORP: [Server("192.0.2.200")]})


async def test_rfc5452_6_a_forwarded_zone_can_not_redirect_its_ancestors() -> None:
    world = plain_world()
    resolver = _taking_over(world, ".")
    await resolver.lookup(Name("intranet.corp."), rr.A)
    found, _ = await resolver.lookup(Name("www.example.net."), rr.A)
    assert [address_text(rrset.rdatas[0]) for rrset in found.answer] == ["198.51.100.2"]


async def test_rfc5452_6_a_forwarded_zone_can_not_answer_for_the_target_of_its_alias() -> None:
    world = plain_world()
    target = Name("www.example.net.")

    def behave(query: Message, tcp: bool) -> Message:
        assert query.question is not None
        alias = RRset(query.question[0], rr.CNAME, 60, (target.wire,))
        return reply_to(query, flags=0x8080, answer=(alias, RRset(target, rr.A, 60, (bytes([6, 6, 6, 6]),))))

    world.behaviours["192.0.2.200"] = behave
    resolver = world.resolver(forward_zones={CORP: [Server("192.0.2.200")]})
    found, _ = await resolver.lookup(Name("intranet.corp."), rr.A)
    assert [address_text(rrset.rdatas[0]) for rrset in found.answer if rrset.rdtype == rr.A] == ["198.51.100.2"]


def test_proofs_of_the_zone_above_a_forwarded_one_are_taken_along() -> None:
    """What is forwarded need not be a zone of its own: the proof that a name in it does not exist is then the parent's."""
    reply = message(rcode=rr.NXDOMAIN, authority=(soa("example.com."), nsec("b.example.com.", "z.example.com.")))
    reading = read(reply, Name("www.example.com."), Name("www.example.com."), rr.A, recursive=True)
    assert reading.kind is Kind.ANSWER
    assert len(reading.message.authority) == 2


async def test_a_forwarded_zone_that_is_part_of_a_signed_one_still_validates() -> None:
    world, anchors = signed_world()
    world.behaviours["192.0.2.200"] = lambda query, tcp: world.honest("192.0.2.4", query, tcp=True)
    resolver = world.resolver(anchors=anchors, forward_zones={Name("deep.example.com."): [Server("192.0.2.200")]})
    for name in ("a.b.c.d.deep.example.com.", "none.deep.example.com."):
        assert (await resolver.resolve(Name(name), rr.A)).status is Status.SECURE

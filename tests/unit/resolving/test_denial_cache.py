"""RFC 8198: what was proven not to exist is not asked for again, and nothing else is denied by it."""

import pytest

from tests.unit.resolving.world import World, signed_world
from unbroken.anchors.store import NegativeTrustAnchor, TrustAnchors
from unbroken.chain import Status
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.resolving.hints import Hints
from unbroken.resolving.options import Options
from unbroken.resolving.resolver import Resolver

# In the canonical order of the zone: over, tree, www.
GONE, ALSO_GONE, WWW = Name("u.example.com."), Name("v.example.com."), Name("www.example.com.")


def aggressive(world: World, anchors: TrustAnchors, **arguments: object) -> Resolver:
    return world.resolver(anchors=anchors, options=Options(shuffle=False, aggressive=True), **arguments)


async def primed() -> tuple[World, Resolver]:
    world, anchors = signed_world()
    resolver = aggressive(world, anchors)
    assert (await resolver.resolve(GONE, rr.A)).status is Status.SECURE
    world.log.clear()
    return world, resolver


@pytest.mark.parametrize("name", ["v.example.com.", "a.b.v.example.com."])
async def test_rfc8198_5_1_a_name_in_a_proven_gap_is_denied_without_a_query(name: str) -> None:
    world, resolver = await primed()
    resolution = await resolver.resolve(Name(name), rr.A)
    assert (resolution.status, resolution.message.rcode) == (Status.SECURE, rr.NXDOMAIN)
    assert world.asked() == []


async def test_rfc8198_5_1_a_type_that_a_name_lacks_is_denied_without_a_query() -> None:
    world, anchors = signed_world()
    resolver = aggressive(world, anchors)
    await resolver.resolve(WWW, rr.TXT)
    world.log.clear()
    resolution = await resolver.resolve(WWW, rr.MX)
    assert (resolution.status, resolution.message.rcode) == (Status.SECURE, rr.NOERROR)
    assert world.asked() == []
    assert (await resolver.resolve(WWW, rr.A)).rrset is not None


async def test_it_is_done_only_when_told_to() -> None:
    world, anchors = signed_world()
    resolver = world.resolver(anchors=anchors)
    for name in (GONE, ALSO_GONE):
        await resolver.resolve(name, rr.A)
    assert ("v.example.com.", rr.A) in world.asked()


@pytest.mark.parametrize("name", ["www.example.com.", "over.example.com."])
async def test_names_beside_the_gap_are_asked_for(name: str) -> None:
    world, resolver = await primed()
    assert (await resolver.resolve(Name(name), rr.A)).message.answer
    assert world.asked() != []


async def test_rfc8198_5_4_a_denial_lasts_no_longer_than_its_records() -> None:
    world, resolver = await primed()
    world.clock.advance(300)
    message = (await resolver.resolve(ALSO_GONE, rr.A)).message
    assert max(rrset.ttl for rrset in message.authority) <= 300
    world.clock.advance(301)
    await resolver.resolve(Name("uu.example.com."), rr.A)
    assert ("uu.example.com.", rr.A) in world.asked()


async def test_what_is_configured_for_a_name_stands() -> None:
    world, anchors = signed_world()
    negative = anchors.with_negatives([NegativeTrustAnchor(ALSO_GONE, None, "test")])
    stub = Hints.from_addresses(Name("uu.example.com."), "192.0.2.4")
    resolver = aggressive(world, negative, stub_zones=(stub,))
    for name in (GONE, ALSO_GONE, Name("uu.example.com.")):
        await resolver.resolve(name, rr.A)
    asked = world.asked()
    assert ("v.example.com.", rr.A) in asked
    assert ("uu.example.com.", rr.A) in asked


async def test_flush_forgets_denials() -> None:
    world, resolver = await primed()
    resolver.flush()
    await resolver.resolve(ALSO_GONE, rr.A)
    assert ("v.example.com.", rr.A) in world.asked()

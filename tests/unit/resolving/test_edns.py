"""RFC 6891 §6.2.2 and §7: servers that know no EDNS are asked without, but not for ever, and not on anyone's word."""

import pytest

from tests.unit.resolving.world import World, plain_world, signed_world
from unbroken.chain import Status
from unbroken.dns import Message, Name
from unbroken.dns import rdtype as rr
from unbroken.resolving.transport import Server
from unbroken.validation.protocol import Lookup

COM = Server("192.0.2.2")
OWN = Server("192.0.2.4")


def _refuses_once(world: World, address: str, *, echoes: bool) -> None:
    """The server's first query with EDNS is answered with FORMERR, as a forger would or a server in a bad moment."""
    refused: list[Message] = []

    def behave(query: Message, tcp: bool) -> Message:
        if query.edns is not None and not refused:
            refused.append(query)
            return Message(query.id, 0x8000, query.question if echoes else None, rcode=rr.FORMERR)
        return world.honest(address, query, tcp=tcp)

    world.behaviours[address] = behave


@pytest.mark.parametrize("echoes", [True, False])
async def test_rfc6891_6_2_2_a_bogus_chain_is_built_anew_with_edns(echoes: bool) -> None:
    world, anchors = signed_world()
    _refuses_once(world, "192.0.2.2", echoes=echoes)
    resolver = world.resolver(anchors=anchors)
    assert (await resolver.resolve(Name("www.example.com."), rr.A)).status is Status.SECURE
    assert not resolver.book.lacks_edns(COM)


async def test_rfc5452_9_1_a_refusal_without_question_is_not_remembered() -> None:
    world = plain_world()
    _refuses_once(world, "192.0.2.4", echoes=False)
    resolver = world.resolver()
    await resolver.fetch(Lookup(Name("www.example.com."), rr.A))
    assert ("www.example.com.", rr.A) in world.asked("192.0.2.4")
    assert not resolver.book.lacks_edns(OWN)


async def test_rfc6891_6_2_2_edns_is_tried_again_after_a_while_however_busy_the_server() -> None:
    world = plain_world()

    def old(query: Message, tcp: bool) -> Message:
        if query.edns is not None:
            return Message(query.id, 0x8000, query.question, rcode=rr.FORMERR)
        return world.honest("192.0.2.4", query, tcp=tcp)

    world.behaviours["192.0.2.4"] = old
    del world.authorities["192.0.2.5"]
    resolver = world.resolver()
    with_edns = []
    for minute in range(20):
        before = len(world.log)
        await resolver.fetch(Lookup(Name(f"n{minute}.example.com."), rr.A))
        with_edns += [minute for query in world.log[before:] if query.address == "192.0.2.4" and query.message.edns]
        world.clock.advance(60)
    assert with_edns[0] == 0
    assert len(with_edns) == 2

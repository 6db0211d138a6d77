"""What happens to single queries: forgers' floods, connections that break off."""

import pytest

from tests.unit.resolving.world import World, plain_world
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.resolving.transport import Server, TransportError, TransportSpoofed
from unbroken.validation.protocol import Answer, Lookup, NoAnswer

WWW = Lookup(Name("www.example.com."), rr.A)


class _Flooded(World):
    """Over UDP, forged replies come by the dozen before the real one of 192.0.2.4."""

    async def exchange(self, server: Server, query: bytes, *, timeout: float, tcp: bool) -> bytes:
        reply = await super().exchange(server, query, timeout=timeout, tcp=tcp)
        if server.address == "192.0.2.4" and not tcp:
            raise TransportSpoofed("flooded")
        return reply


class _BreaksOff(World):
    """The first connections to some servers are reset."""

    def __init__(self, times: int) -> None:
        super().__init__(authorities=plain_world().authorities)
        self.times = times

    async def exchange(self, server: Server, query: bytes, *, timeout: float, tcp: bool) -> bytes:
        reply = await super().exchange(server, query, timeout=timeout, tcp=tcp)
        if server.address == "192.0.2.4" and self.times > 0:
            self.times -= 1
            raise TransportError("connection reset by peer")
        return reply


async def test_rfc5452_9_a_flood_of_forged_replies_is_followed_by_tcp_at_once() -> None:
    world = _Flooded(authorities=plain_world().authorities)
    del world.authorities["192.0.2.5"]
    response = await world.resolver().fetch(WWW)
    assert isinstance(response, Answer)
    assert response.provenance.transport == "tcp"
    own = [query.tcp for query in world.log if query.name == WWW.name]
    assert own == [False, True]


@pytest.mark.parametrize(("times", "kind"), [(1, Answer), (2, NoAnswer)])
async def test_a_connection_that_breaks_off_is_tried_once_more(times: int, kind: type) -> None:
    world = _BreaksOff(times)
    world.unreachable.add("192.0.2.5")
    response = await world.resolver().fetch(WWW)
    assert isinstance(response, kind)
    assert [query.address for query in world.log if query.name == WWW.name].count("192.0.2.4") == 2

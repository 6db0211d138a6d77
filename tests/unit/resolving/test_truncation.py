"""RFC 2181 §9: a truncated reply is not the answer."""

import pytest

from tests.unit.resolving.world import plain_world
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.validation.protocol import Answer, Failure, Lookup, NoAnswer

WWW = Lookup(Name("www.example.com."), rr.A)


@pytest.mark.parametrize("partial", [False, True])
async def test_rfc2181_9_tc_over_tcp_is_no_answer(partial: bool) -> None:
    world = plain_world()

    def truncated(query: Message, tcp: bool) -> Message:
        answer = (RRset(WWW.name, rr.A, 300, (bytes([192, 0, 2, 99]),)),) if partial else ()
        return Message(query.id, 0x8600, query.question, answer, edns=query.edns)

    world.behaviours |= {"192.0.2.4": truncated, "192.0.2.5": truncated}
    response = await world.resolver().fetch(WWW)
    assert isinstance(response, NoAnswer)
    assert response.failure is Failure.MALFORMED
    assert "truncated" in response.detail
    del world.behaviours["192.0.2.5"]
    assert isinstance(await world.resolver().fetch(WWW), Answer)

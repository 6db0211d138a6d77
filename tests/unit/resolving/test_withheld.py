"""RFC 4035 §4.3 and §5.5: what could not be validated is not handed out, whoever saw to it that it could not."""

import dns.resolver
import pytest

from tests.unit.resolving.world import World, reply_to, signed_world
from unbroken import compat
from unbroken.anchors.store import TrustAnchors
from unbroken.chain import Status
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr

WWW = Name("www.example.com.")
FORGED = bytes([6, 6, 6, 6])


def _attacked(*dropped: int) -> tuple[World, TrustAnchors]:
    """Someone on the path forges the address and drops the queries that would show it."""
    world, anchors = signed_world()

    def attack(query: Message, tcp: bool) -> Message | None:
        assert query.question is not None
        name, rdtype, _ = query.question
        forges = rdtype not in dropped and (name, rdtype) == (WWW, rr.A)
        return reply_to(query, answer=(RRset(name, rr.A, 300, (FORGED,)),)) if forges else None

    world.behaviours |= {"192.0.2.4": attack, "192.0.2.5": attack}
    return world, anchors


@pytest.mark.parametrize("dropped", [(rr.DNSKEY,), (rr.DNSKEY, rr.DS)])
async def test_rfc4035_4_3_data_whose_keys_could_not_be_had_is_withheld(dropped: tuple[int, ...]) -> None:
    world, anchors = _attacked(*dropped)
    resolution = await world.resolver(anchors=anchors).resolve(WWW, rr.A)
    assert resolution.status is Status.INDETERMINATE
    assert resolution.is_withheld
    assert (resolution.rcode, resolution.rrset) == (rr.SERVFAIL, None)
    assert FORGED in resolution.message.answer[0].rdatas  # for inspection


@pytest.mark.parametrize("dropped", [(rr.DNSKEY,), (rr.DNSKEY, rr.DS)])
async def test_rfc4035_5_5_the_drop_in_raises_where_keys_could_not_be_had(dropped: tuple[int, ...]) -> None:
    world, anchors = _attacked(*dropped)
    with pytest.raises(dns.resolver.NoNameservers) as caught:
        await compat.AsyncResolver(resolver=world.resolver(anchors=anchors)).resolve("www.example.com", "A")
    assert "example.com." in str(caught.value)


async def test_rfc4033_5_without_an_anchor_the_answer_is_handed_out() -> None:
    """As by a resolver that does not validate: nobody asked for more."""
    world, _ = signed_world()
    resolver = world.resolver(anchors=TrustAnchors.from_records([]))
    resolution = await resolver.resolve(WWW, rr.A)
    assert resolution.status is Status.INDETERMINATE
    assert resolution.chain.only_lacks_anchor
    assert resolution.rcode == rr.NOERROR
    assert resolution.rrset is not None
    answer = await compat.AsyncResolver(resolver=resolver).resolve("www.example.com", "A")
    assert [record.to_text() for record in answer] == ["198.51.100.1"]

"""RFC 6840 §5.10: the closest anchor decides; nothing above it, signed or not, speaks for the names below."""

import pytest

from tests.unit.validation.world import NOW, World, sections
from unbroken.anchors.store import NegativeTrustAnchor
from unbroken.chain import Code, Outcome, Status
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr

SECURE, INSECURE, BOGUS, INDETERMINATE = Status.SECURE, Status.INSECURE, Status.BOGUS, Status.INDETERMINATE
WWW = Name("www.island.plain.")
ADDRESS = b"\x06\x06\x06\x06"


@pytest.fixture(scope="module")
def islands() -> World:
    """Root → plain. (unsigned) → island.plain. (signed, no DS); evil. is unsigned."""
    world = World()
    world.add("island.plain.", f"{WWW} IN A 192.0.2.1\nd.island.plain. IN DNAME evil.\n")
    world.add("plain.", "island.plain. IN NS ns.island.plain.\nns.island.plain. IN A 127.0.0.1\n", signed=False)
    world.add("evil.", "www.evil. IN A 6.6.6.6\nisland.evil. IN DNAME evil.\n", signed=False)
    world.add(".", "".join(f"{c} IN NS ns.{c}\nns.{c} IN A 127.0.0.1\n" for c in ("plain.", "evil.")))
    return world


@pytest.fixture
def world(islands: World) -> World:
    return World(dict(islands.zones), islands.keys)


def forged(*owners: str, cname: bool = True) -> tuple[RRset, ...]:
    """Unsigned DNAMEs that lead to evil., with the CNAME that follows from the last, and data at its end."""
    dnames = tuple(RRset(Name(owner), rr.DNAME, 60, (Name("evil.").wire,)) for owner in owners)
    target = WWW.replace_suffix(Name(owners[-1]), Name("evil."))
    alias = (RRset(WWW, rr.CNAME, 60, (target.wire,)),) if cname else ()
    return (*dnames, *alias, RRset(target, rr.A, 60, (ADDRESS,)))


@pytest.mark.parametrize("anchors", [(".", "island.plain."), ("island.plain.",)])
@pytest.mark.parametrize("owner", [".", "plain.", "island.plain."])
@pytest.mark.parametrize("cname", [True, False])
@pytest.mark.parametrize("rdtype", [rr.A, rr.CNAME, rr.ANY])
def test_a_dname_above_the_anchor_does_not_take_an_island_along(
    world: World, anchors: tuple[str, ...], owner: str, cname: bool, rdtype: int
) -> None:
    world.anchor(*anchors)
    assert world.check(str(WWW)).status is SECURE
    world.bend(str(WWW), rdtype, lambda m: sections(m, answer=forged(owner, cname=cname), authority=(), rcode=0))
    assert world.check(str(WWW), rdtype).status is BOGUS


def test_a_dname_above_a_positive_anchor_below_a_negative_one_does_not_count(world: World) -> None:
    """RFC 7646 §2: the positive anchor is more specific; its names are validated from it."""
    world.anchor(".", "island.plain.")
    world.anchors = world.anchors.with_negatives([NegativeTrustAnchor(Name("plain."), NOW + 60, "broken")])
    assert world.check(str(WWW)).status is SECURE
    world.bend(str(WWW), rr.A, lambda m: sections(m, answer=forged("plain."), authority=()))
    assert world.check(str(WWW)).status is BOGUS


def test_a_dname_at_or_below_the_anchor_counts_whatever_stands_above_it(world: World) -> None:
    """Of several DNAMEs the closest one is meant, in whatever order they come."""
    world.anchor(".", "island.plain.")
    name = "www.d.island.plain."
    assert world.check(name).status is INSECURE

    def bend(message: Message) -> Message:
        return sections(message, answer=(*forged("plain.", cname=False)[:1], *message.answer))

    world.bend(name, rr.A, bend)
    chain = world.check(name)
    assert (chain.status, chain.outcome) == (INSECURE, Outcome.ANSWER)
    assert chain.links[-1].status is SECURE


def test_the_ds_of_an_anchors_zone_is_of_the_zone_above(world: World) -> None:
    """RFC 4035 §2.4: so a DNAME of that zone is as good as its other data; what is unsigned there is insecure."""
    world.anchor(".", "island.plain.")
    dname = RRset(Name("plain."), rr.DNAME, 60, (Name("evil.").wire,))
    world.bend("island.plain.", rr.DS, lambda m: sections(m, answer=(dname,), authority=()))
    assert world.check("island.plain.", rr.DS).status is INSECURE


def test_a_message_goes_on_by_a_dname_only_where_that_may_speak(world: World) -> None:
    """The target of an alias is in an island: a DNAME above it in the same message is no reason not to ask."""
    world.anchor(".", "island.plain.")
    first = RRset(Name("www.evil."), rr.CNAME, 60, (WWW.wire,))
    world.bend("www.evil.", rr.A, lambda m: sections(m, answer=(first, *forged("plain.", cname=False)[:1])))
    chain = world.check("www.evil.")
    assert chain.status is INSECURE and chain.hops[-1].status is SECURE
    assert chain.reason is not None and chain.reason.code is Code.DELEGATION_INSECURE

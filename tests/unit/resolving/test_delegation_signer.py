"""RFC 4035 §3.1.4.1: DS is a matter of the parent's; what the child says at its apex does not answer for it."""

from tests.unit.resolving.test_reading import message, names
from tests.unit.resolving.world import NOW, SigningParameters, World, ds_rrset, generate_set, reply_to, sign_zone, zone
from unbroken.anchors.store import TrustAnchors
from unbroken.chain import Status
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.resolving.cache import MessageCache
from unbroken.resolving.clock import SettableClock
from unbroken.resolving.work import ResolverLimits
from unbroken.signing.rrsig import sign_rrset
from unbroken.validation.protocol import Answer, Lookup

APEX = Name("apex.com.")


def test_rfc4035_3_1_4_1_an_alias_in_the_cache_does_not_answer_for_ds() -> None:
    cache = MessageCache(ResolverLimits(), SettableClock(NOW))
    cache.put(Lookup(APEX, rr.A), Answer(message(answer=(names("apex.com.", rr.CNAME, "x.cdn.com."),))))
    assert cache.get(Lookup(APEX, rr.AAAA)) is not None
    assert cache.get(Lookup(APEX, rr.DS)) is None
    dname = names("b.com.", rr.DNAME, "net.")
    signature = sign_rrset(dname, generate_set(Name("b.com."))[1], NOW - 3600, NOW + 86_400)
    cache.put(Lookup(Name("a.b.com."), rr.A), Answer(message(answer=(dname, signature))))
    assert cache.get(Lookup(Name("c.b.com."), rr.A)) is not None
    assert cache.get(Lookup(Name("c.b.com."), rr.DS)) is None


async def test_rfc4035_3_1_4_1_an_alias_that_outlives_the_proof_of_no_ds_makes_nothing_bogus() -> None:
    """An unsigned zone with a CNAME at its apex: odd, but INSECURE, also when the parent's proof has to be had anew."""
    keys = {name: generate_set(Name(name)) for name in (".", "com.")}
    parameters = SigningParameters(NOW - 3600, NOW + 86_400)
    world = World()
    root = zone(".", "@ 3600 NS r.\nr. 3600 A 192.0.2.1\ncom. 3600 NS ns.com.\nns.com. 3600 A 192.0.2.2\n")
    com = "".join(
        f"{name} 172800 NS ns.{name}\nns.{name} 172800 A 192.0.2.{last}\n"
        for name, last in (("@", 2), ("apex", 4), ("cdn", 5))
    ).replace("ns.@", "ns")
    world.serve("192.0.2.1", sign_zone(root.replace(ds_rrset(Name("com."), keys["com."])), keys["."], parameters))
    world.serve("192.0.2.2", sign_zone(zone("com.", com), keys["com."], parameters))
    world.serve("192.0.2.5", zone("cdn.com.", "@ 3600 NS ns\nns 3600 A 192.0.2.5\nx 60 A 198.51.100.1\n"))

    def child(query: Message, tcp: bool) -> Message:
        return reply_to(query, answer=(RRset(APEX, rr.CNAME, 86_400, (Name("x.cdn.com.").wire,)),))

    world.behaviours["192.0.2.4"] = child
    resolver = world.resolver(anchors=TrustAnchors.from_records([ds_rrset(Name.ROOT, keys["."])]))
    assert (await resolver.resolve(APEX, rr.A)).status is Status.INSECURE
    world.clock.advance(3700)
    assert (await resolver.resolve(APEX, rr.A)).status is Status.INSECURE

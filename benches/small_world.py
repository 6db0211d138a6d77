"""Three signed zones in memory, one below the other, and the responses that lead through them."""

from dataclasses import dataclass

from unbroken.anchors.store import TrustAnchors
from unbroken.authority import Authority, answer
from unbroken.chain import Question, SignatureOutcome
from unbroken.delegation.ds import ds_rrset
from unbroken.dns import Dnskey, Edns, Message, Name, RRset, Rrsig
from unbroken.dns import rdtype as rr
from unbroken.keys import ZoneKey, generate, tags_in_use
from unbroken.signing import SigningParameters, Zone, sign_zone
from unbroken.validation.drivers import drive
from unbroken.validation.protocol import Answer, Failure, Lookup, NoAnswer
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

NOW = 1_800_000_000


@dataclass(frozen=True, slots=True)
class SmallWorld:
    """`responses` holds a message for each look-up that validating `question` needs."""

    anchors: TrustAnchors
    question: Question
    responses: dict[Lookup, Answer]

    def fetch(self, lookup: Lookup) -> Answer | NoAnswer:
        """The recorded response."""
        return self.responses.get(lookup, NoAnswer(Failure.NOT_IN_CAPTURE))


def build(algorithm: int = 13) -> SmallWorld:
    """Root, `example.`, `zone.example.` and the address of `www.zone.example.`; each zone with KSK and ZSK."""
    names = [Name("zone.example."), Name("example."), Name(".")]
    parameters = SigningParameters(NOW - 3600, NOW + 14 * 86400)
    zones: list[Zone] = []
    keys: tuple[ZoneKey, ...] = ()
    for name in names:
        zone = Zone.from_text(_zone_text(name), name)
        if keys:
            zone = zone.replace(ds_rrset(zones[-1].origin, keys))
        ksk = generate(name, algorithm, secure_entry_point=True)
        keys = (ksk, generate(name, algorithm, secure_entry_point=False, avoid=tags_in_use((ksk.dnskey,))))
        zones.append(sign_zone(zone, keys, parameters))
    authorities = [Authority([zone]) for zone in zones]
    question = Question(Name("www.zone.example."), rr.A)
    asked = [(0, question)]
    asked += [(level, Lookup(names[level], rr.DNSKEY)) for level in range(3)]
    asked += [(level + 1, Lookup(names[level], rr.DS)) for level in range(2)]
    responses = {lookup: _ask(authorities[level], lookup) for level, lookup in asked}
    return SmallWorld(TrustAnchors.from_records([ds_rrset(names[2], keys)]), question, responses)


def _zone_text(name: Name) -> str:
    apex = str(name)
    below = "" if name.is_root else apex
    text = f"{apex} 3600 IN SOA ns.{below} admin.{below} 1 7200 3600 1209600 3600\n{apex} 3600 IN NS ns.{below}\n"
    text += f"ns.{below} 3600 IN A 127.0.0.1\n"
    children = {".": "example.", "example.": "zone.example."}
    if apex in children:
        return text + f"{children[apex]} 3600 IN NS ns.zone.example.\nns.zone.example. 3600 IN A 127.0.0.1\n"
    return text + f"www.{apex} 3600 IN A 192.0.2.1\n"


def _ask(authority: Authority, lookup: Lookup) -> Answer:
    query = Message(1, 0, (lookup.name, lookup.rdtype, 1), edns=Edns())
    return Answer(Message.from_wire(answer(authority, query).to_wire()))


def signatures(world: SmallWorld) -> list[tuple[RRset, Rrsig, Dnskey]]:
    """The (RRset, RRSIG, DNSKEY) of every signature that the chain verifies, for the raw loop to compare with."""
    chain = drive(validate(world.question, anchors=world.anchors, now=NOW, trust=TrustCache()), world.fetch)
    return [
        (next(e.rrset for e in link.evidence if e.rrset.owner == attempt.owner), attempt.rrsig, attempt.dnskey)
        for link in chain.links
        for attempt in link.attempts
        if attempt.outcome is SignatureOutcome.VERIFIED and attempt.dnskey is not None
    ]

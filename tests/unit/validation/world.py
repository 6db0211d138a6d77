"""A small signed Internet in memory for the validator's tests: real keys, real signatures, a real authority."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from unbroken.anchors.store import TrustAnchors
from unbroken.authentication.policy import Policy
from unbroken.authority import Authority, answer
from unbroken.chain import Chain, Limits, Question
from unbroken.delegation.ds import ds_rrset
from unbroken.dns import Edns, Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.keys import ZoneKey, generate_set
from unbroken.signing import NSEC, Nsec3Denial, NsecDenial, SigningParameters, Zone, sign_zone
from unbroken.validation.drivers import drive
from unbroken.validation.protocol import Answer, Effort, Failure, Lookup, NoAnswer, Response
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

NOW = 1_800_000_000
DAY = 86400
PARAMETERS = SigningParameters(NOW - 3600, NOW + 14 * DAY)

Bend = Callable[[Message], Message | None]


def apex(name: str, serial: int = 1) -> str:
    below = "" if name == "." else name
    return (
        f"{name} 3600 IN SOA ns.{below} admin.{below} {serial} 7200 3600 1209600 3600\n"
        f"{name} 3600 IN NS ns.{below}\nns.{below} 3600 IN A 127.0.0.1\n"
    )


@dataclass
class World:
    """Zones by origin, signed or not; `bends` change the response to a look-up on its way to the validator."""

    zones: dict[Name, Zone] = field(default_factory=dict)
    keys: dict[Name, tuple[ZoneKey, ...]] = field(default_factory=dict)
    anchors: TrustAnchors = field(default_factory=TrustAnchors)
    bends: dict[Lookup, Bend] = field(default_factory=dict)
    asked: list[Lookup] = field(default_factory=list)

    def add(
        self,
        origin: str,
        text: str,
        *,
        denial: NsecDenial | Nsec3Denial = NSEC,
        algorithm: int = 13,
        signed: bool = True,
        secure: Iterable[str] = (),
        parameters: SigningParameters = PARAMETERS,
    ) -> Zone:
        """Add a zone, children first. `secure` names the signed children that get a DS."""
        name = Name(origin)
        zone = Zone.from_text(apex(origin) + text, name)
        for child in secure:
            zone = zone.replace(ds_rrset(Name(child), self.keys[Name(child)]))
        if signed:
            self.keys[name] = generate_set(name, algorithm)
            zone = sign_zone(zone, self.keys[name], replace(parameters, denial=denial))
        self.zones[name] = zone
        return zone

    def anchor(self, *origins: str) -> None:
        self.anchors = TrustAnchors.from_records([ds_rrset(Name(o), self.keys[Name(o)]) for o in origins])

    def bend(self, name: str, rdtype: int, change: Bend) -> None:
        self.bends[Lookup(Name(name), rdtype)] = change

    def ask(self, lookup: Lookup) -> Message:
        """The answer of the zone that would be asked: DS at the parent (RFC 4035 §3.1.4.1)."""
        inside = lookup.name.parent() if lookup.rdtype == rr.DS and not lookup.name.is_root else lookup.name
        origin = max((o for o in self.zones if inside.is_subdomain_of(o)), key=lambda o: o.label_count)
        query = Message(1, 0, (lookup.name, lookup.rdtype, rr.CLASS_IN), edns=Edns())
        return Message.from_wire(answer(Authority([self.zones[origin]]), query).to_wire())

    def fetch(self, lookup: Lookup) -> Response:
        self.asked.append(lookup)
        message: Message | None = self.ask(lookup)
        bend = self.bends.get(lookup)
        if bend is not None and message is not None:
            message = bend(message)
        return Answer(message) if message is not None else NoAnswer(Failure.TIMEOUT, "nobody home")

    def check(
        self,
        name: str,
        rdtype: int = rr.A,
        *,
        now: int = NOW,
        limits: Limits | None = None,
        policy: Policy | None = None,
        effort: Effort = Effort.FIRST_PATH,
        trust: TrustCache | None = None,
        given: Response | None = None,
    ) -> Chain:
        validation = validate(
            Question(Name(name), rdtype),
            anchors=self.anchors,
            now=now,
            trust=trust if trust is not None else TrustCache(),
            policy=policy or Policy(),
            limits=limits or Limits(),
            effort=effort,
            given=given,
        )
        return drive(validation, self.fetch)


def sections(
    message: Message,
    *,
    answer: Iterable[RRset] | None = None,
    authority: Iterable[RRset] | None = None,
    rcode: int | None = None,
) -> Message:
    """The message with some sections replaced."""
    return Message(
        message.id,
        message.flags,
        message.question,
        tuple(message.answer if answer is None else answer),
        tuple(message.authority if authority is None else authority),
        message.additional,
        rcode=message.rcode if rcode is None else rcode,
        edns=message.edns,
    )


def without(*rdtypes: int) -> Bend:
    """Drop RRsets of these types (and the RRSIGs that cover them) from answer and authority."""

    def bend(message: Message) -> Message:
        def keep(section: tuple[RRset, ...]) -> list[RRset]:
            return [r for r in section if r.rdtype not in rdtypes and (r.covers or r.rdtype) not in rdtypes]

        return sections(message, answer=keep(message.answer), authority=keep(message.authority))

    return bend


def flip_signature(rrset: RRset) -> RRset:
    """The RRSIG RRset with one bit of each signature flipped."""
    return RRset(rrset.owner, rr.RRSIG, rrset.ttl, tuple(r[:-1] + bytes([r[-1] ^ 1]) for r in rrset.rdatas))


def usual() -> World:
    """Root → example. (NSEC), optout. (NSEC3 opt-out) → several zones. Built once a session: see conftest."""
    world = World()
    world.add(
        "nsec.example.",
        "www.nsec.example. IN A 192.0.2.1\n*.w.nsec.example. IN A 192.0.2.2\nb.a.ent.nsec.example. IN A 192.0.2.3\n"
        "alias.nsec.example. IN CNAME www.nsec3.optout.\nsub.nsec.example. IN NS ns.sub.nsec.example.\n"
        "ns.sub.nsec.example. IN A 127.0.0.1\nd.nsec.example. IN DNAME nsec3.optout.\n"
        "loop1.nsec.example. IN CNAME loop2.nsec.example.\nloop2.nsec.example. IN CNAME loop1.nsec.example.\n"
        "*.cw.nsec.example. IN CNAME www.nsec.example.\n",
    )
    world.add("sub.nsec.example.", "www.sub.nsec.example. IN A 192.0.2.4\n", signed=False)
    world.add(
        "nsec3.optout.",
        "www.nsec3.optout. IN A 192.0.2.5\n*.w.nsec3.optout. IN A 192.0.2.6\nb.a.ent.nsec3.optout. IN A 192.0.2.7\n"
        "sub.nsec3.optout. IN NS ns.sub.nsec3.optout.\nns.sub.nsec3.optout. IN A 127.0.0.1\n",
        denial=Nsec3Denial(),
    )
    world.add("sub.nsec3.optout.", "www.sub.nsec3.optout. IN A 192.0.2.8\n", signed=False)
    world.add("plain.optout.", "www.plain.optout. IN A 192.0.2.9\n", signed=False)
    world.add("island.example.", "www.island.example. IN A 192.0.2.10\n")
    world.add(
        "example.",
        "".join(f"{c} IN NS ns.{c}\nns.{c} IN A 127.0.0.1\n" for c in ("nsec.example.", "island.example.")),
        secure=["nsec.example."],
    )
    world.add(
        "optout.",
        "".join(f"{c} IN NS ns.{c}\nns.{c} IN A 127.0.0.1\n" for c in ("nsec3.optout.", "plain.optout.")),
        denial=Nsec3Denial(opt_out=True),
        secure=["nsec3.optout."],
    )
    world.add(
        ".",
        "".join(f"{c} IN NS ns.{c}\nns.{c} IN A 127.0.0.1\n" for c in ("example.", "optout.")),
        secure=["example.", "optout."],
    )
    world.anchor(".")
    return world

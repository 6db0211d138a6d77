"""A signed miniature Internet in memory, the same in every run, and the honest verdict on any question about it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from fuzz.keys import ECDSA_P256, ED25519, RSA_SHA256, key_set
from unbroken.anchors import TrustAnchors
from unbroken.authority import Authority, answer
from unbroken.chain import Chain, Question
from unbroken.delegation.ds import ds_rrset
from unbroken.dns import Edns, Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.keys import ZoneKey
from unbroken.signing import NSEC, Nsec3Denial, NsecDenial, SigningParameters, Zone, sign_zone
from unbroken.validation.drivers import drive
from unbroken.validation.protocol import Answer, Lookup, Response
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

NOW: Final = 1_800_000_000
DAY: Final = 86400
INCEPTION: Final = NOW - 3600
EXPIRATION: Final = NOW + 14 * DAY
ATTACKER: Final = Name("evil.example.")
"""A zone that is as well delegated and signed as any other, and whose owner is the adversary."""

_MAX_KEPT: Final = 4096  # honest verdicts and answers that are remembered

_VARIETY: Final = """
www 300 IN A 192.0.2.1
www 300 IN AAAA 2001:db8::1
www 600 IN TXT "v=1" "and \\"quotes\\""
*.w 300 IN A 192.0.2.2
*.w 300 IN TXT "wild"
b.a.ent 300 IN A 192.0.2.3
mx 300 IN MX 10 Mail.Other.EXAMPLE.
_443._tcp.www 300 IN TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
caa 300 IN CAA 0 issue "ca.example"
srv 300 IN SRV 1 2 3 Target.WWW
odd 300 IN TYPE65400 \\# 4 01020304
"""


@dataclass
class World:
    """Zones by origin, their keys, and the anchor of the root."""

    zones: dict[Name, Zone] = field(default_factory=dict)
    keys: dict[Name, tuple[ZoneKey, ZoneKey]] = field(default_factory=dict)
    anchors: TrustAnchors = field(default_factory=TrustAnchors)
    authentic: dict[tuple[Name, int], list[RRset]] = field(default_factory=dict)
    _answers: dict[Lookup, Message] = field(default_factory=dict)
    _chains: dict[Question, Chain] = field(default_factory=dict)

    def add(
        self, origin: str, text: str, *, denial: NsecDenial | Nsec3Denial = NSEC, algorithm: int = 0, secure: str = ""
    ) -> None:
        """Add a zone, children first; without algorithm it stays unsigned. `secure` names children that get a DS."""
        name = Name(origin)
        zone = Zone.from_text(_apex(origin) + text, name)
        zone = zone.replace(*(ds_rrset(Name(child), self.keys[Name(child)], ttl=1800) for child in secure.split()))
        if algorithm:
            self.keys[name] = key_set(name, algorithm)
            zone = sign_zone(zone, self.keys[name], SigningParameters(INCEPTION, EXPIRATION, denial))
            for owner in zone.owners():
                for rdtype, rrset in zone.node(owner).items():
                    if zone.rrsigs(owner, rdtype) is not None:
                        self.authentic.setdefault((owner, rdtype), []).append(rrset)
        self.zones[name] = zone

    def ask(self, lookup: Lookup) -> Message:
        """The honest answer, from the zone that would be asked: DS at the parent (RFC 4035 §3.1.4.1)."""
        known = self._answers.get(lookup)
        if known is None:
            inside = lookup.name.parent() if lookup.rdtype == rr.DS and not lookup.name.is_root else lookup.name
            origin = max((o for o in self.zones if inside.is_subdomain_of(o)), key=lambda o: o.label_count)
            query = Message(1, 0, (lookup.name, lookup.rdtype, rr.CLASS_IN), edns=Edns())
            known = Message.from_wire(answer(Authority([self.zones[origin]]), query).to_wire())
            _bound(self._answers)
            self._answers[lookup] = known
        return known

    def fetch(self, lookup: Lookup) -> Response:
        """`ask`, for a driver."""
        return Answer(self.ask(lookup))

    def truth(self, question: Question) -> Chain:
        """What the honest evidence proves."""
        known = self._chains.get(question)
        if known is None:
            validation = validate(question, anchors=self.anchors, now=NOW, trust=TrustCache())
            known = drive(validation, self.fetch)
            _bound(self._chains)
            self._chains[question] = known
        return known

    def lookups(self, question: Question) -> list[Lookup]:
        """What a validation of the question asks for, in order."""
        asked: dict[Lookup, None] = {}

        def fetch(lookup: Lookup) -> Response:
            asked[lookup] = None
            return self.fetch(lookup)

        drive(validate(question, anchors=self.anchors, now=NOW, trust=TrustCache()), fetch)
        return list(asked)

    def is_authentic(self, rrset: RRset) -> bool:
        """Whether a signed zone holds this very RRset, or a wildcard that it is expanded from."""
        if rrset in self.authentic.get((rrset.owner, rrset.rdtype), ()):
            return True
        for count in range(rrset.owner.label_count):
            source = rrset.owner.ancestor(count).wildcard()
            if rrset.with_owner(source) in self.authentic.get((source, rrset.rdtype), ()):
                return True
        return False


def _bound(kept: dict[Lookup, Message] | dict[Question, Chain]) -> None:
    if len(kept) >= _MAX_KEPT:
        kept.clear()


_ORIGINS: Final = (
    ".", "example.", "optout.", "nsec.example.", "sub.nsec.example.", "nsec3.optout.", "sub.nsec3.optout.", "plain.optout.",
    "island.example.", "evil.example.",
)  # fmt: skip


def address(origin: str) -> str:
    """Where the one server of a zone is, for those who ask over a transport."""
    return f"127.0.0.{_ORIGINS.index(origin) + 1}"


def _apex(origin: str) -> str:
    below = "" if origin == "." else origin
    return (
        f"{origin} 3600 IN SOA ns.{below} admin.{below} 1 7200 3600 1209600 900\n"
        f"{origin} 3600 IN NS ns.{below}\nns.{below} 3600 IN A {address(origin)}\n"
    )


def _cut(names: Iterable[str]) -> str:
    return "".join(f"{name} 7200 IN NS ns.{name}\nns.{name} 7200 IN A {address(name)}\n" for name in names)


@cache
def small_world() -> World:
    """Root → example. (NSEC), optout. (NSEC3, opt-out) → zones of every kind of answer and denial."""
    world = World()
    world.add(
        "nsec.example.",
        _VARIETY
        + "alias 300 IN CNAME www.nsec3.optout.\n*.cw 300 IN CNAME www\nd 300 IN DNAME nsec3.optout.\n"
        + "loop1 300 IN CNAME loop2\nloop2 300 IN CNAME loop1\ntoplain 300 IN CNAME www.plain.optout.\n"
        + "toevil 300 IN CNAME www.evil.example.\n"
        + _cut(["sub.nsec.example."]),
        algorithm=ED25519,
    )
    world.add("sub.nsec.example.", "www 300 IN A 192.0.2.4\n")
    world.add(
        "nsec3.optout.",
        _VARIETY + "alias 300 IN CNAME www.nsec.example.\n" + _cut(["sub.nsec3.optout."]),
        denial=Nsec3Denial(salt=b"\xaa\xbb", iterations=2),
        algorithm=ECDSA_P256,
    )
    world.add("sub.nsec3.optout.", "www 300 IN A 192.0.2.8\n")
    world.add("plain.optout.", "www 300 IN A 192.0.2.9\n*.w 300 IN A 192.0.2.11\n")
    world.add("island.example.", "www 300 IN A 192.0.2.10\n", algorithm=ED25519)
    world.add(
        str(ATTACKER),
        "www 300 IN A 203.0.113.1\n* 300 IN A 203.0.113.2\nto 300 IN CNAME www.nsec.example.\n",
        algorithm=ED25519,
    )
    children = ["nsec.example.", "island.example.", str(ATTACKER)]
    world.add("example.", _cut(children), algorithm=ECDSA_P256, secure=f"nsec.example. {ATTACKER}")
    world.add(
        "optout.",
        _cut(["nsec3.optout.", "plain.optout."]),
        denial=Nsec3Denial(opt_out=True),
        algorithm=ED25519,
        secure="nsec3.optout.",
    )
    world.add(".", _cut(["example.", "optout."]), algorithm=RSA_SHA256, secure="example. optout.")
    world.anchors = TrustAnchors.from_records([ds_rrset(Name.ROOT, world.keys[Name.ROOT])])
    return world


def _questions() -> tuple[Question, ...]:
    texts = [". SOA", ". DNSKEY", ". NS", "example. DS", "example. DNSKEY", "optout. SOA", "no-such-tld. A", "com. DS"]
    for zone in ("nsec.example.", "nsec3.optout."):
        types = {
            "": "SOA NS DNSKEY DS TXT",
            "www.": "A AAAA TXT ANY MX RRSIG",
            "mx.": "MX",
            "caa.": "CAA",
            "srv.": "SRV",
        }
        types |= {"x.w.": "A TXT MX", "*.w.": "A", "w.": "A", "a.ent.": "A", "no.such.": "A", "odd.": "TYPE65400"}
        types |= {"_443._tcp.www.": "TLSA", "sub.": "DS NS", "www.sub.": "A", "alias.": "A CNAME MX", "no.": "DS"}
        texts += [f"{owner}{zone} {rdtype}" for owner, names in types.items() for rdtype in names.split()]
    texts += ["y.cw.nsec.example. A", "www.d.nsec.example. A", "no.d.nsec.example. A", "loop1.nsec.example. A"]
    texts += ["toplain.nsec.example. A", "toevil.nsec.example. A", "www.plain.optout. A", "x.w.plain.optout. A"]
    texts += ["plain.optout. DS", "no.optout. A", "www.island.example. A", "island.example. DS", "www.evil.example. A"]
    texts += ["d.nsec.example. DNAME", "www.d.nsec.example. CNAME"]
    return tuple(_question(text) for text in texts)


def _question(text: str) -> Question:
    from unbroken._kernel import type_from_text

    name, _, rdtype = text.partition(" ")
    return Question(Name(name), type_from_text(rdtype))


QUESTIONS: Final = _questions()
"""One for each way that an answer can be, or be denied."""

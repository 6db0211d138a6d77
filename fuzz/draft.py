"""Alterations of responses, record by record: what somebody on the path, or a hostile server, can do to them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from fuzz.octets import mutate
from fuzz.world import ATTACKER, DAY, EXPIRATION, INCEPTION, QUESTIONS, World
from unbroken._kernel import SigningKey
from unbroken.dns import Message, Name, RRset, WireError
from unbroken.dns import rdtype as rr
from unbroken.keys import KernelSigner, ZoneKey, zone_key
from unbroken.signing import nsec_rdata, sign_rrset
from unbroken.validation.protocol import Lookup

_TTLS: Final = (0, 1, 60, 86400, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_RCODES: Final = (0, 0, 3, 3, 2, 5, 6, 23)
_FORGED_A: Final = b"\x06\x06\x06\x06"


@dataclass
class Draft:
    """A message under alteration."""

    message: Message
    sections: list[list[RRset]]
    rcode: int
    lookup: Lookup

    def build(self) -> Message:
        """The altered message. Raises WireError or ValueError when it can't be written."""
        m = self.message
        answer, authority, additional = (tuple(section) for section in self.sections)
        return Message(m.id, m.flags, m.question, answer, authority, additional, rcode=self.rcode, edns=m.edns)

    def place(self, random: Random) -> tuple[list[RRset], int] | None:
        """A random record set of a section that has any."""
        sections = [section for section in self.sections if section]
        if not sections:
            return None
        section = random.choice(sections)
        return section, random.randrange(len(section))


def draft(message: Message, lookup: Lookup) -> Draft:
    """A draft of an honest response."""
    return Draft(
        message, [list(message.answer), list(message.authority), list(message.additional)], message.rcode, lookup
    )


class Alterations:
    """All that an adversary has: every honest record, the keys of a zone of its own, and keys that nobody knows."""

    def __init__(self, world: World) -> None:
        self.world: Final = world
        self.lookups: Final = sorted(
            {lookup for question in QUESTIONS for lookup in world.lookups(question)}, key=lambda q: (q.name, q.rdtype)
        )
        self.names: Final = sorted({lookup.name for lookup in self.lookups})
        signed = [(z.rrset(o, t), z.rrsigs(o, t)) for z in world.zones.values() for o in z.owners() for t in z.node(o)]
        self.pairs: Final = [(rrset, rrsigs) for rrset, rrsigs in signed if rrset is not None]
        unknown = KernelSigner(SigningKey.from_pkcs8(15, bytes.fromhex("302e020100300506032b657004220420") + bytes(32)))
        self.keys: Final = [*world.keys[ATTACKER], zone_key(Name("nsec.example."), unknown, secure_entry_point=False)]
        self.operations: Final[tuple[Callable[[Random, Draft], None], ...]] = (
            self.drop, self.drop, self.move, self.inject, self.inject, self.rename, self.change_ttl, self.change_rcode,
            self.edit_rdata, self.edit_rdata, self.edit_rrsig, self.edit_rrsig, self.swap_signatures, self.forge,
            self.forge, self.flood, self.change_class, self.duplicate, self.replay_the_past, self.replay_the_past,
        )  # fmt: skip

    def alter(self, random: Random, lookup: Lookup) -> bytes | None:
        """The altered response to a look-up, as octets; None: it never comes."""
        kind = random.randrange(20)
        if kind == 0:
            return None
        if kind == 1:
            return self.world.ask(random.choice(self.lookups)).to_wire()
        honest = self.world.ask(lookup)
        if kind <= 5:
            return mutate(random, honest.to_wire())
        source = honest if kind < 16 else self.world.ask(random.choice(self.lookups))
        wire = self._edited(random, source, lookup)
        return mutate(random, wire, 1) if kind == 15 and wire is not None else wire

    def alter_message(self, random: Random, wire: bytes) -> bytes | None:
        """The same to a response at hand."""
        message = Message.from_wire(wire)
        if message.question is None:
            return wire
        return self._edited(random, message, Lookup(message.question[0], message.question[1]))

    def _edited(self, random: Random, source: Message, lookup: Lookup) -> bytes | None:
        changed = draft(source, lookup)
        for _ in range(random.choice((1, 1, 2, 3))):
            try:
                random.choice(self.operations)(random, changed)
            except (WireError, ValueError, TypeError):
                continue  # the alteration makes no record at all
        try:
            return changed.build().to_wire()
        except (WireError, ValueError):
            return None

    def drop(self, random: Random, target: Draft) -> None:
        """Leave out a record set."""
        if place := target.place(random):
            del place[0][place[1]]

    def duplicate(self, random: Random, target: Draft) -> None:
        """Have a record set twice."""
        if place := target.place(random):
            target.sections[random.randrange(3)].append(place[0][place[1]])

    def move(self, random: Random, target: Draft) -> None:
        """Into another section, or place."""
        if place := target.place(random):
            moved = place[0].pop(place[1])
            section = target.sections[random.randrange(3)]
            section.insert(random.randint(0, len(section)), moved)

    def inject(self, random: Random, target: Draft) -> None:
        """An honest record set of anywhere, with its signatures or without."""
        rrset, rrsigs = random.choice(self.pairs)
        section = target.sections[random.randrange(2)]
        section.append(rrset)
        if rrsigs is not None and random.random() < 0.9:
            section.append(rrsigs)

    def rename(self, random: Random, target: Draft) -> None:
        """Give a record set, and what signs it, another owner."""
        if (place := target.place(random)) is None:
            return
        section, position = place
        old = section[position].owner
        new = target.lookup.name if random.random() < 0.5 else random.choice(self.names)
        for index, rrset in enumerate(section):
            if rrset.owner == old and (index == position or random.random() < 0.9):
                section[index] = rrset.with_owner(new)

    def change_ttl(self, random: Random, target: Draft) -> None:
        """Of every record, mostly up."""
        ttl = random.choice(_TTLS)
        for section in target.sections:
            section[:] = [rrset.with_ttl(ttl) for rrset in section]

    def change_rcode(self, random: Random, target: Draft) -> None:
        """The rcode is never signed."""
        target.rcode = random.choice(_RCODES)

    def change_class(self, random: Random, target: Draft) -> None:
        """Or the type."""
        if place := target.place(random):
            r = place[0][place[1]]
            rdclass = random.choice((1, 3, 255))
            rdtype = r.rdtype if random.random() < 0.5 else random.choice((1, 5, 39, 43, 48, target.lookup.rdtype))
            place[0][place[1]] = RRset(r.owner, rdtype, r.ttl, r.rdatas, rdclass)

    def edit_rdata(self, random: Random, target: Draft) -> None:
        """Some octets of one record, or one record more, or one fewer."""
        if (place := target.place(random)) is None:
            return
        r = place[0][place[1]]
        rdatas = list(r.rdatas)
        position = random.randrange(len(rdatas))
        kind = random.randrange(4)
        if kind == 0 and len(rdatas) > 1:
            del rdatas[position]
        elif kind == 1:
            rdatas.append(mutate(random, rdatas[position], 1))
        else:
            rdatas[position] = mutate(random, rdatas[position], 1)
        place[0][place[1]] = RRset(r.owner, r.rdtype, r.ttl, tuple(rdatas), r.rdclass)

    def edit_rrsig(self, random: Random, target: Draft) -> None:
        """One field of a signature (RFC 4034 §3.1)."""
        places = [(s, i) for s in target.sections for i, r in enumerate(s) if r.rdtype == rr.RRSIG]
        if not places:
            return
        section, position = random.choice(places)
        r = section[position]
        rdata, signer = bytearray(r.rdatas[0]), r.rrsigs()[0].signer
        tail = bytes(rdata[18 + len(signer.wire) :])
        kind = random.randrange(8)
        if kind == 0:
            rdata[2] = random.choice((0, 5, 8, 13, 15, 16, 253))
        elif kind == 1:
            rdata[3] = random.choice((0, 1, 2, 3, rdata[3] - 1 & 0xFF, rdata[3] + 1 & 0xFF))
        elif kind == 2:
            rdata[4:8] = random.choice(_TTLS).to_bytes(4, "big")
        elif kind == 3:
            rdata[8:12] = (EXPIRATION + random.randint(-(1 << 21), 1 << 21)).to_bytes(4, "big")
        elif kind == 4:
            rdata[12:16] = (INCEPTION + random.randint(-(1 << 21), 1 << 21)).to_bytes(4, "big")
        elif kind == 5:
            rdata[16:18] = random.choice(self.keys).key_tag.to_bytes(2, "big")
        elif kind == 6:
            rdata[18:] = random.choice([*self.world.keys]).wire + tail
        else:
            rdata[-1 - random.randrange(len(tail))] ^= 1 << random.randrange(8)
        section[position] = RRset(r.owner, rr.RRSIG, r.ttl, (bytes(rdata), *r.rdatas[1:]))

    def swap_signatures(self, random: Random, target: Draft) -> None:
        """The signature of another RRset, made to say that it covers this one."""
        if (place := target.place(random)) is None:
            return
        r = place[0][place[1]]
        _, other = random.choice(self.pairs)
        if other is None:
            return
        rdata = other.rdatas[0]
        if random.random() < 0.8:
            rdata = (r.covers or r.rdtype).to_bytes(2, "big") + rdata[2:]
        place[0].append(RRset(r.owner, rr.RRSIG, r.ttl, (rdata,)))

    def forge(self, random: Random, target: Draft) -> None:
        """Records made up, signed by a key of the adversary's zone, in its own name or in that of any other zone."""
        key = random.choice(self.keys)
        signer = key if random.random() < 0.4 else replace(key, zone=random.choice([*self.world.keys]))
        rrset = self._made_up(random, key, target.lookup)
        labels = rrset.owner.rrsig_labels
        overrides = random.randint(0, labels) if random.random() < 0.2 else labels
        tag = random.choice([k.key_tag for pair in self.world.keys.values() for k in pair] + [key.key_tag] * 6)
        rrsigs = sign_rrset(rrset, signer, INCEPTION, EXPIRATION, labels=overrides, key_tag=tag)
        section = target.sections[random.randrange(2)]
        if random.random() < 0.5:
            section[:] = [r for r in section if (r.owner, r.covers or r.rdtype) != (rrset.owner, rrset.rdtype)]
        section[:0] = [rrset, rrsigs] if random.random() < 0.7 else [rrset]

    def _made_up(self, random: Random, key: ZoneKey, lookup: Lookup) -> RRset:
        owner = lookup.name if random.random() < 0.7 else random.choice(self.names)
        zone = random.choice([*self.world.keys])
        kind = random.randrange(7)
        if kind == 0:
            return RRset(owner, rr.DNSKEY, 3600, (key.dnskey.rdata,))
        if kind == 1:
            ds = next(r for r, _ in self.pairs if r.rdtype == rr.DS and r.owner == ATTACKER)
            return ds.with_owner(owner)
        if kind == 2:
            types = {rr.RRSIG, rr.NSEC} | ({rr.NS} if random.random() < 0.5 else set())
            return RRset(owner, rr.NSEC, 900, (nsec_rdata(random.choice(self.names), types),))
        if kind == 3:
            return RRset(owner, rr.CNAME, 300, (Name("www.evil.example.").wire,))
        if kind == 4:
            return RRset(zone, rr.DNAME, 300, (ATTACKER.wire,))
        if kind == 5:
            return next(r for r, _ in self.pairs if r.rdtype == rr.SOA and r.owner == zone)
        return RRset(owner, rr.A if random.random() < 0.5 else lookup.rdtype, 300, (_FORGED_A,))

    def replay_the_past(self, random: Random, target: Draft) -> None:
        """What the zone itself may have signed before, or signed for later; its keys are still the same."""
        rrset = self._made_up(random, self.keys[0], target.lookup)
        inside = rrset.owner.parent() if rrset.rdtype == rr.DS and not rrset.owner.is_root else rrset.owner
        zone = max((z for z in self.world.keys if inside.is_subdomain_of(z)), key=lambda z: z.label_count)
        key = self.world.keys[zone][0 if rrset.rdtype == rr.DNSKEY else 1]
        shift = random.choice((-60, -30, 30)) * DAY
        rrsigs = sign_rrset(rrset, key, INCEPTION + shift, EXPIRATION + shift)
        section = target.sections[0 if rrset.rdtype != rr.NSEC else 1]
        section[:] = [r for r in section if (r.owner, r.covers or r.rdtype) != (rrset.owner, rrset.rdtype)]
        section[:0] = [rrset, rrsigs]

    def flood(self, random: Random, target: Draft) -> None:
        """Many signatures, or many keys of one tag, ahead of the honest ones (CVE-2023-50387)."""
        places = [(s, i) for s in target.sections for i, r in enumerate(s) if r.rdtype in (rr.RRSIG, rr.DNSKEY)]
        if not places:
            return
        section, position = random.choice(places)
        r = section[position]
        count = random.choice((3, 9, 40))
        more = tuple(r.rdatas[0][:-2] + random.randbytes(2) for _ in range(count))
        section[position] = RRset(r.owner, r.rdtype, r.ttl, (*more, *r.rdatas) if random.random() < 0.5 else more)

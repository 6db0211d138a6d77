"""Chains made by hand, with real keys and signatures where those matter, for the tests of JSON, proofs and renderings."""

from dataclasses import replace

from unbroken import _kernel
from unbroken.chain import (
    Chain,
    Code,
    Denial,
    DenialKind,
    DenialRole,
    DsAttempt,
    DsOutcome,
    Evidence,
    Link,
    LinkKind,
    Mechanism,
    Outcome,
    Provenance,
    Question,
    Relation,
    SignatureAttempt,
    SignatureOutcome,
    Status,
    Subject,
    finding,
)
from unbroken.dns import Dnskey, Name, RRset
from unbroken.dns import rdtype as rr

NOW = 1_754_702_925
DAY = 86_400
ALGORITHM = 13
SEEN = Provenance("192.0.2.53", "udp", NOW)


def bitmap(*types: int) -> bytes:
    """RFC 4034 §4.1.2, window 0 only."""
    octets = bytearray(max(types) // 8 + 1)
    for number in types:
        octets[number // 8] |= 0x80 >> number % 8
    return bytes([0, len(octets)]) + bytes(octets)


class Zone:
    """A zone with one key, signed by hand."""

    def __init__(self, name: str) -> None:
        self.name = Name(name)
        self._key = _kernel.SigningKey.generate(ALGORITHM)
        self.dnskey_rrset = RRset(self.name, rr.DNSKEY, 3600, (b"\x01\x01\x03\x0d" + self._key.public_key,))
        self.dnskey: Dnskey = self.dnskey_rrset.dnskeys()[0]

    def sign(self, rrset: RRset, left: int = 12 * DAY) -> Evidence:
        """The RRset with a good signature that ends `left` seconds from NOW."""
        job = _kernel.SignJob(rrset, self._key, self.dnskey.key_tag, self.name, NOW - DAY, NOW + left)
        rdata = _kernel.sign_many([job])[0]
        return Evidence(rrset, RRset(rrset.owner, rr.RRSIG, rrset.ttl, (rdata,)).rrsigs(), SEEN)

    def ds_rrset(self) -> RRset:
        digest = _kernel.ds_digest(self.name, self.dnskey, 2)
        assert digest is not None
        rdata = self.dnskey.key_tag.to_bytes(2, "big") + bytes([ALGORITHM, 2]) + digest
        return RRset(self.name, rr.DS, 3600, (rdata,))

    def attempts(self, *evidence: Evidence) -> tuple[SignatureAttempt, ...]:
        return tuple(
            SignatureAttempt(rrsig, self.dnskey, SignatureOutcome.VERIFIED, item.rrset.owner)
            for item in evidence
            for rrsig in item.rrsigs
        )

    def link(self, kind: LinkKind, zone: Name, *evidence: Evidence, denial: Denial | None = None) -> Link:
        return Link(
            kind, zone, Status.SECURE, evidence, self.attempts(*evidence), denial=denial, valid_until=NOW + 3600
        )


ROOT, COM, EXAMPLE, NET = Zone("."), Zone("com."), Zone("example.com."), Zone("net.")
ANCHOR = Link(LinkKind.ANCHOR, ROOT.name, Status.SECURE, (Evidence(ROOT.ds_rrset()),))


def key_link(zone: Zone) -> Link:
    link = zone.link(LinkKind.KEY, zone.name, zone.sign(zone.dnskey_rrset, 9 * DAY))
    return replace(link, ds_attempts=(DsAttempt(zone.ds_rrset().dses()[0], zone.dnskey, DsOutcome.MATCHED),))


def ds_link(parent: Zone, child: Zone) -> Link:
    return parent.link(LinkKind.DELEGATION, child.name, parent.sign(child.ds_rrset(), 11 * DAY))


def rrset(owner: str, rdtype: int, *rdatas: bytes, ttl: int = 300) -> RRset:
    return RRset(Name(owner), rdtype, ttl, rdatas)


def to_example() -> tuple[Link, ...]:
    return (ANCHOR, key_link(ROOT), ds_link(ROOT, COM), key_link(COM), ds_link(COM, EXAMPLE), key_link(EXAMPLE))


def data_link(zone: Zone, data: RRset) -> Link:
    return zone.link(LinkKind.DATA, zone.name, zone.sign(data))


def secure() -> Chain:
    """An A RRset, two records, through com."""
    www = rrset("www.example.com.", rr.A, b"\xc0\x00\x02\x01", b"\xc0\x00\x02\x02")
    links = (*to_example(), data_link(EXAMPLE, www))
    return Chain(
        Question(www.owner, rr.A),
        Status.SECURE,
        Name.ROOT,
        links,
        outcome=Outcome.ANSWER,
        valid_from=NOW - DAY,
        valid_until=NOW + 300,
    )


def alias() -> Chain:
    """A CNAME into another zone."""
    cname = rrset("www.example.com.", rr.CNAME, Name("www.example.net.").wire)
    target = rrset("www.example.net.", rr.A, b"\xc0\x00\x02\x03")
    hop_links = (ANCHOR, key_link(ROOT), ds_link(ROOT, NET), key_link(NET), data_link(NET, target))
    hop = Chain(Question(target.owner, rr.A), Status.SECURE, Name.ROOT, hop_links, outcome=Outcome.ANSWER)
    links = (*to_example(), data_link(EXAMPLE, cname))
    return Chain(
        Question(cname.owner, rr.A), Status.SECURE, Name.ROOT, links, (hop,), Outcome.REDIRECT, valid_until=NOW + 300
    )


def nsec3_rrset(hashed: Name, zone: Zone, after: bytes = b"\xff" * 20, *types: int) -> RRset:
    digest = _kernel.nsec3_hash(hashed, b"", 0)
    rdata = b"\x01\x00\x00\x00\x00\x14" + after + (bitmap(*types) if types else b"")
    return RRset(zone.name.prepend(_kernel.base32hex(digest).encode()), rr.NSEC3, 300, (rdata,))


def nxdomain() -> Chain:
    """No such name, by NSEC3."""
    name = Name("no.example.com.")
    soa = rrset("example.com.", rr.SOA, Name("ns.example.com.").wire + Name("h.example.com.").wire + bytes(20))
    encloser = nsec3_rrset(EXAMPLE.name, EXAMPLE, b"\xff" * 20, rr.SOA, rr.NS, rr.DNSKEY)
    other = nsec3_rrset(Name("m.example.com."), EXAMPLE, b"\xee" * 20, rr.A)
    denial = Denial(
        DenialKind.NXDOMAIN,
        Mechanism.NSEC3,
        EXAMPLE.name,
        name,
        EXAMPLE.name.wildcard(),
        roles=(
            DenialRole(encloser.owner, Relation.MATCHES, EXAMPLE.name, Subject.CLOSEST_ENCLOSER),
            DenialRole(other.owner, Relation.COVERS, name, Subject.NEXT_CLOSER),
            DenialRole(other.owner, Relation.COVERS, EXAMPLE.name.wildcard(), Subject.SOURCE_OF_SYNTHESIS),
        ),
    )
    evidence = [EXAMPLE.sign(item) for item in (soa, encloser, other)]
    link = EXAMPLE.link(LinkKind.DENIAL, EXAMPLE.name, *evidence, denial=denial)
    links = (*to_example(), link)
    return Chain(Question(name, rr.A), Status.SECURE, Name.ROOT, links, outcome=Outcome.NXDOMAIN, rcode=rr.NXDOMAIN)


def insecure() -> Chain:
    """A delegation without DS, proven by NSEC, and an unsigned answer below it."""
    child = Name("plain.example.com.")
    nsec = RRset(child, rr.NSEC, 300, (Name("z.example.com.").wire + bitmap(rr.NS, rr.RRSIG, rr.NSEC),))
    denial = Denial(
        DenialKind.NO_DS, Mechanism.NSEC, roles=(DenialRole(child, Relation.MATCHES, child, Subject.QNAME),)
    )
    evidence = EXAMPLE.sign(nsec)
    link = replace(
        EXAMPLE.link(LinkKind.DELEGATION, child, evidence, denial=denial),
        status=Status.INSECURE,
        findings=(finding(Code.DELEGATION_INSECURE, child),),
    )
    data = Link(
        LinkKind.DATA, child, Status.INSECURE, (Evidence(rrset("plain.example.com.", rr.A, b"\xc0\x00\x02\x09")),)
    )
    return Chain(Question(child, rr.A), Status.INSECURE, Name.ROOT, (*to_example(), link, data), outcome=Outcome.ANSWER)


def bogus() -> Chain:
    """The DS of example.com. has the wrong digest."""
    broken = Link(
        LinkKind.KEY,
        EXAMPLE.name,
        Status.BOGUS,
        (EXAMPLE.sign(EXAMPLE.dnskey_rrset),),
        ds_attempts=(DsAttempt(EXAMPLE.ds_rrset().dses()[0], EXAMPLE.dnskey, DsOutcome.DIGEST_MISMATCH),),
        findings=(finding(Code.DS_DIGEST_MISMATCH, EXAMPLE.name, tags=EXAMPLE.dnskey.key_tag),),
    )
    return Chain(Question(Name("www.example.com."), rr.A), Status.BOGUS, Name.ROOT, (*to_example()[:-1], broken))


def unreachable() -> Chain:
    """Nothing could be fetched."""
    failed = finding(Code.LOOKUP_FAILED, ". DNSKEY", reason="no server answered")
    link = Link(LinkKind.KEY, Name.ROOT, Status.INDETERMINATE, findings=(failed,))
    return Chain(Question(Name("www.example.com."), rr.A), Status.INDETERMINATE, Name.ROOT, (ANCHOR, link))


ALL = {
    "secure": secure,
    "alias": alias,
    "nxdomain": nxdomain,
    "insecure": insecure,
    "bogus": bogus,
    "unreachable": unreachable,
}

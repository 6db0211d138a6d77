"""For random small zones: whatever is asked, every record is signed and every denial holds what RFC 4035 §3.1.3 and RFC 5155
§7.2 ask for. The expectations are worked out by brute force from the unsigned records, not from the code under test."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from unbroken._kernel import VERIFIED, base32hex_decode, nsec3_hash, verify
from unbroken.authority import Authority, answer
from unbroken.dns import Edns, Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.keys import generate
from unbroken.signing import NSEC, Nsec3Denial, SigningParameters, Zone, sign_zone

ORIGIN = Name("z.")
KEY = generate(ORIGIN, 15, secure_entry_point=True, csk=True)
BASE = "@ SOA ns root 1 2 3 4 5\n@ NS ns.elsewhere.\n"
RECORDS = {
    "a": "A 192.0.2.1",
    "txt": "TXT x",
    "cut": "NS ns.elsewhere.",
    "secure-cut": "NS ns.elsewhere.\n{0} DS 1 13 2 " + "00" * 32,
    "dname": "DNAME elsewhere.",
    "cname": "CNAME elsewhere.",
}

owners = st.lists(st.sampled_from(["a", "b", "*"]), min_size=1, max_size=3).map(".".join)
zones = st.dictionaries(owners, st.sampled_from(sorted(RECORDS)), max_size=8)
questions = st.lists(st.sampled_from(["a", "b", "c", "*"]), max_size=4).map(".".join)
denials = st.sampled_from([NSEC, Nsec3Denial(), Nsec3Denial(b"\xab", 2, opt_out=True)])


@dataclass(frozen=True)
class Oracle:
    """What exists, by the definitions of the RFCs, slowly."""

    kinds: dict[Name, str]

    def is_hidden(self, name: Name) -> bool:
        return any(name.is_below(other) for other, kind in self.kinds.items() if "cut" in kind or kind == "dname")

    def own(self) -> set[Name]:
        return {ORIGIN} | {name for name in self.kinds if not self.is_hidden(name)}

    def exists(self, name: Name) -> bool:
        return any(other.is_subdomain_of(name) for other in self.own()) and name.is_subdomain_of(ORIGIN)

    def encloser(self, name: Name) -> Name:
        while not self.exists(name):
            name = name.parent()
        return name

    def types(self, name: Name) -> set[int]:
        by_kind = {
            "a": {rr.A},
            "txt": {rr.TXT},
            "cut": {rr.NS},
            "secure-cut": {rr.NS, rr.DS},
            "dname": {rr.DNAME},
            "cname": {rr.CNAME},
        }
        return (
            {rr.SOA, rr.NS, rr.DNSKEY} if name == ORIGIN else by_kind[self.kinds[name]] if name in self.kinds else set()
        )


@dataclass(frozen=True)
class Proof:
    """The denial records of one message, read afresh."""

    nsecs: dict[Name, RRset]
    nsec3s: dict[bytes, RRset]

    def matches(self, name: Name, rdtype: int) -> bool:
        """A record matches and shows neither the type nor an alias."""
        if name in self.nsecs:
            nsec = self.nsecs[name].nsec()
            return nsec is not None and not nsec.has_type(rdtype) and not nsec.has_type(rr.CNAME)
        nsec3 = self.nsec3_matching(name)
        return nsec3 is not None and not nsec3.has_type(rdtype) and not nsec3.has_type(rr.CNAME)

    def nsec3_matching(self, name: Name):  # type: ignore[no-untyped-def]
        for digest, rrset in self.nsec3s.items():
            record = rrset.nsec3s()[0]
            if nsec3_hash(name, record.salt, record.iterations) == digest:
                return record
        return None

    def covers(self, name: Name, *, opt_out: bool | None = None) -> bool:
        for owner, rrset in self.nsecs.items():
            nsec = rrset.nsec()
            assert nsec is not None
            if owner < name and (name < nsec.next_name or nsec.next_name == ORIGIN):
                return True
        for digest, rrset in self.nsec3s.items():
            record = rrset.nsec3s()[0]
            sought = nsec3_hash(name, record.salt, record.iterations)
            low, high = digest, record.next_hash
            inside = low < sought < high if low < high else sought > low or sought < high
            if inside and (opt_out is None or record.opt_out == opt_out):
                return True
        return False

    def has_empty_non_terminal(self, name: Name) -> bool:
        following = [rrset.nsec() for owner, rrset in self.nsecs.items() if owner < name]
        return any(nsec is not None and nsec.next_name.is_below(name) for nsec in following)

    def proves_encloser(self, name: Name, *, opt_out: bool | None = None) -> Name | None:
        """The closest encloser that NSEC3 records prove for `name` (RFC 5155 §8.3)."""
        for count in range(name.label_count - 1, ORIGIN.label_count - 1, -1):
            if self.nsec3_matching(name.ancestor(count)) is not None:
                return name.ancestor(count) if self.covers(name.ancestor(count + 1), opt_out=opt_out) else None
        return None


def read_proof(message: Message) -> Proof:
    nsecs = {rrset.owner: rrset for rrset in message.authority if rrset.rdtype == rr.NSEC}
    nsec3s = {}
    for rrset in message.authority:
        if rrset.rdtype == rr.NSEC3:
            digest = base32hex_decode(rrset.owner.labels[0])
            assert digest is not None
            nsec3s[digest] = rrset
    return Proof(nsecs, nsec3s)


def require_signatures(message: Message, oracle: Oracle) -> None:
    section = message.answer + message.authority
    for rrset in section:
        if rrset.rdtype == rr.RRSIG:
            continue
        synthesised = rrset.rdtype == rr.CNAME and oracle.is_hidden(rrset.owner)
        at_cut = rrset.rdtype == rr.NS and not message.is_authoritative()
        rrsigs = [other for other in section if other.owner == rrset.owner and other.covers == rrset.rdtype]
        if synthesised or at_cut:
            assert not rrsigs
            continue
        (rrsig,) = rrsigs[0].rrsigs()
        assert verify(rrset, rrsig, KEY.dnskey) == VERIFIED


def require_referral(message: Message, cut: Name, oracle: Oracle) -> None:
    assert (message.rcode, message.is_authoritative(), message.answer) == (0, False, ())
    assert any(rrset.rdtype == rr.NS and rrset.owner == cut for rrset in message.authority)
    if oracle.kinds[cut] == "secure-cut":
        assert any(rrset.rdtype == rr.DS and rrset.owner == cut for rrset in message.authority)
        return
    require_no_data(message, cut, rr.DS)


def require_no_data(message: Message, name: Name, rdtype: int) -> None:
    proof = read_proof(message)
    direct = proof.matches(name, rdtype) or proof.has_empty_non_terminal(name)
    # RFC 5155 §8.6: without a matching record only a closest encloser proof with opt-out will do.
    assert direct or proof.proves_encloser(name, opt_out=True) is not None


def require_no_name(message: Message, name: Name, encloser: Name) -> None:
    proof = read_proof(message)
    assert message.rcode == rr.NXDOMAIN
    assert proof.covers(encloser.wildcard())
    if proof.nsecs:
        assert proof.covers(name)
    else:
        assert proof.proves_encloser(name) == encloser


def require_wildcard(message: Message, name: Name, rdtype: int, source: Name, types: set[int]) -> None:
    proof, encloser = read_proof(message), source.parent()
    assert message.rcode == rr.NOERROR
    assert proof.covers(name) or proof.covers(name.ancestor(encloser.label_count + 1))
    if types & {rdtype, rr.CNAME}:
        assert any(rrset.owner == name and rrset.rdtype in (rdtype, rr.CNAME) for rrset in message.answer)
        return
    assert not message.answer
    if proof.nsecs:
        assert proof.matches(source, rdtype) or proof.has_empty_non_terminal(source)
    else:
        assert proof.proves_encloser(name) == encloser
        assert proof.matches(source, rdtype)


@settings(max_examples=400, deadline=None)
@given(zones, questions, st.sampled_from([rr.A, rr.TXT, rr.DS, rr.NS, rr.SOA]), denials)
def test_every_answer_holds_the_records_that_prove_it(
    kinds: dict[str, str], question: str, rdtype: int, denial: Nsec3Denial
) -> None:
    # RFC 4592 §4.2, §4.4: what NS and DNAME at a wildcard mean is left open there, so it is not asked here.
    kinds = {
        owner: kind for owner, kind in kinds.items() if not (owner[0] == "*" and kind in ("cut", "secure-cut", "dname"))
    }
    text = BASE + "".join(f"{owner} {RECORDS[kind].format(owner)}\n" for owner, kind in kinds.items())
    zone = sign_zone(Zone.from_text(text, ORIGIN), (KEY,), SigningParameters(1, 2, denial))
    oracle = Oracle({Name(f"{owner}.z."): kind for owner, kind in kinds.items()})
    name = Name(f"{question}.z." if question else "z.")
    message = answer(Authority([zone]), Message(1, 0, (name, rdtype, 1), edns=Edns()))
    require_signatures(message, oracle)
    require_expected(message, name, rdtype, oracle)


def require_expected(message: Message, name: Name, rdtype: int, oracle: Oracle) -> None:
    encloser = oracle.encloser(name)
    kind = oracle.kinds.get(encloser, "")
    if "cut" in kind and not (name == encloser and rdtype == rr.DS):
        require_referral(message, encloser, oracle)
    elif name != encloser and kind == "dname":
        assert [rrset.rdtype for rrset in message.answer if rrset.rdtype != rr.RRSIG] == [rr.DNAME, rr.CNAME]
    elif name == encloser:
        assert message.rcode == rr.NOERROR
        if oracle.types(name) & {rdtype, rr.CNAME}:
            assert message.answer
        else:
            require_no_data(message, name, rdtype)
    elif oracle.exists(encloser.wildcard()):
        require_wildcard(message, name, rdtype, encloser.wildcard(), oracle.types(encloser.wildcard()))
    else:
        require_no_name(message, name, encloser)

"""The answers of RFC 4035 Appendix B and RFC 5155 Appendix B, from the zones of their Appendices A signed anew."""

from pathlib import Path

import pytest

from unbroken.authority import Authority, answer
from unbroken.dns import Edns, Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.keys import generate_set
from unbroken.signing import NSEC, Nsec3Denial, SigningParameters, Zone, sign_zone

DATA = Path(__file__).parents[1] / "signing" / "data"
EXAMPLE = Name("example.")
KEYS = generate_set(EXAMPLE, 15)


def authority(name: str, denial: Nsec3Denial | None) -> Authority:
    zone = Zone.from_text((DATA / name).read_text(), EXAMPLE)
    return Authority([sign_zone(zone, KEYS, SigningParameters(1, 2, denial or NSEC))])


BY_NSEC = authority("rfc4035.zone", None)
BY_NSEC3 = authority("rfc5155.zone", Nsec3Denial(bytes.fromhex("aabbccdd"), 12, opt_out=True))


def ask(server: Authority, name: str, rdtype: int) -> Message:
    return answer(server, Message(1, 0, (Name(name), rdtype, 1), edns=Edns()))


def described(section: tuple[RRset, ...]) -> set[tuple[str, int]]:
    """Owner and type of each RRset, signed ones as type and a half-open promise: every RRSIG must stand beside its RRset."""
    plain = {(rrset.owner, rrset.rdtype) for rrset in section if rrset.rdtype != rr.RRSIG}
    assert {(rrset.owner, rrset.covers) for rrset in section if rrset.rdtype == rr.RRSIG} <= plain
    return {(str(owner).removesuffix(".example."), rdtype) for owner, rdtype in plain}


def unsigned(message: Message) -> set[tuple[str, int]]:
    section = message.answer + message.authority
    signed = {(rrset.owner, rrset.covers) for rrset in section if rrset.rdtype == rr.RRSIG}
    plain = {(rrset.owner, rrset.rdtype) for rrset in section if rrset.rdtype != rr.RRSIG}
    return {(str(owner).removesuffix(".example."), rdtype) for owner, rdtype in plain - signed}


SOA = ("example.", rr.SOA)


@pytest.mark.parametrize(
    ("name", "rdtype", "rcode", "answers", "denials"),
    [
        pytest.param("x.w.example.", rr.MX, 0, {("x.w", rr.MX)}, set(), id="B.1 answer"),
        pytest.param("ml.example.", rr.A, 3, set(), {SOA, ("b", 47), ("example.", 47)}, id="B.2 name error"),
        pytest.param("ns1.example.", rr.MX, 0, set(), {SOA, ("ns1", 47)}, id="B.3 no data"),
        pytest.param("a.z.w.example.", rr.MX, 0, {("a.z.w", rr.MX)}, {("x.y.w", 47)}, id="B.6 wildcard expansion"),
        pytest.param("a.z.w.example.", rr.AAAA, 0, set(), {SOA, ("x.y.w", 47), ("*.w", 47)}, id="B.7 wildcard no data"),
        pytest.param("example.", rr.DS, 0, set(), {SOA, ("example.", 47)}, id="B.8 DS child zone no data"),
        pytest.param("y.w.example.", rr.A, 0, set(), {SOA, ("x.w", 47)}, id="empty non-terminal"),
    ],
)
def test_rfc4035_b_authoritative_answers(
    name: str, rdtype: int, rcode: int, answers: set[tuple[str, int]], denials: set[tuple[str, int]]
) -> None:
    message = ask(BY_NSEC, name, rdtype)
    assert (message.rcode, message.is_authoritative()) == (rcode, True)
    assert described(message.answer) == answers
    assert described(message.authority) == denials
    assert not unsigned(message)


def h(*hashes: str) -> set[tuple[str, int]]:
    return {(digest, rr.NSEC3) for digest in hashes}


APEX, NS1, A, XW = (
    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom",
    "2t7b4g4vsa5smi47k61mv5bv1a22bojr",
    "35mthgpgcu1qg68fab165klnsnk3dpvl",
    "b4um86eghhds6nea196smvmlo4ors995",
)
YW, W, NS2, WILD = (
    "ji6neoaepv8b5o6k4ev33abha8ht9fgc",
    "k8udemvp1j2f7eg6jebps17vp3n8i58h",
    "q04jkcevqvmu85r014c7dkba38o0ji5r",
    "r53bq7cc2uvmubfu5ocmm6pers9tk9en",
)


@pytest.mark.parametrize(
    ("name", "rdtype", "rcode", "answers", "denials"),
    [
        pytest.param("a.c.x.w.example.", rr.A, 3, set(), {SOA} | h(APEX, XW, A), id="B.1 name error"),
        pytest.param("ns1.example.", rr.MX, 0, set(), {SOA} | h(NS1), id="B.2 no data"),
        pytest.param("y.w.example.", rr.A, 0, set(), {SOA} | h(YW), id="B.2.1 empty non-terminal"),
        pytest.param("a.z.w.example.", rr.MX, 0, {("a.z.w", rr.MX)}, h(NS2), id="B.4 wildcard expansion"),
        pytest.param("a.z.w.example.", rr.AAAA, 0, set(), {SOA} | h(W, NS2, WILD), id="B.5 wildcard no data"),
        pytest.param("example.", rr.DS, 0, set(), {SOA} | h(APEX), id="B.6 DS child zone no data"),
    ],
)
def test_rfc5155_b_authoritative_answers(
    name: str, rdtype: int, rcode: int, answers: set[tuple[str, int]], denials: set[tuple[str, int]]
) -> None:
    message = ask(BY_NSEC3, name, rdtype)
    assert (message.rcode, message.is_authoritative()) == (rcode, True)
    assert described(message.answer) == answers
    assert described(message.authority) == denials
    assert not unsigned(message)


@pytest.mark.parametrize(
    ("server", "name", "cut", "proof"),
    [
        pytest.param(BY_NSEC, "mc.a.example.", "a", {("a", rr.DS)}, id="RFC 4035 B.4 signed"),
        pytest.param(BY_NSEC, "mc.b.example.", "b", {("b", rr.NSEC)}, id="RFC 4035 B.5 unsigned"),
        pytest.param(BY_NSEC3, "mc.c.example.", "c", h(A, APEX), id="RFC 5155 B.3 opt-out"),
        pytest.param(BY_NSEC3, "mc.a.example.", "a", {("a", rr.DS)}, id="RFC 5155 signed"),
    ],
)
def test_referrals(server: Authority, name: str, cut: str, proof: set[tuple[str, int]]) -> None:
    message = ask(server, name, rr.MX)
    assert (message.rcode, message.is_authoritative(), message.answer) == (0, False, ())
    assert described(message.authority) == {(cut, rr.NS)} | proof
    assert unsigned(message) == {(cut, rr.NS)}
    assert described(message.additional) == {(f"ns1.{cut}", rr.A), (f"ns2.{cut}", rr.A)}


def test_rfc5155_7_2_8_the_owner_of_an_nsec3_record_alone_does_not_exist() -> None:
    assert ask(BY_NSEC3, f"{NS2}.example.", rr.NSEC3).rcode == rr.NXDOMAIN
    assert ask(BY_NSEC3, f"{NS1}.example.", rr.A).rcode == rr.NOERROR  # this one is also a host of the example zone

"""What replies mean, and what is dropped from them because the server may not speak of it."""

import pytest

from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.resolving.reading import Kind, delegation_signer_answer, read

ZONE = Name("example.com.")
WWW = Name("www.example.com.")
SOA_DATA = b"\x00\x00" + bytes(16) + (300).to_bytes(4, "big")


def a(owner: str, last: int = 1) -> RRset:
    return RRset(Name(owner), rr.A, 300, (bytes([192, 0, 2, last]),))


def names(owner: str, rdtype: int, *targets: str) -> RRset:
    return RRset(Name(owner), rdtype, 300, tuple(Name(target).wire for target in targets))


def soa(owner: str) -> RRset:
    return RRset(Name(owner), rr.SOA, 300, (SOA_DATA,))


def rrsig(owner: str, covered: int, signer: str = "example.com.") -> RRset:
    fields = covered.to_bytes(2, "big") + bytes([13, 3]) + (300).to_bytes(4, "big") + bytes(8) + b"\x12\x34"
    return RRset(Name(owner), rr.RRSIG, 300, (fields + Name(signer).wire + bytes(64),))


def nsec(owner: str, following: str) -> RRset:
    return RRset(Name(owner), rr.NSEC, 300, (Name(following).wire + b"\x00\x01\x40",))


def message(
    *,
    flags: int = rr.QR | rr.AA,
    rcode: int = 0,
    name: Name = WWW,
    rdtype: int = rr.A,
    answer: tuple[RRset, ...] = (),
    authority: tuple[RRset, ...] = (),
    additional: tuple[RRset, ...] = (),
) -> Message:
    return Message(1, flags, (name, rdtype, 1), answer, authority, additional, rcode=rcode)


def test_records_of_others_are_dropped_from_an_answer() -> None:
    """RFC 5452 §6: only what belongs to the question and the server's zone is kept."""
    poisoned = message(
        answer=(
            a("www.example.com."),
            rrsig("www.example.com.", rr.A),
            a("www.victim.net.", 66),
            a("mail.example.com."),
        ),
        authority=(
            names("example.com.", rr.NS, "ns.evil.net."),
            names("net.", rr.NS, "ns.evil.net."),
            nsec("a.net.", "b.net."),
        ),
        additional=(a("ns.evil.net.", 66), a("www.victim.net.", 66)),
    )
    reading = read(poisoned, ZONE, WWW, rr.A)
    assert reading.kind is Kind.ANSWER
    assert [(str(r.owner), r.rdtype) for r in reading.message.answer] == [
        ("www.example.com.", 1),
        ("www.example.com.", 46),
    ]
    assert reading.message.authority == ()
    assert reading.message.additional == ()


def test_the_proof_of_a_wildcard_stays() -> None:
    kept = message(
        answer=(a("www.example.com."),),
        authority=(nsec("a.example.com.", "z.example.com."), rrsig("a.example.com.", rr.NSEC)),
    )
    assert len(read(kept, ZONE, WWW, rr.A).message.authority) == 2


def test_an_alias_out_of_the_zone_ends_there_and_what_is_said_of_its_target_does_not_count() -> None:
    reply = message(
        rcode=rr.NXDOMAIN,
        answer=(names("www.example.com.", rr.CNAME, "www.victim.net."), a("www.victim.net.", 66)),
        authority=(soa("example.com."),),
    )
    reading = read(reply, ZONE, WWW, rr.A)
    assert [str(r.owner) for r in reading.message.answer] == ["www.example.com."]
    assert reading.message.rcode == rr.NOERROR
    assert reading.message.authority == ()


def test_an_alias_within_the_zone_is_followed() -> None:
    reply = message(answer=(a("b.example.com."), names("www.example.com.", rr.CNAME, "b.example.com.")))
    assert {r.rdtype for r in read(reply, ZONE, WWW, rr.A).message.answer} == {rr.CNAME, rr.A}


def test_a_cname_is_made_from_a_dname_that_came_without() -> None:
    """RFC 6672 §3.2."""
    reply = message(answer=(names("example.com.", rr.DNAME, "example.net."),))
    answer = read(reply, Name("com."), WWW, rr.A).message.answer
    assert (answer[1].owner, answer[1].rdtype, answer[1].target()) == (WWW, rr.CNAME, Name("www.example.net."))


def test_a_dname_whose_target_gets_too_long_ends_the_way() -> None:
    """RFC 6672 §2.2: YXDOMAIN."""
    long = ".".join(["x" * 62] * 4) + "."
    reply = message(rcode=rr.YXDOMAIN, answer=(names("example.com.", rr.DNAME, long),))
    reading = read(reply, Name("com."), WWW, rr.A)
    assert reading.kind is Kind.ANSWER
    assert [r.rdtype for r in reading.message.answer] == [rr.DNAME]


def test_aliases_in_a_circle_end() -> None:
    reply = message(
        answer=(
            names("www.example.com.", rr.CNAME, "b.example.com."),
            names("b.example.com.", rr.CNAME, "www.example.com."),
        )
    )
    assert len(read(reply, ZONE, WWW, rr.A).message.answer) == 2


def test_a_signature_in_another_section_joins_its_records() -> None:
    reply = message(answer=(a("www.example.com."),), additional=(rrsig("www.example.com.", rr.A),))
    assert len(read(reply, ZONE, WWW, rr.A).message.answer) == 2


def test_a_referral_keeps_its_ds_and_the_glue_of_its_servers_in_bailiwick() -> None:
    reply = message(
        flags=rr.QR,
        name=Name("x.sub.example.com."),
        authority=(
            names("sub.example.com.", rr.NS, "ns.sub.example.com.", "ns.victim.net."),
            RRset(Name("sub.example.com."), rr.DS, 300, (b"\x12\x34\x0d\x02" + bytes(32),)),
            rrsig("sub.example.com.", rr.DS),
            soa("example.com."),
            names("net.", rr.NS, "ns.evil.net."),
        ),
        additional=(a("ns.sub.example.com."), a("ns.victim.net.", 66), a("www.example.com.", 66)),
    )
    assert read(reply, ZONE, Name("x.sub.example.com."), rr.A).kind is Kind.ANSWER  # the SOA says NODATA
    without_soa = message(
        flags=rr.QR,
        name=Name("x.sub.example.com."),
        authority=tuple(r for r in reply.authority if r.rdtype != rr.SOA),
        additional=reply.additional,
    )
    reading = read(without_soa, ZONE, Name("x.sub.example.com."), rr.A)
    assert (reading.kind, reading.cut) == (Kind.REFERRAL, Name("sub.example.com."))
    assert [r.rdtype for r in reading.message.authority] == [rr.NS, rr.DS, rr.RRSIG]
    assert [str(r.owner) for r in reading.message.additional] == ["ns.sub.example.com."]
    answer = delegation_signer_answer(reading.message, Name("sub.example.com."))
    assert answer is not None
    assert [r.rdtype for r in answer.answer] == [rr.DS, rr.RRSIG]


def test_a_referral_with_an_unsigned_ds_answers_nothing() -> None:
    ds = RRset(Name("sub.example.com."), rr.DS, 300, (b"\x12\x34\x0d\x02" + bytes(32),))
    assert delegation_signer_answer(message(authority=(ds,)), Name("sub.example.com.")) is None


def test_the_proof_that_there_is_no_ds_answers_for_it() -> None:
    proof = (nsec("sub.example.com.", "z.example.com."), rrsig("sub.example.com.", rr.NSEC))
    answer = delegation_signer_answer(message(authority=proof), Name("sub.example.com."))
    assert answer is not None
    assert (answer.answer, len(answer.authority)) == ((), 2)
    elsewhere = (nsec("a.example.com.", "z.example.com."), rrsig("a.example.com.", rr.NSEC))
    assert delegation_signer_answer(message(authority=elsewhere), Name("sub.example.com.")) is None


@pytest.mark.parametrize(
    ("authority", "flags", "kind"),
    [
        ((soa("example.com."),), rr.QR | rr.AA, Kind.ANSWER),
        ((soa("example.com."),), rr.QR, Kind.ANSWER),
        ((soa("example.com."),), rr.QR | rr.RA, Kind.WEAK),
        ((soa("com."),), rr.QR, Kind.WEAK),
        ((names("com.", rr.NS, "ns.com."),), rr.QR, Kind.LAME),
        ((names("example.net.", rr.NS, "ns.com."),), rr.QR, Kind.LAME),
        ((names("example.com.", rr.NS, "ns.com."),), rr.QR, Kind.LAME),
        ((names("example.com.", rr.NS, "ns.com."),), rr.QR | rr.AA, Kind.ANSWER),
        ((names("www.example.com.", rr.NS, "ns.com."),), rr.QR, Kind.REFERRAL),
        ((names("other.example.com.", rr.NS, "ns.com."),), rr.QR, Kind.LAME),
        ((), rr.QR | rr.AA, Kind.ANSWER),
        ((), rr.QR, Kind.WEAK),
    ],
)
def test_noerror_without_data_is_told_apart(authority: tuple[RRset, ...], flags: int, kind: Kind) -> None:
    assert read(message(flags=flags, authority=authority), ZONE, WWW, rr.A).kind is kind


@pytest.mark.parametrize("rcode", [rr.SERVFAIL, rr.REFUSED, rr.FORMERR, rr.NOTIMP, rr.NOTAUTH, rr.YXDOMAIN])
def test_other_rcodes_are_failures(rcode: int) -> None:
    assert read(message(rcode=rcode), ZONE, WWW, rr.A).kind is Kind.FAILED


def test_rfc6672_2_2_yxdomain_without_a_dname_is_a_failure() -> None:
    assert read(message(rcode=rr.YXDOMAIN, answer=(a("www.example.com."),)), ZONE, WWW, rr.A).kind is Kind.FAILED


@pytest.mark.parametrize(("following", "count"), [("b.example.com.", 1), ("b.example.net.", 0)])
def test_rfc4034_4_1_1_an_nsec_does_not_reach_out_of_the_zone(following: str, count: int) -> None:
    reading = read(message(rdtype=rr.NSEC, answer=(nsec("www.example.com.", following),)), ZONE, WWW, rr.NSEC)
    assert len(reading.message.answer) == count


@pytest.mark.parametrize("rdclass", [254, 255])
def test_rfc2136_2_4_an_nsec_of_class_none_or_any_may_hold_nothing(rdclass: int) -> None:
    odd = RRset(WWW, rr.NSEC, 0, (b"",), rdclass)
    reading = read(message(rdtype=rr.ANY, answer=(odd, a("www.example.com."))), ZONE, WWW, rr.ANY)
    assert reading.message.answer == (a("www.example.com."),)


def test_a_forwarder_that_refers_does_not_recurse() -> None:
    reply = message(flags=rr.QR, authority=(names("com.", rr.NS, "ns.com."),))
    assert read(reply, Name.ROOT, WWW, rr.A, recursive=True).kind is Kind.LAME


def test_a_message_of_another_class_is_no_answer() -> None:
    chaos = RRset(WWW, rr.A, 300, (bytes(4),), 3)
    assert read(message(flags=rr.QR, answer=(chaos,)), ZONE, WWW, rr.A).kind is Kind.WEAK


def test_any_takes_everything_at_the_name() -> None:
    reply = message(rdtype=rr.ANY, answer=(a("www.example.com."), rrsig("www.example.com.", rr.A), a("x.example.com.")))
    assert len(read(reply, ZONE, WWW, rr.ANY).message.answer) == 2


@pytest.mark.parametrize("rcode", [rr.NOERROR, rr.NXDOMAIN])
def test_a_middlebox_that_knows_nothing_is_no_server_of_the_zone(rcode: int) -> None:
    """RFC 2308 §2: a negative answer of the zone's own server has its SOA; one with RA, without AA and empty is of another."""
    empty = message(flags=rr.QR | rr.RA, rcode=rcode)
    assert read(empty, ZONE, WWW, rr.A).kind is Kind.LAME
    assert read(empty, ZONE, WWW, rr.A, recursive=True).kind is not Kind.LAME
    assert (
        read(message(flags=rr.QR | rr.RA, rcode=rcode, authority=(soa("example.com."),)), ZONE, WWW, rr.A).kind
        is Kind.WEAK
    )

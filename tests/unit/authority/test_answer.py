"""Authoritative answers: zone choice, aliases, DNAME, EDNS, DO, header rules, sizes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbroken._kernel import base32hex, nsec3_hash
from unbroken.authority import UDP_SIZE, Authority, ZoneIndex, answer, respond
from unbroken.dns import Edns, Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.keys import generate_set
from unbroken.signing import Nsec3Denial, SigningParameters, Zone, sign_zone

SOA = "@ 600 SOA ns root 1 2 3 4 300\n@ NS ns\nns A 192.0.2.1\n"
CHILD_DS = "DS 1 13 2 " + "00" * 32


def zone(origin: str, text: str, *, signed: bool = True, nsec3: bool = False) -> Zone:
    plain = Zone.from_text(SOA + text, Name(origin))
    if not signed:
        return plain
    keys = generate_set(Name(origin), 15)
    return (
        sign_zone(plain, keys, SigningParameters(1, 2, Nsec3Denial()))
        if nsec3
        else sign_zone(plain, keys, SigningParameters(1, 2))
    )


PARENT = zone(
    "test.",
    f"""
child NS ns.child
child {CHILD_DS}
ns.child A 192.0.2.9
sibling NS ns.child
away NS ns.elsewhere.
alias CNAME www
www A 192.0.2.2
chain CNAME alias
dangling CNAME nothing
out CNAME www.other.
below CNAME host.away
loop CNAME loop2
loop2 CNAME loop
d DNAME www
long DNAME {".".join(["l" * 60] * 4)}.
*.wild CNAME www
*.empty.branch TXT x
*.ent A 192.0.2.3
x.*.deep TXT x
mail MX 1 www
""",
)
CHILD = zone("child.test.", "host A 192.0.2.8\n", nsec3=True)
BOTH = Authority([PARENT, CHILD])


def ask(
    server: Authority,
    name: str,
    rdtype: int = rr.A,
    *,
    do: bool = True,
    edns: bool = True,
    flags: int = 0,
    rdclass: int = 1,
) -> Message:
    query = Message(9, flags, (Name(name), rdtype, rdclass), edns=Edns(do=do) if edns else None)
    return answer(server, query)


def types(section: tuple[RRset, ...]) -> list[tuple[str, int]]:
    return [(str(rrset.owner), rrset.rdtype) for rrset in section if rrset.rdtype != rr.RRSIG]


def test_rfc1034_4_3_2_the_longest_match_answers() -> None:
    assert types(ask(BOTH, "host.child.test.").answer) == [("host.child.test.", rr.A)]
    assert types(ask(Authority([PARENT]), "host.child.test.").answer) == []


def test_rfc4035_3_1_4_1_ds_is_asked_at_the_parent_when_both_are_here() -> None:
    message = ask(BOTH, "child.test.", rr.DS)
    assert (types(message.answer), message.is_authoritative()) == ([("child.test.", rr.DS)], True)


def test_rfc4035_3_1_4_1_ds_at_the_child_alone_is_no_data() -> None:
    message = ask(Authority([CHILD]), "child.test.", rr.DS)
    assert (message.rcode, message.answer, message.is_authoritative()) == (0, (), True)
    assert ("child.test.", rr.SOA) in types(message.authority)


def test_ds_with_a_grandparent_but_no_parent_is_answered_by_the_child() -> None:
    grandchild = zone("g.away.test.", "")
    message = ask(Authority([PARENT, grandchild]), "g.away.test.", rr.DS)
    assert (message.is_authoritative(), types(message.authority)[0]) == (True, ("g.away.test.", rr.SOA))


def test_ds_of_the_root_and_of_a_name_that_is_no_cut() -> None:
    root = Authority([zone(".", "test. NS ns.test.\n")])
    assert types(ask(root, ".", rr.DS).authority) == [(".", rr.SOA), (".", rr.NSEC)]
    assert types(ask(BOTH, "www.test.", rr.DS).authority) == [("test.", rr.SOA), ("www.test.", rr.NSEC)]


def test_no_zone_no_answer() -> None:
    message = ask(BOTH, "www.other.")
    assert (message.rcode, message.is_authoritative(), message.authority) == (rr.REFUSED, False, ())


def test_an_authority_without_zones_refuses() -> None:
    assert ask(Authority([]), ".").rcode == rr.REFUSED


def test_replace_serves_the_new_zone_and_keeps_the_others() -> None:
    server = BOTH.replace(zone("test.", "www A 192.0.2.77\n"))
    assert ask(server, "www.test.").answer[0].rdatas == (b"\xc0\x00\x02\x4d",)
    assert types(ask(server, "host.child.test.").answer) == [("host.child.test.", rr.A)]


def test_cnames_are_followed_within_the_zone() -> None:
    assert types(ask(BOTH, "chain.test.").answer) == [
        ("chain.test.", rr.CNAME),
        ("alias.test.", rr.CNAME),
        ("www.test.", rr.A),
    ]


def test_a_cname_that_is_asked_for_is_not_followed() -> None:
    assert types(ask(BOTH, "chain.test.", rr.CNAME).answer) == [("chain.test.", rr.CNAME)]


def test_rfc2308_2_1_the_rcode_is_that_of_the_last_name() -> None:
    message = ask(BOTH, "dangling.test.")
    assert (message.rcode, types(message.answer)) == (rr.NXDOMAIN, [("dangling.test.", rr.CNAME)])
    assert ("test.", rr.SOA) in types(message.authority)


@pytest.mark.parametrize("name", ["out.test.", "below.test."])
def test_a_cname_that_leaves_the_zone_ends_the_answer(name: str) -> None:
    message = ask(BOTH, name)
    assert (message.rcode, types(message.answer), message.authority) == (0, [(name, rr.CNAME)], ())
    assert message.is_authoritative()


def test_a_cname_loop_ends() -> None:
    assert types(ask(BOTH, "loop.test.").answer) == [("loop.test.", rr.CNAME), ("loop2.test.", rr.CNAME)]


def test_rfc6672_3_2_a_dname_makes_a_cname_that_is_not_signed() -> None:
    message = ask(BOTH, "x.d.test.")
    assert types(message.answer) == [("d.test.", rr.DNAME), ("x.d.test.", rr.CNAME)]
    assert [rrset.covers for rrset in message.answer if rrset.rdtype == rr.RRSIG] == [rr.DNAME]
    assert message.answer[-1].target() == Name("x.www.test.")
    assert message.rcode == rr.NXDOMAIN


def test_rfc6672_2_3_a_dname_does_not_redirect_its_own_owner() -> None:
    message = ask(BOTH, "d.test.")
    assert (message.rcode, types(message.authority)) == (0, [("test.", rr.SOA), ("d.test.", rr.NSEC)])


def test_rfc6672_2_2_a_name_that_grows_too_long_is_yxdomain() -> None:
    message = ask(BOTH, f"{'x' * 20}.long.test.")
    assert (message.rcode, types(message.answer)) == (rr.YXDOMAIN, [("long.test.", rr.DNAME)])


def test_rfc4592_a_wildcard_alias_is_expanded_and_proven() -> None:
    message = ask(BOTH, "a.b.wild.test.")
    assert types(message.answer) == [("a.b.wild.test.", rr.CNAME), ("www.test.", rr.A)]
    rrsig = next(rrset for rrset in message.answer if rrset.covers == rr.CNAME)
    assert (rrsig.owner, rrsig.rrsigs()[0].labels) == (Name("a.b.wild.test."), 2)
    assert [rdtype for _, rdtype in types(message.authority)] == [rr.NSEC]


def test_rfc4592_2_2_1_a_wildcard_does_not_reach_below_a_name_that_exists() -> None:
    assert ask(BOTH, "a.branch.test.").rcode == rr.NXDOMAIN
    assert ask(BOTH, "a.empty.branch.test.", rr.TXT).rcode == rr.NOERROR


def test_rfc4592_2_2_2_an_empty_wildcard_gives_no_data() -> None:
    message = ask(BOTH, "y.deep.test.")
    assert (message.rcode, message.answer) == (rr.NOERROR, ())


def test_the_wildcard_itself_can_be_asked_for() -> None:
    assert types(ask(BOTH, "*.ent.test.").answer) == [("*.ent.test.", rr.A)]
    assert not ask(BOTH, "*.ent.test.").authority


def test_referrals_bring_glue_of_siblings_too() -> None:
    message = ask(Authority([PARENT]), "x.sibling.test.")
    assert types(message.additional) == [("ns.child.test.", rr.A)]
    assert types(message.authority) == [("sibling.test.", rr.NS), ("sibling.test.", rr.NSEC)]


def test_name_servers_and_exchanges_come_with_their_addresses() -> None:
    assert types(ask(BOTH, "test.", rr.NS).additional) == [("ns.test.", rr.A)]
    assert types(ask(BOTH, "mail.test.", rr.MX).additional) == [("www.test.", rr.A)]


def test_any_gives_all_with_do_and_no_signatures_without() -> None:
    with_do, without = ask(BOTH, "test.", rr.ANY), ask(BOTH, "test.", rr.ANY, do=False)
    assert {rdtype for _, rdtype in types(with_do.answer)} == {rr.SOA, rr.NS, rr.DNSKEY, rr.NSEC}
    assert any(rrset.rdtype == rr.RRSIG for rrset in with_do.answer)
    assert {rrset.rdtype for rrset in without.answer} == {rr.SOA, rr.NS, rr.DNSKEY}


def test_rrsigs_can_be_asked_for_without_do() -> None:
    message = ask(BOTH, "www.test.", rr.RRSIG, do=False)
    assert {rrset.covers for rrset in message.answer} == {rr.A, rr.NSEC}
    assert ask(BOTH, "www.test.", rr.NSEC, edns=False).answer[0].rdtype == rr.NSEC


@pytest.mark.parametrize("edns", [True, False])
@pytest.mark.parametrize("name", ["www.test.", "nothing.test.", "x.child.test.", "a.wild.test.", "x.away.test."])
def test_rfc4035_3_1_no_dnssec_records_without_do(name: str, edns: bool) -> None:
    message = ask(Authority([PARENT]), name, do=False, edns=edns)
    section = message.answer + message.authority + message.additional
    assert section and not {rrset.rdtype for rrset in section} & {rr.RRSIG, rr.NSEC, rr.NSEC3, rr.DS}


def test_an_unsigned_zone_answers_plainly_to_do() -> None:
    server = Authority([zone("plain.", "*.w A 192.0.2.1\nc NS ns.c\n", signed=False)])
    assert types(ask(server, "x.plain.").authority) == [("plain.", rr.SOA)]
    assert types(ask(server, "x.c.plain.").authority) == [("c.plain.", rr.NS)]
    assert types(ask(server, "x.w.plain.").answer) == [("x.w.plain.", rr.A)]


def test_rfc2308_3_the_soa_of_a_denial_has_the_negative_ttl() -> None:
    message = ask(BOTH, "nothing.test.")
    assert {rrset.ttl for rrset in message.authority} == {300}


def test_edns_is_answered_with_edns_and_do_is_copied() -> None:
    for do in (True, False):
        edns = ask(BOTH, "www.test.", do=do).edns
        assert edns is not None and (edns.do, edns.udp_size, edns.version) == (do, UDP_SIZE, 0)
    assert ask(BOTH, "www.test.", edns=False).edns is None


def test_rfc6891_6_1_3_an_unknown_version_is_badvers() -> None:
    message = answer(BOTH, Message(1, 0, (Name("www.test."), rr.A, 1), edns=Edns(version=1)))
    assert (message.rcode, message.answer) == (rr.BADVERS, ())
    assert message.edns is not None and message.edns.version == 0


def test_rfc4035_3_1_6_flags() -> None:
    message = ask(BOTH, "www.test.", flags=rr.RD | rr.CD | rr.AD)
    assert message.flags == rr.QR | rr.AA | rr.RD


@pytest.mark.parametrize("opcode", [1, 2, 4, 5, 15])
def test_other_opcodes_are_not_implemented(opcode: int) -> None:
    message = answer(BOTH, Message(1, 0, (Name("test."), rr.SOA, 1), opcode=opcode))
    assert (message.rcode, message.opcode, message.answer) == (rr.NOTIMP, opcode, ())


def test_no_question_is_a_format_error() -> None:
    assert answer(BOTH, Message(1, 0, None)).rcode == rr.FORMERR


@pytest.mark.parametrize(("rdtype", "rdclass"), [(rr.AXFR, 1), (rr.IXFR, 1), (rr.OPT, 1), (rr.A, 3)])
def test_what_is_not_served_is_refused(rdtype: int, rdclass: int) -> None:
    assert ask(BOTH, "www.test.", rdtype, rdclass=rdclass).rcode == rr.REFUSED


def query_wire(name: str, rdtype: int, edns: Edns | None) -> bytes:
    return Message(0x1234, rr.RD, (Name(name), rdtype, 1), edns=edns).to_wire()


BIG = Authority([zone("big.", "".join(f"t TXT {'x' * 200}{number}\n" for number in range(30)))])


@pytest.mark.parametrize(("edns", "limit"), [(None, 512), (Edns(100), 512), (Edns(900), 900), (Edns(65535), UDP_SIZE)])
def test_rfc6891_6_2_3_udp_answers_keep_to_the_size_and_say_that_they_are_cut(edns: Edns | None, limit: int) -> None:
    wire = respond(BIG, query_wire("t.big.", rr.TXT, edns), tcp=False)
    assert wire is not None and len(wire) <= limit
    assert Message.from_wire(wire).is_truncated()


def test_tcp_answers_are_whole() -> None:
    wire = respond(BIG, query_wire("t.big.", rr.TXT, None), tcp=True)
    assert wire is not None
    message = Message.from_wire(wire)
    assert (message.is_truncated(), len(message.answer[0]), message.id) == (False, 30, 0x1234)


def test_responses_and_scraps_get_silence() -> None:
    query = query_wire("www.test.", rr.A, None)
    assert respond(BOTH, query[:11], tcp=False) is None
    assert respond(BOTH, query[:2] + bytes((query[2] | 0x80,)) + query[3:], tcp=False) is None


def test_garbage_with_a_header_is_a_format_error_with_its_id() -> None:
    wire = respond(BOTH, query_wire("www.test.", rr.A, None)[:-1], tcp=False)
    assert wire is not None
    message = Message.from_wire(wire)
    assert (message.id, message.rcode, message.flags) == (0x1234, rr.FORMERR, rr.QR | rr.RD)


@given(st.binary(max_size=120))
def test_any_octets_get_silence_or_a_response(wire: bytes) -> None:
    response = respond(BOTH, wire, tcp=False)
    assert response is None or (response[:2] == wire[:2] and response[2] & 0x80)


def test_a_zone_whose_chain_has_holes_still_answers() -> None:
    broken = PARENT.remove(Name("www.test."), rr.NSEC).remove(Name("test."), rr.NSEC)
    assert ask(Authority([broken]), "www.test.", rr.TXT).rcode == rr.NOERROR
    assert ask(Authority([PARENT.remove_types(rr.NSEC)]), "zzz.test.").rcode == rr.NXDOMAIN
    unmarked = CHILD.remove_types(rr.NSEC3PARAM)
    assert any(rrset.rdtype == rr.NSEC3 for rrset in ask(Authority([unmarked]), "x.child.test.").authority)
    assert ask(Authority([CHILD.remove_types(rr.NSEC3)]), "x.child.test.").rcode == rr.NXDOMAIN


def test_rfc5155_7_2_2_where_opt_out_left_out_an_empty_name_the_wildcard_is_denied_at_the_encloser_that_can_be_proven() -> (
    None
):
    sparse = zone("test.", "u.e NS ns.elsewhere.\n", nsec3=True)
    empty, apex = (Name(f"{base32hex(nsec3_hash(Name(name), b'', 0))}.test.") for name in ("e.test.", "test."))
    message = ask(Authority([sparse.remove(empty, rr.NSEC3)]), "x.e.test.")
    owners = {rrset.owner for rrset in message.authority if rrset.rdtype == rr.NSEC3}
    index = ZoneIndex.of(sparse.remove(empty, rr.NSEC3))
    assert index.nsec3 is not None
    assert owners == {apex, index.nsec3.covering(Name("e.test.")), index.nsec3.covering(Name("*.test."))}

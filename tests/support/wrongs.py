"""For each code of a rule, a small Internet that is wrong in just that way."""

from collections.abc import Callable
from dataclasses import replace

from support.small_internet import NOW, PARENT, WWW, ZONE, SmallInternet, changed

from unbroken.delegation import cdnskey_rrset, cds_rrset, delete_cds, ds_for
from unbroken.delegation.ds import DELETE_CDS
from unbroken.dns import Edns, Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.keys import ZoneKey, dnskey_rrset, generate, make_dnskey, tags_in_use
from unbroken.lab.faults.bending import flipped, signatures, with_rrset
from unbroken.lab.signed import SignedZone
from unbroken.signing import Nsec3Denial, SigningParameters, merge_rrsets, type_bitmap

THREE, WIDE, PLAIN, ISLAND, CSK = (Name(f"{label}.test.") for label in ("three", "wide", "plain", "island", "csk"))
ONE, TWO = "192.0.2.21", "192.0.2.22"
PARENT_TWO = "192.0.2.12"
DAY = 86400

Wrong = Callable[[SmallInternet], Name | None]
"""Makes it so; returns the name to ask for when that is not www.zone.test."""

WRONGS: dict[str, Wrong] = {}


def wrong(code: str) -> Callable[[Wrong], Wrong]:
    def enter(make: Wrong) -> Wrong:
        assert code not in WRONGS
        WRONGS[code] = make
        return make

    return enter


# --- tools ------------------------------------------------------------------------------------------------------------


def rrset_of(zone: SignedZone, owner: Name, rdtype: int) -> RRset:
    found = zone.zone.rrset(owner, rdtype)
    assert found is not None
    return found


def ksk(net: SmallInternet) -> ZoneKey:
    return net.zone().key_signing_keys[0]


def zsk(net: SmallInternet) -> ZoneKey:
    return net.zone().data_keys[0]


def add_ds(net: SmallInternet, *rdatas: bytes, keep: bool = True) -> None:
    parent = net.zone(PARENT)
    present = rrset_of(parent, ZONE, rr.DS)
    net.put(with_rrset(parent, RRset(ZONE, rr.DS, 300, (*(present.rdatas if keep else ()), *rdatas))))


def ds_rdata(tag: int, algorithm: int, digest_type: int, digest: bytes) -> bytes:
    return tag.to_bytes(2, "big") + bytes((algorithm, digest_type)) + digest


def add_keys(net: SmallInternet, *rdatas: bytes, only: str | None = None) -> None:
    zone = net.zone()
    present = rrset_of(zone, ZONE, rr.DNSKEY)
    net.put(with_rrset(zone, RRset(ZONE, rr.DNSKEY, 300, (*present.rdatas, *rdatas))), only=only)


def another(net: SmallInternet, *, sep: bool) -> ZoneKey:
    return generate(ZONE, secure_entry_point=sep, avoid=tags_in_use(key.dnskey for key in net.zone().keys))


def of_algorithm(algorithm: int, public_key: bytes = bytes(range(64))) -> bytes:
    return make_dnskey(256, algorithm, public_key).rdata


def put_rrset(net: SmallInternet, rrset: RRset, only: str | None = None) -> None:
    """The zone with it, all signed anew, so that nothing but the record itself is wrong."""
    zone = net.zone()
    net.put(zone.signed_anew(zone.zone.replace(rrset)), only=only)


def sign_www(net: SmallInternet, inception: int, expiration: int, **overrides: object) -> RRset:
    return signatures(rrset_of(net.zone(), WWW, rr.A), (zsk(net),), inception, expiration, **overrides)  # type: ignore[arg-type]


def put_signature(net: SmallInternet, rrsigs: RRset, *, beside: bool = False) -> None:
    zone = net.zone()
    present = zone.zone.rrsigs(WWW, rr.A)
    assert present is not None
    net.put(zone.with_zone(zone.zone.replace(merge_rrsets(present, rrsigs) if beside else rrsigs)))


def bend(net: SmallInternet, change: Callable[[Message, Message], object], *, both: bool = True, **how: object) -> None:
    for address in (ONE, TWO) if both else (TWO,):
        net.bend(address, change, **how)  # type: ignore[arg-type]


def each(section: tuple[RRset, ...], rdtype: int, change: Callable[[RRset], RRset]) -> tuple[RRset, ...]:
    return tuple(change(rrset) if rrset.rdtype == rdtype else rrset for rrset in section)


# --- DS ---------------------------------------------------------------------------------------------------------------


@wrong("DS_KEY_ABSENT")
def _(net: SmallInternet) -> None:
    add_ds(net, ds_for(ZONE, another(net, sep=True).dnskey).rdata)


@wrong("DS_ALGORITHM_WRONG")
def _(net: SmallInternet) -> None:
    add_ds(net, ds_rdata(ksk(net).dnskey.key_tag, 8, 2, bytes(32)))


@wrong("DS_DIGEST_WRONG")
def _(net: SmallInternet) -> None:
    add_ds(net, ds_rdata(ksk(net).dnskey.key_tag, 13, 2, bytes(32)))


@wrong("DS_REVOKED_KEY")
def _(net: SmallInternet) -> None:
    key = another(net, sep=True).revoked().dnskey
    add_keys(net, key.rdata)
    add_ds(net, ds_for(ZONE, key).rdata)


@wrong("DS_KEY_IDLE")
def _(net: SmallInternet) -> None:
    key = another(net, sep=True).dnskey
    add_keys(net, key.rdata)
    add_ds(net, ds_for(ZONE, key).rdata)


@wrong("DS_KEY_WITHOUT_SEP")
def _(net: SmallInternet) -> None:
    add_ds(net, ds_for(ZONE, zsk(net).dnskey).rdata)


def _digest(code: str, number: int, size: int) -> None:
    @wrong(code)
    def _(net: SmallInternet) -> None:
        add_ds(net, ds_rdata(ksk(net).dnskey.key_tag, 13, number, bytes(size)))


_digest("DS_DIGEST_SHA1", 1, 20)
_digest("DS_DIGEST_GOST", 3, 32)
_digest("DS_DIGEST_NOT_FOR_DS", 0, 32)
_digest("DS_DIGEST_UNASSIGNED", 100, 32)
_digest("DS_DIGEST_RESERVED", 200, 32)
_digest("DS_DIGEST_PRIVATE", 253, 32)


@wrong("DS_WITHOUT_SHA256")
def _(net: SmallInternet) -> None:
    add_ds(net, ds_for(ZONE, ksk(net).dnskey, 4).rdata, keep=False)


@wrong("DS_ALGORITHM_DEPRECATED")
def _(net: SmallInternet) -> None:
    add_ds(net, ds_rdata(4711, 5, 2, bytes(32)))


@wrong("DS_DIFFERS")
def _(net: SmallInternet) -> None:
    parent = net.zone(PARENT)
    net.put(parent.signed_anew(parent.zone.remove(ZONE, rr.DS)), only=PARENT_TWO)


@wrong("DS_MISSING")
def _(net: SmallInternet) -> Name:
    return Name("www.island.test.")


@wrong("DS_UNOBTAINABLE")
def _(net: SmallInternet) -> None:
    for address in ("192.0.2.11", PARENT_TWO):
        net.bend(
            address,
            lambda query, reply: (
                changed(reply, rcode=rr.SERVFAIL, answer=(), authority=())
                if query.question is not None and query.question[1] == rr.DS
                else reply
            ),
        )


@wrong("DS_AT_CHILD")
def _(net: SmallInternet) -> None:
    ds = RRset(ZONE, rr.DS, 300, rrset_of(net.zone(PARENT), ZONE, rr.DS).rdatas)

    def answer(query: Message, reply: Message) -> Message:
        assert query.question is not None
        return changed(reply, answer=(ds,), authority=()) if query.question[:2] == (ZONE, rr.DS) else reply

    bend(net, answer)


# --- keys -------------------------------------------------------------------------------------------------------------


@wrong("KEYS_DIFFER")
def _(net: SmallInternet) -> None:
    add_keys(net, another(net, sep=False).dnskey.rdata, only=TWO)


@wrong("DNSKEY_UNOBTAINABLE")
def _(net: SmallInternet) -> None:
    def refuse(query: Message, reply: Message) -> Message:
        is_asked = query.question is not None and query.question[1] == rr.DNSKEY
        return changed(reply, rcode=rr.NOTIMP, answer=(), authority=()) if is_asked else reply

    bend(net, refuse)


def _algorithm(code: str, number: int) -> None:
    @wrong(code)
    def _(net: SmallInternet) -> None:
        add_keys(net, of_algorithm(number))


_algorithm("KEY_ALGORITHM_DEPRECATED", 5)
_algorithm("KEY_ALGORITHM_NOT_RECOMMENDED", 10)
_algorithm("KEY_ALGORITHM_NOT_FOR_ZONES", 252)
_algorithm("KEY_ALGORITHM_RESERVED", 9)
_algorithm("KEY_ALGORITHM_UNASSIGNED", 100)
_algorithm("KEY_ALGORITHM_PRIVATE", 253)


@wrong("KEY_RSA_SHORT")
def _(net: SmallInternet) -> None:
    add_keys(net, of_algorithm(8, b"\x03\x01\x00\x01" + b"\xc1" * 128))


@wrong("KEY_RSA_EXPONENT")
def _(net: SmallInternet) -> None:
    add_keys(net, of_algorithm(8, b"\x01\x03" + b"\xc1" * 256))


@wrong("KEY_MALFORMED")
def _(net: SmallInternet) -> None:
    add_keys(net, of_algorithm(13, bytes(63)))


@wrong("KEY_NOT_ZONE_KEY")
def _(net: SmallInternet) -> None:
    add_keys(net, another(net, sep=True).with_flags(1).dnskey.rdata)


@wrong("KEY_PROTOCOL")
def _(net: SmallInternet) -> None:
    add_keys(net, make_dnskey(256, 13, bytes(range(64)), 2).rdata)


@wrong("KEY_REVOKED")
def _(net: SmallInternet) -> None:
    key = another(net, sep=True).revoked()
    zone = net.zone()
    present = rrset_of(zone, ZONE, rr.DNSKEY)
    keys = RRset(ZONE, rr.DNSKEY, 300, (*present.rdatas, key.dnskey.rdata))
    net.put(with_rrset(zone, keys, (ksk(net), key)))


@wrong("KEY_REVOKED_UNSIGNED")
def _(net: SmallInternet) -> None:
    add_keys(net, another(net, sep=True).revoked().dnskey.rdata)


@wrong("KEY_TAG_COLLISION")
def _(net: SmallInternet) -> None:
    public_key = zsk(net).dnskey.public_key
    add_keys(net, of_algorithm(13, public_key[2:] + public_key[:2]))


@wrong("KEY_STANDBY")
def _(net: SmallInternet) -> None:
    add_keys(net, another(net, sep=False).dnskey.rdata)


@wrong("KEYS_WITHOUT_SEP")
def _(net: SmallInternet) -> Name:
    zone, parent = net.zone(CSK), net.zone(PARENT)
    plain = replace(zone, keys=tuple(key.with_flags(256) for key in zone.keys))
    content = plain.zone.replace(dnskey_rrset(CSK, (key.dnskey for key in plain.keys), 300))
    ds = RRset(CSK, rr.DS, 300, (ds_for(CSK, plain.keys[0].dnskey).rdata,))
    net.put(plain.signed_anew(content), with_rrset(parent, ds))
    return Name("www.csk.test.")


@wrong("KEY_SET_LARGE")
def _(net: SmallInternet) -> None:
    add_keys(net, *(of_algorithm(8, b"\x03\x01\x00\x01" + bytes((0xC0 + n,)) * 256) for n in range(6)))


@wrong("ALGORITHM_INCOMPLETE")
def _(net: SmallInternet) -> None:
    add_keys(net, of_algorithm(8, b"\x03\x01\x00\x01" + b"\xc1" * 256))


@wrong("ALGORITHM_OF_DS_UNUSED")
def _(net: SmallInternet) -> None:
    add_ds(net, ds_rdata(4711, 15, 2, bytes(32)))


# --- signatures -------------------------------------------------------------------------------------------------------


@wrong("SIGNATURE_EXPIRES_SOON")
def _(net: SmallInternet) -> None:
    put_signature(net, sign_www(net, NOW - 3600, NOW + DAY))


@wrong("SIGNATURE_SHORTER_THAN_TTL")
def _(net: SmallInternet) -> None:
    put_signature(net, sign_www(net, NOW - 3600, NOW + 100))


@wrong("SIGNATURE_SHORTER_THAN_EXPIRE")
def _(net: SmallInternet) -> None:
    net.put(net.zone().signed_anew(parameters=SigningParameters(NOW - 3600, NOW + 5 * DAY, dnskey_ttl=300)))


@wrong("SIGNATURE_VALIDITY_LONG")
def _(net: SmallInternet) -> None:
    put_signature(net, sign_www(net, NOW - 3600, NOW + 300 * DAY))


@wrong("SIGNATURE_WITHOUT_MARGIN")
def _(net: SmallInternet) -> None:
    put_signature(net, sign_www(net, NOW - 10, NOW + 14 * DAY))


@wrong("SIGNATURE_STALE")
def _(net: SmallInternet) -> None:
    put_signature(net, sign_www(net, NOW - 9 * DAY, NOW - 2 * DAY), beside=True)


@wrong("SIGNATURE_EARLY")
def _(net: SmallInternet) -> None:
    put_signature(net, sign_www(net, NOW + DAY, NOW + 9 * DAY), beside=True)


@wrong("SIGNATURE_INVERTED")
def _(net: SmallInternet) -> None:
    put_signature(net, sign_www(net, NOW + DAY, NOW - DAY), beside=True)


@wrong("SIGNATURE_WRONG")
def _(net: SmallInternet) -> None:
    put_signature(net, flipped(sign_www(net, NOW - 3600, NOW + 9 * DAY)), beside=True)


@wrong("SIGNATURE_BY_UNKNOWN_KEY")
def _(net: SmallInternet) -> None:
    rrset = rrset_of(net.zone(), WWW, rr.A)
    put_signature(net, signatures(rrset, (another(net, sep=False),), NOW - 3600, NOW + 9 * DAY), beside=True)


@wrong("SIGNATURE_BY_REVOKED_KEY")
def _(net: SmallInternet) -> None:
    key = another(net, sep=False).revoked()
    add_keys(net, key.dnskey.rdata)
    rrset = rrset_of(net.zone(), WWW, rr.A)
    put_signature(net, signatures(rrset, (key,), NOW - 3600, NOW + 9 * DAY), beside=True)


@wrong("SIGNATURE_BY_OTHER_ZONE")
def _(net: SmallInternet) -> None:
    put_signature(net, sign_www(net, NOW - 3600, NOW + 9 * DAY, signer=Name("not-here.test.")), beside=True)


@wrong("SIGNATURE_LABELS_WRONG")
def _(net: SmallInternet) -> None:
    put_signature(net, sign_www(net, NOW - 3600, NOW + 9 * DAY, labels=4), beside=True)


@wrong("SIGNATURE_ORIGINAL_TTL")
def _(net: SmallInternet) -> None:
    zone = net.zone()
    net.put(zone.with_zone(zone.zone.replace(rrset_of(zone, WWW, rr.A).with_ttl(900))))


@wrong("SIGNATURE_TTL_DIFFERS")
def _(net: SmallInternet) -> None:
    bend(
        net, lambda query, reply: changed(reply, answer=each(reply.answer, rr.RRSIG, lambda rrset: rrset.with_ttl(60)))
    )


@wrong("RRSET_UNSIGNED")
def _(net: SmallInternet) -> Name:
    zone = net.zone(THREE)
    net.put(zone.with_zone(zone.zone.remove_rrsigs(THREE, rr.NSEC3PARAM)))
    return Name("www.three.test.")


# --- denial -----------------------------------------------------------------------------------------------------------


def _with_denial(net: SmallInternet, denial: Nsec3Denial, only: str | None = None) -> None:
    zone = net.zone()
    net.put(
        zone.signed_anew(parameters=SigningParameters(zone.inception, zone.expiration, denial, dnskey_ttl=300)),
        only=only,
    )


@wrong("NSEC3_ITERATIONS")
def _(net: SmallInternet) -> None:
    _with_denial(net, Nsec3Denial(iterations=5))


@wrong("NSEC3_SALT")
def _(net: SmallInternet) -> None:
    _with_denial(net, Nsec3Denial(salt=b"\xab\xcd"))


@wrong("NSEC3_OPT_OUT")
def _(net: SmallInternet) -> Name:
    return Name("www.wide.test.")


@wrong("NSEC3_FLAGS")
def _(net: SmallInternet) -> Name:
    def flag(rrset: RRset) -> RRset:
        return RRset(rrset.owner, rr.NSEC3, rrset.ttl, tuple(bytes((r[0], 2)) + r[2:] for r in rrset.rdatas))

    for address in ("192.0.2.41", "192.0.2.42"):
        net.bend(address, lambda query, reply: changed(reply, authority=each(reply.authority, rr.NSEC3, flag)))
    return Name("www.three.test.")


@wrong("NSEC_AND_NSEC3")
def _(net: SmallInternet) -> Name:
    nsec = RRset(THREE, rr.NSEC, 300, (THREE.wire + type_bitmap([rr.SOA]),))
    net.bend("192.0.2.41", lambda query, reply: changed(reply, authority=(*reply.authority, nsec)))
    return Name("www.three.test.")


@wrong("DENIAL_DIFFERS")
def _(net: SmallInternet) -> None:
    _with_denial(net, Nsec3Denial(), only=TWO)


@wrong("NSEC3PARAM_DIFFERS")
def _(net: SmallInternet) -> Name:
    zone = net.zone(THREE)
    net.put(zone.with_zone(zone.zone.remove(THREE, rr.NSEC3PARAM)), only="192.0.2.42")
    return Name("www.three.test.")


@wrong("NSEC3PARAM_MISSING")
def _(net: SmallInternet) -> Name:
    zone = net.zone(THREE)
    net.put(zone.with_zone(zone.zone.remove(THREE, rr.NSEC3PARAM)))
    return Name("www.three.test.")


@wrong("DENIAL_TTL")
def _(net: SmallInternet) -> None:
    bend(
        net,
        lambda query, reply: changed(
            reply, authority=each(reply.authority, rr.NSEC, lambda rrset: rrset.with_ttl(999))
        ),
    )


@wrong("NEGATIVE_TTL_LONG")
def _(net: SmallInternet) -> None:
    soa = rrset_of(net.zone(), ZONE, rr.SOA)
    put_rrset(net, RRset(ZONE, rr.SOA, 2 * DAY, (soa.rdatas[0][:-4] + (2 * DAY).to_bytes(4, "big"),)))


@wrong("NEGATIVE_WITHOUT_SOA")
def _(net: SmallInternet) -> None:
    bend(
        net,
        lambda query, reply: changed(reply, authority=tuple(r for r in reply.authority if r.rdtype != rr.SOA)),
    )


@wrong("BITMAP_LACKS_TYPE")
def _(net: SmallInternet) -> None:
    net.put(with_rrset(net.zone(), cds_rrset(ZONE, [ds_for(ZONE, ksk(net).dnskey)], 300)))


@wrong("BITMAP_EXTRA_TYPE")
def _(net: SmallInternet) -> None:
    put_rrset(net, cds_rrset(ZONE, [ds_for(ZONE, ksk(net).dnskey)], 300))
    net.put(net.zone().with_zone(net.zone().zone.remove(ZONE, rr.CDS)))


@wrong("NSEC_NEXT_OUTSIDE")
def _(net: SmallInternet) -> None:
    def outside(rrset: RRset) -> RRset:
        return RRset(rrset.owner, rr.NSEC, rrset.ttl, (Name("zz.example.").wire + type_bitmap([rr.SOA]),))

    bend(net, lambda query, reply: changed(reply, authority=each(reply.authority, rr.NSEC, outside)))


@wrong("DENIAL_COMPACT")
def _(net: SmallInternet) -> None:
    def compact(query: Message, reply: Message) -> Message:
        if reply.rcode != rr.NXDOMAIN or query.question is None or query.edns is None:
            return reply
        name = query.question[0]
        nsec = RRset(name, rr.NSEC, 300, (name.prepend(b"\x00").wire + type_bitmap([rr.RRSIG, rr.NSEC, rr.NXNAME]),))
        soa = tuple(rrset for rrset in reply.authority if rrset.rdtype == rr.SOA)
        return changed(reply, rcode=rr.NOERROR, authority=(*soa, nsec))

    bend(net, compact)


# --- servers ----------------------------------------------------------------------------------------------------------


@wrong("SERVER_SILENT")
def _(net: SmallInternet) -> None:
    bend(net, lambda query, reply: None, both=False)


@wrong("SERVER_WITHOUT_TCP")
def _(net: SmallInternet) -> None:
    bend(net, lambda query, reply: None, both=False, tcp=True)


@wrong("SERVER_WITHOUT_UDP")
def _(net: SmallInternet) -> None:
    bend(net, lambda query, reply: None, both=False, tcp=False)


@wrong("SERVER_TRUNCATES")
def _(net: SmallInternet) -> None:
    bend(net, lambda query, reply: changed(reply, flags=reply.flags | rr.TC), both=False, tcp=False)
    bend(net, lambda query, reply: None, both=False, tcp=True)


@wrong("SERVER_MALFORMED")
def _(net: SmallInternet) -> None:
    bend(net, lambda query, reply: query.to_wire()[:12] + b"\xff" * 9, both=False)


@wrong("SERVER_REFUSES")
def _(net: SmallInternet) -> None:
    bend(net, lambda query, reply: changed(reply, rcode=rr.REFUSED, answer=(), authority=()), both=False)


@wrong("SERVER_LAME")
def _(net: SmallInternet) -> None:
    bend(net, lambda query, reply: changed(reply, flags=reply.flags & ~rr.AA), both=False)


@wrong("SERVER_WITHOUT_EDNS")
def _(net: SmallInternet) -> None:
    def old(query: Message, reply: Message) -> Message:
        if query.edns is None:
            return reply
        return changed(reply, rcode=rr.FORMERR, answer=(), authority=(), additional=(), edns=None)

    bend(net, old, both=False)


@wrong("SERVER_DROPS_EDNS")
def _(net: SmallInternet) -> None:
    bend(net, lambda query, reply: reply if query.edns is None else None, both=False, tcp=False)


@wrong("SERVER_WITHOUT_DO")
def _(net: SmallInternet) -> None:
    bend(net, lambda query, reply: changed(reply, edns=query.edns and Edns(1232, False)), both=False)


@wrong("SERVER_STRIPS_SIGNATURES")
def _(net: SmallInternet) -> None:
    def strip(query: Message, reply: Message) -> Message:
        kept = (tuple(r for r in section if r.rdtype != rr.RRSIG) for section in (reply.answer, reply.authority))
        answer, authority = kept
        return changed(reply, answer=answer, authority=authority)

    bend(net, strip, both=False)


@wrong("SERVER_UNASKED_SIGNATURES")
def _(net: SmallInternet) -> None:
    rrsigs = net.zone().zone.rrsigs(WWW, rr.A)
    bend(net, lambda query, reply: changed(reply, answer=(*reply.answer, rrsigs)) if query.edns is None else reply)


@wrong("SERVER_RECURSIVE")
def _(net: SmallInternet) -> None:
    bend(net, lambda query, reply: changed(reply, flags=reply.flags | rr.RA), both=False)


@wrong("SERVER_LARGE_UDP")
def _(net: SmallInternet) -> None:
    more = tuple(RRset(Name(f"x{n}.zone.test."), rr.TXT, 60, (b"\xff" + b"x" * 255,)) for n in range(6))
    bend(net, lambda query, reply: changed(reply, additional=more), both=False, tcp=False)


@wrong("SERVER_ALTERNATES")
def _(net: SmallInternet) -> None:
    count = [0]

    def later(rrset: RRset) -> RRset:
        count[0] += 1
        rdata = rrset.rdatas[0]
        return RRset(ZONE, rr.SOA, rrset.ttl, (rdata[:-20] + (count[0] % 2 + 1).to_bytes(4, "big") + rdata[-16:],))

    bend(
        net,
        lambda query, reply: changed(
            reply, answer=each(reply.answer, rr.SOA, later), authority=each(reply.authority, rr.SOA, later)
        ),
        both=False,
    )


# --- delegation -------------------------------------------------------------------------------------------------------

NS1, NS2, NS3 = (Name(f"ns{number}.zone.test.") for number in (1, 2, 3))


def own_ns(net: SmallInternet, *names: Name, only: str | None = None) -> None:
    put_rrset(net, RRset(ZONE, rr.NS, 300, tuple(name.wire for name in names)), only=only)


def delegate(net: SmallInternet, *names: Name, only: str | None = None) -> None:
    parent = net.zone(PARENT)
    net.put(
        parent.with_zone(parent.zone.replace(RRset(ZONE, rr.NS, 300, tuple(name.wire for name in names)))), only=only
    )


def glue(net: SmallInternet, name: Name, address: tuple[int, ...] | None) -> None:
    parent = net.zone(PARENT)
    if address is None:
        net.put(parent.with_zone(parent.zone.remove(name, rr.A)))
    else:
        net.put(parent.with_zone(parent.zone.replace(RRset(name, rr.A, 300, (bytes(address),)))))


@wrong("NS_ONLY_AT_PARENT")
def _(net: SmallInternet) -> None:
    own_ns(net, NS1)


@wrong("NS_ONLY_AT_CHILD")
def _(net: SmallInternet) -> None:
    own_ns(net, NS1, NS2, NS3)


@wrong("NS_DIFFERS")
def _(net: SmallInternet) -> None:
    own_ns(net, NS1, only=TWO)


@wrong("REFERRALS_DIFFER")
def _(net: SmallInternet) -> None:
    delegate(net, NS1, only=PARENT_TWO)


@wrong("NS_SINGLE")
def _(net: SmallInternet) -> None:
    own_ns(net, NS1)
    delegate(net, NS1)


@wrong("NS_ONE_ADDRESS")
def _(net: SmallInternet) -> None:
    put_rrset(net, RRset(NS2, rr.A, 300, (bytes((192, 0, 2, 21)),)))
    glue(net, NS2, (192, 0, 2, 21))


@wrong("NS_WITHOUT_ADDRESS")
def _(net: SmallInternet) -> None:
    own_ns(net, NS1, NS2, Name("nowhere.other.test."))


@wrong("NS_IS_ALIAS")
def _(net: SmallInternet) -> None:
    own_ns(net, NS1, NS2, Name("alias.zone.test."))


@wrong("SERVER_ADDRESS_SPECIAL")
def _(net: SmallInternet) -> None:
    put_rrset(net, RRset(NS2, rr.A, 300, (bytes((10, 0, 0, 1)),)))
    glue(net, NS2, (10, 0, 0, 1))


@wrong("GLUE_WRONG")
def _(net: SmallInternet) -> None:
    glue(net, NS2, (192, 0, 2, 99))


@wrong("GLUE_MISSING")
def _(net: SmallInternet) -> None:
    glue(net, NS2, None)


@wrong("SERIAL_DIFFERS")
def _(net: SmallInternet) -> None:
    rdata = rrset_of(net.zone(), ZONE, rr.SOA).rdatas[0]
    put_rrset(net, RRset(ZONE, rr.SOA, 300, (rdata[:-20] + (7).to_bytes(4, "big") + rdata[-16:],)), only=TWO)


@wrong("APEX_CNAME")
def _(net: SmallInternet) -> None:
    cname = RRset(ZONE, rr.CNAME, 300, (WWW.wire,))

    def alias(query: Message, reply: Message) -> Message:
        is_missing = query.question is not None and query.question[0] == ZONE and not reply.answer
        return changed(reply, answer=(cname,)) if is_missing else reply

    bend(net, alias)


@wrong("ANSWERS_DIFFER")
def _(net: SmallInternet) -> None:
    put_rrset(net, RRset(WWW, rr.A, 300, (bytes((192, 0, 2, 99)),)), only=TWO)


@wrong("NS_WITHOUT_IPV6")
def _(net: SmallInternet) -> None:
    """The healthy zone has none."""


# --- CDS --------------------------------------------------------------------------------------------------------------


def ask_for(net: SmallInternet, *keys: ZoneKey, only: str | None = None) -> None:
    put_rrset(net, cds_rrset(ZONE, [ds_for(ZONE, key.dnskey) for key in keys], 300), only=only)


@wrong("CDS_WITHOUT_DNSKEY")
def _(net: SmallInternet) -> Name:
    zone = net.zone(PLAIN)
    net.put(zone.with_zone(zone.zone.replace(cds_rrset(PLAIN, [ds_for(PLAIN, ksk(net).dnskey)], 300))))
    return Name("www.plain.test.")


@wrong("CDS_UNSIGNED")
def _(net: SmallInternet) -> None:
    ask_for(net, ksk(net))
    net.put(net.zone().with_zone(net.zone().zone.remove_rrsigs(ZONE, rr.CDS)))


@wrong("CDS_SIGNATURE_BAD")
def _(net: SmallInternet) -> None:
    ask_for(net, ksk(net))
    rrsigs = net.zone().zone.rrsigs(ZONE, rr.CDS)
    assert rrsigs is not None
    net.put(net.zone().with_zone(net.zone().zone.replace(flipped(rrsigs))))


@wrong("CDS_SIGNER_UNKNOWN")
def _(net: SmallInternet) -> None:
    ask_for(net, ksk(net))
    cds = rrset_of(net.zone(), ZONE, rr.CDS)
    net.put(with_rrset(net.zone(), cds, (another(net, sep=True),)))


@wrong("CDS_NOT_SIGNED_BY_WANTED")
def _(net: SmallInternet) -> None:
    key = another(net, sep=True)
    add_keys(net, key.dnskey.rdata)
    net.put(with_rrset(net.zone(), cds_rrset(ZONE, [ds_for(ZONE, key.dnskey)], 300)))


@wrong("CDS_KEY_IDLE")
def _(net: SmallInternet) -> None:
    key = another(net, sep=True)
    add_keys(net, key.dnskey.rdata)
    net.put(with_rrset(net.zone(), cds_rrset(ZONE, [ds_for(ZONE, key.dnskey)], 300)))


@wrong("CDS_KEY_ABSENT")
def _(net: SmallInternet) -> None:
    ask_for(net, ksk(net), another(net, sep=True))


@wrong("CDS_KEY_NOT_ZONE_KEY")
def _(net: SmallInternet) -> None:
    key = another(net, sep=True).with_flags(1)
    add_keys(net, key.dnskey.rdata)
    net.put(with_rrset(net.zone(), cds_rrset(ZONE, [ds_for(ZONE, key.dnskey)], 300)))


@wrong("CDS_KEY_WITHOUT_SEP")
def _(net: SmallInternet) -> None:
    ask_for(net, zsk(net))


@wrong("CDS_DELETE")
def _(net: SmallInternet) -> None:
    put_rrset(net, delete_cds(ZONE, 300))


@wrong("CDS_DELETE_MIXED")
def _(net: SmallInternet) -> None:
    put_rrset(net, RRset(ZONE, rr.CDS, 300, (DELETE_CDS, ds_for(ZONE, ksk(net).dnskey).rdata)))


@wrong("CDS_CDNSKEY_DISAGREE")
def _(net: SmallInternet) -> None:
    ask_for(net, ksk(net))
    put_rrset(net, cdnskey_rrset(ZONE, [zsk(net).dnskey], 300))


@wrong("CDS_DIFFERS")
def _(net: SmallInternet) -> None:
    ask_for(net, ksk(net), only=TWO)


@wrong("CDS_PENDING")
def _(net: SmallInternet) -> None:
    put_rrset(net, cds_rrset(ZONE, [ds_for(ZONE, ksk(net).dnskey, 4)], 300))


@wrong("CSYNC_PENDING")
def _(net: SmallInternet) -> None:
    put_rrset(net, RRset(ZONE, rr.CSYNC, 300, ((1).to_bytes(4, "big") + b"\x00\x03" + type_bitmap([rr.NS]),)))

"""What `check_zone` finds: every code is produced by a zone that is wrong in that way, and by none that is right."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.small_zones import (
    DAY,
    EXAMPLE,
    NOW,
    NSEC3,
    OPT_OUT,
    SMALL,
    VALIDITY,
    codes,
    in_memory,
    judge,
    kernel_zone,
    keys_of,
    sign,
    signed_text,
)

from unbroken._kernel import Name, RRset
from unbroken.chain import Severity
from unbroken.chain.zone_catalogue import ZONE_CATALOGUE, ZoneCode
from unbroken.delegation import cds_rrset, ds_for, ds_rrset
from unbroken.dns import rdtype as rr
from unbroken.keys import ZoneKey, dnskey_rrset, generate, make_dnskey
from unbroken.signing import NSEC, Nsec3Denial, RrsigFields, Zone, nsec3_rdata, sign_rrset, type_bitmap
from unbroken.signing.parameters import Denial
from unbroken.signing.prepare import ZonePlan
from unbroken.signing.verify import EntrySet, ZoneReport, check_zone

MAIL, NS, WWW = Name("mail.example."), Name("ns.example."), Name("www.example.")
KSK, ZSK = keys_of()
BEGIN, END = VALIDITY.inception, VALIDITY.expiration


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("zones")


def whole(folder: Path, denial: Denial = NSEC, zonemd: tuple[int, ...] = ()) -> Zone:
    """The zone that nothing is wrong with."""
    out = folder / f"{denial}-{zonemd}.signed"
    if not out.exists():
        sign(out, SMALL, plan=ZonePlan(denial=denial, zonemd=zonemd))
    return in_memory(out.read_text())


def signed(zone: Zone, *rrsets: RRset, keys: tuple[ZoneKey, ...] = (ZSK,)) -> Zone:
    """With these RRsets, properly signed."""
    for rrset in rrsets:
        rdatas = tuple(sign_rrset(rrset, key, BEGIN, END).rdatas[0] for key in keys)
        zone = zone.replace(rrset, RRset(rrset.owner, rr.RRSIG, rrset.ttl, rdatas))
    return zone


def resigned(zone: Zone, owner: Name = MAIL, rdtype: int = rr.A, *, begin: int = BEGIN, end: int = END) -> Zone:
    rrset = zone.rrset(owner, rdtype)
    assert rrset is not None
    return zone.replace(sign_rrset(rrset, ZSK, begin, end))


def overridden(zone: Zone, **fields: object) -> Zone:
    rrset = zone.rrset(MAIL, rr.A)
    assert rrset is not None
    return zone.replace(sign_rrset(rrset, ZSK, BEGIN, END, **fields))  # type: ignore[arg-type]


def with_keys(zone: Zone, *keys: ZoneKey) -> Zone:
    """Another DNSKEY RRset, signed by the KSK."""
    rrset = dnskey_rrset(EXAMPLE, [key.dnskey for key in keys])
    return signed(zone, rrset, keys=(KSK,))


def apex(zone: Zone, rdtype: int, *rdatas: bytes, key: ZoneKey = ZSK) -> Zone:
    """With an RRset more at the apex, signed, and in the bitmap."""
    zone = signed(zone, RRset(EXAMPLE, rdtype, 3600, rdatas), keys=(key,))
    nsec = zone.rrset(EXAMPLE, rr.NSEC)
    assert nsec is not None
    types = set(zone.node(EXAMPLE)) | {rr.RRSIG}
    return signed(zone, RRset(EXAMPLE, rr.NSEC, nsec.ttl, (nsec.nsec().next_name.wire + type_bitmap(types),)))


def bent_nsec(zone: Zone, *, next_name: Name | None = None, types: set[int] | None = None, ttl: int = 600) -> Zone:
    rrset = zone.rrset(MAIL, rr.NSEC)
    assert rrset is not None
    nsec = rrset.nsec()
    rdata = (next_name or nsec.next_name).wire + type_bitmap(types or {rr.A, rr.NSEC, rr.RRSIG})
    return signed(zone, RRset(MAIL, rr.NSEC, ttl, (rdata,)))


def nsec3_of(zone: Zone, owner: Name) -> RRset:
    from unbroken._kernel import base32hex, nsec3_hash

    found = zone.rrset(EXAMPLE.prepend(base32hex(nsec3_hash(owner, b"", 0)).encode()), rr.NSEC3)
    assert found is not None
    return found


def bent_nsec3(zone: Zone, owner: Name, at: int, octet: int) -> Zone:
    """One octet of an NSEC3 changed, the record signed all the same."""
    rrset = nsec3_of(zone, owner)
    rdata = bytearray(rrset.rdatas[0])
    rdata[at] ^= octet
    return signed(zone, RRset(rrset.owner, rr.NSEC3, rrset.ttl, (bytes(rdata),)))


def without_nsec3(zone: Zone, owner: Name) -> Zone:
    return zone.remove(nsec3_of(zone, owner).owner, rr.NSEC3)


def collide(zone: Zone) -> Zone:
    """A second key with the tag of the ZSK: two octets that are swapped with others in even places keep the sum."""
    public = bytearray(ZSK.dnskey.public_key)
    at = next(at for at in range(0, 62, 2) if public[at] != public[at + 2])
    public[at], public[at + 2] = public[at + 2], public[at]
    twin = make_dnskey(ZSK.dnskey.flags, 13, bytes(public))
    assert twin.key_tag == ZSK.key_tag
    return signed(zone, RRset(EXAMPLE, rr.DNSKEY, 3600, (KSK.dnskey.rdata, ZSK.dnskey.rdata, twin.rdata)), keys=(KSK,))


def unsupported(zone: Zone) -> Zone:
    """A key and signatures of an algorithm that nobody knows."""
    dnskey = make_dnskey(257, 200, b"key")
    zone = signed(
        zone, RRset(EXAMPLE, rr.DNSKEY, 3600, (KSK.dnskey.rdata, ZSK.dnskey.rdata, dnskey.rdata)), keys=(KSK,)
    )
    for owner in [*zone.owners()]:
        for rdtype, rrsigs in zone.signatures(owner).items():
            rrset = zone.rrset(owner, rdtype)
            assert rrset is not None
            fields = RrsigFields(rdtype, 200, owner.rrsig_labels, rrset.ttl, END, BEGIN, dnskey.key_tag, EXAMPLE)
            zone = zone.replace(RRset(owner, rr.RRSIG, rrset.ttl, (*rrsigs.rdatas, fields.rdata(b"sig"))))
    return zone


def malformed_key(zone: Zone) -> Zone:
    dnskey = make_dnskey(256, 13, b"too short")
    zone = signed(
        zone, RRset(EXAMPLE, rr.DNSKEY, 3600, (KSK.dnskey.rdata, ZSK.dnskey.rdata, dnskey.rdata)), keys=(KSK,)
    )
    return overridden(zone, key_tag=dnskey.key_tag)


def unusable_key(zone: Zone) -> Zone:
    revoked = ZSK.revoked()
    return overridden(with_keys(zone, KSK, ZSK, revoked), key_tag=revoked.key_tag)


def other_parameters(zone: Zone) -> Zone:
    """An NSEC3 of a chain that no NSEC3PARAM names."""
    rrset = nsec3_of(zone, MAIL)
    rdata = nsec3_rdata(Nsec3Denial(b"\x01"), 0, b"\x00" * 20, {rr.A})
    return signed(zone, RRset(EXAMPLE.prepend(b"0" * 32), rr.NSEC3, rrset.ttl, (rdata,)))


def glue_signed(zone: Zone) -> Zone:
    rrset = zone.rrset(Name("ns.signed.example."), rr.A)
    assert rrset is not None
    return signed(zone, rrset)


Bend = Callable[[Zone], Zone]
C = ZoneCode


def other_rrsig_ttl(zone: Zone) -> Zone:
    rrsigs = zone.rrsigs(MAIL, rr.A)
    assert rrsigs is not None
    return zone.replace(rrsigs.with_ttl(60))


NSEC_CASES: list[tuple[ZoneCode, Bend]] = [
    (C.ZONE_SIGNATURE_BAD, lambda zone: zone.replace(RRset(MAIL, rr.A, 3600, (b"\x01\x02\x03\x04",)))),
    (C.ZONE_SIGNATURE_EXPIRED, lambda zone: resigned(zone, end=NOW - 1)),
    (C.ZONE_SIGNATURE_NOT_YET_VALID, lambda zone: resigned(zone, begin=NOW + 1)),
    (C.ZONE_SIGNATURE_EXPIRED_BEFORE_INCEPTION, lambda zone: resigned(zone, begin=NOW + 10, end=NOW + 5)),
    (C.ZONE_SIGNER_NOT_ZONE, lambda zone: overridden(zone, signer=Name("other."))),
    (C.ZONE_SIGNATURE_LABELS, lambda zone: overridden(zone, labels=1)),
    (C.ZONE_SIGNATURE_LABELS, lambda zone: overridden(zone, labels=3)),
    (C.ZONE_SIGNATURE_TTL, lambda zone: overridden(zone, original_ttl=3601)),
    (C.ZONE_RRSIG_TTL, other_rrsig_ttl),
    (C.ZONE_SIGNATURE_KEY_MISSING, lambda zone: overridden(zone, key_tag=ZSK.key_tag ^ 1)),
    (C.ZONE_SIGNATURE_KEY_MISSING, lambda zone: with_keys(zone, KSK)),
    (C.ZONE_SIGNATURE_KEY_UNUSABLE, unusable_key),
    (C.ZONE_SIGNATURE_KEY_MALFORMED, malformed_key),
    (C.ZONE_SIGNATURE_UNSUPPORTED, unsupported),
    (C.ZONE_SIGNATURE_MISSING, lambda zone: zone.remove_rrsigs(MAIL, rr.A)),
    (C.ZONE_SIGNATURE_MISSING, lambda zone: zone.remove_rrsigs(EXAMPLE, rr.DNSKEY)),
    (C.ZONE_SIGNATURE_WITHOUT_RRSET, lambda zone: zone.replace(_unrelated(zone))),
    (C.ZONE_SIGNATURE_UNEXPECTED, glue_signed),
    (C.ZONE_NSEC_MISSING, lambda zone: zone.remove(MAIL, rr.NSEC)),
    (C.ZONE_NSEC_UNEXPECTED, lambda zone: signed(zone, _nsec(Name("nobody.example.")))),
    (C.ZONE_NSEC_UNEXPECTED, lambda zone: signed(zone, _nsec(Name("below.old.example.")))),
    (C.ZONE_NSEC_NEXT_WRONG, lambda zone: bent_nsec(zone, next_name=EXAMPLE)),
    (C.ZONE_NSEC_TYPES_WRONG, lambda zone: bent_nsec(zone, types={rr.NSEC, rr.RRSIG})),
    (C.ZONE_NSEC_TYPES_WRONG, lambda zone: bent_nsec(zone, types={rr.A, rr.MX, rr.NSEC, rr.RRSIG})),
    (C.ZONE_DENIAL_TTL, lambda zone: bent_nsec(zone, ttl=601)),
    (C.ZONE_DENIAL_MISSING, lambda zone: zone.remove_types(rr.NSEC)),
    (C.ZONE_CNAME_AND_OTHER, lambda zone: signed(zone, RRset(MAIL, rr.CNAME, 60, (NS.wire,)))),
    (C.ZONE_SEVERAL_ALIASES, lambda zone: signed(zone, RRset(Name("alias.example."), rr.CNAME, 60, (NS.wire, MAIL.wire)))),
    (C.ZONE_SEVERAL_ALIASES, lambda zone: signed(zone, RRset(Name("old.example."), rr.DNAME, 60, (NS.wire, MAIL.wire)))),
    (C.ZONE_SEVERAL_SOAS, lambda zone: apex(zone, rr.SOA, *[_soa(number) for number in (7, 8)])),
    (C.ZONE_DS_AT_APEX, lambda zone: apex(zone, rr.DS, ds_rrset(EXAMPLE, (KSK,)).rdatas[0])),
    (C.ZONE_NOT_SIGNED, lambda zone: zone.remove(EXAMPLE, rr.DNSKEY)),
    (C.ZONE_NOT_SIGNED, lambda zone: with_keys(zone, KSK.revoked())),
    (C.ZONE_KEY_TAGS_COLLIDE, collide),
    (C.ZONE_CDS_INCONSISTENT, lambda zone: apex(zone, rr.CDS, *_cds(generate(EXAMPLE, secure_entry_point=True)), key=KSK)),
    (C.ZONE_CDS_INCONSISTENT, lambda zone: apex(zone, rr.CDS, ds_for(EXAMPLE, ZSK.dnskey, 2).rdata, key=KSK)),
    (C.ZONE_CDS_INCONSISTENT, lambda zone: apex(zone, rr.CDS, bytes(5), *_cds(KSK), key=KSK)),
    (C.ZONE_CDS_INCONSISTENT, lambda zone: apex(zone, rr.CDNSKEY, b"\x00\x01\x03\x00\x00", key=KSK)),
    (C.ZONE_CDS_INCONSISTENT, lambda zone: apex(apex(zone, rr.CDS, *_cds(KSK)), rr.CDNSKEY, ZSK.dnskey.rdata)),
    (C.ZONE_ZONEMD_UNSUPPORTED, lambda zone: apex(zone, rr.ZONEMD, b"\0\0\0\x07\xf0\x01" + bytes(48))),
    (C.ZONE_ZONEMD_UNSUPPORTED, lambda zone: apex(zone, rr.ZONEMD, b"\0\0\0\x07\x01\xf0" + bytes(48))),
    (C.ZONE_ZONEMD_MISMATCH, lambda zone: apex(zone, rr.ZONEMD, b"\0\0\0\x07\x01\x01" + bytes(48))),
    (C.ZONE_ZONEMD_MISMATCH, lambda zone: apex(zone, rr.ZONEMD, b"\0\0\0\x07\x01\x01" + bytes(47))),
    (C.ZONE_ZONEMD_MISMATCH, lambda zone: apex(zone, rr.ZONEMD, b"\0\0\0\x08\x01\x01" + bytes(48))),
    (C.ZONE_ZONEMD_MISMATCH, lambda zone: apex(zone, rr.ZONEMD, *(b"\0\0\0\x07\x01\x01" + bytes((n,)) * 48 for n in (1, 2)))),
]  # fmt: skip

NSEC3_CASES: list[tuple[ZoneCode, Bend]] = [
    (C.ZONE_NSEC3_MISSING, lambda zone: without_nsec3(zone, MAIL)),
    (C.ZONE_NSEC3_MISSING, lambda zone: without_nsec3(zone, Name("deep.empty.example."))),
    (C.ZONE_NSEC3_MISSING, lambda zone: without_nsec3(zone, Name("signed.example."))),
    (C.ZONE_NSEC3_OPT_OUT_MISSING, lambda zone: without_nsec3(zone, Name("unsigned.example."))),
    (C.ZONE_NSEC3_UNEXPECTED, other_parameters),
    (C.ZONE_NSEC3_UNEXPECTED, lambda zone: zone.remove(MAIL, rr.A)),
    (C.ZONE_NSEC3_UNEXPECTED, lambda zone: bent_nsec3(zone, MAIL, 1, 2)),
    (C.ZONE_NSEC3_MISSING, lambda zone: bent_nsec3(zone, MAIL, 1, 2)),
    (C.ZONE_NSEC3_NEXT_WRONG, lambda zone: bent_nsec3(zone, MAIL, 10, 1)),
    (C.ZONE_NSEC3_NEXT_WRONG, lambda zone: without_nsec3(zone, MAIL)),
    (C.ZONE_NSEC3_TYPES_WRONG, lambda zone: bent_nsec3(zone, MAIL, -1, 8)),
    (C.ZONE_DENIAL_MISSING, lambda zone: zone.remove(EXAMPLE, rr.NSEC3PARAM)),
]


def _unrelated(zone: Zone) -> RRset:
    rrset = RRset(MAIL, rr.TXT, 60, (b"\x01x",))
    return sign_rrset(rrset, ZSK, BEGIN, END)


def _nsec(owner: Name) -> RRset:
    return RRset(owner, rr.NSEC, 600, (NS.wire + type_bitmap({rr.NSEC, rr.RRSIG}),))


def _soa(serial: int) -> bytes:
    return NS.wire + MAIL.wire + b"".join(number.to_bytes(4, "big") for number in (serial, 7200, 3600, 1209600, 600))


def _cds(key: ZoneKey) -> tuple[bytes, ...]:
    return cds_rrset(EXAMPLE, ds_rrset(EXAMPLE, (key,)).dses()).rdatas


def _ids(cases: list[tuple[ZoneCode, Bend]]) -> list[str]:
    return [code.value for code, _ in cases]


@pytest.mark.parametrize(("code", "bend"), NSEC_CASES, ids=_ids(NSEC_CASES))
def test_a_zone_that_is_wrong_in_one_way_is_told_so(folder: Path, code: ZoneCode, bend: Bend) -> None:
    assert code in codes(judge(bend(whole(folder))))


@pytest.mark.parametrize(("code", "bend"), NSEC3_CASES, ids=_ids(NSEC3_CASES))
def test_an_nsec3_zone_that_is_wrong_in_one_way_is_told_so(folder: Path, code: ZoneCode, bend: Bend) -> None:
    assert code in codes(judge(bend(whole(folder, NSEC3))))


@pytest.mark.parametrize("denial", [NSEC, NSEC3, OPT_OUT], ids=["nsec", "nsec3", "opt-out"])
@pytest.mark.parametrize("zonemd", [(), (1,), (1, 2)], ids=["plain", "sha384", "both"])
def test_a_zone_that_is_right_is_told_nothing(folder: Path, denial: Denial, zonemd: tuple[int, ...]) -> None:
    assert not judge(whole(folder, denial, zonemd)).findings


def test_every_code_is_produced_by_a_test() -> None:
    elsewhere = {C.ZONE_ENTRY_BROKEN, C.ZONE_NSEC3_PARAMETERS}
    produced = {code for code, _ in (*NSEC_CASES, *NSEC3_CASES)}
    assert not produced & elsewhere and produced | elsewhere == set(ZoneCode) == set(ZONE_CATALOGUE)


def test_rfc9276_3_1_salt_and_iterations_are_warned_of(tmp_path: Path) -> None:
    for denial in (Nsec3Denial(b"\x01"), Nsec3Denial(iterations=1)):
        sign(tmp_path / "out", SMALL, plan=ZonePlan(denial=denial))
        report = judge(tmp_path / "out")
        assert codes(report) == {C.ZONE_NSEC3_PARAMETERS} and (report.errors, report.warnings) == (0, 1)


# --- degrees ------------------------------------------------------------------------------------------------------------


def test_a_bad_signature_beside_a_good_one_is_a_warning(folder: Path) -> None:
    """RFC 4035 §5.3.3: one that verifies is enough."""
    zone = whole(folder)
    good = zone.rrsigs(MAIL, rr.A)
    rrset = zone.rrset(MAIL, rr.A)
    assert good is not None and rrset is not None
    expired = sign_rrset(rrset, ZSK, BEGIN - 30 * DAY, NOW - DAY).rdatas[0]
    report = judge(zone.replace(RRset(MAIL, rr.RRSIG, 3600, (*good.rdatas, expired))))
    assert codes(report) == {C.ZONE_SIGNATURE_EXPIRED} and (report.errors, report.warnings) == (0, 1)


def test_rfc5155_7_2_8_a_delegation_at_the_hash_of_a_name_hides_nothing(tmp_path: Path) -> None:
    """In an opt-out zone it need not be denied itself; the NSEC3 at that name is one all the same."""
    text = signed_text(tmp_path / "out", plan=ZonePlan(denial=OPT_OUT))
    line = next(found for found in text.splitlines() if " RRSIG NSEC3 " in found)
    owner = line.split(" ")[0]
    assert C.ZONE_SIGNATURE_BAD in codes(judge(text.replace(line, line[:-6] + "AAAA==")))
    evil = f"{owner} 600 IN NS ns.evil.example.\n"
    assert not judge(text + evil).errors
    assert C.ZONE_SIGNATURE_BAD in codes(judge(text.replace(line, line[:-6] + "AAAA==") + evil))
    assert C.ZONE_SIGNATURE_MISSING in codes(judge(text.replace(line + "\n", "") + evil))


def test_all_findings_are_listed_errors_first(folder: Path) -> None:
    zone = whole(folder).remove_rrsigs(MAIL, rr.A).remove(NS, rr.NSEC)
    report = judge(bent_nsec(zone, ttl=601))
    assert codes(report) == {C.ZONE_SIGNATURE_MISSING, C.ZONE_NSEC_MISSING, C.ZONE_DENIAL_TTL}
    severities = [finding.severity for finding in report.findings]
    assert severities == sorted(severities, key=[Severity.ERROR, Severity.WARNING, Severity.NOTICE].index)
    for finding in report.findings:
        assert "{" not in finding.sentence and str(finding.owner) in finding.sentence


def test_rfc4035_2_2_each_algorithm_of_the_dnskey_rrset_must_sign(folder: Path) -> None:
    other = generate(EXAMPLE, 15, secure_entry_point=True)
    report = judge(with_keys(whole(folder), KSK, ZSK, other))
    missing = {finding.algorithm for finding in report.findings}
    assert codes(report) == {C.ZONE_SIGNATURE_MISSING} and missing == {15}


def test_times_are_serial_numbers(folder: Path) -> None:
    """RFC 4034 §3.1.5: a zone signed over the turn of 2**32 is as good as any other."""
    turn = 2**32
    out = folder / "turn"
    sign(out, SMALL, validity=replace(VALIDITY, now=turn - 60, inception=turn - 3600, expiration=turn + 14 * DAY))
    assert not judge(out, turn - 60).findings and not judge(out, turn + 60).findings
    assert C.ZONE_SIGNATURE_EXPIRED in codes(judge(out, turn + 15 * DAY))
    assert C.ZONE_SIGNATURE_NOT_YET_VALID in codes(judge(out, turn - 2 * 3600))


# --- the way in -------------------------------------------------------------------------------------------------------


def test_rfc4035_5_2_the_ds_set_must_lead_in(folder: Path) -> None:
    zone = whole(folder)
    stranger = generate(EXAMPLE, secure_entry_point=True)
    good = EntrySet("parent", (ds_for(EXAMPLE, KSK.dnskey),))
    assert not judge(zone, entries=(good, EntrySet("anchor", dnskeys=(KSK.dnskey,)))).findings
    for bad in (
        EntrySet("parent", (ds_for(EXAMPLE, stranger.dnskey),)),
        EntrySet("parent", (ds_for(EXAMPLE, ZSK.dnskey),)),  # published, but it does not sign the keys
        EntrySet("anchor", dnskeys=(stranger.dnskey,)),
    ):
        assert codes(judge(zone, entries=(good, bad))) == {C.ZONE_ENTRY_BROKEN}


def test_signatures_of_the_earlier_zone_are_passed_only_where_nothing_changed(folder: Path) -> None:
    zone = whole(folder)
    text = zone.to_text()

    def again(changed: Zone) -> ZoneReport:
        return check_zone(kernel_zone(changed.to_text()), NOW, earlier=kernel_zone(text), threads=1)

    report = again(zone)
    assert report.verified == 0 and report.skipped == judge(zone).verified
    changed = again(zone.replace(RRset(MAIL, rr.A, 3600, (b"\x01\x02\x03\x04",))))
    assert (changed.verified, codes(changed)) == (1, {C.ZONE_SIGNATURE_BAD, C.ZONE_SIGNATURE_MISSING})
    # Another key with the same signature is no longer its maker.
    assert C.ZONE_SIGNATURE_KEY_MISSING in codes(again(with_keys(zone, KSK)))

"""From one master file to another: what comes out, what is kept, what is refused."""

from collections import Counter
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
    keys_of,
    lines_without,
    sign,
    signed_text,
)

from unbroken._kernel import Name, RRset
from unbroken.chain.zone_catalogue import ZoneCode
from unbroken.delegation import cdnskey_rrset, cds_rrset, ds_for, ds_rrset
from unbroken.dns import rdtype as rr
from unbroken.dns.presentation import rrset_to_text, rrsets_from_text
from unbroken.errors import InputError, StateError, UsageError
from unbroken.keys import ZoneKey, dnskey_rrset, generate
from unbroken.signing import NSEC, Nsec3Denial, Zone, sign_rrset
from unbroken.signing.parameters import Denial
from unbroken.signing.prepare import ZonePlan
from unbroken.signing.publish import Gate, RefusedError
from unbroken.signing.serial import SerialPolicy
from unbroken.signing.verify import EntrySet, ZoneReport

DENIALS = {"nsec": NSEC, "nsec3": NSEC3, "opt-out": OPT_OUT, "salted": Nsec3Denial(b"\xab\xcd", 3)}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "zone.signed"


def signers(zone: Zone, owner: str, rdtype: int) -> set[int]:
    rrsigs = zone.rrsigs(Name(owner), rdtype)
    return set() if rrsigs is None else {rrsig.key_tag for rrsig in rrsigs.rrsigs()}


def errors(report: ZoneReport) -> list[str]:
    return [finding.sentence for finding in report.findings if finding.severity.value == "error"]


# --- what comes out ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("csk", [True, False], ids=["csk", "split"])
@pytest.mark.parametrize("denial", DENIALS.values(), ids=DENIALS)
@pytest.mark.parametrize("algorithm", [8, 13, 15, 16])
def test_what_sign_makes_verifies(out: Path, algorithm: int, denial: Denial, csk: bool) -> None:
    keys = keys_of(algorithm, csk=csk)
    result = sign(out, SMALL, keys, plan=ZonePlan(denial=denial))
    report = judge(out)
    expected = {ZoneCode.ZONE_NSEC3_PARAMETERS} if denial == DENIALS["salted"] else set()
    assert codes(report) == expected
    assert report.first_expiration == result.stats.first_expiration
    assert VALIDITY.expiration - VALIDITY.jitter <= (report.first_expiration or 0) <= VALIDITY.expiration
    zone = in_memory(out.read_text())
    assert signers(zone, "example.", rr.DNSKEY) == {keys[0].key_tag}
    assert signers(zone, "example.", rr.SOA) == {keys[-1].key_tag}


@pytest.mark.parametrize("denial", DENIALS.values(), ids=DENIALS)
def test_rfc4035_2_2_several_algorithms_each_sign_everything(out: Path, denial: Denial) -> None:
    keys = (*keys_of(13), *keys_of(15, csk=True), *keys_of(16, csk=True))
    sign(out, SMALL, keys, plan=ZonePlan(denial=denial))
    assert not errors(judge(out))
    zone = in_memory(out.read_text())
    for rrset in (rrset for rrset in zone if rrset.rdtype == rr.RRSIG):
        assert sorted(rrsig.algorithm for rrsig in rrset.rrsigs()) == [13, 15, 16]


def test_the_ttl_of_a_signature_is_that_of_its_rrset_and_the_smallest_counts(out: Path) -> None:
    """RFC 4034 §3, RFC 2181 §5.2."""
    result = sign(out, SMALL + "mixed 60 A 192.0.2.1\nmixed 30 A 192.0.2.2\nmixed 30 A 192.0.2.2\n")
    zone = in_memory(out.read_text())
    rrset, rrsigs = zone.rrset(Name("mixed.example."), rr.A), zone.rrsigs(Name("mixed.example."), rr.A)
    assert rrset is not None and rrsigs is not None
    assert (rrset.ttl, rrsigs.ttl, rrsigs.rrsigs()[0].original_ttl, len(rrset)) == (30, 30, 30, 2)
    assert len(result.prepared.notes) == 2


def test_rfc9077_3_denial_lives_as_long_as_a_negative_answer(out: Path) -> None:
    for soa_ttl, expected in ((3600, 600), (120, 120)):
        text = SMALL.replace("@ SOA", f"@ {soa_ttl} SOA")
        for denial, rdtype in ((NSEC, rr.NSEC), (NSEC3, rr.NSEC3)):
            zone = in_memory(signed_text(out, text, plan=ZonePlan(denial=denial)))
            assert {rrset.ttl for rrset in zone if rrset.rdtype == rdtype} == {expected}


def test_jitter_spreads_the_ends_and_is_the_same_each_time(out: Path) -> None:
    def ends() -> dict[tuple[Name, int], int]:
        zone = in_memory(signed_text(out))
        found = (rrset for rrset in zone if rrset.rdtype == rr.RRSIG)
        return {(rrset.owner, rrset.covers): rrset.rrsigs()[0].expiration for rrset in found}

    first = ends()
    assert first == ends()
    assert len(set(first.values())) > len(first) // 2
    assert all(VALIDITY.expiration - VALIDITY.jitter <= end <= VALIDITY.expiration for end in first.values())


@pytest.mark.parametrize("numbers", [(1,), (2,), (1, 2)])
def test_rfc8976_3_zonemd_fits_what_is_written(out: Path, numbers: tuple[int, ...]) -> None:
    for denial in (NSEC, NSEC3):
        sign(out, SMALL, plan=ZonePlan(denial=denial, zonemd=numbers))
        zone = in_memory(out.read_text())
        rrset = zone.rrset(EXAMPLE, rr.ZONEMD)
        assert rrset is not None and sorted(rdata[5] for rdata in rrset.rdatas) == list(numbers)
        assert not judge(out).findings
        assert ZoneCode.ZONE_ZONEMD_MISMATCH in codes(judge(zone.remove(Name("mail.example."), rr.A)))


def test_a_stale_zonemd_is_left_out_with_a_word(out: Path) -> None:
    text = signed_text(out, plan=ZonePlan(zonemd=(1,)))
    result = sign(out, text)
    assert in_memory(out.read_text()).rrset(EXAMPLE, rr.ZONEMD) is None
    assert "ZONEMD" in result.prepared.notes[0]
    with pytest.raises(UsageError, match="no ZONEMD hash algorithm 3"):
        sign(out, SMALL, plan=ZonePlan(zonemd=(3,)))


def test_rfc7344_4_1_cds_and_cdnskey_are_published_and_signed_by_the_ksk(out: Path) -> None:
    ksk, _ = keys = keys_of()
    dses = ds_rrset(EXAMPLE, (ksk,)).dses()
    sign(out, SMALL, plan=ZonePlan(publish=(cds_rrset(EXAMPLE, dses), cdnskey_rrset(EXAMPLE, (ksk.dnskey,)))))
    assert not judge(out).findings
    zone = in_memory(out.read_text())
    assert signers(zone, "example.", rr.CDS) == signers(zone, "example.", rr.CDNSKEY) == {keys[0].key_tag}


def test_dnskey_by_all_lets_zsks_sign_the_keys_too(out: Path) -> None:
    sign(out, SMALL, dnskey_by_all=True)
    assert signers(in_memory(out.read_text()), "example.", rr.DNSKEY) == {key.key_tag for key in keys_of()}


def offline_material(ksk: ZoneKey, *published: ZoneKey) -> tuple[RRset, ...]:
    dnskeys = dnskey_rrset(EXAMPLE, (key.dnskey for key in (ksk, *published)))
    return dnskeys, sign_rrset(dnskeys, ksk, VALIDITY.inception, VALIDITY.expiration)


def test_an_offline_ksk_signs_the_dnskey_rrset_elsewhere(out: Path) -> None:
    ksk, zsk = keys_of()
    material = offline_material(ksk, zsk)
    sign(out, SMALL, (zsk,), plan=ZonePlan(key_material=material))
    assert not judge(out).findings
    zone = in_memory(out.read_text())
    assert zone.rrset(EXAMPLE, rr.DNSKEY) == material[0]
    assert signers(zone, "example.", rr.DNSKEY) == {ksk.key_tag}


def test_signing_a_signed_zone_replaces_what_the_first_signing_left(out: Path) -> None:
    for first, second in ((NSEC, NSEC3), (NSEC3, NSEC), (OPT_OUT, NSEC3)):
        text = signed_text(out, plan=ZonePlan(denial=first))
        sign(out, text, plan=ZonePlan(denial=second))
        assert judge(out).denial == ("NSEC" if second is NSEC else "NSEC3")
        assert not judge(out).findings


def test_a_key_that_is_published_only_stays_published(out: Path) -> None:
    """RFC 6781 §4.1.1.1: a key is published before it signs."""
    standby = generate(EXAMPLE, 13, secure_entry_point=False)
    line = "".join(line + "\n" for line in rrset_to_text(dnskey_rrset(EXAMPLE, (standby.dnskey,))))
    sign(out, SMALL + line)
    dnskeys = in_memory(out.read_text()).rrset(EXAMPLE, rr.DNSKEY)
    assert dnskeys is not None and {key.key_tag for key in dnskeys.dnskeys()} == {
        standby.key_tag,
        *(key.key_tag for key in keys_of()),
    }
    assert not judge(out).findings


def test_the_root_zone_is_signed(tmp_path: Path) -> None:
    out, root = tmp_path / "root.signed", Name(".")
    text = f"$TTL 60\n. SOA a. b. 1 2 3 4 5\n. NS a.\na. A 192.0.2.1\ntest. NS ns.test.\ntest. DS 1 13 2 {'00' * 32}\n"
    for denial in (NSEC, NSEC3):
        sign(out, text, keys_of(13, zone=root), plan=ZonePlan(denial=denial))
        assert not judge(out).findings


def test_the_soa_comes_first_and_one_record_is_one_line(out: Path) -> None:
    """RFC 1035 §5.2: other servers insist on it."""
    text = signed_text(out, plan=ZonePlan(zonemd=(1,)))
    assert text.split()[3] == "SOA"
    assert all(line.split()[2] == "IN" and "(" not in line for line in text.splitlines())


# --- serials ----------------------------------------------------------------------------------------------------------


def serial_of(path: Path) -> int:
    soa = in_memory(path.read_text()).soa
    assert soa is not None
    return int.from_bytes(soa.rdatas[0][-20:-16], "big")


def with_serial(serial: int) -> str:
    return SMALL.replace("admin 7 ", f"admin {serial} ")


_DATE = 2027011500  # the day of NOW


@pytest.mark.parametrize(
    ("policy", "current", "expected"),
    [
        (SerialPolicy.KEEP, 7, 7),
        (SerialPolicy.INCREMENT, 7, 8),
        (SerialPolicy.INCREMENT, 2**32 - 1, 1),
        (SerialPolicy.DATE, 7, _DATE),
        (SerialPolicy.DATE, _DATE, _DATE + 1),
        (SerialPolicy.DATE, _DATE + 99, _DATE + 100),
        (SerialPolicy.UNIXTIME, 7, NOW),
        (SerialPolicy.UNIXTIME, NOW, NOW + 1),
        (SerialPolicy.UNIXTIME, NOW + 5, NOW + 6),
        (SerialPolicy.UNIXTIME, (NOW + 2**31 + 5) % 2**32, NOW),
        (SerialPolicy.UNIXTIME, (NOW + 2**31 - 5) % 2**32, (NOW + 2**31 - 4) % 2**32),
    ],
)
def test_rfc1982_3_the_serial_moves_on_and_never_back(
    out: Path, policy: SerialPolicy, current: int, expected: int
) -> None:
    result = sign(out, with_serial(current), plan=ZonePlan(serial=policy))
    assert serial_of(out) == result.prepared.serial == judge(out).serial == expected


def test_the_serial_follows_what_was_published_before(out: Path, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier"
    sign(earlier, with_serial(41))
    sign(out, with_serial(7), earlier=earlier, plan=ZonePlan(serial=SerialPolicy.INCREMENT))
    assert serial_of(out) == 42
    sign(earlier, with_serial(2**32 - 1))
    sign(out, with_serial(2**32 - 3), earlier=earlier, plan=ZonePlan(serial=SerialPolicy.INCREMENT))
    assert serial_of(out) == 1


# --- signing again ----------------------------------------------------------------------------------------------------


def signatures(path: Path) -> Counter[str]:
    return Counter(line for line in path.read_text().splitlines() if " RRSIG " in line)


@pytest.mark.parametrize("denial", DENIALS.values(), ids=DENIALS)
def test_unchanged_rrsets_keep_their_signatures(out: Path, tmp_path: Path, denial: Denial) -> None:
    earlier, plan = tmp_path / "earlier", ZonePlan(denial=denial)
    first = sign(earlier, SMALL, plan=plan)
    again = sign(out, SMALL, plan=plan, earlier=earlier)
    assert (again.stats.made, again.stats.kept) == (0, first.stats.made)
    assert out.read_text() == earlier.read_text()
    assert again.report is not None and (again.report.verified, again.report.skipped) == (0, first.stats.made)


@pytest.mark.parametrize("denial", DENIALS.values(), ids=DENIALS)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("mail A 192.0.2.25", "mail A 192.0.2.26"),
        ("mail A 192.0.2.25", "mail 60 A 192.0.2.25"),
        ("mail A 192.0.2.25", ""),
        ("mail A 192.0.2.25", "mail A 192.0.2.25\nmail2 A 192.0.2.25"),
        ("*.wild TXT", "*.wild SPF"),
        ("signed DS", "; signed DS"),
        ("1209600 600", "1209600 601"),
    ],
)
def test_the_result_equals_a_full_signing_but_for_kept_signatures(
    out: Path, tmp_path: Path, denial: Denial, old: str, new: str
) -> None:
    earlier, full, plan = tmp_path / "earlier", tmp_path / "full", ZonePlan(denial=denial)
    keys = keys_of(15)  # Ed25519 signs the same way each time, so that outputs can be compared
    sign(earlier, SMALL, keys, plan=plan)
    later = replace(VALIDITY, now=NOW + 60, inception=NOW, expiration=NOW + 15 * DAY)
    result = sign(out, SMALL.replace(old, new), keys, plan=plan, earlier=earlier, validity=later)
    sign(full, SMALL.replace(old, new), keys, plan=plan, validity=later)
    assert not errors(judge(out, NOW + 60))
    is_signature = lambda line: " RRSIG " in line  # noqa: E731
    assert lines_without(out.read_text(), is_signature) == lines_without(full.read_text(), is_signature)
    # Each signature is either of the earlier zone or of a full signing.
    kept = signatures(out) - signatures(full)
    assert not kept - signatures(earlier)
    assert result.stats.kept == kept.total() and 0 < result.stats.made < kept.total() + result.stats.made


def test_signatures_with_too_little_time_left_are_made_anew(out: Path, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier"
    first = sign(earlier, SMALL)
    now = NOW + 8 * DAY
    later = replace(VALIDITY, now=now, inception=now - 3600, expiration=now + 14 * DAY)
    again = sign(out, SMALL, earlier=earlier, validity=later)
    assert (again.stats.made, again.stats.kept) == (first.stats.made, 0)
    assert not judge(out, now).findings


def test_signatures_that_begin_later_are_not_kept(out: Path, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier"
    sign(earlier, SMALL)
    before = replace(VALIDITY, now=NOW - 10 * DAY, inception=NOW - 11 * DAY, expiration=NOW)
    assert sign(out, SMALL, earlier=earlier, validity=before).stats.kept == 0


def test_the_earlier_zone_may_be_the_output_itself(out: Path) -> None:
    sign(out, SMALL)
    before = out.read_text()
    assert sign(out, SMALL, earlier=out).stats.made == 0
    assert out.read_text() == before


def test_an_earlier_zone_of_another_name_is_refused(out: Path, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier"
    other = Name("other.")
    sign(earlier, "$ORIGIN other.\n" + SMALL, keys_of(zone=other))
    with pytest.raises(InputError, match=r"is of the zone other\., not of example\."):
        sign(out, SMALL, earlier=earlier)


def keys_with_one_tag(*, secure_entry_point: bool = False, number: int = 2) -> list[ZoneKey]:
    """Ed25519 keys with the same tag: some hundred attempts find two."""
    by_tag: dict[int, list[ZoneKey]] = {}
    while True:
        key = generate(EXAMPLE, 15, secure_entry_point=secure_entry_point)
        found = by_tag.setdefault(key.key_tag, [])
        found.append(key)
        if len(found) == number:
            return found


def test_rfc4034_8_a_replaced_key_with_the_same_tag_makes_all_signatures_anew(out: Path, tmp_path: Path) -> None:
    (ksk, _), (old, new) = keys_of(15), keys_with_one_tag()
    earlier = tmp_path / "earlier"
    sign(earlier, SMALL, (ksk, old))
    again = sign(out, SMALL, (ksk, new), earlier=earlier)
    assert again.stats.kept == 0
    assert not errors(judge(out))


def test_rfc4034_8_of_two_keys_with_one_tag_none_is_known_to_have_made_a_signature(out: Path, tmp_path: Path) -> None:
    """The earlier zone published both, so its signatures may be by the one that goes."""
    (ksk, _), (old, new) = keys_of(15), keys_with_one_tag()
    earlier = tmp_path / "earlier"
    standby = "".join(line + "\n" for line in rrset_to_text(dnskey_rrset(EXAMPLE, (new.dnskey,))))
    sign(earlier, SMALL + standby, (ksk, old))
    sign(out, SMALL, (ksk, new), earlier=earlier)
    assert not errors(judge(out))


# --- the gate ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def published(out: Path) -> str:
    return signed_text(out)


def test_outage_a_zsk_believed_published_that_is_not(out: Path, published: str) -> None:
    ksk, zsk = keys_of()
    material = offline_material(ksk)
    with pytest.raises(RefusedError) as refused:
        sign(out, SMALL, (zsk,), plan=ZonePlan(key_material=material))
    assert ZoneCode.ZONE_SIGNATURE_KEY_MISSING in codes(refused.value.report)
    assert out.read_text() == published


def test_outage_three_keys_with_one_tag_of_which_one_is_published(out: Path, published: str) -> None:
    ksk, (used, listed, _) = keys_of(15)[0], keys_with_one_tag(number=3)
    material = offline_material(ksk, listed)
    with pytest.raises(RefusedError) as refused:
        sign(out, SMALL, (used,), plan=ZonePlan(key_material=material))
    assert ZoneCode.ZONE_SIGNATURE_BAD in codes(refused.value.report)
    assert out.read_text() == published


class Flaky:
    """A signer that gets one in so many signatures wrong, as failing hardware does."""

    def __init__(self, key: ZoneKey, one_in: int) -> None:
        self.algorithm, self.public_key = key.algorithm, key.private.public_key
        self.private, self.one_in, self.made = key.private, one_in, 0

    def sign(self, data: bytes) -> bytes:
        signature = self.private.sign(data)
        self.made += 1
        return signature if self.made % self.one_in else bytes((signature[0] ^ 1,)) + signature[1:]


def test_outage_a_few_bad_signatures(out: Path, published: str) -> None:
    ksk, zsk = keys_of()
    text = SMALL + "".join(f"host{number} A 192.0.2.{number}\n" for number in range(200))
    with pytest.raises(RefusedError) as refused:
        sign(out, text, (ksk, replace(zsk, private=Flaky(zsk, 100))))
    bad = [finding for finding in refused.value.report.findings if finding.code is ZoneCode.ZONE_SIGNATURE_BAD]
    assert 2 <= len(bad) <= 5 and "not published" in str(refused.value)
    assert out.read_text() == published


def test_outage_bad_signatures_in_the_earlier_zone_are_found_when_all_is_verified(out: Path, tmp_path: Path) -> None:
    ksk, zsk = keys_of()
    earlier = tmp_path / "earlier"
    sign(earlier, SMALL, (ksk, replace(zsk, private=Flaky(zsk, 5))), gate=Gate.NONE)
    with pytest.raises(RefusedError):
        sign(out, SMALL, earlier=earlier, gate=Gate.ALL)
    assert not out.exists()


def test_outage_a_wildcard_whose_bitmap_lost_a_type(out: Path) -> None:
    """What such a signer would publish is found, in NSEC and in NSEC3."""
    for denial, code in ((NSEC, ZoneCode.ZONE_NSEC_TYPES_WRONG), (NSEC3, ZoneCode.ZONE_NSEC3_TYPES_WRONG)):
        text = signed_text(out, plan=ZonePlan(denial=denial))
        # The records are those of a zone without the type, the chain that of one with it; and the other way round.
        assert code in codes(judge(in_memory(text).remove(Name("*.wild.example."), rr.TXT)))
        wild = rrsets_from_text("*.wild.example. 3600 IN SPF x", None)[0]
        assert code in codes(judge(in_memory(text).replace(wild)))


def entry(*keys: ZoneKey, source: str = "the parent's DS set") -> EntrySet:
    return EntrySet(source, tuple(ds_for(EXAMPLE, key.dnskey) for key in keys))


def test_outage_ksk_signatures_dropped_while_the_old_ds_is_still_cached(out: Path, published: str) -> None:
    old, zsk = keys_of()
    new = generate(EXAMPLE, 13, secure_entry_point=True)
    line = "".join(line + "\n" for line in rrset_to_text(dnskey_rrset(EXAMPLE, (old.dnskey,))))
    with pytest.raises(RefusedError, match="does not sign the DNSKEY RRset") as refused:
        sign(out, SMALL + line, (new, zsk), entries=(entry(new), entry(old, source="caches")))
    assert codes(refused.value.report) == {ZoneCode.ZONE_ENTRY_BROKEN}
    with pytest.raises(RefusedError, match="no key that the zone publishes"):
        sign(out, SMALL, (new, zsk), entries=(entry(old),))
    assert out.read_text() == published
    sign(out, SMALL, (old, new, zsk), entries=(entry(new), entry(old, source="caches")))


def test_a_signature_that_would_be_over_is_refused(out: Path, published: str) -> None:
    with pytest.raises(RefusedError) as refused:
        sign(out, SMALL, validity=replace(VALIDITY, expiration=NOW - 60, jitter=0))
    assert ZoneCode.ZONE_SIGNATURE_EXPIRED in codes(refused.value.report)
    with pytest.raises(RefusedError) as refused:
        sign(out, SMALL, validity=replace(VALIDITY, inception=NOW + 60))
    assert ZoneCode.ZONE_SIGNATURE_NOT_YET_VALID in codes(refused.value.report)
    assert out.read_text() == published


def test_without_the_gate_what_is_broken_is_published(out: Path) -> None:
    """Else the tests above prove nothing."""
    result = sign(out, SMALL, validity=replace(VALIDITY, expiration=NOW - 60, jitter=0), gate=Gate.NONE)
    assert result.report is None and ZoneCode.ZONE_SIGNATURE_EXPIRED in codes(judge(out))


# --- what is refused before it is signed ------------------------------------------------------------------------------


def test_keys_that_do_not_fit_the_zone_are_refused(out: Path, published: str) -> None:
    with pytest.raises(UsageError, match="without keys"):
        sign(out, "$ORIGIN example.\n" + SMALL, ())
    with pytest.raises(UsageError, match=r"belongs to other\., not to the zone example\."):
        sign(out, SMALL, (*keys_of(), *keys_of(zone=Name("other."))))
    with pytest.raises(UsageError, match="no zone key"):
        sign(out, SMALL, [key.with_flags(1) for key in keys_of()])
    assert out.read_text() == published


def test_a_file_that_is_no_zone_is_refused(out: Path, published: str) -> None:
    for text, reason in (
        (SMALL.replace("@ SOA", "; "), "no SOA record"),
        (SMALL + "other. A 192.0.2.1\n", "outside the zone"),
        (SMALL + "@ SOA ns admin 8 1 1 1 1\n", "more than one SOA"),
        (SMALL + "sub SOA ns admin 8 1 1 1 1\n", "a second SOA"),
        (SMALL + 'open TXT "never closed\n', "not closed"),
    ):
        with pytest.raises(InputError, match=reason):
            sign(out, text)
    assert out.read_text() == published


@pytest.mark.parametrize("gate", Gate)
@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("@ CNAME mail\n", r"example\. CNAME stands beside other data"),
        ("mail CNAME ns\n", r"mail\.example\. CNAME stands beside other data"),
        ("alias CNAME ns\n", r"alias\.example\. CNAME has more than one record"),
        ("old DNAME ns\n", r"old\.example\. DNAME has more than one record"),
        (f"@ DS 1 13 2 {'00' * 32}\n", r"example\. DS stands at the apex"),
        ("@ SOA ns admin 8 1 1 1 1\n", "more than one SOA"),
        (f"@ DS 1 13 2 {'00' * 32}\n@ CNAME mail\n", r"\(and 1 more like it\)"),
    ],
)
def test_what_no_server_can_answer_with_is_refused_whatever_the_gate(
    out: Path, published: str, lines: str, reason: str, gate: Gate
) -> None:
    """RFC 1034 §3.6.2, RFC 2181 §10.1, RFC 6672 §2.4, RFC 4035 §2.4, RFC 1035 §5.2."""
    with pytest.raises(InputError, match=reason) as error:
        sign(out, SMALL + lines, gate=gate)
    assert "\n" not in str(error.value)
    assert out.read_text() == published


def test_rfc5155_3_a_name_too_long_for_nsec3_is_refused(tmp_path: Path) -> None:
    label = "a" * 63
    origin = Name(f"{label}.{label}.{label}.{'b' * 40}.")
    out = tmp_path / "zone"
    text = "@ 60 SOA ns. admin. 1 2 3 4 5\n@ 60 NS ns.\n"
    sign(out, text, keys_of(zone=origin))
    before = out.read_text()
    with pytest.raises(InputError, match="too long for NSEC3"):
        sign(out, text, keys_of(zone=origin), plan=ZonePlan(denial=NSEC3))
    assert out.read_text() == before


def test_an_output_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be written"):
        sign_into_missing_folder(tmp_path)


def sign_into_missing_folder(tmp_path: Path) -> None:
    (tmp_path / "source").write_text(SMALL)
    from unbroken.signing.publish import SigningRequest, sign_file

    sign_file(SigningRequest(str(tmp_path / "source"), str(tmp_path / "no" / "out"), keys_of(), ZonePlan(), VALIDITY))

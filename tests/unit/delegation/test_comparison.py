"""Whether a parent's DS match a child's keys, and what is to be changed."""

import dataclasses

import pytest

from unbroken.chain import DsOutcome, Evidence, Limits
from unbroken.delegation import DelegationStatus, Published, cdnskey_rrset, cds_rrset, compare, delete_cds, ds_for
from unbroken.dns import Ds, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.keys import ZoneKey, dnskey_rrset, generate, generate_set
from unbroken.signing.rrsig import Task, sign_all

ZONE = Name("child.example.")
NOW = 1_800_000_000
KSK, ZSK = generate_set(ZONE, 15)
NEXT = generate(ZONE, 13, secure_entry_point=True)


def _keys(published: tuple[ZoneKey, ...], signing: tuple[ZoneKey, ...]) -> Evidence:
    rrset = dnskey_rrset(ZONE, [key.dnskey for key in published])
    (signed,) = sign_all([Task(rrset, signing)], NOW - 3600, NOW + 86400)
    return Evidence(rrset, signed.rrsigs())


def _published(*dses: Ds, keys: Evidence | None = None, **more: RRset | None) -> Published:
    return Published(ZONE, dses, _keys((KSK, ZSK), (KSK,)) if keys is None else keys, **more)


def _ds(key: ZoneKey, digest_type: int = 2) -> Ds:
    return ds_for(ZONE, key.dnskey, digest_type)


def _bent(ds: Ds, position: int, octet: int) -> Ds:
    rdata = bytearray(ds.rdata)
    rdata[position] = octet
    return RRset(ZONE, rr.DS, 0, (bytes(rdata),)).dses()[0]


def test_rfc4035_5_2_a_ds_that_leads_to_a_signing_key_is_in_order() -> None:
    found = compare(_published(_ds(KSK), _ds(KSK, 4)), NOW)
    assert found.status is DelegationStatus.IN_ORDER
    assert (found.add, found.remove, found.notes) == ((), (), ())
    assert found.signing == (KSK.dnskey,)
    assert all(verdict.is_good and verdict.dnskey == KSK.dnskey for verdict in found.verdicts)


def test_a_ds_of_a_key_that_is_gone_is_to_be_removed() -> None:
    found = compare(_published(_ds(KSK), _ds(NEXT)), NOW)
    assert found.status is DelegationStatus.STALE
    assert (found.add, found.remove) == ((), (_ds(NEXT),))
    assert found.verdicts[1].outcome is DsOutcome.NO_KEY_WITH_TAG


@pytest.mark.parametrize(
    ("position", "octet", "outcome"),
    [
        (10, 0, DsOutcome.DIGEST_MISMATCH),
        (2, 13, DsOutcome.ALGORITHM_MISMATCH),
        (0, 0, DsOutcome.NO_KEY_WITH_TAG),
    ],
)
def test_a_bent_ds_breaks_the_delegation_and_the_right_one_is_offered(
    position: int, octet: int, outcome: DsOutcome
) -> None:
    bent = _bent(_ds(KSK), position, octet ^ (_ds(KSK).rdata[position] == octet))
    found = compare(_published(bent), NOW)
    assert (found.status, found.verdicts[0].outcome) == (DelegationStatus.BROKEN, outcome)
    assert (found.add, found.remove) == ((_ds(KSK),), (bent,))


def test_rfc4035_5_2_a_ds_of_a_key_that_does_not_sign_the_keys_is_of_no_use() -> None:
    keys = _keys((KSK, NEXT, ZSK), (NEXT,))
    found = compare(_published(_ds(KSK), keys=keys), NOW)
    (verdict,) = found.verdicts
    assert (verdict.outcome, verdict.signs, verdict.is_good) == (DsOutcome.MATCHED, False, False)
    assert found.status is DelegationStatus.BROKEN
    assert (found.add, found.remove) == ((_ds(NEXT),), (_ds(KSK),))


def test_a_revoked_key_is_named_and_offered_to_nobody() -> None:
    revoked = KSK.revoked()
    keys = _keys((revoked, NEXT), (revoked, NEXT))
    found = compare(_published(ds_for(ZONE, revoked.dnskey), keys=keys), NOW)
    assert (found.status, found.verdicts[0].outcome) == (DelegationStatus.BROKEN, DsOutcome.KEY_REVOKED)
    assert found.add == (_ds(NEXT),)


def test_without_ds_the_zone_is_insecure_and_its_ds_is_offered() -> None:
    found = compare(_published(), NOW)
    assert (found.status, found.add, found.remove) == (DelegationStatus.INSECURE, (_ds(KSK),), ())


def test_rfc4035_5_2_ds_that_nobody_can_use_leave_the_zone_insecure_and_stay() -> None:
    unknown = (_bent(_ds(KSK), 3, 200), _bent(_ds(KSK), 2, 200))
    found = compare(_published(*unknown), NOW)
    assert (found.status, found.remove) == (DelegationStatus.INSECURE, ())
    assert any("counts as unsigned" in note for note in found.notes)


def test_rfc9905_2_a_sha1_ds_is_to_be_replaced() -> None:
    found = compare(_published(_ds(KSK, 1)), NOW)
    assert (found.status, found.add, found.remove) == (DelegationStatus.IN_ORDER, (_ds(KSK),), (_ds(KSK, 1),))
    assert any("SHA-1" in note for note in found.notes)
    beside = compare(_published(_ds(KSK, 1), _ds(KSK)), NOW)
    assert (beside.status, beside.remove) == (DelegationStatus.IN_ORDER, (_ds(KSK, 1),))
    assert beside.verdicts[0].outcome is DsOutcome.WEAKER_DIGEST_IGNORED


def test_a_zone_without_keys_or_signatures_is_broken_beyond_what_ds_can_mend() -> None:
    nothing = compare(Published(ZONE, (_ds(KSK),), None), NOW)
    assert (nothing.status, nothing.add) == (DelegationStatus.BROKEN, ())
    assert any("no DNSKEY" in note for note in nothing.notes)
    bare = Evidence(dnskey_rrset(ZONE, [KSK.dnskey]))
    unsigned = compare(_published(_ds(KSK), keys=bare), NOW)
    assert (unsigned.status, unsigned.add) == (DelegationStatus.BROKEN, ())
    assert any("no signature" in note for note in unsigned.notes)
    expired = compare(_published(_ds(KSK)), NOW + 10 * 86400)
    assert expired.status is DelegationStatus.BROKEN


def test_rfc7344_4_1_what_the_child_asks_for_is_what_is_to_be_done() -> None:
    keys = _keys((KSK, NEXT, ZSK), (KSK, NEXT))
    found = compare(_published(_ds(KSK), keys=keys, cds=cds_rrset(ZONE, [_ds(NEXT)])), NOW)
    assert (found.status, found.add, found.remove) == (DelegationStatus.IN_ORDER, (_ds(NEXT),), (_ds(KSK),))
    both = cdnskey_rrset(ZONE, [NEXT.dnskey])
    assert compare(_published(_ds(KSK), keys=keys, cdnskey=both), NOW).add == (_ds(NEXT),)


def test_rfc7344_4_1_what_would_break_the_delegation_is_not_done() -> None:
    found = compare(_published(_ds(KSK), cds=cds_rrset(ZONE, [_ds(NEXT)])), NOW)
    assert (found.status, found.add, found.remove) == (DelegationStatus.IN_ORDER, (), ())
    assert any("would break" in note for note in found.notes)
    bent = compare(_published(_ds(KSK), cds=cds_rrset(ZONE, [_bent(_ds(KSK), 10, _ds(KSK).rdata[10] ^ 1)])), NOW)
    assert (bent.add, bent.remove) == ((), ())


def test_rfc8078_4_a_child_that_wants_no_ds_loses_them_all() -> None:
    found = compare(_published(_ds(KSK), cds=delete_cds(ZONE)), NOW)
    assert found.wish.is_delete
    assert (found.status, found.add, found.remove) == (DelegationStatus.IN_ORDER, (), (_ds(KSK),))


def test_cds_and_cdnskey_that_differ_are_told_and_not_followed() -> None:
    keys = _keys((KSK, NEXT), (KSK, NEXT))
    found = compare(
        _published(_ds(KSK), keys=keys, cds=cds_rrset(ZONE, [_ds(NEXT)]), cdnskey=cdnskey_rrset(ZONE, [KSK.dnskey])),
        NOW,
    )
    assert (found.add, found.remove) == ((), ())
    assert any("do not ask for the same" in note for note in found.notes)


def test_work_is_bounded_whatever_the_parent_says() -> None:
    many = tuple(_bent(_bent(_ds(KSK), 10, n % 256), 11, n // 256) for n in range(600))
    found = compare(_published(*many), NOW, limits=dataclasses.replace(Limits(), digests=16))
    assert found.status is DelegationStatus.BROKEN
    assert sum(verdict.outcome is DsOutcome.DIGEST_MISMATCH for verdict in found.verdicts) <= 16

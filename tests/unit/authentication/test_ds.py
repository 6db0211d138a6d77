"""From DS to DNSKEY (RFC 4035 §5.2, RFC 4509 §3, RFC 6840 §5.2)."""

import pytest

from unbroken.authentication.ds import match_dses
from unbroken.authentication.policy import Policy, split_rsa_key
from unbroken.chain import Budget, DsOutcome, Limits
from unbroken.delegation.ds import ds_for
from unbroken.dns import Ds, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.keys import generate

ZONE = Name("zone.test.")
KEY = generate(ZONE, 13, secure_entry_point=True)
OTHER = generate(ZONE, 15, secure_entry_point=True, avoid=frozenset({KEY.key_tag}))


def bent(ds: Ds, *, tag: int | None = None, algorithm: int | None = None, digest_type: int | None = None) -> Ds:
    tag = ds.key_tag if tag is None else tag
    head = tag.to_bytes(2, "big") + bytes([algorithm or ds.algorithm, digest_type or ds.digest_type])
    return RRset(ZONE, rr.DS, 0, (head + ds.digest,)).dses()[0]


def outcomes(*dses: Ds, policy: Policy | None = None, limits: Limits | None = None) -> list[DsOutcome]:
    match = match_dses(ZONE, dses, (KEY.dnskey, OTHER.dnskey), policy or Policy(), Budget(limits or Limits()))
    return [attempt.outcome for attempt in match.attempts]


GOOD = ds_for(ZONE, KEY.dnskey)


@pytest.mark.parametrize("digest_type", [1, 2, 4])
def test_each_digest_type_matches(digest_type: int) -> None:
    assert outcomes(ds_for(ZONE, KEY.dnskey, digest_type)) == [DsOutcome.MATCHED]


def test_each_way_of_not_matching_is_told_apart() -> None:
    wrong_digest = RRset(ZONE, rr.DS, 0, (GOOD.rdata[:-1] + bytes([GOOD.rdata[-1] ^ 1]),)).dses()[0]
    free_tag = next(tag for tag in range(9) if tag not in (KEY.key_tag, OTHER.key_tag))
    assert outcomes(bent(GOOD, tag=free_tag)) == [DsOutcome.NO_KEY_WITH_TAG]
    assert outcomes(bent(GOOD, algorithm=15)) == [DsOutcome.ALGORITHM_MISMATCH]
    assert outcomes(wrong_digest) == [DsOutcome.DIGEST_MISMATCH]
    assert outcomes(bent(GOOD, digest_type=200)) == [DsOutcome.UNSUPPORTED_DIGEST]
    assert outcomes(bent(GOOD, algorithm=200)) == [DsOutcome.UNSUPPORTED_ALGORITHM]


def test_sha1_is_ignored_beside_a_stronger_digest_even_if_only_it_matches() -> None:
    """RFC 4509 §3: otherwise a forged SHA-1 digest would be as good as a SHA-256 one."""
    sha1 = ds_for(ZONE, KEY.dnskey, 1)
    other = ds_for(ZONE, OTHER.dnskey, 2)
    match = match_dses(ZONE, (sha1, other), (KEY.dnskey,), Policy(), Budget(Limits()))
    assert match.entry_points == ()
    assert {a.outcome for a in match.attempts} == {DsOutcome.WEAKER_DIGEST_IGNORED, DsOutcome.NO_KEY_WITH_TAG}


def test_unknown_digests_and_algorithms_alone_leave_the_zone_unsupported() -> None:
    unknown = (bent(GOOD, digest_type=200), bent(GOOD, algorithm=200))
    assert not match_dses(ZONE, unknown, (KEY.dnskey,), Policy(), Budget(Limits())).is_supported
    assert match_dses(ZONE, (*unknown, GOOD), (KEY.dnskey,), Policy(), Budget(Limits())).entry_points == (KEY.dnskey,)


def test_ds_records_are_looked_at_up_to_the_limit() -> None:
    wrong = [bent(GOOD, tag=tag) for tag in range(60000, 60003)]
    assert outcomes(*wrong, GOOD, limits=Limits(ds_per_zone=4))[-1] is DsOutcome.MATCHED
    assert outcomes(*wrong, GOOD, limits=Limits(ds_per_zone=3))[-1] is DsOutcome.OVER_LIMIT


@pytest.mark.parametrize(("bits", "supported"), [(1023, False), (1024, True), (4096, True), (4097, False)])
def test_rsa_keys_outside_the_policys_sizes_are_unsupported(bits: int, supported: bool) -> None:
    modulus = (1 << (bits - 1)) | 1
    field = b"\x03\x01\x00\x01" + modulus.to_bytes((bits + 7) // 8, "big")
    assert Policy().supports_key(8, field) is supported
    assert split_rsa_key(field) == (65537, modulus)


@pytest.mark.parametrize("field", [b"", b"\x00", b"\x00\x00\x00\x01", b"\x05\x01", b"\x01\x03", b"\x01\x03\x00\x00"])
def test_malformed_rsa_fields_do_not_parse(field: bytes) -> None:
    assert split_rsa_key(field) is None

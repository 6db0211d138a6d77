"""Making zone keys."""

import pytest

from unbroken._kernel import VERIFIED, verify_raw
from unbroken.dns import Name
from unbroken.errors import UsageError
from unbroken.keys import (
    REVOKE,
    ZONE_KEY,
    dnskey_rrset,
    generate,
    generate_private_key,
    generate_set,
    tags_in_use,
    zone_key,
)

ZONE = Name("example.")


@pytest.mark.parametrize("algorithm", [8, 10, 13, 14, 15, 18])
def test_a_generated_key_signs_what_its_dnskey_verifies(algorithm: int) -> None:
    key = generate(ZONE, algorithm, secure_entry_point=True)
    signature = key.private.sign(b"data")
    assert verify_raw(algorithm, key.dnskey.public_key, signature, b"data") == VERIFIED
    assert (key.dnskey.flags, key.dnskey.protocol, key.dnskey.algorithm) == (257, 3, algorithm)


def test_ed448_signs_through_the_fallback() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey

    key = generate(ZONE, 16, secure_entry_point=False)
    assert (key.dnskey.flags, len(key.dnskey.public_key)) == (256, 57)
    Ed448PublicKey.from_public_bytes(key.dnskey.public_key).verify(key.private.sign(b"data"), b"data")


@pytest.mark.parametrize("algorithm", [0, 1, 3, 5, 7, 12, 17, 252, 255])
def test_algorithms_that_must_not_sign_get_no_key(algorithm: int) -> None:
    with pytest.raises(UsageError, match="must not sign"):
        generate_private_key(algorithm)


def test_an_rsa_size_that_is_not_offered_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="1000 bits"):
        generate_private_key(8, 1000)


def test_tags_in_use_hold_the_revoked_form_of_each_key() -> None:
    key = generate(ZONE, 15, secure_entry_point=True)
    assert tags_in_use((key.dnskey,)) == {key.key_tag, key.revoked().key_tag}
    assert tags_in_use((key.revoked().dnskey,)) == tags_in_use((key.dnskey,))
    assert key.revoked().dnskey.flags == 257 | REVOKE


def test_a_new_key_avoids_the_tags_in_use_revoked_or_not() -> None:
    # Every third tag is taken, and revoking moves a tag by a number that is no multiple of three: two keys in three
    # fall.
    taken = frozenset(range(0, 65536, 3))
    for _ in range(8):
        key = generate(ZONE, 15, secure_entry_point=True, avoid=taken)
        assert not taken & {key.key_tag, key.revoked().key_tag}


def test_no_free_tag_is_a_usage_error_not_an_endless_loop() -> None:
    with pytest.raises(UsageError, match="free tag"):
        generate(ZONE, 15, secure_entry_point=True, avoid=frozenset(range(65536)))


def test_roles_follow_the_sep_flag_unless_one_key_does_both() -> None:
    ksk, zsk = generate_set(ZONE, 15)
    assert (ksk.role, ksk.dnskey.flags, zsk.role, zsk.dnskey.flags) == ("KSK", 257, "ZSK", ZONE_KEY)
    (csk,) = generate_set(ZONE, 15, csk=True)
    assert (csk.role, csk.dnskey.flags) == ("CSK", 257)


def test_any_signer_can_be_a_zone_key() -> None:
    class Raw:
        algorithm = 5
        public_key = b"\x01\x03" + b"\xff" * 128

        def sign(self, data: bytes) -> bytes:
            return data[:1]

    key = zone_key(ZONE, Raw(), secure_entry_point=False)
    assert (key.algorithm, dnskey_rrset(ZONE, [key.dnskey]).dnskeys()) == (5, (key.dnskey,))


def test_no_secret_shows() -> None:
    key = generate(ZONE, 13, secure_entry_point=True)
    shown = repr(key)
    assert key.private.to_pkcs8().hex() not in shown and "SigningKey" not in shown  # type: ignore[attr-defined]

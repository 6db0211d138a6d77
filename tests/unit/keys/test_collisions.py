"""Keys of one zone that share a tag."""

import dataclasses

from unbroken.dns import Name
from unbroken.keys import (
    REVOKE,
    SECURE_ENTRY_POINT,
    ZONE_KEY,
    StoredKey,
    find_collisions,
    has_free_tag,
    make_dnskey,
    tags_in_use,
)

ZONE = Name("example.")


def _key(
    number: int, *, flags: int = ZONE_KEY | SECURE_ENTRY_POINT, algorithm: int = 15, zone: Name = ZONE
) -> StoredKey:
    """A key of 32 octets, whose tag depends on the sum of their 16-bit words only (RFC 4034 App. B)."""
    public_key = number.to_bytes(32)
    return StoredKey(zone, make_dnskey(flags, algorithm, public_key), "KSK", path=str(number))


def test_rfc4034_8_two_keys_with_one_tag_are_found() -> None:
    first, second = _key(1), _key(1 << 16)
    (found,) = find_collisions([first, second, _key(7)])
    assert (found.zone, found.key_tag, found.once_revoked) == (ZONE, first.key_tag, False)
    assert {found.first.path, found.second.path} == {"1", "65536"}
    assert "have one tag" in str(found)


def test_three_keys_with_one_tag_are_three_pairs() -> None:
    assert len(find_collisions([_key(1), _key(1 << 16), _key(1 << 32)])) == 3


def test_rfc5011_2_1_a_collision_that_comes_with_revocation_is_found() -> None:
    first, second = _key(1), _key(1 + REVOKE)
    assert first.key_tag != second.key_tag
    (found,) = find_collisions([first, second])
    assert found.once_revoked and found.key_tag == second.key_tag and "revoked" in str(found)


def test_the_same_key_twice_or_revoked_collides_with_nothing() -> None:
    revoked = _key(1, flags=ZONE_KEY | SECURE_ENTRY_POINT | REVOKE)
    assert find_collisions([_key(1), dataclasses.replace(_key(1), path="elsewhere"), revoked]) == ()


def test_keys_of_several_zones_do_not_collide() -> None:
    assert find_collisions([_key(1), _key(1 << 16, zone=Name("example.org."))]) == ()
    (found,) = find_collisions([_key(1), _key(1 << 16, zone=Name("EXAMPLE."))])
    assert found.key_tag == _key(1).key_tag


def test_algorithms_do_not_keep_tags_apart() -> None:
    other = _key(0, algorithm=16)
    shift = _key(1).key_tag - other.key_tag
    twin = _key(shift, algorithm=16)
    assert twin.key_tag == _key(1).key_tag
    (found,) = find_collisions([_key(1), twin])
    assert "algorithms 15 and 16" in str(found)


def test_a_new_key_is_judged_by_both_its_tags() -> None:
    key = _key(1)
    for tag in tags_in_use((key.dnskey,)):
        assert not has_free_tag(key.dnskey, frozenset({tag}))
    assert has_free_tag(key.dnskey, tags_in_use((_key(9).dnskey,)))

"""Keys of one zone that share a tag: legal (RFC 4034 §8), and costly enough that some validators refuse (CVE-2023-50387)."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from unbroken.dns import Dnskey, Name
from unbroken.keys.stored import StoredKey, is_same_public_key
from unbroken.keys.zone_key import REVOKE, tags_in_use, with_flags


@dataclass(frozen=True, slots=True)
class Collision:
    """Two keys of `zone` with one `key_tag`. `once_revoked`: only when one of them has its REVOKE bit turned."""

    zone: Name
    key_tag: int
    first: StoredKey
    second: StoredKey
    once_revoked: bool

    def __str__(self) -> str:
        when = ", once one of them is revoked" if self.once_revoked else ""
        algorithms = sorted({self.first.algorithm, self.second.algorithm})
        which = (
            f"algorithm {algorithms[0]}" if len(algorithms) == 1 else f"algorithms {algorithms[0]} and {algorithms[1]}"
        )
        return (
            f"{self.zone}: keys {self.first.key_tag} and {self.second.key_tag} ({which}) have one tag, {self.key_tag}{when}; "
            "validators may refuse such a zone: replace one of them"
        )


def find_collisions(keys: Iterable[StoredKey]) -> tuple[Collision, ...]:
    """Every pair of keys of one zone that share a tag, as they are or once revoked (RFC 5011 §2.1). One key that is in two
    files, or there as it was and revoked, collides with nothing."""
    holders: dict[tuple[Name, int], list[StoredKey]] = {}
    for key in keys:
        for tag in sorted(tags_in_use((key.dnskey,))):
            holders.setdefault((key.zone, tag), []).append(key)
    found: dict[tuple[int, int], Collision] = {}
    for (zone, tag), sharing in sorted(holders.items(), key=lambda item: item[0]):
        for first, second in combinations(sharing, 2):
            if _is_one_key(first.dnskey, second.dnskey):
                continue
            as_they_are = first.key_tag == second.key_tag == tag
            pair = id(first), id(second)  # two keys share two tags when their flags are the same: told once
            if as_they_are or pair not in found:
                found[pair] = Collision(zone, tag, first, second, not as_they_are)
    return tuple(found.values())


def _is_one_key(first: Dnskey, second: Dnskey) -> bool:
    same = first.algorithm == second.algorithm
    return same and is_same_public_key(first.algorithm, first.public_key, second.public_key)


def revoked_tag(dnskey: Dnskey) -> int:
    """The tag that the key has once it is revoked (RFC 5011 §2.1)."""
    return with_flags(dnskey, dnskey.flags | REVOKE).key_tag

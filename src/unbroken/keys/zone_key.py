"""A zone's key pair: its DNSKEY, its private part, and what it is there to sign."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from unbroken._kernel import Dnskey, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.errors import UsageError
from unbroken.keys.signer import Signer, generate_private_key
from unbroken.keys.times import KeyTimes

ZONE_KEY: Final = 0x0100  # RFC 4034 §2.1.1, bit 7
REVOKE: Final = 0x0080  # RFC 5011 §7, bit 8
SECURE_ENTRY_POINT: Final = 0x0001  # RFC 4034 §2.1.1, bit 15
_PROTOCOL: Final = 3  # RFC 4034 §2.1.2
_ATTEMPTS: Final = 64  # a free tag is found at once unless a zone has thousands of keys


def make_dnskey(flags: int, algorithm: int, public_key: bytes, protocol: int = _PROTOCOL) -> Dnskey:
    """The typed view of DNSKEY rdata. Raises WireError when it does not fit."""
    rdata = flags.to_bytes(2, "big") + bytes((protocol, algorithm)) + public_key
    return RRset(Name.ROOT, rr.DNSKEY, 0, (rdata,)).dnskeys()[0]


def with_flags(dnskey: Dnskey, flags: int) -> Dnskey:
    """The same key with other flags, and so another key tag."""
    return make_dnskey(flags, dnskey.algorithm, dnskey.public_key, dnskey.protocol)


def dnskey_rrset(zone: Name, dnskeys: Iterable[Dnskey], ttl: int = 3600) -> RRset:
    """The DNSKEY RRset of these keys at the apex; TTL in seconds. Raises ValueError without keys."""
    return RRset(zone, rr.DNSKEY, ttl, tuple(dnskey.rdata for dnskey in dnskeys))


def tags_in_use(dnskeys: Iterable[Dnskey]) -> frozenset[int]:
    """The key tags of these keys, each also as it is, or would be, once revoked (RFC 5011 §2.1, §3: the tag
    changes)."""
    return frozenset(
        tag for dnskey in dnskeys for tag in (dnskey.key_tag, with_flags(dnskey, dnskey.flags ^ REVOKE).key_tag)
    )


def has_free_tag(dnskey: Dnskey, avoid: frozenset[int]) -> bool:
    """Whether the key's tag is none of `avoid`, neither as it is nor once it is revoked (RFC 5011 §2.1)."""
    return avoid.isdisjoint(tags_in_use((dnskey,)))


@dataclass(frozen=True, slots=True)
class ZoneKey:
    """A key pair of `zone`. A KSK signs the DNSKEY RRset, a ZSK everything else, a CSK both (RFC 9499 §10)."""

    zone: Name
    dnskey: Dnskey
    private: Signer
    signs_keys: bool
    signs_data: bool
    times: KeyTimes = KeyTimes()

    @property
    def key_tag(self) -> int:
        return self.dnskey.key_tag

    @property
    def algorithm(self) -> int:
        return self.dnskey.algorithm

    @property
    def role(self) -> str:
        """`KSK`, `ZSK`, `CSK`, or `standby` for a key that is only published."""
        return {(True, False): "KSK", (False, True): "ZSK", (True, True): "CSK"}.get(
            (self.signs_keys, self.signs_data), "standby"
        )

    def as_csk(self) -> "ZoneKey":
        """The same key, signing everything."""
        return replace(self, signs_keys=True, signs_data=True)

    def with_flags(self, flags: int) -> "ZoneKey":
        """The same pair under other DNSKEY flags."""
        return replace(self, dnskey=with_flags(self.dnskey, flags))

    def revoked(self) -> "ZoneKey":
        """With the REVOKE bit set (RFC 5011 §2.1)."""
        return self.with_flags(self.dnskey.flags | REVOKE)


def zone_key(zone: Name, private: Signer, *, secure_entry_point: bool, csk: bool = False) -> ZoneKey:
    """The key pair of a private key at hand, whatever its algorithm: a KSK with the SEP flag, else a ZSK, or a CSK."""
    flags = ZONE_KEY | (SECURE_ENTRY_POINT if secure_entry_point else 0)
    dnskey = make_dnskey(flags, private.algorithm, private.public_key)
    return ZoneKey(zone, dnskey, private, secure_entry_point or csk, not secure_entry_point or csk)


def generate(
    zone: Name,
    algorithm: int = 13,
    *,
    secure_entry_point: bool,
    bits: int = 2048,
    avoid: frozenset[int] = frozenset(),
    csk: bool = False,
) -> ZoneKey:
    """A new key pair whose tag, revoked or not, is none of `avoid` (see `tags_in_use`): colliding tags cost validators
    work (RFC 4034 §8) and some of them refuse. Raises UsageError when the algorithm must not sign or no tag is free."""
    for _ in range(_ATTEMPTS):
        private = generate_private_key(algorithm, bits)
        key = zone_key(zone, private, secure_entry_point=secure_entry_point, csk=csk)
        if has_free_tag(key.dnskey, avoid):
            return key
    raise UsageError(f"no key for {zone} has a free tag after {_ATTEMPTS} attempts: {len(avoid)} tags are in use")


def generate_set(zone: Name, algorithm: int = 13, *, csk: bool = False, bits: int = 2048) -> tuple[ZoneKey, ...]:
    """A KSK and a ZSK, or one CSK, whose tags do not collide."""
    first = generate(zone, algorithm, secure_entry_point=True, bits=bits, csk=csk)
    if csk:
        return (first,)
    return first, generate(zone, algorithm, secure_entry_point=False, bits=bits, avoid=tags_in_use((first.dnskey,)))

"""One key as files hold it: its DNSKEY, its role, its times, and where its private part is."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from unbroken.authentication.policy import split_rsa_key
from unbroken.dns import Dnskey, Name
from unbroken.errors import UsageError
from unbroken.keys.pkcs8 import KINDS, Kind, PrivateNumbers, encode_pkcs8, parse_pkcs8
from unbroken.keys.pkcs11_uri import Pkcs11Uri
from unbroken.keys.signer import is_held_here, private_key_from_pkcs8
from unbroken.keys.times import KeyTimes
from unbroken.keys.zone_key import SECURE_ENTRY_POINT, ZONE_KEY, ZoneKey

if TYPE_CHECKING:
    from unbroken.keys.pkcs11 import TokenAccess
    from unbroken.keys.signer import Signer

ROLES: Final = {"KSK": (True, False), "ZSK": (False, True), "CSK": (True, True), "standby": (False, False)}
"""Whether a key of that role signs the DNSKEY RRset, and whether it signs everything else."""

_KEY_BITS: Final = {Kind.P256: 256, Kind.P384: 384, Kind.ED25519: 256, Kind.ED448: 456, Kind.MLDSA44: 10496}


@dataclass(frozen=True, slots=True)
class KeyHints:
    """What the user says of a key whose file does not tell: a bare PEM knows neither zone nor role, nor SHA-256 from
    SHA-512."""

    zone: Name | None = None
    algorithm: int | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key of `zone`. `private` is the key itself, or where in a token it is, or None when only the public half is there.

    `others` are fields of a BIND file that say nothing here (Predecessor, MaxTTL) and are not to be lost; `ttl` is 0
    when the file states none; `path` is where it was read from.
    """

    zone: Name
    dnskey: Dnskey
    role: str
    private: PrivateNumbers | Pkcs11Uri | None = None
    times: KeyTimes = KeyTimes()
    ttl: int = 0
    others: tuple[tuple[str, str], ...] = ()
    path: str = field(default="", compare=False)

    @property
    def key_tag(self) -> int:
        return self.dnskey.key_tag

    @property
    def algorithm(self) -> int:
        return self.dnskey.algorithm

    @property
    def bits(self) -> int | None:
        """The size of the public key; None for an algorithm that is not known."""
        return key_bits(self.dnskey)

    def open(self, access: "TokenAccess | None" = None) -> ZoneKey:
        """The pair, ready to sign. Raises UsageError without a private part, ValueError when the halves do not belong
        together, and what `Pkcs11Signer` raises when the private part is in a token."""
        signs_keys, signs_data = ROLES[self.role]
        return ZoneKey(self.zone, self.dnskey, self._signer(access), signs_keys, signs_data, self.times)

    def _signer(self, access: "TokenAccess | None") -> "Signer":
        if self.private is None:
            raise UsageError(f"{self.path or self.zone}: only the public half of key {self.key_tag} is here")
        if isinstance(self.private, Pkcs11Uri):
            from unbroken.keys.pkcs11 import Pkcs11Signer, TokenAccess

            return Pkcs11Signer.open(self.private, access or TokenAccess(), self.dnskey)
        signer = private_key_from_pkcs8(self.algorithm, encode_pkcs8(self.private))
        if not is_same_public_key(self.algorithm, signer.public_key, self.dnskey.public_key):
            raise ValueError("the private key is not the one of its DNSKEY record")
        return signer


def from_zone_key(key: ZoneKey) -> StoredKey:
    """What is to be stored of a pair. Raises UsageError when its private part can't leave its holder."""
    from unbroken.keys.pkcs11 import Pkcs11Signer

    private: PrivateNumbers | Pkcs11Uri
    if isinstance(key.private, Pkcs11Signer):
        private = key.private.uri
    elif is_held_here(key.private):
        private = parse_pkcs8(key.private.to_pkcs8())
    else:
        raise UsageError(f"the private key {key.key_tag} of {key.zone} can't be stored as PKCS#8")
    return StoredKey(key.zone, key.dnskey, key.role, private, key.times)


def is_same_public_key(algorithm: int, first: bytes, second: bytes) -> bool:
    """Whether two public key fields hold one key. RFC 3110 §2 lets an RSA exponent's length be written in two ways."""
    if first == second:
        return True
    if KINDS.get(algorithm) is not Kind.RSA:
        return False
    return split_rsa_key(first) is not None and split_rsa_key(first) == split_rsa_key(second)


def key_bits(dnskey: Dnskey) -> int | None:
    """The size of a public key in bits: of an RSA modulus, else what the algorithm has; None when it is not known."""
    kind = KINDS.get(dnskey.algorithm)
    if kind is Kind.RSA:
        parts = split_rsa_key(dnskey.public_key)
        return None if parts is None else parts[1].bit_length()
    return None if kind is None else _KEY_BITS[kind]


def role_flags(role: str) -> int:
    """The DNSKEY flags of a new key of that role: KSK and CSK are secure entry points (RFC 4034 §2.1.1)."""
    return ZONE_KEY | (SECURE_ENTRY_POINT if role in ("KSK", "CSK") else 0)

"""Keys that are the same in every run: a fuzz case must be the same the next time. For tests only: anyone can make them."""

import hashlib
from functools import cache
from random import Random
from typing import Final

from unbroken._kernel import Name, SigningKey
from unbroken.keys import KernelSigner, ZoneKey, zone_key

ED25519: Final = 15
ECDSA_P256: Final = 13
RSA_SHA256: Final = 8
_ED25519_HEADER: Final = bytes.fromhex(
    "302e020100300506032b657004220420"
)  # PKCS#8 around a 32-octet seed (RFC 8410 §7)
_EXPONENT: Final = 65537


def key_set(zone: Name, algorithm: int) -> tuple[ZoneKey, ZoneKey]:
    """The KSK and the ZSK of a zone."""
    return (
        zone_key(zone, KernelSigner(_private(zone, algorithm, "ksk")), secure_entry_point=True),
        zone_key(zone, KernelSigner(_private(zone, algorithm, "zsk")), secure_entry_point=False),
    )


def _private(zone: Name, algorithm: int, role: str) -> SigningKey:
    seed = hashlib.sha256(f"{zone} {role}".encode()).digest()
    if algorithm == ED25519:
        return SigningKey.from_pkcs8(ED25519, _ED25519_HEADER + seed)
    return SigningKey.from_pkcs8(algorithm, _ecdsa(seed) if algorithm == ECDSA_P256 else _rsa(seed))


def _ecdsa(seed: bytes) -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.derive_private_key(int.from_bytes(seed, "big") >> 1, ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@cache
def _rsa(seed: bytes) -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    random = Random(seed)
    first, second = _prime(random), _prime(random)
    private = pow(_EXPONENT, -1, (first - 1) * (second - 1))
    numbers = rsa.RSAPrivateNumbers(
        first,
        second,
        private,
        rsa.rsa_crt_dmp1(private, first),
        rsa.rsa_crt_dmq1(private, second),
        rsa.rsa_crt_iqmp(first, second),
        rsa.RSAPublicNumbers(_EXPONENT, first * second),
    )
    return numbers.private_key().private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _prime(random: Random) -> int:
    """A prime of 1024 bits, the two uppermost set. One Fermat test is enough for a number that nobody chose to deceive."""
    small = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]
    candidate = random.getrandbits(1024) | 3 << 1022 | 1
    while True:
        if all(candidate % n for n in small) and candidate % _EXPONENT != 1 and pow(2, candidate - 1, candidate) == 1:
            return candidate
        candidate += 2

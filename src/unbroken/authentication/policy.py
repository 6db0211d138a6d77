"""Which algorithms, digests and key sizes count. The default is RFC 9904 with RFC 9905: SHA-1 signatures are unsupported."""

from collections.abc import Callable, Mapping
from typing import Final

from unbroken.dns import registry
from unbroken.records import dataclass, field

Verifier = Callable[[bytes, bytes, bytes], bool]
"""(public key field, signature field, signed data) → whether the signature is good."""

_MODERN: Final = frozenset(
    {
        registry.RSASHA256,
        registry.RSASHA512,
        registry.ECDSAP256SHA256,
        registry.ECDSAP384SHA384,
        registry.ED25519,
        registry.ED448,
        registry.MLDSA44,
    }
)
_SHA1: Final = frozenset({registry.RSASHA1, registry.RSASHA1_NSEC3_SHA1})
MAX_EXPONENT_BITS: Final = 64
"""RFC 3110 §2 allows long exponents; they cost time in proportion, and no signer uses one over 64 bits."""
_RSA: Final = _SHA1 | {registry.RSASHA256, registry.RSASHA512}


@dataclass(frozen=True, slots=True)
class Policy:
    """What a validator accepts. All that is not accepted is unsupported, and so insecure, never bogus (RFC 4035 §5.2)."""

    algorithms: frozenset[int] = _MODERN
    digests: frozenset[int] = frozenset({registry.SHA1, registry.SHA256, registry.SHA384})
    min_rsa_bits: int = 1024
    max_rsa_bits: int = 4096
    """RFC 3110 §2 and RFC 5702 §2 allow moduli of 512 to 4096 bits."""
    extra_verifiers: Mapping[int, Verifier] = field(default_factory=dict)
    """Verifiers for algorithms that this package has none for (tests replay DSA with it). They must be in `algorithms` too."""

    @classmethod
    def historic(cls, extra_verifiers: Mapping[int, Verifier] | None = None) -> "Policy":
        """Also SHA-1 and RSA from 512 bits, for data recorded when these were in use. Never for live answers."""
        extra = extra_verifiers or {}
        return cls(algorithms=_MODERN | _SHA1 | frozenset(extra), min_rsa_bits=512, extra_verifiers=extra)

    def supports_algorithm(self, algorithm: int) -> bool:
        """Whether signatures and keys of that algorithm count."""
        return algorithm in self.algorithms

    def supports_digest(self, digest_type: int) -> bool:
        """Whether DS records of that digest type count."""
        return digest_type in self.digests

    def supports_key(self, algorithm: int, public_key: bytes) -> bool:
        """Whether a key of a supported algorithm is of a supported size."""
        if algorithm not in self.algorithms:
            return False
        if algorithm not in _RSA:
            return True
        parts = split_rsa_key(public_key)
        if parts is None:
            return True
        exponent, modulus = parts
        return (
            self.min_rsa_bits <= modulus.bit_length() <= self.max_rsa_bits
            and exponent.bit_length() <= MAX_EXPONENT_BITS
        )


def split_rsa_key(public_key: bytes) -> tuple[int, int] | None:
    """Exponent and modulus of a DNSKEY public key field (RFC 3110 §2); None when it is malformed."""
    if len(public_key) < 3:
        return None
    length, start = public_key[0], 1
    if length == 0:
        length, start = int.from_bytes(public_key[1:3], "big"), 3
    exponent, modulus = public_key[start : start + length], public_key[start + length :]
    if length == 0 or len(exponent) != length or not modulus.lstrip(b"\x00"):
        return None
    return int.from_bytes(exponent, "big"), int.from_bytes(modulus, "big")

"""DNSSEC algorithm and DS digest registries: number, mnemonic and what a validator may do with it (RFC 9904)."""

from typing import Final

from unbroken.records import dataclass

RSAMD5: Final = 1
DSA: Final = 3
RSASHA1: Final = 5
DSA_NSEC3_SHA1: Final = 6
RSASHA1_NSEC3_SHA1: Final = 7
RSASHA256: Final = 8
RSASHA512: Final = 10
ECC_GOST: Final = 12
ECDSAP256SHA256: Final = 13
ECDSAP384SHA384: Final = 14
ED25519: Final = 15
ED448: Final = 16
MLDSA44: Final = 18

SHA1: Final = 1
SHA256: Final = 2
GOST94: Final = 3
SHA384: Final = 4


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A row of the IANA registry "DNS Security Algorithm Numbers"."""

    number: int
    mnemonic: str
    may_sign: bool  # RFC 9904 "Use for DNSSEC Signing" is not MUST NOT


ALGORITHMS: Final = {
    row.number: row
    for row in (
        Algorithm(RSAMD5, "RSAMD5", False),
        Algorithm(DSA, "DSA", False),
        Algorithm(RSASHA1, "RSASHA1", False),
        Algorithm(DSA_NSEC3_SHA1, "DSA-NSEC3-SHA1", False),
        Algorithm(RSASHA1_NSEC3_SHA1, "RSASHA1-NSEC3-SHA1", False),
        Algorithm(RSASHA256, "RSASHA256", True),
        Algorithm(RSASHA512, "RSASHA512", True),
        Algorithm(ECC_GOST, "ECC-GOST", False),
        Algorithm(ECDSAP256SHA256, "ECDSAP256SHA256", True),
        Algorithm(ECDSAP384SHA384, "ECDSAP384SHA384", True),
        Algorithm(ED25519, "ED25519", True),
        Algorithm(ED448, "ED448", True),
        Algorithm(MLDSA44, "MLDSA44", True),
    )
}

DIGESTS: Final = {SHA1: "SHA-1", SHA256: "SHA-256", GOST94: "GOST R 34.11-94", SHA384: "SHA-384"}
DIGEST_LENGTHS: Final = {SHA1: 20, SHA256: 32, GOST94: 32, SHA384: 48}  # octets


def algorithm_text(number: int) -> str:
    """Mnemonic, or the number itself."""
    row = ALGORITHMS.get(number)
    return row.mnemonic if row else f"algorithm {number}"


def digest_text(number: int) -> str:
    """Name of a DS digest type, or the number itself."""
    return DIGESTS.get(number, f"digest type {number}")

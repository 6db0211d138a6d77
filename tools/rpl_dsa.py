"""DSA signatures (RFC 2536), for replays of old scenarios: the package verifies none (RFC 8624 §3.1: MUST NOT)."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.dsa import DSAParameterNumbers, DSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1


def verify_dsa(public_key: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the signature field (T, R, S: RFC 2536 §3) is that of the key (T, Q, P, G, Y: §2) over the data.

    Signers of 2007 also left it in the DER form of their crypto library; many scenarios have it so.
    """
    numbers = _signature_numbers(signature)
    if not public_key or numbers is None:
        return False
    r, s = numbers
    size = 64 + public_key[0] * 8
    if public_key[0] > 8 or len(public_key) != 21 + 3 * size:
        return False
    q = int.from_bytes(public_key[1:21], "big")
    p, g, y = (int.from_bytes(public_key[21 + n * size : 21 + (n + 1) * size], "big") for n in range(3))
    try:
        key = DSAPublicNumbers(y, DSAParameterNumbers(p, q, g)).public_key()
        key.verify(encode_dss_signature(r, s), data, SHA1())
    except InvalidSignature:
        return False
    except ValueError:
        return _verify_small(p, q, g, y, r, s, data)
    return True


def _signature_numbers(signature: bytes) -> tuple[int, int] | None:
    if len(signature) == 41:
        return int.from_bytes(signature[1:21], "big"), int.from_bytes(signature[21:41], "big")
    try:
        return decode_dss_signature(signature)
    except ValueError:
        return None


def _verify_small(p: int, q: int, g: int, y: int, r: int, s: int, data: bytes) -> bool:
    """FIPS 186-4 §4.7, for the moduli under 1024 bits that `cryptography` refuses: public values only."""
    import hashlib

    if not (0 < r < q and 0 < s < q and 1 < g < p and 1 < y < p):
        return False
    digest = int.from_bytes(hashlib.sha1(data, usedforsecurity=False).digest(), "big")
    w = pow(s, -1, q)
    return pow(g, digest * w % q, p) * pow(y, r * w % q, p) % p % q == r

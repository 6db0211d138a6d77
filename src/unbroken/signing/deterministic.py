"""ECDSA with nonces from key and data (RFC 6979), so that signing the same zone twice gives the same octets.

The kernel's library takes random nonces; these signatures go through `cryptography`, and are slower.
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from unbroken.dns import registry
from unbroken.errors import UsageError
from unbroken.keys import KernelSigner, ZoneKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_OCTETS = {registry.ECDSAP256SHA256: 32, registry.ECDSAP384SHA384: 48}


@dataclass(frozen=True, slots=True)
class DeterministicEcdsa:
    """A key of algorithm 13 or 14. RFC 6605 §4: the signature is r and s, each as long as the curve's order."""

    algorithm: int
    public_key: bytes
    key: "EllipticCurvePrivateKey" = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        digest = hashes.SHA256() if self.algorithm == registry.ECDSAP256SHA256 else hashes.SHA384()
        r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(digest, deterministic_signing=True)))
        octets = _OCTETS[self.algorithm]
        return r.to_bytes(octets, "big") + s.to_bytes(octets, "big")


def make_deterministic(key: ZoneKey) -> ZoneKey:
    """The same key, signing the same data the same way each time. Keys of other algorithms than ECDSA and ML-DSA do so
    already. Raises UsageError for a key that can't."""
    if key.algorithm == registry.MLDSA44:
        # FIPS 204 §3.4: the library hedges its signatures with fresh randomness.
        raise UsageError("--deterministic is not possible with algorithm 18 (ML-DSA-44)")
    if key.algorithm not in _OCTETS:
        return key
    if not isinstance(key.private, KernelSigner):
        raise UsageError(
            f"key {key.key_tag} is held elsewhere, where its nonces are made: --deterministic is not possible"
        )
    return replace(key, private=_from_pkcs8(key.algorithm, key.private))


def _from_pkcs8(algorithm: int, held: KernelSigner) -> DeterministicEcdsa:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    loaded = load_der_private_key(held.to_pkcs8(), None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise UsageError("not an ECDSA key")
    signer = DeterministicEcdsa(algorithm, held.public_key, loaded)
    try:
        signer.sign(b"")
    except UnsupportedAlgorithm:
        raise UsageError("--deterministic needs a newer `cryptography` (43) with OpenSSL 3.2") from None
    return signer

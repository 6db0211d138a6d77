"""What makes a signature: the kernel's private keys, Ed448 through `cryptography`, or anything a caller brings."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from unbroken._kernel import SigningKey
from unbroken.dns import registry
from unbroken.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey

KERNEL_ALGORITHMS: Final = frozenset(
    {
        registry.RSASHA256,
        registry.RSASHA512,
        registry.ECDSAP256SHA256,
        registry.ECDSAP384SHA384,
        registry.ED25519,
        registry.MLDSA44,
    }
)


class Signer(Protocol):
    """A private key that signs octets. Signature and public key are as RRSIG and DNSKEY hold them."""

    @property
    def algorithm(self) -> int: ...
    @property
    def public_key(self) -> bytes: ...
    def sign(self, data: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class KernelSigner:
    """A private key inside the kernel, where batches are signed in parallel."""

    handle: SigningKey = field(repr=False)

    @property
    def algorithm(self) -> int:
        return self.handle.algorithm

    @property
    def public_key(self) -> bytes:
        return self.handle.public_key

    def sign(self, data: bytes) -> bytes:
        return self.handle.sign_raw(data)

    def to_pkcs8(self) -> bytes:
        return self.handle.to_pkcs8()


@dataclass(frozen=True, slots=True)
class Ed448Signer:
    """Algorithm 16 (RFC 8080 §3, §4), which the kernel's library lacks."""

    key: "Ed448PrivateKey" = field(repr=False)

    @property
    def algorithm(self) -> int:
        return registry.ED448

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data)

    def to_pkcs8(self) -> bytes:
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        return self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


PrivateKey = KernelSigner | Ed448Signer  # what this room makes, stores and loads


def require_may_sign(algorithm: int) -> None:
    """RFC 9904 §2, RFC 9905 §2: algorithms that are MUST NOT for signing get no new keys. Raises UsageError."""
    row = registry.ALGORITHMS.get(algorithm)
    if row is None or not row.may_sign:
        usable = ", ".join(f"{row.number} ({row.mnemonic})" for row in registry.ALGORITHMS.values() if row.may_sign)
        raise UsageError(f"{registry.algorithm_text(algorithm)} must not sign; use one of {usable}")


def generate_private_key(algorithm: int, bits: int = 2048) -> PrivateKey:
    """A new private key; `bits` counts for RSA only. Raises UsageError when the algorithm must not sign or `bits` is
    odd."""
    require_may_sign(algorithm)
    if algorithm == registry.ED448:
        from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey

        return Ed448Signer(Ed448PrivateKey.generate())
    try:
        return KernelSigner(SigningKey.generate(algorithm, bits))
    except ValueError as error:
        raise UsageError(f"no key of {registry.algorithm_text(algorithm)} with {bits} bits: {error}") from None


def private_key_from_pkcs8(algorithm: int, der: bytes) -> PrivateKey:
    """Raises UsageError when the algorithm must not sign, ValueError when `der` is no PKCS#8 key of it."""
    require_may_sign(algorithm)
    if algorithm != registry.ED448:
        return KernelSigner(SigningKey.from_pkcs8(algorithm, der))
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        key = load_der_private_key(der, None)
    except (TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(str(error)) from None
    if not isinstance(key, Ed448PrivateKey):
        raise ValueError("not an Ed448 key")
    return Ed448Signer(key)

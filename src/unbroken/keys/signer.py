"""What makes a signature: the kernel's private keys, `cryptography` for what its library lacks, or anything a caller
brings."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, TypeGuard

from unbroken._kernel import SigningKey
from unbroken.dns import registry
from unbroken.errors import UsageError
from unbroken.keys.pkcs8 import KINDS, Kind, parse_pkcs8, rsa_public_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

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


@dataclass(frozen=True, slots=True)
class RsaSigner:
    """Algorithms 8 and 10 (RFC 5702) with a key that the kernel's library refuses: under 2048 bits, or an odd exponent."""

    key: "RSAPrivateKey" = field(repr=False)
    algorithm: int

    @property
    def public_key(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        return rsa_public_key(numbers.n, numbers.e)

    def sign(self, data: bytes) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256, SHA512

        return self.key.sign(data, PKCS1v15(), SHA512() if self.algorithm == registry.RSASHA512 else SHA256())

    def to_pkcs8(self) -> bytes:
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        return self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True, slots=True)
class RetiredSigner:
    """A key of algorithm 5 or 7: there to be listed, moved and published for as long as the zone needs, not to sign."""

    algorithm: int
    public_key: bytes
    pkcs8: bytes = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """Raises UsageError."""
        # RFC 9905 §2: RSASHA1 and RSASHA1-NSEC3-SHA1 MUST NOT be used to create DNSKEY and RRSIG records.
        del data
        require_may_sign(self.algorithm)
        raise AssertionError(f"algorithm {self.algorithm} is not retired")

    def to_pkcs8(self) -> bytes:
        return self.pkcs8


PrivateKey = KernelSigner | Ed448Signer | RsaSigner | RetiredSigner  # what this room makes, stores and loads


def is_held_here(signer: object) -> TypeGuard[PrivateKey]:
    """Whether the private part is in this process, so that it can be written to a file."""
    return isinstance(signer, KernelSigner | Ed448Signer | RsaSigner | RetiredSigner)


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
    """A key of algorithm 5 or 7 is loaded too, but refuses to sign. Raises UsageError for algorithms that have no keys
    here, ValueError when `der` is no PKCS#8 key of that algorithm."""
    kind = KINDS.get(algorithm)
    if kind is None:
        require_may_sign(algorithm)
    numbers = parse_pkcs8(der)
    if numbers.kind is not kind:
        raise ValueError(f"a key of kind {numbers.kind.value}, which is not for {registry.algorithm_text(algorithm)}")
    if kind is Kind.RSA:
        return _rsa_signer(algorithm, der, numbers.rsa)
    if kind is Kind.ED448:
        from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey

        return Ed448Signer(Ed448PrivateKey.from_private_bytes(numbers.secret))
    return KernelSigner(SigningKey.from_pkcs8(algorithm, der))


def _rsa_signer(algorithm: int, der: bytes, numbers: tuple[int, ...]) -> PrivateKey:
    modulus, exponent = numbers[0], numbers[1]
    # RFC 5702 §2.1, §2.2, RFC 3110 §2: moduli have at most 4096 bits; under 1024, no library signs any more.
    if not 1024 <= modulus.bit_length() <= 4096:
        raise ValueError(f"an RSA key of {modulus.bit_length()} bits; keys have 1024 to 4096")
    if algorithm not in KERNEL_ALGORITHMS:
        return RetiredSigner(algorithm, rsa_public_key(modulus, exponent), der)
    try:
        return KernelSigner(SigningKey.from_pkcs8(algorithm, der))
    except ValueError:  # too short for the kernel's library, or no key at all: the other one tells
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        key = load_der_private_key(der, None)
    except (TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(str(error)) from None
    if not isinstance(key, RSAPrivateKey):  # pragma: no cover - its kind was looked at
        raise ValueError("not an RSA key")
    return RsaSigner(key, algorithm)

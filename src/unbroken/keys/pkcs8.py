"""Private keys as numbers, and as PKCS#8 (RFC 5958): the middle between the formats that files have and what signs."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from unbroken import der
from unbroken.der import DerError, Element, Reader
from unbroken.dns import registry


class Kind(Enum):
    """What a private key is, whatever algorithm number it serves."""

    RSA = "RSA"
    P256 = "ECDSA P-256"
    P384 = "ECDSA P-384"
    ED25519 = "Ed25519"
    ED448 = "Ed448"
    MLDSA44 = "ML-DSA-44"


# The first is what a key that does not tell its algorithm is taken for.
ALGORITHMS: Final = {
    Kind.RSA: (registry.RSASHA256, registry.RSASHA512, registry.RSASHA1, registry.RSASHA1_NSEC3_SHA1),
    Kind.P256: (registry.ECDSAP256SHA256,),
    Kind.P384: (registry.ECDSAP384SHA384,),
    Kind.ED25519: (registry.ED25519,),
    Kind.ED448: (registry.ED448,),
    Kind.MLDSA44: (registry.MLDSA44,),
}
KINDS: Final = {algorithm: kind for kind, algorithms in ALGORITHMS.items() for algorithm in algorithms}
RSA_FIELDS: Final = (
    "Modulus",
    "PublicExponent",
    "PrivateExponent",
    "Prime1",
    "Prime2",
    "Exponent1",
    "Exponent2",
    "Coefficient",
)
"""In the order of RFC 8017 App. A.1.2, by the names that BIND's files give them."""

_RSA: Final = "1.2.840.113549.1.1.1"  # RFC 8017 App. A.1
_EC: Final = "1.2.840.10045.2.1"  # RFC 5480 §2.1.1
_CURVES: Final = {"1.2.840.10045.3.1.7": Kind.P256, "1.3.132.0.34": Kind.P384}  # RFC 5480 §2.1.1.1
_EDWARDS: Final = {"1.3.101.112": Kind.ED25519, "1.3.101.113": Kind.ED448}  # RFC 8410 §3
_MLDSA44: Final = "2.16.840.1.101.3.4.3.17"  # RFC 9881 §2
_LENGTHS: Final = {Kind.P256: 32, Kind.P384: 48, Kind.ED25519: 32, Kind.ED448: 57, Kind.MLDSA44: 32}  # octets
_SEED: Final = der.context(0, constructed=False)  # RFC 9881 §6: the seed form of an ML-DSA private key
_MAX_RSA_OCTETS: Final = 1024  # twice RFC 3110's longest modulus; more is no key but an attempt to cost time


@dataclass(frozen=True, slots=True)
class PrivateNumbers:
    """A private key: for RSA the eight numbers of `RSA_FIELDS`, else the octets of the scalar or seed."""

    kind: Kind
    rsa: tuple[int, ...] = field(default=(), repr=False)
    secret: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        """Raises ValueError when it can't be a key of its kind."""
        if self.kind is Kind.RSA:
            if len(self.rsa) != len(RSA_FIELDS) or min(self.rsa) <= 0:
                raise ValueError("an RSA key has eight numbers above zero")
            if max(self.rsa).bit_length() > 8 * _MAX_RSA_OCTETS:
                raise ValueError(f"an RSA key of more than {8 * _MAX_RSA_OCTETS} bits")
        elif len(self.secret) != _LENGTHS[self.kind]:
            raise ValueError(f"{len(self.secret)} octets; a private key of {self.kind.value} has {_LENGTHS[self.kind]}")


def rsa_public_key(modulus: int, exponent: int) -> bytes:
    """The public key field of a DNSKEY (RFC 3110 §2)."""
    e, n = (number.to_bytes((number.bit_length() + 7) // 8) for number in (exponent, modulus))
    length = bytes((len(e),)) if len(e) < 256 else b"\x00" + len(e).to_bytes(2)
    return length + e + n


def parse_pkcs8(data: bytes) -> PrivateNumbers:
    """The private key in a PrivateKeyInfo. Raises ValueError: not one, or of a kind that DNSSEC has no use for."""
    outer = Reader(data)
    info = outer.take(der.SEQUENCE, "a PKCS#8 private key").inside()
    outer.finish("the private key")
    # RFC 5958 §2: version 0, or 1 when the public key comes along.
    if info.take(der.INTEGER, "the version").integer() not in (0, 1):
        raise DerError("a version of PKCS#8 that is not known")
    algorithm = info.take(der.SEQUENCE, "the algorithm").inside()
    oid = algorithm.take(der.OID, "the algorithm").oid()
    inner = info.take(der.OCTET_STRING, "the private key").contents
    if oid == _RSA:
        return PrivateNumbers(Kind.RSA, rsa=_parse_rsa(inner))
    if oid == _EC:
        curve = algorithm.take(der.OID, "the curve").oid()
        if curve not in _CURVES:
            raise DerError(f"an EC key on curve {curve}; DNSSEC uses P-256 and P-384")
        return PrivateNumbers(_CURVES[curve], secret=_parse_ec(inner, _LENGTHS[_CURVES[curve]]))
    if oid in _EDWARDS:
        return PrivateNumbers(_EDWARDS[oid], secret=Reader(inner).take(der.OCTET_STRING, "the key").contents)
    if oid == _MLDSA44:
        return PrivateNumbers(Kind.MLDSA44, secret=_parse_seed(inner))
    raise DerError(f"a key of kind {oid}, which DNSSEC has no algorithm for")


def _parse_rsa(data: bytes) -> tuple[int, ...]:
    """RFC 8017 App. A.1.2: RSAPrivateKey."""
    sequence = Reader(data).take(der.SEQUENCE, "an RSA private key").inside()
    if sequence.take(der.INTEGER, "the version").integer() != 0:
        raise DerError("an RSA key of more than two primes")
    return tuple(sequence.take(der.INTEGER, name).integer() for name in RSA_FIELDS)


def _parse_ec(data: bytes, length: int) -> bytes:
    """RFC 5915 §3: ECPrivateKey. Some writers leave out the scalar's leading zero octets; GnuTLS, and so Knot DNS, puts one
    more before a scalar whose first bit is set, as if it were an INTEGER."""
    sequence = Reader(data).take(der.SEQUENCE, "an EC private key").inside()
    if sequence.take(der.INTEGER, "the version").integer() != 1:
        raise DerError("a version of EC private keys that is not known")
    scalar = sequence.take(der.OCTET_STRING, "the scalar").contents
    return (scalar[1:] if len(scalar) == length + 1 and scalar[0] == 0 else scalar).rjust(length, b"\x00")


def _parse_seed(data: bytes) -> bytes:
    """RFC 9881 §6: the seed alone, or the seed with the expanded key, which follows from it."""
    reader = Reader(data)
    element: Element = reader.take_any("an ML-DSA private key")
    if element.tag == _SEED:
        return element.contents
    if element.tag == der.SEQUENCE:
        return element.inside().take(der.OCTET_STRING, "the seed").contents
    raise DerError("an ML-DSA private key without its seed")


def encode_pkcs8(numbers: PrivateNumbers) -> bytes:
    """A PrivateKeyInfo, version 0."""
    algorithm, inner = _encode_inner(numbers)
    return der.encode(
        der.SEQUENCE,
        der.encode_integer(0),
        der.encode(der.SEQUENCE, *algorithm),
        der.encode(der.OCTET_STRING, inner),
    )


def _encode_inner(numbers: PrivateNumbers) -> tuple[tuple[bytes, ...], bytes]:
    kind, secret = numbers.kind, numbers.secret
    if kind is Kind.RSA:
        fields = (der.encode_integer(number) for number in (0, *numbers.rsa))
        # RFC 8017 App. A.1: the parameters of rsaEncryption are NULL, and must be there.
        return (der.encode_oid(_RSA), b"\x05\x00"), der.encode(der.SEQUENCE, *fields)
    for oid, curve in _CURVES.items():
        if kind is curve:
            scalar = der.encode(der.SEQUENCE, der.encode_integer(1), der.encode(der.OCTET_STRING, secret))
            return (der.encode_oid(_EC), der.encode_oid(oid)), scalar
    for oid, edwards in _EDWARDS.items():
        if kind is edwards:
            return (der.encode_oid(oid),), der.encode(der.OCTET_STRING, secret)
    return (der.encode_oid(_MLDSA44),), der.encode(_SEED, secret)

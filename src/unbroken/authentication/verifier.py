"""One signature by one key: the kernel first, and for what it lacks (Ed448, RSA of odd sizes) `cryptography` or the policy."""

from unbroken import _kernel
from unbroken.authentication.policy import MAX_EXPONENT_BITS, Policy, split_rsa_key
from unbroken.chain import SignatureOutcome
from unbroken.dns import Dnskey, RRset, Rrsig, registry

_OUTCOMES = {
    _kernel.VERIFIED: SignatureOutcome.VERIFIED,
    _kernel.BAD_SIGNATURE: SignatureOutcome.BAD_SIGNATURE,
    _kernel.MALFORMED_KEY: SignatureOutcome.MALFORMED,
}
_RSA_HASHES = {
    registry.RSASHA1: "sha1",
    registry.RSASHA1_NSEC3_SHA1: "sha1",
    registry.RSASHA256: "sha256",
    registry.RSASHA512: "sha512",
}


def verify_signature(rrset: RRset, rrsig: Rrsig, dnskey: Dnskey, policy: Policy) -> SignatureOutcome:
    """Whether the key made the signature over the RRset (RFC 4035 §5.3.3). Times, names and tags are checked elsewhere."""
    extra = policy.extra_verifiers.get(dnskey.algorithm)
    if extra is not None:
        good = extra(dnskey.public_key, rrsig.signature, _kernel.signed_data(rrset, rrsig))
        return SignatureOutcome.VERIFIED if good else SignatureOutcome.BAD_SIGNATURE
    outcome = _OUTCOMES.get(_kernel.verify(rrset, rrsig, dnskey))
    if outcome is not None:
        return outcome
    return _verify_slowly(dnskey, rrsig.signature, _kernel.signed_data(rrset, rrsig))


def _verify_slowly(dnskey: Dnskey, signature: bytes, data: bytes) -> SignatureOutcome:
    if dnskey.algorithm == registry.ED448:
        return _verify_ed448(dnskey.public_key, signature, data)
    if dnskey.algorithm in _RSA_HASHES:
        return _verify_rsa(dnskey.public_key, signature, data, _RSA_HASHES[dnskey.algorithm])
    return SignatureOutcome.UNSUPPORTED_ALGORITHM


def _verify_ed448(public_key: bytes, signature: bytes, data: bytes) -> SignatureOutcome:
    """RFC 8080 §3, §4: the key is 57 octets, the signature 114."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey

    try:
        Ed448PublicKey.from_public_bytes(public_key).verify(signature, data)
    except InvalidSignature:
        return SignatureOutcome.BAD_SIGNATURE
    except UnsupportedAlgorithm:
        # OpenSSL may be built, or configured (FIPS), without it.
        return SignatureOutcome.UNSUPPORTED_ALGORITHM
    except ValueError:
        return SignatureOutcome.MALFORMED
    return SignatureOutcome.VERIFIED


# DigestInfo prefixes of EMSA-PKCS1-v1_5 (RFC 8017 §9.2 note 1).
_DIGEST_INFO = {
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


def _verify_rsa(public_key: bytes, signature: bytes, data: bytes, hash_name: str) -> SignatureOutcome:
    """RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.2) on public values only, for moduli under 1024 bits, which both aws-lc and
    `cryptography` refuse. Nothing secret is involved, so plain integers do; the encoded message is compared whole.
    """
    import hashlib

    parts = split_rsa_key(public_key)
    if parts is None:
        return SignatureOutcome.MALFORMED
    exponent, modulus = parts
    size = (modulus.bit_length() + 7) // 8
    if exponent.bit_length() > MAX_EXPONENT_BITS or modulus.bit_length() > 4096:
        return SignatureOutcome.UNSUPPORTED_ALGORITHM
    if len(signature) != size or int.from_bytes(signature, "big") >= modulus:
        return SignatureOutcome.BAD_SIGNATURE
    digest_info = _DIGEST_INFO[hash_name] + hashlib.new(hash_name, data, usedforsecurity=False).digest()
    padding = size - 3 - len(digest_info)
    if padding < 8:
        return SignatureOutcome.BAD_SIGNATURE
    expected = b"\x00\x01" + b"\xff" * padding + b"\x00" + digest_info
    encoded = pow(int.from_bytes(signature, "big"), exponent, modulus).to_bytes(size, "big")
    return SignatureOutcome.VERIFIED if encoded == expected else SignatureOutcome.BAD_SIGNATURE

"""Was `root-anchors.xml` signed by IANA? Its detached CMS signature, checked against ICANN's CA (RFC 9718 §3).

The CA certificates are an argument: whoever verifies has to have got them in a way that is trusted already. This module
alone in its room imports `cryptography`.
"""

import hmac
import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from unbroken.anchors.certificates import (
    MALFORMED_ERRORS,
    Reason,
    SignatureRefused,
    build_chain,
    check_signer,
    emails,
    is_self_signed,
    name_text,
)
from unbroken.anchors.cms import SignedData, SignerInfo, parse_signed_data
from unbroken.der import DerError

__all__ = ["SIGNER", "Reason", "SignatureRefused", "SignedBy", "verify_signature"]

SIGNER: Final = "dnssec@iana.org"
MAX_SIGNATURE: Final = 1 << 16  # octets of the .p7s file
MAX_CA: Final = 1 << 20  # octets of the PEM bundle
MAX_CA_CERTIFICATES: Final = 32

_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_DATA: Final = "1.2.840.113549.1.7.1"
_RSA: Final = "1.2.840.113549.1.1.1"

# RFC 5754 §2 and RFC 3370 §2.1: digest algorithm OID → hash.
_DIGESTS: Final[dict[str, hashes.HashAlgorithm]] = {
    "1.3.14.3.2.26": hashes.SHA1(),
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
# RFC 5754 §3 and RFC 3370 §3.2: signature algorithm OID → kind of key and the hash that it must go with.
_SIGNATURES: Final = {
    _RSA: ("RSA", None),
    "1.2.840.113549.1.1.5": ("RSA", "sha1"),
    "1.2.840.113549.1.1.11": ("RSA", "sha256"),
    "1.2.840.113549.1.1.12": ("RSA", "sha384"),
    "1.2.840.113549.1.1.13": ("RSA", "sha512"),
    "1.2.840.10045.4.3.2": ("ECDSA", "sha256"),
    "1.2.840.10045.4.3.3": ("ECDSA", "sha384"),
    "1.2.840.10045.4.3.4": ("ECDSA", "sha512"),
}


@dataclass(frozen=True, slots=True)
class SignedBy:
    """Who signed, shown by a chain of certificates (subjects, the signer first and the root last)."""

    subject: str
    email: str
    digest_algorithm: str
    signed_at: int | None  # epoch seconds, as the signer claims
    valid_until: int  # epoch seconds: when the first certificate of the chain expires
    chain: tuple[str, ...]


def verify_signature(
    xml: bytes, p7s: bytes, ca_pem: bytes, at: int, *, email: str = SIGNER, allow_sha1: bool = False
) -> SignedBy:
    """Verify that `email` signed exactly the octets `xml`, as seen at the time `at` (epoch seconds).

    `p7s` is a detached CMS SignedData in DER; `ca_pem` holds the trusted roots (its self-signed certificates) and
    perhaps intermediates. SHA-1, which old signatures of IANA use, is refused unless `allow_sha1`. Raises
    SignatureRefused, whose `reason` and `what` say why; never anything else for bad input.
    """
    if len(p7s) > MAX_SIGNATURE:
        raise SignatureRefused(Reason.MALFORMED, "signature", f"more than {MAX_SIGNATURE} octets")
    try:
        signed = parse_signed_data(p7s)
    except DerError as error:
        raise SignatureRefused(Reason.MALFORMED, "signature", str(error), "fetch the .p7s file again") from None
    with warnings.catch_warnings():
        # cryptography warns of certificates that it will refuse one day; such a one is refused here and now.
        warnings.simplefilter("error")
        try:
            return _verify(xml, signed, ca_pem, at, email, allow_sha1)
        except MALFORMED_ERRORS as error:
            raise SignatureRefused(Reason.MALFORMED, "certificate", f"it does not parse: {error}") from None


def _verify(xml: bytes, signed: SignedData, ca_pem: bytes, at: int, email: str, allow_sha1: bool) -> SignedBy:
    signer = signed.signer
    digest = _digest(signer, allow_sha1)
    _check_content(xml, signed, digest)
    embedded = _usable(signed.certificates, x509.load_der_x509_certificate)
    bundle = _ca_certificates(ca_pem)
    certificate = _signer_certificate(signer, (*embedded, *bundle))
    roots = tuple(candidate for candidate in bundle if is_self_signed(candidate))
    if not roots:
        raise SignatureRefused(
            Reason.UNTRUSTED, "CA file", "it holds no self-signed certificate", "give ICANN's CA bundle"
        )
    # A certificate that came with the signature is never trusted for being there: only `roots` end a chain.
    chain = build_chain(certificate, (*embedded, *bundle), roots, at)
    check_signer(certificate, email)
    _check_signature(signer, certificate, digest)  # last: by now the key is known to be of bounded size
    return SignedBy(
        name_text(certificate),
        next(address for address in emails(certificate) if address.lower() == email.lower()),
        digest.name,
        signer.signing_time,
        int(min(link.not_valid_after_utc for link in chain).timestamp()),
        tuple(name_text(link) for link in chain),
    )


def _digest(signer: SignerInfo, allow_sha1: bool) -> hashes.HashAlgorithm:
    digest = _DIGESTS.get(signer.digest_algorithm)
    if digest is None:
        what = f"digest algorithm {signer.digest_algorithm}"
        raise SignatureRefused(Reason.UNSUPPORTED_ALGORITHM, "signature", what)
    if digest.name == "sha1" and not allow_sha1:
        raise SignatureRefused(Reason.WEAK_ALGORITHM, "signature", "made with SHA-1", "fetch a newer signature")
    return digest


def _check_content(xml: bytes, signed: SignedData, digest: hashes.HashAlgorithm) -> None:
    # RFC 5652 §5.3, §11.1: the content-type attribute must be the type of the content; here that is plain data.
    if not signed.content_type == signed.signer.content_type == _DATA:
        raise SignatureRefused(
            Reason.MALFORMED, "signature", "the content type is not plain data, or not the signed one"
        )
    # RFC 5652 §5.4, §11.2: the message-digest attribute must be the digest of the content, here of the external file.
    hasher = hashes.Hash(digest)
    hasher.update(xml)
    if not hmac.compare_digest(hasher.finalize(), signed.signer.message_digest):
        what = "the file is not the one that was signed: its digest differs"
        raise SignatureRefused(Reason.CONTENT_CHANGED, "signature", what, "fetch the file and its signature together")


def _ca_certificates(ca_pem: bytes) -> tuple[x509.Certificate, ...]:
    blocks = _PEM.findall(ca_pem) if len(ca_pem) <= MAX_CA else []
    if not 1 <= len(blocks) <= MAX_CA_CERTIFICATES:
        what = f"{len(blocks)} certificates in {len(ca_pem)} octets"
        fix = f"a PEM file with 1 to {MAX_CA_CERTIFICATES} certificates is needed"
        raise SignatureRefused(Reason.MALFORMED, "CA file", what, fix)
    usable = _usable(blocks, x509.load_pem_x509_certificate)
    if not usable:
        raise SignatureRefused(Reason.MALFORMED, "CA file", "none of its certificates parses", "give ICANN's CA bundle")
    return usable


def _usable(encodings: Iterable[bytes], load: Callable[[bytes], x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """The certificates that parse, names and extensions included.

    Others are passed over: the chain has to do without them. (An old bundle of ICANN's holds one with an `@` in a
    PrintableString.)
    """
    certificates = []
    for encoding in encodings:
        try:
            certificate = load(encoding)
            _ = certificate.subject, certificate.issuer, certificate.extensions
        except MALFORMED_ERRORS:
            continue
        certificates.append(certificate)
    return tuple(certificates)


def _signer_certificate(signer: SignerInfo, candidates: tuple[x509.Certificate, ...]) -> x509.Certificate:
    """The certificate that the signer identifier names (RFC 5652 §5.3)."""
    for certificate in candidates:
        if signer.key_identifier is None:
            if certificate.serial_number == signer.serial and certificate.issuer.public_bytes() == signer.issuer:
                return certificate
        elif _key_identifier(certificate) == signer.key_identifier:
            return certificate
    raise SignatureRefused(
        Reason.NO_SIGNER_CERTIFICATE, "signature", "the signer's certificate is not in it, or does not parse"
    )


def _key_identifier(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _check_signature(signer: SignerInfo, certificate: x509.Certificate, digest: hashes.HashAlgorithm) -> None:
    """RFC 5652 §5.6: the signature over the signed attributes, by the key of the signer's certificate."""
    kind, required = _SIGNATURES.get(signer.signature_algorithm, ("", None))
    key = certificate.public_key()
    try:
        if kind == "RSA" and isinstance(key, rsa.RSAPublicKey) and required in (None, digest.name):
            key.verify(signer.signature, signer.signed_attributes, padding.PKCS1v15(), digest)
            return
        if kind == "ECDSA" and isinstance(key, ec.EllipticCurvePublicKey) and required == digest.name:
            key.verify(signer.signature, signer.signed_attributes, ec.ECDSA(digest))
            return
    except InvalidSignature:
        what = f"not made by the key of {name_text(certificate)!r}"
        raise SignatureRefused(Reason.BAD_SIGNATURE, "signature", what, "fetch the .p7s file again") from None
    what = f"signature algorithm {signer.signature_algorithm} with {digest.name} does not fit the signer's key"
    raise SignatureRefused(Reason.UNSUPPORTED_ALGORITHM, "signature", what)

"""Is this the certificate of the expected signer, and does it lead to a trusted root? By the rules of RFC 5280 §6.1.

Chains are short (at most `_MAX_CHAIN` certificates) and each step looks at a bounded number of candidates. Revocation
is not looked at: it would need the network.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import Enum
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from unbroken.errors import InputError

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)

_MAX_CHAIN: Final = 5
_STRONG: Final = ("sha256", "sha384", "sha512")
_KNOWN_CRITICAL: Final = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
}


class Reason(Enum):
    """Why a signature is refused."""

    MALFORMED = "malformed"
    UNSUPPORTED_ALGORITHM = "unsupported algorithm"
    WEAK_ALGORITHM = "weak algorithm"
    CONTENT_CHANGED = "content changed"
    BAD_SIGNATURE = "bad signature"
    NO_SIGNER_CERTIFICATE = "no signer certificate"
    UNTRUSTED = "untrusted"
    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    WRONG_PURPOSE = "wrong purpose"
    WRONG_SIGNER = "wrong signer"


class SignatureRefused(InputError):  # noqa: N818 - a verdict that an exception carries
    """The signature does not prove the file; `reason` says in one word why, `what` in a sentence."""

    def __init__(self, reason: Reason, where: str, what: str, fix: str = "") -> None:
        self.reason = reason
        super().__init__(where, what, fix)


MALFORMED_ERRORS: Final = (
    ValueError,
    TypeError,
    LookupError,  # cryptography 44, of a string type that it does not know
    OverflowError,
    UserWarning,  # what cryptography warns of is an error here, see iana.py
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


def name_text(certificate: x509.Certificate) -> str:
    """The subject, for people: its common name if it has one."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Whether it is its own issuer, its signature included."""
    return _is_issued_by(certificate, certificate)


def build_chain(
    signer: x509.Certificate, intermediates: Iterable[x509.Certificate], roots: Iterable[x509.Certificate], at: int
) -> tuple[x509.Certificate, ...]:
    """The chain signer → … → one of `roots`, each certificate valid `at` (epoch seconds). Raises SignatureRefused.

    RFC 5280 §6.1.3: at each step the signature, the validity and the names must fit. Candidates that are not valid are
    passed over, so that a renewed certificate beside an expired one does no harm.
    """
    check_validity(signer, at)
    trusted, others = tuple(roots), tuple(intermediates)
    chain = [signer]
    while len(chain) < _MAX_CHAIN:
        current = chain[-1]
        _check_algorithm(current)
        root = _issuer(current, trusted, at, len(chain) - 1)
        if root is not None:
            _check_algorithm(root)
            return (*chain, root)
        issuer = _issuer(current, others, at, len(chain) - 1)
        if issuer is None or issuer in chain:
            what = f"the issuer of {name_text(current)!r} is not among the CA certificates, or not valid then"
            raise SignatureRefused(Reason.UNTRUSTED, "certificate", what, "give ICANN's own CA bundle")
        chain.append(issuer)
    raise SignatureRefused(Reason.UNTRUSTED, "certificate", f"more than {_MAX_CHAIN} certificates to a root")


def check_validity(certificate: x509.Certificate, at: int) -> None:
    """RFC 5280 §4.1.2.5: valid from notBefore to notAfter, both included. Raises SignatureRefused."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    name = name_text(certificate)
    if at < begin.timestamp():
        what = f"the certificate of {name!r} is not valid before {_text(begin)}"
        raise SignatureRefused(Reason.NOT_YET_VALID, "certificate", what, "check the time")
    if at > end.timestamp():
        what = f"the certificate of {name!r} expired at {_text(end)}"
        raise SignatureRefused(Reason.EXPIRED, "certificate", what, "fetch the file and its signature again")


def check_signer(certificate: x509.Certificate, email: str) -> None:
    """Whether it is the certificate of `email`, for signing. Raises SignatureRefused."""
    _check_critical(certificate)
    usage = _extension(certificate, x509.KeyUsage)
    # RFC 8550 §4.4.2: an S/MIME signature needs digitalSignature or nonRepudiation, when key usage is given.
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise SignatureRefused(Reason.WRONG_PURPOSE, "certificate", "the signer's key is not for signatures")
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    allowed = {ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    # RFC 8550 §4.4.4: when given, extended key usage must hold emailProtection or anyExtendedKeyUsage.
    if purposes is not None and not allowed & set(purposes):
        raise SignatureRefused(
            Reason.WRONG_PURPOSE, "certificate", "the signer's certificate is not for e-mail protection"
        )
    # The same CA certifies other people too; only one address speaks for the root zone's trust anchors.
    found = emails(certificate)
    if email.lower() not in (address.lower() for address in found):
        what = f"signed by {', '.join(found) or name_text(certificate)!r}, not by {email}"
        raise SignatureRefused(Reason.WRONG_SIGNER, "certificate", what)


def emails(certificate: x509.Certificate) -> tuple[str, ...]:
    """Addresses in the subject and in the subject alternative name (RFC 8550 §3)."""
    found = [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)]
    alternative = _extension(certificate, x509.SubjectAlternativeName)
    if alternative is not None:
        found += alternative.get_values_for_type(x509.RFC822Name)
    return tuple(dict.fromkeys(found))


def _issuer(
    subject: x509.Certificate, candidates: tuple[x509.Certificate, ...], at: int, intermediates_below: int
) -> x509.Certificate | None:
    """The first candidate that issued `subject`, may do so, and is valid `at`."""
    for candidate in candidates:
        if candidate == subject or candidate.subject != subject.issuer:
            continue
        if not candidate.not_valid_before_utc.timestamp() <= at <= candidate.not_valid_after_utc.timestamp():
            continue
        if _may_issue(candidate, intermediates_below) and _is_issued_by(subject, candidate):
            return candidate
    return None


def _may_issue(certificate: x509.Certificate, intermediates_below: int) -> bool:
    """RFC 5280 §6.1.4 (k) to (n): a CA, with room in its path length, and with keyCertSign if key usage is given."""
    _check_critical(certificate)
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        return False
    if constraints.path_length is not None and intermediates_below > constraints.path_length:
        return False
    usage = _extension(certificate, x509.KeyUsage)
    return usage is None or usage.key_cert_sign


def _check_critical(certificate: x509.Certificate) -> None:
    """RFC 5280 §4.2: a critical extension that is not understood makes the certificate unusable."""
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in _KNOWN_CRITICAL:
            oid = extension.oid.dotted_string
            what = f"the certificate of {name_text(certificate)!r} has the critical extension {oid}"
            raise SignatureRefused(Reason.UNTRUSTED, "certificate", what)


def _check_algorithm(certificate: x509.Certificate) -> None:
    """Hash of at least 256 bits; RSA of 2048 to 8192 bits or ECDSA: strong enough, and of bounded cost."""
    digest = certificate.signature_hash_algorithm
    if digest is None or digest.name not in _STRONG:
        hash_name = digest.name if digest else "an unknown hash"
        what = f"the certificate of {name_text(certificate)!r} is signed with {hash_name}"
        raise SignatureRefused(Reason.WEAK_ALGORITHM, "certificate", what)
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and 2048 <= key.key_size <= 8192:
        return
    if not isinstance(key, ec.EllipticCurvePublicKey):
        what = f"the key of {name_text(certificate)!r} is neither RSA of 2048 to 8192 bits nor ECDSA"
        raise SignatureRefused(Reason.UNSUPPORTED_ALGORITHM, "certificate", what)


def _is_issued_by(subject: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        subject.verify_directly_issued_by(issuer)
    except (InvalidSignature, *MALFORMED_ERRORS):
        return False
    return True


def _extension(certificate: x509.Certificate, kind: type[_Kind]) -> _Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

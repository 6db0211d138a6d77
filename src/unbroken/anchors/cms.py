"""The part of the Cryptographic Message Syntax that a detached signature needs (RFC 5652 §3, §5): parsing only."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from unbroken.der import (
    GENERALIZED_TIME,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    UTC_TIME,
    DerError,
    Element,
    Reader,
    context,
)

MAX_CERTIFICATES: Final = 16
MAX_ATTRIBUTES: Final = 32

_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_TIME: Final = "1.2.840.113549.1.9.5"


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """RFC 5652 §5.3. The signer's certificate is named by issuer and serial number, or by subject key identifier."""

    issuer: bytes | None  # DER of the Name
    serial: int | None
    key_identifier: bytes | None
    digest_algorithm: str  # OIDs
    signature_algorithm: str
    signature: bytes
    signed_attributes: bytes  # DER as it was signed: with the SET OF tag
    content_type: str
    message_digest: bytes
    signing_time: int | None  # epoch seconds, as the signer claims


@dataclass(frozen=True, slots=True)
class SignedData:
    """RFC 5652 §5.1, of a detached signature by one signer."""

    content_type: str
    certificates: tuple[bytes, ...]  # DER
    signer: SignerInfo


def parse_signed_data(der: bytes) -> SignedData:
    """A ContentInfo that holds SignedData. Raises DerError."""
    outer = Reader(der)
    content_info = outer.take(SEQUENCE, "ContentInfo").inside()
    outer.finish("the file")
    if content_info.take(OID, "contentType").oid() != _SIGNED_DATA:
        raise DerError("the content is not CMS SignedData")
    wrapper = content_info.take(context(0), "content").inside()
    content_info.finish("ContentInfo")
    fields = wrapper.take(SEQUENCE, "SignedData").inside()
    wrapper.finish("content")
    fields.take(INTEGER, "version").integer()
    fields.take(SET, "digestAlgorithms")
    content_type = _detached_content_type(fields)
    certificates = _certificates(fields.take_optional(context(0)))
    fields.take_optional(context(1))  # CRLs: none are published for this purpose
    signers = fields.take(SET, "signerInfos").inside()
    fields.finish("SignedData")
    signer = _signer_info(signers.take(SEQUENCE, "SignerInfo").inside())
    # RFC 5652 §5.1 allows any number of signers. This file has one; with more, which of them counts would be unclear.
    signers.finish("signerInfos (one signer is expected)")
    return SignedData(content_type, certificates, signer)


def _detached_content_type(fields: Reader) -> str:
    """RFC 5652 §5.2: in an external signature the eContent is absent."""
    inner = fields.take(SEQUENCE, "encapContentInfo").inside()
    content_type = inner.take(OID, "eContentType").oid()
    if not inner.is_at_end:
        raise DerError("the signature is not detached: it holds content of its own")
    return content_type


def _certificates(element: Element | None) -> tuple[bytes, ...]:
    """RFC 5652 §10.2.3. Forms other than a plain certificate are refused."""
    if element is None:
        return ()
    reader = element.inside()
    certificates: list[bytes] = []
    while not reader.is_at_end:
        if len(certificates) == MAX_CERTIFICATES:
            raise DerError(f"more than {MAX_CERTIFICATES} certificates")
        certificates.append(reader.take(SEQUENCE, "a certificate").encoding)
    return tuple(certificates)


def _signer_info(fields: Reader) -> SignerInfo:
    fields.take(INTEGER, "version").integer()
    issuer, serial, key_identifier = _signer_identifier(fields.take_any("the signer identifier"))
    digest_algorithm = _algorithm(fields, "digestAlgorithm")
    attributes = fields.take_optional(context(0))
    # RFC 5652 §5.3 lets plain data be signed without attributes. Then attributes of one signature could pass as the
    # content of another; IANA's signatures have them, so they are demanded.
    if attributes is None:
        raise DerError("the signer has no signed attributes")
    signature_algorithm = _algorithm(fields, "signatureAlgorithm")
    signature = fields.take(OCTET_STRING, "signature").contents
    fields.take_optional(context(1))  # unsigned attributes prove nothing
    fields.finish("SignerInfo")
    values = _attributes(attributes)
    time = values.get(_SIGNING_TIME)
    return SignerInfo(
        issuer,
        serial,
        key_identifier,
        digest_algorithm,
        signature_algorithm,
        signature,
        # RFC 5652 §5.4: the signature is over the SET OF encoding, whose tag replaces the implicit [0].
        bytes((SET,)) + attributes.encoding[1:],
        _typed(values, _CONTENT_TYPE, OID, "content-type").oid(),
        _typed(values, _MESSAGE_DIGEST, OCTET_STRING, "message-digest").contents,
        None if time is None else _time(time),
    )


def _signer_identifier(element: Element) -> tuple[bytes | None, int | None, bytes | None]:
    """RFC 5652 §5.3: IssuerAndSerialNumber, or [0] SubjectKeyIdentifier."""
    if element.tag == context(0, constructed=False):
        return None, None, element.contents
    if element.tag != SEQUENCE:
        raise DerError(f"tag {element.tag:#04x} where the signer identifier was expected, at octet {element.start}")
    reader = element.inside()
    issuer = reader.take(SEQUENCE, "issuer").encoding
    serial = reader.take(INTEGER, "serialNumber").integer()
    reader.finish("the signer identifier")
    return issuer, serial, None


def _algorithm(fields: Reader, what: str) -> str:
    """The OID of an AlgorithmIdentifier (RFC 5280 §4.1.1.2). Parameters other than NULL mean an unknown scheme."""
    reader = fields.take(SEQUENCE, what).inside()
    oid = reader.take(OID, what).oid()
    if not reader.is_at_end and reader.take_any("parameters").encoding != b"\x05\x00":
        raise DerError(f"{what} {oid} has parameters")
    reader.finish(what)
    return oid


def _attributes(element: Element) -> dict[str, Element]:
    """RFC 5652 §5.3, §11: each attribute once, each with exactly one value for the ones that matter here."""
    reader = element.inside()
    values: dict[str, Element] = {}
    count = 0
    while not reader.is_at_end:
        count += 1
        if count > MAX_ATTRIBUTES:
            raise DerError(f"more than {MAX_ATTRIBUTES} signed attributes")
        attribute = reader.take(SEQUENCE, "a signed attribute").inside()
        oid = attribute.take(OID, "an attribute type").oid()
        inner = attribute.take(SET, "attribute values").inside()
        attribute.finish("a signed attribute")
        if oid not in (_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_TIME):
            continue
        if oid in values:
            raise DerError(f"attribute {oid} twice")
        values[oid] = inner.take_any("an attribute value")
        inner.finish(f"attribute {oid} (one value is allowed)")
    return values


def _typed(values: dict[str, Element], oid: str, tag: int, what: str) -> Element:
    """RFC 5652 §5.3: with signed attributes, content-type and message-digest must be among them."""
    element = values.get(oid)
    if element is None or element.tag != tag:
        raise DerError(f"no {what} among the signed attributes")
    return element


def _time(element: Element) -> int:
    """RFC 5652 §11.3: UTCTime for 1950 to 2049, else GeneralizedTime, both in Zulu with seconds."""
    text = element.contents.decode("ascii", "replace")
    size = {UTC_TIME: 13, GENERALIZED_TIME: 15}.get(element.tag)
    if len(text) != size or not text.endswith("Z") or not (text[:-1].isascii() and text[:-1].isdigit()):
        raise DerError(f"malformed signing time at octet {element.start}")
    if element.tag == UTC_TIME:
        text = ("20" if text[:2] < "50" else "19") + text
    try:
        return int(datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise DerError(f"impossible signing time at octet {element.start}") from None

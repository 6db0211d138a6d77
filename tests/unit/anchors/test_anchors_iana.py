"""The signature over root-anchors.xml: RFC 9718 §3, RFC 5652 §5, RFC 5280 §6.1, RFC 8550 §4.4."""

import datetime
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from unbroken.anchors import Reason, SignatureRefused, SignedBy, verify_signature
from unbroken.anchors.cms import parse_signed_data
from unbroken.der import DerError, Reader

XML = b"<TrustAnchor>as signed</TrustAnchor>"
AT = 1_735_000_000
BEGIN, END = datetime.datetime(2024, 1, 1), datetime.datetime(2026, 1, 1)
EMAIL = "dnssec@iana.org"


def refused(call: Callable[[], SignedBy]) -> Reason:
    with pytest.raises(SignatureRefused) as caught:
        call()
    assert caught.value.what
    return caught.value.reason


# --- what IANA signed ---


@dataclass(frozen=True)
class Recorded:
    xml: bytes
    p7s: bytes
    ca: bytes

    def verify(self, at: int = AT, *, allow_sha1: bool = False) -> SignedBy:
        return verify_signature(self.xml, self.p7s, self.ca, at, allow_sha1=allow_sha1)


def recorded(directory: Path) -> Recorded:
    return Recorded(
        *((directory / name).read_bytes() for name in ("root-anchors.xml", "root-anchors.p7s", "icannbundle.pem"))
    )


@pytest.fixture(scope="module")
def iana(root_anchors: Path) -> Recorded:
    return recorded(root_anchors / "iana-2024")


def flip(data: bytes, position: int, bit: int = 0) -> bytes:
    return data[:position] + bytes((data[position] ^ 1 << bit,)) + data[position + 1 :]


def test_ianas_signature_of_2024_verifies(iana: Recorded) -> None:
    signed = iana.verify()
    assert signed.email == EMAIL
    assert signed.chain == ("DNSSEC Trust Anchor Verification", "ICANN Root CA")
    assert signed.digest_algorithm == "sha256"
    assert signed.signed_at == 1_729_620_605
    assert signed.valid_until == 1_783_464_493


def test_the_signer_certificate_counts_to_its_last_second(iana: Recorded) -> None:
    assert iana.verify(1_783_464_493).email == EMAIL
    assert refused(lambda: iana.verify(1_783_464_494)) is Reason.EXPIRED
    assert refused(lambda: iana.verify(1_800_000_000)) is Reason.EXPIRED


def test_the_signer_certificate_counts_from_its_first_second(iana: Recorded) -> None:
    assert iana.verify(1_625_784_493).email == EMAIL
    assert refused(lambda: iana.verify(1_625_784_492)) is Reason.NOT_YET_VALID


def test_any_bit_of_the_file_counts(iana: Recorded) -> None:
    for position in range(0, len(iana.xml), 37):
        changed = Recorded(flip(iana.xml, position, position % 8), iana.p7s, iana.ca)
        assert refused(changed.verify) is Reason.CONTENT_CHANGED
    assert refused(Recorded(iana.xml + b"\n", iana.p7s, iana.ca).verify) is Reason.CONTENT_CHANGED
    assert refused(Recorded(iana.xml[:-1], iana.p7s, iana.ca).verify) is Reason.CONTENT_CHANGED


def test_any_octet_of_the_signature_counts(iana: Recorded) -> None:
    signature = parse_signed_data(iana.p7s).signer.signature
    start = iana.p7s.rindex(signature)
    for offset in range(len(signature)):
        changed = Recorded(iana.xml, flip(iana.p7s, start + offset, offset % 8), iana.ca)
        assert refused(changed.verify) is Reason.BAD_SIGNATURE


def test_any_octet_of_the_signed_attributes_counts(iana: Recorded) -> None:
    attributes = parse_signed_data(iana.p7s).signer.signed_attributes[1:]
    start = iana.p7s.rindex(attributes)
    for offset in range(len(attributes)):
        refused(Recorded(iana.xml, flip(iana.p7s, start + offset, offset % 8), iana.ca).verify)


def test_any_octet_of_the_signer_certificate_counts(iana: Recorded) -> None:
    (certificate,) = (der for der in parse_signed_data(iana.p7s).certificates if b"Trust Anchor Verification" in der)
    start = iana.p7s.index(certificate)
    for offset in range(len(certificate)):
        refused(Recorded(iana.xml, flip(iana.p7s, start + offset, offset % 8), iana.ca).verify)


def test_a_root_that_comes_with_the_signature_is_not_trusted(iana: Recorded) -> None:
    # The signature brings ICANN's root along; with somebody else's bundle that must not help.
    other = recorded_ca(make_ca("Somebody else"))
    assert refused(Recorded(iana.xml, iana.p7s, other).verify) is Reason.UNTRUSTED


def test_a_bundle_of_intermediates_only_is_no_bundle_of_roots(iana: Recorded) -> None:
    pems = [b"-----BEGIN CERTIFICATE-----" + part for part in iana.ca.split(b"-----BEGIN CERTIFICATE-----")[1:]]
    others = [
        pem for pem in pems if x509.load_pem_x509_certificate(pem).subject != x509.load_pem_x509_certificate(pem).issuer
    ]
    assert others
    assert refused(Recorded(iana.xml, iana.p7s, b"".join(others)).verify) is Reason.UNTRUSTED


def test_ianas_signature_of_2015_is_refused_for_its_sha_1_unless_that_is_allowed(root_anchors: Path) -> None:
    old = recorded(root_anchors / "iana-2010")
    assert refused(lambda: old.verify(1_450_000_000)) is Reason.WEAK_ALGORITHM
    signed = old.verify(1_450_000_000, allow_sha1=True)
    assert signed.chain == (EMAIL, "ICANN EMAIL CA", "ICANN Root CA")
    assert refused(lambda: old.verify(1_735_000_000, allow_sha1=True)) is Reason.EXPIRED


def test_the_signature_of_one_file_does_not_fit_another(root_anchors: Path, iana: Recorded) -> None:
    old = recorded(root_anchors / "iana-2010")
    assert refused(Recorded(old.xml, iana.p7s, iana.ca).verify) is Reason.CONTENT_CHANGED


# --- signatures made here ---


@dataclass(frozen=True)
class Party:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def make(
    common_name: str,
    issuer: Party | None,
    *,
    ca: bool = False,
    email: str | None = None,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
    path_length: int | None = None,
    end: datetime.datetime = END,
) -> Party:
    key = key or ec.generate_private_key(ec.SECP256R1())
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if email:
        attributes.append(x509.NameAttribute(NameOID.EMAIL_ADDRESS, email))
    subject = x509.Name(attributes)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca, path_length if ca else None), True)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return Party(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def make_ca(name: str, issuer: Party | None = None, path_length: int | None = None) -> Party:
    return make(name, issuer, ca=True, path_length=path_length)


def recorded_ca(*parties: Party) -> bytes:
    return b"".join(party.certificate.public_bytes(serialization.Encoding.PEM) for party in parties)


def sign(signer: Party, *extra: Party, options: tuple[pkcs7.PKCS7Options, ...] = ()) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(XML).add_signer(signer.certificate, signer.key, hashes.SHA256())
    for party in extra:
        builder = builder.add_certificate(party.certificate)
    return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary, *options])


DETACHED = (pkcs7.PKCS7Options.DetachedSignature,)
ROOT = make_ca("Test root")


def verify(signer: Party, *extra: Party, ca: Party = ROOT, at: int = AT, email: str = EMAIL) -> SignedBy:
    return verify_signature(XML, sign(signer, *extra, options=DETACHED), recorded_ca(ca), at, email=email)


def test_an_ecdsa_signature_through_an_intermediate_verifies() -> None:
    middle = make_ca("Middle", ROOT)
    signed = verify(make("Signer", middle, email=EMAIL), middle)
    assert signed.chain == ("Signer", "Middle", "Test root")


def test_an_rsa_signature_verifies_and_a_short_rsa_key_does_not() -> None:
    key = rsa.generate_private_key(65537, 2048)
    assert verify(make("Signer", ROOT, email=EMAIL, key=key)).subject == "Signer"
    short = rsa.generate_private_key(65537, 1024)
    assert refused(lambda: verify(make("Signer", ROOT, email=EMAIL, key=short))) is Reason.UNSUPPORTED_ALGORITHM


def test_an_address_in_the_alternative_name_counts() -> None:
    names = x509.SubjectAlternativeName([x509.RFC822Name(EMAIL)])
    assert verify(make("Signer", ROOT, extensions=((names, False),))).email == EMAIL


def test_another_person_certified_by_the_same_ca_does_not_count() -> None:
    someone = make("Someone", ROOT, email="someone@icann.example")
    assert refused(lambda: verify(someone)) is Reason.WRONG_SIGNER
    assert verify(someone, email="Someone@icann.example").subject == "Someone"
    assert refused(lambda: verify(make("Nobody", ROOT))) is Reason.WRONG_SIGNER


def test_a_missing_intermediate_breaks_the_chain() -> None:
    middle = make_ca("Middle", ROOT)
    assert refused(lambda: verify(make("Signer", middle, email=EMAIL))) is Reason.UNTRUSTED


def test_a_root_of_the_same_name_but_another_key_is_not_the_issuer() -> None:
    signer = make("Signer", ROOT, email=EMAIL)
    assert refused(lambda: verify(signer, ca=make_ca("Test root"))) is Reason.UNTRUSTED


def test_a_certificate_that_is_no_ca_issues_nothing() -> None:
    middle = make("Middle", ROOT)
    assert refused(lambda: verify(make("Signer", middle, email=EMAIL), middle)) is Reason.UNTRUSTED


def test_the_path_length_of_a_ca_is_kept() -> None:
    root = make_ca("Test root", path_length=0)
    assert verify(make("Signer", root, email=EMAIL), ca=root).subject == "Signer"
    middle = make_ca("Middle", root)
    assert refused(lambda: verify(make("Signer", middle, email=EMAIL), middle, ca=root)) is Reason.UNTRUSTED


def test_a_chain_of_five_certificates_is_followed_and_one_of_six_is_not() -> None:
    cas = [ROOT]
    for number in range(4):
        cas.append(make_ca(f"CA {number}", cas[-1]))
    good = make("Signer", cas[3], email=EMAIL)
    assert len(verify(good, *cas[1:4]).chain) == 5
    assert refused(lambda: verify(make("Signer", cas[4], email=EMAIL), *cas[1:])) is Reason.UNTRUSTED


def test_an_expired_root_ends_no_chain() -> None:
    root = make("Old root", None, ca=True, end=datetime.datetime(2024, 6, 1))
    signer = make("Signer", root, email=EMAIL)
    assert refused(lambda: verify(signer, ca=root)) is Reason.UNTRUSTED


def key_usage(**given_: bool) -> x509.KeyUsage:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(**{name: given_.get(name, False) for name in names})


def test_a_key_that_is_not_for_signatures_is_refused() -> None:
    signer = make("Signer", ROOT, email=EMAIL, extensions=((key_usage(key_agreement=True), True),))
    assert refused(lambda: verify(signer)) is Reason.WRONG_PURPOSE


def test_a_ca_without_the_right_to_sign_certificates_issues_nothing() -> None:
    root = make("Test root", None, ca=True, extensions=((key_usage(crl_sign=True), True),))
    assert refused(lambda: verify(make("Signer", root, email=EMAIL), ca=root)) is Reason.UNTRUSTED


@pytest.mark.parametrize(
    ("purpose", "is_good"),
    [
        (ExtendedKeyUsageOID.EMAIL_PROTECTION, True),
        (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, True),
        (ExtendedKeyUsageOID.SERVER_AUTH, False),
    ],
)
def test_a_certificate_for_another_purpose_is_refused(purpose: x509.ObjectIdentifier, is_good: bool) -> None:
    signer = make("Signer", ROOT, email=EMAIL, extensions=((x509.ExtendedKeyUsage([purpose]), False),))
    if is_good:
        assert verify(signer).subject == "Signer"
    else:
        assert refused(lambda: verify(signer)) is Reason.WRONG_PURPOSE


def test_a_critical_extension_that_is_not_known_is_refused() -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert verify(make("Signer", ROOT, email=EMAIL, extensions=((unknown, False),))).subject == "Signer"
    signer = make("Signer", ROOT, email=EMAIL, extensions=((unknown, True),))
    assert refused(lambda: verify(signer)) is Reason.UNTRUSTED


def test_a_signature_that_holds_its_content_is_not_detached() -> None:
    p7s = sign(make("Signer", ROOT, email=EMAIL))
    assert refused(lambda: verify_signature(XML, p7s, recorded_ca(ROOT), AT)) is Reason.MALFORMED


def test_a_signature_without_signed_attributes_is_refused() -> None:
    p7s = sign(make("Signer", ROOT, email=EMAIL), options=(*DETACHED, pkcs7.PKCS7Options.NoAttributes))
    assert refused(lambda: verify_signature(XML, p7s, recorded_ca(ROOT), AT)) is Reason.MALFORMED


def test_a_signature_without_its_certificate_is_refused_unless_the_bundle_has_it() -> None:
    signer = make("Signer", ROOT, email=EMAIL)
    p7s = sign(signer, options=(*DETACHED, pkcs7.PKCS7Options.NoCerts))
    assert refused(lambda: verify_signature(XML, p7s, recorded_ca(ROOT), AT)) is Reason.NO_SIGNER_CERTIFICATE
    assert verify_signature(XML, p7s, recorded_ca(ROOT, signer), AT).subject == "Signer"


def test_two_signers_are_refused() -> None:
    signer = make("Signer", ROOT, email=EMAIL)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(XML)
    for _ in range(2):
        builder = builder.add_signer(signer.certificate, signer.key, hashes.SHA256())
    p7s = builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary, *DETACHED])
    assert refused(lambda: verify_signature(XML, p7s, recorded_ca(ROOT), AT)) is Reason.MALFORMED


@pytest.mark.parametrize("ca", [b"", b"nothing", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_ca_file_without_certificates_is_refused(ca: bytes) -> None:
    p7s = sign(make("Signer", ROOT, email=EMAIL), options=DETACHED)
    assert refused(lambda: verify_signature(XML, p7s, ca, AT)) is Reason.MALFORMED


@pytest.mark.parametrize("at", [-(1 << 62), 0, 1 << 62])
def test_any_time_can_be_asked_for(at: int) -> None:
    signer = make("Signer", ROOT, email=EMAIL)
    assert refused(lambda: verify(signer, at=at)) in (Reason.EXPIRED, Reason.NOT_YET_VALID)


# --- hostile input ---


def mutate(data: bytes, source: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(source.randint(1, 4)):
        position = source.randrange(len(changed))
        match source.randrange(5):
            case 0:
                changed[position] ^= 1 << source.randrange(8)
            case 1:
                changed[position] = source.choice((0x00, 0x30, 0x31, 0x7F, 0x80, 0x81, 0x84, 0xA0, 0xFF))
            case 2:
                del changed[position : position + source.randint(1, 40)]
            case 3:
                changed[position:position] = changed[position : position + source.randint(1, 40)]
            case _:
                changed[position:position] = source.randbytes(source.randint(1, 8))
        if not changed:
            return b""
    return bytes(changed)


@pytest.fixture(scope="module")
def own_signature() -> bytes:
    middle = make_ca("Middle", ROOT)
    return sign(make("Signer", middle, email=EMAIL), middle, options=DETACHED)


def test_twenty_thousand_mutated_signatures_parse_or_give_a_der_error(own_signature: bytes) -> None:
    source = random.Random(5652)
    refusals = 0
    for _ in range(20_000):
        try:
            parse_signed_data(mutate(own_signature, source))
        except DerError:
            refusals += 1
    assert 10_000 < refusals < 20_000


def test_mutated_signatures_are_refused_or_prove_the_same(own_signature: bytes) -> None:
    source, ca = random.Random(9718), recorded_ca(ROOT)
    for _ in range(2_000):
        try:
            signed = verify_signature(XML, mutate(own_signature, source), ca, AT)
        except SignatureRefused as error:
            assert error.what
        else:  # a change in what is not covered: a version, an unused certificate, an unsigned attribute
            assert (signed.email, signed.chain) == (EMAIL, ("Signer", "Middle", "Test root"))


def test_mutated_ca_files_are_refused_or_prove_the_same(own_signature: bytes) -> None:
    source, ca = random.Random(5280), recorded_ca(ROOT)
    for _ in range(500):
        try:
            signed = verify_signature(XML, own_signature, mutate(ca, source), AT)
        except SignatureRefused as error:
            assert error.what
        else:
            assert signed.chain == ("Signer", "Middle", "Test root")


@given(st.binary(max_size=64))
def test_any_octets_give_elements_or_a_der_error(data: bytes) -> None:
    reader = Reader(data)
    try:
        while not reader.is_at_end:
            element = reader.take_any("an element")
            assert element.start < element.body <= element.end <= len(data)
    except DerError:
        pass


@pytest.mark.parametrize(
    ("der", "what"),
    [
        ("", "data ends"),
        ("30", "data ends"),
        ("3080", "not DER"),
        ("308101", "not DER"),
        ("30817f" + "00" * 127, "not DER"),
        ("30820080" + "00" * 128, "not DER"),
        ("3085", "not DER"),
        ("308500000000010", "not DER"),
        ("3082ff", "not DER"),
        ("3001", "1 octets too far"),
        ("1f8101", "several octets"),
    ],
)
def test_lengths_that_are_not_der_are_refused(der: str, what: str) -> None:
    with pytest.raises(DerError, match=what):
        Reader(bytes.fromhex(der if len(der) % 2 == 0 else der + "0")).take_any("an element")


def test_deep_nesting_costs_nothing() -> None:
    der = b""
    for _ in range(5_000):
        size = len(der)
        length = bytes((size,)) if size < 128 else b"\x83" + size.to_bytes(3) if size > 65535 else (
            b"\x82" + size.to_bytes(2) if size > 255 else b"\x81" + bytes((size,)))  # fmt: skip
        der = b"\x30" + length + der
    with pytest.raises(DerError):
        parse_signed_data(der)


def test_a_signature_file_that_is_too_large_is_refused() -> None:
    assert refused(lambda: verify_signature(XML, bytes(65_537), recorded_ca(ROOT), AT)) is Reason.MALFORMED

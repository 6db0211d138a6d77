"""Private keys as numbers and as PKCS#8."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbroken import der
from unbroken.keys import RetiredSigner, RsaSigner, generate_private_key, private_key_from_pkcs8
from unbroken.keys.pkcs8 import ALGORITHMS, Kind, PrivateNumbers, encode_pkcs8, parse_pkcs8

SIGNING = [8, 10, 13, 14, 15, 16, 18]


@pytest.mark.parametrize("algorithm", SIGNING)
def test_a_key_comes_back_from_its_numbers(algorithm: int) -> None:
    key = generate_private_key(algorithm)
    numbers = parse_pkcs8(key.to_pkcs8())
    assert algorithm in ALGORITHMS[numbers.kind]
    assert parse_pkcs8(encode_pkcs8(numbers)) == numbers
    assert private_key_from_pkcs8(algorithm, encode_pkcs8(numbers)).public_key == key.public_key


@pytest.mark.parametrize("algorithm", [14, 15, 16, 18])
def test_a_key_of_another_kind_is_refused(algorithm: int) -> None:
    with pytest.raises(ValueError, match="P-256"):
        private_key_from_pkcs8(algorithm, generate_private_key(13).to_pkcs8())


@pytest.mark.parametrize("bits", [1024, 1280, 1536])
def test_rfc5702_short_rsa_keys_sign_through_the_other_library(bits: int) -> None:
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA512
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    made = rsa.generate_private_key(65537, bits)
    encoded = made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    key = private_key_from_pkcs8(10, encoded)
    assert isinstance(key, RsaSigner)
    made.public_key().verify(key.sign(b"data"), b"data", padding.PKCS1v15(), SHA512())
    assert parse_pkcs8(key.to_pkcs8()) == parse_pkcs8(encoded)


def test_rsa_under_1024_bits_is_refused() -> None:
    numbers = PrivateNumbers(Kind.RSA, rsa=(2**511 + 1, 65537, 3, 5, 7, 9, 11, 13))
    with pytest.raises(ValueError, match="512 bits"):
        private_key_from_pkcs8(8, encode_pkcs8(numbers))


def test_numbers_that_are_no_rsa_key_are_a_value_error() -> None:
    numbers = PrivateNumbers(Kind.RSA, rsa=(2**2047 + 1, 65537, 3, 5, 7, 9, 11, 13))
    with pytest.raises(ValueError, match=r"."):
        private_key_from_pkcs8(8, encode_pkcs8(numbers))


@pytest.mark.parametrize("algorithm", [5, 7])
def test_rfc9905_2_keys_of_sha1_algorithms_load_but_refuse_to_sign(algorithm: int) -> None:
    from unbroken.errors import UsageError

    der_key = generate_private_key(8).to_pkcs8()
    key = private_key_from_pkcs8(algorithm, der_key)
    assert isinstance(key, RetiredSigner) and key.to_pkcs8() == der_key
    assert key.public_key == private_key_from_pkcs8(8, der_key).public_key
    with pytest.raises(UsageError, match="must not sign"):
        key.sign(b"data")


@pytest.mark.parametrize(
    ("kind", "secret"),
    [
        (Kind.P256, bytes(31)),
        (Kind.P384, bytes(32)),
        (Kind.ED25519, b""),
        (Kind.ED448, bytes(58)),
        (Kind.MLDSA44, b"x"),
    ],
)
def test_a_secret_of_the_wrong_length_is_no_key(kind: Kind, secret: bytes) -> None:
    with pytest.raises(ValueError, match="octets"):
        PrivateNumbers(kind, secret=secret)


def test_rsa_numbers_are_bounded() -> None:
    with pytest.raises(ValueError, match="above zero"):
        PrivateNumbers(Kind.RSA, rsa=(0,) * 8)
    with pytest.raises(ValueError, match="8192 bits"):
        PrivateNumbers(Kind.RSA, rsa=(1 << 8192,) * 8)


@pytest.mark.parametrize("written", [b"\x00" + b"\x80" * 32, b"\x80" * 32])
def test_rfc5915_3_a_scalar_may_be_written_as_if_it_were_an_integer(written: bytes) -> None:
    """GnuTLS does so for half of its keys."""
    p256 = der.encode(der.SEQUENCE, der.encode_oid("1.2.840.10045.2.1"), der.encode_oid("1.2.840.10045.3.1.7"))
    key = der.encode(der.SEQUENCE, der.encode_integer(1), der.encode(der.OCTET_STRING, written))
    data = der.encode(der.SEQUENCE, der.encode_integer(0), p256, der.encode(der.OCTET_STRING, key))
    assert parse_pkcs8(data).secret == b"\x80" * 32


def test_an_ec_key_on_another_curve_is_told() -> None:
    secp256k1 = der.encode(der.SEQUENCE, der.encode_oid("1.2.840.10045.2.1"), der.encode_oid("1.3.132.0.10"))
    data = der.encode(der.SEQUENCE, der.encode_integer(0), secp256k1, der.encode(der.OCTET_STRING, b""))
    with pytest.raises(ValueError, match=r"1\.3\.132\.0\.10"):
        parse_pkcs8(data)


@given(st.binary(max_size=200))
def test_any_octets_are_a_key_or_a_value_error(data: bytes) -> None:
    try:
        parse_pkcs8(data)
    except ValueError:
        pass


@given(position=st.integers(0, 2000), octet=st.integers(0, 255), algorithm=st.sampled_from(SIGNING))
def test_a_damaged_key_is_a_key_or_a_value_error(position: int, octet: int, algorithm: int) -> None:
    data = bytearray(_KEYS[algorithm])
    data[position % len(data)] = octet
    try:
        private_key_from_pkcs8(algorithm, bytes(data))
    except ValueError:
        pass


_KEYS = {algorithm: generate_private_key(algorithm).to_pkcs8() for algorithm in SIGNING}


@given(st.integers(0, 2**2100))
def test_integers_are_encoded_as_they_are_read(value: int) -> None:
    assert der.Reader(der.encode_integer(value)).take(der.INTEGER, "a number").integer() == value


@given(
    st.tuples(st.integers(0, 2), st.integers(0, 39)),
    st.lists(st.integers(0, 2**40), max_size=8),
)
def test_object_identifiers_are_encoded_as_they_are_read(start: tuple[int, int], rest: list[int]) -> None:
    text = ".".join(map(str, (*start, *rest)))
    assert der.Reader(der.encode_oid(text)).take(der.OID, "an OID").oid() == text


@given(st.binary(max_size=70000))
def test_elements_are_encoded_as_they_are_read(contents: bytes) -> None:
    reader = der.Reader(der.encode(der.OCTET_STRING, contents))
    assert reader.take(der.OCTET_STRING, "octets").contents == contents
    reader.finish("the element")

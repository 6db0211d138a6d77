"""PKCS#11 URIs (RFC 7512)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbroken.errors import InputError
from unbroken.keys.pkcs11_uri import Pkcs11Uri, parse_pkcs11_uri


def test_rfc7512_3_examples_are_read() -> None:
    uri = parse_pkcs11_uri(
        "pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,%20Inc.;model=1.0;"
        "object=my-certificate;type=private;id=%69%95%3E%5C%F4%BD%EC%91?pin-source=file:/etc/token_pin"
    )
    assert uri.token == "The Software PKCS#11 Softtoken"
    assert (uri.manufacturer, uri.model, uri.label) == ("Snake Oil, Inc.", "1.0", "my-certificate")
    assert (uri.id, uri.pin_source) == (bytes.fromhex("69953e5cf4bdec91"), "file:/etc/token_pin")
    assert parse_pkcs11_uri("pkcs11:object=x;slot-id=5;library-version=3").slot_id == 5
    assert parse_pkcs11_uri("pkcs11:") == Pkcs11Uri()


def test_the_pin_is_never_shown() -> None:
    uri = parse_pkcs11_uri("pkcs11:token=t;object=k?module-path=/usr/lib/p11.so&pin-value=geheim")
    assert uri.pin_value == "geheim"
    assert "geheim" not in str(uri) + repr(uri)
    assert str(uri) == "pkcs11:token=t;object=k?module-path=/usr/lib/p11.so"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://example.com/",
        "pkcs11:token",
        "pkcs11:token=a;token=b",
        "pkcs11:tokem=a",
        "pkcs11:token=%",
        "pkcs11:token=%zz",
        "pkcs11:token=%00",
        "pkcs11:token=%1b[2J",
        "pkcs11:token=%ff",
        "pkcs11:slot-id=many",
        "pkcs11:slot-id=99999999999999999999999",
        "pkcs11:object=k;type=cert",
        "pkcs11:object=k?pin-value=geheim&pin-value=geheim",
        "pkcs11:object=k?pin-value=%geheim",
        "pkcs11:object=k?pin=geheim",
    ],
)
def test_bad_uris_are_input_errors_that_repeat_no_pin(text: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_pkcs11_uri(text)
    assert "geheim" not in str(raised.value)


_text = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=12).filter(str.isprintable)


@given(
    st.builds(
        Pkcs11Uri,
        token=_text,
        manufacturer=_text,
        model=_text,
        serial=_text,
        slot_id=st.none() | st.integers(0, 2**63 - 1),
        label=_text,
        id=st.binary(max_size=20),
        module_path=_text,
        pin_source=_text,
    )
)
def test_a_uri_is_read_back_from_its_text(uri: Pkcs11Uri) -> None:
    assert parse_pkcs11_uri(str(uri)) == uri
    assert str(uri).isascii()


@given(st.text(max_size=60))
def test_any_text_is_a_uri_or_an_input_error(text: str) -> None:
    for candidate in (text, "pkcs11:" + text):
        try:
            parse_pkcs11_uri(candidate)
        except InputError:
            pass

"""IANA's root-anchors.xml: RFC 9718 §2."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbroken.anchors import TrustAnchors, parse
from unbroken.anchors.records import MAX_RECORDS
from unbroken.dns import Name, RRset
from unbroken.errors import InputError

NOW = 1_700_000_000  # 2023-11-14T22:13:20Z
KEY_RDATA = b"\x01\x01\x03\x0d" + bytes(range(64))
KEY = base64.b64encode(KEY_RDATA[4:]).decode()
TAG = RRset(Name("."), 48, 0, (KEY_RDATA,)).dnskeys()[0].key_tag
DIGEST = hashlib.sha256(b"\0" + KEY_RDATA).hexdigest().upper()


def key_digest(attributes: str = "", extra: str = "", tag: int = TAG, digest: str = DIGEST) -> str:
    return (
        f"<KeyDigest id='k' {attributes}><KeyTag>{tag}</KeyTag><Algorithm>13</Algorithm>"
        f"<DigestType>2</DigestType><Digest>{digest}</Digest>{extra}</KeyDigest>"
    )


def document(*digests: str, zone: str = "<Zone>.</Zone>") -> str:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<TrustAnchor id="x" source="y">'
    return f"{head}\n{zone}\n{''.join(digests)}</TrustAnchor>"


def parsed(text: str | bytes, now: int = NOW) -> TrustAnchors:
    return parse(text if isinstance(text, bytes) else text.encode(), "xml", now=now)


def test_a_key_digest_becomes_a_ds_of_the_zone() -> None:
    (ds,) = parsed(document(key_digest(), zone="<Zone>example.</Zone>"))[Name("example")].dses
    assert (ds.key_tag, ds.algorithm, ds.digest_type, ds.digest.hex().upper()) == (TAG, 13, 2, DIGEST)


@pytest.mark.parametrize(
    ("attributes", "is_used"),
    [
        ("", True),
        ("validFrom='2023-11-14T22:13:20+00:00'", True),
        ("validFrom='2023-11-14T22:13:21+00:00'", False),
        ("validFrom='2023-11-14T23:13:20+01:00'", True),
        ("validUntil='2023-11-14T22:13:21Z'", True),
        ("validUntil='2023-11-14T22:13:20Z'", False),
        ("validFrom='2010-07-15T00:00:00+00:00' validUntil='2019-01-11T00:00:00+00:00'", False),
        ("validFrom='9999-12-31T23:59:59-23:59'", False),
    ],
)
def test_a_digest_counts_from_valid_from_until_valid_until(attributes: str, is_used: bool) -> None:
    other = key_digest(tag=1)
    tags = [ds.key_tag for ds in parsed(document(other, key_digest(attributes)))[Name(".")].dses]
    assert (TAG in tags) is is_used


def test_a_file_with_no_digest_in_force_is_an_error() -> None:
    with pytest.raises(InputError, match="none of its 1 key digests is in force"):
        parsed(document(key_digest("validUntil='2001-01-01T00:00:00+00:00'")))


def test_a_public_key_that_fits_its_digest_is_accepted() -> None:
    extra = f"<PublicKey>{KEY}</PublicKey><Flags>257</Flags>"
    assert len(parsed(document(key_digest(extra=extra)))[Name(".")].dses) == 1


@pytest.mark.parametrize(
    ("digest", "what"),
    [
        (key_digest(extra=f"<PublicKey>{KEY}</PublicKey><Flags>256</Flags>"), "is not the key"),
        (key_digest(extra=f"<PublicKey>{KEY}</PublicKey><Flags>257</Flags>", tag=TAG ^ 1), "is not the key"),
        (key_digest(extra=f"<PublicKey>{KEY}</PublicKey><Flags>257</Flags>", digest="00" * 32), "is not the key"),
        (key_digest(extra=f"<PublicKey>{KEY}</PublicKey>"), "without the other"),
        (key_digest(extra="<Flags>257</Flags>"), "without the other"),
        (key_digest(extra=f"<PublicKey>{KEY}</PublicKey><Flags>385</Flags>"), "revoked"),
        (key_digest(extra="<KeyTag>1</KeyTag>"), "a second KeyTag"),
        (key_digest("validFrom='soon'"), "validFrom is 'soon'"),
        (key_digest("validUntil=''"), "validUntil is ''"),
        (key_digest(digest="00"), "digest has 1 octets"),
        ("<KeyDigest/>", "without KeyTag"),
    ],
)
def test_a_digest_that_contradicts_itself_is_refused(digest: str, what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        parsed(document(digest))
    assert caught.value.where == "xml:4"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<TrustAnchor></TrustAnchor>", "no Zone"),
        ("<html></html>", "not 'TrustAnchor'"),
        ("<TrustAnchor>", "not well-formed"),
        ("<TrustAnchor><Zone>.</Zone></TrustAnchor><x/>", "not well-formed"),
        ("<TrustAnchor><Zone>a..b</Zone></TrustAnchor>", "not a domain name"),
        (document(zone="<Zone>.</Zone><Zone>example.</Zone>"), "a second Zone"),
        (document(zone="<Zone>" + "a" * 20_000 + "</Zone>"), "more than 16384 characters"),
        (document("<a>" * 50), "nested too deeply"),
        (document(key_digest() * (MAX_RECORDS + 1)), f"more than {MAX_RECORDS}"),
        ("<TrustAnchor>&nbsp;</TrustAnchor>", "not well-formed"),
        ('<?xml version="1.0" encoding="UTF-16"?><TrustAnchor/>', "encoding UTF-16"),
    ],
)
def test_a_document_that_is_not_what_iana_publishes_is_refused(text: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        parsed(text)


def test_entities_cannot_be_declared() -> None:
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    text = (
        f'<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><TrustAnchor><Zone>&l9;</Zone></TrustAnchor>'
    )
    with pytest.raises(InputError, match="document type declaration") as caught:
        parsed(text)
    assert caught.value.where == "xml:2"


def test_external_entities_cannot_be_declared() -> None:
    text = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><TrustAnchor><Zone>&e;</Zone></TrustAnchor>'
    with pytest.raises(InputError, match="document type declaration"):
        parsed(text)


def test_another_encoding_cannot_hide_a_document_type() -> None:
    with pytest.raises(InputError):
        parsed('<!DOCTYPE x [<!ENTITY e "x">]><TrustAnchor/>'.encode("utf-16"))
    with pytest.raises(InputError):
        parsed(b'<?xml version="1.0" encoding="utf-7"?>+ADw-!DOCTYPE x+AD4-')


GOOD = document(key_digest(extra=f"<PublicKey>{KEY}</PublicKey><Flags>257</Flags>")).encode()


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255), st.integers(0, 3))
def test_a_changed_document_gives_anchors_or_an_input_error(position: int, change: int, cut: int) -> None:
    data = bytearray(GOOD)
    data[position] ^= change
    try:
        parsed(bytes(data[: position if cut == 0 else len(data)]))
    except InputError as error:
        assert error.where.startswith("xml")

"""Signatures, digests and hashes against the examples of the RFCs, and against dnspython and `cryptography`."""

import base64

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from unbroken import _kernel as k
from unbroken._kernel import Dnskey, Name, RRset, Rrsig, SigningKey, SignJob

SIGNING = [8, 10, 13, 14, 15, 18]


def rrset(owner: str, rdtype: str, *texts: str, ttl: int = 3600) -> RRset:
    number = dns.rdatatype.from_text(rdtype)
    rdatas = tuple(dns.rdata.from_text(dns.rdataclass.IN, number, text).to_wire() for text in texts)
    return RRset(Name(owner), int(number), ttl, rdatas)


def dnskey(owner: str, text: str) -> Dnskey:
    return rrset(owner, "DNSKEY", text).dnskeys()[0]


def rrsig(owner: str, text: str) -> Rrsig:
    return rrset(owner, "RRSIG", text).rrsigs()[0]


EXAMPLES = {
    "RFC 6605 §6.1": (
        rrset("www.example.net", "A", "192.0.2.1"),
        "A 13 3 3600 20100909100439 20100812100439 55648 example.net. "
        "qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==",
        "257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==",
        (55648, 2, "b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17"),
    ),
    "RFC 6605 §6.2": (
        rrset("www.example.net", "A", "192.0.2.1"),
        "A 14 3 3600 20100909102025 20100812102025 10771 example.net. "
        "/L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuz"
        "WTSSPdz7wnqXL5bdcJzusdnI0RSMROxxwGipWcJm",
        "257 3 14 xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8"
        "/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40",
        (
            10771,
            4,
            "72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f4d288405c3008a946df983d6",
        ),
    ),
    "RFC 8080 §6.1": (
        rrset("example.com", "MX", "10 mail.example.com."),
        "MX 15 2 3600 1440021600 1438207200 3613 example.com. "
        "oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==",
        "257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=",
        (3613, 2, "3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b"),
    ),
}


@pytest.mark.parametrize("example", EXAMPLES)
def test_signatures_and_digests_of_the_rfcs(example: str) -> None:
    data, sig_text, key_text, (tag, digest_type, digest) = EXAMPLES[example]
    sig = rrsig(str(data.owner), sig_text)
    key = dnskey(str(sig.signer), key_text)
    assert key.key_tag == tag == sig.key_tag
    assert k.ds_digest(sig.signer, key, digest_type) == bytes.fromhex(digest)
    assert k.verify(data, sig, key) == k.VERIFIED
    assert k.verify(data.with_owner(data.owner.wildcard()), sig, key) == k.BAD_SIGNATURE
    assert k.verify_raw(key.algorithm, key.public_key, sig.signature, k.signed_data(data, sig)) == k.VERIFIED
    for cut in (sig.signature[:-1], sig.signature + b"\x00", b""):
        assert k.verify_raw(key.algorithm, key.public_key, cut, k.signed_data(data, sig)) == k.BAD_SIGNATURE


RFC4034_KEY = (
    "256 3 5 AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+"
    "X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw=="
)


def test_rfc4034_5_4_and_rfc4509_2_3_key_tag_and_digests() -> None:
    owner, key = Name("dskey.example.com"), dnskey("dskey.example.com", RFC4034_KEY)
    assert key.key_tag == 60485
    assert k.ds_digest(owner, key, 1) == bytes.fromhex("2BB183AF5F22588179A53B0A98631FAD1A292118")
    sha256 = "D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A"
    assert k.ds_digest(Name("DSKEY.example.COM"), key, 2) == bytes.fromhex(sha256)
    assert k.ds_digest(owner, key, 3) is None and k.ds_digest(owner, key, 255) is None


@given(st.integers(2, 255), st.binary(min_size=1, max_size=80), st.integers(0, 65535))
def test_rfc4034_app_b_key_tag_is_dnspython_s(algorithm: int, public: bytes, flags: int) -> None:
    text = f"{flags} 3 {algorithm} {base64.b64encode(public).decode()}"
    theirs = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.DNSKEY, text)
    assert dnskey(".", text).key_tag == dns.dnssec.key_id(theirs)


def test_rfc4034_app_b_1_key_tag_of_algorithm_1() -> None:
    assert dnskey(".", "256 3 1 AQIDBAUG").key_tag == 0x0405


def test_rfc5155_app_a_hashes() -> None:
    salt = bytes.fromhex("aabbccdd")
    expected = {
        "example": "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom",
        "a.example": "35mthgpgcu1qg68fab165klnsnk3dpvl",
        "ai.example": "gjeqe526plbf1g8mklp59enfd789njgi",
        "ns1.example": "2t7b4g4vsa5smi47k61mv5bv1a22bojr",
        "ns2.example": "q04jkcevqvmu85r014c7dkba38o0ji5r",
        "w.example": "k8udemvp1j2f7eg6jebps17vp3n8i58h",
        "*.w.example": "r53bq7cc2uvmubfu5ocmm6pers9tk9en",
        "x.w.example": "b4um86eghhds6nea196smvmlo4ors995",
        "Y.W.example": "ji6neoaepv8b5o6k4ev33abha8ht9fgc",
        "x.y.w.example": "2vptu5timamqttgl4luu9kg21e0aor3s",
        "xx.EXAMPLE": "t644ebqk9bibcna874givr6joj62mlhv",
    }
    names = [Name(text) for text in expected]
    assert [k.base32hex(k.nsec3_hash(name, salt, 12)) for name in names] == list(expected.values())
    many = k.nsec3_hash_many(names * 40, salt, 12, 2)
    assert [k.base32hex(one) for one in many] == list(expected.values()) * 40


def test_nsec3_parameters_out_of_range_are_value_errors() -> None:
    for salt, iterations in [(b"\x00" * 256, 0), (b"", 65536), (b"", -1)]:
        with pytest.raises(ValueError, match=r"salt longer|out of range"):
            k.nsec3_hash(Name("a"), salt, iterations)
        with pytest.raises(ValueError, match=r"salt longer|out of range"):
            k.nsec3_hash_many([Name("a")], salt, iterations)


@pytest.fixture(scope="module", params=SIGNING)
def signing_key(request: pytest.FixtureRequest) -> SigningKey:
    return SigningKey.generate(request.param)


def make_dnskey(key: SigningKey) -> Dnskey:
    rdata = b"\x01\x00\x03" + bytes([key.algorithm]) + key.public_key
    return RRset(Name("example"), 48, 3600, (rdata,)).dnskeys()[0]


def sign(key: SigningKey, *sets: RRset) -> list[Rrsig]:
    tag = make_dnskey(key).key_tag
    jobs = [SignJob(one, key, tag, Name("Example"), 1700000000, 1800000000) for one in sets]
    made = k.sign_many(jobs)
    return [RRset(one.owner, 46, one.ttl, (rdata,)).rrsigs()[0] for one, rdata in zip(sets, made, strict=True)]


def test_what_is_signed_verifies_and_nothing_else(signing_key: SigningKey) -> None:
    key = make_dnskey(signing_key)
    data = rrset("*.Example", "MX", "5 MAIL.example.", "10 .")
    sig = sign(signing_key, data)[0]
    assert (sig.labels, sig.original_ttl, sig.type_covered, sig.algorithm) == (1, 3600, 15, signing_key.algorithm)
    assert (sig.inception, sig.expiration, sig.key_tag) == (1700000000, 1800000000, key.key_tag)
    # RFC 4035 §5.3.2: at an expanded name the wildcard is what was signed; the TTL is the original one.
    for owner in ("*.example", "a.example", "b.a.EXAMPLE"):
        assert k.verify(data.with_owner(Name(owner)).with_ttl(1), sig, key) == k.VERIFIED
    for altered in (
        data.with_owner(Name("a.other")),
        rrset("a.example", "MX", "5 mail.example."),
        data.with_owner(Name.ROOT),
    ):
        assert k.verify(altered, sig, key) == k.BAD_SIGNATURE
    other = make_dnskey(SigningKey.generate(signing_key.algorithm))
    assert k.verify(data, sig, other) == k.BAD_SIGNATURE


def test_private_keys_round_trip_and_show_no_secret(signing_key: SigningKey) -> None:
    der = signing_key.to_pkcs8()
    again = SigningKey.from_pkcs8(signing_key.algorithm, der)
    assert again.public_key == signing_key.public_key
    assert k.verify_raw(again.algorithm, again.public_key, again.sign_raw(b"data"), b"data") == k.VERIFIED
    assert repr(again) == f"SigningKey(algorithm={again.algorithm})" == str(again)
    for algorithm in SIGNING:
        if {algorithm, again.algorithm} not in ({8, 10}, {again.algorithm}):
            with pytest.raises(ValueError, match="not a PKCS#8 private key"):
                SigningKey.from_pkcs8(algorithm, der)
    for broken in (b"", der[:-1], b"\x30" + der):
        with pytest.raises(ValueError, match="not a PKCS#8 private key"):
            SigningKey.from_pkcs8(again.algorithm, broken)


@pytest.mark.parametrize("algorithm", [8, 10, 13, 14, 15])
def test_signatures_satisfy_dnspython(algorithm: int) -> None:
    key = SigningKey.generate(algorithm)
    serialization.load_der_private_key(key.to_pkcs8(), None)
    data = rrset("a.Example", "NS", "NS.example.", "b.example.")
    sig = sign(key, data)[0]
    wires = [dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.NS, octets, 0, len(octets)) for octets in data.rdatas]
    theirs = dns.rrset.from_rdata_list("a.example.", 3600, wires)
    zone = dns.name.from_text("example.")
    their_sig = dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.RRSIG, sig.rdata, 0, len(sig.rdata))
    rdata = make_dnskey(key).rdata
    their_key = dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.DNSKEY, rdata, 0, len(rdata))
    keys = {zone: dns.rrset.from_rdata_list(zone, 3600, [their_key])}
    dns.dnssec.validate_rrsig(theirs, their_sig, keys, now=1750000000)


def test_batches_keep_their_order_on_any_number_of_threads() -> None:
    good, bad = SigningKey.generate(13), SigningKey.generate(15)
    sets = [rrset(f"n{number}.example", "A", f"192.0.2.{number}") for number in range(60)]
    keys = [make_dnskey(good), make_dnskey(bad)]
    jobs = [
        (one, sig, keys[number % 3 == 0]) for number, (one, sig) in enumerate(zip(sets, sign(good, *sets), strict=True))
    ]
    expected = [k.verify(*job) for job in jobs]
    assert set(expected) == {k.VERIFIED, k.BAD_SIGNATURE}
    for threads in (0, 1, 2, 7, 1000):
        assert k.verify_many(jobs, threads) == expected
    assert k.verify_many([]) == [] and k.sign_many([]) == [] and k.nsec3_hash_many([], b"", 0) == []


def test_labels_beyond_the_owner_s_are_refused() -> None:
    sig = rrsig("a.example", "A 13 3 3600 20100909100439 20100812100439 1 example. AAAA")
    data = rrset("a.example", "A", "192.0.2.1")
    with pytest.raises(ValueError, match="Labels field exceeds"):
        k.signed_data(data, sig)
    assert k.verify(data, sig, make_dnskey(SigningKey.generate(13))) == k.BAD_SIGNATURE


def test_rfc4035_2_2_rrsigs_are_not_signed() -> None:
    sig = rrset("example", "RRSIG", "A 13 1 3600 20100909100439 20100812100439 1 example. AAAA")
    with pytest.raises(ValueError, match="RRSIGs are not signed"):
        SignJob(sig, SigningKey.generate(13), 1, Name("example"), 0, 1)


def test_keys_the_library_cannot_use() -> None:
    for algorithm in (0, 1, 3, 6, 12, 16, 17, 23, 253, 254, 255):
        assert k.verify_raw(algorithm, b"\x00" * 57, b"\x00" * 114, b"") == k.UNSUPPORTED
    for algorithm, size in ((13, 64), (14, 96), (15, 32), (18, 1312)):
        for wrong in (0, size - 1, size + 1):
            assert k.verify_raw(algorithm, b"\x09" * wrong, b"\x00" * 64, b"") == k.MALFORMED_KEY
    assert k.verify_raw(13, b"\x01" * 64, b"\x00" * 64, b"") == k.MALFORMED_KEY  # not on the curve
    for field in (b"", b"\x00", b"\x00\x00\x00", b"\x01\x03", b"\x05\x01", b"\x01\x02" + b"\xff" * 128):
        assert k.verify_raw(8, field, b"\x00" * 128, b"") == k.MALFORMED_KEY
    for octets in (64, 127, 1025):
        assert k.verify_raw(8, b"\x01\x03" + b"\xff" * octets, b"\x00" * octets, b"") == k.UNSUPPORTED


def test_rfc3110_2_both_forms_of_the_exponent_s_length() -> None:
    key = SigningKey.generate(8)
    signature, field = key.sign_raw(b"data"), key.public_key
    exponent, modulus = field[1 : 1 + field[0]], field[1 + field[0] :]
    long_form = b"\x00" + len(exponent).to_bytes(2, "big") + exponent + modulus
    padded = bytes([len(exponent) + 1]) + b"\x00" + exponent + b"\x00" + modulus
    for form in (field, long_form, padded):
        assert k.verify_raw(8, form, signature, b"data") == k.VERIFIED


@given(st.integers(0, 255), st.binary(max_size=200), st.binary(max_size=140))
def test_no_key_or_signature_does_more_than_fail(algorithm: int, key: bytes, signature: bytes) -> None:
    assert k.verify_raw(algorithm, key, signature, b"data") in (k.BAD_SIGNATURE, k.UNSUPPORTED, k.MALFORMED_KEY)


def test_generate_refuses_other_sizes_and_algorithms() -> None:
    for algorithm, bits in ((8, 1024), (8, 2049), (5, 2048), (16, 2048), (0, 0)):
        with pytest.raises(ValueError, match=r"bits|no signing with this algorithm"):
            SigningKey.generate(algorithm, bits)

"""Trust anchor files of all kinds, and the signature over IANA's: read or refused; no altered file passes for signed."""

import datetime
from functools import cache
from random import Random
from typing import Final

from fuzz.case import Case, Result, Target
from fuzz.octets import mutate
from fuzz.words import mutate_text
from fuzz.world import NOW, small_world
from unbroken._kernel import rdata_to_text
from unbroken.anchors import SignatureRefused, TrustAnchors, parse, verify_signature
from unbroken.anchors.ready import ReadyStatus, judge, read_contents
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError

_SIGNER: Final = "dnssec@iana.org"


def create() -> Target:
    """The target."""
    return AnchorsTarget()


def texts() -> list[str]:
    """One file of each kind, with the small world's root key."""
    anchor = small_world().anchors[Name.ROOT]
    ds = rdata_to_text(rr.DS, anchor.dses[0].rdata) or ""
    key = small_world().keys[Name.ROOT][0].dnskey
    text = rdata_to_text(rr.DNSKEY, key.rdata) or ""
    tag, algorithm, digest_type, digest = ds.split(" ", 3)
    head = f"; autotrust trust anchor file\n;;id: . 1\n;;last_queried: {NOW} ;;Mon\n"
    state = ";;state=2 [  VALID  ] ;;count=0 ;;lastchange=1700000000 ;;Tue"
    return [
        f"; a comment\n. IN DS {ds}\n. 3600 IN DNSKEY {text}\n$ORIGIN example.\n@ IN DS ( {tag} {algorithm} {digest_type}\n"
        f" {digest} )\n",
        f'trust-anchors {{\n  . initial-ds {tag} {algorithm} {digest_type} "{digest}";\n  /* a comment */\n'
        f'  "example." static-key 257 3 8 "{text.split(" ", 3)[3]}";\n}};\noptions {{ directory "/x"; }};\n',
        f"{head}. 172800 IN DNSKEY {text} {state}\n",
        xml().decode(),
    ]


def resolver_texts() -> list[str]:
    """The files in which BIND, Knot Resolver and PowerDNS Recursor keep anchors, with the small world's root key."""
    anchor = small_world().anchors[Name.ROOT]
    ds = rdata_to_text(rr.DS, anchor.dses[0].rdata) or ""
    text = rdata_to_text(rr.DNSKEY, small_world().keys[Name.ROOT][0].dnskey.rdata) or ""
    flags, protocol, algorithm, key = text.split(" ", 3)
    times = "20270101000000 20260101000000 19700101000000"
    return [
        f"$ORIGIN .\n$TTL 0\n@ IN SOA . . (\n 2 0 0 0 0 )\n\tKEYDATA {times} {flags} {protocol} {algorithm} (\n {key} )\n",
        f". 172800 DNSKEY {text} ; Valid: ; KeyTag:1\n; . 172800 DNSKEY {text} ; AddPend:1800000000 ; KeyTag:2\n",
        f"-- anchors\nclearTA('.')\naddTA(\".\", '{ds}')\nreadTrustAnchorsFromFile('/x', 24)\n",
        f"dnssec:\n  trustanchors:\n  - name: .\n    dsrecords:\n    - {ds}\n    - '{ds}'\n  trustanchorfile: /x\n",
        f"Configured Trust Anchors:\n.\n\t\t{ds}\n",
    ]


def xml() -> bytes:
    """A file as IANA publishes it (RFC 7958 §2.1.1)."""
    ds = small_world().anchors[Name.ROOT].dses[0]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<TrustAnchor id="1" source="http://x/">\n<Zone>.</Zone>\n'
        '<KeyDigest id="K" validFrom="2017-02-02T00:00:00+00:00" validUntil="2040-01-11T00:00:00+00:00">\n'
        f"<KeyTag>{ds.key_tag}</KeyTag>\n<Algorithm>{ds.algorithm}</Algorithm>\n<DigestType>{ds.digest_type}</DigestType>\n"
        f"<Digest>{ds.digest.hex().upper()}</Digest>\n</KeyDigest>\n</TrustAnchor>\n"
    ).encode()


@cache
def signed_xml() -> tuple[bytes, bytes]:
    """A detached signature over `xml()` and the authority that made the signer's certificate. Not the same every run."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import pkcs7
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    begin = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
    authority_key, signer_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in ("Authority", "Signer")]

    def certificate(subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, ca: bool) -> x509.Certificate:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(names[0]).public_key(key.public_key())
        builder = builder.serial_number(5 if ca else 6).not_valid_before(begin - datetime.timedelta(days=1))
        builder = builder.not_valid_after(begin + datetime.timedelta(days=900))
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        if not ca:
            email = x509.SubjectAlternativeName([x509.RFC822Name(_SIGNER)])
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
            builder = builder.add_extension(email, critical=False).add_extension(usage, critical=False)
        return builder.sign(authority_key, hashes.SHA256())

    authority = certificate(names[0], authority_key, ca=True)
    signer = certificate(names[1], signer_key, ca=False)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(xml()).add_signer(signer, signer_key, hashes.SHA256())
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    return builder.sign(serialization.Encoding.DER, options), authority.public_bytes(serialization.Encoding.PEM)


class AnchorsTarget:
    """Files of all kinds, and one file in five with its signature."""

    def __init__(self) -> None:
        self.texts: Final = texts()
        self.resolver_texts: Final = resolver_texts()
        self.signature, self.authority = signed_xml()
        verify_signature(xml(), self.signature, self.authority, NOW)

    def make(self, random: Random) -> Case:
        """A signature case alters document, signature or authority, or none of them."""
        if random.random() < 0.2:
            parts = {"xml": xml(), "p7s": self.signature, "ca": self.authority}
            altered = random.choice(list(parts))
            parts[altered] = mutate(random, parts[altered])
            return {"text": None, "altered": altered, **parts}
        if random.random() < 0.4:
            return {"text": mutate_text(random, random.choice(self.texts + self.resolver_texts)), "ready": True}
        return {"text": mutate_text(random, random.choice(self.texts))}

    def check(self, case: Case) -> Result:
        """InputError is the only error; an altered document is never accepted."""
        if case["text"] is None:
            return self._check_signature(case)
        if case.get("ready"):
            return _check_readiness(case)
        try:
            anchors = parse(case["text"], "file", now=NOW)
        except InputError:
            return Result("rejected")
        return Result("accepted", "" if len(anchors) and _is_usable(anchors) else "accepted without an anchor")

    def _check_signature(self, case: Case) -> Result:
        try:
            verify_signature(case["xml"], case["p7s"], case["ca"], NOW)
        except SignatureRefused as refused:
            return Result("signature refused", "" if refused.what else "refused without a word")
        if case["xml"] != xml():
            return Result("signature accepted", "the signature is accepted over another document")
        return Result("signature accepted, document unchanged")


def _check_readiness(case: Case) -> Result:
    """The small world's root key is none of the real root's: no alteration of a file can make its owner ready."""
    try:
        found = judge(read_contents(case["text"], "file", NOW), "file", NOW)
    except InputError:
        return Result("rejected")
    is_wrong = found.status is ReadyStatus.READY and not any("believed by its tag" in note for note in found.notes)
    return Result(f"judged {found.status.value}", "a key that is not the root's makes it ready" if is_wrong else "")


def _is_usable(anchors: TrustAnchors) -> bool:
    return all(anchor.dses or anchor.dnskeys for anchor in anchors.values())

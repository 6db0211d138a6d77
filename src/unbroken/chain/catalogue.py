"""The catalogue of findings: one row a code. Codes never change their meaning; documentation is generated from here.

`sentence` and `remedy` are templates; `{where}` is always there, the other names are the finding's parameters.
"""

from enum import Enum
from typing import Final

from unbroken.dns.ede import Ede
from unbroken.records import dataclass


class Severity(Enum):
    """ERROR breaks the chain, WARNING may soon or makes it insecure, NOTICE is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


class Code(Enum):
    """Every finding that the validator can make."""

    NO_TRUST_ANCHOR = "NO_TRUST_ANCHOR"
    NEGATIVE_TRUST_ANCHOR = "NEGATIVE_TRUST_ANCHOR"
    ANCHOR_NO_MATCHING_KEY = "ANCHOR_NO_MATCHING_KEY"
    ANCHOR_DNSKEY_MISSING = "ANCHOR_DNSKEY_MISSING"
    ANCHOR_UNSUPPORTED = "ANCHOR_UNSUPPORTED"
    LOOKUP_FAILED = "LOOKUP_FAILED"
    SERVER_FAILED = "SERVER_FAILED"
    LOOKUP_OVER_LIMIT = "LOOKUP_OVER_LIMIT"
    EVIDENCE_MISSING = "EVIDENCE_MISSING"
    DS_NO_KEY_WITH_TAG = "DS_NO_KEY_WITH_TAG"
    DS_ALGORITHM_MISMATCH = "DS_ALGORITHM_MISMATCH"
    DS_DIGEST_MISMATCH = "DS_DIGEST_MISMATCH"
    DS_KEY_REVOKED = "DS_KEY_REVOKED"
    DS_KEY_NOT_ZONE_KEY = "DS_KEY_NOT_ZONE_KEY"
    DS_ALGORITHM_UNSUPPORTED = "DS_ALGORITHM_UNSUPPORTED"
    DS_DIGEST_UNSUPPORTED = "DS_DIGEST_UNSUPPORTED"
    DNSKEY_MISSING = "DNSKEY_MISSING"
    DNSKEY_NOT_SIGNED = "DNSKEY_NOT_SIGNED"
    DNSKEY_NOT_SIGNED_BY_ENTRY_POINT = "DNSKEY_NOT_SIGNED_BY_ENTRY_POINT"
    DELEGATION_INSECURE = "DELEGATION_INSECURE"
    DELEGATION_UNPROVEN = "DELEGATION_UNPROVEN"
    SIGNATURE_MISSING = "SIGNATURE_MISSING"
    SIGNATURE_EXPIRED = "SIGNATURE_EXPIRED"
    SIGNATURE_NOT_YET_VALID = "SIGNATURE_NOT_YET_VALID"
    SIGNATURE_EXPIRED_BEFORE_INCEPTION = "SIGNATURE_EXPIRED_BEFORE_INCEPTION"
    SIGNATURE_BAD = "SIGNATURE_BAD"
    SIGNATURE_MALFORMED = "SIGNATURE_MALFORMED"
    SIGNATURE_KEY_MISSING = "SIGNATURE_KEY_MISSING"
    SIGNATURE_KEY_REVOKED = "SIGNATURE_KEY_REVOKED"
    SIGNATURE_KEY_NOT_ZONE_KEY = "SIGNATURE_KEY_NOT_ZONE_KEY"
    SIGNATURE_ALGORITHM_UNSUPPORTED = "SIGNATURE_ALGORITHM_UNSUPPORTED"
    SIGNATURE_LABELS = "SIGNATURE_LABELS"
    SIGNER_NOT_ZONE = "SIGNER_NOT_ZONE"
    DENIAL_MISSING = "DENIAL_MISSING"
    DENIAL_INCOMPLETE = "DENIAL_INCOMPLETE"
    DENIAL_OPT_OUT = "DENIAL_OPT_OUT"
    WILDCARD_UNPROVEN = "WILDCARD_UNPROVEN"
    NSEC3_ITERATIONS_INSECURE = "NSEC3_ITERATIONS_INSECURE"
    NSEC3_ITERATIONS_REFUSED = "NSEC3_ITERATIONS_REFUSED"
    NSEC3_HASH_UNKNOWN = "NSEC3_HASH_UNKNOWN"
    DNAME_SYNTHESIS_WRONG = "DNAME_SYNTHESIS_WRONG"
    REDIRECTION_LOOP = "REDIRECTION_LOOP"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    RRSIG_QUERY_UNSIGNED = "RRSIG_QUERY_UNSIGNED"


@dataclass(frozen=True, slots=True)
class Row:
    """What a code means, everywhere it is shown."""

    severity: Severity
    ede: Ede | None
    source: str  # RFC section
    sentence: str
    remedy: str


_ERROR: Final = Severity.ERROR
_WARNING: Final = Severity.WARNING
_NOTICE: Final = Severity.NOTICE

CATALOGUE: Final[dict[Code, Row]] = {
    Code.NO_TRUST_ANCHOR: Row(
        _NOTICE,
        Ede.DNSSEC_INDETERMINATE,
        "RFC 4033 §5",
        "No trust anchor is configured at or above {where}, so no chain can start.",
        "Configure a trust anchor for the root or for a zone above the name.",
    ),
    Code.NEGATIVE_TRUST_ANCHOR: Row(
        _NOTICE,
        Ede.NEGATIVE_TRUST_ANCHOR,
        "RFC 7646 §2",
        "A negative trust anchor at {where} turns validation off here until {until}: {reason}.",
        "Remove the negative trust anchor once the zone validates again.",
    ),
    Code.ANCHOR_NO_MATCHING_KEY: Row(
        _ERROR,
        Ede.DNSKEY_MISSING,
        "RFC 4035 §5.3.1",
        "None of the keys that {where} publishes matches its configured trust anchor ({anchors}).",
        "If the zone rolled its key, update the trust anchor; if not, the answers come from an impostor or a wrong server.",
    ),
    Code.ANCHOR_DNSKEY_MISSING: Row(
        _ERROR,
        Ede.DNSKEY_MISSING,
        "RFC 4035 §5",
        "A trust anchor says that {where} is signed, but the zone has no DNSKEY RRset.",
        "Publish the zone's DNSKEY RRset; if others see it, the answers come from an impostor or a wrong server.",
    ),
    Code.ANCHOR_UNSUPPORTED: Row(
        _WARNING,
        Ede.UNSUPPORTED_DNSKEY_ALGORITHM,
        "RFC 4035 §5.2",
        "The trust anchor for {where} uses only algorithms or digests that this validator's policy does not allow.",
        "Configure an anchor with a supported algorithm and digest.",
    ),
    Code.LOOKUP_FAILED: Row(
        _ERROR,
        Ede.NO_REACHABLE_AUTHORITY,
        "RFC 4035 §4.3",
        "{where} could not be fetched: {reason}.",
        "Check that the name servers of the zone answer, over UDP and TCP, and that this host can reach them.",
    ),
    Code.SERVER_FAILED: Row(
        _ERROR,
        Ede.NETWORK_ERROR,
        "RFC 4035 §4.3",
        "{where} could not be fetched, though a server was reached: {reason}.",
        "Find out at the zone's name servers why they report errors, or answer with what is no DNS message.",
    ),
    Code.LOOKUP_OVER_LIMIT: Row(
        _ERROR,
        Ede.OTHER,
        "RFC 4035 §4.3",
        "{where} was not fetched, because of a limit on what one question may cost: {reason}.",
        "Look for delegations that need ever more look-ups, and for answers of absurd size; or raise the limit.",
    ),
    Code.EVIDENCE_MISSING: Row(
        _ERROR,
        Ede.OTHER,
        "RFC 4035 §4.3",
        "{where} is not in the capture or proof that is being judged: {reason}.",
        "Record it again, from the same question and with the same trust anchor.",
    ),
    Code.DS_NO_KEY_WITH_TAG: Row(
        _ERROR,
        Ede.DNSKEY_MISSING,
        "RFC 4035 §5.2",
        "The parent's DS for {where} names key tag {tags}, but the zone publishes {keys}.",
        "Publish at the parent the DS of a key that signs the zone's DNSKEY RRset instead of DS {tags}; or publish key {tags}.",
    ),
    Code.DS_ALGORITHM_MISMATCH: Row(
        _ERROR,
        Ede.DNSKEY_MISSING,
        "RFC 4035 §5.2",
        "The DS for {where} with key tag {tags} gives algorithm {ds_algorithm}; the key with that tag has {key_algorithm}.",
        "Correct the algorithm field of the DS at the parent.",
    ),
    Code.DS_DIGEST_MISMATCH: Row(
        _ERROR,
        Ede.DNSKEY_MISSING,
        "RFC 4035 §5.2",
        "The digest in the DS for {where} with key tag {tags} is not the digest of the key with that tag.",
        "Compute the DS anew from the key that the zone publishes and replace it at the parent.",
    ),
    Code.DS_KEY_REVOKED: Row(
        _ERROR,
        Ede.DNSKEY_MISSING,
        "RFC 5011 §2.1",
        "The DS for {where} leads to key {tags}, which is revoked.",
        "Publish at the parent the DS of a key that is not revoked.",
    ),
    Code.DS_KEY_NOT_ZONE_KEY: Row(
        _ERROR,
        Ede.NO_ZONE_KEY_BIT_SET,
        "RFC 4034 §2.1.1",
        "The DS for {where} leads to key {tags}, whose Zone Key bit is clear, so it must not be used.",
        "Publish the key with flags 257 (or 256) and a DS made from it.",
    ),
    Code.DS_ALGORITHM_UNSUPPORTED: Row(
        _WARNING,
        Ede.UNSUPPORTED_DNSKEY_ALGORITHM,
        "RFC 4035 §5.2, RFC 6840 §5.2",
        "Every DS for {where} uses an algorithm that this validator does not support ({algorithms}), so the zone is insecure.",
        "Sign the zone with algorithm 13 (ECDSAP256SHA256) and publish its DS.",
    ),
    Code.DS_DIGEST_UNSUPPORTED: Row(
        _WARNING,
        Ede.UNSUPPORTED_DS_DIGEST_TYPE,
        "RFC 6840 §5.2",
        "Every DS for {where} uses a digest type that this validator does not support ({digests}), so the zone is insecure.",
        "Publish a DS with digest type 2 (SHA-256).",
    ),
    Code.DNSKEY_MISSING: Row(
        _ERROR,
        Ede.DNSKEY_MISSING,
        "RFC 4035 §5.2",
        "The parent says that {where} is signed, but the zone has no DNSKEY RRset.",
        "Publish the zone's DNSKEY RRset, or, to go unsigned, remove the DS at the parent first.",
    ),
    Code.DNSKEY_NOT_SIGNED: Row(
        _ERROR,
        Ede.RRSIGS_MISSING,
        "RFC 4035 §5.2",
        "The DNSKEY RRset of {where} has no signature.",
        "Sign the DNSKEY RRset with the key that the DS, or the trust anchor, names.",
    ),
    Code.DNSKEY_NOT_SIGNED_BY_ENTRY_POINT: Row(
        _ERROR,
        Ede.RRSIGS_MISSING,
        "RFC 4035 §5.2",
        "The DNSKEY RRset of {where} is not signed by the key that the chain enters by ({tags}); signatures are by {signers}.",
        "Sign the DNSKEY RRset with key {tags}, or make the DS at the parent, or the trust anchor, of a key that does.",
    ),
    Code.DELEGATION_INSECURE: Row(
        _NOTICE,
        None,
        "RFC 4035 §5.2",
        "The parent proves that {where} has no DS, so the chain of trust ends there: the zone is insecure.",
        "To secure it, sign the zone and publish its DS at the parent.",
    ),
    Code.DELEGATION_UNPROVEN: Row(
        _ERROR,
        Ede.NSEC_MISSING,
        "RFC 4035 §5.2, RFC 6840 §4.4",
        "The parent {parent} gives neither a DS for {where} nor a valid proof that there is none.",
        "Sign the parent anew: its NSEC or NSEC3 chain must cover the delegation, and its servers must send it.",
    ),
    Code.SIGNATURE_MISSING: Row(
        _ERROR,
        Ede.RRSIGS_MISSING,
        "RFC 4035 §5.3.1",
        "{where} has no signature, though its zone {zone} is signed.",
        "Sign the RRset; if a server strips signatures or serves an unsigned copy, correct that server.",
    ),
    Code.SIGNATURE_EXPIRED: Row(
        _ERROR,
        Ede.SIGNATURE_EXPIRED,
        "RFC 4035 §5.3.1",
        "The signature over {where} by key {tag} expired {ago} ago, at {time}.",
        "Sign the zone again, and find out why the signer stopped.",
    ),
    Code.SIGNATURE_NOT_YET_VALID: Row(
        _ERROR,
        Ede.SIGNATURE_NOT_YET_VALID,
        "RFC 4035 §5.3.1",
        "The signature over {where} by key {tag} is valid only from {time}, {ahead} from now.",
        "Set the signer's clock, or this machine's; sign again with an inception in the past.",
    ),
    Code.SIGNATURE_EXPIRED_BEFORE_INCEPTION: Row(
        _ERROR,
        Ede.SIGNATURE_EXPIRED_BEFORE_VALID,
        "RFC 4034 §3.1.5",
        "The signature over {where} by key {tag} expires before it becomes valid ({expiration} < {inception}).",
        "Correct the signer's validity period and sign again.",
    ),
    Code.SIGNATURE_BAD: Row(
        _ERROR,
        Ede.DNSSEC_BOGUS,
        "RFC 4035 §5.3.3",
        "The signature over {where} by key {tag} does not verify: the data, the signature or the key was altered.",
        "Sign the RRset again and reload the zone on every server.",
    ),
    Code.SIGNATURE_MALFORMED: Row(
        _ERROR,
        Ede.DNSSEC_BOGUS,
        "RFC 4034 §3.1",
        "The signature over {where} by key {tag} can't be used: signature or key is malformed.",
        "Sign the RRset again with a well-formed key.",
    ),
    Code.SIGNATURE_KEY_MISSING: Row(
        _ERROR,
        Ede.DNSKEY_MISSING,
        "RFC 4035 §5.3.1",
        "{where} is signed by key {tag} ({algorithm}), which is not in the DNSKEY RRset of {zone}.",
        "Publish that key, or sign again with a key that is published.",
    ),
    Code.SIGNATURE_KEY_REVOKED: Row(
        _ERROR,
        Ede.DNSSEC_BOGUS,
        "RFC 5011 §2.1",
        "{where} is signed only by key {tag}, which is revoked.",
        "Sign again with a key that is not revoked.",
    ),
    Code.SIGNATURE_KEY_NOT_ZONE_KEY: Row(
        _ERROR,
        Ede.NO_ZONE_KEY_BIT_SET,
        "RFC 4035 §5.3.1",
        "{where} is signed only by key {tag}, whose Zone Key bit is clear.",
        "Publish the key with the Zone Key bit set (flags 256 or 257) and sign again.",
    ),
    Code.SIGNATURE_ALGORITHM_UNSUPPORTED: Row(
        _ERROR,
        Ede.UNSUPPORTED_DNSKEY_ALGORITHM,
        "RFC 4035 §5.3.1, RFC 6840 §5.11",
        "{where} is signed only with {algorithm}, which this validator does not support, though the DS promises another.",
        "Sign the RRset with every algorithm that the DS RRset names.",
    ),
    Code.SIGNATURE_LABELS: Row(
        _ERROR,
        Ede.DNSSEC_BOGUS,
        "RFC 4035 §5.3.1",
        "The signature over {where} by key {tag} counts more labels than the name has.",
        "Sign the RRset again.",
    ),
    Code.SIGNER_NOT_ZONE: Row(
        _ERROR,
        Ede.DNSSEC_BOGUS,
        "RFC 4035 §5.3.1",
        "{where} is signed in the name of {signer}, which is not the zone that holds it ({zone}).",
        "Sign the RRset with a key of its own zone.",
    ),
    Code.DENIAL_MISSING: Row(
        _ERROR,
        Ede.NSEC_MISSING,
        "RFC 4035 §5.4",
        "The answer says that {where} does not exist, but brings no NSEC or NSEC3 of {zone} that proves it.",
        "Make the servers send denial records: sign the zone with NSEC or NSEC3, and reload it everywhere.",
    ),
    Code.DENIAL_INCOMPLETE: Row(
        _ERROR,
        Ede.NSEC_MISSING,
        "RFC 4035 §5.4, RFC 5155 §8",
        "The denial records do not prove that {where} does not exist: {reason}.",
        "Rebuild the NSEC or NSEC3 chain of {zone} and reload it on every server.",
    ),
    Code.DENIAL_OPT_OUT: Row(
        _NOTICE,
        None,
        "RFC 5155 §9.2",
        "The proof for {where} rests on an opt-out span, which may hold unsigned delegations, so it is not secure.",
        "None is needed; a zone that wants secure denial does without opt-out.",
    ),
    Code.WILDCARD_UNPROVEN: Row(
        _ERROR,
        Ede.DNSSEC_BOGUS,
        "RFC 4035 §5.3.4",
        "{where} was expanded from the wildcard {wildcard}, but nothing proves that the name itself does not exist.",
        "Make the servers send the NSEC or NSEC3 that covers the name.",
    ),
    Code.NSEC3_ITERATIONS_INSECURE: Row(
        _WARNING,
        Ede.UNSUPPORTED_NSEC3_ITERATIONS_VALUE,
        "RFC 9276 §3.2",
        "{where} uses NSEC3 with {iterations} iterations, above the limit of {limit}, so its denials count as insecure.",
        "Set NSEC3 iterations to 0 and sign the zone again.",
    ),
    Code.NSEC3_ITERATIONS_REFUSED: Row(
        _ERROR,
        Ede.UNSUPPORTED_NSEC3_ITERATIONS_VALUE,
        "RFC 9276 §3.2",
        "{where} uses NSEC3 with {iterations} iterations, above the limit of {limit}; such proofs are refused.",
        "Set NSEC3 iterations to 0 and sign the zone again.",
    ),
    Code.NSEC3_HASH_UNKNOWN: Row(
        _ERROR,
        Ede.NSEC_MISSING,
        "RFC 5155 §8.1",
        "The denial for {where} uses only NSEC3 hash algorithms that do not exist ({algorithms}); such records are ignored.",
        "Sign the zone with NSEC3 hash algorithm 1 (SHA-1).",
    ),
    Code.DNAME_SYNTHESIS_WRONG: Row(
        _ERROR,
        Ede.DNSSEC_BOGUS,
        "RFC 6672 §5.3.1",
        "The unsigned CNAME at {where} does not follow from the DNAME at {dname}.",
        "Correct the server that synthesises it.",
    ),
    Code.REDIRECTION_LOOP: Row(
        _ERROR,
        None,
        "RFC 1034 §3.6.2",
        "The aliases lead in a circle, or too far: {where} comes again or is one too many.",
        "Correct the CNAME or DNAME records.",
    ),
    Code.LIMIT_EXCEEDED: Row(
        _ERROR,
        Ede.DNSSEC_BOGUS,
        "RFC 9276 §3.2, CVE-2023-50387",
        "Validating {where} would take more work than is allowed ({limit}); it was given up.",
        "Reduce the number of keys with one tag, signatures per RRset, or NSEC3 iterations.",
    ),
    Code.RRSIG_QUERY_UNSIGNED: Row(
        _NOTICE,
        None,
        "RFC 4035 §2.2",
        "RRSIG records are themselves never signed, so {where} can't be secured.",
        "Ask for the type that the signature covers.",
    ),
}

"""The catalogue of what can be wrong with a whole zone: one row a code, as in `catalogue`. Codes never change their meaning.

`{where}` is the owner name and type; `{detail}`, `{tag}`, `{algorithm}` and `{time}` are there where they make sense.
"""

from enum import Enum
from typing import Final

from unbroken.chain.catalogue import Row, Severity
from unbroken.dns.ede import Ede


class ZoneCode(Enum):
    """Every finding of a check of a whole zone."""

    ZONE_SIGNATURE_BAD = "ZONE_SIGNATURE_BAD"
    ZONE_SIGNATURE_EXPIRED = "ZONE_SIGNATURE_EXPIRED"
    ZONE_SIGNATURE_NOT_YET_VALID = "ZONE_SIGNATURE_NOT_YET_VALID"
    ZONE_SIGNATURE_EXPIRED_BEFORE_INCEPTION = "ZONE_SIGNATURE_EXPIRED_BEFORE_INCEPTION"
    ZONE_SIGNER_NOT_ZONE = "ZONE_SIGNER_NOT_ZONE"
    ZONE_SIGNATURE_LABELS = "ZONE_SIGNATURE_LABELS"
    ZONE_SIGNATURE_TTL = "ZONE_SIGNATURE_TTL"
    ZONE_RRSIG_TTL = "ZONE_RRSIG_TTL"
    ZONE_SIGNATURE_KEY_MISSING = "ZONE_SIGNATURE_KEY_MISSING"
    ZONE_SIGNATURE_KEY_UNUSABLE = "ZONE_SIGNATURE_KEY_UNUSABLE"
    ZONE_SIGNATURE_KEY_MALFORMED = "ZONE_SIGNATURE_KEY_MALFORMED"
    ZONE_SIGNATURE_UNSUPPORTED = "ZONE_SIGNATURE_UNSUPPORTED"
    ZONE_SIGNATURE_MISSING = "ZONE_SIGNATURE_MISSING"
    ZONE_SIGNATURE_WITHOUT_RRSET = "ZONE_SIGNATURE_WITHOUT_RRSET"
    ZONE_SIGNATURE_UNEXPECTED = "ZONE_SIGNATURE_UNEXPECTED"
    ZONE_NSEC_MISSING = "ZONE_NSEC_MISSING"
    ZONE_NSEC_UNEXPECTED = "ZONE_NSEC_UNEXPECTED"
    ZONE_NSEC_NEXT_WRONG = "ZONE_NSEC_NEXT_WRONG"
    ZONE_NSEC_TYPES_WRONG = "ZONE_NSEC_TYPES_WRONG"
    ZONE_DENIAL_TTL = "ZONE_DENIAL_TTL"
    ZONE_NSEC3_MISSING = "ZONE_NSEC3_MISSING"
    ZONE_NSEC3_UNEXPECTED = "ZONE_NSEC3_UNEXPECTED"
    ZONE_NSEC3_NEXT_WRONG = "ZONE_NSEC3_NEXT_WRONG"
    ZONE_NSEC3_TYPES_WRONG = "ZONE_NSEC3_TYPES_WRONG"
    ZONE_NSEC3_OPT_OUT_MISSING = "ZONE_NSEC3_OPT_OUT_MISSING"
    ZONE_NSEC3_PARAMETERS = "ZONE_NSEC3_PARAMETERS"
    ZONE_DENIAL_MISSING = "ZONE_DENIAL_MISSING"
    ZONE_CNAME_AND_OTHER = "ZONE_CNAME_AND_OTHER"
    ZONE_SEVERAL_ALIASES = "ZONE_SEVERAL_ALIASES"
    ZONE_SEVERAL_SOAS = "ZONE_SEVERAL_SOAS"
    ZONE_DS_AT_APEX = "ZONE_DS_AT_APEX"
    ZONE_NOT_SIGNED = "ZONE_NOT_SIGNED"
    ZONE_KEY_TAGS_COLLIDE = "ZONE_KEY_TAGS_COLLIDE"
    ZONE_ZONEMD_MISMATCH = "ZONE_ZONEMD_MISMATCH"
    ZONE_ZONEMD_UNSUPPORTED = "ZONE_ZONEMD_UNSUPPORTED"
    ZONE_CDS_INCONSISTENT = "ZONE_CDS_INCONSISTENT"
    ZONE_ENTRY_BROKEN = "ZONE_ENTRY_BROKEN"


_ERROR: Final = Severity.ERROR
_WARNING: Final = Severity.WARNING
_NOTICE: Final = Severity.NOTICE
_SIGN_ANEW: Final = "Sign the zone anew with the keys that it publishes."

ZONE_CATALOGUE: Final[dict[ZoneCode, Row]] = {
    ZoneCode.ZONE_SIGNATURE_BAD: Row(
        _ERROR,
        Ede.DNSSEC_BOGUS,
        "RFC 4035 §5.3.3",
        "The signature over {where} by key {tag} ({algorithm}) does not fit these records.",
        "Sign the RRset anew; if many are affected, check that the private key is the one whose DNSKEY is published.",
    ),
    ZoneCode.ZONE_SIGNATURE_EXPIRED: Row(
        _ERROR,
        Ede.SIGNATURE_EXPIRED,
        "RFC 4035 §5.3.1",
        "The signature over {where} by key {tag} expired on {time}.",
        "Sign the zone anew, and have that done before signatures expire.",
    ),
    ZoneCode.ZONE_SIGNATURE_NOT_YET_VALID: Row(
        _ERROR,
        Ede.SIGNATURE_NOT_YET_VALID,
        "RFC 4035 §5.3.1",
        "The signature over {where} by key {tag} is valid only from {time}.",
        "Publish the zone after that time, or sign it anew with an earlier inception; check the signer's clock.",
    ),
    ZoneCode.ZONE_SIGNATURE_EXPIRED_BEFORE_INCEPTION: Row(
        _ERROR,
        Ede.SIGNATURE_EXPIRED_BEFORE_VALID,
        "RFC 4034 §3.1.5",
        "The signature over {where} by key {tag} ends before it begins.",
        "Sign the RRset anew with an expiration after the inception.",
    ),
    ZoneCode.ZONE_SIGNER_NOT_ZONE: Row(
        _ERROR,
        Ede.DNSSEC_BOGUS,
        "RFC 4035 §5.3.1",
        "The signature over {where} by key {tag} names another zone as its signer.",
        _SIGN_ANEW,
    ),
    ZoneCode.ZONE_SIGNATURE_LABELS: Row(
        _ERROR,
        Ede.DNSSEC_BOGUS,
        "RFC 4035 §2.2",
        "The Labels field of the signature over {where} by key {tag} is wrong: {detail}.",
        "Sign the RRset anew.",
    ),
    ZoneCode.ZONE_SIGNATURE_TTL: Row(
        _ERROR,
        Ede.DNSSEC_BOGUS,
        "RFC 4035 §2.2",
        "The original TTL of the signature over {where} by key {tag} is {detail}.",
        "Sign the RRset anew after changing its TTL.",
    ),
    ZoneCode.ZONE_RRSIG_TTL: Row(
        _WARNING,
        Ede.DNSSEC_BOGUS,
        "RFC 4034 §3",
        "The RRSIG records over {where} have a TTL of their own: {detail}.",
        "Give RRSIG records the TTL of the RRset that they cover.",
    ),
    ZoneCode.ZONE_SIGNATURE_KEY_MISSING: Row(
        _ERROR,
        Ede.DNSKEY_MISSING,
        "RFC 4035 §5.3.1",
        "The signature over {where} is by key {tag} ({algorithm}), which the zone does not publish.",
        "Publish that DNSKEY and wait for its TTL before signing with it, or sign with a key that is published.",
    ),
    ZoneCode.ZONE_SIGNATURE_KEY_UNUSABLE: Row(
        _ERROR,
        Ede.NO_ZONE_KEY_BIT_SET,
        "RFC 4034 §2.1.1, RFC 5011 §2.1",
        "The signature over {where} is by key {tag}, which is revoked or no zone key.",
        "Sign with a key whose Zone Key flag is set and that is not revoked.",
    ),
    ZoneCode.ZONE_SIGNATURE_KEY_MALFORMED: Row(
        _ERROR,
        Ede.DNSSEC_BOGUS,
        "RFC 4034 §2.1.4",
        "The signature over {where} is by key {tag}, whose public key is no key of {algorithm}.",
        "Publish the DNSKEY as the key's own file has it.",
    ),
    ZoneCode.ZONE_SIGNATURE_UNSUPPORTED: Row(
        _NOTICE,
        Ede.UNSUPPORTED_DNSKEY_ALGORITHM,
        "RFC 4035 §5.2",
        "The signature over {where} by key {tag} can't be verified here: {algorithm} is not supported.",
        "Verify it with software that knows the algorithm.",
    ),
    ZoneCode.ZONE_SIGNATURE_MISSING: Row(
        _ERROR,
        Ede.RRSIGS_MISSING,
        "RFC 4035 §2.2",
        "{where} has no good signature of {algorithm}, though the zone has a DNSKEY of that algorithm.",
        _SIGN_ANEW,
    ),
    ZoneCode.ZONE_SIGNATURE_WITHOUT_RRSET: Row(
        _WARNING,
        None,
        "RFC 4035 §2.2",
        "There is a signature over {where}, but no such RRset.",
        "Remove the signature.",
    ),
    ZoneCode.ZONE_SIGNATURE_UNEXPECTED: Row(
        _WARNING,
        None,
        "RFC 4035 §2.2",
        "{where} is signed, though it is glue, lies below a zone cut or DNAME, or is the NS RRset of a zone cut.",
        "Remove the signature.",
    ),
    ZoneCode.ZONE_NSEC_MISSING: Row(
        _ERROR,
        Ede.NSEC_MISSING,
        "RFC 4035 §2.3",
        "{where} has no NSEC record, though the zone denies by NSEC.",
        _SIGN_ANEW,
    ),
    ZoneCode.ZONE_NSEC_UNEXPECTED: Row(
        _ERROR,
        Ede.DNSSEC_BOGUS,
        "RFC 4035 §2.3",
        "{where} stands at a name that has no data of this zone.",
        _SIGN_ANEW,
    ),
    ZoneCode.ZONE_NSEC_NEXT_WRONG: Row(
        _ERROR,
        Ede.NSEC_MISSING,
        "RFC 4034 §4.1.1",
        "{where} leads to another name than the next one of the zone: {detail}.",
        _SIGN_ANEW,
    ),
    ZoneCode.ZONE_NSEC_TYPES_WRONG: Row(
        _ERROR,
        Ede.NSEC_MISSING,
        "RFC 4034 §4.1.2",
        "{where} lists other types than the name has: {detail}.",
        _SIGN_ANEW,
    ),
    ZoneCode.ZONE_DENIAL_TTL: Row(
        _WARNING,
        None,
        "RFC 9077 §3",
        "{where} does not have the TTL of negative answers: {detail}.",
        "Sign with software that follows RFC 9077: the lesser of the SOA's TTL and its MINIMUM field.",
    ),
    ZoneCode.ZONE_NSEC3_MISSING: Row(
        _ERROR,
        Ede.NSEC_MISSING,
        "RFC 5155 §7.1",
        "{where} is missing for a name that exists, {detail}.",
        _SIGN_ANEW,
    ),
    ZoneCode.ZONE_NSEC3_UNEXPECTED: Row(
        _ERROR,
        Ede.DNSSEC_BOGUS,
        "RFC 5155 §7.1",
        "{where} belongs to no name of the zone: {detail}.",
        _SIGN_ANEW,
    ),
    ZoneCode.ZONE_NSEC3_NEXT_WRONG: Row(
        _ERROR,
        Ede.NSEC_MISSING,
        "RFC 5155 §3.1.7",
        "{where} leads to another hash than the next one of the chain: {detail}.",
        _SIGN_ANEW,
    ),
    ZoneCode.ZONE_NSEC3_TYPES_WRONG: Row(
        _ERROR,
        Ede.NSEC_MISSING,
        "RFC 5155 §7.1",
        "{where} lists other types than the name has: {detail}.",
        _SIGN_ANEW,
    ),
    ZoneCode.ZONE_NSEC3_OPT_OUT_MISSING: Row(
        _ERROR,
        Ede.NSEC_MISSING,
        "RFC 5155 §6",
        "{where} is missing for an unsigned delegation, {detail}, and the span over it is not opt-out.",
        "Sign the zone anew, with opt-out or with an NSEC3 for every delegation.",
    ),
    ZoneCode.ZONE_NSEC3_PARAMETERS: Row(
        _WARNING,
        Ede.UNSUPPORTED_NSEC3_ITERATIONS_VALUE,
        "RFC 9276 §3.1",
        "The NSEC3 chain of {where} has {detail}; validators may treat the zone as insecure, or fail.",
        "Sign the zone with no salt and 0 additional iterations.",
    ),
    ZoneCode.ZONE_DENIAL_MISSING: Row(
        _ERROR,
        Ede.NSEC_MISSING,
        "RFC 4035 §2.3",
        "{where} is signed, but has neither an NSEC chain nor an NSEC3 chain with its NSEC3PARAM.",
        _SIGN_ANEW,
    ),
    ZoneCode.ZONE_CNAME_AND_OTHER: Row(
        _ERROR,
        None,
        "RFC 1034 §3.6.2",
        "{where} stands beside other data, which no server can answer with.",
        "Keep either the CNAME or the other records.",
    ),
    ZoneCode.ZONE_SEVERAL_ALIASES: Row(
        _ERROR,
        None,
        "RFC 2181 §10.1, RFC 6672 §2.4",
        "{where} has more than one record.",
        "Keep one.",
    ),
    ZoneCode.ZONE_SEVERAL_SOAS: Row(
        _ERROR,
        None,
        "RFC 1035 §5.2",
        "{where} has more than one record.",
        "Keep one.",
    ),
    ZoneCode.ZONE_DS_AT_APEX: Row(
        _ERROR,
        None,
        "RFC 4035 §2.4",
        "{where} stands at the apex, where only the parent may have it: on its side of the zone cut.",
        "Remove it, and give it to the parent; CDS is the type by which a zone tells the parent what DS it wants.",
    ),
    ZoneCode.ZONE_NOT_SIGNED: Row(
        _ERROR,
        Ede.DNSKEY_MISSING,
        "RFC 4035 §2.1",
        "{where} is not signed: it has no usable DNSKEY.",
        "Sign it: `unbroken sign`.",
    ),
    ZoneCode.ZONE_KEY_TAGS_COLLIDE: Row(
        _WARNING,
        None,
        "RFC 4034 §8",
        "Several keys of {where} have the key tag {tag}: validators try each of them, and some refuse.",
        "Replace all but one of these keys by keys with other tags.",
    ),
    ZoneCode.ZONE_ZONEMD_MISMATCH: Row(
        _ERROR,
        Ede.INVALID_DATA,
        "RFC 8976 §4",
        "{where} does not fit the zone: {detail}.",
        "Make it anew as the last step before publishing: `unbroken sign --zonemd`.",
    ),
    ZoneCode.ZONE_ZONEMD_UNSUPPORTED: Row(
        _NOTICE,
        None,
        "RFC 8976 §4",
        "{where} can't be checked: {detail}.",
        "Add a record with scheme 1 and hash algorithm 1 (SHA-384).",
    ),
    ZoneCode.ZONE_CDS_INCONSISTENT: Row(
        _ERROR,
        None,
        "RFC 7344 §4.1, RFC 8078 §4",
        "{where} must not be published like this: {detail}.",
        "Publish CDS and CDNSKEY records for exactly the keys that the parent shall point to.",
    ),
    ZoneCode.ZONE_ENTRY_BROKEN: Row(
        _ERROR,
        Ede.DNSKEY_MISSING,
        "RFC 4035 §5.2",
        "No way leads to {where}: {detail}.",
        "Let a key that this DS set or trust anchor points to sign the DNSKEY RRset, or change the DS set first.",
    ),
}

"""What a link rests on: the records as they came, where they came from, and each signature and DS that was tried."""

from enum import Enum
from typing import NamedTuple

from unbroken.dns import Dnskey, Ds, Name, RRset, Rrsig
from unbroken.records import dataclass, field


class Question(NamedTuple):
    """A name and a type, class IN. A tuple, since it is the key of all that is asked for and kept, and hashed all the time."""

    name: Name
    rdtype: int


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who said it. `server`: address or file; `transport`: "udp", "tcp", "memory", "file"; `received_at`: epoch seconds."""

    server: str = ""
    transport: str = ""
    received_at: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """An RRset and the RRSIGs that came with it."""

    rrset: RRset
    rrsigs: tuple[Rrsig, ...] = ()
    provenance: Provenance = Provenance()
    rrsig_ttl: int | None = field(default=None, compare=False)
    """TTL of the RRSIGs as received, when it was another than that of the RRset (RFC 4034 §3 wants them equal)."""


class SignatureOutcome(Enum):
    """What became of one RRSIG, tried with one key or refused before any was."""

    VERIFIED = "verified"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED_BEFORE_INCEPTION = "expired_before_inception"
    SIGNER_NOT_ZONE = "signer_not_zone"
    TOO_MANY_LABELS = "too_many_labels"
    NO_MATCHING_KEY = "no_matching_key"
    KEY_REVOKED = "key_revoked"
    NOT_ZONE_KEY = "not_zone_key"
    UNSUPPORTED_ALGORITHM = "unsupported_algorithm"
    BAD_SIGNATURE = "bad_signature"
    MALFORMED = "malformed"
    OVER_LIMIT = "over_limit"


class DsOutcome(Enum):
    """What became of one DS record (or one trust anchor), compared with the DNSKEYs of its zone."""

    MATCHED = "matched"
    NO_KEY_WITH_TAG = "no_key_with_tag"
    ALGORITHM_MISMATCH = "algorithm_mismatch"
    DIGEST_MISMATCH = "digest_mismatch"
    UNSUPPORTED_ALGORITHM = "unsupported_algorithm"
    UNSUPPORTED_DIGEST = "unsupported_digest"
    WEAKER_DIGEST_IGNORED = "weaker_digest_ignored"
    KEY_REVOKED = "key_revoked"
    NOT_ZONE_KEY = "not_zone_key"
    MALFORMED = "malformed"
    OVER_LIMIT = "over_limit"


@dataclass(frozen=True, slots=True)
class SignatureAttempt:
    """One RRSIG over `owner`/type covered, and the DNSKEY it was tried with, if any."""

    rrsig: Rrsig
    dnskey: Dnskey | None
    outcome: SignatureOutcome
    owner: Name


@dataclass(frozen=True, slots=True)
class DsAttempt:
    """One DS, and the DNSKEY it was compared with, if any. `ds` is None when the anchor is the `dnskey` itself."""

    ds: Ds | None
    dnskey: Dnskey | None
    outcome: DsOutcome

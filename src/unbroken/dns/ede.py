"""Extended DNS Errors (RFC 8914) and the IANA registry beyond it: the info-codes and the EDNS option."""

from enum import IntEnum
from typing import Final

OPTION_CODE: Final = 15


class Ede(IntEnum):
    """IANA "Extended DNS Error Codes" (RFC 8914 §4, later registrations)."""

    OTHER = 0
    UNSUPPORTED_DNSKEY_ALGORITHM = 1
    UNSUPPORTED_DS_DIGEST_TYPE = 2
    STALE_ANSWER = 3
    FORGED_ANSWER = 4
    DNSSEC_INDETERMINATE = 5
    DNSSEC_BOGUS = 6
    SIGNATURE_EXPIRED = 7
    SIGNATURE_NOT_YET_VALID = 8
    DNSKEY_MISSING = 9
    RRSIGS_MISSING = 10
    NO_ZONE_KEY_BIT_SET = 11
    NSEC_MISSING = 12
    CACHED_ERROR = 13
    NOT_READY = 14
    BLOCKED = 15
    CENSORED = 16
    FILTERED = 17
    PROHIBITED = 18
    STALE_NXDOMAIN_ANSWER = 19
    NOT_AUTHORITATIVE = 20
    NOT_SUPPORTED = 21
    NO_REACHABLE_AUTHORITY = 22
    NETWORK_ERROR = 23
    INVALID_DATA = 24
    SIGNATURE_EXPIRED_BEFORE_VALID = 25
    TOO_EARLY = 26
    UNSUPPORTED_NSEC3_ITERATIONS_VALUE = 27
    UNABLE_TO_CONFORM_TO_POLICY = 28
    SYNTHESIZED = 29
    INVALID_QUERY_TYPE = 30
    NEGATIVE_TRUST_ANCHOR = 33


def option(code: Ede, text: str = "") -> tuple[int, bytes]:
    """The EDNS option (RFC 8914 §2): info-code, then UTF-8 text without a final NUL."""
    return OPTION_CODE, int(code).to_bytes(2, "big") + text.encode("utf-8")


def parse_option(data: bytes) -> tuple[int, str] | None:
    """Info-code and text of an option's data; None when it is too short to hold a code."""
    if len(data) < 2:
        return None
    return int.from_bytes(data[:2], "big"), data[2:].decode("utf-8", "replace").rstrip("\x00")

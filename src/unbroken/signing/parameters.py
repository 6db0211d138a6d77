"""What the operator chooses when a zone is signed."""

from dataclasses import dataclass
from typing import Final

from unbroken.errors import UsageError

OPT_OUT: Final = 0x01  # RFC 5155 §3.1.2.1
SHA1_HASH: Final = 1  # RFC 5155 §11: the one NSEC3 hash algorithm


@dataclass(frozen=True, slots=True)
class NsecDenial:
    """Denial by NSEC (RFC 4034 §4)."""


@dataclass(frozen=True, slots=True)
class Nsec3Denial:
    """Denial by NSEC3 (RFC 5155). The defaults are those of RFC 9276 §3.1: no salt, no extra iterations."""

    salt: bytes = b""
    iterations: int = 0
    opt_out: bool = False

    def __post_init__(self) -> None:
        if len(self.salt) > 255:
            raise UsageError(f"an NSEC3 salt has at most 255 octets, not {len(self.salt)}")
        if not 0 <= self.iterations <= 65535:
            raise UsageError(f"NSEC3 iterations are 0 to 65535, not {self.iterations}")


NSEC: Final = NsecDenial()
Denial = NsecDenial | Nsec3Denial


@dataclass(frozen=True, slots=True)
class SigningParameters:
    """Times are epoch seconds (taken modulo 2**32, RFC 4034 §3.1.5), TTLs seconds."""

    inception: int
    expiration: int
    denial: Denial = NSEC
    dnskey_by_all: bool = False  # ZSKs sign the DNSKEY RRset too
    dnskey_ttl: int = 3600

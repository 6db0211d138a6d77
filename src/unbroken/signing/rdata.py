"""Rdata that a signer writes: type bitmaps, NSEC, NSEC3, NSEC3PARAM, RRSIG without its signature."""

from collections.abc import Iterable
from dataclasses import dataclass

from unbroken._kernel import Name
from unbroken.signing.parameters import SHA1_HASH, Nsec3Denial


def type_bitmap(rdtypes: Iterable[int]) -> bytes:
    """RFC 4034 §4.1.2: windows of 256 types, each as long as its highest type needs, empty ones left out."""
    windows: dict[int, bytearray] = {}
    for rdtype in rdtypes:
        window, low = divmod(rdtype, 256)
        bits = windows.setdefault(window, bytearray())
        bits.extend(bytes(max(0, low // 8 + 1 - len(bits))))
        bits[low // 8] |= 0x80 >> low % 8
    return b"".join(bytes((window, len(bits))) + bits for window, bits in sorted(windows.items()))


def nsec_rdata(next_name: Name, rdtypes: Iterable[int]) -> bytes:
    """RFC 4034 §4.1."""
    return next_name.wire + type_bitmap(rdtypes)


def nsec3_rdata(denial: Nsec3Denial, flags: int, next_hash: bytes, rdtypes: Iterable[int]) -> bytes:
    """RFC 5155 §3.2."""
    return nsec3param_rdata(denial, flags) + bytes((len(next_hash),)) + next_hash + type_bitmap(rdtypes)


def nsec3param_rdata(denial: Nsec3Denial, flags: int = 0) -> bytes:
    """RFC 5155 §4.2; the Opt-Out flag does not appear here (§4.1.2)."""
    head = bytes((SHA1_HASH, flags)) + denial.iterations.to_bytes(2, "big")
    return head + bytes((len(denial.salt),)) + denial.salt


@dataclass(frozen=True, slots=True)
class RrsigFields:
    """Everything of an RRSIG but the signature (RFC 4034 §3.1)."""

    type_covered: int
    algorithm: int
    labels: int
    original_ttl: int
    expiration: int
    inception: int
    key_tag: int
    signer: Name

    def rdata(self, signature: bytes) -> bytes:
        head = self.type_covered.to_bytes(2, "big") + bytes((self.algorithm, self.labels))
        times = (self.original_ttl, self.expiration % 2**32, self.inception % 2**32)
        numbers = b"".join(number.to_bytes(4, "big") for number in times)
        return head + numbers + self.key_tag.to_bytes(2, "big") + self.signer.canonical_wire + signature

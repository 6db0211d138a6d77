"""A prepared zone, signed by the kernel and written as a master file; signatures that the kernel can't make are made here."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from unbroken._kernel import KernelZone, Progress, ZoneSigning, ZoneSigningKey
from unbroken.dns import rdtype as rr
from unbroken.dns.presentation import rrset_to_text
from unbroken.keys import KernelSigner, ZoneKey
from unbroken.signing.parameters import Denial, Nsec3Denial
from unbroken.signing.prepare import Prepared, ZonePlan
from unbroken.signing.rrsig import sign_rrset
from unbroken.signing.zonemd import zonemd_rrset


@dataclass(frozen=True, slots=True)
class Validity:
    """When signatures hold. Moments are epoch seconds; `jitter` and `refresh` seconds."""

    now: int
    inception: int
    expiration: int
    jitter: int = 0
    refresh: int = 0
    """Signatures of the earlier zone that last so much longer are kept."""


@dataclass(frozen=True, slots=True)
class SigningStats:
    """What signing did."""

    made: int
    kept: int
    denials: int
    records: int
    octets: int
    first_expiration: int | None
    """Seconds modulo 2**32 (RFC 4034 §3.1.5)."""


def signing_keys(
    keys: Sequence[ZoneKey], *, dnskey_by_all: bool = False, has_key_material: bool = False
) -> list[ZoneKey]:
    """The keys with what each of them signs in this zone.

    RFC 4035 §2.2: each algorithm of the DNSKEY RRset signs every RRset, so an algorithm that has no key of a role signs with
    all that it has. With `has_key_material` the DNSKEY RRset comes signed, so that no key signs it here.
    """
    from dataclasses import replace

    for_keys = {key.algorithm for key in keys if key.signs_keys}
    for_data = {key.algorithm for key in keys if key.signs_data}
    found = []
    for key in keys:
        is_active = key.signs_keys or key.signs_data
        signs_keys = is_active and (key.signs_keys or dnskey_by_all or key.algorithm not in for_keys)
        signs_data = is_active and (key.signs_data or key.algorithm not in for_data)
        # RFC 5011 §2.1: a revoked key signs nothing but the DNSKEY RRset.
        signs_data = signs_data and not key.dnskey.is_revoked
        found.append(replace(key, signs_keys=signs_keys and not has_key_material, signs_data=signs_data))
    return [key for key in found if key.signs_keys or key.signs_data]


def write_signed(
    path: str,
    prepared: Prepared,
    keys: Sequence[ZoneKey],
    plan: ZonePlan,
    validity: Validity,
    *,
    earlier: KernelZone | None = None,
    progress: Progress | None = None,
    threads: int = 0,
) -> SigningStats:
    """Sign the zone and write it to `path`, over whatever is there: give a name beside the real one. Raises OSError, and
    ValueError when the kernel refuses (two NSEC3 hashes collide), InterruptedError after `progress.cancel()`."""
    signing = _laid_out(prepared, keys, plan, validity, earlier, threads)
    if any(not isinstance(key.private, KernelSigner) for key in keys):
        _sign_elsewhere(signing, keys)
    found = signing.write(path, progress, threads)
    lines = _zonemd_lines(prepared, keys, plan, validity, found["digests"])
    if lines:
        with open(path, "a", encoding="ascii") as file:
            file.writelines(lines)
    return SigningStats(
        found["made"] + sum(" RRSIG " in line for line in lines),
        found["kept"],
        found["denials"],
        found["records"] + len(lines),
        found["octets"] + sum(map(len, lines)),
        found["first_expiration"],
    )


def _laid_out(
    prepared: Prepared,
    keys: Sequence[ZoneKey],
    plan: ZonePlan,
    validity: Validity,
    earlier: KernelZone | None,
    threads: int,
) -> ZoneSigning:
    return ZoneSigning(
        prepared.zone,
        [_kernel_key(key) for key in keys],
        validity.inception % 2**32,
        validity.expiration % 2**32,
        validity.now % 2**32,
        nsec3=_nsec3(plan.denial),
        jitter=validity.jitter,
        refresh=validity.refresh,
        digests=plan.zonemd,
        earlier=earlier,
        threads=threads,
    )


def _kernel_key(key: ZoneKey) -> ZoneSigningKey:
    handle = key.private.handle if isinstance(key.private, KernelSigner) else None
    return ZoneSigningKey(key.dnskey, key.signs_keys, key.signs_data, handle)


def _nsec3(denial: Denial) -> tuple[bytes, int, bool] | None:
    return (denial.salt, denial.iterations, denial.opt_out) if isinstance(denial, Nsec3Denial) else None


def _sign_elsewhere(signing: ZoneSigning, keys: Sequence[ZoneKey]) -> None:
    """Signatures of keys that the kernel does not hold: Ed448, tokens, deterministic ECDSA. Pieces are signed in parallel."""

    def sign_piece(piece: int) -> None:
        jobs = signing.to_sign(piece)
        signatures: list[bytes] = [b""] * len(jobs)
        for number in {number for number, _ in jobs}:
            places = [place for place, job in enumerate(jobs) if job[0] == number]
            made = _sign_many(keys[number], [jobs[place][1] for place in places])
            for place, signature in zip(places, made, strict=True):
                signatures[place] = signature
        signing.supply(piece, signatures)

    with ThreadPoolExecutor() as pool:
        for _ in pool.map(sign_piece, range(signing.pieces)):
            pass


def _sign_many(key: ZoneKey, data: list[bytes]) -> list[bytes]:
    in_batches = getattr(key.private, "sign_many", None)
    if in_batches is not None:
        signatures: list[bytes] = in_batches(data)
        return signatures
    return [key.private.sign(octets) for octets in data]


def _zonemd_lines(
    prepared: Prepared, keys: Sequence[ZoneKey], plan: ZonePlan, validity: Validity, digests: list[bytes]
) -> list[str]:
    """RFC 8976 §3.2 step 6: the digest takes the place of the placeholder, and the RRset is signed. It is written last, since
    it is known last; the order of a master file means nothing but that the SOA comes first (RFC 1035 §5.2)."""
    if not plan.zonemd:
        return []
    zone = prepared.zone
    standing = zone.rrset(zone.origin, rr.ZONEMD)
    ttl = standing.ttl if standing is not None else 0
    rrset = zonemd_rrset(zone.origin, prepared.serial, list(zip(plan.zonemd, digests, strict=True)), ttl)
    signers = [key for key in keys if key.signs_data]
    signed = [rrset, *(sign_rrset(rrset, key, validity.inception, validity.expiration) for key in signers)]
    return [line + "\n" for each in signed for line in rrset_to_text(each)]

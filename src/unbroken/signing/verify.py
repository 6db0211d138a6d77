"""Whether a whole zone is signed as it should be: all that is wrong with it, not just the first thing.

Signatures and denial chains are the kernel's work; what is added here concerns the apex: keys, ZONEMD, CDS, and whether the
parent's DS set, or a trust anchor, leads in.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from unbroken._kernel import Dnskey, Ds, KernelZone, Name, Progress, RRset, ds_digest, type_to_text, verify_zone
from unbroken.authentication.ds import DsMatch, match_anchor_keys, match_dses
from unbroken.authentication.policy import Policy
from unbroken.authentication.verifier import verify_signature
from unbroken.chain import Budget, Limits, Severity, SignatureOutcome
from unbroken.chain.catalogue import Row
from unbroken.chain.times import to_iso
from unbroken.chain.zone_catalogue import ZONE_CATALOGUE, ZoneCode
from unbroken.dns import rdtype as rr
from unbroken.dns import registry
from unbroken.dns.serial import to_epoch
from unbroken.signing.zonemd import HASHES, ZonemdAttempt, ZonemdOutcome, check_zonemd

_SEVERITIES: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTICE: 2}


@dataclass(frozen=True, slots=True)
class ZoneFinding:
    """One thing that is wrong, at `owner` with `rdtype` (0: the name as a whole). `is_harmless`: validators accept the RRset
    all the same, since another signature of this algorithm is good, so that it is a warning only."""

    code: ZoneCode
    owner: Name
    rdtype: int = 0
    tag: int = 0
    algorithm: int = 0
    detail: str = ""
    time: int | None = None
    is_harmless: bool = False

    @property
    def row(self) -> Row:
        return ZONE_CATALOGUE[self.code]

    @property
    def severity(self) -> Severity:
        return Severity.WARNING if self.is_harmless and self.row.severity is Severity.ERROR else self.row.severity

    @property
    def where(self) -> str:
        return f"{self.owner} {type_to_text(self.rdtype)}" if self.rdtype else str(self.owner)

    @property
    def sentence(self) -> str:
        """What is wrong, for a person."""
        facts = {
            "where": self.where,
            "tag": self.tag,
            "algorithm": registry.algorithm_text(self.algorithm),
            "detail": self.detail,
            "time": to_iso(self.time) if self.time is not None else "?",
        }
        return self.row.sentence.format_map(facts)


@dataclass(frozen=True, slots=True)
class ZoneReport:
    """The verdict on a zone at epoch second `at`."""

    origin: Name
    serial: int
    at: int
    findings: tuple[ZoneFinding, ...]
    verified: int
    """Signatures that were verified."""
    skipped: int
    """Signatures that stood in the earlier zone over the same RRsets, and were not verified again."""
    signed_rrsets: int
    first_expiration: int | None
    """Epoch second at which the first signature ends."""
    denial: str
    """`NSEC`, `NSEC3`, `NSEC3 opt-out`, or several of them."""

    @property
    def errors(self) -> int:
        return sum(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def warnings(self) -> int:
        return sum(finding.severity is Severity.WARNING for finding in self.findings)


@dataclass(frozen=True, slots=True)
class EntrySet:
    """What points to the zone's keys from outside: a parent's DS set, or a trust anchor. `source` names it."""

    source: str
    dses: tuple[Ds, ...] = ()
    dnskeys: tuple[Dnskey, ...] = ()


def check_zone(
    zone: KernelZone,
    now: int,
    *,
    earlier: KernelZone | None = None,
    entries: Sequence[EntrySet] = (),
    progress: Progress | None = None,
    threads: int = 0,
) -> ZoneReport:
    """Judge a zone at epoch second `now`. Each of `entries` must lead in by itself. Raises InterruptedError after
    `progress.cancel()`."""
    found = verify_zone(zone, now % 2**32, earlier, progress, threads)
    findings = [as_finding(problem, now) for problem in found["problems"]]
    findings += _verify_elsewhere(found["unverified"])
    signers = frozenset(found["dnskey_signers"])
    findings += _check_apex(zone, found["nsec3"], signers)
    if any(finding.code is ZoneCode.ZONE_NOT_SIGNED for finding in findings):
        # Of a zone without keys nobody expects that it denies anything.
        findings = [finding for finding in findings if finding.code is not ZoneCode.ZONE_DENIAL_MISSING]
    findings += [finding for entry in entries for finding in _check_entry(zone, entry, signers)]
    soa = zone.rrset(zone.origin, rr.SOA)
    first = found["first_expiration"]
    return ZoneReport(
        zone.origin,
        int.from_bytes(soa.rdatas[0][-20:-16], "big") if soa is not None else 0,
        now,
        tuple(sorted(findings, key=lambda finding: _SEVERITIES[finding.severity])),
        found["verified"],
        found["skipped"],
        found["signed_rrsets"],
        to_epoch(first, now) if first is not None else None,
        _denial_text(found),
    )


def _denial_text(found: dict[str, Any]) -> str:
    kinds = ["NSEC"] if found["has_nsec"] else []
    kinds += ["NSEC3 opt-out" if opt_out else "NSEC3" for _, _, opt_out in found["nsec3"]]
    return " and ".join(kinds) or "none"


def as_finding(problem: tuple[str, Name, int, int, int, bool, int, str], now: int = 0) -> ZoneFinding:
    """What the kernel found, as a finding; times are those nearest to epoch second `now`."""
    code, owner, rdtype, tag, algorithm, is_harmless, time, detail = problem
    moment = to_epoch(time, now) if time else None
    return ZoneFinding(
        ZoneCode[f"ZONE_{code.upper()}"], owner, rdtype, tag, algorithm, detail, moment, is_harmless=is_harmless
    )


def _verify_elsewhere(jobs: Sequence[tuple[RRset, RRset, RRset]]) -> Iterator[ZoneFinding]:
    """Signatures that the kernel's library can't verify: Ed448, RSA of odd sizes, what nobody knows."""
    policy = Policy.historic()
    for rrset, signature, key in jobs:
        rrsig, dnskey = signature.rrsigs()[0], key.dnskeys()[0]
        outcome = verify_signature(rrset, rrsig, dnskey, policy)
        if outcome is SignatureOutcome.VERIFIED:
            continue
        code = {
            SignatureOutcome.UNSUPPORTED_ALGORITHM: ZoneCode.ZONE_SIGNATURE_UNSUPPORTED,
            SignatureOutcome.MALFORMED: ZoneCode.ZONE_SIGNATURE_KEY_MALFORMED,
        }.get(outcome, ZoneCode.ZONE_SIGNATURE_BAD)
        yield ZoneFinding(code, rrset.owner, rrset.rdtype, rrsig.key_tag, rrsig.algorithm)


def _check_apex(
    zone: KernelZone, chains: Sequence[tuple[bytes, int, bool]], signers: frozenset[bytes]
) -> Iterator[ZoneFinding]:
    rrset = zone.rrset(zone.origin, rr.DNSKEY)
    dnskeys = rrset.dnskeys() if rrset is not None else ()
    if not any(key.is_zone_key and not key.is_revoked for key in dnskeys):
        yield ZoneFinding(ZoneCode.ZONE_NOT_SIGNED, zone.origin)
    tags = Counter((key.key_tag, key.algorithm) for key in dnskeys)
    for (tag, algorithm), number in tags.items():
        if number > 1:
            yield ZoneFinding(ZoneCode.ZONE_KEY_TAGS_COLLIDE, zone.origin, rr.DNSKEY, tag, algorithm)
    for salt, iterations, _ in chains:
        # RFC 9276 §3.1: no salt, no additional iterations.
        if iterations or salt:
            detail = f"{iterations} additional iterations and a salt of {len(salt)} octets"
            yield ZoneFinding(ZoneCode.ZONE_NSEC3_PARAMETERS, zone.origin, detail=detail)
    yield from _check_zonemd(zone)
    yield from _check_cds(zone, [key for key in dnskeys if key.rdata in signers])


def _check_zonemd(zone: KernelZone) -> Iterator[ZoneFinding]:
    attempts = check_zonemd(zone)
    # RFC 8976 §4 step 4: one record that verifies is enough.
    if any(attempt.outcome is ZonemdOutcome.VERIFIED for attempt in attempts):
        return
    for attempt in attempts:
        is_unknown = attempt.outcome is ZonemdOutcome.UNSUPPORTED
        code = ZoneCode.ZONE_ZONEMD_UNSUPPORTED if is_unknown else ZoneCode.ZONE_ZONEMD_MISMATCH
        yield ZoneFinding(code, zone.origin, rr.ZONEMD, detail=_zonemd_text(attempt))


def _zonemd_text(attempt: ZonemdAttempt) -> str:
    name = HASHES.get(attempt.hash_algorithm, f"hash algorithm {attempt.hash_algorithm}")
    return {
        ZonemdOutcome.DIGEST_MISMATCH: f"the {name} digest is another",
        ZonemdOutcome.SERIAL_MISMATCH: f"it is for serial {attempt.serial}",
        ZonemdOutcome.UNSUPPORTED: f"scheme {attempt.scheme} with {name} is not known",
        ZonemdOutcome.REPEATED: f"there are several records with {name}",
        ZonemdOutcome.MALFORMED: f"the digest does not have the length of {name}",
    }.get(attempt.outcome, "")


def _check_cds(zone: KernelZone, signers: Sequence[Dnskey]) -> Iterator[ZoneFinding]:
    """`signers`: the keys that sign the DNSKEY RRset."""
    cds, cdnskey = zone.rrset(zone.origin, rr.CDS), zone.rrset(zone.origin, rr.CDNSKEY)
    for rrset in (cds, cdnskey):
        for detail in _delete_form_problems(rrset) if rrset is not None else ():
            yield ZoneFinding(ZoneCode.ZONE_CDS_INCONSISTENT, zone.origin, rrset.rdtype if rrset else 0, detail=detail)
    wanted = [ds for ds in (cds.dses() if cds is not None else ()) if ds.algorithm]
    if wanted and not any(_points_to(zone.origin, ds, key) for ds in wanted for key in signers):
        # RFC 7344 §4.1: the DS set that is asked for must not break the delegation, so a key that it names signs the keys.
        detail = "none of the records points to a key that signs the DNSKEY RRset"
        yield ZoneFinding(ZoneCode.ZONE_CDS_INCONSISTENT, zone.origin, rr.CDS, detail=detail)
    if cds is not None and cdnskey is not None:
        named = {(ds.key_tag, ds.algorithm) for ds in wanted}
        published = {(key.key_tag, key.algorithm) for key in cdnskey.dnskeys() if key.algorithm}
        if named != published:
            # RFC 7344 §4: if both are there, they must match in content.
            detail = "CDS and CDNSKEY are for different keys"
            yield ZoneFinding(ZoneCode.ZONE_CDS_INCONSISTENT, zone.origin, rr.CDS, detail=detail)


def _delete_form_problems(rrset: RRset) -> Iterator[str]:
    # RFC 8078 §4: the delete form (algorithm 0) stands alone, with exactly this content.
    deleting = [rdata for rdata in rrset.rdatas if rdata[2 if rrset.rdtype == rr.CDS else 3] == 0]
    expected = bytes(5) if rrset.rdtype == rr.CDS else bytes((0, 0, 3, 0, 0))
    if deleting and (len(rrset) > 1 or deleting[0] != expected):
        yield "the delete form does not stand alone, or has other fields than RFC 8078 gives it"


def _points_to(zone: Name, ds: Ds, key: Dnskey) -> bool:
    is_named = ds.key_tag == key.key_tag and ds.algorithm == key.algorithm
    return is_named and ds_digest(zone, key, ds.digest_type) == ds.digest


def _check_entry(zone: KernelZone, entry: EntrySet, signers: frozenset[bytes]) -> Iterator[ZoneFinding]:
    """RFC 4035 §5.2: a DS, or anchor, leads to a key, and that key signs the DNSKEY RRset."""
    rrset = zone.rrset(zone.origin, rr.DNSKEY)
    dnskeys = rrset.dnskeys() if rrset is not None else ()
    policy, budget = Policy(), Budget(Limits())
    matches: list[DsMatch] = []
    if entry.dses:
        matches.append(match_dses(zone.origin, entry.dses, dnskeys, policy, budget))
    if entry.dnskeys:
        matches.append(match_anchor_keys(entry.dnskeys, dnskeys, policy))
    points = [key for match in matches for key in match.entry_points]
    if any(key.rdata in signers for key in points):
        return
    if points:
        tags = ", ".join(str(key.key_tag) for key in points)
        detail = f"key {tags} of {entry.source} does not sign the DNSKEY RRset"
    else:
        detail = f"no key that the zone publishes is one of {entry.source}"
    yield ZoneFinding(ZoneCode.ZONE_ENTRY_BROKEN, zone.origin, rr.DNSKEY, detail=detail)

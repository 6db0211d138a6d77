"""What a zone gets at its apex before it is signed: serial, keys, NSEC3PARAM, a place for ZONEMD; and what it loses: all that
an earlier signing left."""

from collections.abc import Sequence
from dataclasses import dataclass

from unbroken._kernel import KernelZone, Name, RRset, ScanError, ZoneBuilder
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError, UsageError
from unbroken.keys import ZoneKey, dnskey_rrset
from unbroken.signing.parameters import NSEC, Denial, Nsec3Denial
from unbroken.signing.rdata import nsec3param_rdata
from unbroken.signing.read import as_input_error
from unbroken.signing.serial import SerialPolicy, later, next_serial
from unbroken.signing.verify import as_finding
from unbroken.signing.zone import merge_rrsets
from unbroken.signing.zonemd import placeholder

_MADE_BY_SIGNING = [rr.RRSIG, rr.NSEC, rr.NSEC3, rr.NSEC3PARAM]


@dataclass(frozen=True, slots=True)
class ZonePlan:
    """What the signed zone shall be, apart from times. TTLs in seconds."""

    denial: Denial = NSEC
    serial: SerialPolicy = SerialPolicy.KEEP
    zonemd: tuple[int, ...] = ()
    """Hash algorithms (RFC 8976 §5.3)."""
    dnskey_ttl: int | None = None
    """None: that of the DNSKEY RRset in the file, else that of the SOA."""
    key_material: tuple[RRset, ...] = ()
    """The DNSKEY RRset and its RRSIGs, made elsewhere (offline KSK): they are taken as they are."""
    publish: tuple[RRset, ...] = ()
    """CDS and CDNSKEY RRsets to publish; they replace those in the file."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A zone ready to be signed. `notes`: what the operator should know, a sentence each."""

    zone: KernelZone
    serial: int
    notes: tuple[str, ...]


def prepare(
    builder: ZoneBuilder, keys: Sequence[ZoneKey], plan: ZonePlan, now: int, earlier: KernelZone | None = None
) -> Prepared:
    """Complete the records of an unsigned, or signed, zone. `now` is an epoch second. Raises InputError, UsageError."""
    try:
        apex = builder.apex()
        _require_keys(apex, keys)
        notes = _drop_what_signing_made(builder, apex, plan)
        serial = _move_serial(builder, apex, plan, now, earlier)
        _publish(builder, apex, keys, plan)
        if plan.zonemd:
            builder.drop_types([rr.ZONEMD], apex)
            builder.add(placeholder(apex, serial, plan.zonemd, _soa(builder, apex).ttl))
        cut_off = tuple(f"{file} does not end with a line end: was it cut off?" for file in builder.unended)
        zone = builder.finish()
    except ScanError as error:
        raise as_input_error(error) from None
    _refuse_misfits(zone)
    return Prepared(zone, serial, (*cut_off, *notes, *_notes_on(zone)))


def _require_keys(apex: Name, keys: Sequence[ZoneKey]) -> None:
    if not keys:
        raise UsageError(f"{apex} can't be signed without keys; name them with -k")
    for key in keys:
        # RFC 4035 §2.2: the signer's name is the zone that holds the RRset.
        if key.zone != apex:
            raise UsageError(f"key {key.key_tag} belongs to {key.zone}, not to the zone {apex}")
        # RFC 5011 §2.1: a revoked key signs the DNSKEY RRset, to announce that; RFC 4034 §2.1.1: others must be zone keys.
        if not key.dnskey.is_zone_key:
            raise UsageError(f"key {key.key_tag} of {key.zone} is no zone key, so it signs nothing")


def _drop_what_signing_made(builder: ZoneBuilder, apex: Name, plan: ZonePlan) -> tuple[str, ...]:
    builder.drop_types(_MADE_BY_SIGNING)
    if plan.zonemd or not builder.drop_types([rr.ZONEMD], apex):
        return ()
    # RFC 8976 §2.2.2: a digest that no longer fits makes secondaries refuse the zone.
    return ("the ZONEMD record in the file was left out, since it would no longer fit; --zonemd makes a new one",)


def _soa(builder: ZoneBuilder, apex: Name) -> RRset:
    soa = builder.rrset(apex, rr.SOA)
    if soa is None or len(soa) != 1:
        raise InputError(f"zone {apex}", "it has more than one SOA record", "leave one")
    return soa


def _move_serial(builder: ZoneBuilder, apex: Name, plan: ZonePlan, now: int, earlier: KernelZone | None) -> int:
    soa = _soa(builder, apex)
    rdata = soa.rdatas[0]
    current = int.from_bytes(rdata[-20:-16], "big")
    if plan.serial is SerialPolicy.KEEP:
        return current
    published = earlier.rrset(apex, rr.SOA) if earlier is not None else None
    if published is not None:
        current = later(current, int.from_bytes(published.rdatas[0][-20:-16], "big"))
    serial = next_serial(plan.serial, current, now)
    builder.drop_types([rr.SOA], apex)
    builder.add(RRset(apex, rr.SOA, soa.ttl, (rdata[:-20] + serial.to_bytes(4, "big") + rdata[-16:],)))
    return serial


def _publish(builder: ZoneBuilder, apex: Name, keys: Sequence[ZoneKey], plan: ZonePlan) -> None:
    soa = _soa(builder, apex)
    dnskeys = _dnskeys(builder, apex, keys, plan, soa.ttl)
    builder.drop_types([rr.DNSKEY], apex)
    builder.add(dnskeys)
    for rrset in plan.key_material:
        if rrset.rdtype == rr.RRSIG:
            builder.add(rrset)
    for rrset in plan.publish:
        builder.drop_types([rrset.rdtype], apex)
        builder.add(rrset)
    if isinstance(plan.denial, Nsec3Denial):
        minimum = int.from_bytes(soa.rdatas[0][-4:], "big")
        ttl = min(soa.ttl, minimum)
        # RFC 5155 §7.1: one at the apex, so that secondaries know which chain to answer from.
        builder.add(RRset(apex, rr.NSEC3PARAM, ttl, (nsec3param_rdata(plan.denial),)))


def _dnskeys(builder: ZoneBuilder, apex: Name, keys: Sequence[ZoneKey], plan: ZonePlan, soa_ttl: int) -> RRset:
    ready = next((rrset for rrset in plan.key_material if rrset.rdtype == rr.DNSKEY), None)
    if ready is not None:
        # Its signatures are over exactly this RRset; whether it has the keys that sign is for the gate to judge.
        return ready
    present = builder.rrset(apex, rr.DNSKEY)
    ttl = plan.dnskey_ttl if plan.dnskey_ttl is not None else present.ttl if present is not None else soa_ttl
    ours = dnskey_rrset(apex, (key.dnskey for key in keys), ttl)
    return (ours if present is None else merge_rrsets(present, ours)).with_ttl(ttl)


def _refuse_misfits(zone: KernelZone) -> None:
    """What no server can answer with is no zone to sign, whatever is judged afterwards."""
    found = [as_finding(problem) for problem in zone.misfits()]
    if found:
        more = f" (and {len(found) - 1} more like it)" if len(found) > 1 else ""
        raise InputError(f"zone {zone.origin}", found[0].sentence.rstrip(".") + more, found[0].row.remedy.rstrip("."))


def _notes_on(zone: KernelZone) -> tuple[str, ...]:
    notes: list[str] = []
    if zone.rrset(zone.origin, rr.NS) is None:
        # RFC 1035 §5.2, RFC 2181 §6.1: the apex has SOA and NS records.
        notes.append(f"{zone.origin} has no NS records of its own: servers refuse to load such a zone")
    if zone.duplicates:
        notes.append(f"{zone.duplicates} records stood there twice; one of each was kept (RFC 2181 §5)")
    if zone.mixed_ttls:
        notes.append(f"{zone.mixed_ttls} RRsets had records of several TTLs; the smallest counts (RFC 2181 §5.2)")
    return tuple(notes)

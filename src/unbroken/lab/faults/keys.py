"""Faults of the DNSKEY RRset."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from unbroken._kernel import RRset
from unbroken.chain import Code, Status
from unbroken.delegation import ds_for
from unbroken.dns import rdtype as rr
from unbroken.errors import UsageError
from unbroken.keys import ZONE_KEY, ZoneKey, dnskey_rrset, generate, make_dnskey, tags_in_use
from unbroken.lab.faults.bending import disguise, flipped, signatures, signers_of, with_all_signatures, with_rrset
from unbroken.lab.faults.ds import UNASSIGNED
from unbroken.lab.faults.fault import Fault, Patient
from unbroken.lab.signed import TTL, SignedZone


def _with_keys(patient: Patient, keys: Sequence[ZoneKey]) -> SignedZone:
    """The zone with these keys in the place of its own, everything signed by them."""
    child = replace(patient.child, keys=tuple(keys))
    changed = child.with_zone(child.zone.replace(dnskey_rrset(child.origin, (key.dnskey for key in keys), TTL)))

    def sign(rrset: RRset) -> RRset:
        return signatures(rrset, signers_of(changed, rrset.rdtype), child.inception, child.expiration)

    return with_all_signatures(changed, sign)


def _changed(patient: Patient, *, of_ksk: bool, change: object) -> list[ZoneKey]:
    """The zone's keys, `change` done to the KSKs or to the ZSKs. Raises UsageError when one key is both."""
    patient.require_split_keys()
    assert callable(change)
    return [change(key) if key.signs_keys is of_ksk else key for key in patient.child.keys]


def _with_new_ds(patient: Patient, child: SignedZone) -> tuple[SignedZone, ...]:
    """The changed zone, and its parent (or not, for the root) with the DS of its keys as they now are."""
    present = patient.require_ds()
    rdatas = tuple(ds_for(child.origin, key.dnskey).rdata for key in child.key_signing_keys)
    return child, with_rrset(patient.require_parent(), RRset(child.origin, rr.DS, present.ttl, rdatas))


def _published(patient: Patient, *, without_ksk: bool) -> tuple[SignedZone, ...]:
    patient.require_split_keys()
    child = patient.child
    kept = [key.dnskey for key in child.keys if key.signs_keys is not without_ksk]
    return (with_rrset(child, dnskey_rrset(child.origin, kept, TTL)),)


def _no_ksk(patient: Patient) -> tuple[SignedZone, ...]:
    return _published(patient, without_ksk=True)


def _no_zsk(patient: Patient) -> tuple[SignedZone, ...]:
    return _published(patient, without_ksk=False)


def _bad_ksk(patient: Patient) -> tuple[SignedZone, ...]:
    avoid = tags_in_use(key.dnskey for key in patient.child.keys)
    keys = [
        generate(key.zone, key.algorithm, secure_entry_point=True, avoid=avoid, csk=key.signs_data)
        if key.signs_keys
        else key
        for key in patient.child.keys
    ]
    return (_with_keys(patient, keys),)


def _anchor_rolled(patient: Patient) -> tuple[SignedZone, ...]:
    if patient.parent is not None:
        raise UsageError(f"{patient.origin} has no trust anchor in the lab; choose the root, `.`")
    return _bad_ksk(patient)


def _no_dnskey(patient: Patient) -> tuple[SignedZone, ...]:
    child = patient.child
    return (child.with_zone(child.zone.remove(child.origin, rr.DNSKEY)),)


def _no_rrsig_dnskey(patient: Patient) -> tuple[SignedZone, ...]:
    child = patient.child
    return (child.with_zone(child.zone.remove_rrsigs(child.origin, rr.DNSKEY)),)


def _no_rrsig_ksk(patient: Patient) -> tuple[SignedZone, ...]:
    patient.require_split_keys()
    child = patient.child
    return (with_rrset(child, _dnskeys(child), child.data_keys),)


def _bad_rrsig_dnskey(patient: Patient) -> tuple[SignedZone, ...]:
    child = patient.child
    rrsigs = child.zone.rrsigs(child.origin, rr.DNSKEY)
    return () if rrsigs is None else (child.with_zone(child.zone.replace(flipped(rrsigs))),)


def _dnskeys(zone: SignedZone) -> RRset:
    return zone.zone.rrset(zone.origin, rr.DNSKEY) or dnskey_rrset(zone.origin, (key.dnskey for key in zone.keys), TTL)


def _without_zone_bit(key: ZoneKey) -> ZoneKey:
    return key.with_flags(key.dnskey.flags & ~ZONE_KEY)


def _no_dnskey_256(patient: Patient) -> tuple[SignedZone, ...]:
    return (_with_keys(patient, _changed(patient, of_ksk=False, change=_without_zone_bit)),)


def _no_dnskey_257(patient: Patient) -> tuple[SignedZone, ...]:
    return _with_new_ds(patient, _with_keys(patient, _changed(patient, of_ksk=True, change=_without_zone_bit)))


def _revoked_ksk(patient: Patient) -> tuple[SignedZone, ...]:
    return _with_new_ds(patient, _with_keys(patient, _changed(patient, of_ksk=True, change=ZoneKey.revoked)))


def _revoked_zsk(patient: Patient) -> tuple[SignedZone, ...]:
    return (_with_keys(patient, _changed(patient, of_ksk=False, change=ZoneKey.revoked)),)


def _cut_short(key: ZoneKey) -> ZoneKey:
    dnskey = make_dnskey(key.dnskey.flags, key.algorithm, key.dnskey.public_key[:-3])
    return replace(key, dnskey=dnskey)


def _malformed_zsk(patient: Patient) -> tuple[SignedZone, ...]:
    return (_with_keys(patient, _changed(patient, of_ksk=False, change=_cut_short)),)


def _unassigned(key: ZoneKey) -> ZoneKey:
    return disguise(key, UNASSIGNED)


def _unassigned_zsk_algorithm(patient: Patient) -> tuple[SignedZone, ...]:
    return (_with_keys(patient, _changed(patient, of_ksk=False, change=_unassigned)),)


def _unassigned_algorithm(patient: Patient) -> tuple[SignedZone, ...]:
    return _with_new_ds(patient, _with_keys(patient, [_unassigned(key) for key in patient.child.keys]))


def _keytrap(patient: Patient) -> tuple[SignedZone, ...]:
    """CVE-2023-50387: keys of one tag times signatures by that tag. The tag is a sum of 16-bit words (RFC 4034 App. B), so
    a public key with its words in another order has the same."""
    child = patient.child
    public_key = child.data_keys[0].dnskey.public_key
    turned = [public_key[at:] + public_key[:at] for at in range(2, min(len(public_key), 40), 2)]
    flags, algorithm = child.data_keys[0].dnskey.flags, child.data_keys[0].algorithm
    colliding = tuple(make_dnskey(flags, algorithm, key).rdata for key in turned if len(key) % 2 == 0)
    dnskeys = _dnskeys(child)
    trapped = with_rrset(child, RRset(child.origin, rr.DNSKEY, TTL, (*dnskeys.rdatas, *colliding)))
    owner = patient.data_owner()
    rrsigs = child.zone.rrsigs(owner, rr.A)
    if rrsigs is None:
        raise UsageError(f"{owner} has no signed A RRset to multiply signatures of")
    spoilt = tuple(rdata[:-1] + bytes((rdata[-1] ^ bit,)) for rdata in rrsigs.rdatas for bit in range(1, 25))
    return (trapped.with_zone(trapped.zone.replace(RRset(owner, rr.RRSIG, rrsigs.ttl, spoilt))),)


_BOGUS: Final = Status.BOGUS

KEY_FAULTS: Final = (
    Fault("no-ksk", "the DNSKEY RRset lacks the key that the DS names", Code.DS_NO_KEY_WITH_TAG, _BOGUS, _no_ksk),
    Fault("no-zsk", "the DNSKEY RRset lacks the key that signs the data", Code.SIGNATURE_KEY_MISSING, _BOGUS, _no_zsk),
    Fault("bad-ksk", "the KSK was changed, but not the DS", Code.DS_NO_KEY_WITH_TAG, _BOGUS, _bad_ksk),
    Fault(
        "anchor-rolled",
        "the root changed its KSK, and the trust anchor is that of before",
        Code.ANCHOR_NO_MATCHING_KEY,
        _BOGUS,
        _anchor_rolled,
        victim=".",
    ),
    Fault("no-dnskey", "the zone has no DNSKEY RRset", Code.DNSKEY_MISSING, _BOGUS, _no_dnskey),
    Fault(
        "no-root-dnskey",
        "the root, whose trust anchor is configured, has no DNSKEY RRset",
        Code.ANCHOR_DNSKEY_MISSING,
        _BOGUS,
        _no_dnskey,
        victim=".",
    ),
    Fault("no-rrsig-dnskey", "the DNSKEY RRset is not signed", Code.DNSKEY_NOT_SIGNED, _BOGUS, _no_rrsig_dnskey),
    Fault(
        "no-rrsig-ksk",
        "the DNSKEY RRset is signed by the ZSK, not by the key that the DS names",
        Code.DNSKEY_NOT_SIGNED_BY_ENTRY_POINT,
        _BOGUS,
        _no_rrsig_ksk,
    ),
    Fault(
        "bad-rrsig-dnskey",
        "the signature over the DNSKEY RRset has a bit flipped",
        Code.SIGNATURE_BAD,
        _BOGUS,
        _bad_rrsig_dnskey,
    ),
    Fault("no-dnskey-256", "the ZSK's Zone Key bit is clear", Code.SIGNATURE_KEY_NOT_ZONE_KEY, _BOGUS, _no_dnskey_256),
    Fault("no-dnskey-257", "the KSK's Zone Key bit is clear", Code.DS_KEY_NOT_ZONE_KEY, _BOGUS, _no_dnskey_257),
    Fault("revoked-ksk", "the key that the DS names is revoked", Code.DS_KEY_REVOKED, _BOGUS, _revoked_ksk),
    Fault("revoked-zsk", "the key that signs the data is revoked", Code.SIGNATURE_KEY_REVOKED, _BOGUS, _revoked_zsk),
    Fault(
        "malformed-zsk",
        "the public key of the ZSK is cut short",
        Code.SIGNATURE_MALFORMED,
        _BOGUS,
        _malformed_zsk,
    ),
    Fault(
        "unassigned-zsk-algo",
        "the data is signed with an algorithm that does not exist, though the DS promises another",
        Code.SIGNATURE_ALGORITHM_UNSUPPORTED,
        _BOGUS,
        _unassigned_zsk_algorithm,
    ),
    Fault(
        "unassigned-algo",
        "DS, keys and signatures all use an algorithm that does not exist",
        Code.DS_ALGORITHM_UNSUPPORTED,
        Status.INSECURE,
        _unassigned_algorithm,
    ),
    Fault(
        "keytrap",
        "many keys with one tag, and many bad signatures by that tag (CVE-2023-50387)",
        Code.LIMIT_EXCEEDED,
        _BOGUS,
        _keytrap,
    ),
)

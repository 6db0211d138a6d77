"""What to type: the exact records to publish, and the commands for BIND, Knot DNS, PowerDNS and `unbroken` itself.

Names come from the network. They are written in presentation format and quoted for a POSIX shell, so that a command may be
pasted whatever the zone is called.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from shlex import quote
from typing import Final

from unbroken.chain import DsOutcome
from unbroken.delegation import cds_rrset, ds_of_keys
from unbroken.diagnosis.case import Case
from unbroken.diagnosis.finding import Diagnosed
from unbroken.dns import Dnskey, Ds, Name, registry
from unbroken.dns import rdtype as rr
from unbroken.dns.presentation import rdata_to_text, rrset_to_text
from unbroken.dns.section import find_rrset
from unbroken.dns.serial import is_before
from unbroken.validation.protocol import Answer, Lookup

BIND: Final = "BIND"
KNOT: Final = "Knot DNS"
POWERDNS: Final = "PowerDNS"
UNBROKEN: Final = "unbroken"
_MAX_RECORDS: Final = 16  # records and keys that are written out
_UNSUPPORTED: Final = (DsOutcome.UNSUPPORTED_ALGORITHM, DsOutcome.UNSUPPORTED_DIGEST)


@dataclass(frozen=True, slots=True)
class Step:
    """`where` to do it: a tool, or "At the parent, add" and the like; `lines` to type or to publish, in order."""

    where: str
    lines: tuple[str, ...]


Plan = Callable[[Case], tuple[Step, ...]]


def steps(finding: Diagnosed, case: Case) -> tuple[Step, ...]:
    """How to mend one finding; none where its remedy says all there is to say, or where the zone is not the one checked."""
    plan = PLANS.get(finding.code)
    if plan is None or not _is_of_zone(finding, case):
        return ()
    serving = {server.address for server in case.serving}
    # Right at one server and wrong at another: what is wrong is the copy, not the zone.
    if plan in (resign, publish_cds) and finding.servers and set(finding.servers) < serving:
        return transfer(case, finding.servers)
    return plan(case)


def _is_of_zone(finding: Diagnosed, case: Case) -> bool:
    """Whether the finding is about the zone whose servers were asked, and not about one above it."""
    where = finding.where.split(" ", 1)[0]
    try:
        name = Name(where)
    except ValueError:
        return True  # words, of this zone's servers
    return name.is_subdomain_of(case.zone) or finding.code.startswith(("SERVER", "NS", "GLUE"))


def _zone(case: Case) -> str:
    """The zone as an argument of a command."""
    return quote("." if case.zone.is_root else str(case.zone).rstrip("."))


def _key_file(case: Case, key: Dnskey) -> str:
    """What `dnssec-keygen` and `unbroken keys generate` call the key (BIND's convention)."""
    zone = "." if case.zone.is_root else str(case.zone)
    return quote(f"K{zone}+{key.algorithm:03}+{key.key_tag:05}")


def _ds_lines(case: Case, dses: Iterable[Ds]) -> tuple[str, ...]:
    return tuple(f"{case.zone} IN DS {rdata_to_text(rr.DS, ds.rdata)}" for ds in tuple(dses)[:_MAX_RECORDS])


def publish_ds(case: Case) -> tuple[Step, ...]:
    """The DS that the parent has to add and to remove; signing first when no key signs the DNSKEY RRset."""
    comparison = case.comparison
    if not comparison.signing:
        return resign(case)
    found = []
    remove = (*comparison.remove, *_of_no_use(case))
    if comparison.add:
        found.append(Step("At the parent, add", _ds_lines(case, comparison.add)))
    if remove:
        found.append(Step("At the parent, remove", _ds_lines(case, remove)))
    if not found:
        return ()
    zone, tags = _zone(case), [ds.key_tag for ds in comparison.add]
    if tags:
        published = tuple(f"rndc dnssec -checkds -key {tag} published {zone}" for tag in dict.fromkeys(tags))
        found.append(Step(f"{BIND}, once it is there", published))
        found.append(Step(f"{KNOT}, once it is there", (f"knotc zone-ksk-submitted {zone}",)))
        found.append(Step(f"{POWERDNS}, to compare", (f"pdnsutil export-zone-ds {zone}",)))
    found.append(Step(f"{UNBROKEN}, to verify", (f"unbroken ds check {zone}",)))
    return tuple(found)


def _of_no_use(case: Case) -> tuple[Ds, ...]:
    """The DS that no validator of today can use. They harm nobody by themselves, so a comparison leaves them alone."""
    comparison = case.comparison
    wanted = set(comparison.wish.dses or ())
    useless = [verdict.ds for verdict in comparison.verdicts if verdict.outcome in _UNSUPPORTED]
    return tuple(ds for ds in useless if ds not in wanted and ds not in comparison.remove)


def resign(case: Case) -> tuple[Step, ...]:
    """Sign the zone again, with the keys that it publishes."""
    return _signing(case, "")


def _signing(case: Case, option: str) -> tuple[Step, ...]:
    zone = _zone(case)
    usable = [key for key in case.keys if key.is_zone_key and not key.is_revoked][:_MAX_RECORDS]
    keys = " ".join(f"-k {_key_file(case, key)}" for key in usable) or "-k KEYFILE"
    file = "zone" if case.zone.is_root else quote(str(case.zone).rstrip("."))
    sign = f"unbroken sign {file}.zone {keys} -o {file}.signed --serial increment{option}"
    return (
        Step(BIND, (f"rndc sign {zone}",)),
        Step(KNOT, (f"knotc zone-sign {zone}",)),
        Step(POWERDNS, (f"pdnsutil rectify-zone {zone}", f"pdnsutil increase-serial {zone}")),
        Step(UNBROKEN, (sign, f"unbroken verify-zone {file}.signed")),
        Step(f"{BIND} or {KNOT}, to load the file", (f"rndc reload {zone}", f"knotc zone-reload {zone}")),
    )


def without_iterations(case: Case) -> tuple[Step, ...]:
    """NSEC3 as RFC 9276 §3.1 wants it: no additional iterations, no salt, no opt-out."""
    zone = _zone(case)
    *_, by_unbroken, load = _signing(case, " --nsec3")
    return (
        Step(f"{BIND}, in its dnssec-policy", ("nsec3param iterations 0 optout no salt-length 0;",)),
        Step(f"{BIND}, then", ("rndc reconfig",)),
        Step(f"{BIND}, without a policy", (f"rndc signing -nsec3param 1 0 0 - {zone}",)),
        Step(
            f"{KNOT}, in its policy",
            ("nsec3: on", "nsec3-iterations: 0", "nsec3-salt-length: 0", "nsec3-opt-out: off"),
        ),
        Step(f"{KNOT}, then", ("knotc reload", f"knotc zone-sign {zone}")),
        Step(POWERDNS, (f"pdnsutil set-nsec3 {zone} '1 0 0 -'", f"pdnsutil rectify-zone {zone}")),
        by_unbroken,
        load,
    )


def transfer(case: Case, servers: tuple[str, ...] = ()) -> tuple[Step, ...]:
    """Fetch the zone anew, on these servers or on all that have another copy."""
    zone = _zone(case)
    names = ", ".join(case.inspection.zone.name_of(address) for address in servers[:4])
    on = f" on {names}" if names else ""
    return (
        Step(f"{BIND}{on}", (f"rndc retransfer {zone}",)),
        Step(f"{KNOT}{on}", (f"knotc zone-retransfer {zone}",)),
        Step(f"{POWERDNS}{on}", (f"pdns_control retrieve {zone}",)),
    )


def catch_up(case: Case) -> tuple[Step, ...]:
    """Fetch the zone anew on the servers whose serial is behind (RFC 1982 §3.2)."""
    serials = {server.address: numbers[0] for server in case.serving if (numbers := case.soa(server)) is not None}
    behind = [mine for mine, serial in serials.items() if any(is_before(serial, other) for other in serials.values())]
    return transfer(case, tuple(behind))


def publish_cds(case: Case) -> tuple[Step, ...]:
    """The CDS RRset that asks for the DS of the keys that sign the DNSKEY RRset, and how to have it published."""
    zone, signing = _zone(case), case.comparison.signing
    *_, by_unbroken, load = _signing(case, " --cds")
    found = []
    if signing:
        cds = cds_rrset(case.zone, ds_of_keys(case.zone, signing[:_MAX_RECORDS], (registry.SHA256,)))
        found.append(Step("In the zone, in place of what is there", tuple(rrset_to_text(cds))))
    return (
        *found,
        Step(f"{KNOT}, in its policy", ("cds-cdnskey-publish: always",)),
        Step(POWERDNS, (f"pdnsutil set-publish-cds {zone} 2", f"pdnsutil increase-serial {zone}")),
        by_unbroken,
        load,
    )


def withdraw_cds(case: Case) -> tuple[Step, ...]:
    """Ask the parent for nothing any more."""
    zone = _zone(case)
    update = (f"update delete {case.zone} CDS", f"update delete {case.zone} CDNSKEY", "send")
    return (
        Step(f"{BIND}, into nsupdate", update),
        Step(f"{KNOT}, in its policy", ("cds-cdnskey-publish: none",)),
        Step(POWERDNS, (f"pdnsutil unset-publish-cds {zone}", f"pdnsutil unset-publish-cdnskey {zone}")),
    )


def publish_delegation(case: Case) -> tuple[Step, ...]:
    """The NS RRset and glue that the parent should have: those of the zone itself."""
    own = next((rrset for server in case.serving if (rrset := server.apex(rr.NS)) is not None), None)
    if own is None:
        return ()
    lines = rrset_to_text(own)[:_MAX_RECORDS]
    for name in own.names()[:_MAX_RECORDS]:
        for rdtype in (rr.A, rr.AAAA) if name.is_subdomain_of(case.zone) else ():
            response = case.inspection.walk.responses.get(Lookup(name, rdtype))
            rrset = find_rrset(response.message.answer, name, rdtype) if isinstance(response, Answer) else None
            lines += () if rrset is None else rrset_to_text(rrset)[:_MAX_RECORDS]
    return (Step("At the parent, in place of what is there", tuple(lines)),)


def look_at_server(case: Case) -> tuple[Step, ...]:
    """How the server itself sees the zone."""
    zone = _zone(case)
    return (
        Step(f"{BIND}, on that server", (f"rndc zonestatus {zone}",)),
        Step(f"{KNOT}, on that server", (f"knotc zone-status {zone}",)),
        Step(f"{POWERDNS}, on that server", (f"pdnsutil show-zone {zone}",)),
    )


def _plans(plan: Plan, *codes: str) -> dict[str, Plan]:
    return dict.fromkeys(codes, plan)


PLANS: Final[dict[str, Plan]] = {
    **_plans(
        publish_ds,
        *("DS_NO_KEY_WITH_TAG", "DS_ALGORITHM_MISMATCH", "DS_DIGEST_MISMATCH", "DS_KEY_REVOKED", "DS_KEY_NOT_ZONE_KEY"),
        *("DS_ALGORITHM_UNSUPPORTED", "DS_DIGEST_UNSUPPORTED", "DNSKEY_NOT_SIGNED_BY_ENTRY_POINT"),
        *("DS_KEY_ABSENT", "DS_ALGORITHM_WRONG", "DS_DIGEST_WRONG", "DS_REVOKED_KEY", "DS_KEY_IDLE", "DS_DIGEST_SHA1"),
        *("DS_DIGEST_GOST", "DS_DIGEST_NOT_FOR_DS", "DS_DIGEST_UNASSIGNED", "DS_DIGEST_RESERVED", "DS_DIGEST_PRIVATE"),
        *("DS_ALGORITHM_DEPRECATED", "DS_MISSING", "CDS_PENDING", "ALGORITHM_OF_DS_UNUSED"),
    ),
    **_plans(
        resign,
        *("DNSKEY_NOT_SIGNED", "SIGNATURE_MISSING", "SIGNATURE_EXPIRED", "SIGNATURE_NOT_YET_VALID", "SIGNATURE_BAD"),
        *("SIGNATURE_EXPIRED_BEFORE_INCEPTION", "SIGNATURE_MALFORMED", "SIGNATURE_KEY_MISSING", "SIGNATURE_LABELS"),
        *("SIGNATURE_KEY_REVOKED", "SIGNATURE_KEY_NOT_ZONE_KEY", "SIGNATURE_ALGORITHM_UNSUPPORTED", "SIGNER_NOT_ZONE"),
        *("DENIAL_MISSING", "DENIAL_INCOMPLETE", "WILDCARD_UNPROVEN", "SIGNATURE_EXPIRES_SOON", "RRSET_UNSIGNED"),
        *("SIGNATURE_SHORTER_THAN_TTL", "SIGNATURE_INVERTED", "SIGNATURE_WRONG", "SIGNATURE_BY_OTHER_ZONE"),
        *("SIGNATURE_LABELS_WRONG", "SIGNATURE_ORIGINAL_TTL", "ALGORITHM_INCOMPLETE", "KEY_REVOKED_UNSIGNED"),
        *("BITMAP_LACKS_TYPE", "BITMAP_EXTRA_TYPE", "NSEC_NEXT_OUTSIDE", "NSEC_AND_NSEC3", "NSEC3_FLAGS"),
    ),
    **_plans(
        without_iterations,
        *("NSEC3_ITERATIONS", "NSEC3_ITERATIONS_INSECURE", "NSEC3_ITERATIONS_REFUSED", "NSEC3_SALT", "NSEC3_OPT_OUT"),
        "NSEC3_HASH_UNKNOWN",
    ),
    **_plans(catch_up, "SERIAL_DIFFERS"),
    **_plans(
        transfer,
        *("KEYS_DIFFER", "DENIAL_DIFFERS", "NSEC3PARAM_DIFFERS", "NS_DIFFERS", "CDS_DIFFERS"),
    ),
    **_plans(
        publish_cds,
        *("CDS_UNSIGNED", "CDS_SIGNATURE_BAD", "CDS_SIGNER_UNKNOWN", "CDS_NOT_SIGNED_BY_WANTED", "CDS_KEY_ABSENT"),
        *("CDS_KEY_IDLE", "CDS_KEY_NOT_ZONE_KEY", "CDS_DELETE_MIXED", "CDS_CDNSKEY_DISAGREE"),
    ),
    **_plans(withdraw_cds, "CDS_DELETE", "CDS_WITHOUT_DNSKEY"),
    **_plans(publish_delegation, "NS_ONLY_AT_PARENT", "NS_ONLY_AT_CHILD", "GLUE_WRONG", "GLUE_MISSING"),
    **_plans(look_at_server, "SERVER_LAME", "SERVER_REFUSES", "SERVER_STRIPS_SIGNATURES"),
}
"""By code, how its finding is mended; the others say in their remedy all there is to say."""


def told_once(findings: Iterable[Diagnosed], case: Case) -> list[tuple[tuple[Step, ...], str]]:
    """For each of these findings its steps, or, where an earlier one has the same, none and the code of that one."""
    seen: dict[tuple[Step, ...], str] = {}
    told: list[tuple[tuple[Step, ...], str]] = []
    for finding in findings:
        found = steps(finding, case)
        if found and found in seen:
            told.append(((), seen[found]))
        else:
            seen[found] = finding.code
            told.append((found, ""))
    return told

"""Rules on the DS RRset, all but those whose failure breaks the chain: these are the validator's."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from unbroken.chain import DsOutcome, Severity
from unbroken.delegation import DsVerdict
from unbroken.diagnosis.case import Case
from unbroken.diagnosis.finding import Found, found
from unbroken.diagnosis.rules.book import Rulebook
from unbroken.dns import rdtype as rr
from unbroken.dns import registry
from unbroken.dns.ede import Ede

DS_RULES: Final = Rulebook()

_BROKEN: Final = (
    "DS_NO_KEY_WITH_TAG",
    "DS_ALGORITHM_MISMATCH",
    "DS_DIGEST_MISMATCH",
    "DNSKEY_MISSING",
    "DNSKEY_NOT_SIGNED",
)
_REPLACE: Final = "Remove that DS at the parent once no DNSKEY set that needs it is in caches any more."


def _verdicts(case: Case, outcome: DsOutcome) -> Iterator[DsVerdict]:
    # Without keys at hand every DS is for a missing one: that is the chain's to tell.
    if case.keys:
        yield from (verdict for verdict in case.comparison.verdicts if verdict.outcome is outcome)


def _by_verdict(case: Case, outcome: DsOutcome) -> Iterator[Found]:
    for verdict in _verdicts(case, outcome):
        yield found(case.zone, case.dses[verdict.ds], tag=verdict.ds.key_tag)


@DS_RULES.rule(
    "DS_KEY_ABSENT",
    Severity.WARNING,
    "RFC 4035 §2.4",
    "The parent has a DS for key {tag} of {where}, which the zone does not publish.",
    _REPLACE,
    under=_BROKEN,
)
def _key_absent(case: Case) -> Iterable[Found]:
    # RFC 4035 §2.4: a DS RR SHOULD point to a DNSKEY RR that is present in the child's apex DNSKEY RRset.
    return _by_verdict(case, DsOutcome.NO_KEY_WITH_TAG)


@DS_RULES.rule(
    "DS_ALGORITHM_WRONG",
    Severity.WARNING,
    "RFC 4034 §5.1.2",
    "The DS for key {tag} of {where} gives another algorithm than the key has, so it leads nowhere.",
    "Replace that DS at the parent by one made from the key.",
    under=_BROKEN,
)
def _algorithm_wrong(case: Case) -> Iterable[Found]:
    # RFC 4034 §5.1.2: the Algorithm field lists the algorithm number of the DNSKEY RR that the DS refers to.
    return _by_verdict(case, DsOutcome.ALGORITHM_MISMATCH)


@DS_RULES.rule(
    "DS_DIGEST_WRONG",
    Severity.WARNING,
    "RFC 4034 §5.1.4",
    "The digest in a DS for key {tag} of {where} is not that of the key, so it leads nowhere.",
    "Replace that DS at the parent by one made from the key.",
    under=_BROKEN,
)
def _digest_wrong(case: Case) -> Iterable[Found]:
    # RFC 4034 §5.1.4: the digest is over the owner name and the RDATA of the DNSKEY RR.
    return _by_verdict(case, DsOutcome.DIGEST_MISMATCH)


@DS_RULES.rule(
    "DS_REVOKED_KEY",
    Severity.WARNING,
    "RFC 5011 §2.1",
    "The parent has a DS for key {tag} of {where}, which is revoked.",
    _REPLACE,
    under=("DS_KEY_REVOKED",),
)
def _revoked(case: Case) -> Iterable[Found]:
    # RFC 5011 §2.1: a revoked key must not be used as a trust anchor, or for anything but to show that it is revoked.
    return _by_verdict(case, DsOutcome.KEY_REVOKED)


@DS_RULES.rule(
    "DS_KEY_IDLE",
    Severity.WARNING,
    "RFC 4035 §5.2",
    "The DS for key {tag} of {where} matches that key, but the key does not sign the DNSKEY RRset.",
    "Sign the DNSKEY RRset with that key too, or remove its DS if the key is not going to be used.",
    under=(*_BROKEN, "DNSKEY_NOT_SIGNED_BY_ENTRY_POINT", "SIGNATURE_EXPIRED", "SIGNATURE_BAD", "SIGNATURE_NOT_YET_VALID",
           "SIGNATURE_EXPIRED_BEFORE_INCEPTION", "SIGNER_NOT_ZONE", "SIGNATURE_LABELS", "SIGNATURE_MALFORMED"),
)  # fmt: skip
def _idle(case: Case) -> Iterable[Found]:
    # RFC 4035 §5.2: the DS authenticates the DNSKEY RRset only when the key that it names has signed that RRset.
    for verdict in _verdicts(case, DsOutcome.MATCHED):
        if not verdict.signs:
            yield found(case.zone, case.dses[verdict.ds], tag=verdict.ds.key_tag)


@DS_RULES.rule(
    "DS_KEY_WITHOUT_SEP",
    Severity.NOTICE,
    "RFC 4034 §2.1.1",
    "The DS for {where} names key {tag}, whose SEP flag is clear; tools that go by the flag pass that key over.",
    "Nothing has to be done; make the next key-signing key with flags 257.",
)
def _without_sep(case: Case) -> Iterable[Found]:
    # RFC 4034 §2.1.1: a validator must not let the SEP flag decide anything, so this is a notice and no more.
    for verdict in _verdicts(case, DsOutcome.MATCHED):
        if verdict.dnskey is not None and not verdict.dnskey.is_secure_entry_point:
            yield found(case.zone, case.dses[verdict.ds], tag=verdict.ds.key_tag)


def _with_digest(matches: Callable[[int], bool]) -> Callable[[Case], Iterable[Found]]:
    def check(case: Case) -> Iterable[Found]:
        for ds, servers in case.dses.items():
            if matches(ds.digest_type):
                digest = registry.digest_text(ds.digest_type)
                yield found(case.zone, servers, tag=ds.key_tag, digest=digest)

    return check


_SHA256_INSTEAD: Final = "Publish a DS with digest type 2 (SHA-256) for the same key, then remove this one."

DS_RULES.rule(
    "DS_DIGEST_SHA1",
    Severity.WARNING,
    "RFC 9905 §2",
    "A DS for key {tag} of {where} uses SHA-1, which must not be used any more.",
    _SHA256_INSTEAD,
)(_with_digest(lambda number: number == registry.SHA1))

DS_RULES.rule(
    "DS_DIGEST_GOST",
    Severity.WARNING,
    "RFC 9906 §2",
    "A DS for key {tag} of {where} uses {digest}, which must not be used any more.",
    _SHA256_INSTEAD,
    ede=Ede.UNSUPPORTED_DS_DIGEST_TYPE,
    under=("DS_DIGEST_UNSUPPORTED",),
)(_with_digest(lambda number: number == registry.GOST94))

DS_RULES.rule(
    "DS_DIGEST_NOT_FOR_DS",
    Severity.WARNING,
    "RFC 4034 App. A.2",
    "A DS for key {tag} of {where} has digest type 0, which is reserved and no digest at all.",
    _SHA256_INSTEAD,
    ede=Ede.UNSUPPORTED_DS_DIGEST_TYPE,
    under=("DS_DIGEST_UNSUPPORTED",),
)(_with_digest(lambda number: number == 0))

DS_RULES.rule(
    "DS_DIGEST_UNASSIGNED",
    Severity.WARNING,
    "RFC 9904 §2",
    "A DS for key {tag} of {where} uses {digest}, which is not assigned.",
    _SHA256_INSTEAD,
    ede=Ede.UNSUPPORTED_DS_DIGEST_TYPE,
    under=("DS_DIGEST_UNSUPPORTED",),
)(_with_digest(lambda number: 7 <= number <= 127 or number == 255))

DS_RULES.rule(
    "DS_DIGEST_RESERVED",
    Severity.WARNING,
    "RFC 9904 §2",
    "A DS for key {tag} of {where} uses {digest}, which is reserved.",
    _SHA256_INSTEAD,
    ede=Ede.UNSUPPORTED_DS_DIGEST_TYPE,
    under=("DS_DIGEST_UNSUPPORTED",),
)(_with_digest(lambda number: 128 <= number <= 252))

DS_RULES.rule(
    "DS_DIGEST_PRIVATE",
    Severity.WARNING,
    "RFC 9904 §2",
    "A DS for key {tag} of {where} uses {digest}, which is for private use: no one else knows it.",
    _SHA256_INSTEAD,
    ede=Ede.UNSUPPORTED_DS_DIGEST_TYPE,
    under=("DS_DIGEST_UNSUPPORTED",),
)(_with_digest(lambda number: number in (253, 254)))


@DS_RULES.rule(
    "DS_WITHOUT_SHA256",
    Severity.NOTICE,
    "RFC 9904 §2",
    "Key {tag} of {where} has a DS, but none with SHA-256, the digest that every validator has to know.",
    "Publish a DS with digest type 2 (SHA-256) for that key too.",
    under=(
        "DS_DIGEST_SHA1",
        "DS_DIGEST_GOST",
        "DS_DIGEST_NOT_FOR_DS",
        "DS_DIGEST_UNASSIGNED",
        "DS_DIGEST_RESERVED",
        "DS_DIGEST_PRIVATE",
        "DS_DIGEST_UNSUPPORTED",
    ),
)
def _without_sha256(case: Case) -> Iterable[Found]:
    # RFC 9904 §2: SHA-256 is the one digest that implementations MUST have for delegation.
    tagged = {(ds.key_tag, ds.algorithm) for ds in case.dses if ds.digest_type == registry.SHA256}
    for ds, servers in case.dses.items():
        if (ds.key_tag, ds.algorithm) not in tagged:
            yield found(case.zone, servers, tag=ds.key_tag)


@DS_RULES.rule(
    "DS_ALGORITHM_DEPRECATED",
    Severity.WARNING,
    "RFC 9904 §2",
    "The DS for key {tag} of {where} is of algorithm {algorithm}, which must not sign any more.",
    "Roll the zone over to algorithm 13 (ECDSAP256SHA256), then publish the DS of its new key instead.",
    ede=Ede.UNSUPPORTED_DNSKEY_ALGORITHM,
    under=("DS_ALGORITHM_UNSUPPORTED",),
)
def _algorithm_deprecated(case: Case) -> Iterable[Found]:
    for ds, servers in case.dses.items():
        row = registry.ALGORITHMS.get(ds.algorithm)
        if row is not None and not row.may_sign:
            yield found(case.zone, servers, tag=ds.key_tag, algorithm=row.mnemonic)


@DS_RULES.rule(
    "DS_DIFFERS",
    Severity.ERROR,
    "RFC 1034 §4.2.2",
    "The servers of the parent do not agree on the DS RRset of {where}: these have {dses}.",
    "Wait until the parent's servers are in step; if that takes longer than its refresh time, tell the parent's operator.",
)
def _differs(case: Case) -> Iterable[Found]:
    # RFC 1034 §4.2.2: what the servers of a zone hold of a delegation must be the same everywhere.
    sets: dict[frozenset[object], list[str]] = {}
    for server in case.parents:
        rrset = server.apex(rr.DS)
        sets.setdefault(frozenset(() if rrset is None else rrset.dses()), []).append(server.address)
    if len(sets) < 2:
        return
    for dses, servers in sets.items():
        named = sorted(f"{ds.key_tag}/{ds.digest_type}" for ds in case.dses if ds in dses)
        yield found(case.zone, tuple(servers), dses=", ".join(named) or "none")


@DS_RULES.rule(
    "DS_MISSING",
    Severity.WARNING,
    "RFC 4033 §2, RFC 4035 §5.2",
    "{where} is signed, but its parent has no DS for it: an island of security, unsigned for everyone else.",
    "Publish at the parent the DS of the key that signs the DNSKEY RRset ({tags}).",
    under=(
        "DELEGATION_UNPROVEN",
        "DS_DIFFERS",
    ),
)
def _missing(case: Case) -> Iterable[Found]:
    if not case.is_signed or case.dses or not case.parents or case.zone.is_root:
        return
    tags = [str(key.key_tag) for key in case.comparison.signing]
    servers = tuple(server.address for server in case.parents)
    yield found(case.zone, servers, tags=", ".join(tags) or "none of its keys does; sign it first")


@DS_RULES.rule(
    "DS_UNOBTAINABLE",
    Severity.ERROR,
    "RFC 4035 §4.3",
    "None of the servers of the parent answers with authority when asked for the DS of {where}.",
    "Tell the operator of the parent; until that is mended, validators can't tell whether the zone is signed.",
    ede=Ede.NO_REACHABLE_AUTHORITY,
    under=("LOOKUP_FAILED", "SERVER_FAILED", "SERVER_MALFORMED", "EVIDENCE_MISSING"),
)
def _unobtainable(case: Case) -> Iterable[Found]:
    parent = case.inspection.parent
    addresses = () if parent is None else parent.addresses
    asked = [address for address in addresses if case.inspection.best(address, case.zone, rr.DS) is not None]
    if asked and not case.parents:
        yield found(case.zone, tuple(asked))


@DS_RULES.rule(
    "DS_AT_CHILD",
    Severity.WARNING,
    "RFC 4035 §2.4",
    "A server of {where} has a DS RRset at the zone's own apex, where it does not belong.",
    "Take the DS out of the zone; it belongs to the parent.",
)
def _at_child(case: Case) -> Iterable[Found]:
    # RFC 4035 §2.4: a DS RRset MUST NOT appear at a zone's apex.
    parents = {server.address for server in case.parents}
    for server in case.serving:
        if server.address not in parents and server.apex(rr.DS) is not None:
            yield found(case.zone, server.address)

"""Rules on what the child asks its parent for: CDS and CDNSKEY (RFC 7344, RFC 8078), and CSYNC (RFC 7477)."""

from collections.abc import Iterable, Iterator
from typing import Final

from unbroken._kernel import ds_digest
from unbroken.chain import Limits, Severity, SignatureOutcome
from unbroken.delegation import read_wish
from unbroken.diagnosis.case import Case, ServerFacts, SignatureFact
from unbroken.diagnosis.finding import Found, found
from unbroken.diagnosis.rules.book import Rulebook
from unbroken.dns import Dnskey, Ds
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede

CDS_RULES: Final = Rulebook()

_TYPES: Final = ((rr.CDS, "CDS"), (rr.CDNSKEY, "CDNSKEY"))


def _asking(case: Case) -> Iterator[ServerFacts]:
    """The servers that have either."""
    yield from (server for server in case.serving if server.apex(rr.CDS) or server.apex(rr.CDNSKEY))


def _facts(case: Case) -> Iterator[tuple[str, SignatureFact]]:
    names = dict(_TYPES)
    yield from ((names[fact.rrset.rdtype], fact) for fact in case.signatures if fact.rrset.rdtype in names)


def _wanted(server: ServerFacts) -> Iterator[tuple[str, Ds | Dnskey]]:
    """Every record that asks for a key, with its type; not those that ask for deletion."""
    cds, cdnskey = server.apex(rr.CDS), server.apex(rr.CDNSKEY)
    for ds in () if cds is None else cds.dses()[: Limits().ds_per_zone]:
        if ds.algorithm:
            yield "CDS", ds
    for key in () if cdnskey is None else cdnskey.dnskeys()[: Limits().ds_per_zone]:
        if key.algorithm:
            yield "CDNSKEY", key


def _key_of(server: ServerFacts, wanted: Ds | Dnskey) -> Dnskey | None:
    """The published key that a record asks for."""
    if isinstance(wanted, Dnskey):
        return next((key for key in server.dnskeys if key == wanted), None)
    # Two keys with one tag are chance, three an attempt to cost digests.
    named = [key for key in server.dnskeys if (key.key_tag, key.algorithm) == (wanted.key_tag, wanted.algorithm)]
    fitting = (key for key in named[:2] if ds_digest(server.zone, key, wanted.digest_type) in (wanted.digest, None))
    # A record for what is no zone key is of no use whatever its digest.
    return next(fitting, None) or next((key for key in named if not key.is_zone_key), None)


def _wanted_keys(server: ServerFacts) -> set[Dnskey]:
    return {key for _, wanted in _wanted(server) if (key := _key_of(server, wanted)) is not None}


@CDS_RULES.rule(
    "CDS_WITHOUT_DNSKEY",
    Severity.ERROR,
    "RFC 7344 §4.1",
    "{where} has CDS or CDNSKEY records, but no DNSKEY RRset, so that nobody can tell who asks.",
    "Publish the zone's DNSKEY RRset, or remove CDS and CDNSKEY.",
)
def _without_dnskey(case: Case) -> Iterable[Found]:
    for server in _asking(case):
        if not server.dnskeys:
            yield found(case.zone, server.address)


@CDS_RULES.rule(
    "CDS_UNSIGNED",
    Severity.ERROR,
    "RFC 7344 §4.1",
    "The {type} RRset of {where} is not signed, so no parent acts on it.",
    "Sign the {type} RRset with the key that signs the DNSKEY RRset.",
    ede=Ede.RRSIGS_MISSING,
    under=("CDS_WITHOUT_DNSKEY",),
)
def _unsigned(case: Case) -> Iterable[Found]:
    names = dict(_TYPES)
    for server, rrset in case.unsigned:
        if rrset.rdtype in names:
            yield found(case.zone, server.address, type=names[rrset.rdtype])


@CDS_RULES.rule(
    "CDS_SIGNATURE_BAD",
    Severity.ERROR,
    "RFC 7344 §4.1",
    "No signature over the {type} RRset of {where} verifies, so no parent acts on it.",
    "Sign the {type} RRset again with the key that signs the DNSKEY RRset.",
    ede=Ede.DNSSEC_BOGUS,
)
def _signature_bad(case: Case) -> Iterable[Found]:
    for kind, fact in _facts(case):
        outcomes = {attempt.outcome for attempt in fact.attempts}
        if SignatureOutcome.VERIFIED not in outcomes and outcomes != {SignatureOutcome.NO_MATCHING_KEY}:
            yield found(case.zone, fact.server, type=kind)


@CDS_RULES.rule(
    "CDS_SIGNER_UNKNOWN",
    Severity.ERROR,
    "RFC 7344 §4.1",
    "The {type} RRset of {where} is signed by key {tag}, which the zone does not publish.",
    "Sign the {type} RRset with the key that signs the DNSKEY RRset.",
    ede=Ede.DNSKEY_MISSING,
)
def _signer_unknown(case: Case) -> Iterable[Found]:
    for kind, fact in _facts(case):
        for attempt in fact.attempts:
            if attempt.outcome is SignatureOutcome.NO_MATCHING_KEY:
                yield found(case.zone, fact.server, type=kind, tag=attempt.rrsig.key_tag)


@CDS_RULES.rule(
    "CDS_NOT_SIGNED_BY_WANTED",
    Severity.WARNING,
    "RFC 7344 §4.1, RFC 8078 §3",
    "The {type} RRset of {where} asks for key {tag}, but is not signed by it.",
    "Sign CDS and CDNSKEY with the key that is to be the new entry point, beside the present one.",
    under=("CDS_UNSIGNED", "CDS_SIGNATURE_BAD"),
)
def _not_signed_by_wanted(case: Case) -> Iterable[Found]:
    for server in _asking(case):
        signers = {kind: _tags(fact) for kind, fact in _facts(case) if fact.server == server.address}
        for kind, wanted in _wanted(server):
            key = _key_of(server, wanted)
            if key is not None and key.is_zone_key and (key.key_tag, key.algorithm) not in signers.get(kind, set()):
                yield found(case.zone, server.address, type=kind, tag=key.key_tag)


def _tags(fact: SignatureFact) -> set[tuple[int, int]]:
    """Who signed, by what the signatures say: that they are good is another rule's to judge."""
    return {(attempt.rrsig.key_tag, attempt.rrsig.algorithm) for attempt in fact.attempts}


@CDS_RULES.rule(
    "CDS_KEY_IDLE",
    Severity.WARNING,
    "RFC 7344 §4.1",
    "{where} asks for a DS of key {tag}, which does not sign the DNSKEY RRset: that DS would lead nowhere.",
    "Sign the DNSKEY RRset with key {tag} before asking for its DS.",
)
def _key_idle(case: Case) -> Iterable[Found]:
    # RFC 7344 §4.1: the change must not break the delegation: at least one key of the new set has to sign the DNSKEY RRset.
    for server in _asking(case):
        of_keys = [each for each in case.signatures if each.rrset.rdtype == rr.DNSKEY and each.server == server.address]
        signers = set[tuple[int, int]]().union(*map(_tags, of_keys))
        for key in _wanted_keys(server):
            if key.is_zone_key and (key.key_tag, key.algorithm) not in signers:
                yield found(case.zone, server.address, tag=key.key_tag)


@CDS_RULES.rule(
    "CDS_KEY_ABSENT",
    Severity.ERROR,
    "RFC 7344 §5",
    "The {type} RRset of {where} asks for key {tag}, which the zone does not publish.",
    "Publish that key first, or correct the {type} RRset.",
    under=("CDS_WITHOUT_DNSKEY",),
)
def _key_absent(case: Case) -> Iterable[Found]:
    for server in _asking(case):
        for kind, wanted in _wanted(server) if server.dnskeys else ():
            if _key_of(server, wanted) is None:
                yield found(case.zone, server.address, type=kind, tag=wanted.key_tag)


@CDS_RULES.rule(
    "CDS_KEY_NOT_ZONE_KEY",
    Severity.ERROR,
    "RFC 4034 §5.2",
    "{where} asks for a DS of key {tag}, whose Zone Key bit is clear, so that the DS would be of no use.",
    "Ask for a key with flags 257.",
    ede=Ede.NO_ZONE_KEY_BIT_SET,
)
def _not_zone_key(case: Case) -> Iterable[Found]:
    for server in _asking(case):
        for key in _wanted_keys(server):
            if not key.is_zone_key:
                yield found(case.zone, server.address, tag=key.key_tag)


@CDS_RULES.rule(
    "CDS_KEY_WITHOUT_SEP",
    Severity.NOTICE,
    "RFC 4034 §2.1.1",
    "{where} asks for a DS of key {tag}, whose SEP flag is clear.",
    "Nothing has to be done when that is meant; key-signing keys usually have flags 257.",
)
def _without_sep(case: Case) -> Iterable[Found]:
    for server in _asking(case):
        for key in _wanted_keys(server):
            if key.is_zone_key and not key.is_secure_entry_point:
                yield found(case.zone, server.address, tag=key.key_tag)


@CDS_RULES.rule(
    "CDS_DELETE",
    Severity.WARNING,
    "RFC 8078 §4",
    "{where} asks its parent to remove all DS: the zone is about to go unsigned.",
    "If that is not meant, remove the CDS and CDNSKEY records with algorithm 0.",
)
def _delete(case: Case) -> Iterable[Found]:
    for server in _asking(case):
        if read_wish(case.zone, server.apex(rr.CDS), server.apex(rr.CDNSKEY)).is_delete:
            yield found(case.zone, server.address)


@CDS_RULES.rule(
    "CDS_DELETE_MIXED",
    Severity.ERROR,
    "RFC 8078 §4",
    "The {type} RRset of {where} asks for deletion and for keys at once.",
    "Leave either the one record with algorithm 0 or those of keys in the {type} RRset.",
)
def _delete_mixed(case: Case) -> Iterable[Found]:
    # RFC 8078 §4: the CDS or CDNSKEY RRset that asks for deletion contains just that one record.
    for server in _asking(case):
        for rdtype, kind in _TYPES:
            rrset = server.apex(rdtype)
            records = () if rrset is None else rrset.dses() if rdtype == rr.CDS else rrset.dnskeys()
            numbers = {record.algorithm for record in records}
            if 0 in numbers and len(records) > 1:
                yield found(case.zone, server.address, type=kind)


@CDS_RULES.rule(
    "CDS_CDNSKEY_DISAGREE",
    Severity.ERROR,
    "RFC 7344 §4",
    "CDS and CDNSKEY of {where} do not ask for the same: {reason}.",
    "Make both from the same keys; `unbroken ds KEY --cds` and `--cdnskey` print them.",
    under=("CDS_DELETE_MIXED", "CDS_KEY_ABSENT"),
)
def _disagree(case: Case) -> Iterable[Found]:
    # RFC 7344 §4: if both are published, they MUST match in content.
    for server in _asking(case):
        cds, cdnskey = server.apex(rr.CDS), server.apex(rr.CDNSKEY)
        problem = read_wish(case.zone, cds, cdnskey).problem
        if cds is not None and cdnskey is not None and problem:
            yield found(case.zone, server.address, reason=problem.partition(";")[0])


@CDS_RULES.rule(
    "CDS_DIFFERS",
    Severity.ERROR,
    "RFC 7344 §6.1, RFC 9975",
    "The servers of {where} do not agree on the {type} RRset, so that a parent that asks them all does nothing.",
    "Wait until all servers have the present zone; if they do not get it, correct the transfer.",
)
def _differs(case: Case) -> Iterable[Found]:
    for rdtype, kind in _TYPES:
        held = {server.address: server.apex(rdtype) for server in case.serving}
        first = next(iter(held.values()), None)
        if any(rrset != first for rrset in held.values()):
            yield found(case.zone, tuple(held), type=kind)


@CDS_RULES.rule(
    "CDS_PENDING",
    Severity.NOTICE,
    "RFC 7344 §4",
    "{where} asks for other DS than its parent has: add {add}, remove {remove}.",
    "Nothing, if the parent looks for CDS; else give it the DS below.",
    under=("CDS_UNSIGNED", "CDS_SIGNATURE_BAD", "CDS_KEY_ABSENT", "CDS_DELETE", "CDS_DIFFERS"),
)
def _pending(case: Case) -> Iterable[Found]:
    asking = next(_asking(case), None)
    if asking is None or not case.parents:
        return
    wish = read_wish(case.zone, asking.apex(rr.CDS), asking.apex(rr.CDNSKEY))
    if wish.dses is None or set(wish.dses) == set(case.dses):
        return
    wanted = dict.fromkeys(wish.dses[: Limits().ds_per_zone])
    add = [f"{ds.key_tag}/{ds.digest_type}" for ds in wanted if ds not in case.dses]
    remove = [f"{ds.key_tag}/{ds.digest_type}" for ds in case.dses if ds not in wanted]
    yield found(case.zone, asking.address, add=", ".join(add) or "none", remove=", ".join(remove) or "none")


@CDS_RULES.rule(
    "CSYNC_PENDING",
    Severity.NOTICE,
    "RFC 7477 §2",
    "{where} asks its parent by CSYNC to take over NS or address records.",
    "Nothing, if the parent looks for CSYNC; remove the record once it has.",
)
def _csync(case: Case) -> Iterable[Found]:
    for server in case.serving:
        if server.apex(rr.CSYNC) is not None:
            yield found(case.zone, server.address)

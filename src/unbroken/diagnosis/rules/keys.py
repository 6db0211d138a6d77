"""Rules on the DNSKEY RRset: what its keys are, whether they are used, and whether all servers have the same."""

from collections.abc import Callable, Iterable
from itertools import combinations
from typing import Final

from unbroken.authentication.policy import split_rsa_key
from unbroken.chain import Severity, SignatureOutcome
from unbroken.diagnosis.case import Case
from unbroken.diagnosis.finding import Found, describe, found
from unbroken.diagnosis.rules.book import Rulebook
from unbroken.dns import Dnskey, registry
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede
from unbroken.keys.collisions import revoked_tag

KEY_RULES: Final = Rulebook()

UDP_SIZE: Final = 1232  # octets that pass every path of today unfragmented (RFC 9715 §3.1)
_RSA: Final = (registry.RSASHA1, registry.RSASHA1_NSEC3_SHA1, registry.RSASHA256, registry.RSASHA512)
_SHORT_RSA: Final = 2048  # bits
_LARGE_EXPONENT: Final = 32  # bits
# Octets of public keys (RFC 5933 §2, RFC 6605 §4, RFC 8080 §3).
_LENGTHS: Final = {
    registry.ECC_GOST: 64,
    registry.ECDSAP256SHA256: 64,
    registry.ECDSAP384SHA384: 96,
    registry.ED25519: 32,
    registry.ED448: 57,
}
# RFC 9904 §2 and the registry that it leaves this to: numbers that sign zones, and those that are set aside.
_NOT_FOR_ZONES: Final = (0, 2, 252)
_RESERVED: Final = (4, 9, 11, *range(123, 252), 255)
_PRIVATE: Final = (253, 254)
_UNASSIGNED: Final = range(24, 123)
_UNASSIGNED_BETWEEN: Final = (19, 20, 21, 22)
_ROLL: Final = "Roll the zone over to algorithm 13 (ECDSAP256SHA256)."


def _each_key(
    matches: Callable[[Dnskey], bool], **more: Callable[[Dnskey], object]
) -> Callable[[Case], Iterable[Found]]:
    """One finding for each key that matches; `more` are further facts."""

    def check(case: Case) -> Iterable[Found]:
        for key, servers in case.keys.items():
            if matches(key):
                algorithm = registry.algorithm_text(key.algorithm)
                facts = {name: tell(key) for name, tell in more.items()}
                yield found(case.zone, servers, tag=key.key_tag, algorithm=algorithm, **facts)

    return check


@KEY_RULES.rule(
    "KEYS_DIFFER",
    Severity.ERROR,
    "RFC 4035 §2.1, RFC 6781 §4.1",
    "The servers of {where} do not have the same DNSKEY RRset: these publish keys {tags}.",
    "Bring the servers in step. With several signers, each must publish the keys of all (RFC 8901 §2.1).",
)
def _differ(case: Case) -> Iterable[Found]:
    # A resolver may take keys from one server and data from another (RFC 6781 §4.1): they have to fit.
    sets: dict[frozenset[Dnskey], list[str]] = {}
    for server in case.servers:
        message = server.reply(rr.DNSKEY)
        if message is not None and message.rcode == rr.NOERROR and message.is_authoritative():
            sets.setdefault(frozenset(server.dnskeys), []).append(server.address)
    for keys, servers in sets.items() if len(sets) > 1 else ():
        tags = ", ".join(str(tag) for tag in sorted(key.key_tag for key in keys)[:8])
        yield found(case.zone, tuple(servers), tags=tags or "(none)")


@KEY_RULES.rule(
    "DNSKEY_UNOBTAINABLE",
    Severity.ERROR,
    "RFC 4035 §4.3",
    "None of the servers of {where} answers with authority when asked for its DNSKEY RRset.",
    "Find out at the servers why: they may be of before DNSSEC, or a filter in front of them does not let that type through.",
    ede=Ede.DNSKEY_MISSING,
    under=("LOOKUP_FAILED", "SERVER_FAILED", "SERVER_SILENT", "SERVER_REFUSES", "SERVER_LAME", "SERVER_DROPS_EDNS",
           "SERVER_WITHOUT_EDNS", "SERVER_MALFORMED", "SERVER_TRUNCATES"),
)  # fmt: skip
def _unobtainable(case: Case) -> Iterable[Found]:
    replies = [server.reply(rr.DNSKEY) for server in case.servers]
    good = [each for each in replies if each is not None and each.rcode == rr.NOERROR and each.is_authoritative()]
    asked = [server.address for server in case.servers if case.inspection.best(server.address, case.zone, rr.DNSKEY)]
    if asked and not good:
        yield found(case.zone, tuple(asked))


KEY_RULES.rule(
    "KEY_ALGORITHM_DEPRECATED",
    Severity.WARNING,
    "RFC 9904 §2, RFC 9905 §2",
    "Key {tag} of {where} is of algorithm {algorithm}, which must not sign any more; validators ignore it.",
    _ROLL,
    ede=Ede.UNSUPPORTED_DNSKEY_ALGORITHM,
    under=("DS_ALGORITHM_UNSUPPORTED", "DS_ALGORITHM_DEPRECATED"),
)(_each_key(lambda key: key.algorithm in registry.ALGORITHMS and not registry.ALGORITHMS[key.algorithm].may_sign))

KEY_RULES.rule(
    "KEY_ALGORITHM_NOT_RECOMMENDED",
    Severity.NOTICE,
    "RFC 9904 §2",
    "Key {tag} of {where} is of algorithm {algorithm}, which is no longer recommended for signing.",
    _ROLL,
)(_each_key(lambda key: key.algorithm == registry.RSASHA512))

KEY_RULES.rule(
    "KEY_ALGORITHM_NOT_FOR_ZONES",
    Severity.WARNING,
    "RFC 4034 App. A.1",
    "Key {tag} of {where} is of {algorithm}, which does not sign zones.",
    "Remove the key, or replace it by one of algorithm 13.",
    ede=Ede.UNSUPPORTED_DNSKEY_ALGORITHM,
)(_each_key(lambda key: key.algorithm in _NOT_FOR_ZONES))

KEY_RULES.rule(
    "KEY_ALGORITHM_RESERVED",
    Severity.WARNING,
    "RFC 6725 §2",
    "Key {tag} of {where} is of {algorithm}, a number that is reserved.",
    "Replace the key by one of algorithm 13.",
    ede=Ede.UNSUPPORTED_DNSKEY_ALGORITHM,
)(_each_key(lambda key: key.algorithm in _RESERVED))

KEY_RULES.rule(
    "KEY_ALGORITHM_UNASSIGNED",
    Severity.WARNING,
    "RFC 6725 §2",
    "Key {tag} of {where} is of {algorithm}, a number that is not assigned.",
    "Replace the key by one of algorithm 13.",
    ede=Ede.UNSUPPORTED_DNSKEY_ALGORITHM,
    under=("DS_ALGORITHM_UNSUPPORTED", "SIGNATURE_ALGORITHM_UNSUPPORTED"),
)(_each_key(lambda key: key.algorithm in _UNASSIGNED or key.algorithm in _UNASSIGNED_BETWEEN))

KEY_RULES.rule(
    "KEY_ALGORITHM_PRIVATE",
    Severity.NOTICE,
    "RFC 4034 App. A.1.1",
    "Key {tag} of {where} is of a private algorithm (number {number}), which no one else can verify.",
    "Sign the zone with algorithm 13 as well, or instead.",
    ede=Ede.UNSUPPORTED_DNSKEY_ALGORITHM,
)(_each_key(lambda key: key.algorithm in _PRIVATE, number=lambda key: key.algorithm))


def _modulus_bits(key: Dnskey) -> int | None:
    parts = split_rsa_key(key.public_key) if key.algorithm in _RSA else None
    return None if parts is None else parts[1].bit_length()


def _is_short(key: Dnskey) -> bool:
    bits = _modulus_bits(key)
    return bits is not None and bits < _SHORT_RSA


def _has_odd_exponent(key: Dnskey) -> bool:
    """RFC 3110 §2: an exponent that is even or 1 is no RSA at all, a small one is frail, a huge one costs validators."""
    parts = split_rsa_key(key.public_key) if key.algorithm in _RSA else None
    if parts is None:
        return False
    exponent = parts[0]
    return exponent < 65537 or exponent % 2 == 0 or exponent.bit_length() > _LARGE_EXPONENT + 1


KEY_RULES.rule(
    "KEY_RSA_SHORT",
    Severity.WARNING,
    "RFC 6781 §3.4.2",
    "Key {tag} of {where} is RSA of {bits} bits; fewer than 2048 are within reach of those who can afford it.",
    "Replace it by a key of 2048 bits, or better roll over to algorithm 13.",
)(_each_key(_is_short, bits=_modulus_bits))

KEY_RULES.rule(
    "KEY_RSA_EXPONENT",
    Severity.WARNING,
    "RFC 3110 §2",
    "The RSA exponent of key {tag} of {where} is none that signers use: even, below 65537, or longer than 33 bits.",
    "Replace the key; every tool makes keys with exponent 65537.",
)(_each_key(_has_odd_exponent))

KEY_RULES.rule(
    "KEY_MALFORMED",
    Severity.ERROR,
    "RFC 4034 §2.1.4",
    "The public key of key {tag} of {where} is of {octets} octets, which no key of {algorithm} has.",
    "Publish the DNSKEY as the key's own file has it.",
    under=("SIGNATURE_MALFORMED", "SIGNATURE_BAD", "DS_DIGEST_MISMATCH"),
)(
    _each_key(
        lambda key: len(key.public_key) != _LENGTHS.get(key.algorithm, len(key.public_key)),
        octets=lambda key: len(key.public_key),
    )
)

KEY_RULES.rule(
    "KEY_NOT_ZONE_KEY",
    Severity.WARNING,
    "RFC 4034 §2.1.1",
    "The Zone Key bit of key {tag} of {where} is clear, so that no signature by it counts.",
    "Publish the key with flags 256 or 257, or remove it.",
    ede=Ede.NO_ZONE_KEY_BIT_SET,
    under=("SIGNATURE_KEY_NOT_ZONE_KEY", "DS_KEY_NOT_ZONE_KEY"),
)(_each_key(lambda key: not key.is_zone_key))

KEY_RULES.rule(
    "KEY_PROTOCOL",
    Severity.ERROR,
    "RFC 4034 §2.1.2",
    "The Protocol field of key {tag} of {where} is {protocol}; unless it is 3 the key is invalid.",
    "Publish the key with protocol 3.",
)(_each_key(lambda key: key.protocol != 3, protocol=lambda key: key.protocol))

KEY_RULES.rule(
    "KEY_REVOKED",
    Severity.NOTICE,
    "RFC 5011 §2.1",
    "Key {tag} of {where} is revoked: those who have it as a trust anchor drop it.",
    "Remove the key after the hold-down time of 30 days.",
    under=("DS_KEY_REVOKED", "SIGNATURE_KEY_REVOKED"),
)(_each_key(lambda key: key.is_revoked))


@KEY_RULES.rule(
    "KEY_REVOKED_UNSIGNED",
    Severity.WARNING,
    "RFC 5011 §2.1",
    "Key {tag} of {where} is marked as revoked, but does not sign the DNSKEY RRset, so that nobody believes it.",
    "Sign the DNSKEY RRset with the revoked key too, until it is removed.",
    under=(
        "SIGNATURE_KEY_REVOKED",
        "DS_KEY_REVOKED",
    ),
)
def _revoked_unsigned(case: Case) -> Iterable[Found]:
    # RFC 5011 §2.1: a key is revoked when it signs the RRset that it is in with the REVOKE bit set: tags tell, since
    # the bit is part of what is summed.
    for fact in case.signatures:
        if fact.rrset.rdtype != rr.DNSKEY:
            continue
        tags = {(attempt.rrsig.key_tag, attempt.rrsig.algorithm) for attempt in fact.attempts}
        for key in fact.rrset.dnskeys():
            if key.is_revoked and key.is_zone_key and (key.key_tag, key.algorithm) not in tags:
                yield found(case.zone, fact.server, tag=key.key_tag)


@KEY_RULES.rule(
    "KEY_TAG_COLLISION",
    Severity.WARNING,
    "RFC 4034 §8, CVE-2023-50387",
    "Two keys of {where} have one tag, {tag}{when}; validators limit what they try with such keys, or refuse them.",
    "Replace one of the two; `unbroken keys generate` avoids tags that are in use.",
    under=("LIMIT_EXCEEDED",),
)
def _collision(case: Case) -> Iterable[Found]:
    for first, second in combinations(list(case.keys)[:64], 2):
        servers = tuple(address for address in case.keys[first] if address in case.keys[second])
        if not servers or first.algorithm != second.algorithm or first.public_key == second.public_key:
            continue
        if first.key_tag == second.key_tag:
            yield found(case.zone, servers, tag=first.key_tag, when="")
        elif first.key_tag == revoked_tag(second) or second.key_tag == revoked_tag(first):
            tag = first.key_tag if first.key_tag == revoked_tag(second) else second.key_tag
            yield found(case.zone, servers, tag=tag, when=" once one of them is revoked")


@KEY_RULES.rule(
    "KEY_STANDBY",
    Severity.NOTICE,
    "RFC 6781 §4.1",
    "Key {tag} of {where} signs nothing of what was seen: a key in waiting, or one left over.",
    "Nothing during a rollover; else remove it, for each key makes the DNSKEY answer larger.",
    under=("KEY_NOT_ZONE_KEY", "DNSKEY_NOT_SIGNED", "KEY_PROTOCOL", "LIMIT_EXCEEDED", "SIGNATURE_KEY_MISSING",
           "DNSKEY_NOT_SIGNED_BY_ENTRY_POINT", "SIGNATURE_MALFORMED", "SIGNATURE_MISSING", "KEY_MALFORMED",
           "SIGNATURE_ALGORITHM_UNSUPPORTED", "DS_ALGORITHM_UNSUPPORTED", "SIGNATURE_EXPIRED", "SIGNATURE_BAD"),
)  # fmt: skip
def _standby(case: Case) -> Iterable[Found]:
    seen = {(each.rrsig.key_tag, each.rrsig.algorithm) for fact in case.signatures for each in fact.attempts}
    for key, servers in case.keys.items():
        if not key.is_revoked and (key.key_tag, key.algorithm) not in seen:
            yield found(case.zone, servers, tag=key.key_tag)


@KEY_RULES.rule(
    "KEYS_WITHOUT_SEP",
    Severity.NOTICE,
    "RFC 4034 §2.1.1",
    "No key of {where} has the SEP flag, by which people and tools tell which key the DS is made of.",
    "Nothing has to be done; make the next key that gets a DS with flags 257.",
    under=("DS_NO_KEY_WITH_TAG",),
)
def _without_sep(case: Case) -> Iterable[Found]:
    for server in case.serving:
        if server.dnskeys and not any(key.is_secure_entry_point for key in server.dnskeys):
            yield found(case.zone, server.address)


@KEY_RULES.rule(
    "KEY_SET_LARGE",
    Severity.NOTICE,
    "RFC 9715 §3.1",
    "The DNSKEY answer of {where} has {octets} octets, more than {limit}: it is truncated or fragmented over UDP.",
    "Use fewer keys, or smaller ones (algorithm 13), so that resolvers need no TCP for it.",
)
def _large(case: Case) -> Iterable[Found]:
    for server in case.serving:
        for tcp in (True, False):
            exchange = server.exchange(rr.DNSKEY, tcp=tcp)
            if exchange is not None and exchange.message is not None and not exchange.is_truncated:
                if len(exchange.wire) > UDP_SIZE:
                    yield found(case.zone, server.address, octets=len(exchange.wire), limit=UDP_SIZE)
                break


@KEY_RULES.rule(
    "ALGORITHM_INCOMPLETE",
    Severity.WARNING,
    "RFC 4035 §2.2, RFC 6840 §5.11",
    "{where} is not signed with {algorithm}, though the zone has a DNSKEY of that algorithm.",
    "Sign every RRset with each algorithm of the DNSKEY RRset, or remove the keys that do not sign yet.",
    under=("SIGNATURE_KEY_MISSING", "SIGNATURE_ALGORITHM_UNSUPPORTED", "SIGNATURE_MALFORMED", "SIGNATURE_MISSING",
           "DNSKEY_NOT_SIGNED_BY_ENTRY_POINT", "KEY_NOT_ZONE_KEY", "DS_ALGORITHM_UNSUPPORTED"),
)  # fmt: skip
def _incomplete(case: Case) -> Iterable[Found]:
    # RFC 4035 §2.2: there MUST be an RRSIG for each RRset using at least one DNSKEY of each algorithm in the apex DNSKEY
    # RRset. RFC 6840 §5.11: that binds signers; validators must not insist on it.
    keys = {server.address: {key.algorithm for key in server.dnskeys if key.is_zone_key} for server in case.serving}
    for fact in case.signatures:
        signed = {attempt.rrsig.algorithm for attempt in fact.attempts}
        for algorithm in sorted(keys.get(fact.server, set()) - signed):
            yield found(describe(fact.rrset), fact.server, algorithm=registry.algorithm_text(algorithm))


@KEY_RULES.rule(
    "ALGORITHM_OF_DS_UNUSED",
    Severity.WARNING,
    "RFC 4035 §2.2",
    "The parent has a DS of {algorithm} for {where}, but no key of that algorithm signs the DNSKEY RRset.",
    "Sign the DNSKEY RRset with a key of that algorithm, or remove its DS.",
    under=("DS_KEY_ABSENT", "DS_NO_KEY_WITH_TAG", "DS_ALGORITHM_MISMATCH", "DNSKEY_NOT_SIGNED", "DNSKEY_MISSING",
           "DS_ALGORITHM_WRONG", "SIGNATURE_EXPIRED", "SIGNATURE_BAD", "DS_ALGORITHM_UNSUPPORTED",
           "DNSKEY_NOT_SIGNED_BY_ENTRY_POINT", "DS_KEY_NOT_ZONE_KEY", "DS_KEY_REVOKED", "SIGNATURE_NOT_YET_VALID",
           "SIGNATURE_EXPIRED_BEFORE_INCEPTION", "SIGNER_NOT_ZONE", "SIGNATURE_LABELS", "SIGNATURE_MALFORMED"),
)  # fmt: skip
def _ds_algorithm_unused(case: Case) -> Iterable[Found]:
    # RFC 4035 §2.2: the apex DNSKEY RRset MUST be signed by each algorithm appearing in the DS RRset at the parent.
    if not case.keys:
        return
    used = {
        each.rrsig.algorithm
        for fact in case.signatures
        if fact.rrset.rdtype == rr.DNSKEY
        for each in fact.attempts
        if each.outcome in (SignatureOutcome.VERIFIED, SignatureOutcome.UNSUPPORTED_ALGORITHM)
    }
    for ds, servers in case.dses.items():
        if ds.algorithm not in used:
            yield found(case.zone, servers, algorithm=registry.algorithm_text(ds.algorithm))

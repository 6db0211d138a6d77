"""Rules on how a zone denies: parameters, bitmaps, TTLs, and whether all servers do it alike."""

from collections.abc import Iterable, Iterator
from typing import Final

from unbroken._kernel import type_to_text
from unbroken.chain import Severity
from unbroken.chain.times import duration_text
from unbroken.diagnosis.case import Case, ServerFacts
from unbroken.diagnosis.finding import Found, describe, found
from unbroken.diagnosis.inspection import MISSING_TYPE
from unbroken.diagnosis.rules.book import Rulebook
from unbroken.dns import Message, Name, Nsec3, RRset
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede

DENIAL_RULES: Final = Rulebook()

_MINIMUM: Final = 4  # place of MINIMUM among the numbers of a SOA
_OPT_OUT: Final = 1  # bit of the NSEC3 Flags field (RFC 5155 §3.1.2.1)
_DEEP: Final = 2  # labels of a zone that hardly has so many delegations that opt-out pays
_APEX_TYPES: Final = (rr.SOA, rr.NS, rr.DNSKEY, rr.CDS, rr.CDNSKEY, rr.NSEC3PARAM, rr.CSYNC)


def _negatives(case: Case, server: ServerFacts) -> Iterator[tuple[Name, int, Message]]:
    """What a server said to the questions that are meant to be denied."""
    absent = case.inspection.absent
    for name, rdtype in ((absent, rr.A), (case.zone, MISSING_TYPE)):
        message = server.reply(rdtype, name)
        if message is not None and message.rcode in (rr.NOERROR, rr.NXDOMAIN) and message.is_authoritative():
            yield name, rdtype, message


def _records(case: Case, server: ServerFacts, rdtype: int) -> Iterator[RRset]:
    """The NSEC or NSEC3 RRsets that a server sent with denials."""
    for _, _, message in _negatives(case, server):
        for rrset in message.authority:
            if rrset.rdtype == rdtype and rrset.owner.is_subdomain_of(case.zone):
                yield rrset


def _nsec3s(case: Case, server: ServerFacts) -> Iterator[Nsec3]:
    for rrset in _records(case, server, rr.NSEC3):
        yield from rrset.nsec3s()[:1]


@DENIAL_RULES.rule(
    "NSEC3_ITERATIONS",
    Severity.WARNING,
    "RFC 9276 §3.1",
    "{where} uses NSEC3 with {iterations} additional iterations; they must be 0.",
    "Set the iterations to 0 and sign the zone again.",
    under=("NSEC3_ITERATIONS_INSECURE", "NSEC3_ITERATIONS_REFUSED"),
)
def _iterations(case: Case) -> Iterable[Found]:
    # RFC 9276 §3.1: an iterations count of 0 MUST be used.
    for server in case.serving:
        most = max((nsec3.iterations for nsec3 in _nsec3s(case, server)), default=0)
        if most:
            yield found(case.zone, server.address, iterations=most)


@DENIAL_RULES.rule(
    "NSEC3_SALT",
    Severity.NOTICE,
    "RFC 9276 §3.1",
    "{where} uses NSEC3 with a salt of {octets} octets, which protects nothing.",
    "Use an empty salt (`-`) and sign the zone again.",
)
def _salt(case: Case) -> Iterable[Found]:
    # RFC 9276 §3.1: operators SHOULD NOT use a salt.
    for server in case.serving:
        longest = max((len(nsec3.salt) for nsec3 in _nsec3s(case, server)), default=0)
        if longest:
            yield found(case.zone, server.address, octets=longest)


@DENIAL_RULES.rule(
    "NSEC3_OPT_OUT",
    Severity.NOTICE,
    "RFC 9276 §3.1",
    "{where} uses NSEC3 with opt-out, which is for zones with a great many unsigned delegations.",
    "Sign the zone without opt-out, so that unsigned names can't be slipped in.",
)
def _opt_out(case: Case) -> Iterable[Found]:
    # RFC 9276 §3.1: opt-out is for very large, sparsely signed zones where most records are insecure delegations.
    if case.zone.label_count < _DEEP:
        return
    for server in case.serving:
        if any(nsec3.opt_out for nsec3 in _nsec3s(case, server)):
            yield found(case.zone, server.address)


@DENIAL_RULES.rule(
    "NSEC3_FLAGS",
    Severity.WARNING,
    "RFC 5155 §3.1.2, §8.2",
    "An NSEC3 record of {where} has flags {flags}; records with flags that are not known are ignored.",
    "Sign the zone again with a signer that keeps to RFC 5155.",
    under=("DENIAL_MISSING", "DENIAL_INCOMPLETE"),
)
def _flags(case: Case) -> Iterable[Found]:
    # RFC 5155 §8.2: a validator MUST ignore NSEC3 RRs with a Flags field value other than zero or one.
    for server in case.serving:
        for nsec3 in _nsec3s(case, server):
            if nsec3.flags & ~_OPT_OUT:
                yield found(case.zone, server.address, flags=nsec3.flags)


@DENIAL_RULES.rule(
    "NSEC_AND_NSEC3",
    Severity.ERROR,
    "RFC 5155 §10.4",
    "A server of {where} denies by NSEC and by NSEC3 at once.",
    "Sign the zone with one of the two.",
    ede=Ede.NSEC_MISSING,
)
def _mixed(case: Case) -> Iterable[Found]:
    for server in case.serving:
        kinds = {rdtype for rdtype in (rr.NSEC, rr.NSEC3) if any(_records(case, server, rdtype))}
        if len(kinds) == 2:
            yield found(case.zone, server.address)


@DENIAL_RULES.rule(
    "DENIAL_DIFFERS",
    Severity.WARNING,
    "RFC 5155 §10.4",
    "The servers of {where} do not deny alike: these use {how}.",
    "Bring the servers in step; while the zone changes its way of denial this is so for a short time.",
)
def _differs(case: Case) -> Iterable[Found]:
    ways: dict[str, list[str]] = {}
    for server in case.serving:
        nsec3 = next(_nsec3s(case, server), None)
        if nsec3 is not None:
            way = f"NSEC3 with {nsec3.iterations} iterations and salt {nsec3.salt.hex() or '-'}"
            ways.setdefault(way, []).append(server.address)
        elif any(_records(case, server, rr.NSEC)):
            ways.setdefault("NSEC", []).append(server.address)
    for way, servers in ways.items() if len(ways) > 1 else ():
        yield found(case.zone, tuple(servers), how=way)


@DENIAL_RULES.rule(
    "NSEC3PARAM_DIFFERS",
    Severity.WARNING,
    "RFC 5155 §4",
    "The servers of {where} do not have the same NSEC3PARAM RRset.",
    "Bring the servers in step.",
    under=("DENIAL_DIFFERS",),
)
def _param_differs(case: Case) -> Iterable[Found]:
    held = {server.address: server.apex(rr.NSEC3PARAM) for server in case.serving}
    first = next(iter(held.values()), None)
    if any(rrset != first for rrset in held.values()):
        yield found(case.zone, tuple(held))


@DENIAL_RULES.rule(
    "NSEC3PARAM_MISSING",
    Severity.NOTICE,
    "RFC 5155 §4",
    "{where} denies by NSEC3, but has no NSEC3PARAM with the same parameters, which servers of the zone go by.",
    "Publish the NSEC3PARAM of the chain that is in use; signers do that by themselves.",
    under=("NSEC3_HASH_UNKNOWN",),
)
def _param_missing(case: Case) -> Iterable[Found]:
    # RFC 5155 §4: NSEC3PARAM tells authoritative servers which chain to use for their negative answers.
    for server in case.serving:
        rrset = server.apex(rr.NSEC3PARAM)
        known = {_parameters(rdata) for rdata in (() if rrset is None else rrset.rdatas) if len(rdata) >= 5}
        for nsec3 in _nsec3s(case, server):
            if (nsec3.hash_algorithm, nsec3.iterations, nsec3.salt) not in known:
                yield found(case.zone, server.address)


def _parameters(rdata: bytes) -> tuple[int, int, bytes]:
    """Hash algorithm, iterations and salt (RFC 5155 §4.2)."""
    return rdata[0], int.from_bytes(rdata[2:4], "big"), rdata[5:]


@DENIAL_RULES.rule(
    "DENIAL_TTL",
    Severity.NOTICE,
    "RFC 9077 §3",
    "{where} has a TTL of {ttl} s; denial records must have the lesser of SOA MINIMUM and SOA TTL, {wanted} s.",
    "Sign the zone again with a signer that keeps to RFC 9077, or make SOA MINIMUM and SOA TTL equal.",
)
def _ttl(case: Case) -> Iterable[Found]:
    # RFC 9077 §3: the TTL of the NSEC RR MUST be the lesser of the MINIMUM field of the SOA record and the TTL of the SOA.
    for server in case.serving:
        soa, numbers = server.apex(rr.SOA), case.soa(server)
        if soa is None or numbers is None:
            continue
        wanted = min(soa.ttl, numbers[_MINIMUM])
        for rdtype in (rr.NSEC, rr.NSEC3):
            for rrset in _records(case, server, rdtype):
                if rrset.ttl > wanted:
                    yield found(describe(rrset), server.address, ttl=rrset.ttl, wanted=wanted)


@DENIAL_RULES.rule(
    "NEGATIVE_TTL_LONG",
    Severity.NOTICE,
    "RFC 2308 §5",
    "What does not exist in {where} may be cached as missing for {length}: a new name shows only after that.",
    "Set SOA MINIMUM to an hour or less.",
)
def _negative_ttl(case: Case) -> Iterable[Found]:
    # RFC 2308 §5: values of one to three hours have been found to work well; over one day they are problematic.
    for server in case.serving:
        soa, numbers = server.apex(rr.SOA), case.soa(server)
        if soa is not None and numbers is not None and min(soa.ttl, numbers[_MINIMUM]) > 86400:
            yield found(case.zone, server.address, length=duration_text(min(soa.ttl, numbers[_MINIMUM])))


@DENIAL_RULES.rule(
    "NEGATIVE_WITHOUT_SOA",
    Severity.WARNING,
    "RFC 2308 §3",
    "The denial of {where} comes without the SOA of the zone, so that it can't be cached.",
    "Correct the server: the authority section of a negative answer must hold the SOA.",
    under=("DENIAL_MISSING", "DENIAL_INCOMPLETE"),
)
def _without_soa(case: Case) -> Iterable[Found]:
    for server in case.serving:
        for name, rdtype, message in _negatives(case, server):
            has_soa = any(rrset.rdtype == rr.SOA for rrset in message.authority)
            if not message.answer and not has_soa:
                yield found(f"{_shown(case, name)} {type_to_text(rdtype)}", server.address)


def _shown(case: Case, name: Name) -> str:
    """The name made up for the check, in words: it is another each time."""
    return f"a missing name below {case.zone}" if name == case.inspection.absent else str(name)


@DENIAL_RULES.rule(
    "BITMAP_LACKS_TYPE",
    Severity.ERROR,
    "RFC 4034 §4.1.2",
    "The type bitmap at {where} lacks {types}, which the same server has there: resolvers may take it for missing.",
    "Build the NSEC or NSEC3 chain again: sign the zone anew.",
    ede=Ede.NSEC_MISSING,
    under=("SIGNATURE_BAD", "DENIAL_INCOMPLETE"),
)
def _bitmap_lacks(case: Case) -> Iterable[Found]:
    # RFC 4034 §4.1.2: the bitmap identifies the RRset types that exist at the owner name (RFC 8198: and denies the others).
    for server in case.serving:
        types = _apex_bitmap(case, server)
        if types is None:
            continue
        lacking = [rdtype for rdtype in _APEX_TYPES if rdtype not in types and server.apex(rdtype) is not None]
        if lacking:
            yield found(case.zone, server.address, types=", ".join(map(type_to_text, lacking)))


@DENIAL_RULES.rule(
    "BITMAP_EXTRA_TYPE",
    Severity.WARNING,
    "RFC 4034 §4.1.2",
    "The type bitmap at {where} lists {types}, but the same server says that there is none.",
    "Build the NSEC or NSEC3 chain again: sign the zone anew.",
    ede=Ede.NSEC_MISSING,
    under=("DNSKEY_MISSING", "ANCHOR_DNSKEY_MISSING", "DENIAL_INCOMPLETE"),
)
def _bitmap_extra(case: Case) -> Iterable[Found]:
    for server in case.serving:
        types = frozenset() if _is_made_to_measure(case, server) else _apex_bitmap(case, server) or frozenset()
        extra = [rdtype for rdtype in _APEX_TYPES if rdtype in types and _is_denied(server, rdtype)]
        if extra:
            yield found(case.zone, server.address, types=", ".join(map(type_to_text, extra)))


def _is_made_to_measure(case: Case, server: ServerFacts) -> bool:
    """RFC 4470 §4, RFC 9824 §3: an NSEC made for one question ends right after its owner, and its bitmap may list whatever
    was not asked for."""
    for rrset in _records(case, server, rr.NSEC):
        nsec = rrset.nsec()
        if nsec is not None and nsec.next_name.labels == (b"\x00", *rrset.owner.labels):
            return True
    return False


def _apex_bitmap(case: Case, server: ServerFacts) -> frozenset[int] | None:
    """The types that the denial record of the apex lists: the NSEC there, or the one NSEC3 that lists a SOA."""
    for rdtype in (rr.NSEC, rr.NSEC3):
        for rrset in _records(case, server, rdtype):
            if rdtype == rr.NSEC and rrset.owner == case.zone and (nsec := rrset.nsec()) is not None:
                return nsec.types
            if rdtype == rr.NSEC3:
                types = next((nsec3.types for nsec3 in rrset.nsec3s() if rr.SOA in nsec3.types), None)
                if types is not None:
                    return types
    return None


def _is_denied(server: ServerFacts, rdtype: int) -> bool:
    message = server.reply(rdtype)
    is_empty = message is not None and message.rcode == rr.NOERROR and not message.answer
    return is_empty and message is not None and message.is_authoritative()


@DENIAL_RULES.rule(
    "NSEC_NEXT_OUTSIDE",
    Severity.ERROR,
    "RFC 4034 §4.1.1",
    "The NSEC at {where} names {next} as the next name, which is not in the zone.",
    "Sign the zone anew.",
    ede=Ede.NSEC_MISSING,
    under=("DENIAL_INCOMPLETE", "DENIAL_MISSING"),
)
def _next_outside(case: Case) -> Iterable[Found]:
    for server in case.serving:
        for rrset in _records(case, server, rr.NSEC):
            nsec = rrset.nsec()
            if nsec is not None and not nsec.next_name.is_subdomain_of(case.zone):
                yield found(rrset.owner, server.address, next=nsec.next_name)


@DENIAL_RULES.rule(
    "DENIAL_COMPACT",
    Severity.NOTICE,
    "RFC 9824 §2",
    "{where} denies names compactly: it says NOERROR for a name that does not exist, and its NSEC lists NXNAME.",
    "Nothing has to be done; programs that look at the rcode can't tell a missing name from a missing type.",
)
def _compact(case: Case) -> Iterable[Found]:
    absent = case.inspection.absent
    for server in case.serving:
        for rrset in _records(case, server, rr.NSEC):
            nsec = rrset.nsec()
            if rrset.owner == absent and nsec is not None and rr.NXNAME in nsec.types:
                yield found(case.zone, server.address)

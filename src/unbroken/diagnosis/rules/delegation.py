"""Rules on the delegation, and on what the servers of a zone must have in common."""

from collections.abc import Iterable, Iterator
from typing import Final

from unbroken._kernel import type_to_text
from unbroken.chain import Severity
from unbroken.diagnosis.case import Case, ServerFacts
from unbroken.diagnosis.finding import Found, found
from unbroken.diagnosis.rules.book import Rulebook
from unbroken.dns import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede
from unbroken.dns.reach import Reach, reach
from unbroken.dns.section import find_rrset
from unbroken.validation.protocol import Answer, Lookup

DELEGATION_RULES: Final = Rulebook()

_SERIAL: Final = 0  # its place among the numbers of a SOA


def _referral(case: Case, server: ServerFacts) -> RRset | None:
    """The NS RRset that a server of the parent refers to the zone with."""
    message = server.reply(rr.NS)
    if message is None or message.rcode != rr.NOERROR:
        return None
    return find_rrset(message.authority, case.zone, rr.NS) or find_rrset(message.answer, case.zone, rr.NS)


def _delegated(case: Case) -> dict[str, frozenset[Name]]:
    """By server of the parent, the names that it delegates to. Not servers that serve both: they answer for the child."""
    children = {server.address for server in case.servers}
    referrals = {server.address: _referral(case, server) for server in case.parents if server.address not in children}
    return {address: frozenset(rrset.names()) for address, rrset in referrals.items() if rrset is not None}


def _own(case: Case) -> dict[str, frozenset[Name]]:
    """By server of the zone, the names that its apex has."""
    apexes = {server.address: server.apex(rr.NS) for server in case.serving}
    return {address: frozenset(rrset.names()) for address, rrset in apexes.items() if rrset is not None}


def _listed(names: Iterable[Name]) -> str:
    return ", ".join(str(name).rstrip(".") for name in sorted(names)[:6]) or "none"


@DELEGATION_RULES.rule(
    "NS_ONLY_AT_PARENT",
    Severity.WARNING,
    "RFC 1034 §4.2.2, RFC 2181 §5.4.1",
    "The parent delegates {where} to {names}, which the zone itself does not list.",
    "Make the NS RRsets of parent and zone the same: add the names to the zone, or have the parent remove them.",
)
def _only_at_parent(case: Case) -> Iterable[Found]:
    # RFC 1034 §4.2.2: the administrators of both zones should insure that the NS and glue RRs which mark both sides of the
    # cut are consistent and remain so.
    own = frozenset[Name]().union(*_own(case).values())
    for address, names in _delegated(case).items() if own else ():
        if names - own:
            yield found(case.zone, address, names=_listed(names - own))


@DELEGATION_RULES.rule(
    "NS_ONLY_AT_CHILD",
    Severity.WARNING,
    "RFC 1034 §4.2.2, RFC 2181 §5.4.1",
    "{where} lists the name servers {names}, which its parent does not delegate to.",
    "Make the NS RRsets of parent and zone the same: have the parent add the names, or remove them from the zone.",
)
def _only_at_child(case: Case) -> Iterable[Found]:
    delegated = frozenset[Name]().union(*_delegated(case).values())
    for address, names in _own(case).items() if delegated else ():
        if names - delegated:
            yield found(case.zone, address, names=_listed(names - delegated))


@DELEGATION_RULES.rule(
    "NS_DIFFERS",
    Severity.WARNING,
    "RFC 1034 §4.2.2",
    "The servers of {where} do not agree on its NS RRset: these have {names}.",
    "Bring the servers in step.",
    under=("SERIAL_DIFFERS",),
)
def _ns_differs(case: Case) -> Iterable[Found]:
    yield from _disagreements(case, _own(case))


@DELEGATION_RULES.rule(
    "REFERRALS_DIFFER",
    Severity.WARNING,
    "RFC 1034 §4.2.2",
    "The servers of the parent do not agree on the delegation of {where}: these refer to {names}.",
    "Wait until the parent's servers are in step; if that takes long, tell the parent's operator.",
)
def _referrals_differ(case: Case) -> Iterable[Found]:
    yield from _disagreements(case, _delegated(case))


def _disagreements(case: Case, held: dict[str, frozenset[Name]]) -> Iterator[Found]:
    sets: dict[frozenset[Name], list[str]] = {}
    for address, names in held.items():
        sets.setdefault(names, []).append(address)
    for names, addresses in sets.items() if len(sets) > 1 else ():
        yield found(case.zone, tuple(addresses), names=_listed(names))


@DELEGATION_RULES.rule(
    "NS_SINGLE",
    Severity.WARNING,
    "RFC 1034 §4.1, RFC 2182 §5",
    "{where} has one name server only; when that is down, the zone is gone.",
    "Add a second name server in another network.",
)
def _single(case: Case) -> Iterable[Found]:
    # RFC 1034 §4.1: by administrative fiat, we require every zone to be available on at least two servers.
    names = {server.name for server in case.inspection.zone.servers}
    if len(names) == 1:
        yield found(case.zone, case.inspection.zone.addresses)


@DELEGATION_RULES.rule(
    "NS_ONE_ADDRESS",
    Severity.NOTICE,
    "RFC 2182 §3.1",
    "All name servers of {where} are at one address, {address}.",
    "Put the second name server on another machine in another network.",
    under=("NS_SINGLE",),
)
def _one_address(case: Case) -> Iterable[Found]:
    names = {server.name for server in case.inspection.zone.servers}
    addresses = case.inspection.zone.addresses
    if len(names) > 1 and len(addresses) == 1:
        yield found(case.zone, addresses, address=addresses[0])


@DELEGATION_RULES.rule(
    "NS_WITHOUT_ADDRESS",
    Severity.ERROR,
    "RFC 1912 §2.4",
    "The name server {where} has no address.",
    "Give the name an A or AAAA record, or take it out of the NS RRset.",
    ede=Ede.NO_REACHABLE_AUTHORITY,
    under=("NS_IS_ALIAS", "LOOKUP_FAILED"),
)
def _without_address(case: Case) -> Iterable[Found]:
    for server in case.inspection.zone.servers:
        if not server.address:
            yield found(str(server.name).rstrip("."))


@DELEGATION_RULES.rule(
    "NS_IS_ALIAS",
    Severity.ERROR,
    "RFC 2181 §10.3",
    "The name server {where} is an alias (CNAME); many resolvers do not follow it.",
    "Name in the NS RRset the host itself, not an alias of it.",
    ede=Ede.INVALID_DATA,
)
def _is_alias(case: Case) -> Iterable[Found]:
    # RFC 2181 §10.3: the domain name used as the value of an NS resource record must not be an alias.
    for name in dict.fromkeys(server.name for server in case.inspection.zone.servers):
        response = case.inspection.walk.responses.get(Lookup(name, rr.A))
        if isinstance(response, Answer) and find_rrset(response.message.answer, name, rr.CNAME) is not None:
            yield found(str(name).rstrip("."))


@DELEGATION_RULES.rule(
    "SERVER_ADDRESS_SPECIAL",
    Severity.ERROR,
    "RFC 6890 §2.2",
    "The name server {where} has the address {address}, at which nobody on the Internet can reach it.",
    "Give the name an address that is reachable from everywhere, or take it out of the NS RRset.",
    ede=Ede.NO_REACHABLE_AUTHORITY,
    under=("LOOKUP_FAILED",),
)
def _special(case: Case) -> Iterable[Found]:
    for server in case.inspection.zone.servers:
        if server.refusal:
            yield found(str(server.name).rstrip("."), address=server.address)
    asked = {address.partition("@")[0] for address in case.inspection.zone.addresses}
    for address, glue in _glue(case):
        text = _address(glue)
        if reach(glue.rdatas[0]) is not Reach.PUBLIC and text not in asked:
            yield found(str(glue.owner).rstrip("."), address, address=text)


def _glue(case: Case) -> Iterator[tuple[str, RRset]]:
    """Each address record that comes with a referral to the zone, by server of the parent, one record at a time."""
    names = frozenset[Name]().union(*_delegated(case).values())
    for server in case.parents:
        message = server.reply(rr.NS)
        for rrset in () if message is None else message.additional:
            if rrset.rdtype in (rr.A, rr.AAAA) and rrset.owner in names and rrset.rdclass == rr.CLASS_IN:
                for rdata in rrset.rdatas:
                    yield server.address, RRset(rrset.owner, rrset.rdtype, rrset.ttl, (rdata,))


def _address(rrset: RRset) -> str:
    from ipaddress import ip_address  # only full checks need it

    return str(ip_address(rrset.rdatas[0]))


@DELEGATION_RULES.rule(
    "GLUE_WRONG",
    Severity.ERROR,
    "RFC 1034 §4.2.2",
    "The parent gives {address} as an address of {where}, which the zone itself does not have.",
    "Have the parent's glue replaced by the addresses that the zone has: {own}.",
)
def _glue_wrong(case: Case) -> Iterable[Found]:
    own = {(rrset.owner, rrset.rdtype): rrset.rdatas for rrset in _own_addresses(case)}
    for address, glue in _glue(case):
        theirs = own.get((glue.owner, glue.rdtype))
        if theirs is not None and glue.rdatas[0] not in theirs:
            shown = ", ".join(_address(RRset(glue.owner, glue.rdtype, 0, (rdata,))) for rdata in theirs[:4])
            yield found(str(glue.owner).rstrip("."), address, address=_address(glue), own=shown)


def _own_addresses(case: Case) -> Iterator[RRset]:
    """What looking the name servers' names up gave, with authority."""
    for name in dict.fromkeys(server.name for server in case.inspection.zone.servers):
        for rdtype in (rr.A, rr.AAAA):
            response = case.inspection.walk.responses.get(Lookup(name, rdtype))
            if isinstance(response, Answer) and response.message.is_authoritative():
                rrset = find_rrset(response.message.answer, name, rdtype)
                if rrset is not None:
                    yield rrset


@DELEGATION_RULES.rule(
    "GLUE_MISSING",
    Severity.ERROR,
    "RFC 9471 §3.1",
    "The parent refers to {where}, which lies in the zone itself, without giving an address of it.",
    "Have the parent add glue for that name: A and AAAA records with the delegation.",
    ede=Ede.NO_REACHABLE_AUTHORITY,
    under=("NS_WITHOUT_ADDRESS",),
)
def _glue_missing(case: Case) -> Iterable[Found]:
    # RFC 9471 §3.1: all available glue records for in-domain name servers MUST be in the referral, or TC set.
    given: dict[str, set[Name]] = {}
    for address, glue in _glue(case):
        given.setdefault(address, set()).add(glue.owner)
    for address, names in _delegated(case).items():
        for name in names:
            if name.is_subdomain_of(case.zone) and name not in given.get(address, set()):
                yield found(str(name).rstrip("."), address)


@DELEGATION_RULES.rule(
    "SERIAL_DIFFERS",
    Severity.WARNING,
    "RFC 1034 §4.3.5",
    "The servers of {where} hold different versions of it: these have serial {serial}.",
    "Check the transfer to those that lag behind, if they do not catch up within the SOA's REFRESH time.",
)
def _serial(case: Case) -> Iterable[Found]:
    serials: dict[int, list[str]] = {}
    for server in case.serving:
        numbers = case.soa(server)
        if numbers is not None:
            serials.setdefault(numbers[_SERIAL], []).append(server.address)
    for serial, addresses in serials.items() if len(serials) > 1 else ():
        yield found(case.zone, tuple(addresses), serial=serial)


@DELEGATION_RULES.rule(
    "APEX_CNAME",
    Severity.ERROR,
    "RFC 1034 §3.6.2, RFC 2181 §10.1",
    "The apex of {where} has a CNAME, beside which nothing else may stand; yet SOA and NS must.",
    "Replace the CNAME by A and AAAA records, or by what your provider offers in its place (ALIAS, HTTPS).",
    ede=Ede.INVALID_DATA,
)
def _apex_cname(case: Case) -> Iterable[Found]:
    for server in case.servers:
        for exchange in server.exchanges:
            if exchange.message is not None and find_rrset(exchange.message.answer, case.zone, rr.CNAME) is not None:
                yield found(case.zone, server.address)


@DELEGATION_RULES.rule(
    "ANSWERS_DIFFER",
    Severity.NOTICE,
    "RFC 1034 §4.2.2",
    "The servers of the zone do not answer alike for {where}: these give {what}.",
    "Nothing, when answers are meant to depend on the server; else bring the servers in step.",
    under=("SERIAL_DIFFERS",),
)
def _answers_differ(case: Case) -> Iterable[Found]:
    question = case.inspection.question
    answers: dict[tuple[int, frozenset[bytes] | None], list[str]] = {}
    words: dict[tuple[int, frozenset[bytes] | None], str] = {}
    for server in case.serving:
        message = server.reply(question.rdtype, question.name)
        if message is None:
            continue
        rrset = find_rrset(message.answer, question.name, question.rdtype)
        key = message.rcode, None if rrset is None else frozenset(rrset.canonical_rdatas())
        answers.setdefault(key, []).append(server.address)
        count = 0 if rrset is None else len(rrset)
        words[key] = f"{rr.rcode_text(message.rcode)} with {count} record{'' if count == 1 else 's'}"
    where = f"{question.name} {type_to_text(question.rdtype)}"
    for key, addresses in answers.items() if len(answers) > 1 else ():
        yield found(where, tuple(addresses), what=words[key])


@DELEGATION_RULES.rule(
    "NS_WITHOUT_IPV6",
    Severity.NOTICE,
    "RFC 3901 §4",
    "No name server of {where} has an IPv6 address.",
    "Give at least two name servers an AAAA record, and let them answer there.",
)
def _without_ipv6(case: Case) -> Iterable[Found]:
    # RFC 3901 §4 asks for IPv4 on every zone, and its successor for both; who has IPv6 only needs a server there.
    servers = case.inspection.zone.servers
    asked = any(lookup.rdtype == rr.AAAA for lookup in case.inspection.walk.responses)
    if asked and servers and not any(":" in server.address for server in servers):
        yield found(case.zone, case.inspection.zone.addresses)

"""Rules on single servers: whether they answer, over which transports, with EDNS and signatures, and with authority."""

from collections.abc import Iterable, Iterator
from typing import Final

from unbroken.chain import Severity
from unbroken.diagnosis.case import Case, ServerFacts
from unbroken.diagnosis.finding import Found, found
from unbroken.diagnosis.inspection import Exchange
from unbroken.diagnosis.rules.book import Rulebook
from unbroken.dns import Message
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede
from unbroken.validation.protocol import Failure

SERVER_RULES: Final = Rulebook()

_UDP_SIZE: Final = 1232  # octets (RFC 9715 §3.1)
_SIGNED_TYPES: Final = (rr.SOA, rr.NS, rr.DNSKEY)


def _everyone(case: Case) -> Iterator[tuple[ServerFacts, str]]:
    """Every server of the zone, with the name that its findings are told under."""
    for server in case.servers:
        yield server, case.inspection.zone.name_of(server.address)


def _living(case: Case) -> Iterator[tuple[ServerFacts, str]]:
    yield from ((server, name) for server, name in _everyone(case) if server.is_alive)


def _over(server: ServerFacts, *, tcp: bool) -> list[Exchange]:
    """What was tried over that transport; queries that were not sent say nothing."""
    tried = [exchange for exchange in server.exchanges if exchange.ask.tcp is tcp]
    return [exchange for exchange in tried if not exchange.detail.startswith("not asked")]


def _messages(server: ServerFacts, *, dnssec: bool) -> Iterator[Message]:
    for exchange in server.exchanges:
        if exchange.ask.dnssec is dnssec and exchange.message is not None:
            yield exchange.message


@SERVER_RULES.rule(
    "SERVER_SILENT",
    Severity.ERROR,
    "RFC 1034 §4.1",
    "The server {where} at {address} answers nothing, over UDP or TCP.",
    "Start it, or open its port 53 for UDP and TCP; or remove it from the NS RRset here and at the parent.",
    ede=Ede.NO_REACHABLE_AUTHORITY,
    under=("LOOKUP_FAILED",),
)
def _silent(case: Case) -> Iterable[Found]:
    for server, name in _everyone(case):
        if server.exchanges and not server.is_alive:
            yield found(name, server.address, address=server.address)


@SERVER_RULES.rule(
    "SERVER_WITHOUT_TCP",
    Severity.WARNING,
    "RFC 7766 §5",
    "The server {where} at {address} does not answer over TCP: what does not fit a UDP reply can't be had from it.",
    "Open port 53 for TCP.",
    ede=Ede.NETWORK_ERROR,
    under=("SERVER_TRUNCATES",),
)
def _without_tcp(case: Case) -> Iterable[Found]:
    # RFC 7766 §5: all general-purpose DNS implementations MUST support both UDP and TCP transport.
    for server, name in _living(case):
        tried = _over(server, tcp=True)
        if tried and not any(exchange.wire for exchange in tried):
            yield found(name, server.address, address=server.address)


@SERVER_RULES.rule(
    "SERVER_WITHOUT_UDP",
    Severity.WARNING,
    "RFC 7766 §5",
    "The server {where} at {address} answers over TCP, but not over UDP, by which resolvers ask first.",
    "Open port 53 for UDP.",
    ede=Ede.NETWORK_ERROR,
)
def _without_udp(case: Case) -> Iterable[Found]:
    for server, name in _living(case):
        tried = _over(server, tcp=False)
        if tried and not any(exchange.wire for exchange in tried):
            yield found(name, server.address, address=server.address)


@SERVER_RULES.rule(
    "SERVER_TRUNCATES",
    Severity.ERROR,
    "RFC 7766 §5",
    "The server {where} at {address} truncates over UDP what it does not give over TCP either.",
    "Open port 53 for TCP, or make the answers fit 1232 octets.",
    ede=Ede.NETWORK_ERROR,
)
def _truncates(case: Case) -> Iterable[Found]:
    for server, name in _living(case):
        for exchange in server.exchanges:
            ask = exchange.ask
            if exchange.is_truncated and ask.dnssec and not ask.tcp:
                again = server.exchange(ask.rdtype, name=ask.name, tcp=True)
                if again is None or again.message is None or again.is_truncated:
                    yield found(name, server.address, address=server.address)


@SERVER_RULES.rule(
    "SERVER_MALFORMED",
    Severity.ERROR,
    "RFC 1035 §4.1",
    "The server {where} at {address} answers with what is no DNS message.",
    "Find out what stands at that address: it is no name server, or something rewrites its answers on the way.",
    ede=Ede.INVALID_DATA,
)
def _malformed(case: Case) -> Iterable[Found]:
    for server, name in _living(case):
        if any(exchange.wire and exchange.failure is Failure.MALFORMED for exchange in server.exchanges):
            yield found(name, server.address, address=server.address)


@SERVER_RULES.rule(
    "SERVER_REFUSES",
    Severity.ERROR,
    "RFC 1034 §4.1",
    "The server {where} at {address} answers {rcode} when it is asked for the SOA of its zone.",
    "Configure the zone on that server, or remove it from the NS RRset here and at the parent.",
    ede=Ede.NOT_AUTHORITATIVE,
)
def _refuses(case: Case) -> Iterable[Found]:
    for server, name in _living(case):
        message = server.reply(rr.SOA)
        if message is not None and message.rcode not in (rr.NOERROR, rr.NXDOMAIN) and not _lacks_edns(server):
            yield found(name, server.address, address=server.address, rcode=rr.rcode_text(message.rcode))


@SERVER_RULES.rule(
    "SERVER_LAME",
    Severity.ERROR,
    "RFC 1034 §4.3.1, RFC 9499 §7",
    "The server {where} at {address} is named for the zone, but does not answer for it with authority.",
    "Configure the zone on that server, or remove it from the NS RRset here and at the parent.",
    ede=Ede.NOT_AUTHORITATIVE,
)
def _lame(case: Case) -> Iterable[Found]:
    for server, name in _living(case):
        message = server.reply(rr.SOA)
        answers = message is not None and message.rcode in (rr.NOERROR, rr.NXDOMAIN)
        if answers and not server.serves:
            yield found(name, server.address, address=server.address)


@SERVER_RULES.rule(
    "SERVER_WITHOUT_EDNS",
    Severity.ERROR,
    "RFC 6891 §7, RFC 4035 §3",
    "The server {where} at {address} does not take EDNS, so it can't serve a signed zone.",
    "Replace the server's software, or whatever stands in front of it, by what knows EDNS (RFC 6891).",
    ede=Ede.NOT_SUPPORTED,
)
def _without_edns(case: Case) -> Iterable[Found]:
    # RFC 4035 §3: a security-aware name server MUST support the EDNS0 message size extension.
    for server, name in _living(case):
        if _lacks_edns(server):
            yield found(name, server.address, address=server.address)


def _lacks_edns(server: ServerFacts) -> bool:
    """RFC 6891 §7: FORMERR or NOTIMP without OPT where a plain query is answered; or no OPT in any reply to one."""
    with_edns = list(_messages(server, dnssec=True))
    if not with_edns or any(message.edns is not None for message in with_edns):
        return False
    refused = [message for message in with_edns if message.rcode in (rr.FORMERR, rr.NOTIMP)]
    plain = [message for message in _messages(server, dnssec=False) if message.rcode in (rr.NOERROR, rr.NXDOMAIN)]
    return len(refused) < len(with_edns) or bool(plain)


@SERVER_RULES.rule(
    "SERVER_DROPS_EDNS",
    Severity.ERROR,
    "RFC 6891 §6.2.1",
    "The server {where} at {address} answers queries without EDNS, but stays silent to those with it.",
    "Look for a firewall that drops EDNS or large UDP packets, and for server software from before 1999.",
    ede=Ede.NETWORK_ERROR,
)
def _drops_edns(case: Case) -> Iterable[Found]:
    for server, name in _living(case):
        udp = _over(server, tcp=False)
        with_edns = [exchange for exchange in udp if exchange.ask.dnssec]
        plain = [exchange for exchange in udp if not exchange.ask.dnssec]
        if with_edns and not any(each.wire for each in with_edns) and any(each.wire for each in plain):
            yield found(name, server.address, address=server.address)


@SERVER_RULES.rule(
    "SERVER_WITHOUT_DO",
    Severity.WARNING,
    "RFC 3225 §3",
    "The server {where} at {address} does not set DO in its answers to queries that set it.",
    "Nothing has to be done while it sends signatures; software that knows DNSSEC copies the bit.",
    under=("SERVER_STRIPS_SIGNATURES", "SERVER_WITHOUT_EDNS"),
)
def _without_do(case: Case) -> Iterable[Found]:
    # RFC 3225 §3: the DO bit of the query MUST be copied in the response.
    for server, name in _living(case):
        with_edns = [message.edns for message in _messages(server, dnssec=True) if message.edns is not None]
        if with_edns and not any(edns.do for edns in with_edns):
            yield found(name, server.address, address=server.address)


@SERVER_RULES.rule(
    "SERVER_STRIPS_SIGNATURES",
    Severity.ERROR,
    "RFC 4035 §3.1.1",
    "The server {where} at {address} sends no signatures, though other servers of the zone do.",
    "Turn DNSSEC on in that server, or give it the signed zone; a proxy in front of it may strip them too.",
    ede=Ede.RRSIGS_MISSING,
    under=("SERVER_WITHOUT_EDNS", "SERVER_LAME", "SERVER_REFUSES", "SERVER_DROPS_EDNS"),
)
def _strips(case: Case) -> Iterable[Found]:
    # RFC 4035 §3.1.1: the name server SHOULD attempt to send RRSIG RRs with authoritative RRsets when DO is set.
    signing = {server.address for server in case.serving if _has_signatures(server)}
    for server, name in _living(case):
        if server.serves and signing and server.address not in signing:
            yield found(name, server.address, address=server.address)


def _has_signatures(server: ServerFacts) -> bool:
    messages = (server.reply(rdtype) for rdtype in _SIGNED_TYPES)
    return any(rrset.rdtype == rr.RRSIG for message in messages if message is not None for rrset in message.answer)


@SERVER_RULES.rule(
    "SERVER_UNASKED_SIGNATURES",
    Severity.NOTICE,
    "RFC 4035 §3.1",
    "The server {where} at {address} sends signatures to those who did not ask for them.",
    "Let the server send RRSIG, NSEC and NSEC3 only when the query sets DO.",
)
def _unasked(case: Case) -> Iterable[Found]:
    # RFC 4035 §3.1: the server MUST NOT include RRSIG, NSEC or DNSKEY RRs that were not asked for when DO is clear.
    for server, name in _living(case):
        messages = _messages(server, dnssec=False)
        if any(rrset.rdtype == rr.RRSIG for each in messages for rrset in (*each.answer, *each.authority)):
            yield found(name, server.address, address=server.address)


@SERVER_RULES.rule(
    "SERVER_RECURSIVE",
    Severity.WARNING,
    "RFC 2182 §6, RFC 5358 §4",
    "The server {where} at {address} offers recursion to strangers.",
    "Turn recursion off on authoritative servers: it serves amplification attacks and cache poisoning.",
)
def _recursive(case: Case) -> Iterable[Found]:
    for server, name in _living(case):
        if any(message.flags & rr.RA for message in _messages(server, dnssec=True)):
            yield found(name, server.address, address=server.address)


@SERVER_RULES.rule(
    "SERVER_LARGE_UDP",
    Severity.NOTICE,
    "RFC 9715 §3.1",
    "The server {where} at {address} sent {octets} octets over UDP to one who can take {limit}.",
    "Let the server respect the requestor's size; what is larger is fragmented, and lost on some paths.",
)
def _large_udp(case: Case) -> Iterable[Found]:
    for server, name in _living(case):
        most = max((len(each.wire) for each in _over(server, tcp=False) if each.ask.dnssec), default=0)
        if most > _UDP_SIZE:
            yield found(name, server.address, address=server.address, octets=most, limit=_UDP_SIZE)


@SERVER_RULES.rule(
    "SERVER_ALTERNATES",
    Severity.WARNING,
    "RFC 1034 §4.2.2",
    "The server {where} at {address} gives the SOA serials {serials} in turn: several machines out of step stand behind it.",
    "Bring all machines behind that address in step.",
)
def _alternates(case: Case) -> Iterable[Found]:
    for server, name in _living(case):
        serials: set[int] = set()
        for exchange in server.exchanges:
            message = exchange.message
            sections = () if message is None else (*message.answer, *message.authority)
            for rrset in sections:
                if rrset.rdtype == rr.SOA and rrset.owner == case.zone:
                    serials.add(int.from_bytes(rrset.rdatas[0][-20:-16], "big"))
        if len(serials) > 1:
            shown = ", ".join(map(str, sorted(serials)[:4]))
            yield found(name, server.address, address=server.address, serials=shown)

"""The evidence as rules read it: each server's records, every signature with what became of it, DS and keys side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from unbroken.authentication.policy import Policy
from unbroken.authentication.rrsig import verify_rrset
from unbroken.chain import Budget, Chain, Evidence, Limits, Question, SignatureAttempt
from unbroken.delegation import Comparison, Published, compare
from unbroken.diagnosis.inspection import Ask, Exchange, Inspection
from unbroken.dns import Dnskey, Ds, Message, Name, RRset, Rrsig
from unbroken.dns import rdtype as rr
from unbroken.dns.section import find_rrset, find_rrsig_rrset, find_rrsigs

DEFAULT_DAYS: Final = 3
"""Days before its expiration at which a signature is told of."""
MAX_RECORDS: Final = 256
"""RRsets of one server that are looked at."""
_POLICY: Final = Policy()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the validator makes of one question when one server is the only one. `is_parent`: asked as server of the parent."""

    server: str
    is_parent: bool
    question: Question
    chain: Chain


@dataclass(frozen=True, slots=True)
class SignatureFact:
    """One RRset of the zone as a server showed it, its signatures, and each attempt to verify one of them."""

    server: str
    rrset: RRset
    rrsig_ttl: int
    attempts: tuple[SignatureAttempt, ...]
    is_answer: bool
    """It came in an answer section; else in an authority section."""


@dataclass(frozen=True)
class ServerFacts:
    """One server of the zone, or of its parent (then `apex` is still that of the zone, and only DS and referral count)."""

    inspection: Inspection
    address: str

    @property
    def zone(self) -> Name:
        return self.inspection.zone.zone

    def exchange(
        self, rdtype: int, *, name: Name | None = None, tcp: bool = False, dnssec: bool = True
    ) -> Exchange | None:
        """What became of one query; at the apex unless `name` says otherwise."""
        return self.inspection.exchange(self.address, Ask(name or self.zone, rdtype, tcp, dnssec))

    @cached_property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All of this server."""
        return tuple(self.inspection.by_server.get(self.address, {}).values())

    @property
    def is_alive(self) -> bool:
        """Whether anything at all came from it."""
        return any(exchange.wire for exchange in self.exchanges)

    def reply(self, rdtype: int, name: Name | None = None) -> Message | None:
        """The fullest reply with DO."""
        best = self.inspection.best(self.address, name or self.zone, rdtype)
        return None if best is None or best.is_truncated else best.message

    def apex(self, rdtype: int) -> RRset | None:
        """The RRset of that type at the apex, from an authoritative answer."""
        message = self.reply(rdtype)
        if message is None or message.rcode != rr.NOERROR or not message.is_authoritative():
            return None
        return find_rrset(message.answer, self.zone, rdtype)

    @cached_property
    def serves(self) -> bool:
        """Whether it answers for the zone with authority: with AA, for any record of the apex (RFC 1035 §4.1.1)."""
        return any(self.apex(rdtype) is not None for rdtype in (rr.SOA, rr.NS, rr.DNSKEY, rr.CDS, rr.CDNSKEY))

    @cached_property
    def dnskeys(self) -> tuple[Dnskey, ...]:
        """The keys it publishes, bounded as the validator bounds them."""
        rrset = self.apex(rr.DNSKEY)
        return () if rrset is None else rrset.dnskeys()[: Limits().dnskeys_per_zone]

    def records(self) -> Iterator[tuple[RRset, RRset | None, bool]]:
        """Every RRset of the zone in authoritative replies with DO, with its RRSIGs, and whether it was an answer."""
        seen: set[tuple[Name, int, bool]] = set()
        for exchange in self.exchanges:
            message = exchange.message
            if message is None or not exchange.ask.dnssec or exchange.is_truncated or not message.is_authoritative():
                continue
            for section in (message.answer, message.authority):
                for rrset in section[: Limits().rrsets_per_response]:
                    key = (rrset.owner, rrset.rdtype, section is message.answer)
                    if rrset.rdtype == rr.RRSIG or key in seen or not self._is_of_zone(rrset):
                        continue
                    if len(seen) == MAX_RECORDS:
                        return
                    seen.add(key)
                    yield rrset, find_rrsig_rrset(section, rrset.owner, rrset.rdtype), section is message.answer

    def _is_of_zone(self, rrset: RRset) -> bool:
        return rrset.rdclass == rr.CLASS_IN and rrset.owner.is_subdomain_of(self.zone) and not self._is_parents(rrset)

    def _is_parents(self, rrset: RRset) -> bool:
        # RFC 4035 §2.4: the DS RRset at the apex is the parent's. Where one address serves both zones it comes from here too.
        return rrset.rdtype == rr.DS and rrset.owner == self.zone


@dataclass(frozen=True)
class Case:
    """All that rules look at. `now`: epoch seconds; `days` before expiration a signature is told of."""

    inspection: Inspection
    now: int
    days: int
    judgements: tuple[Judgement, ...] = ()

    @property
    def zone(self) -> Name:
        return self.inspection.zone.zone

    @cached_property
    def servers(self) -> tuple[ServerFacts, ...]:
        """Those of the zone that were asked."""
        return tuple(ServerFacts(self.inspection, address) for address in self.inspection.zone.addresses)

    @cached_property
    def serving(self) -> tuple[ServerFacts, ...]:
        """Those that answer with authority."""
        return tuple(server for server in self.servers if server.serves)

    @cached_property
    def parents(self) -> tuple[ServerFacts, ...]:
        """Those of the parent that answered with authority when asked for the DS, whether there is one or not."""
        parent = self.inspection.parent
        facts = [ServerFacts(self.inspection, address) for address in (() if parent is None else parent.addresses)]
        return tuple(server for server in facts if _answers(server.reply(rr.DS)))

    @cached_property
    def keys(self) -> dict[Dnskey, tuple[str, ...]]:
        """Every key, with the servers that publish it."""
        found: dict[Dnskey, list[str]] = {}
        for server in self.serving:
            for key in server.dnskeys:
                found.setdefault(key, []).append(server.address)
        return {key: tuple(addresses) for key, addresses in found.items()}

    @cached_property
    def dses(self) -> dict[Ds, tuple[str, ...]]:
        """Every DS, with the servers of the parent that have it."""
        found: dict[Ds, list[str]] = {}
        for server in self.parents:
            rrset = server.apex(rr.DS)
            for ds in () if rrset is None else rrset.dses()[: Limits().ds_per_zone]:
                if ds in found or len(found) < Limits().ds_per_zone:
                    found.setdefault(ds, []).append(server.address)
        return {ds: tuple(addresses) for ds, addresses in found.items()}

    @property
    def is_signed(self) -> bool:
        """Whether any server publishes keys."""
        return bool(self.keys)

    @cached_property
    def comparison(self) -> Comparison:
        """The parent's DS against the keys of the first server that has any."""
        keyed = next((server for server in self.serving if server.dnskeys), None)
        if keyed is None:
            return compare(Published(self.zone, tuple(self.dses), None), self.now)
        rrset = keyed.apex(rr.DNSKEY)
        assert rrset is not None
        evidence = Evidence(rrset, tuple(self._rrsigs_over(rrset)))
        published = Published(self.zone, tuple(self.dses), evidence, keyed.apex(rr.CDS), keyed.apex(rr.CDNSKEY))
        return compare(published, self.now)

    def _rrsigs_over(self, keys: RRset) -> dict[Rrsig, None]:
        """The signatures over one DNSKEY RRset of all servers that have it: each of several signers may have made its own
        (RFC 8901 §2.1.2)."""
        found: dict[Rrsig, None] = {}
        for server in self.serving:
            message = server.reply(rr.DNSKEY)
            if message is not None and server.apex(rr.DNSKEY) == keys:
                found.update(dict.fromkeys(find_rrsigs(message.answer, self.zone, rr.DNSKEY)))
        return found

    @cached_property
    def signatures(self) -> tuple[SignatureFact, ...]:
        """Every RRset that came with signatures, each signature tried with the keys of the same server."""
        return tuple(self._signatures())

    @cached_property
    def unsigned(self) -> tuple[tuple[ServerFacts, RRset], ...]:
        """Every RRset that came without, though the server publishes keys. Not what a DNAME makes (RFC 6672 §5.3.1)."""
        found = []
        for server in self.serving:
            records = tuple(server.records()) if server.dnskeys else ()
            dnames = [rrset.owner for rrset, _, _ in records if rrset.rdtype == rr.DNAME]
            for rrset, rrsigs, _ in records:
                made = rrset.rdtype == rr.CNAME and any(rrset.owner.is_below(dname) for dname in dnames)
                is_cut = rrset.rdtype == rr.NS and rrset.owner != self.zone
                if rrsigs is None and not made and not is_cut:
                    found.append((server, rrset))
        return tuple(found)

    def _signatures(self) -> Iterator[SignatureFact]:
        budget = Budget(Limits())
        tried: dict[tuple[object, ...], tuple[SignatureAttempt, ...]] = {}
        for server in self.serving:
            for rrset, rrsigs, is_answer in server.records() if server.dnskeys else ():
                if rrsigs is None:
                    continue
                # Servers in step hold the same records: each is verified once.
                key = rrset.owner, rrset.rdtype, rrset.rdatas, rrsigs.rdatas, server.dnskeys
                if key not in tried:
                    evidence = Evidence(rrset, rrsigs.rrsigs())
                    verdict = verify_rrset(
                        evidence, self.zone, server.dnskeys, self.now, _POLICY, budget, all_paths=True
                    )
                    tried[key] = verdict.attempts
                yield SignatureFact(server.address, rrset, rrsigs.ttl, tried[key], is_answer)

    def soa(self, server: ServerFacts) -> tuple[int, ...] | None:
        """SERIAL, REFRESH, RETRY, EXPIRE, MINIMUM of a server's SOA (RFC 1035 §3.3.13)."""
        rrset = server.apex(rr.SOA)
        if rrset is None:
            return None
        numbers = rrset.rdatas[0][-20:]
        return tuple(int.from_bytes(numbers[at : at + 4], "big") for at in range(0, 20, 4))


def _answers(message: Message | None) -> bool:
    return message is not None and message.rcode in (rr.NOERROR, rr.NXDOMAIN) and message.is_authoritative()

"""Iterative resolution of one name and type: from the deepest zone whose servers are known, down the referrals.

What a referral says of the child's DS is kept as the answer to that look-up, so that the validator's question costs nothing.
"""

from typing import Final

from unbroken.chain import Provenance
from unbroken.dns import Message, Name
from unbroken.dns import rdtype as rr
from unbroken.dns.section import find_rrset
from unbroken.records import dataclass
from unbroken.resolving.addresses import Admission
from unbroken.resolving.cache import Delegation, DelegationCache, FailureCache, MessageCache
from unbroken.resolving.clock import Clock
from unbroken.resolving.hunt import PATIENCE, Found, Glue, Hunt, Hunter
from unbroken.resolving.options import Options
from unbroken.resolving.reading import Kind, Reading, delegation_signer_answer
from unbroken.resolving.transport import Server
from unbroken.resolving.work import ResolverLimits, Work
from unbroken.validation.protocol import Answer, Failure, Lookup, NoAnswer, Response

# RFC 9156 §2.3: MAX_MINIMISE_COUNT and MINIMISE_ONE_LAB.
_MAX_MINIMISE_COUNT: Final = 10
_MINIMISE_ONE_LABEL: Final = 4


def minimised_labels(total: int, known: int, step: int) -> int:
    """How many labels of a name of `total` to show next to a server of a zone of `known` labels, at minimising step `step`.

    RFC 9156 §2.3: one label at a time for the first few, then the rest in the steps that are left.
    """
    remaining = total - known
    if remaining <= 1 or step >= _MAX_MINIMISE_COUNT:
        return total
    if step < _MINIMISE_ONE_LABEL:
        return known + 1
    left = _MAX_MINIMISE_COUNT - step
    return min(total, known + -(-remaining // left))


@dataclass(slots=True)
class _Descent:
    """Where one iteration stands."""

    delegation: Delegation
    shown: int
    """Labels of the name that the zone's servers have been shown, or that the zone itself has."""
    minimises: bool
    step: int = 0
    denied: Answer | None = None
    """NXDOMAIN for a name above the one that is wanted."""


class Iteration:
    """Walks down from the root, or from the deepest known zone. Also resolves the addresses of name servers on the way."""

    def __init__(
        self,
        hunter: Hunter,
        delegations: DelegationCache,
        messages: MessageCache,
        failures: FailureCache,
        limits: ResolverLimits,
        clock: Clock,
        options: Options,
    ) -> None:
        self._hunter = hunter
        self._delegations = delegations
        self._messages = messages
        self._failures = failures
        self._limits = limits
        self._clock = clock
        self._admission = Admission(delegations, options)
        self._minimise = options.minimise
        self._address_types = options.address_types

    async def resolve(self, lookup: Lookup, work: Work, path: tuple[Lookup, ...] = ()) -> Response:
        """The authoritative answer to exactly this name and type; CNAMEs are followed within the zone only.

        `path` holds the look-ups that wait for this one: name servers whose addresses depend on each other end there.
        """
        descent = self._start(lookup)
        if descent is None:
            return NoAnswer(Failure.UNREACHABLE, "no root servers are configured")
        hunt = Hunt((*path, lookup))
        for _ in range(self._limits.referrals):
            ask = self._next(lookup, descent, work)
            known = self._messages.get(ask) if ask != lookup else None
            if known is not None:
                self._pass_minimised(ask, known, descent)
                continue
            found = await self._hunter.hunt(
                descent.delegation, ask, work, hunt, self.addresses, patience=PATIENCE if ask == lookup else 1
            )
            if found is None:
                if ask == lookup or work.is_spent:
                    return self._unanswered(lookup, descent, ask, work, hunt)
                # RFC 9156 §2.3 and its appendix: a server that fails on a short name may do well with the full one.
                work.takes_whole_names.add(descent.delegation.zone)
            elif found.reading.kind is Kind.REFERRAL:
                answer = self._refer(found, lookup, descent)
                if answer is not None:
                    return answer
            elif ask == lookup:
                answer = self._answer(found.reading.message, found)
                self._messages.put(lookup, answer)
                return answer
            else:
                answer = self._answer(found.reading.message, found)
                self._messages.put(ask, answer)
                self._pass_minimised(ask, answer, descent)
        return NoAnswer(Failure.OVER_LIMIT, f"more than {self._limits.referrals} referrals")

    def _unanswered(self, lookup: Lookup, descent: _Descent, ask: Lookup, work: Work, hunt: Hunt) -> Response:
        if descent.denied is not None:
            # RFC 8020 §2: below a name that does not exist there is nothing, so that answer will do for this one.
            return _restated(descent.denied, lookup)
        if hunt.is_silence:
            self._delegations.discard(descent.delegation.zone)
        return hunt.no_answer(ask, descent.delegation.zone, work)

    def _start(self, lookup: Lookup) -> _Descent | None:
        # RFC 4035 §3.1.4.1: DS is asked at the parent, so never start from the zone of that very name.
        at_parent = lookup.rdtype == rr.DS and not lookup.name.is_root
        delegation = self._delegations.closest(lookup.name.parent() if at_parent else lookup.name)
        # A zone whose only server lies within it, and came without glue, can't tell that server's address: its parent may.
        while delegation is not None and not delegation.servers and not delegation.zone.is_root:
            if not any(lookup.name == name for name in delegation.without_address):
                break
            delegation = self._delegations.closest(delegation.zone.parent())
        if delegation is None:
            return None
        return _Descent(delegation, delegation.zone.label_count, self._minimise)

    def _next(self, lookup: Lookup, descent: _Descent, work: Work) -> Lookup:
        if not descent.minimises or descent.delegation.zone in work.takes_whole_names:
            return lookup
        total = lookup.name.label_count
        labels = minimised_labels(total, descent.shown, descent.step)
        # RFC 9156 §2.1: the type that is shown with a short name hides the one that is wanted; A is the least remarkable.
        return lookup if labels >= total else Lookup(lookup.name.ancestor(labels), rr.A)

    def _pass_minimised(self, ask: Lookup, answer: Answer, descent: _Descent) -> None:
        if answer.message.rcode == rr.NOERROR:
            descent.shown, descent.step = ask.name.label_count, descent.step + 1
        else:
            # RFC 8020 says nothing is below, RFC 9156 §3 that not every server keeps to it: ask for the whole name.
            descent.minimises = False
            descent.denied = answer

    def _refer(self, found: Found, lookup: Lookup, descent: _Descent) -> Response | None:
        """Take a referral: remember the cut and its DS, go there. A response, if that DS was the question."""
        cut = found.reading.cut
        message = found.reading.message
        if cut is None:
            return None
        ds = delegation_signer_answer(message, cut)
        if ds is not None:
            self._messages.put(Lookup(cut, rr.DS), self._answer(ds, found))
        if lookup.rdtype == rr.DS and lookup.name == cut:
            # A server that knows no DS refers to the child instead of answering for it: there is none.
            bare = Message(0, message.flags, (cut, rr.DS, rr.CLASS_IN), (), message.authority, edns=message.edns)
            return self._answer(ds or bare, found)
        delegation = self._delegation(found.reading, cut)
        ttl = min((rrset.ttl for rrset in message.authority if rrset.rdtype == rr.NS), default=0)
        self._delegations.put(delegation, ttl, through=descent.delegation.zone)
        descent.delegation = self._delegations.get(cut) or delegation
        descent.shown = cut.label_count
        descent.denied = None
        return None

    def _delegation(self, reading: Reading, cut: Name) -> Delegation:
        glue: dict[Name, tuple[Server, ...]] = {}
        for rrset in reading.message.additional:
            if rrset.rdtype in self._address_types:
                glue[rrset.owner] = glue.get(rrset.owner, ()) + self._servers(cut, rrset.rdatas)
        names = [name for rrset in reading.message.authority if rrset.rdtype == rr.NS for name in rrset.names()]
        taken = list(dict.fromkeys(names))[: self._limits.nameservers_per_referral]
        most = self._limits.addresses_per_nameserver
        return Delegation(cut, tuple((name, glue.get(name, ())[:most]) for name in taken))

    def _servers(self, zone: Name, rdatas: tuple[bytes, ...]) -> tuple[Server, ...]:
        return self._admission.servers(zone, rdatas)[: self._limits.addresses_per_nameserver]

    def _answer(self, message: Message, found: Found) -> Answer:
        return Answer(message, Provenance(str(found.server), found.transport, self._clock.now()))

    async def addresses(
        self, name: Name, work: Work, path: tuple[Lookup, ...], glue: Glue = Glue.TRUSTED
    ) -> tuple[Server, ...]:
        """The addresses of a name server: from the cache, from glue, or by resolving it, IPv4, or IPv6 when there is none.

        With glue passed over: what resolving it gives, in both families, then the glue.
        """
        known = self._known_addresses(name) if glue is Glue.TRUSTED else ()
        if known:
            return known
        if len(path) > self._limits.depth:
            work.curtailed += 1
            return self._delegations.glue(name)
        if not work.charge_nameserver(name):
            return self._delegations.glue(name)
        servers: tuple[Server, ...] = ()
        for rdtype in self._address_types:
            lookup = Lookup(name, rdtype)
            if lookup in path:
                work.curtailed += 1
                continue
            response = await self._address_response(lookup, work, path)
            servers += self._addresses_in(response, lookup)
            if isinstance(response, Answer) and response.message.rcode == rr.NXDOMAIN:
                break
            if servers and glue is Glue.TRUSTED:
                break
        if not servers:
            work.unresolvable.add(name)
        return servers if glue is Glue.TRUSTED else servers + self._delegations.glue(name)

    async def _address_response(self, lookup: Lookup, work: Work, path: tuple[Lookup, ...]) -> Response:
        known = self._messages.get(lookup) or self._failures.get(lookup)
        if known is not None:
            return known
        curtailed = work.curtailed
        response = await self.resolve(lookup, work, path)
        # RFC 9520 §3.2: failures are cached, those of name server addresses too; but not what the budget or a circle made.
        if isinstance(response, NoAnswer) and not work.is_spent and work.curtailed == curtailed:
            self._failures.put(lookup, response)
        return response

    def _known_addresses(self, name: Name) -> tuple[Server, ...]:
        for rdtype in self._address_types:
            lookup = Lookup(name, rdtype)
            cached = self._messages.get(lookup)
            servers = self._addresses_in(cached, lookup) if cached is not None else ()
            if servers:
                return servers
        return self._delegations.glue(name)

    def _addresses_in(self, response: Response, lookup: Lookup) -> tuple[Server, ...]:
        if isinstance(response, NoAnswer):
            return ()
        # RFC 2181 §10.3: the target of an NS record is no alias; a CNAME there is not followed.
        rrset = find_rrset(response.message.answer, lookup.name, lookup.rdtype)
        return self._servers(lookup.name, rrset.rdatas) if rrset is not None else ()


def _restated(answer: Answer, lookup: Lookup) -> Answer:
    """A denial of a name above as the answer to `lookup`."""
    old = answer.message
    question = (lookup.name, lookup.rdtype, rr.CLASS_IN)
    message = Message(old.id, old.flags, question, old.answer, old.authority, rcode=old.rcode, edns=old.edns)
    return Answer(message, answer.provenance)

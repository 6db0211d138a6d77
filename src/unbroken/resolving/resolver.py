"""The resolver: look-ups through caches, iteration or forwarders, and questions validated from the anchor down."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from unbroken.chain import Chain, Limits, Link, Provenance, Question, Status
from unbroken.dns import Message, Name
from unbroken.resolving.cache import DelegationCache, ExpiringMap, FailureCache, MessageCache
from unbroken.resolving.clock import Clock, SystemClock
from unbroken.resolving.driver import drive_concurrently
from unbroken.resolving.exchange import Exchanger
from unbroken.resolving.flights import Flights
from unbroken.resolving.forwarding import Forwarding
from unbroken.resolving.hints import Hints, iana_root_hints
from unbroken.resolving.hunt import Hunter
from unbroken.resolving.iteration import Iteration
from unbroken.resolving.loop import running_loop
from unbroken.resolving.merging import Merged
from unbroken.resolving.options import Options
from unbroken.resolving.priming import Priming, hinted_delegation
from unbroken.resolving.resolution import Resolution, capped, proven_message, source_of_break
from unbroken.resolving.servers import ServerBook
from unbroken.resolving.transport import Server, Transport
from unbroken.resolving.work import ResolverLimits, Work
from unbroken.validation.protocol import Answer, Effort, Failure, Lookup, NoAnswer, Response, Validation
from unbroken.validation.trust import TrustCache

if TYPE_CHECKING:
    from unbroken.anchors.store import TrustAnchors
    from unbroken.authentication.policy import Policy
    from unbroken.resolving.denial_cache import DenialCache

_BOGUS_SECONDS: Final = 30
"""How long bogus data is kept, and its question not tried anew at other servers (RFC 4035 §4.7)."""


class Resolver:
    """A validating resolver. One belongs to one event loop at a time; its caches outlive the loop."""

    def __init__(
        self,
        *,
        hints: Hints | None = None,
        forwarders: Sequence[Server] = (),
        forward_zones: Mapping[Name, Sequence[Server]] | None = None,
        stub_zones: Sequence[Hints] = (),
        anchors: "TrustAnchors | None" = None,
        policy: "Policy | None" = None,
        limits: Limits | None = None,
        resolver_limits: ResolverLimits | None = None,
        options: Options | None = None,
        transport: Transport | None = None,
        clock: Clock | None = None,
        trust: TrustCache | None = None,
    ) -> None:
        """`hints` None: the IANA root servers. `forwarders` take every name; `forward_zones` and `stub_zones` some.

        `anchors` None: the IANA root anchors. `limits` bound the validator's work, `resolver_limits` the queries.
        """
        self.options = options or Options()
        self.limits = limits or Limits()
        self.resolver_limits = resolver_limits or ResolverLimits()
        self.clock: Clock = clock or SystemClock()
        self.trust = trust if trust is not None else TrustCache()
        self.messages = MessageCache(self.resolver_limits, self.clock)
        self.delegations = DelegationCache(self.resolver_limits, self.clock)
        self.failures = FailureCache(self.resolver_limits, self.clock)
        self.book = ServerBook(self.resolver_limits, self.clock)
        self._anchors = anchors
        self._policy = policy
        self._bogus: ExpiringMap[Lookup, bool] = ExpiringMap(self.resolver_limits.messages, self.clock)
        self._flights: Flights[tuple[Lookup, int], Response] = Flights()
        self._primings: Flights[Name, None] = Flights()
        exchanger = Exchanger(transport or _sockets(), self.clock, self.book, self.resolver_limits, self.options)
        zones = {zone: tuple(servers) for zone, servers in (forward_zones or {}).items()}
        if forwarders:
            zones[Name.ROOT] = tuple(forwarders)
        self._set_up_forwarding(exchanger, zones)
        self._set_up_iteration(exchanger, hints, stub_zones)

    def _set_up_forwarding(self, exchanger: Exchanger, zones: Mapping[Name, tuple[Server, ...]]) -> None:
        hunter = Hunter(exchanger, self.book, self.resolver_limits, shuffle=self.options.shuffle, recursive=True)
        self._forwarding = Forwarding(zones, hunter, self.messages, self.clock)

    def _set_up_iteration(self, exchanger: Exchanger, hints: Hints | None, stub_zones: Sequence[Hints]) -> None:
        options = self.options
        self._denials = _denial_cache(self.resolver_limits, self.clock) if options.aggressive else None
        hunter = Hunter(exchanger, self.book, self.resolver_limits, shuffle=options.shuffle)
        root = hinted_delegation(hints or iana_root_hints(), options)
        for delegation in (root, *(hinted_delegation(stub, options) for stub in stub_zones)):
            if delegation.servers or delegation.nameservers:
                self.delegations.fix(delegation)
        self._priming = Priming(hunter, self.delegations, root, options)
        self._iteration = Iteration(
            hunter, self.delegations, self.messages, self.failures, self.resolver_limits, self.clock, options
        )

    # --- look-ups -----------------------------------------------------------------------------------------------------

    async def fetch(self, lookup: Lookup) -> Response:
        """One look-up, not validated: the answer to exactly this name and type, CNAMEs of its zone followed.

        NXDOMAIN and NODATA are answers. Never raises, but when cancelled.
        """
        return await self._fetch(lookup, self.begin())

    def begin(self) -> Work:
        """A fresh account of queries and time, for one question."""
        return Work.begin(self.resolver_limits, self.clock)

    async def _fetch(self, lookup: Lookup, work: Work) -> Response:
        known = work.responses.get(lookup)
        if known is not None:
            return known
        response = await self._known_or_joined(lookup, work)
        work.responses[lookup] = response
        if isinstance(response, Answer):
            work.served_by.setdefault(lookup, set()).add(response.provenance.server)
        return response

    async def _known_or_joined(self, lookup: Lookup, work: Work) -> Response:
        def known() -> Response | None:
            return self.messages.get(lookup) or self._denied(lookup, work) or self.failures.get(lookup)

        def suffices(response: Response) -> bool:
            # A failure that is not kept is one of somebody else's budget. It says nothing to a question that has its own.
            return isinstance(response, Answer) or known() is not None or work.is_spent

        response = known()
        if response is None:
            key = (lookup, work.attempt)
            response = await self._flights.join(key, lambda: self._look_up(lookup, work), suffices)
            work.heard |= isinstance(response, Answer)
        return response

    def _denied(self, lookup: Lookup, work: Work) -> Answer | None:
        """What follows from earlier denials; not again when a chain that may rest on it was bogus."""
        if self._denials is None or work.attempt:
            return None
        anchor, now = self.anchors.closest(lookup.name), self.clock.now()
        if anchor is None or self.anchors.negative_for(lookup.name, now) is not None:
            return None
        # What is configured for a name stands, even where the zones above deny that name.
        configured = (self.delegations.configured_above(lookup.name), self._forwarding.closest(lookup))
        edges = [anchor.owner, *(zone for zone in configured if zone is not None)]
        return self._denials.get(lookup, max(edges, key=lambda zone: zone.label_count))

    async def _look_up(self, lookup: Lookup, work: Work) -> Response:
        was_fresh, curtailed = work.is_fresh, work.curtailed
        response = await self._resolve(lookup, work)
        # RFC 9520 §3.2: failures must be cached. Not so one that this question made by coming here with little left: it
        # would be everybody's.
        is_own = work.is_spent or work.curtailed > curtailed
        if isinstance(response, NoAnswer) and (was_fresh or not is_own) and not work.was_crowded_out:
            self.failures.put(lookup, response)
        return response

    async def _resolve(self, lookup: Lookup, work: Work) -> Response:
        forwarded = self._forwarding.closest(lookup)
        stub = self.delegations.configured_above(lookup.name)
        if forwarded is not None and (stub is None or stub.label_count <= forwarded.label_count):
            return await self._forwarding.resolve(forwarded, lookup, work)
        await self._prime_if_due(lookup, work)
        return await self._iteration.resolve(lookup, work)

    async def _prime_if_due(self, lookup: Lookup, work: Work) -> None:
        if not self.options.prime or not self._priming.is_due:
            return
        start = self.delegations.closest(lookup.name)
        if start is not None and start.zone.is_root:
            await self._primings.join(Name.ROOT, lambda: self._priming.prime(work))

    # --- questions ----------------------------------------------------------------------------------------------------

    async def lookup(self, name: Name, rdtype: int) -> tuple[Message, Provenance]:
        """The answer as a recursive server gives it, not validated: CNAMEs and DNAMEs chased across zones, merged.

        When it can't be had, rcode is SERVFAIL and the answer holds the hops that could.
        """
        message, provenance, _ = await self.look_up(name, rdtype)
        return message, provenance

    async def look_up(self, name: Name, rdtype: int) -> tuple[Message, Provenance, NoAnswer | None]:
        """As `lookup`, with the reason when there is no answer, or none to the last hop."""
        merged = await self._gather(Question(name, rdtype), self.begin())
        return capped(merged.message(), self.resolver_limits.maximum_ttl), merged.provenance, merged.failure

    async def _gather(self, question: Question, work: Work) -> Merged:
        merged = Merged(question)
        name: Name | None = question.name
        for _ in range(self.resolver_limits.hops + 1):
            if name is None:
                return merged
            response = await self._fetch(Lookup(name, question.rdtype), work)
            if isinstance(response, NoAnswer):
                merged.failure = response
                return merged
            name = merged.add(name, response)
        if name is not None:
            merged.failure = NoAnswer(Failure.OVER_LIMIT, f"more than {self.resolver_limits.hops} CNAMEs in a row")
        return merged

    async def resolve(self, name: Name, rdtype: int, *, effort: Effort = Effort.FIRST_PATH) -> Resolution:
        """Resolve and validate. Never raises for what the network says; see `Resolution`.

        A bogus chain is built anew from other servers, a few times: one stale or tampering server must not decide.
        """
        question = Question(name, rdtype)
        work = self.begin()
        best = await self._attempt(question, work, effort)
        while best.status is Status.BOGUS and self._may_retry(question, work):
            self._set_aside(best.chain, work)
            again = await self._attempt(question, work, effort)
            # An attempt that could not finish does not excuse the bogus one.
            best = again if again.status is not Status.INDETERMINATE else best
            if not self._is_from_others(work):
                break
        if best.status is Status.BOGUS:
            self._keep_briefly(question, work)
        return best

    async def _attempt(self, question: Question, work: Work, effort: Effort) -> Resolution:
        merged = await self._gather(question, work)
        given: Response | None = merged.first or merged.failure

        async def fetch(lookup: Lookup) -> Response:
            return await self._fetch(lookup, work)

        chain = await drive_concurrently(self._validation(question, given, effort), fetch)
        message = merged.message()
        if self._denials is not None:
            self._denials.learn(chain)
        if chain.status is Status.SECURE:
            # What is proven counts, not what an unsigned rcode says: an empty non-terminal is no NXDOMAIN.
            message = proven_message(message, chain, self.clock.now())
        source = source_of_break(chain, work.responses)
        return Resolution(question, capped(message, self.resolver_limits.maximum_ttl), chain, merged.failure, source)

    def prepare(self) -> None:
        """Load what validating takes, which is done with the first question otherwise: it would wait for that."""
        import unbroken.validation.validator  # noqa: F401
        from unbroken.authentication.policy import Policy

        self._policy = self._policy or Policy()
        _ = self.anchors

    def _validation(self, question: Question, given: Response | None, effort: Effort) -> Validation:
        from unbroken.authentication.policy import Policy  # look-ups alone need no validator
        from unbroken.validation.validator import validate

        if self._policy is None:
            self._policy = Policy()
        return validate(
            question,
            anchors=self.anchors,
            now=self.clock.now(),
            trust=self.trust,
            policy=self._policy,
            limits=self.limits,
            effort=effort,
            given=given,
        )

    @property
    def anchors(self) -> "TrustAnchors":
        """The trust anchors in force."""
        if self._anchors is None:
            from unbroken.anchors.builtin import iana_root

            self._anchors = iana_root()
        return self._anchors

    @anchors.setter
    def anchors(self, anchors: "TrustAnchors") -> None:
        # What is known of zones goes by the anchors it was found with (see `TrustCache`); a bogus chain may hold by these.
        self._anchors = anchors
        self._bogus.clear()

    # --- when the chain is bogus --------------------------------------------------------------------------------------

    def _may_retry(self, question: Question, work: Work) -> bool:
        if work.attempt >= self.resolver_limits.bogus_retries or work.is_spent:
            return False
        return self._bogus.get(question) is None

    def _set_aside(self, chain: Chain, work: Work) -> None:
        """Forget the look-ups that the broken link may rest on, and ask those who answered them last from now on."""
        # RFC 6891 §6.2.2: no EDNS, no signatures. Someone may have forged the refusal, or the server have had a bad moment.
        self.book.expect_edns(server for served in work.served_by.values() for server in served)
        doubted = [lookup for lookup in work.responses if _may_rest_on(chain.broken_link, lookup, chain.question)]
        for lookup in doubted:
            work.avoid.setdefault(lookup, set()).update(work.served_by.pop(lookup, set()))
            del work.responses[lookup]
            self.messages.discard(lookup)
            self.failures.discard(lookup)
        if chain.broken_link is not None:
            self.trust.discard_below(chain.broken_link.zone)
        work.attempt += 1

    def _is_from_others(self, work: Work) -> bool:
        """Whether the last attempt heard anyone that the ones before had not: if not, a further one is no use."""
        return any(not served <= work.avoid.get(lookup, set()) for lookup, served in work.served_by.items())

    def _keep_briefly(self, question: Question, work: Work) -> None:
        # RFC 4035 §4.7: bogus data may be cached, with a short lifetime, to spare the servers.
        self._bogus.put(question, True, _BOGUS_SECONDS)
        for lookup in work.responses:
            self.messages.shorten(lookup, _BOGUS_SECONDS)

    def forget(self, name: Name, *, tree: bool) -> int:
        """Forget what was learnt of a name, or of all at and below it; how many messages and failures that were.

        What was found of zones there, and what was proven not to exist, is found anew in either case.
        """

        def is_doomed(lookup: Lookup) -> bool:
            return lookup.name == name or (tree and lookup.name.is_below(name))

        forgotten = self.messages.discard_where(is_doomed) + self.failures.discard_where(is_doomed)
        self._bogus.discard_where(is_doomed)
        self.trust.discard_below(name)
        if tree:
            self.delegations.discard_below(name)
        if self._denials is not None:
            self._denials.discard_about(name)
        return forgotten

    def flush(self) -> None:
        """Forget everything that was learnt: messages, delegations, failures, servers, trust."""
        for cache in (self.messages, self.delegations, self.failures, self.book, self._bogus):
            cache.clear()
        self.trust.discard_below(Name.ROOT)
        if self._denials is not None:
            self._denials.clear()


def _may_rest_on(broken: Link | None, lookup: Lookup, question: Question) -> bool:
    if broken is None or lookup.name.is_subdomain_of(broken.zone):
        return True
    return lookup.name == question.name


def _denial_cache(limits: ResolverLimits, clock: Clock) -> "DenialCache":
    from unbroken.resolving.denial_cache import DenialCache  # look-ups alone need no proofs

    return DenialCache(limits, clock)


def _sockets() -> Transport:
    """Real sockets, for the loop that runs the caller. The one place where they come from, and where tests put others."""
    if running_loop() is not None:
        from unbroken.resolving.selecting import SelectingTransport

        return SelectingTransport()
    from unbroken.resolving.sockets import SocketTransport  # not needed with another transport

    return SocketTransport()

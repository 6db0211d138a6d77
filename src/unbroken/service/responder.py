"""From a client's octets to those of the reply: at once where nothing has to be looked up, by a coroutine where it has."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from unbroken.anchors.sentinel import SentinelAnswer, answer_for
from unbroken.chain import Question, Status
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede
from unbroken.resolving.flights import Flights
from unbroken.resolving.resolution import Resolution
from unbroken.resolving.resolver import Resolver
from unbroken.service.answers import AnswerCache
from unbroken.service.clients import Gate, Verdict
from unbroken.service.extended_error import ExtendedError, of_failure
from unbroken.service.kept import Kept
from unbroken.service.log import Log
from unbroken.service.policy import immediate
from unbroken.service.query import Query, Unreadable, read_query
from unbroken.service.reply import Content, Via, refusal, reply
from unbroken.service.special_names import SpecialNames
from unbroken.service.stats import Stats

Later = Coroutine[Any, Any, bytes]
Response = bytes | Later | None
"""The reply, or what will give it, or None: then there is none."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What a responder does beside answering. `stale_after`: seconds that a client waits before it gets stale data."""

    prefetches: bool = False
    stale_after: float = 1.8


class Responder:
    """Answers queries from whatever transport."""

    def __init__(
        self,
        resolver: Resolver,
        answers: AnswerCache,
        special_names: SpecialNames | None,
        gate: Gate,
        stats: Stats,
        log: Log,
        heed: Callable[[Resolution], None] = lambda _: None,
        habits: Habits = Habits(),
    ) -> None:
        """`heed` is told of every resolution that was made anew."""
        self._resolver = resolver
        self._answers = answers
        self.special_names = special_names
        self.gate = gate
        self._stats = stats
        self._log = log
        self._heed = heed
        self._habits = habits
        self._background: dict[Question, asyncio.Task[Kept]] = {}
        self._flights: Flights[tuple[Question, int], Kept] = Flights()

    def respond(self, wire: bytes, client: str, via: Via, *, is_over_rate: bool | None = None) -> Response:
        """See `Response`. Never raises for what a client sends. `is_over_rate`: whether the client has used up its allowance,
        where that was counted already."""
        self._stats.queries[via.name] += 1
        if not self.gate.admits(client):
            return self._refuse(wire, via)
        verdict = self.gate.judge(client, is_stream=via.is_stream, is_over_rate=is_over_rate)
        if verdict is Verdict.DROPPED and not via.is_stream:
            self._stats.dropped["rate"] += 1
            return None
        query = read_query(wire)
        if query is None:
            self._stats.dropped["no query"] += 1
            return None
        if isinstance(query, Unreadable):
            self._stats.replies[rr.rcode_text(query.rcode)] += 1
            return query.wire
        if verdict is not Verdict.SERVED:
            return self._slow_down(query, via)
        content = self._at_once(query)
        if content is None and not self.gate.enter(client):
            content = self._overloaded(query)
        return self._reply(query, content, via) if content is not None else self._later(query, client, via)

    def _refuse(self, wire: bytes, via: Via) -> bytes | None:
        """RFC 8914 §4.19: a client that is not to be served is told so, unless what it sent is not even a query."""
        query = read_query(wire)
        if not isinstance(query, Query):
            self._stats.dropped["no query"] += 1
            return None
        error = ExtendedError(Ede.PROHIBITED, "this resolver does not serve your address")
        return self._reply(query, refusal(rr.REFUSED, error), via)

    def _slow_down(self, query: Query, via: Via) -> bytes:
        self._stats.dropped["rate"] += 1
        if via.is_stream:
            return self._reply(query, refusal(rr.REFUSED, ExtendedError(Ede.OTHER, "too many queries, slow down")), via)
        # Nothing to amplify; and over TCP a client shows that its address is its own.
        return self._reply(query, Content(is_truncated=True), via)

    def _overloaded(self, query: Query) -> Content:
        """What is in the cache is answered whatever the load, even when it is stale; what would be more work is not begun."""
        self._stats.dropped["overload"] += 1
        stale = self._answers.stale(query.question)
        if stale is not None:
            return self._content(query, stale)
        return refusal(rr.SERVFAIL, ExtendedError(Ede.OTHER, "too many questions are being resolved"))

    def _at_once(self, query: Query) -> Content | None:
        content = immediate(query)
        if content is None and self.special_names is not None:
            content = self.special_names.content(query)
        if content is not None:
            return content
        kept = self._answers.get(query.question)
        if kept is None:
            self._stats.misses += 1
            return None
        self._stats.hits += 1
        if self._habits.prefetches and not kept.is_stale and kept.is_nearly_over(self._resolver.clock.monotonic()):
            self._renew(kept)
        content = self._content(query, kept)
        if content.rcode == rr.SERVFAIL and not kept.is_secure:
            # RFC 8914 §4.14: that it is kept is worth knowing to who has just mended something; a sentinel's
            # SERVFAIL is made anew each time.
            content = replace(content, errors=(*content.errors, ExtendedError(Ede.CACHED_ERROR)))
        return content

    def repeatable_for(self, wire: bytes, client: str) -> float:
        """Seconds for which what was just replied to this query may be repeated to all who ask the same and are admitted; 0: it
        may not. Only what is kept may, and of that only what need not be looked at again: neither stale nor to be renewed.
        """
        query = read_query(wire)
        if not isinstance(query, Query) or not self.gate.admits(client) or immediate(query) is not None:
            return 0.0
        if self.special_names is not None and self.special_names.content(query) is not None:
            return 0.0
        kept = self._answers.get(query.question)
        if kept is None or kept.is_stale:
            return 0.0
        now = self._resolver.clock.monotonic()
        return kept.renewal_at - now if self._habits.prefetches else kept.made_at + kept.lifetime - now

    def _content(self, query: Query, kept: Kept) -> Content:
        self._stats.stale += kept.is_stale
        if query.checking_disabled:
            return kept.unchecked(self._resolver.clock.monotonic())
        return self.checked(query.question, kept)

    def checked(self, question: Question, kept: Kept) -> Content:
        """What clients without CD get of what is kept."""
        content = kept.content(self._resolver.clock.monotonic())
        # RFC 8509 §2.1: what counts is that the answer is secure and says so; a stale one does not.
        status = Status.SECURE if content.is_secure else Status.INDETERMINATE
        answer = answer_for(question, status, self._resolver.anchors, checking_disabled=False)
        if answer is SentinelAnswer.ORIGINAL:
            return content
        return refusal(
            rr.SERVFAIL, ExtendedError(Ede.OTHER, "what the root key sentinel asks about is not so (RFC 8509)")
        )

    def _renew(self, kept: Kept) -> None:
        """Resolve anew what is asked for often and nearly over, if there is nothing better to do."""
        chain = kept.resolution.chain
        if chain.question in self._background or not self.gate.is_calm:
            return
        for part in (chain, *chain.hops):
            self._resolver.messages.discard(part.question)
        self._stats.prefetches += 1
        self._in_background(chain.question)

    @property
    def is_busy(self) -> bool:
        """Whether something is resolved that nobody needs to wait for."""
        return bool(self._background)

    def _in_background(self, question: Question) -> "asyncio.Task[Kept]":
        """A resolution that goes on when nobody waits for it any more."""
        task = self._background.get(question)
        if task is None:
            task = self._background[question] = asyncio.get_running_loop().create_task(self.resolve(question))
            task.add_done_callback(lambda done: self._finished(question, done))
        return task

    def _finished(self, question: Question, task: "asyncio.Task[Kept]") -> None:
        self._background.pop(question, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.write("fault", name=question.name, kind=type(error).__name__, what=error)

    async def _later(self, query: Query, client: str, via: Via) -> bytes:
        self._stats.in_flight += 1
        started = self._resolver.clock.monotonic()
        try:
            content = await (self._unchecked(query) if query.checking_disabled else self._checked(query))
        except Exception as error:  # noqa: BLE001 - a fault of ours must cost this one answer, not the daemon
            self._log.write("fault", name=query.name, kind=type(error).__name__, what=error)
            content = refusal(rr.SERVFAIL, ExtendedError(Ede.OTHER, "a fault in the resolver itself; its log has more"))
        finally:
            self._stats.in_flight -= 1
            self.gate.leave(client)
            self._stats.took(max(0.0, self._resolver.clock.monotonic() - started))
        return self._reply(query, content, via)

    async def _checked(self, query: Query) -> Content:
        stale = self._answers.stale(query.question)
        if stale is None:
            return self._content(query, await self.resolve(query.question))
        # RFC 8767 §5: when it takes longer than clients are patient, they get the stale data, and the resolution goes on.
        task = self._in_background(query.question)
        await asyncio.wait({task}, timeout=self._habits.stale_after)
        return self._content(query, task.result() if task.done() else stale)

    async def _unchecked(self, query: Query) -> Content:
        """RFC 4035 §3.2.2: with CD the client judges for itself, so nothing is judged here, and nothing withheld."""
        message, _, failure = await self._resolver.look_up(query.name, query.rdtype)
        errors = (of_failure(failure),) if failure is not None else ()
        if message.rcode == rr.SERVFAIL:
            return refusal(rr.SERVFAIL, *errors)  # the aliases that led there are no answer
        return Content(message.rcode, message.answer, message.authority, errors=errors)

    async def resolve(self, question: Question) -> Kept:
        """Resolve and keep. Whoever asks the same meanwhile waits for the same, unless something was forgotten since."""
        generation = self._answers.generation
        return await self._flights.join((question, generation), lambda: self._resolve(question, generation))

    async def _resolve(self, question: Question, generation: int) -> Kept:
        resolution = await self._resolver.resolve(question.name, question.rdtype)
        self._stats.statuses[resolution.status.value] += 1
        kept = self._answers.put(resolution, generation)
        self._heed(resolution)
        return kept

    def _reply(self, query: Query, content: Content, via: Via) -> bytes:
        self._stats.replies[rr.rcode_text(content.rcode)] += 1
        if content.errors and query.edns is not None:
            self._stats.errors.update(str(int(error.code)) for error in content.errors)
        return reply(query, content, via)

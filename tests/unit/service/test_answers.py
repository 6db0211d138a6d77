"""What is kept of answers, for how long, and what it is good for."""

from dataclasses import replace

import pytest

from unbroken.chain import Chain, Outcome, Question, Status
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede
from unbroken.resolving.clock import SettableClock
from unbroken.resolving.resolution import Resolution
from unbroken.resolving.work import ResolverLimits
from unbroken.service.answers import AnswerCache, Lifetimes
from unbroken.validation.protocol import Failure, NoAnswer

NOW = 1_760_000_000
QUESTION = Question(Name("www.example."), rr.A)
A = RRset(QUESTION.name, rr.A, 300, (bytes(4),))
SOA = RRset(Name("example."), rr.SOA, 3600, (Name.ROOT.wire * 2 + bytes(16) + (60).to_bytes(4, "big"),))


def _cache(clock: SettableClock, **limits: int) -> AnswerCache:
    return AnswerCache(replace(ResolverLimits(), **limits), Lifetimes(bogus=30, failure=5), clock)


def _resolution(
    status: Status = Status.SECURE,
    question: Question = QUESTION,
    answer: tuple[RRset, ...] = (A,),
    authority: tuple[RRset, ...] = (),
    rcode: int = rr.NOERROR,
    until: int | None = NOW + 86400,
    failure: NoAnswer | None = None,
) -> Resolution:
    outcome = {rr.NXDOMAIN: Outcome.NXDOMAIN}.get(rcode, Outcome.ANSWER)
    chain = Chain(question, status, outcome=outcome, rcode=rcode, valid_until=until)
    asked = (question.name, question.rdtype, rr.CLASS_IN)
    message = Message(0, rr.QR | rr.RA, asked, answer, authority, rcode=rcode)
    return Resolution(question, message, chain, failure)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(NOW)


def test_ttls_count_down_and_the_answer_ends_with_the_least(clock: SettableClock) -> None:
    cache = _cache(clock)
    cache.put(_resolution(), 0)
    clock.advance(100)
    kept = cache.get(QUESTION)
    assert kept is not None
    content = kept.content(clock.monotonic())
    assert content.answer[0].ttl == 200 and content.is_secure
    clock.advance(200)
    assert cache.get(QUESTION) is None


def test_a_chain_that_ends_earlier_ends_the_answer(clock: SettableClock) -> None:
    cache = _cache(clock)
    cache.put(_resolution(until=NOW + 10), 0)
    clock.advance(10)
    assert cache.get(QUESTION) is None


def test_rfc2308_5_a_denial_lasts_as_long_as_the_minimum_field_says(clock: SettableClock) -> None:
    cache = _cache(clock)
    kept = cache.put(_resolution(answer=(), authority=(SOA,), rcode=rr.NXDOMAIN), 0)
    assert kept.lifetime == 60
    assert kept.content(clock.monotonic()).authority[0].ttl == 60
    clock.advance(59)
    assert cache.get(QUESTION) is not None
    clock.advance(1)
    assert cache.get(QUESTION) is None


def test_rfc4035_5_5_and_4_7_bogus_is_servfail_for_a_short_time_and_data_with_cd(clock: SettableClock) -> None:
    kept = _cache(clock).put(_resolution(Status.BOGUS), 0)
    assert kept.lifetime == 30
    content, unchecked = kept.content(clock.monotonic()), kept.unchecked(clock.monotonic())
    assert (content.rcode, content.answer, content.is_secure) == (rr.SERVFAIL, (), False)
    assert [error.code for error in content.errors] == [Ede.DNSSEC_BOGUS]
    assert (unchecked.rcode, unchecked.answer, unchecked.is_secure) == (rr.NOERROR, (A,), False)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Failure.TIMEOUT, Ede.NO_REACHABLE_AUTHORITY),
        (Failure.UNREACHABLE, Ede.NO_REACHABLE_AUTHORITY),
        (Failure.SERVFAIL, Ede.NETWORK_ERROR),
        (Failure.MALFORMED, Ede.NETWORK_ERROR),
        (Failure.OVER_LIMIT, Ede.OTHER),
    ],
)
def test_rfc9520_a_failure_is_kept_and_is_never_called_bogus(clock: SettableClock, failure: Failure, code: Ede) -> None:
    resolution = _resolution(
        Status.INDETERMINATE, answer=(), rcode=rr.SERVFAIL, until=None, failure=NoAnswer(failure, "what happened")
    )
    kept = _cache(clock).put(resolution, 0)
    assert kept.lifetime == 5
    content = kept.content(clock.monotonic())
    assert content.rcode == rr.SERVFAIL
    assert [(error.code, error.text) for error in content.errors] == [(code, "what happened")]


def test_rfc8020_below_a_name_that_is_proven_not_to_exist_there_is_nothing(clock: SettableClock) -> None:
    cache = _cache(clock)
    cache.put(_resolution(answer=(), authority=(SOA,), rcode=rr.NXDOMAIN), 0)
    below = Question(Name("a.b.www.example."), rr.AAAA)
    kept = cache.get(below)
    assert kept is not None and kept.resolution.question == below
    assert kept.content(clock.monotonic()).rcode == rr.NXDOMAIN
    assert cache.get(Question(Name("example."), rr.A)) is None
    assert cache.get(Question(Name("zwww.example."), rr.A)) is None


@pytest.mark.parametrize("status", [Status.INSECURE, Status.BOGUS])
def test_an_nxdomain_that_is_not_proven_speaks_for_itself_only(clock: SettableClock, status: Status) -> None:
    cache = _cache(clock)
    cache.put(_resolution(status, answer=(), authority=(SOA,), rcode=rr.NXDOMAIN), 0)
    assert cache.get(QUESTION) is not None
    assert cache.get(Question(Name("a.www.example."), rr.A)) is None


def test_a_ttl_of_zero_is_answered_but_not_kept(clock: SettableClock) -> None:
    cache = _cache(clock)
    kept = cache.put(_resolution(answer=(A.with_ttl(0),)), 0)
    assert kept.content(clock.monotonic()).answer == (A,)
    assert cache.get(QUESTION) is None


def test_names_and_trees_are_forgotten(clock: SettableClock) -> None:
    cache = _cache(clock)
    for name in ("example.", "www.example.", "a.www.example.", "other."):
        cache.put(_resolution(question=Question(Name(name), rr.A)), 0)
    assert cache.discard(Name("www.example."), tree=False) == 1
    assert cache.discard(Name("EXAMPLE."), tree=True) == 2
    assert [str(question.name) for question in cache] == ["other."]


def test_the_number_of_answers_and_their_octets_are_bounded(clock: SettableClock) -> None:
    few, small = _cache(clock, messages=10), _cache(clock, message_octets=20_000)
    for number in range(1000):
        for cache in (few, small):
            cache.put(_resolution(question=Question(Name(f"n{number}.example."), rr.A)), 0)
    assert len(few) == 10
    assert 0 < small.octets <= 20_000


def _failed() -> Resolution:
    failure = NoAnswer(Failure.TIMEOUT, "nobody answers")
    return _resolution(Status.INDETERMINATE, answer=(), rcode=rr.SERVFAIL, until=None, failure=failure)


def test_rfc9520_3_2_each_further_failure_is_kept_longer_up_to_five_minutes(clock: SettableClock) -> None:
    cache = _cache(clock)
    seconds = []
    for _ in range(9):
        seconds.append(cache.put(_failed(), 0).lifetime)
        clock.advance(seconds[-1])
        assert cache.get(QUESTION) is None
    assert seconds == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    cache.put(_resolution(), 0)
    clock.advance(301)
    assert cache.put(_failed(), 0).lifetime == 5


def test_rfc8767_a_failure_does_not_displace_what_may_be_stale(clock: SettableClock) -> None:
    cache = AnswerCache(ResolverLimits(), Lifetimes(stale=1000), clock)
    cache.put(_resolution(), 0)
    clock.advance(300)
    assert cache.get(QUESTION) is None
    handed_out = cache.put(_failed(), 0)
    assert handed_out.is_stale and handed_out.content(clock.monotonic()).answer == (A.with_ttl(30),)
    for _ in range(29):
        clock.advance(1)
        kept = cache.get(QUESTION)
        assert kept is not None and kept.is_stale
    clock.advance(1)
    assert cache.get(QUESTION) is None and cache.stale(QUESTION) is not None
    clock.advance(1000)
    assert cache.stale(QUESTION) is None


@pytest.mark.parametrize("resolution", [_resolution(Status.BOGUS), _resolution(answer=(A.with_ttl(0),)), _failed()])
def test_rfc8767_what_is_bogus_or_asked_not_to_be_kept_is_never_stale(
    clock: SettableClock, resolution: Resolution
) -> None:
    cache = AnswerCache(ResolverLimits(), Lifetimes(stale=1000), clock)
    cache.put(resolution, 0)
    clock.advance(40)
    assert cache.get(QUESTION) is None and cache.stale(QUESTION) is None


def test_what_was_begun_before_a_flush_is_handed_out_but_not_kept(clock: SettableClock) -> None:
    cache = _cache(clock)
    generation = cache.generation
    cache.discard(QUESTION.name, tree=False)
    assert cache.put(_resolution(), generation).content(clock.monotonic()).answer
    assert cache.get(QUESTION) is None


def test_a_flood_of_names_does_not_push_out_what_is_in_use(clock: SettableClock) -> None:
    cache = _cache(clock, messages=10)
    cache.put(_resolution(), 0)
    for number in range(1000):
        cache.put(_resolution(question=Question(Name(f"n{number}.example."), rr.A)), 0)
        assert cache.get(QUESTION) is not None
    assert len(cache) == 10

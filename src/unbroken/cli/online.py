"""Asking the network, for `check` and `prove`: a resolver as the options say, and the evidence that it gathers."""

from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TextIO, TypeVar

from unbroken.chain import Chain, Question, Status
from unbroken.cli import options
from unbroken.errors import StateError, UsageError
from unbroken.files import read_bounded
from unbroken.records import dataclass, replace
from unbroken.resolving.addresses import address_rdata, address_text
from unbroken.resolving.clock import FixedWallClock, SystemClock
from unbroken.resolving.hints import Hints, parse_hints
from unbroken.resolving.loop import Loop
from unbroken.resolving.options import Options
from unbroken.resolving.resolution import Resolution
from unbroken.resolving.resolver import Resolver
from unbroken.resolving.transport import Server
from unbroken.resolving.work import ResolverLimits, Work
from unbroken.validation.protocol import Effort

if TYPE_CHECKING:
    from unbroken.anchors import TrustAnchors
    from unbroken.validation.capture import Recorder

_T = TypeVar("_T")

_BROKEN: Final = (Status.INDETERMINATE, Status.BOGUS)
SILENCE: Final = ResolverLimits().silence
_PORT: Final = 53
_MAX_HINTS: Final = 1 << 20  # octets of a hints file


@dataclass(frozen=True, slots=True)
class Network:
    """The options of `options.network_options`, checked."""

    hints: str | None
    resolver: str | None
    port: int
    lab: bool
    timeout: float
    use_ipv4: bool
    use_ipv6: bool

    @staticmethod
    def from_options(values: Mapping[str, Any]) -> "Network":
        """Raises UsageError for options that exclude each other."""
        options.refuse_together(values)
        return Network(
            values["hints"],
            _address(values["resolver"]),
            values["port"] or _PORT,
            values["lab"],
            values["timeout"] or ResolverLimits().seconds,
            not values["only_ipv6"],
            not values["only_ipv4"],
        )


def _address(text: str | None) -> str | None:
    if text is None:
        return None
    rdata = address_rdata(text)
    if rdata is None:
        raise UsageError(f"{text!r} is not an address; --resolver wants an IPv4 or IPv6 address")
    return address_text(rdata)


@dataclass(frozen=True, slots=True)
class Result:
    """A chain, when it was judged (epoch seconds) and by which anchors, and the accounts of its questions: all responses."""

    chain: Chain
    now: int
    anchors: "TrustAnchors"
    works: list[Work]
    trouble: str = ""
    """Why there is no chain to speak of, when no server gave an answer that counts."""

    def show(self, settings: Mapping[str, Any], stream: TextIO) -> int:
        """Print the chain; its exit code. Raises StateError when there is none, but for programs, which get theirs."""
        if self.trouble and not settings["as_json"]:
            raise StateError(self.trouble)
        code = options.show_chain(self.chain, self.now, settings, stream)
        if self.trouble:
            raise StateError(self.trouble)
        return code

    def capture(self) -> bytes:
        """The responses as a capture file holds them."""
        import json

        from unbroken.validation.capture import capture_to_json

        capture = _recorded(self.works).capture(self.chain.question, self.now)
        return (json.dumps(capture_to_json(capture), indent=1) + "\n").encode("ascii")


class _Recording(Resolver):
    """A resolver that keeps the account of each question, and so every response that went into its chain."""

    works: list[Work]

    def begin(self) -> Work:
        """See `Resolver.begin`."""
        work = super().begin()
        self.works = [*getattr(self, "works", []), work]
        return work


def ask(
    question: Question, network: Network, anchor_files: tuple[str, ...], at: int | None, *, all_paths: bool
) -> Result:
    """Resolve and validate."""
    now = options.current_time(at)
    anchors = options.anchors(anchor_files, now) if anchor_files or not network.lab else None
    return _run(_ask(question, network, anchors, at, all_paths=all_paths), network)


def ask_all(
    questions: tuple[Question, ...], network: Network, anchor_files: tuple[str, ...], at: int | None
) -> tuple[list[Resolution], int]:
    """Resolve and validate several questions with one resolver; the answers in their order, and the time they were judged
    at. Raises StateError when no server at all could be reached."""
    now = options.current_time(at)
    anchors = options.anchors(anchor_files, now) if anchor_files or not network.lab else None
    return _run(_ask_all(questions, network, anchors, at), network)


def _run(work: Coroutine[Any, Any, _T], network: Network) -> _T:
    """What it comes to: in asyncio's loop only where that is needed, by a lab, since loading it takes longer than to ask."""
    try:
        if not network.lab:
            return Loop().run(work)
        import asyncio

        return asyncio.run(work)
    finally:
        work.close()  # an interrupt may come before the loop has begun it


async def _ask_all(
    questions: tuple[Question, ...], network: Network, anchors: "TrustAnchors | None", at: int | None
) -> tuple[list[Resolution], int]:
    async with opened_resolver(network, anchors, at) as resolver:
        resolutions = [await resolver.resolve(each.name, each.rdtype, effort=Effort.ALL_PATHS) for each in questions]
        if not any(work.heard for work in resolver.works):
            from unbroken.cli.unreachable import trouble

            silence = min(network.timeout, SILENCE)
            raise StateError(trouble(questions[0], _recorded(resolver.works).responses.values(), network, silence))
        return resolutions, resolver.clock.now()


async def _ask(
    question: Question, network: Network, anchors: "TrustAnchors | None", at: int | None, *, all_paths: bool
) -> Result:
    async with opened_resolver(network, anchors, at) as resolver:
        effort = Effort.ALL_PATHS if all_paths else Effort.FIRST_PATH
        resolution = await resolver.resolve(question.name, question.rdtype, effort=effort)
        chain, now, trouble = resolution.chain, resolver.clock.now(), ""
        # Something on the path that answers in the servers' place is no network either, whatever it says.
        if chain.status in _BROKEN and not any(work.heard for work in resolver.works):
            from unbroken.cli.unreachable import trouble as describe

            trouble = describe(
                question, _recorded(resolver.works).responses.values(), network, min(network.timeout, SILENCE)
            )
            chain = Chain(question, findings=chain.findings)
        return Result(chain, now, resolver.anchors, resolver.works, trouble)


def _recorded(works: list[Work]) -> "Recorder":
    from unbroken.validation.capture import Recorder

    recorder = Recorder()
    for work in works:
        for lookup, response in work.responses.items():
            recorder.note(lookup, response)
    return recorder


@asynccontextmanager
async def opened_resolver(
    network: Network, anchors: "TrustAnchors | None", at: int | None
) -> AsyncIterator[_Recording]:
    """A resolver as the options say, while the block lasts. Raises InputError for hints that can't be read, StateError for a
    lab that can't be started."""
    if network.lab:
        from unbroken.cli.signals import leaving_cleanly
        from unbroken.lab.session import joined

        with leaving_cleanly():
            async with joined() as lab:
                at = lab.now if at is None else at
                yield _build(replace(network, use_ipv6=False), anchors or lab.anchors, at, lab.hints, lab.port)
        return
    hints = None
    if network.hints is not None:
        hints = parse_hints(read_bounded(network.hints, _MAX_HINTS).decode("utf-8", "replace"), network.hints)
    yield _build(network, anchors, at, hints, network.port)


def _build(
    network: Network, anchors: "TrustAnchors | None", at: int | None, hints: Hints | None, port: int
) -> _Recording:
    return _Recording(
        hints=hints,
        forwarders=(Server(network.resolver, network.port),) if network.resolver is not None else (),
        anchors=anchors,
        resolver_limits=ResolverLimits(seconds=network.timeout),
        options=Options(port=port, use_ipv4=network.use_ipv4, use_ipv6=network.use_ipv6),
        clock=SystemClock() if at is None else FixedWallClock(at),
    )

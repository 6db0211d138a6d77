"""When nobody gave an answer that counts, there is no chain to speak of: who was asked, what happened, what to do about it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from unbroken.resolving.transport import Server
from unbroken.validation.protocol import Failure, NoAnswer, Response

if TYPE_CHECKING:
    from unbroken.chain import Question
    from unbroken.cli.online import Network

_NOBODY = "none known"


def trouble(question: "Question", responses: Iterable[Response], network: "Network", seconds: float) -> str:
    """One line. `seconds`: how long was waited."""
    failures = [response for response in responses if isinstance(response, NoAnswer)]
    telling = next((failure for failure in failures if not failure.detail.endswith(_NOBODY)), None)
    if telling is None and failures and failures[0].failure is not Failure.OVER_LIMIT:
        return f"{question.name}: {_whom(network)} {_no_address(network)}"
    what = _said(telling) if telling is not None else f"no reply within {seconds:.0f} s"
    kind = telling.failure if telling is not None else Failure.TIMEOUT
    return f"{question.name}: no answer that counts from {_whom(network)} ({what}); {_remedy(kind, network)}"


def _said(failure: NoAnswer) -> str:
    """What the first server did, and how many others did something like it."""
    _, _, said = failure.detail.partition(": ")
    first, *others = (said or failure.detail or failure.failure.value.replace("_", " ")).split("; ")
    return first + (f", and {len(others)} more" if others else "")


def _whom(network: "Network") -> str:
    if network.resolver is not None:
        return f"the resolver {Server(network.resolver, network.port)}"
    if network.lab:
        return "the lab"
    return f"the servers in {network.hints}" if network.hints is not None else "the root servers"


def _no_address(network: "Network") -> str:
    family = "IPv4" if not network.use_ipv6 else "IPv6"
    option = "--ipv4" if not network.use_ipv6 else "--ipv6"
    if network.use_ipv4 and network.use_ipv6:
        return "have no address at all; add A and AAAA lines of them"
    return f"have no {family} address; leave out {option}"


def _remedy(kind: Failure, network: "Network") -> str:
    is_silence = kind in (Failure.TIMEOUT, Failure.UNREACHABLE, Failure.OVER_LIMIT)
    if network.resolver is not None:
        if is_silence:
            return "check its address and port, and the way to it"
        return "name another resolver, or leave out --resolver to ask from the root"
    if network.lab:
        return "is it still up? start it anew with `unbroken lab up`"
    if not is_silence:
        return "something on the way answers in their place: name a resolver with --resolver"
    if network.hints is not None:
        return "check the addresses there, --port, and this host's network"
    return "check this host's network, or name a resolver with --resolver"

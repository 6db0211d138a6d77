"""The Python API: resolve and validate in one call, in asyncio or blocking, with a resolver that is made on first use."""

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from unbroken._kernel import type_from_text
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.errors import UsageError
from unbroken.resolving.resolution import Resolution
from unbroken.resolving.resolver import Resolver
from unbroken.validation.protocol import Effort

_Result = TypeVar("_Result")
_own = threading.local()


def default_resolver() -> Resolver:
    """This thread's resolver: from the IANA root servers and anchors. A resolver is not shared between threads."""
    resolver: Resolver | None = getattr(_own, "resolver", None)
    if resolver is None:
        resolver = _own.resolver = Resolver()
    return resolver


async def resolve(
    name: str | Name, rdtype: str | int = "A", *, resolver: Resolver | None = None, effort: Effort = Effort.FIRST_PATH
) -> Resolution:
    """Resolve a name from the root and validate the answer from the trust anchor.

    `name` as people write it (internationalised too) or a `Name`; `rdtype` a mnemonic, TYPEnnn or number. The result has
    `.status`, `.chain`, and `.rrset`, which is None when the data must not be used (`Resolution.is_withheld`). What the
    network does never raises: it is a status. Raises UsageError for a name or type that is none.
    """
    return await (resolver or default_resolver()).resolve(to_name(name), to_rdtype(rdtype), effort=effort)


def resolve_sync(
    name: str | Name, rdtype: str | int = "A", *, resolver: Resolver | None = None, effort: Effort = Effort.FIRST_PATH
) -> Resolution:
    """The blocking twin of `resolve`. Works in any thread, also one whose event loop runs, which it then holds up."""
    return run_blocking(resolve(name, rdtype, resolver=resolver, effort=effort))


def to_name(name: str | Name) -> Name:
    """A name from what a person wrote. Raises UsageError."""
    if isinstance(name, Name):
        return name
    if not isinstance(name, str):
        raise UsageError(f"{name!r} is not a domain name: give text or a Name")
    from unbroken.dns.user_name import name_from_user

    return name_from_user(name)


def to_rdtype(rdtype: str | int) -> int:
    """A type from a mnemonic, TYPEnnn or number. Raises UsageError."""
    if isinstance(rdtype, bool) or not isinstance(rdtype, int | str):
        raise UsageError(f"{rdtype!r} is not an RR type: give a mnemonic, such as AAAA, or a number")
    number = rdtype if isinstance(rdtype, int) else _type_number(rdtype)
    if not 0 < number < 65536:
        raise UsageError(f"{rdtype} is not an RR type: give a number from 1 to 65535")
    if not rr.is_data(number):
        raise UsageError(f"{rdtype} is a meta-type: there are no records of it to resolve")
    return number


def _type_number(text: str) -> int:
    try:
        return type_from_text(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is not an RR type: give a mnemonic, such as AAAA, or TYPE65") from error


class _Background:
    """An event loop in a thread of its own, for the blocking calls of all threads; so they share one resolver's caches."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="unbroken-resolver", daemon=True)
        self.thread.start()


_background: _Background | None = None
_background_lock = threading.Lock()


def _start_anew_after_fork() -> None:
    global _background, _background_lock  # the child has neither the thread nor whoever held the lock
    _background, _background_lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew_after_fork)


def run_blocking(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """The result of a coroutine, run in the background loop. An interrupted caller cancels it."""
    background = _running_background()
    if threading.current_thread() is background.thread:
        coroutine.close()
        raise UsageError("a blocking call inside the resolver's own loop would wait for itself; await it instead")
    future = asyncio.run_coroutine_threadsafe(coroutine, background.loop)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def _running_background() -> _Background:
    global _background  # one loop a process, made when the first blocking call comes
    with _background_lock:
        if _background is None:
            _background = _Background()
        return _background

"""A small event loop for a command that asks one question: all that the resolver needs of asyncio, without loading it.

Loading asyncio, with `ssl`, `logging` and `subprocess` behind it, takes a command twice as long as asking does. Here are
coroutines side by side, and sockets waited for until a deadline; nothing else. Nothing is cancelled one by one either: when
the main coroutine ends, however that may be, all others are closed. The Python API and the lab run in asyncio's loop.
"""

import selectors
import time
from collections import deque
from collections.abc import Coroutine, Generator
from contextvars import ContextVar
from typing import Any, Final, Generic, TypeVar

_Result = TypeVar("_Result")


class Task(Generic[_Result]):
    """A coroutine on its way. Any number of others may await it; none that gives up takes it from the others."""

    def __init__(self, coroutine: Coroutine[Any, Any, _Result], loop: "Loop") -> None:
        self.coroutine = coroutine
        self.waiters: list[Task[Any]] = []
        self._loop = loop
        self._is_done = False
        self._results: list[_Result] = []
        self._error: Exception | None = None

    def __await__(self) -> "Generator[Task[_Result], None, _Result]":
        if not self._is_done:
            yield self
        return self.result()

    def done(self) -> bool:
        """Whether it has ended, or was closed."""
        return self._is_done

    def result(self) -> _Result:
        """What it came to, once it has ended. Raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._results[0]

    def get_loop(self) -> "Loop":
        """The loop that it runs in."""
        return self._loop

    def cancel(self) -> None:
        """Close it, unless it has ended. For when nobody awaits it any more."""
        if not self._is_done:
            self._is_done = True
            self.coroutine.close()

    def advance(self) -> "Task[Any] | _Wait | None":
        """Run on to the next wait: what for, or None for a turn of the others. Look at `done` first, and afterwards."""
        try:
            awaited: Task[Any] | _Wait | None = self.coroutine.send(None)
            return awaited
        except StopIteration as end:
            self._results.append(end.value)
        except Exception as error:  # noqa: BLE001 - it belongs to whoever awaits the task
            self._error = error
        self._is_done = True
        return None


class _Wait:
    """For a socket to be ready, or for a moment of the monotonic clock to have passed: then it raises TimeoutError."""

    def __init__(self, file: int, events: int, deadline: float) -> None:
        self.file = file
        self.events = events
        self.deadline = deadline
        self.is_late = False
        self.waiters: list[Task[Any]] = []

    def __await__(self) -> "Generator[_Wait, None, None]":
        selector = _running.get().selector  # type: ignore[union-attr]  # nobody else runs this
        selector.register(self.file, self.events, self)
        try:
            yield self
        finally:
            selector.unregister(self.file)
        if self.is_late:
            raise TimeoutError


async def readable(file: int, deadline: float) -> None:
    """Wait until something can be read. `deadline`: seconds of the monotonic clock. Raises TimeoutError."""
    await _Wait(file, selectors.EVENT_READ, deadline)


async def writable(file: int, deadline: float) -> None:
    """Wait until something can be written, or a connection was made or refused. Raises TimeoutError."""
    await _Wait(file, selectors.EVENT_WRITE, deadline)


class Loop:
    """Runs one coroutine to its end, and those that it starts beside itself."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self._ready: deque[Task[Any]] = deque()
        self._tasks: list[Task[Any]] = []

    def create_task(self, coroutine: Coroutine[Any, Any, _Result]) -> Task[_Result]:
        """Start a coroutine beside the running one."""
        task = Task(coroutine, self)
        self._tasks.append(task)
        self._ready.append(task)
        return task

    def run(self, coroutine: Coroutine[Any, Any, _Result]) -> _Result:
        """The coroutine's result. Raises what it raises. A loop runs once."""
        before = _running.set(self)
        main = self.create_task(coroutine)
        try:
            while not main.done():
                self._take_turns()
                if not main.done():
                    self._wait()
            return main.result()
        finally:
            for task in self._tasks:
                task.cancel()
            self.selector.close()
            _running.reset(before)

    def _take_turns(self) -> None:
        """Each that can go on does so, up to its next wait."""
        for _ in range(len(self._ready)):
            task = self._ready.popleft()
            if task.done():
                continue
            awaited = task.advance()
            if task.done():
                self._ready.extend(task.waiters)
            elif awaited is None:
                self._ready.append(task)
            else:
                awaited.waiters.append(task)

    def _wait(self) -> None:
        """Until a socket is ready or a deadline has passed; not at all while somebody can go on."""
        waits: list[_Wait] = [key.data for key in self.selector.get_map().values()]
        if not waits and not self._ready:
            raise RuntimeError("all coroutines wait for each other")
        first = min((wait.deadline for wait in waits), default=0.0)
        ready = {key.data for key, _ in self.selector.select(0 if self._ready else max(0.0, first - time.monotonic()))}
        now = time.monotonic()
        for wait in waits:
            if wait in ready or wait.deadline <= now:
                wait.is_late = wait not in ready
                self._ready.extend(wait.waiters)


_running: Final[ContextVar[Loop | None]] = ContextVar("running", default=None)


def running_loop() -> Loop | None:
    """The loop of this kind that runs the caller, if one does."""
    return _running.get()

"""One task for identical look-ups in flight: whoever asks later waits for the first, and the last to leave cancels it."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Result = TypeVar("_Result")


@dataclass(slots=True)
class _Flight(Generic[_Result]):
    task: "asyncio.Task[_Result]"
    waiters: int = 0


class Flights(Generic[_Key, _Result]):
    """Tasks by key, none of which outlives those who wait for it."""

    def __init__(self) -> None:
        self._flights: dict[_Key, _Flight[_Result]] = {}

    async def join(self, key: _Key, start: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result:
        """The result of the task that is under way for `key`, or of a new one."""
        loop = asyncio.get_running_loop()
        flight = self._flights.get(key)
        if flight is None or flight.task.get_loop() is not loop:
            flight = self._flights[key] = _Flight(loop.create_task(start()))
        flight.waiters += 1
        try:
            # Shielded: one that gives up must not take the look-up from the others.
            return await asyncio.shield(flight.task)
        finally:
            flight.waiters -= 1
            if flight.task.done() or flight.waiters == 0:
                if self._flights.get(key) is flight:
                    del self._flights[key]
                flight.task.cancel()

    def __len__(self) -> int:
        return len(self._flights)

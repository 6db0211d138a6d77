"""One task for identical look-ups in flight: whoever asks later waits for the first, and the last to leave cancels it."""

from collections.abc import Callable, Coroutine, Hashable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from unbroken.records import dataclass
from unbroken.resolving.tasks import running, shielded

if TYPE_CHECKING:
    from unbroken.resolving.tasks import AnyTask

_Key = TypeVar("_Key", bound=Hashable)
_Result = TypeVar("_Result")


@dataclass(slots=True)
class _Flight(Generic[_Result]):
    task: "AnyTask[_Result]"
    waiters: int = 0


class Flights(Generic[_Key, _Result]):
    """Tasks by key, none of which outlives those who wait for it."""

    def __init__(self) -> None:
        self._flights: dict[_Key, _Flight[_Result]] = {}

    async def join(
        self,
        key: _Key,
        start: Callable[[], Coroutine[Any, Any, _Result]],
        suffices: Callable[[_Result], bool] = lambda _: True,
    ) -> _Result:
        """The result of the task that is under way for `key`, or of a new one.

        The new one is tried too when what another's task gave does not suffice: it may have had less to spend.
        """
        while True:
            flight = self._under_way(key)
            if flight is None:
                flight = self._flights[key] = _Flight(running().create_task(start()))
                return await self._wait(key, flight)
            result = await self._wait(key, flight)
            if suffices(result):
                return result

    def _under_way(self, key: _Key) -> _Flight[_Result] | None:
        flight = self._flights.get(key)
        is_of_this_loop = flight is not None and flight.task.get_loop() is running()
        return flight if is_of_this_loop else None

    async def _wait(self, key: _Key, flight: _Flight[_Result]) -> _Result:
        flight.waiters += 1
        try:
            # Shielded: one that gives up must not take the look-up from the others.
            return await shielded(flight.task)
        finally:
            flight.waiters -= 1
            if flight.task.done() or flight.waiters == 0:
                if self._flights.get(key) is flight:
                    del self._flights[key]
                flight.task.cancel()

    def __len__(self) -> int:
        return len(self._flights)

"""At most so many queries in flight at a time; who waits for a place does so on his own account, not on the server's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from unbroken.resolving.loop import running_loop

if TYPE_CHECKING:
    import asyncio


class Slots:
    """Places for queries in flight, in whatever loop they are used."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._places: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None

    @asynccontextmanager
    async def taken(self, seconds: float) -> AsyncIterator[None]:
        """One place, while the block lasts. Raises TimeoutError when none becomes free within `seconds`."""
        if running_loop() is not None:
            # One question at a time is asked there, and what it may ask in all is bounded.
            yield
            return
        import asyncio

        places = self._of_this_loop()
        if places.locked():
            async with asyncio.timeout(seconds):
                await places.acquire()
        else:
            await places.acquire()
        try:
            yield
        finally:
            places.release()

    def _of_this_loop(self) -> "asyncio.Semaphore":
        import asyncio

        loop = asyncio.get_running_loop()
        if self._places is None or self._places[0] is not loop:
            self._places = (loop, asyncio.Semaphore(self._limit))
        return self._places[1]

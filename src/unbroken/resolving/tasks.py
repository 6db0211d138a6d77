"""Coroutines side by side, in whichever loop runs the caller: asyncio's, or the small one of the command line."""

from collections.abc import Awaitable, Coroutine, Generator, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from unbroken.resolving.loop import Loop, Task, running_loop

if TYPE_CHECKING:
    import asyncio

_Result = TypeVar("_Result")
if TYPE_CHECKING:
    AnyTask: TypeAlias = Task[_Result] | asyncio.Task[_Result]


def running() -> "Loop | asyncio.AbstractEventLoop":
    """The loop that runs the caller; both kinds have `create_task`. Raises RuntimeError when none does."""
    loop = running_loop()
    if loop is not None:
        return loop
    import asyncio

    return asyncio.get_running_loop()


def shielded(task: "AnyTask[_Result]") -> Awaitable[_Result]:
    """The task, awaited by one who may give up without taking it from the others."""
    if isinstance(task, Task):
        return task
    import asyncio

    return asyncio.shield(task)


async def gather(coroutines: Iterable[Coroutine[Any, Any, _Result]]) -> list[_Result]:
    """The results of all, which run at the same time. When one raises, the others are given up."""
    loop = running_loop()
    if loop is not None:
        started = [loop.create_task(each) for each in coroutines]
        return [await task for task in started]
    import asyncio

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in coroutines]
    return [task.result() for task in tasks]


class _Pause:
    def __await__(self) -> Generator[None, None, None]:
        yield


async def pause() -> None:
    """Let others run. Both kinds of loops take a bare yield for that."""
    await _Pause()

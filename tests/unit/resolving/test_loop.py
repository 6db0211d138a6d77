"""The small loop: coroutines side by side, sockets and deadlines, and nothing left behind."""

import asyncio
import socket
import threading
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from unbroken.resolving.flights import Flights
from unbroken.resolving.loop import Loop, Task, readable, running_loop, writable
from unbroken.resolving.tasks import gather, pause, running, shielded

LATE = 60.0


def soon(seconds: float = 0.01) -> float:
    return time.monotonic() + seconds


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def both_loops(function: Callable[[Callable[..., Any]], None]) -> Callable[[Callable[..., Any]], None]:
    """Runs the test in the small loop and in asyncio's: what the resolver does must be the same in either."""
    runs = [pytest.param(lambda work: Loop().run(work), id="small"), pytest.param(asyncio.run, id="asyncio")]
    return pytest.mark.parametrize("run", runs)(function)


@both_loops
def test_the_result_of_the_main_coroutine_is_that_of_the_loop(run: Callable[..., Any]) -> None:
    async def main() -> int:
        return 7

    assert run(main()) == 7


@both_loops
def test_what_the_main_coroutine_raises_comes_through(run: Callable[..., Any]) -> None:
    async def main() -> None:
        await pause()
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        run(main())


@both_loops
def test_gathered_coroutines_take_turns_and_results_stay_in_order(run: Callable[..., Any]) -> None:
    seen = []

    async def step(name: str, turns: int) -> str:
        for turn in range(turns):
            seen.append((name, turn))
            await pause()
        return name

    async def main() -> list[str]:
        return await gather(step(name, turns) for name, turns in (("a", 3), ("b", 1), ("c", 2)))

    assert run(main()) == ["a", "b", "c"]
    assert seen == [("a", 0), ("b", 0), ("c", 0), ("a", 1), ("c", 1), ("a", 2)]


@both_loops
def test_look_ups_that_join_others_are_made_once(run: Callable[..., Any]) -> None:
    flights: Flights[str, int] = Flights()
    started = []

    async def look_up() -> int:
        started.append(1)
        await pause()
        return 5

    async def main() -> list[int]:
        return await gather(flights.join("key", look_up) for _ in range(3))

    assert (run(main()), len(started), len(flights)) == ([5, 5, 5], 1, 0)


@both_loops
def test_all_who_wait_for_a_task_get_what_it_raised(run: Callable[..., Any]) -> None:
    async def fail() -> None:
        await pause()
        raise LookupError("lost")

    async def wait(task: Any) -> str:
        try:
            await shielded(task)
        except LookupError as error:
            return str(error)
        return "nothing"

    async def main() -> list[str]:
        task = running().create_task(fail())
        return await gather(wait(task) for _ in range(2))

    assert run(main()) == ["lost", "lost"]


@both_loops
def test_one_that_fails_ends_the_others(run: Callable[..., Any]) -> None:
    closed = []

    async def forever() -> None:
        try:
            while True:
                await pause()
        finally:
            closed.append(True)

    async def fail() -> None:
        await pause()
        raise LookupError

    async def main() -> None:
        await gather(each for each in (fail(), forever()))

    with pytest.raises((LookupError, ExceptionGroup)):
        run(main())
    assert closed == [True]


def test_a_task_that_has_ended_is_awaited_at_once() -> None:
    async def give() -> int:
        return 3

    async def main() -> tuple[bool, int, int]:
        loop = running_loop()
        assert loop is not None
        task = loop.create_task(give())
        first = await task
        return task.done(), first, await task

    assert Loop().run(main()) == (True, 3, 3)


def test_a_socket_is_waited_for(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    order = []

    async def read() -> bytes:
        await readable(one.fileno(), soon(LATE))
        order.append("read")
        return one.recv(10)

    async def write() -> None:
        await pause()
        order.append("write")
        await writable(other.fileno(), soon(LATE))
        other.send(b"x")

    async def main() -> list[bytes | None]:
        return await gather(each for each in (read(), write()))

    assert Loop().run(main()) == [b"x", None]
    assert order == ["write", "read"]


def test_a_deadline_passes_while_others_go_on(pair: tuple[socket.socket, socket.socket]) -> None:
    turns = []

    async def wait() -> str:
        try:
            await readable(pair[0].fileno(), soon())
        except TimeoutError:
            return "late"
        return "ready"

    async def busy(deadline: float) -> None:
        while time.monotonic() < deadline:
            turns.append(1)
            await pause()

    async def main() -> list[str | None]:
        return await gather(each for each in (wait(), busy(soon(0.05))))

    assert Loop().run(main()) == ["late", None]
    assert len(turns) > 1


def test_the_nearest_of_several_deadlines_comes_first() -> None:
    ended = []

    async def wait(file: int, seconds: float) -> None:
        with pytest.raises(TimeoutError):
            await readable(file, soon(seconds))
        ended.append(seconds)

    async def main() -> None:
        one, other = socket.socketpair()
        with one, other:
            await gather(wait(each.fileno(), seconds) for each, seconds in ((one, 0.05), (other, 0.01)))

    Loop().run(main())
    assert ended == [0.01, 0.05]


def test_what_is_ready_is_not_late_however_late_it_is(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[1].send(b"x")

    async def main() -> None:
        await readable(pair[0].fileno(), time.monotonic() - 1)

    Loop().run(main())


def test_a_number_of_a_closed_socket_may_be_used_again(pair: tuple[socket.socket, socket.socket]) -> None:
    """The system gives it to the next socket: a wait that ended must have left nothing behind."""

    async def main() -> None:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await readable(pair[0].fileno(), soon(0.001))

    Loop().run(main())


def test_whatever_still_runs_at_the_end_is_closed_and_its_sockets_are_let_go(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    closed = []

    async def wait() -> None:
        try:
            await readable(pair[0].fileno(), soon(LATE))
        finally:
            closed.append("wait")

    async def never_begun() -> None:
        closed.append("begun")

    async def main() -> None:
        loop = running_loop()
        assert loop is not None
        loop.create_task(wait())
        await pause()
        loop.create_task(never_begun())

    loop = Loop()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loop.run(main())
    assert closed == ["wait"]
    assert running_loop() is None


def test_an_interrupt_closes_everything(pair: tuple[socket.socket, socket.socket]) -> None:
    closed = []

    async def wait() -> None:
        try:
            await readable(pair[0].fileno(), soon(LATE))
        finally:
            closed.append(True)

    async def interrupt() -> None:
        await pause()
        raise KeyboardInterrupt

    async def main() -> None:
        await gather(each for each in (wait(), interrupt()))

    with pytest.raises(KeyboardInterrupt):
        Loop().run(main())
    assert closed == [True] and running_loop() is None


def test_tasks_that_wait_for_each_other_close_each_other_once() -> None:
    """At the end, a flight is cancelled by the last that leaves it, which may be one that it waits for itself."""
    flights: Flights[str, None] = Flights()

    def join(key: str, other: str) -> Callable[[], Awaitable[None]]:
        async def wait() -> None:
            await pause()
            await flights.join(other, join(other, key))

        return wait

    async def main() -> None:
        await flights.join("a", join("a", "b"))

    with pytest.raises(RuntimeError, match="wait for each other"):
        Loop().run(main())


def test_a_cancelled_task_does_not_go_on() -> None:
    went_on = []

    async def work() -> None:
        await pause()
        went_on.append(True)

    async def main() -> bool:
        loop = running_loop()
        assert loop is not None
        task: Task[None] = loop.create_task(work())
        await pause()
        task.cancel()
        task.cancel()
        await pause()
        return task.done()

    assert Loop().run(main()) and not went_on


def test_a_thread_that_a_coroutine_starts_is_not_in_its_loop() -> None:
    seen = []

    async def main() -> None:
        thread = threading.Thread(target=lambda: seen.append(running_loop()))
        thread.start()
        thread.join()

    Loop().run(main())
    assert seen == [None]

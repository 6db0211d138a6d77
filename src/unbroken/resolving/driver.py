"""The asyncio driver of the validator: each batch of look-ups goes out at once."""

import asyncio
from collections.abc import Awaitable, Callable

from unbroken.chain import Chain
from unbroken.validation.protocol import Lookup, Response, Validation


async def drive_concurrently(validation: Validation, fetch: Callable[[Lookup], Awaitable[Response]]) -> Chain:
    """Run a validation to its end. `fetch` must not raise, but for cancellation; whatever ends this closes the validation."""
    try:
        lookups = next(validation)
        while True:
            lookups = validation.send(await _fetch_all(lookups, fetch))
    except StopIteration as end:
        chain: Chain = end.value
        return chain
    finally:
        validation.close()


async def _fetch_all(
    lookups: tuple[Lookup, ...], fetch: Callable[[Lookup], Awaitable[Response]]
) -> dict[Lookup, Response]:
    if not lookups:
        # A scheduling point: much was verified, let others run.
        await asyncio.sleep(0)
        return {}
    if len(lookups) == 1:
        return {lookups[0]: await fetch(lookups[0])}
    async with asyncio.TaskGroup() as group:
        tasks = {lookup: group.create_task(_as_coroutine(fetch, lookup)) for lookup in lookups}
    return {lookup: task.result() for lookup, task in tasks.items()}


async def _as_coroutine(fetch: Callable[[Lookup], Awaitable[Response]], lookup: Lookup) -> Response:
    return await fetch(lookup)

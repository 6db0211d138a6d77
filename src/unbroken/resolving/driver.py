"""The driver of the validator that does not block: each batch of look-ups goes out at once, in whichever loop there is."""

from collections.abc import Awaitable, Callable

from unbroken.chain import Chain
from unbroken.resolving.tasks import gather, pause
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
        await pause()
        return {}
    if len(lookups) == 1:
        return {lookups[0]: await fetch(lookups[0])}
    responses = await gather(_as_coroutine(fetch, lookup) for lookup in lookups)
    return dict(zip(lookups, responses, strict=True))


async def _as_coroutine(fetch: Callable[[Lookup], Awaitable[Response]], lookup: Lookup) -> Response:
    return await fetch(lookup)

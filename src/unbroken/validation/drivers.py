"""The blocking driver: ten lines that run a validation with a function that answers look-ups."""

from collections.abc import Callable

from unbroken.chain import Chain
from unbroken.validation.protocol import Lookup, Response, Validation


def drive(validation: Validation, fetch: Callable[[Lookup], Response]) -> Chain:
    """Run to the end; `fetch` answers one look-up and does not raise."""
    responses: dict[Lookup, Response] | None = None
    while True:
        try:
            batch = validation.send(responses) if responses is not None else next(validation)
        except StopIteration as end:
            chain: Chain = end.value
            return chain
        responses = {lookup: fetch(lookup) for lookup in batch}

"""CPU time of a full chain (3 zones, cold trust cache, responses in memory) beside that of its bare signature checks."""

import time
from collections.abc import Callable

from benches.small_world import NOW, build, signatures
from unbroken import _kernel
from unbroken.chain import Chain, Status
from unbroken.dns import Message
from unbroken.validation.drivers import drive
from unbroken.validation.protocol import Answer
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

RUNS = 400


def cpu_microseconds(work: Callable[[], object]) -> float:
    """CPU time of one run, best of 7 series."""
    best = float("inf")
    for _ in range(7):
        start = time.process_time()
        for _ in range(RUNS):
            work()
        best = min(best, (time.process_time() - start) / RUNS)
    return best * 1e6


def main() -> None:
    world = build(13)
    jobs = signatures(world)
    raw = [(k.algorithm, k.public_key, s.signature, _kernel.signed_data(r, s)) for r, s, k in jobs]
    wires = {lookup: answer.message.to_wire() for lookup, answer in world.responses.items()}

    def bare() -> None:
        for job in raw:
            if _kernel.verify_raw(*job) != _kernel.VERIFIED:
                raise SystemExit("a signature did not verify")

    def chain() -> Chain:
        responses = {lookup: Answer(Message.from_wire(wire)) for lookup, wire in wires.items()}
        validation = validate(world.question, anchors=world.anchors, now=NOW, trust=TrustCache())
        return drive(validation, responses.__getitem__)

    if chain().status is not Status.SECURE:
        raise SystemExit("the chain is not secure")
    ours, limit = cpu_microseconds(chain), cpu_microseconds(bare)
    print(f"full chain, {len(jobs)} signatures (ECDSA P-256), messages parsed from wire: {ours:.0f} µs CPU")
    print(f"  bare signature checks: {limit:.0f} µs; ratio {ours / limit:.2f} (goal ≤ 2.5)")


if __name__ == "__main__":
    main()

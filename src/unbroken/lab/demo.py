"""What `make demo` shows: a chain that holds, then the same chain with one link broken. `python -m unbroken.lab.demo`."""

import asyncio
import sys
import time
from typing import Final

from unbroken.chain import Chain, Status
from unbroken.errors import UnbrokenError
from unbroken.lab.run import Lab
from unbroken.report.text import render

_NAME: Final = "alias.one.example"
_FAULT: Final = "ds-bogus-digest-value"
_ZONE: Final = "two.test"
_WIDTH: Final = 100


async def show() -> int:
    """0 when both verdicts are what they should be."""
    started = time.monotonic()
    async with Lab() as lab:
        _say(
            f"A signed Internet of {len(lab.world.zones)} zones is up on loopback, port {lab.port}, "
            f"after {time.monotonic() - started:.1f} s.",
            "Its root has made its own keys; the trust anchor is their DS:",
        )
        _say(*(f"    {line}" for line in (lab.directory / "root.anchor").read_text().splitlines()))
        _say("", f"$ unbroken check --lab {_NAME}", "")
        whole = await _check(lab)
        _say(f"Now one link is broken: {_FAULT}@{_ZONE}", "", f"$ unbroken check --lab {_NAME}", "")
        lab.break_zone(_FAULT, _ZONE)
        broken = await _check(lab)
    _say(
        "The lab is gone again. `unbroken lab up` starts one that stays, `unbroken lab faults` lists what can be broken."
    )
    return 0 if whole.status is Status.SECURE and broken.status is Status.BOGUS else 1


async def _check(lab: Lab) -> Chain:
    chain = await lab.check_async(_NAME)
    can_draw = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = render(chain, lab.clock.now(), colour=sys.stdout.isatty(), width=_WIDTH, ascii=not can_draw)
    _say(text)
    return chain


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run the demo; its exit code."""
    try:
        return asyncio.run(show())
    except UnbrokenError as error:
        sys.stderr.write(f"unbroken: {error}\n")
        return 4
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())

"""A line of the log for each new way in which something is bogus: which link broke, of which zone, and who sent it."""

from typing import Final

from unbroken._kernel import type_to_text
from unbroken.chain import Code, LinkKind, Status
from unbroken.dns import Name
from unbroken.resolving.cache import ExpiringMap
from unbroken.resolving.clock import Clock
from unbroken.resolving.resolution import Resolution
from unbroken.service.extended_error import key_tags
from unbroken.service.log import Log

_REMEMBERED: Final = 1_000
_SECONDS: Final = 3_600.0

_Break = tuple[LinkKind | None, Name, Code | None]


class BogusLog:
    """Remembers what it told for an hour: one broken zone is one line, not one for each name in it."""

    def __init__(self, log: Log, clock: Clock) -> None:
        self._log = log
        self._told: ExpiringMap[_Break, bool] = ExpiringMap(_REMEMBERED, clock)

    def heed(self, resolution: Resolution) -> None:
        """Take note of what was resolved."""
        chain = resolution.chain
        if chain.status is not Status.BOGUS:
            return
        link, reason = chain.broken_link, chain.reason
        zone = link.zone if link is not None else chain.question.name
        broken = (link.kind if link is not None else None, zone, reason.code if reason is not None else None)
        if self._told.get(broken) is not None:
            return
        self._told.put(broken, True, _SECONDS)
        tags = key_tags(link) if link is not None else []
        self._log.write(
            "bogus",
            name=chain.question.name,
            type=type_to_text(chain.question.rdtype),
            zone=zone,
            link=link.kind.value if link is not None else None,
            code=reason.code.value if reason is not None else None,
            ede=int(chain.ede) if chain.ede is not None else None,
            key_tags=",".join(map(str, tags)) or None,
            server=resolution.source.server or None,
            what=reason.sentence if reason is not None else None,
        )

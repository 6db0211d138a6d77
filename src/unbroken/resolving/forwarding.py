"""Asking recursive servers: RD, and CD so that they hand over what they have, for the validator here to judge."""

from collections.abc import Mapping

from unbroken.chain import Provenance
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.resolving.cache import Delegation, MessageCache
from unbroken.resolving.clock import Clock
from unbroken.resolving.hunt import Hunt, Hunter
from unbroken.resolving.transport import Server
from unbroken.resolving.work import Work
from unbroken.validation.protocol import Answer, Lookup, Response


class Forwarding:
    """Zones that are asked of recursive servers; the root, when all are."""

    def __init__(
        self, zones: Mapping[Name, tuple[Server, ...]], hunter: Hunter, messages: MessageCache, clock: Clock
    ) -> None:
        # RFC 5452 §6: a recursive server speaks for what is forwarded to it, and for nothing above or beside that.
        self._zones = {zone: Delegation(zone, ((zone, servers),)) for zone, servers in zones.items()}
        self._hunter = hunter
        self._messages = messages
        self._clock = clock

    def closest(self, lookup: Lookup) -> Name | None:
        """The deepest forwarded zone that holds the answer: for DS, it must hold the parent (RFC 4035 §3.1.4.1)."""
        if not self._zones:
            return None
        name = lookup.name.parent() if lookup.rdtype == rr.DS and not lookup.name.is_root else lookup.name
        for count in range(name.label_count, -1, -1):
            zone = name.ancestor(count)
            if zone in self._zones:
                return zone
        return None

    async def resolve(self, zone: Name, lookup: Lookup, work: Work) -> Response:
        """The answer of a server that `zone` is forwarded to; with CNAMEs as far as they stay in the zone."""
        hunt = Hunt((lookup,))
        found = await self._hunter.hunt(self._zones[zone], lookup, work, hunt)
        if found is None:
            return hunt.no_answer(lookup, zone, work)
        provenance = Provenance(str(found.server), found.transport, self._clock.now())
        answer = Answer(found.reading.message, provenance)
        self._messages.put(lookup, answer)
        return answer

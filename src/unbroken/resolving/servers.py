"""What is known of servers: how fast they answer, whether they fail, which zones they turned out not to serve."""

import os
from collections.abc import Iterable
from typing import Final

from unbroken.dns import Name
from unbroken.records import dataclass
from unbroken.resolving.cache import ExpiringMap
from unbroken.resolving.clock import Clock
from unbroken.resolving.transport import Server
from unbroken.resolving.work import ResolverLimits

_UNKNOWN_RTT: Final = 0.1
_BAND: Final = 0.05
"""Servers whose round trips differ by less are as good as each other: the choice among them is left to chance."""
_MINIMUM_TIMEOUT: Final = 0.4
_FIRST_TIMEOUT: Final = 0.8
_MAXIMUM_TIMEOUT: Final = 4.0
_REMEMBERED: Final = 900.0
_LAME_SECONDS: Final = 300.0
_WITHOUT_EDNS_SECONDS: Final = 900.0
_FAILURES_TO_BACK_OFF: Final = 3
_LONGEST_BACK_OFF: Final = 300.0
_IPV6_HANDICAP: Final = _BAND
"""One band: anything less would be lost in it."""
_FAILURES_OF_A_FAMILY: Final = 4
_FAMILY_SECONDS: Final = 300.0
"""Failures in a row, with no reply from any server of that family between them, after which its servers are asked last for a
while: the family is likely not to be routed here."""


@dataclass(slots=True)
class _Record:
    smoothed: float | None = None
    variation: float = 0.0
    failures: int = 0
    backs_off_until: float = 0.0


class ServerBook:
    """Smoothed round-trip times (RFC 6298 §2), back-off and lameness of servers, forgotten a quarter of an hour after the last.

    That a server refuses EDNS has a time of its own, which its replies do not prolong: without EDNS there is no DNSSEC.
    """

    def __init__(self, limits: ResolverLimits, clock: Clock) -> None:
        self._clock = clock
        self._records: ExpiringMap[Server, _Record] = ExpiringMap(limits.servers, clock)
        self._without_edns: ExpiringMap[Server, bool] = ExpiringMap(limits.servers, clock)
        self._failures_of_family = {False: 0, True: 0}
        self._family_is_out: ExpiringMap[bool, bool] = ExpiringMap(2, clock)
        self._lame: ExpiringMap[tuple[Server, Name], bool] = ExpiringMap(limits.servers, clock)

    def answered(self, server: Server, seconds: float) -> None:
        """A reply came after `seconds`."""
        record = self._record(server)
        record.failures = 0
        self._failures_of_family[server.is_ipv6] = 0
        self._family_is_out.discard(server.is_ipv6)
        record.backs_off_until = 0.0
        if record.smoothed is None:
            record.smoothed, record.variation = seconds, seconds / 2
        else:
            record.variation += (abs(record.smoothed - seconds) - record.variation) / 4
            record.smoothed += (seconds - record.smoothed) / 8
        self._records.put(server, record, _REMEMBERED)

    def failed(self, server: Server, timeout: float) -> None:
        """No reply came within `timeout` seconds, or none could."""
        record = self._record(server)
        record.failures += 1
        self._failures_of_family[server.is_ipv6] += 1
        if self._failures_of_family[server.is_ipv6] >= _FAILURES_OF_A_FAMILY:
            self._family_is_out.put(server.is_ipv6, True, _FAMILY_SECONDS)
        record.smoothed = min(max(record.smoothed or _UNKNOWN_RTT, timeout) * 2, 2 * _MAXIMUM_TIMEOUT)
        if record.failures >= _FAILURES_TO_BACK_OFF:
            pause = min(2.0 ** min(record.failures, 16), _LONGEST_BACK_OFF)
            record.backs_off_until = self._clock.monotonic() + pause
        self._records.put(server, record, _REMEMBERED)

    def timeout(self, server: Server, attempt: int) -> float:
        """Seconds to wait for this server: by its round trips, doubled with each attempt."""
        record = self._records.get(server)
        if record is None or record.smoothed is None or record.failures:
            base = _FIRST_TIMEOUT
        else:
            base = max(record.smoothed + 4 * record.variation, _MINIMUM_TIMEOUT)
        return float(min(base * 2**attempt, _MAXIMUM_TIMEOUT))

    def mark_lame(self, server: Server, zone: Name) -> None:
        """The server does not serve the zone: ask it last for a while."""
        self._lame.put((server, zone), True, _LAME_SECONDS)

    def lacks_edns(self, server: Server) -> bool:
        """Whether the server is known to refuse EDNS."""
        return self._without_edns.get(server) is not None

    def mark_without_edns(self, server: Server) -> None:
        """The server answered FORMERR or NOTIMP to EDNS, and well without it (RFC 6891 §6.2.2)."""
        self._without_edns.put(server, True, _WITHOUT_EDNS_SECONDS)

    def expect_edns(self, servers: Iterable[str]) -> None:
        """Ask these servers (in text form) with EDNS again: that they refuse it is doubted."""
        for text in servers:
            address, _, port = text.partition("@")
            self._without_edns.discard(Server(address, int(port) if port else 53))

    def order(self, servers: tuple[Server, ...], zone: Name, avoid: set[str], *, shuffle: bool) -> list[Server]:
        """Best first: not avoided, not lame, of a family that works, not backing off, quick.

        None is left out: it may be the only one that answers.
        """
        now = self._clock.monotonic()
        chances = os.urandom(len(servers)) if shuffle else bytes(len(servers))

        def rank(item: tuple[int, Server]) -> tuple[bool, bool, bool, bool, int, int, int]:
            index, server = item
            record = self._records.get(server)
            known = record.smoothed if record is not None and record.smoothed is not None else _UNKNOWN_RTT
            rtt = known + (_IPV6_HANDICAP if server.is_ipv6 else 0.0)
            backs_off = record is not None and record.backs_off_until > now
            is_lame = self._lame.get((server, zone)) is not None
            is_out = self._family_is_out.get(server.is_ipv6) is not None
            return str(server) in avoid, is_lame, is_out, backs_off, int(rtt / _BAND), chances[index], index

        return [server for _, server in sorted(enumerate(servers), key=rank)]

    def clear(self) -> None:
        """Forget everything."""
        self._records.clear()
        self._without_edns.clear()
        self._failures_of_family = {False: 0, True: 0}
        self._family_is_out.clear()
        self._lame.clear()

    def _record(self, server: Server) -> _Record:
        return self._records.get(server) or _Record()

"""Who may ask, how often, and for how much work at a time: one client must not take the resolver from the others."""

import ipaddress
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import Final

from unbroken.resolving.cache import ExpiringMap
from unbroken.resolving.clock import Clock
from unbroken.service.readers import Network
from unbroken.service.settings import Clients

_REMEMBERED: Final = 50_000
"""Clients whose access or allowance is known without a look at the lists."""
_IPV6_SITE: Final = 64
"""Bits: an IPv6 client has at least so large a network to choose addresses from (RFC 6177 §2)."""
_SLIP: Final = 2
"""Of the queries above the rate every second gets an empty, truncated reply: a client that is real comes again over TCP."""


class Verdict(Enum):
    """What a client's rate lets its query have."""

    SERVED = "served"
    TRUNCATED = "truncated"
    DROPPED = "dropped"


@dataclass(slots=True)
class _Allowance:
    left: float
    counted_at: float
    excess: int = 0


class Gate:
    """Access list, rates and places, for clients by address."""

    def __init__(self, settings: Clients, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._known: dict[str, bool] = {}
        # A bucket that nothing was taken from for so long is full, and need not be remembered.
        self._refill = settings.burst / settings.rate if settings.rate else 0.0
        self._allowances: ExpiringMap[tuple[str, bool], _Allowance] = ExpiringMap(_REMEMBERED, clock)
        self._places: Counter[str] = Counter()
        self._taken = 0

    def admits(self, client: str) -> bool:
        """Whether the access list lets this address ask at all."""
        known = self._known.get(client)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[client] = self._is_listed(client)
        return known

    def _is_listed(self, client: str) -> bool:
        try:
            # A link-local address comes with its zone (RFC 4007 §11), which the lists do not have.
            address = ipaddress.ip_address(client.partition("%")[0])
        except ValueError:
            return False

        def holds(networks: tuple[Network, ...]) -> bool:
            return any(address.version == network.version and address in network for network in networks)

        return holds(self._settings.allow) and not holds(self._settings.deny)

    def judge(self, client: str, *, is_stream: bool = False, is_over_rate: bool | None = None) -> Verdict:
        """Take one query off the client's allowance; `is_over_rate` says whether any was left where that was done already.

        A connection shows that its address is not forged, so that it has an allowance of its own: who floods others with
        replies to queries in a victim's name must not lock out the victim.
        """
        rate = self._settings.rate
        if not rate or is_over_rate is False:
            return Verdict.SERVED
        site, now = (_site(client), is_stream), self._clock.monotonic()
        allowance = self._allowances.get(site) or _Allowance(float(self._settings.burst), now)
        allowance.left = min(self._settings.burst, allowance.left + (now - allowance.counted_at) * rate)
        allowance.counted_at = now
        self._allowances.put(site, allowance, self._refill)
        if allowance.left >= 1 and not is_over_rate:
            allowance.left -= 1
            return Verdict.SERVED
        allowance.excess += 1
        return Verdict.TRUNCATED if allowance.excess % _SLIP == 0 else Verdict.DROPPED

    def enter(self, client: str) -> bool:
        """Take a place for a question that has to be resolved; False when there is none, in all or for this client."""
        site = _site(client)
        if self._taken >= self._settings.in_flight or self._places[site] >= self._settings.in_flight_per_client:
            return False
        self._taken += 1
        self._places[site] += 1
        return True

    @property
    def is_calm(self) -> bool:
        """Whether most places are free, so that something may be done that nobody waits for."""
        return 4 * self._taken <= self._settings.in_flight

    def leave(self, client: str) -> None:
        """Give it back."""
        site = _site(client)
        self._taken -= 1
        self._places[site] -= 1
        if self._places[site] <= 0:
            del self._places[site]


def _site(client: str) -> str:
    """Who counts as one: an IPv4 address, or the network of an IPv6 address."""
    if ":" not in client:
        return client
    octets = ipaddress.IPv6Address(client.partition("%")[0]).packed
    return octets[: _IPV6_SITE // 8].hex()

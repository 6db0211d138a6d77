"""The daemon's trust anchors while it runs: keys that follow their zone (RFC 5011), negative anchors (RFC 7646), their files.

What is trusted is decided by `AnchorKeeper`; here is what it needs of the world: a clock, a resolver, files and a log.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Final

from unbroken.anchors import negative
from unbroken.anchors.keeper import AnchorKeeper, Learned, Look
from unbroken.anchors.keytags import NULL
from unbroken.anchors.negative import NegativeAnchors
from unbroken.anchors.rfc5011 import TrustPoint
from unbroken.anchors.start import Start
from unbroken.anchors.store import NegativeTrustAnchor, TrustAnchors
from unbroken.chain import Chain
from unbroken.dns import Name
from unbroken.errors import StateError
from unbroken.resolving.resolver import Resolver
from unbroken.service.ground import Ground, start_anchors
from unbroken.service.log import Log
from unbroken.service.settings import Settings

_LONGEST_PAUSE: Final = 60.0
"""Seconds after which the clock is read again at the latest: it may be set, or the machine may have slept."""
_SHORTEST_PAUSE: Final = 1.0


def kept_negatives(settings: Settings) -> NegativeAnchors:
    """Those of the file that is configured; none when there is no such file yet. Raises InputError for one that is damaged."""
    path = settings.control.negatives
    return negative.load(path) if path and os.path.exists(path) else NegativeAnchors()


class AnchorWatch:
    """The anchors in force. Every change is kept in its file first, then told, with the names that it concerns."""

    def __init__(
        self,
        settings: Settings,
        ground: Ground,
        log: Log,
        changed: Callable[[TrustAnchors, tuple[Name, ...]], None],
        resolver_for: Callable[[TrustAnchors], Resolver],
    ) -> None:
        """`resolver_for` makes a resolver with empty caches that trusts those anchors alone. Raises InputError for a file of
        anchors, state or negative anchors that can't be read."""
        self._ground = ground
        self._log = log
        self._changed = changed
        self._resolver_for = resolver_for
        self._points_file = settings.resolve.anchor_state
        self._negatives_file: Final = settings.control.negatives
        self._interval: Final = settings.control.negative_recheck_seconds
        self._keeper: Final = AnchorKeeper(
            start_anchors(settings, ground), kept_negatives(settings), recheck_interval=int(self._interval)
        )
        self._told = ""
        self.in_force = self._keeper.anchors(ground.clock.now())

    @property
    def points(self) -> tuple[TrustPoint, ...]:
        """The zones whose anchors follow RFC 5011."""
        return self._keeper.points

    @property
    def negatives(self) -> tuple[NegativeTrustAnchor, ...]:
        """The negative anchors in force, by owner."""
        now = self._ground.clock.now()
        return tuple(found for found in self._keeper.negatives.values() if found.is_active(now))

    def add(self, name: Name, seconds: int, reason: str) -> NegativeTrustAnchor:
        """Turn validation off at and below `name` for so long. Raises UsageError."""
        now = self._ground.clock.now()
        self._settle(now)  # one whose time is over takes no place
        self._keeper.set_negative(name, reason, now, seconds)
        self._settle(now, name)
        return self._keeper.negatives[name]

    def remove(self, name: Name) -> None:
        """Validate there again. Raises UsageError when there is no such negative anchor."""
        now = self._ground.clock.now()
        self._settle(now)
        self._keeper.lift_negative(name)
        self._settle(now, name)

    def start_for(self, settings: Settings) -> Start:
        """What to go on with by other settings; nothing changes yet. Raises InputError."""
        # What is known here is at least as new as the state file, which may not have been writable.
        is_same_file = settings.resolve.anchor_state == self._points_file
        return start_anchors(settings, self._ground, self._keeper.points if is_same_file else None)

    def rebase(self, start: Start, settings: Settings) -> None:
        """Go on with what `start_for(settings)` gave."""
        self._points_file = settings.resolve.anchor_state
        self._keeper.restart(start)
        self._settle(self._ground.clock.now(), Name.ROOT)

    # --- from time to time ------------------------------------------------------------------------------------------------

    async def tend(self) -> None:
        """Look at what is due, for ever. An error is a line of the log, and it is tried again later."""
        most = min(_LONGEST_PAUSE, self._interval)
        while True:
            pause = most
            try:
                await self.look()
                pause = min(most, self._seconds_until_due())
            except Exception as error:  # noqa: BLE001 - keys must go on to be followed, whatever one look runs into
                self._log.write("anchors-not-looked-at", kind=type(error).__name__, what=error)
            await asyncio.sleep(pause)

    def _seconds_until_due(self) -> float:
        now = self._ground.clock.now()
        due = self._keeper.next_due(now)
        return _LONGEST_PAUSE if due is None else max(_SHORTEST_PAUSE, due - now)

    async def look(self) -> None:
        """Look at all that is due now: keys of trust points, and zones with a negative anchor. Raises InputError for a file of
        the configuration that has gone meanwhile."""
        now = self._ground.clock.now()
        self._settle(now)
        for look in self._keeper.due(now):
            chains = await self._judge(look)
            now = self._ground.clock.now()
            self._tell(look, self._keeper.learn(look, chains, now))
            self._settle(now, look.zone)

    async def _judge(self, look: Look) -> list[Chain]:
        # With caches of its own: those of the daemon hold what was fetched while the zone was broken, or before it rolled.
        resolver = self._resolver_for(look.anchors)
        chains = [(await resolver.resolve(asked.name, asked.rdtype)).chain for asked in look.questions]
        for name in look.signals:
            await resolver.look_up(name, NULL)  # RFC 8145 §5.1: that it is asked is all that counts
        return chains

    def _tell(self, look: Look, learned: Learned) -> None:
        for change in learned.changes:
            self._log.write(
                "anchor-key",
                zone=look.zone,
                key_tag=change.dnskey.key_tag,
                before=change.before.value,
                after=change.after.value,
                because=change.event.value,
            )
        if learned.lifted:
            self._log.write("negative-anchor-lifted", name=look.zone, what="; ".join(learned.notes))
            return
        for note in learned.notes:
            self._log.write("anchors", zone=look.zone, what=note)

    def _settle(self, now: int, *concerned: Name) -> None:
        """Keep what has changed, then let it be trusted: a revocation that is forgotten at a crash would be none."""
        before = self._keeper.negatives
        anchors = self._keeper.anchors(now)
        ended = tuple(owner for owner in before if owner not in self._keeper.negatives)
        self._save()
        for note in self._keeper.take_notes():
            self._log.write("anchors", what=note)
        if anchors is not self.in_force:
            self.in_force = anchors
            self._changed(anchors, (*concerned, *ended))

    def _save(self) -> None:
        try:
            self._keeper.save(self._points_file or None, self._negatives_file or None)
            self._told = ""
        except StateError as error:  # what is known counts all the same, and is written when it can be
            if self._told != str(error):
                self._log.write("anchors-not-kept", what=error)
            self._told = str(error)

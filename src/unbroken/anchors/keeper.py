"""All anchors of a running resolver in one place: those that follow RFC 5011, those that stay, and negative ones.

It is told the time and handed verdicts, and says what to look at, what is trusted, and what there is to save. It asks nobody
anything, and writes only when `save` is called.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from unbroken.anchors import negative as negative_anchors
from unbroken.anchors import rfc5011
from unbroken.anchors.keytags import query_names
from unbroken.anchors.negative import DEFAULT_LIFETIME, MAX_LIFETIME, RECHECK_INTERVAL, NegativeAnchors
from unbroken.anchors.rfc5011 import Change, TrustPoint
from unbroken.anchors.start import Start, trusted
from unbroken.anchors.store import NegativeTrustAnchor, TrustAnchors
from unbroken.authentication.policy import Policy
from unbroken.chain import Chain, Question
from unbroken.dns import Name


class Purpose(Enum):
    """Why to look."""

    KEYS = "keys"
    """At the keys of a trust point (RFC 5011 §2.3)."""
    NEGATIVE = "negative"
    """Whether a zone with a negative trust anchor validates again (RFC 7646 §4)."""


@dataclass(frozen=True, slots=True)
class Look:
    """Something to look at now: validate each question from `anchors`, all of them with one fresh `TrustCache`, and hand the
    chains to `AnchorKeeper.learn` in the same order.

    `signals` are names to query with type NULL at the same time, whose answers do not matter (RFC 8145 §5.1). `era` is that of
    the keeper (see `AnchorKeeper.restart`).
    """

    purpose: Purpose
    zone: Name
    questions: tuple[Question, ...]
    anchors: TrustAnchors
    signals: tuple[Name, ...] = ()
    era: int = 0


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of a look. `changes` are keys that went from state to state; `notes` are sentences for the log."""

    changes: tuple[Change, ...] = ()
    lifted: tuple[NegativeTrustAnchor, ...] = ()
    notes: tuple[str, ...] = ()


class AnchorKeeper:
    """The anchors of one resolver. Not for several threads at once. Times are epoch seconds."""

    def __init__(
        self,
        start: Start,
        negatives: NegativeAnchors | None = None,
        *,
        policy: Policy | None = None,
        recheck_interval: int = RECHECK_INTERVAL,
    ) -> None:
        """`start`: see `anchors_to_start_with`. `recheck_interval`: seconds between two looks at a zone with a negative
        anchor."""
        self._points = {point.owner: point for point in start.points}
        self._fixed = start.fixed
        self._negatives = negatives if negatives is not None else NegativeAnchors()
        self._policy: Final = policy or Policy()
        self._recheck_interval: Final = recheck_interval
        self._next_check: dict[Name, int] = {}
        self._notes = list(start.notes)
        self._anchors: TrustAnchors | None = None
        self._era = 0
        # A first start is to be kept as well: hold-downs count from when a key was first seen.
        self.are_points_unsaved = True
        self.are_negatives_unsaved = False

    def restart(self, start: Start) -> None:
        """Take other anchors instead, as after a change of the configuration. Negative anchors stay; a look that is under way
        changes nothing any more, since it began with the anchors of before."""
        self._points = {point.owner: point for point in start.points}
        self._fixed = start.fixed
        self._notes += start.notes
        self._era += 1
        self.are_points_unsaved = True
        self._forget()

    @property
    def points(self) -> tuple[TrustPoint, ...]:
        """The zones whose anchors follow RFC 5011."""
        return tuple(self._points.values())

    @property
    def negatives(self) -> NegativeAnchors:
        """The negative trust anchors, also those that ended since `anchors` was last called."""
        return self._negatives

    def anchors(self, now: int) -> TrustAnchors:
        """What is trusted at `now`. It is the same object until something changes, so that caches made with it stay good."""
        active, ended = self._negatives.settle(now)
        if active != self._negatives:
            self._negatives = active
            self._forget()
            self.are_negatives_unsaved = True
        for negative in ended:
            self._next_check.pop(negative.owner, None)
            self._notes.append(f"the negative trust anchor at {negative.owner} has ended: {negative.reason}")
        if self._anchors is None:
            self._anchors = trusted(self.points, self._fixed).with_negatives(self._negatives.values())
        return self._anchors

    def take_notes(self) -> tuple[str, ...]:
        """Sentences for the log that came up since this was last called: of the start, and of negative anchors that ended."""
        notes, self._notes = tuple(self._notes), []
        return notes

    def due(self, now: int) -> tuple[Look, ...]:
        """What to look at now, in no order that matters. A look stays due until `learn` has been told of it."""
        everything = self.anchors(now)
        looks = []
        for point in self.points:
            anchor = point.look_anchor(now)
            if anchor is not None and point.timers.is_due(now):
                # Without negative anchors: that somebody switched validation off for a zone must not keep its keys from
                # rolling.
                question = rfc5011.question_for(point.owner)
                alone = TrustAnchors([anchor])
                names = query_names(anchor)
                looks.append(Look(Purpose.KEYS, point.owner, (question,), alone, names, self._era))
        for negative in self._negatives.values():
            if now >= self._check_time(negative, now):
                alone = everything.without_negative(negative.owner)
                questions = negative_anchors.questions_for(negative)
                looks.append(Look(Purpose.NEGATIVE, negative.owner, questions, alone, era=self._era))
        return tuple(looks)

    def next_due(self, now: int) -> int | None:
        """When `due` will next have something, `now` at the earliest; None: never, as things are."""
        times = [point.timers.next_query for point in self.points if point.anchor is not None]
        times += [self._check_time(negative, now) for negative in self._negatives.values()]
        return max(now, min(times)) if times else None

    def learn(self, look: Look, chains: Sequence[Chain], now: int) -> Learned:
        """Take in the verdicts on a look's questions. Never raises for what is in a chain; `save` what is unsaved then."""
        if look.era != self._era:
            return Learned()
        if look.purpose is Purpose.KEYS:
            return self._learn_keys(look, chains, now)
        return self._learn_negative(look, chains, now)

    def _learn_keys(self, look: Look, chains: Sequence[Chain], now: int) -> Learned:
        point = self._points.get(look.zone)
        if point is None or len(chains) != 1:
            return Learned()
        done = rfc5011.advance(point, chains[0], now, self._policy)
        self._points[look.zone] = done.point
        self.are_points_unsaved = True
        if done.point.anchor != point.anchor:
            self._forget()
        return Learned(done.changes, notes=done.notes)

    def _learn_negative(self, look: Look, chains: Sequence[Chain], now: int) -> Learned:
        negative = self._negatives.get(look.zone)
        if negative is None or negative_anchors.questions_for(negative) != look.questions:
            return Learned()  # lifted, or set anew, while the look was under way
        found = negative_anchors.recheck(negative, chains, now, self._recheck_interval)
        self._next_check[look.zone] = found.next_check
        if not found.is_lifted:
            return Learned()
        self.lift_negative(look.zone)
        return Learned(
            lifted=(negative,), notes=(f"the negative trust anchor at {look.zone} is lifted: {found.because}",)
        )

    # --- negative anchors, set and lifted by hand -------------------------------------------------------------------------

    def set_negative(
        self,
        owner: Name,
        reason: str,
        now: int,
        lifetime: int = DEFAULT_LIFETIME,
        *,
        longest: int = MAX_LIFETIME,
        witness: Question | None = None,
    ) -> None:
        """As `NegativeAnchors.set`. Raises UsageError."""
        self._negatives = self._negatives.set(owner, reason, now, lifetime, longest=longest, witness=witness)
        self._negatives_changed(owner)

    def lift_negative(self, owner: Name) -> None:
        """As `NegativeAnchors.lift`. Raises UsageError if there is none."""
        self._negatives = self._negatives.lift(owner)
        self._negatives_changed(owner)

    def _negatives_changed(self, owner: Name) -> None:
        self._next_check.pop(owner, None)
        self.are_negatives_unsaved = True
        self._forget()

    def _check_time(self, negative: NegativeTrustAnchor, now: int) -> int:
        """When to look whether a zone is mended: never further away than an interval, whatever the clock did in between."""
        begun = now if negative.added is None else negative.added
        known = self._next_check.setdefault(negative.owner, begun + self._recheck_interval)
        return min(known, now + self._recheck_interval)

    def _forget(self) -> None:
        self._anchors = None

    # --- files ------------------------------------------------------------------------------------------------------------

    def save(self, points_file: str | None, negatives_file: str | None) -> None:
        """Write what is unsaved to those files, each whole or not at all; None: it is not kept. Raises StateError, and what was
        not written then stays unsaved; that one can't be written keeps nobody from the other."""
        try:
            if self.are_points_unsaved and points_file is not None and self._points:
                rfc5011.save(points_file, self.points)
            self.are_points_unsaved = False
        finally:
            if self.are_negatives_unsaved and negatives_file is not None:
                negative_anchors.save(negatives_file, self._negatives)
            self.are_negatives_unsaved = False

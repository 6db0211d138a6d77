"""RFC 5011: trust anchors that follow their zone's key rolls by themselves. A state machine without I/O or clock.

A daemon holds one `TrustPoint` a zone. When `point.timers.is_due(now)`, it validates `question_for(point.owner)` with the
point's own `look_anchor(now)` and a fresh trust cache, hands the chain to `advance`, saves the points (`save`) before it
uses them, and logs the changes and notes. Several daemons at one time of day should spread their queries: look up to a
tenth earlier.
"""

from unbroken.anchors.rfc5011.file import load, save
from unbroken.anchors.rfc5011.machine import MAX_KEYS, MAX_PENDING, begin, step
from unbroken.anchors.rfc5011.observation import observe, question_for
from unbroken.anchors.rfc5011.states import Change, KeyEvent, KeyState, Observation, Step, TrackedKey, TrustPoint
from unbroken.anchors.rfc5011.timers import Timers
from unbroken.authentication.policy import Policy
from unbroken.chain import Chain

__all__ = [
    "MAX_KEYS",
    "MAX_PENDING",
    "Change",
    "KeyEvent",
    "KeyState",
    "Observation",
    "Step",
    "Timers",
    "TrackedKey",
    "TrustPoint",
    "advance",
    "begin",
    "load",
    "observe",
    "question_for",
    "save",
    "step",
]


def advance(point: TrustPoint, chain: Chain, now: int, policy: Policy | None = None) -> Step:
    """The trust point after a look at its keys: `observe`, then `step`. The chain must come from `look_anchor` alone.

    `now` is an epoch second. A chain that is not secure counts as a failed query (RFC 5011 §2.3); a key that revoked itself
    in it is revoked all the same (§2.1). Never raises.
    """
    seen = observe(chain, point.owner, now, policy or Policy())
    return step(point, seen, now)

"""RFC 5011 §4: the state table, and what must hold whatever a zone shows and whenever it is looked at."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unbroken._kernel import ds_digest
from unbroken.anchors import TrustAnchor
from unbroken.anchors.rfc5011 import (
    MAX_KEYS,
    MAX_PENDING,
    KeyEvent,
    KeyState,
    Observation,
    Step,
    TrustPoint,
    begin,
    step,
)
from unbroken.anchors.rfc5011.states import TRANSITIONS
from unbroken.anchors.rfc5011.timers import DAY
from unbroken.dns import Dnskey, Ds, Name, RRset

ZONE = Name("example.")
NOW = 1_800_000_000
START, PENDING, VALID = KeyState.START, KeyState.ADD_PENDING, KeyState.VALID
MISSING, REVOKED, REMOVED = KeyState.MISSING, KeyState.REVOKED, KeyState.REMOVED


def key(number: int, flags: int = 257, algorithm: int = 13) -> Dnskey:
    rdata = flags.to_bytes(2) + bytes((3, algorithm)) + number.to_bytes(2) * 32
    return RRset(ZONE, 48, 0, (rdata,)).dnskeys()[0]


def ds(dnskey: Dnskey) -> Ds:
    digest = ds_digest(ZONE, dnskey, 2)
    assert digest is not None
    return RRset(ZONE, 43, 0, (dnskey.key_tag.to_bytes(2) + bytes((dnskey.algorithm, 2)) + digest,)).dses()[0]


A, B, C = key(1), key(2), key(3)


def seen(*keys: Dnskey, revoked: Iterable[Dnskey] = (), ttl: int = 172_800) -> Observation:
    return Observation(keys, tuple(revoked), True, ttl, 20 * DAY)


def start(*keys: Dnskey, digests: Iterable[Ds] = ()) -> TrustPoint:
    return begin(TrustAnchor(ZONE, tuple(digests), keys, "test"), NOW)


def run(point: TrustPoint, *looks: tuple[int, Observation]) -> Step:
    """Looks at so many days after NOW; the last step."""
    last = Step(point)
    for days, observation in looks:
        last = step(last.point, observation, NOW + days * DAY)
    return last


def states(point: TrustPoint) -> dict[Dnskey, KeyState]:
    return {tracked.dnskey: tracked.state for tracked in point.keys}


def trusted(point: TrustPoint) -> set[Dnskey]:
    return set(point.anchor.dnskeys) if point.anchor is not None else set()


# --- §4: each transition of the table -----------------------------------------------------------------------------------


def test_start_to_add_pending_when_a_new_key_is_seen() -> None:
    last = run(start(A), (0, seen(A, B)))
    assert states(last.point) == {A: VALID, B: PENDING}
    assert [(c.dnskey, c.event, c.before, c.after) for c in last.changes] == [(B, KeyEvent.NEW_KEY, START, PENDING)]
    assert trusted(last.point) == {A}


def test_add_pending_to_start_when_the_key_is_gone_and_the_hold_down_begins_anew() -> None:
    gone = run(start(A), (0, seen(A, B)), (20, seen(A)))
    assert states(gone.point) == {A: VALID}
    assert gone.changes[0].event is KeyEvent.KEY_REMOVED
    again = run(gone.point, (21, seen(A, B)), (50, seen(A, B)))
    assert states(again.point) == {A: VALID, B: PENDING}


def test_add_pending_to_valid_at_the_first_look_after_the_hold_down() -> None:
    first = run(start(A), (0, seen(A, B))).point
    early = step(first, seen(A, B), NOW + 30 * DAY - 1)
    assert states(early.point)[B] is PENDING
    late = step(early.point, seen(A, B), NOW + 30 * DAY)
    assert states(late.point)[B] is VALID
    assert trusted(late.point) == {A, B}
    assert late.changes[0].event is KeyEvent.ADD_TIME


def test_the_hold_down_is_the_original_ttl_when_that_is_longer() -> None:
    """§2.4.1."""
    first = run(start(A), (0, seen(A, B, ttl=40 * DAY))).point
    assert states(run(first, (39, seen(A, B))).point)[B] is PENDING
    assert states(run(first, (40, seen(A, B))).point)[B] is VALID


def test_valid_to_missing_and_back_is_trusted_throughout() -> None:
    gone = run(start(A, B), (0, seen(A)))
    assert states(gone.point) == {A: VALID, B: MISSING}
    assert trusted(gone.point) == {A, B}
    assert states(run(gone.point, (1, seen(A, B))).point)[B] is VALID


@pytest.mark.parametrize("before", [VALID, MISSING, PENDING])
def test_a_revoked_key_is_trusted_no_more_at_once(before: KeyState) -> None:
    point = {
        VALID: start(A, B),
        MISSING: run(start(A, B), (0, seen(A))).point,
        PENDING: run(start(A), (0, seen(A, B))).point,
    }[before]
    assert states(point)[B] is before
    last = run(point, (1, seen(A, revoked=[B])))
    assert states(last.point)[B] is REVOKED
    assert trusted(last.point) == {A}
    assert last.changes[-1].event is KeyEvent.REVOKE_BIT


def test_revoked_to_removed_once_it_was_gone_for_the_remove_hold_down() -> None:
    """§4.1 RemTime: missing from the RRset for 30 days; while it is still shown, the time does not run."""
    point = run(start(A, B), (0, seen(A, revoked=[B])), (40, seen(A, revoked=[B]))).point
    assert states(run(point, (69, seen(A))).point)[B] is REVOKED
    assert states(run(point, (70, seen(A))).point)[B] is REMOVED


@pytest.mark.parametrize("then", [REVOKED, REMOVED])
def test_a_revoked_key_that_comes_back_without_the_bit_stays_out(then: KeyState) -> None:
    """§2.1: revocation is permanent."""
    point = run(start(A, B), (0, seen(A, revoked=[B]))).point
    if then is REMOVED:
        point = run(point, (31, seen(A))).point
    for day in (40, 80, 120, 300):
        point = run(point, (day, seen(A, B))).point
        assert states(point)[B] is then
        assert trusted(point) == {A}


def test_every_pair_that_is_not_in_the_table_changes_nothing() -> None:
    """The table of §4 has eight entries; four more are ours, and say so beside them."""
    assert len(TRANSITIONS) == 12
    assert all(before not in (REMOVED,) for before, _ in TRANSITIONS)
    assert {after for (before, _), after in TRANSITIONS.items() if before is REVOKED} == {REMOVED}


# --- what counts as seen ------------------------------------------------------------------------------------------------


def test_an_observation_without_authentication_only_revokes() -> None:
    """§2.2 wants a signature by a current anchor for an addition; §2.1 wants nothing but the key's own for a revocation."""
    point = run(start(A, B), (0, seen(A, B, C))).point
    failed = step(point, Observation(revoked=(B,), problem="no"), NOW + 60 * DAY)
    assert states(failed.point) == {A: VALID, B: REVOKED, C: PENDING}
    assert failed.point.timers.failures == 1
    assert failed.point.timers.last_success == NOW


def test_a_key_without_sep_bit_is_not_taken_up_but_may_be_configured() -> None:
    zsk = key(4, flags=256)
    assert states(run(start(A), (0, seen(A, zsk))).point) == {A: VALID}
    assert states(run(start(zsk), (0, seen(A, zsk))).point) == {zsk: VALID, A: PENDING}


def test_a_key_without_sep_bit_gives_way_to_one_that_has_it() -> None:
    """Nobody revokes a zone signing key that is rolled: it would be trusted for ever."""
    zsk = key(4, flags=256)
    assert states(start(A, zsk)) == {A: VALID}
    waiting = run(start(zsk), (0, seen(A, zsk))).point
    assert trusted(waiting) == {zsk}
    last = run(waiting, (30, seen(A, zsk)))
    assert states(last.point) == {A: VALID}
    assert last.notes == (f"key {zsk.key_tag} of example. has no SEP bit, and gives way to a key that has",)
    by_digest = run(start(zsk, digests=[ds(A)]), (0, seen(A, zsk))).point
    assert states(by_digest) == {A: VALID}


# --- what a look is validated with --------------------------------------------------------------------------------------


def test_a_look_may_rest_on_a_pending_key_once_its_hold_down_is_over() -> None:
    """§2.2: it becomes an anchor the next time that the RRset with it is seen, whoever signs that."""
    point = run(start(A), (0, seen(A, B)), (10, seen(A, B))).point
    early, late = (point.look_anchor(NOW + 30 * DAY - offset) for offset in (1, 0))
    assert early is not None
    assert early.dnskeys == (A,)
    assert late is not None
    assert late.dnskeys == (A, B)
    assert trusted(point) == {A}


def test_a_pending_key_that_was_seen_only_once_is_nothing_to_rest_on() -> None:
    point = run(start(A), (0, seen(A, B))).point
    found = point.look_anchor(NOW + 99 * DAY)
    assert found is not None
    assert found.dnskeys == (A,)


def test_a_trust_point_that_is_gone_does_not_come_back_by_a_pending_key() -> None:
    """§5."""
    point = run(start(A), (0, seen(A, B)), (10, seen(A, B)), (11, seen(B, revoked=[A]))).point
    assert states(point)[B] is PENDING
    assert point.look_anchor(NOW + 99 * DAY) is None


def test_the_revocation_of_an_unknown_key_is_of_no_interest() -> None:
    assert states(run(start(A), (0, seen(A, revoked=[C]))).point) == {A: VALID}


def test_the_form_with_revoke_bit_is_the_same_key() -> None:
    revoked_form = key(2, flags=257 | 0x80)
    assert states(run(start(A, B), (0, seen(A, revoked=[revoked_form]))).point) == {A: VALID, B: REVOKED}
    assert states(start(A, revoked_form)) == {A: VALID}


# --- digests ------------------------------------------------------------------------------------------------------------


def test_a_configured_digest_is_an_anchor_until_its_key_shows_up_and_takes_its_place() -> None:
    point = start(digests=[ds(A), ds(B)])
    assert point.anchor is not None
    assert point.anchor.dses == (ds(A), ds(B))
    last = run(point, (0, seen(A)))
    assert states(last.point) == {A: VALID}
    assert last.changes[0].event is KeyEvent.CONFIGURED
    assert last.point.digests == (ds(B),)
    assert trusted(run(last.point, (1, seen(A, B))).point) == {A, B}


def test_a_digest_whose_key_is_revoked_before_it_was_ever_seen_is_dropped() -> None:
    last = run(start(A, digests=[ds(B)]), (0, seen(A, revoked=[B])))
    assert last.point.digests == ()
    assert states(last.point) == {A: VALID, B: REVOKED}


def test_a_digest_beside_its_own_key_is_no_second_anchor() -> None:
    assert start(A, digests=[ds(A)]).digests == ()


# --- ends and bounds ----------------------------------------------------------------------------------------------------


def test_a_trust_point_whose_anchors_are_all_revoked_is_gone() -> None:
    """§5."""
    last = run(start(A), (0, seen(A, B)), (1, seen(B, revoked=[A])))
    assert last.point.anchor is None
    assert "every trust anchor of example. is revoked" in last.notes[0]


def test_so_many_keys_may_wait_and_no_more() -> None:
    crowd = [key(number) for number in range(100, 100 + MAX_PENDING + 1)]
    last = run(start(A), (0, seen(A, *crowd)))
    assert sum(state is PENDING for state in states(last.point).values()) == MAX_PENDING
    assert len(last.notes) == 1
    exactly = run(start(A), (0, seen(A, *crowd[:-1])))
    assert exactly.notes == ()


def test_who_waits_is_not_pushed_out_by_who_comes_later() -> None:
    first = [key(number) for number in range(900, 900 + MAX_PENDING)]
    point = run(start(A), (0, seen(A, *first))).point
    crowd = [key(number) for number in range(100, 140)]
    assert set(first) <= set(states(run(point, (1, seen(A, *crowd, *first))).point))


def test_the_number_of_keys_in_all_states_is_bounded() -> None:
    point = start(A)
    for number in range(MAX_KEYS + 20):
        other = key(1000 + number)
        point = run(point, (number, seen(A, other)), (number, seen(A, revoked=[other]))).point
    assert len(point.keys) == MAX_KEYS
    assert run(point, (400, seen(A, B))).notes != ()


# --- the clock ----------------------------------------------------------------------------------------------------------


def test_a_hold_down_that_began_in_the_future_begins_anew() -> None:
    point = step(start(A), seen(A, B), NOW + 100 * DAY).point
    back = step(point, seen(A, B), NOW)
    assert "the clock was set back" in back.notes[0]
    assert states(run(back.point, (29, seen(A, B))).point)[B] is PENDING
    assert states(run(back.point, (30, seen(A, B))).point)[B] is VALID


def test_a_clock_that_is_set_back_makes_no_key_old_enough() -> None:
    point = run(start(A), (10, seen(A, B)), (20, seen(A, B)), (12, seen(A, B)), (39, seen(A, B))).point
    assert states(point)[B] is PENDING
    assert states(run(point, (40, seen(A, B))).point)[B] is VALID


# --- invariants ---------------------------------------------------------------------------------------------------------

_KEYS = tuple(key(number) for number in range(20, 26))
_SETS = st.frozensets(st.sampled_from(_KEYS), max_size=6)
_LOOKS = st.lists(
    st.tuples(st.integers(-3 * DAY, 25 * DAY), st.booleans(), _SETS, st.frozensets(st.sampled_from(_KEYS), max_size=1)),
    max_size=25,
)


def _observation(authenticated: bool, keys: frozenset[Dnskey], revoked: frozenset[Dnskey]) -> Observation:
    if not authenticated:
        return Observation(revoked=tuple(revoked), problem="no")
    return seen(*(keys - revoked), revoked=revoked)


@given(_LOOKS)
@settings(max_examples=300)
def test_no_key_is_trusted_without_an_unbroken_hold_down_and_none_after_its_revocation(
    looks: list[tuple[int, bool, frozenset[Dnskey], frozenset[Dnskey]]],
) -> None:
    """A second account, kept in the simplest way there is: for each key, since when it was in every authenticated set."""
    point, now = start(_KEYS[0]), NOW
    seen_since: dict[Dnskey, int] = {}
    ever_trusted, ever_revoked = {_KEYS[0]}, set[Dnskey]()
    for elapsed, authenticated, keys, revoked in looks:
        now += elapsed
        seen_since = {k: min(at, now) for k, at in seen_since.items()}
        tracked = set(states(point))
        point = step(point, _observation(authenticated, keys, revoked), now).point
        ever_revoked |= revoked & tracked
        if authenticated:
            seen_since = {k: seen_since.get(k, now) for k in keys - revoked}
            ever_trusted |= {k for k, at in seen_since.items() if now - at >= 30 * DAY}
        assert trusted(point) <= ever_trusted - ever_revoked
        for tracked_key in point.keys:
            assert tracked_key.since <= now
            assert tracked_key.last_seen <= now


@given(_LOOKS)
def test_the_same_looks_give_the_same_trust_point(
    looks: list[tuple[int, bool, frozenset[Dnskey], frozenset[Dnskey]]],
) -> None:
    """The order of the records in a response is anybody's choice, so it decides nothing."""
    forward, backward, now = start(_KEYS[0]), start(_KEYS[0]), NOW
    for elapsed, authenticated, keys, revoked in looks:
        now += elapsed
        look = _observation(authenticated, keys, revoked)
        forward = step(forward, look, now).point
        backward = step(backward, replace(look, keys=look.keys[::-1], revoked=look.revoked[::-1]), now).point
    assert forward == backward


@given(_LOOKS)
def test_a_trust_point_with_a_trusted_key_never_loses_it_but_by_revocation(
    looks: list[tuple[int, bool, frozenset[Dnskey], frozenset[Dnskey]]],
) -> None:
    """§4.2: a key that is missing is still trusted, or a resolver could be talked out of its anchors."""
    point, now = start(_KEYS[0]), NOW
    for elapsed, authenticated, keys, revoked in looks:
        now += elapsed
        before = trusted(point)
        point = step(point, _observation(authenticated, keys, revoked), now).point
        assert before - trusted(point) <= revoked

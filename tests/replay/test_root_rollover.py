"""RFC 5011 over the root's real key sets of 2023 to 2026, from KSK-2017 alone."""

import re

import pytest
from root_series import Apex, root_apex_series

from unbroken.anchors.builtin import iana_root
from unbroken.anchors.rfc5011 import KeyEvent, KeyState, TrustPoint, advance, begin, question_for
from unbroken.anchors.rfc5011.timers import ADD_HOLD_DOWN, DAY
from unbroken.anchors.store import TrustAnchor, TrustAnchors
from unbroken.chain import Chain
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.validation.drivers import drive
from unbroken.validation.protocol import Answer, Lookup, Response
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

KSK_2017, KSK_2024 = 20326, 38696
ROOT = Name.ROOT


def recorded_at(apex: Apex) -> int:
    """When the key set was published, as its heading says, moved into the time for which it was signed."""
    match = re.search(r"committed ([0-9]+)", apex.heading)
    assert match is not None
    first, last = apex.window
    return min(max(int(match.group(1)), first), last)


def look(point: TrustPoint, apex: Apex, now: int) -> Chain:
    def fetch(lookup: Lookup) -> Response:
        question = (lookup.name, lookup.rdtype, rr.CLASS_IN)
        return Answer(Message(0, rr.QR | rr.AA, question, apex.section(lookup.rdtype)))

    anchor = point.look_anchor(now)
    assert anchor is not None
    anchors = TrustAnchors([anchor])
    return drive(validate(question_for(ROOT), anchors=anchors, now=now, trust=TrustCache()), fetch)


def ksk_2017() -> TrustAnchor:
    built_in = iana_root()[ROOT]
    return TrustAnchor(ROOT, tuple(ds for ds in built_in.dses if ds.key_tag == KSK_2017), (), "KSK-2017")


def states(point: TrustPoint) -> dict[int, KeyState]:
    return {key.dnskey.key_tag: key.state for key in point.keys}


def test_from_ksk_2017_alone_the_recorded_key_sets_lead_to_both_anchors() -> None:
    series = root_apex_series()
    point = begin(ksk_2017(), recorded_at(series[0]))
    events: list[tuple[int, int, KeyEvent]] = []
    for apex in series:
        now = recorded_at(apex)
        done = advance(point, look(point, apex, now), now)
        assert done.point.timers.failures == 0, apex.heading
        assert done.notes == ()
        events += [(now, change.dnskey.key_tag, change.event) for change in done.changes]
        point = done.point
    assert [(tag, event) for _, tag, event in events] == [
        (KSK_2017, KeyEvent.CONFIGURED),
        (KSK_2024, KeyEvent.NEW_KEY),
        (KSK_2024, KeyEvent.ADD_TIME),
    ]
    assert events[2][0] - events[1][0] >= ADD_HOLD_DOWN
    assert states(point) == {KSK_2017: KeyState.VALID, KSK_2024: KeyState.VALID}
    # IANA's own digest says that this is the key (RFC 9718 §2).
    iana = TrustAnchor(ROOT, iana_root()[ROOT].dses, (), "IANA")
    assert point.anchor is not None
    assert states(begin(iana, 0)) == {}
    last = series[-1]
    matched = advance(begin(iana, 0), look(begin(iana, 0), last, recorded_at(last)), recorded_at(last)).point
    assert {key.dnskey for key in matched.keys} == set(point.anchor.dnskeys)


@pytest.mark.parametrize(("days_off", "expected"), [(20, KeyState.ADD_PENDING), (400, KeyState.VALID)])
def test_a_resolver_that_was_off_needs_the_whole_hold_down_all_the_same(days_off: int, expected: KeyState) -> None:
    """The time for which nothing was seen counts, since it is the zone's signature that vouches (RFC 5011 §2.2); but one look
    at a new key never makes it trusted."""
    series = [apex for apex in root_apex_series() if KSK_2024 in tags(apex)]
    first = recorded_at(series[0])
    point = begin(ksk_2017(), first)
    point = advance(point, look(point, series[0], first), first).point
    assert states(point)[KSK_2024] is KeyState.ADD_PENDING
    later = min(series, key=lambda apex: abs(recorded_at(apex) - first - days_off * DAY))
    now = recorded_at(later)
    assert abs(now - first - days_off * DAY) < 9 * DAY
    point = advance(point, look(point, later, now), now).point
    assert states(point)[KSK_2024] is expected


def tags(apex: Apex) -> set[int]:
    (keys,) = (rrset for rrset in apex.section(rr.DNSKEY) if not rrset.covers)
    return {key.key_tag for key in keys.dnskeys()}


def test_key_sets_with_a_key_added_by_somebody_else_change_nothing() -> None:
    """The root's own signatures with one key more in the RRset: every look fails, and no state moves."""
    from unbroken.keys import generate

    intruder = generate(ROOT, 8, secure_entry_point=True).dnskey
    point = begin(ksk_2017(), 0)
    for apex in root_apex_series()[::10]:
        keys, rrsigs = apex.section(rr.DNSKEY)
        more = RRset(ROOT, rr.DNSKEY, keys.ttl, (*keys.rdatas, intruder.rdata))
        now = recorded_at(apex)
        point = advance(point, look(point, Apex(apex.heading, (more, rrsigs)), now), now).point
    assert states(point) == {}
    assert point.timers.last_success == 0

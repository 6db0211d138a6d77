"""The anchors of a running resolver: what is due, what is learnt, what is trusted, what is kept, over simulated months."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.anchors.test_rfc5011_observation import ZONE, ZSK, A, B, answer
from tests.unit.validation.world import World, sections, usual
from unbroken.anchors import TrustAnchors, negative, rfc5011
from unbroken.anchors.keeper import AnchorKeeper, Learned, Look, Purpose
from unbroken.anchors.negative import NegativeAnchors
from unbroken.anchors.rfc5011 import KeyEvent, begin
from unbroken.anchors.start import AnchorFile, Origin, Start, anchors_to_start_with
from unbroken.anchors.store import TrustAnchor
from unbroken.chain import Question, Status
from unbroken.dns import Message, Name
from unbroken.dns import rdtype as rr
from unbroken.errors import StateError
from unbroken.keys import ZoneKey
from unbroken.validation.drivers import drive
from unbroken.validation.protocol import Failure, Lookup, NoAnswer, Response
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

NOW = 1_800_000_000
DAY = 86400
BROKEN = Name("nsec.example.")
_TTL = 20 * DAY  # so that the zone is looked at every ten days


def start(*keys: ZoneKey, fixed: TrustAnchors | None = None) -> Start:
    point = begin(TrustAnchor(ZONE, (), tuple(key.dnskey for key in keys), "test"), NOW)
    return Start((point,), fixed or TrustAnchors(), ((ZONE, Origin.CONFIGURED),))


@dataclass
class Daemon:
    """What a resolver does with a keeper: look at what is due, learn, sleep until something is due again."""

    keeper: AnchorKeeper
    now: int = NOW

    def fetch(self, lookup: Lookup) -> Response:
        day = (self.now - NOW) / DAY
        if lookup != Question(ZONE, rr.DNSKEY):
            return NoAnswer(Failure.TIMEOUT)
        old = A if day < 60 else A.revoked()
        keys = [*([old] if day < 100 else []), *([B] if day >= 10 else []), ZSK]
        signers = [*([old] if day < 100 else []), *([B] if day >= 60 else [])]
        return answer(keys, signers, self.now, _TTL)

    def look(self, look: Look) -> Learned:
        trust = TrustCache()
        chains = [
            drive(validate(q, anchors=look.anchors, now=self.now, trust=trust), self.fetch) for q in look.questions
        ]
        return self.keeper.learn(look, chains, self.now)

    def live(self, days: int) -> list[tuple[int, KeyEvent, int]]:
        """(day, event, key tag) of all that happens."""
        events = []
        end = self.now + days * DAY
        while (due := self.keeper.next_due(self.now)) is not None and due <= end:
            self.now = due
            for look in self.keeper.due(self.now):
                for change in self.look(look).changes:
                    events.append(((self.now - NOW) // DAY, change.event, change.dnskey.key_tag))
            assert not self.keeper.due(self.now)
        self.now = end
        return events


def test_a_key_roll_over_months_happens_by_itself_and_at_the_right_days() -> None:
    daemon = Daemon(AnchorKeeper(start(A)))
    assert daemon.live(160) == [
        (10, KeyEvent.NEW_KEY, B.key_tag),
        (40, KeyEvent.ADD_TIME, B.key_tag),
        (60, KeyEvent.REVOKE_BIT, A.key_tag),
        (120, KeyEvent.REMOVE_TIME, A.key_tag),
    ]
    assert daemon.keeper.anchors(daemon.now)[ZONE].dnskeys == (B.dnskey,)


def test_a_daemon_that_is_started_anew_every_week_ends_in_the_same_state(tmp_path: Path) -> None:
    """Nothing that counts lives in memory alone."""
    whole = Daemon(AnchorKeeper(start(A)))
    whole.live(161)
    daemon = Daemon(AnchorKeeper(start(A)))
    for _ in range(23):
        daemon.live(7)
        daemon.keeper.save(str(tmp_path / "points"), None)
        points = rfc5011.load(tmp_path / "points")
        daemon.keeper = AnchorKeeper(Start(points, TrustAnchors(), ()))
    assert daemon.keeper.points == whole.keeper.points


def test_the_anchors_are_the_same_object_until_something_changes() -> None:
    """Trust caches are bound to the anchors that they were made with."""
    daemon = Daemon(AnchorKeeper(start(A)))
    daemon.live(1)
    before = daemon.keeper.anchors(daemon.now)
    daemon.live(38)
    assert daemon.keeper.anchors(daemon.now) is before
    daemon.live(2)
    assert daemon.keeper.anchors(daemon.now) is not before


def test_a_look_at_keys_says_which_anchors_there_are() -> None:
    (look,) = AnchorKeeper(start(A, B)).due(NOW)
    assert look.signals == (Name(f"_ta-{'-'.join(f'{tag:04x}' for tag in sorted((A.key_tag, B.key_tag)))}.example."),)


def test_fixed_anchors_are_trusted_and_never_looked_at() -> None:
    fixed = TrustAnchors([TrustAnchor(Name("fixed."), (), (B.dnskey,), "test")])
    keeper = AnchorKeeper(start(A, fixed=fixed))
    assert set(keeper.anchors(NOW)) == {ZONE, Name("fixed.")}
    assert [look.zone for look in keeper.due(NOW)] == [ZONE]
    assert AnchorKeeper(Start((), fixed, ())).next_due(NOW) is None


def test_a_negative_anchor_over_a_trust_point_does_not_keep_its_keys_from_rolling() -> None:
    daemon = Daemon(AnchorKeeper(start(A), recheck_interval=5 * DAY))
    daemon.keeper.set_negative(ZONE, "test", NOW, 300 * DAY, longest=300 * DAY)
    assert [event for _, event, _ in daemon.live(61)] == [KeyEvent.NEW_KEY, KeyEvent.ADD_TIME, KeyEvent.REVOKE_BIT]


# --- negative anchors -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built() -> World:
    return usual()


@dataclass
class Operated:
    """A keeper over the usual world, in which nsec.example. is broken for a while."""

    world: World
    keeper: AnchorKeeper

    def check(self, now: int) -> Status:
        self.world.anchors = self.keeper.anchors(now)
        return self.world.check("www.nsec.example.", now=now).status

    def look(self, now: int) -> list[Learned]:
        done = []
        for look in self.keeper.due(now):
            if look.purpose is Purpose.NEGATIVE:
                self.world.anchors = look.anchors
                chains = [self.world.check(str(q.name), q.rdtype, now=now) for q in look.questions]
                done.append(self.keeper.learn(look, chains, now))
        return done


@pytest.fixture
def operated(built: World) -> Operated:
    world = World(dict(built.zones), built.keys, built.anchors)
    for rdtype in (rr.SOA, rr.DNSKEY):
        world.bend("nsec.example.", rdtype, _unsigned)
    return Operated(world, AnchorKeeper(Start((), built.anchors, ())))


def _unsigned(message: Message) -> Message:
    return sections(message, answer=[r for r in message.answer if not r.covers])


def test_a_negative_anchor_counts_at_once_and_is_lifted_once_its_zone_is_mended(operated: Operated) -> None:
    assert operated.check(NOW) is Status.BOGUS
    operated.keeper.set_negative(BROKEN, "lost its signatures", NOW)
    assert operated.check(NOW) is Status.INSECURE
    assert operated.keeper.due(NOW + 299) == ()
    assert operated.keeper.next_due(NOW) == NOW + 300
    assert operated.look(NOW + 300) == [Learned()]
    assert operated.keeper.next_due(NOW + 301) == NOW + 600
    operated.world.bends.clear()
    (learned,) = operated.look(NOW + 600)
    assert [found.owner for found in learned.lifted] == [BROKEN]
    assert learned.notes == ("the negative trust anchor at nsec.example. is lifted: nsec.example. validates again",)
    assert operated.check(NOW + 600) is Status.SECURE
    assert operated.keeper.next_due(NOW + 601) is None


def test_a_negative_anchor_ends_by_itself(operated: Operated) -> None:
    operated.keeper.set_negative(BROKEN, "test", NOW, 60)
    assert operated.check(NOW + 59) is Status.INSECURE
    assert operated.check(NOW + 60) is Status.BOGUS
    assert operated.keeper.negatives == {}
    assert operated.keeper.are_negatives_unsaved
    assert operated.keeper.take_notes() == ("the negative trust anchor at nsec.example. has ended: test",)
    assert operated.keeper.take_notes() == ()


def test_a_look_that_was_under_way_when_it_was_lifted_or_set_anew_changes_nothing(operated: Operated) -> None:
    keeper = operated.keeper
    keeper.set_negative(BROKEN, "test", NOW)
    (look,) = keeper.due(NOW + 300)
    operated.world.bends.clear()
    operated.world.anchors = look.anchors
    chains = [operated.world.check(str(q.name), q.rdtype) for q in look.questions]
    keeper.set_negative(BROKEN, "other", NOW, witness=Question(Name("www.nsec.example."), rr.A))
    assert keeper.learn(look, chains, NOW + 301) == Learned()
    keeper.lift_negative(BROKEN)
    assert keeper.learn(look, chains, NOW + 302) == Learned()
    assert keeper.learn(Look(Purpose.KEYS, ZONE, (), TrustAnchors()), chains, NOW) == Learned()


def test_a_clock_that_is_set_back_makes_no_look_wait_longer_than_an_interval(operated: Operated) -> None:
    operated.keeper.set_negative(BROKEN, "test", NOW)
    assert operated.keeper.next_due(NOW - 9 * DAY) == NOW - 9 * DAY + 300


# --- files ----------------------------------------------------------------------------------------------------------------


def test_what_is_unsaved_is_saved_and_only_that(tmp_path: Path) -> None:
    points, negatives = str(tmp_path / "points"), str(tmp_path / "negatives")
    keeper = AnchorKeeper(start(A))
    keeper.save(points, negatives)
    assert [path.name for path in tmp_path.iterdir()] == ["points"]
    keeper.set_negative(BROKEN, "test", NOW)
    keeper.save(points, negatives)
    assert negative.load(negatives) == keeper.negatives
    (tmp_path / "points").unlink()
    keeper.save(points, negatives)
    assert [path.name for path in tmp_path.iterdir()] == ["negatives"]


def test_what_could_not_be_written_stays_unsaved(tmp_path: Path) -> None:
    keeper = AnchorKeeper(start(A), NegativeAnchors())
    with pytest.raises(StateError):
        keeper.save(str(tmp_path / "no" / "folder"), None)
    assert keeper.are_points_unsaved


def test_from_start_to_start(tmp_path: Path) -> None:
    """As a daemon does it: configured anchors, a state file that is not there yet, and the same again later."""
    configured = tmp_path / "example.key"
    key = A.dnskey
    from base64 import b64encode

    configured.write_text(f"example. IN DNSKEY 257 3 13 {b64encode(key.public_key).decode()}\n")
    state, files = str(tmp_path / "state"), [AnchorFile(str(configured))]
    daemon = Daemon(AnchorKeeper(anchors_to_start_with(state, files, NOW)))
    daemon.live(80)
    daemon.keeper.save(state, None)
    again = anchors_to_start_with(state, files, daemon.now)
    assert again.origins == ((ZONE, Origin.STATE_FILE),)
    assert again.anchors[ZONE].dnskeys == (B.dnskey,)


def test_that_one_file_can_t_be_written_keeps_nobody_from_the_other(tmp_path: Path) -> None:
    negatives = str(tmp_path / "negatives")
    keeper = AnchorKeeper(start(A))
    keeper.set_negative(BROKEN, "test", NOW)
    with pytest.raises(StateError):
        keeper.save(str(tmp_path / "no" / "folder"), negatives)
    assert keeper.are_points_unsaved and not keeper.are_negatives_unsaved
    assert negative.load(negatives) == keeper.negatives


# --- other anchors while it runs ------------------------------------------------------------------------------------------


def test_a_restart_with_other_anchors_keeps_the_negative_ones_and_is_to_be_saved() -> None:
    keeper = AnchorKeeper(start(A))
    keeper.set_negative(BROKEN, "test", NOW)
    keeper.save(None, None)
    keeper.restart(start(B))
    assert keeper.anchors(NOW)[ZONE].dnskeys == (B.dnskey,)
    assert [found.owner for found in keeper.anchors(NOW).negatives] == [BROKEN]
    assert keeper.are_points_unsaved
    keeper.restart(Start((), TrustAnchors(), (), ("nothing is configured",)))
    assert not keeper.points and ZONE not in keeper.anchors(NOW)
    assert keeper.take_notes() == ("nothing is configured",)


def test_a_look_from_before_a_restart_changes_nothing() -> None:
    daemon = Daemon(AnchorKeeper(start(A)))
    (look,) = daemon.keeper.due(NOW)
    daemon.keeper.restart(start(B))
    before = daemon.keeper.points
    assert daemon.look(look) == Learned()
    assert daemon.keeper.points == before

"""RFC 7646 §2: negative trust anchors are set for a limited time, with a reason, and outlive the process."""

from pathlib import Path

import pytest

from unbroken.anchors import NegativeTrustAnchor, statefile
from unbroken.anchors.negative import (
    DAY,
    MAX_LIFETIME,
    MAX_NEGATIVES,
    MAX_REASON,
    NegativeAnchors,
    load,
    questions_for,
    save,
)
from unbroken.chain import Question
from unbroken.dns import Name
from unbroken.errors import InputError, UsageError

NOW = 1_800_000_000
ZONE = Name("broken.example.")
ONE = NegativeAnchors().set(ZONE, "expired signatures", NOW)


def test_what_is_set_says_since_when_until_when_and_why() -> None:
    assert ONE[ZONE] == NegativeTrustAnchor(ZONE, NOW + DAY, "expired signatures", NOW)
    assert NegativeAnchors() == {}


def test_setting_it_again_replaces_it() -> None:
    again = ONE.set(Name("BROKEN.example."), "still", NOW + 60, 600)
    assert [(n.reason, n.until) for n in again.values()] == [("still", NOW + 660)]


@pytest.mark.parametrize("lifetime", [0, -1, MAX_LIFETIME + 1])
def test_a_lifetime_outside_of_a_week_is_refused(lifetime: int) -> None:
    with pytest.raises(UsageError, match="from 1 s to 7 d"):
        NegativeAnchors().set(ZONE, "x", NOW, lifetime)


def test_the_limit_is_configurable() -> None:
    assert NegativeAnchors().set(ZONE, "x", NOW, MAX_LIFETIME)[ZONE].until == NOW + MAX_LIFETIME
    longer = NegativeAnchors().set(ZONE, "x", NOW, 30 * DAY, longest=30 * DAY)
    assert longer[ZONE].until == NOW + 30 * DAY
    with pytest.raises(UsageError, match="to 60 min"):
        NegativeAnchors().set(ZONE, "x", NOW, 3601, longest=3600)


@pytest.mark.parametrize("reason", ["", "  \n", "x" * (MAX_REASON + 1), "red \x1b[31m", "nul \x00"])
def test_a_reason_is_needed_and_fit_to_be_shown(reason: str) -> None:
    with pytest.raises(UsageError, match="needs a reason"):
        NegativeAnchors().set(ZONE, reason, NOW)


def test_a_reason_of_several_lines_becomes_one() -> None:
    assert NegativeAnchors().set(ZONE, " two\n lines ", NOW)[ZONE].reason == "two lines"


def test_the_root_is_refused() -> None:
    with pytest.raises(UsageError, match="all validation off"):
        NegativeAnchors().set(Name.ROOT, "x", NOW)


def test_a_witness_lies_in_the_zone() -> None:
    inside = Question(Name("www.broken.example."), 1)
    assert questions_for(NegativeAnchors().set(ZONE, "x", NOW, witness=inside)[ZONE]) == (Question(ZONE, 6), inside)
    assert questions_for(NegativeAnchors().set(ZONE, "x", NOW, witness=Question(ZONE, 6))[ZONE]) == (Question(ZONE, 6),)
    with pytest.raises(UsageError, match="it can't witness for it"):
        NegativeAnchors().set(ZONE, "x", NOW, witness=Question(Name("www.example."), 1))


def test_there_is_a_bound() -> None:
    full = NegativeAnchors(NegativeTrustAnchor(Name(f"z{n}."), NOW + 1, "x", NOW) for n in range(MAX_NEGATIVES))
    assert full.set(Name("z0."), "again", NOW)[Name("z0.")].reason == "again"
    with pytest.raises(UsageError, match="lift one first"):
        full.set(ZONE, "x", NOW)


def test_lifting_one_leaves_the_others() -> None:
    two = ONE.set(Name("other."), "x", NOW)
    assert set(two.lift(ZONE)) == {Name("other.")}
    with pytest.raises(UsageError, match="there is no negative trust anchor at none"):
        two.lift(Name("none."))
    assert set(two) == {ZONE, Name("other.")}


def test_those_that_have_ended_are_told_apart() -> None:
    two = ONE.set(Name("other."), "x", NOW, 60)
    active, ended = two.settle(NOW + 60)
    assert set(active) == {ZONE}
    assert [negative.owner for negative in ended] == [Name("other.")]
    assert two.settle(NOW + 59)[1] == ()


def test_one_set_by_a_clock_that_was_ahead_lasts_no_longer_than_it_was_meant_to() -> None:
    ahead = NegativeAnchors().set(ZONE, "x", NOW + 365 * DAY, 600)
    active, _ = ahead.settle(NOW)
    assert (active[ZONE].added, active[ZONE].until) == (NOW, NOW + 600)


def test_the_closest_enclosing_one_governs() -> None:
    two = ONE.set(Name("a.broken.example."), "closer", NOW)
    for name, owner in (("x.a.broken.example.", "a.broken.example."), ("b.broken.example.", "broken.example.")):
        found = two.closest(Name(name), NOW)
        assert found is not None
        assert found.owner == Name(owner)
    assert two.closest(Name("example."), NOW) is None
    assert two.closest(ZONE, NOW + DAY) is None


# --- files ----------------------------------------------------------------------------------------------------------------


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "negative.json"
    two = ONE.set(Name("other."), "why “so”", NOW, witness=Question(Name("www.other."), 65280))
    forever = NegativeAnchors([*two.values(), NegativeTrustAnchor(Name("old."), None, "no end")])
    for negatives in (NegativeAnchors(), two, forever):
        save(path, negatives)
        assert load(path) == negatives


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"zone": "a..b", "reason": "x"}, "is not a domain name"),
        ({"zone": "a.", "reason": 1}, "is missing or not a string"),
        ({"zone": "a.", "reason": "x", "until": "soon"}, "is not a moment"),
        ({"zone": "a.", "reason": "x", "witness": {"name": "a.", "type": "?"}}, "is not an RR type"),
        (7, "is not a JSON object"),
    ],
)
def test_values_that_no_release_would_write_are_refused(tmp_path: Path, entry: object, message: str) -> None:
    statefile.save(tmp_path / "s", "unbroken-negative-anchors", 1, {"negative_anchors": [entry]})
    with pytest.raises(InputError, match=message):
        load(tmp_path / "s")


def test_a_file_of_trust_points_is_none_of_negative_anchors(tmp_path: Path) -> None:
    statefile.save(tmp_path / "s", "unbroken-trust-points", 1, {"trust_points": []})
    with pytest.raises(InputError, match="is of format 'unbroken-trust-points'"):
        load(tmp_path / "s")


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "s", ONE)
    text = (tmp_path / "s").read_text()
    (tmp_path / "s").write_text(text.replace("2027-01-16", "2037-01-16"))
    assert text != (tmp_path / "s").read_text()
    with pytest.raises(InputError, match="its checksum is wrong"):
        load(tmp_path / "s")

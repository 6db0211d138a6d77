"""Trust points in files: what was written is read, and anything else is refused with what to do."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.anchors.test_rfc5011_machine import NOW, A, B, C, ds, run, seen, start
from unbroken.anchors import statefile
from unbroken.anchors.rfc5011 import TrustPoint, load, save
from unbroken.errors import InputError


@pytest.fixture
def point() -> TrustPoint:
    """With a key in every state but START, and a digest."""
    from tests.unit.anchors.test_rfc5011_machine import key

    one, two, three = key(30), key(31), key(32)
    return run(
        start(A, B, one, two, digests=[ds(three)]),
        (0, seen(A, B, two, revoked=[one])),
        (40, seen(A, B, two, C)),
        (41, seen(A, C, revoked=[two])),
    ).point


@pytest.fixture
def path(tmp_path: Path, point: TrustPoint) -> Path:
    path = tmp_path / "points.json"
    save(path, [point])
    return path


def test_what_was_saved_is_loaded(path: Path, point: TrustPoint) -> None:
    assert {key.state.value for key in point.keys} == {"add-pending", "valid", "missing", "revoked", "removed"}
    assert load(path) == (point,)


def test_a_trust_point_that_was_never_looked_at_is_loaded(tmp_path: Path) -> None:
    save(tmp_path / "s", [start(A)])
    assert load(tmp_path / "s") == (start(A),)


def test_saving_replaces_the_file_whole(path: Path, point: TrustPoint) -> None:
    save(path, [start(A)])
    assert load(path) == (start(A),)
    assert [found.name for found in path.parent.iterdir()] == ["points.json"]


@given(st.data())
def test_no_single_damaged_octet_is_accepted(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whatever loads must be what was written: never another key, state or time."""
    path = tmp_path_factory.mktemp("damage") / "s"
    points = (run(start(A, digests=[ds(C)]), (0, seen(A, B))).point,)
    save(path, points)
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:at] + bytes((data.draw(st.integers(0, 255)),)) + whole[at + 1 :])
    try:
        assert load(path) == points
    except InputError as error:
        assert str(path) in str(error)


@pytest.mark.parametrize("length", [0, 1, 100, -3])
def test_a_file_that_was_cut_short_is_refused_with_what_to_do(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(InputError, match=r"is damaged.*; restore it from a copy, or remove it to begin anew"):
        load(path)


def test_a_file_that_was_changed_by_hand_is_refused(path: Path) -> None:
    path.write_text(path.read_text().replace('"add-pending"', '"valid"'))
    with pytest.raises(InputError, match="its checksum is wrong"):
        load(path)


def rewritten(path: Path, change: dict[str, Any], key: int | None = None) -> None:
    """With another value and a checksum that fits: what a wrong program could write."""
    body = json.loads(path.read_text())
    del body["checksum"]
    target = body if "version" in change or "format" in change else body["trust_points"][0]
    (target if key is None else target["keys"][key]).update(change)
    statefile.save(path, body.pop("format"), body.pop("version"), body)


@pytest.mark.parametrize(
    ("change", "key", "message"),
    [
        ({"version": 2}, None, "is of version 2"),
        ({"format": "other"}, None, "is of format 'other'"),
        ({"zone": "a..b"}, None, "is not a domain name"),
        ({"next_query": "tomorrow"}, None, "is not a moment"),
        ({"failures": -1}, None, "is missing or not an integer"),
        ({"keys": "none"}, None, "is missing or not a list"),
        ({"digests": [{"rdata": "AAA="}]}, None, "rdata that does not parse"),
        ({"state": "trusted"}, 0, "which is not a KeyState"),
        ({"state": "start"}, 0, "has no state"),
        ({"rdata": "AYEDDQAA"}, 0, "is no key that could have been written there"),
        ({"rdata": "AQ=="}, 0, "rdata that does not parse"),
        ({"key_tag": 1}, 0, "is no key that could have been written there"),
    ],
)
def test_values_that_no_release_would_write_are_refused(
    path: Path, change: dict[str, Any], key: int | None, message: str
) -> None:
    rewritten(path, change, key)
    with pytest.raises(InputError, match=message):
        load(path)


def test_a_key_that_is_there_twice_is_refused(path: Path) -> None:
    body = json.loads(path.read_text())
    del body["checksum"]
    body["trust_points"][0]["keys"] *= 2
    statefile.save(path, body.pop("format"), body.pop("version"), body)
    with pytest.raises(InputError, match="twice"):
        load(path)


@pytest.mark.parametrize("content", [b"[" * 100_000, b"null", b"{}", b'{"checksum": NaN}', b"\xff", b"[1]"])
def test_other_files_are_refused_without_a_traceback(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s").write_bytes(content)
    with pytest.raises(InputError):
        load(tmp_path / "s")


def test_a_missing_file_and_one_of_absurd_size_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        load(tmp_path / "absent")
    (tmp_path / "huge").write_bytes(b" " * (statefile.MAX_SIZE + 1))
    with pytest.raises(InputError, match="octets"):
        load(tmp_path / "huge")


def test_moments_are_kept_to_the_second(path: Path) -> None:
    (found,) = load(path)
    assert found.timers.last_query == NOW + 41 * 86400

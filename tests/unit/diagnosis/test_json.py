"""A full check's evidence in a file: nothing lost, described by its schema, and no hostile file is more than an error."""

import json
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from support.small_internet import SmallInternet

from unbroken.diagnosis.inspection import Inspection
from unbroken.diagnosis.json import inspection_from_json, inspection_to_json
from unbroken.errors import InputError

SCHEMA = json.loads((files("unbroken.report") / "schema" / "inspection-1.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def inspection() -> Inspection:
    net = SmallInternet()
    net.bend("192.0.2.22", lambda query, reply: b"\x00\x01nonsense" if query.edns is None else reply)
    del net.zones["192.0.2.12"]
    return net.inspect()


@pytest.fixture
def document(inspection: Inspection) -> Any:
    return json.loads(json.dumps(inspection_to_json(inspection)))


def test_the_schema_is_valid_and_the_document_fits_it(document: Any) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(document)


def test_what_is_written_is_read_back(inspection: Inspection, document: Any) -> None:
    again = inspection_from_json(document)
    assert again.exchanges == inspection.exchanges
    assert (again.question, again.time, again.absent) == (inspection.question, inspection.time, inspection.absent)
    assert (again.zone, again.parent) == (inspection.zone, inspection.parent)
    assert again.walk.responses.keys() == inspection.walk.responses.keys()
    assert inspection_to_json(again) == document


def test_octets_that_are_no_message_are_kept_as_they_came(inspection: Inspection, document: Any) -> None:
    kept = [each.wire for each in inspection_from_json(document).exchanges if each.wire.startswith(b"\x00\x01non")]
    assert kept and kept == [each.wire for each in inspection.exchanges if each.wire.startswith(b"\x00\x01non")]


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("format",), "unbroken-capture", "format"),
        (("version",), 2, "version"),
        (("time",), None, "time"),
        (("time",), "yesterday", "time"),
        (("absent",), "a" * 70, "absent"),
        (("parent", "name"), "elsewhere.example.", "parent"),
        (("zone", "servers"), [{}] * 5000, "servers"),
        (("zone", "servers", 0, "is_glue"), "yes", "is_glue"),
        (("exchanges", 0, "message"), "not base64!", "message"),
        (("exchanges", 0, "message"), "", "message"),
        (("exchanges", 0, "message"), "AAAA" * 30000, "message"),
        (("exchanges", 0, "type"), "NO-SUCH-TYPE", "type"),
        (("exchanges", 0, "milliseconds"), -1, "milliseconds"),
        (("exchanges",), {}, "exchanges"),
        (("walk",), None, "walk"),
    ],
)
def test_what_does_not_fit_is_an_error_that_says_where(
    document: Any, path: tuple[Any, ...], value: object, where: str
) -> None:
    *above, last = path
    spot = document
    for key in above:
        spot = spot[key]
    spot[last] = value
    with pytest.raises(InputError, match=where):
        inspection_from_json(document)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_hostile_document_is_an_input_error_or_evidence(inspection: Inspection, data: st.DataObject) -> None:
    document = json.loads(json.dumps(inspection_to_json(inspection)))
    spots = [document, document["zone"], document["exchanges"][0], document["exchanges"][-1], document["walk"]]
    spot = data.draw(st.sampled_from(spots))
    spot[data.draw(st.sampled_from(sorted(spot)))] = data.draw(_JSON)
    try:
        inspection_from_json(document)
    except InputError as error:
        assert str(error)

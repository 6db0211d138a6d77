"""The JSON form of a chain: complete, described by its schema, and read back without loss or trust."""

import json
from importlib.resources import files
from typing import Any

import handmade
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from unbroken.chain import Chain, Code, Finding, Link, LinkKind, Question, Status
from unbroken.chain.json import chain_from_json, chain_to_json
from unbroken.dns import Name
from unbroken.errors import InputError

SCHEMA = json.loads((files("unbroken.report") / "schema" / "chain-1.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


@pytest.mark.parametrize("make", handmade.ALL.values(), ids=handmade.ALL)
def test_every_kind_of_chain_survives_the_round_trip(make: Any) -> None:
    chain = make()
    text = json.dumps(chain_to_json(chain))
    assert chain_from_json(json.loads(text)) == chain


@pytest.mark.parametrize("make", handmade.ALL.values(), ids=handmade.ALL)
def test_every_kind_of_chain_fits_the_schema(make: Any) -> None:
    VALIDATOR.validate(chain_to_json(make()))


def test_the_schema_itself_is_valid_and_strict() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for where, part in _objects(SCHEMA, "#"):
        assert "additionalProperties" in part, where
    value = chain_to_json(handmade.secure())
    value["surprise"] = 1
    assert not VALIDATOR.is_valid(value)


def _objects(part: Any, where: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    if isinstance(part, dict):
        if part.get("type") == "object":
            found.append((where, part))
        for key, value in part.items():
            found += _objects(value, f"{where}/{key}")
    return found


def test_the_broken_link_is_pointed_at() -> None:
    value = chain_to_json(handmade.bogus())
    place = value["broken_link"]
    assert place == {"hop": 0, "link": 5}
    assert value["links"][place["link"]]["status"] == "bogus"
    assert value["reason"]["code"] == "DS_DIGEST_MISMATCH"
    assert value["ede"] == {"code": 9, "name": "DNSKEY_MISSING"}


def test_hostile_names_are_plain_ascii_and_come_back_unchanged() -> None:
    name = Name.from_labels((b"\x1b[31m.", "\u202eexe".encode(), b'"\\;', b"Example"))
    chain = Chain(Question(name, 65280), links=(Link(LinkKind.DATA, name, Status.BOGUS),))
    text = json.dumps(chain_to_json(chain), ensure_ascii=False)
    assert text.isascii() and text.isprintable()
    again = chain_from_json(json.loads(text))
    assert again.question.name.wire == name.wire and again.question.rdtype == 65280


def test_a_newer_version_is_refused_with_advice() -> None:
    value = chain_to_json(handmade.secure())
    value["version"] = 2
    with pytest.raises(InputError, match="newer unbroken"):
        chain_from_json(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_any_json_is_a_chain_or_an_input_error(value: object) -> None:
    with pytest.raises(InputError):
        chain_from_json(value)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_chain_with_one_field_replaced_is_read_or_refused(data: st.DataObject) -> None:
    value = json.loads(json.dumps(chain_to_json(handmade.nxdomain())))
    places = _places(value)
    container, key = places[data.draw(st.integers(0, len(places) - 1))]
    container[key] = data.draw(JSON)
    try:
        assert isinstance(chain_from_json(value), Chain)
    except InputError as error:
        assert error.where


def _places(value: Any) -> list[tuple[Any, Any]]:
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    found = [(value, key) for key in keys]
    return found + [place for key in keys for place in _places(value[key])]


def test_findings_keep_their_parameters_in_order() -> None:
    finding = Finding(Code.SIGNATURE_EXPIRED, "x. A", (("tag", "1"), ("ago", "2 d"), ("time", "then")))
    chain = Chain(Question(Name("x."), 1), findings=(finding,))
    assert chain_from_json(chain_to_json(chain)).findings == (finding,)

"""The project's own `dataclass` behaves as the standard one, wherever the project uses it."""

import copy
import dataclasses
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import pytest

from unbroken.records import dataclass, field, replace

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Frozen:
    """Has a docstring."""

    one: int
    two: str = "two"
    many: tuple[int, ...] = field(default=())
    aside: int = field(default=0, compare=False)

    @property
    def double(self) -> int:
        return self.one * 2


@dataclass(slots=True)
class Open:
    one: int
    found: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Holder(Generic[_Value]):
    value: _Value


@dataclasses.dataclass(frozen=True, slots=True)
class Standard:
    one: int
    two: str = "two"
    many: tuple[int, ...] = ()
    aside: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Often:
    """One of which so many were made that its constructor is compiled."""

    one: int
    two: str = "two"
    many: tuple[int, ...] = ()
    aside: int = field(default=0, compare=False)


_ = [Often(1) for _ in range(200)]


def test_values_are_equal_by_their_fields_and_only_to_their_own_kind() -> None:
    assert Frozen(1) == Frozen(1, "two", (), aside=5) and Frozen(1) != Frozen(2)
    assert Frozen(1) != Standard(1) and Frozen(1) != 1
    assert hash(Frozen(1)) == hash(Frozen(1, aside=5)) and len({Frozen(1), Frozen(1), Frozen(2)}) == 2
    assert Holder(1) == Holder(1) != Holder(2) and hash(Holder("a")) == hash(Holder("a"))
    assert Open(1) == Open(1) and Open(1) != Open(1, [2])


def test_what_can_change_is_no_key() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Open(1))


def test_what_can_change_changes() -> None:
    value = Open(1)
    value.one = 3
    assert value == Open(3)


@pytest.mark.parametrize("cls", [Frozen, Often, Standard])
def test_a_frozen_value_can_not_be_changed(cls: Any) -> None:
    value = cls(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'one'"):
        value.one = 2
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'one'"):
        del value.one
    assert value.one == 1


def test_there_are_no_attributes_but_the_fields() -> None:
    assert not hasattr(Frozen(1), "__dict__")
    with pytest.raises(AttributeError):
        Open(1).other = 2  # type: ignore[attr-defined]


def test_a_class_without_slots_is_left_to_the_standard_module() -> None:
    with pytest.raises(TypeError, match="slots"):
        dataclass(slots=False)


def test_where_many_are_made_the_constructor_is_compiled() -> None:
    """Or the tests of `Often` would be those of `Frozen`."""
    assert Often.__init__.__code__.co_varnames == ("self", "one", "two", "many", "aside")
    assert Frozen.__init__.__code__.co_varnames != Often.__init__.__code__.co_varnames


@pytest.mark.parametrize("cls", [Frozen, Often, Standard])
@pytest.mark.parametrize(
    "make",
    [
        lambda cls: cls(),
        lambda cls: cls(two="x"),
        lambda cls: cls(1, "2", (), 4, 5),
        lambda cls: cls(1, three=3),
        lambda cls: cls(1, one=1),
        lambda cls: cls(1, "2", (), 4, aside=5),
    ],
)
def test_values_that_do_not_fit_are_refused(cls: type, make: Callable[[type], object]) -> None:
    with pytest.raises(TypeError):
        make(cls)


@pytest.mark.parametrize("cls", [Frozen, Often, Standard])
def test_values_are_taken_in_order_and_by_name(cls: Any) -> None:
    for made in (cls(1, "x", (2,), 3), cls(aside=3, many=(2,), two="x", one=1), cls(1, "x", aside=3, many=(2,))):
        assert (made.one, made.two, made.many, made.aside) == (1, "x", (2,), 3)
    assert (cls(1).two, cls(1).many, cls(1, aside=7).two) == ("two", (), "two")


def test_a_field_may_be_named_self() -> None:
    with pytest.raises(TypeError):
        Frozen(1, self=2)  # type: ignore[call-arg]


def test_each_value_has_a_made_default_of_its_own() -> None:
    for _ in range(200):
        assert Open(1).found == [] and Open(1).found is not Open(1).found


def test_methods_docstring_and_names_stay() -> None:
    assert Frozen(2).double == 4
    assert (Frozen.__doc__, Frozen.__qualname__, Frozen.__module__) == ("Has a docstring.", "Frozen", __name__)
    assert repr(Frozen(1)) == repr(Standard(1)).replace("Standard", "Frozen")


def test_copies_and_pickles_are_equal() -> None:
    for value in (Frozen(1, "x", (2,), 3), Open(1, [2]), Holder("a")):
        for twin in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
            assert twin == value and twin is not value
    assert pickle.loads(pickle.dumps(Frozen(1, aside=3))).aside == 3


def test_a_replaced_field_leaves_the_others() -> None:
    value = replace(Frozen(1, aside=3), two="x")
    assert (value.one, value.two, value.aside) == (1, "x", 3)
    with pytest.raises(TypeError):
        replace(value, three=3)  # type: ignore[call-arg]


def test_functions_of_the_standard_module_know_these_classes() -> None:
    assert dataclasses.is_dataclass(Frozen)
    assert [(each.name, each.compare) for each in dataclasses.fields(Frozen)] == [
        (each.name, each.compare) for each in dataclasses.fields(Standard)
    ]
    assert dataclasses.replace(Frozen(1), one=2) == Frozen(2)
    assert dataclasses.asdict(Open(1, [2])) == {"one": 1, "found": [2]}
    with pytest.raises(dataclasses.FrozenInstanceError):
        Frozen(1).one = 2  # type: ignore[misc]


def test_values_are_taken_apart_by_a_match() -> None:
    match Frozen(7, "x"):
        case Frozen(one, two):
            assert (one, two) == (7, "x")
        case _:
            pytest.fail("a value matches its own class")


def test_the_validator_does_not_load_the_standard_module() -> None:
    script = "import sys, unbroken.validation.validator; print(*{'dataclasses', 'inspect'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""

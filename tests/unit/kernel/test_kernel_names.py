"""Names: the wire and presentation forms, comparison, order, and the arithmetic of ancestors."""

import copy
import pickle

import dns.name
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from unbroken._kernel import Name, WireError

labels = st.binary(min_size=1, max_size=63)
label_tuples = st.lists(labels, max_size=6).map(tuple).filter(lambda ls: sum(len(x) + 1 for x in ls) <= 254)
names = label_tuples.map(Name.from_labels)
#: Few distinct labels, in both cases, so that names often share ancestors.
near_names = st.lists(st.sampled_from([b"a", b"A", b"b", b"*", b"\x00", b"aa"]), max_size=5).map(
    lambda ls: Name.from_labels(tuple(ls))
)


@given(label_tuples)
def test_a_name_survives_its_wire_and_presentation_forms(parts: tuple[bytes, ...]) -> None:
    name = Name.from_labels(parts)
    assert name.labels == parts
    assert Name.from_wire(name.wire).wire == name.wire
    assert Name(str(name)).wire == name.wire
    assert name.label_count == len(parts)
    assert pickle.loads(pickle.dumps(name)) == name == copy.deepcopy(name)


@given(label_tuples)
def test_presentation_format_is_what_dnspython_reads(parts: tuple[bytes, ...]) -> None:
    name = Name.from_labels(parts)
    assert dns.name.from_text(str(name)).to_wire() == name.wire
    assert Name(dns.name.Name((*parts, b"")).to_text()) == name


@given(names, names)
def test_rfc4034_6_1_order_is_dnspython_s(a: Name, b: Name) -> None:
    theirs = dns.name.from_wire(a.wire, 0)[0].fullcompare(dns.name.from_wire(b.wire, 0)[0])[1]
    assert ((a > b) - (a < b)) == (theirs > 0) - (theirs < 0)
    assert (a <= b) == (theirs <= 0) and (a >= b) == (theirs >= 0)


@given(near_names, near_names)
def test_rfc4343_3_case_does_not_count(a: Name, b: Name) -> None:
    same = [x.lower() for x in a.labels] == [x.lower() for x in b.labels]
    assert (a == b) == same and (a != b) != same
    if same:
        assert hash(a) == hash(b) and a.canonical_wire == b.canonical_wire
    assert Name.from_wire(a.canonical_wire) == a


@given(near_names, near_names)
def test_ancestors_agree_with_a_model_of_lists(a: Name, b: Name) -> None:
    mine, theirs = [x.lower() for x in a.labels], [x.lower() for x in b.labels]
    below = len(mine) >= len(theirs) and mine[len(mine) - len(theirs) :] == theirs
    assert a.is_subdomain_of(b) == below
    assert a.is_below(b) == (below and len(mine) > len(theirs))
    common = a.common_ancestor(b)
    assert a.is_subdomain_of(common) and b.is_subdomain_of(common)
    deeper = common.label_count + 1
    if deeper <= min(a.label_count, b.label_count):
        assert a.ancestor(deeper) != b.ancestor(deeper)
    if a.is_root:
        with pytest.raises(ValueError, match="the root has no parent"):
            a.parent()
    else:
        assert a.parent().labels == a.labels[1:]
    with pytest.raises(ValueError, match="fewer labels"):
        a.ancestor(a.label_count + 1)


@given(near_names, near_names, near_names)
def test_rfc6672_2_3_substitution(prefix: Name, suffix: Name, target: Name) -> None:
    assume(not prefix.is_root)
    owner = Name.from_labels(prefix.labels + suffix.labels)
    assert owner.replace_suffix(suffix, target).labels == prefix.labels + target.labels
    with pytest.raises(ValueError, match="not strictly below"):
        suffix.replace_suffix(suffix, target)


def test_rfc6672_2_3_a_substitution_may_be_too_long() -> None:
    long = Name(".".join(["x" * 60] * 3))
    with pytest.raises(ValueError, match="longer than 255"):
        Name.from_labels((b"y" * 60, b"a")).replace_suffix(Name("a"), Name.from_labels((b"z" * 20, *long.labels)))


def test_rfc4034_6_1_the_example() -> None:
    texts = [
        "example.",
        "a.example.",
        "yljkjljk.a.example.",
        "Z.a.example.",
        "zABC.a.EXAMPLE.",
        "z.example.",
        "\\001.z.example.",
        "*.z.example.",
        "\\200.z.example.",
    ]
    in_order = [Name(text) for text in texts]
    assert sorted([*in_order[5:], *in_order[:5]]) == in_order


def test_wildcards() -> None:
    star = Name("example").wildcard()
    assert str(star) == "*.example." and star.is_wildcard and not Name("a.*.example").is_wildcard
    # RFC 4034 §3.1.3: neither the root nor the leftmost label of a wildcard counts.
    assert (star.label_count, star.rrsig_labels, Name.ROOT.rrsig_labels) == (2, 1, 0)
    assert not Name("**.example").is_wildcard
    with pytest.raises(ValueError, match="longer than 255"):
        Name(".".join(["x" * 62] * 3 + ["x" * 63])).wildcard()


@pytest.mark.parametrize(
    "text", ["", "..", ".a", "a..", "a b", "a\\", "a\\1", "a\\256", "é", "a\n", "x" * 64, "a." * 128]
)
def test_what_is_no_name_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"name|label"):
        Name(text)


@given(st.binary(max_size=300))
def test_wire_is_a_name_or_a_wire_error(wire: bytes) -> None:
    try:
        name = Name.from_wire(wire)
    except WireError as error:
        assert 0 <= error.offset <= len(wire) and str(error.offset) in str(error)
    else:
        assert name.wire == wire


def test_a_name_compares_with_nothing_else() -> None:
    assert Name("a") != "a." and Name("a") != b"\x01a\x00" and Name("a") not in {"a.": 1}
    with pytest.raises(TypeError):
        _ = Name("a") < "b"  # type: ignore[operator]


def test_rfc1035_2_3_4_labels_and_names_end_somewhere() -> None:
    assert Name("a." * 127).label_count == 127
    for parts in [(b"",), (b"x" * 64,), (b"x" * 63,) * 4]:
        with pytest.raises(ValueError, match=r"empty label|longer than"):
            Name.from_labels(parts)
    with pytest.raises(ValueError, match="empty label"):
        Name("a").prepend(b"")

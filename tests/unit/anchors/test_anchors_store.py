"""Which anchor counts for a name: RFC 4033 §2 and §5, RFC 7646 §2."""

import subprocess
import sys

import pytest

from unbroken.anchors import NegativeTrustAnchor, TrustAnchor, TrustAnchors, iana_root
from unbroken.dns import Name, RRset
from unbroken.errors import InputError

ROOT = Name(".")
NOW = 1_700_000_000


def ds_rrset(owner: str, tag: int = 1) -> RRset:
    return RRset(Name(owner), 43, 0, (tag.to_bytes(2) + b"\x0d\x02" + bytes(32),))


def dnskey_rrset(owner: str) -> RRset:
    return RRset(Name(owner), 48, 0, (b"\x01\x01\x03\x0d" + bytes(range(64)),))


def anchors(*owners: str) -> TrustAnchors:
    return TrustAnchors.from_records([ds_rrset(owner) for owner in owners])


def negative(owner: str, until: int | None = None) -> NegativeTrustAnchor:
    return NegativeTrustAnchor(Name(owner), until, "broken on purpose")


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("www.example.com", "example.com."),
        ("example.com", "example.com."),
        ("WWW.EXAMPLE.COM", "example.com."),
        ("badexample.com", "."),
        ("com", "."),
        (".", "."),
    ],
)
def test_the_closest_enclosing_anchor_wins(name: str, owner: str) -> None:
    found = anchors(".", "example.com").closest(Name(name))
    assert found is not None
    assert str(found.owner) == owner


def test_a_name_outside_all_anchors_has_none() -> None:
    assert anchors("example.com").closest(Name("example.org")) is None
    assert TrustAnchors().closest(ROOT) is None


def test_the_longest_possible_name_is_walked_up() -> None:
    name = Name.from_labels((b"a",) * 127)
    assert anchors(".").closest(name) is not None


def test_a_negative_anchor_governs_what_is_at_and_below_it_only() -> None:
    both = anchors(".").with_negatives([negative("broken.example")])
    assert both.negative_for(Name("www.broken.example"), NOW) == negative("broken.example")
    assert both.negative_for(Name("broken.example"), NOW) == negative("broken.example")
    assert both.negative_for(Name("example"), NOW) is None


def test_a_positive_anchor_below_a_negative_one_wins() -> None:
    both = anchors(".", "good.broken.example").with_negatives([negative("broken.example")])
    assert both.negative_for(Name("www.good.broken.example"), NOW) is None
    assert both.negative_for(Name("www.bad.broken.example"), NOW) is not None


def test_a_negative_anchor_below_a_positive_one_wins() -> None:
    both = anchors("example").with_negatives([negative("a.example")])
    assert both.negative_for(Name("x.a.example"), NOW) is not None


def test_a_negative_anchor_at_a_positive_one_wins() -> None:
    both = anchors("example").with_negatives([negative("example")])
    assert both.negative_for(Name("example"), NOW) is not None


def test_the_closest_of_several_negative_anchors_is_told() -> None:
    both = anchors(".").with_negatives([negative("example"), negative("a.example")])
    found = both.negative_for(Name("x.a.example"), NOW)
    assert found is not None
    assert found.owner == Name("a.example")


def test_a_negative_anchor_ends_at_its_time() -> None:
    both = anchors(".").with_negatives([negative("example", until=NOW)])
    assert both.negative_for(Name("example"), NOW - 1) is not None
    assert both.negative_for(Name("example"), NOW) is None


def test_an_ended_negative_anchor_uncovers_the_one_above_it() -> None:
    both = anchors(".").with_negatives([negative("example"), negative("a.example", until=NOW)])
    assert both.negative_for(Name("a.example"), NOW) == negative("example")


def test_merging_joins_records_of_one_owner_without_doubles() -> None:
    first = TrustAnchors.from_records([ds_rrset("example", 1), ds_rrset("example", 2)], "one")
    second = TrustAnchors.from_records([ds_rrset("example", 2), dnskey_rrset("example"), ds_rrset("org")], "two")
    merged = first.merge(second)
    assert [ds.key_tag for ds in merged[Name("example")].dses] == [1, 2]
    assert len(merged[Name("example")].dnskeys) == 1
    assert merged[Name("example")].source == "one, two"
    assert set(merged) == {Name("example"), Name("org")}
    assert first[Name("example")].dnskeys == ()


def test_merging_keeps_the_later_negative_of_one_owner() -> None:
    merged = TrustAnchors((), [negative("example", 1)]).merge(TrustAnchors((), [negative("EXAMPLE", 2)]))
    assert [found.until for found in merged.negatives] == [2]


def test_iteration_is_in_canonical_order_of_owners() -> None:
    assert [str(owner) for owner in anchors("b.example", "example", ".", "a.example")] == [
        ".",
        "example.",
        "a.example.",
        "b.example.",
    ]


def test_equal_anchors_are_equal_and_hash_alike() -> None:
    assert anchors(".", "example") == anchors("example", ".")
    assert hash(anchors(".", "example")) == hash(anchors("example", "."))
    assert anchors(".") != anchors("example")


def test_a_record_of_another_type_is_no_anchor() -> None:
    with pytest.raises(InputError, match="type 1 is no trust anchor"):
        TrustAnchors.from_records([RRset(ROOT, 1, 0, (b"\x7f\x00\x00\x01",))])


def test_anchors_of_two_owners_cannot_be_joined() -> None:
    one, two = anchors("a")[Name("a")], anchors("b")[Name("b")]
    with pytest.raises(ValueError, match="cannot be joined"):
        one.union(two)


def test_the_built_in_root_anchors_are_ksk_2017_and_ksk_2024() -> None:
    anchor: TrustAnchor = iana_root()[ROOT]
    assert [(ds.key_tag, ds.algorithm, ds.digest_type) for ds in anchor.dses] == [(20326, 8, 2), (38696, 8, 2)]
    assert [len(ds.digest) for ds in anchor.dses] == [32, 32]


def test_neither_dnspython_nor_cryptography_is_loaded_for_the_built_in_anchors() -> None:
    code = (
        "import sys, unbroken.anchors as a; a.iana_root(); a.load;"
        "print([m for m in ('dns', 'cryptography', 'pyexpat', 'xml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

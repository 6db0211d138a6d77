"""Proving by NSEC3 (RFC 5155 §8), against a brute-force model of the zone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbroken import _kernel
from unbroken.authentication.nsec3 import (
    Nsec3Records,
    group_by_parameters,
    parse_nsec3,
    prove_no_ds,
    prove_nodata,
    prove_nxdomain,
    prove_wildcard_answer,
)
from unbroken.authentication.unproven import Unproven
from unbroken.chain import Budget, Denial, DenialKind, Limits, OverLimit
from unbroken.dns import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.signing import Nsec3Denial, nsec3_rdata

APEX = Name("z.")
LABELS = ("a", "b", "*", "m", "zz")
RELATIVE = st.lists(st.sampled_from(LABELS), min_size=1, max_size=3).map(".".join)
OWNERS = st.sets(RELATIVE, max_size=7)


def budget() -> Budget:
    return Budget(Limits())


def with_ancestors(owners: dict[str, set[int]]) -> dict[Name, set[int]]:
    """Empty non-terminals have NSEC3 records too (RFC 5155 §7.1)."""
    names: dict[Name, set[int]] = {APEX: {rr.SOA, rr.NS}}
    for owner, types in owners.items():
        name = Name(f"{owner}.z.")
        names[name] = types
        while (name := name.parent()) != APEX:
            names.setdefault(name, set())
    return names


def records(
    owners: dict[str, set[int]], denial: Nsec3Denial | None = None, skip: frozenset[str] = frozenset()
) -> Nsec3Records:
    denial = denial or Nsec3Denial()
    names = {n: t for n, t in with_ancestors(owners).items() if str(n).removesuffix(".z.") not in skip}
    hashed = sorted((_kernel.nsec3_hash(name, denial.salt, denial.iterations), types) for name, types in names.items())
    found = []
    for (digest, types), (following, _) in zip(hashed, hashed[1:] + hashed[:1], strict=True):
        owner = APEX.prepend(_kernel.base32hex(digest).encode())
        rdata = nsec3_rdata(denial, 1 if denial.opt_out else 0, following, types)
        record = parse_nsec3(owner, RRset(owner, rr.NSEC3, 60, (rdata,)).nsec3s()[0], APEX)
        assert record is not None
        found.append(record)
    (group,) = group_by_parameters(APEX, found)
    return group


def plain(owners: set[str]) -> Nsec3Records:
    return records({owner: {rr.A} for owner in owners})


def exists(owners: set[str], name: Name) -> bool:
    return any(Name(f"{owner}.z.").is_subdomain_of(name) for owner in owners) or APEX.is_subdomain_of(name)


def closest_encloser(owners: set[str], name: Name) -> Name:
    candidate = name
    while not exists(owners, candidate):
        candidate = candidate.parent()
    return candidate


@given(OWNERS, RELATIVE)
def test_a_chain_proves_nxdomain_exactly_for_names_that_nothing_answers_for(owners: set[str], asked: str) -> None:
    name = Name(f"{asked}.z.")
    encloser = closest_encloser(owners, name)
    missing = not exists(owners, name) and not exists(owners, encloser.wildcard())
    proof = prove_nxdomain(plain(owners), name, budget())
    assert isinstance(proof, Denial) == missing
    if isinstance(proof, Denial):
        assert proof.closest_encloser == encloser


@given(OWNERS, RELATIVE)
def test_a_chain_proves_nodata_exactly_where_a_name_or_its_wildcard_lacks_the_type(
    owners: set[str], asked: str
) -> None:
    name = Name(f"{asked}.z.")
    answered = exists(owners, name) or exists(owners, closest_encloser(owners, name).wildcard())
    assert isinstance(prove_nodata(plain(owners), name, rr.MX, budget()), Denial) == answered


@given(OWNERS, RELATIVE)
def test_a_wildcard_answer_is_proven_when_the_next_closer_name_is_missing(owners: set[str], asked: str) -> None:
    name = Name(f"{asked}.z.")
    for count in range(1, name.label_count):
        encloser = name.ancestor(count)
        right = not exists(owners, name.ancestor(count + 1))
        assert isinstance(prove_wildcard_answer(plain(owners), name, encloser, budget()), Denial) == right


def test_delegations_are_told_from_other_names() -> None:
    chain = records({"cut": {rr.NS}, "signed": {rr.NS, rr.DS}, "host": {rr.A}, "apex": {rr.NS, rr.SOA}})
    kinds = {}
    for name in ("cut", "signed", "host", "apex", "missing"):
        proof = prove_no_ds(chain, Name(f"{name}.z."), budget())
        kinds[name] = proof.kind if isinstance(proof, Denial) else None
    assert kinds == {
        "cut": DenialKind.NO_DS,
        "signed": None,
        "host": DenialKind.NOT_A_CUT,
        "apex": None,
        "missing": DenialKind.NOT_A_CUT,
    }


def test_an_opt_out_span_hides_delegations_and_secures_nothing() -> None:
    """RFC 5155 §6, §8.6: what is covered by an opt-out NSEC3 may be an unsigned delegation."""
    owners = {"cut": {rr.NS}, "host": {rr.A}}
    chain = records(owners, Nsec3Denial(opt_out=True), skip=frozenset({"cut"}))
    for proof in (
        prove_no_ds(chain, Name("cut.z."), budget()),
        prove_nodata(chain, Name("cut.z."), rr.DS, budget()),
        prove_nxdomain(chain, Name("missing.z."), budget()),
        prove_wildcard_answer(chain, Name("x.z."), APEX, budget()),
    ):
        assert isinstance(proof, Denial) and proof.opt_out


@pytest.mark.parametrize("types", [{rr.NS}, {rr.NS, rr.DS}, {rr.DNAME}])
def test_delegation_and_dname_nsec3s_are_no_closest_encloser(types: set[int]) -> None:
    chain = records({"cut": types})
    assert isinstance(prove_nxdomain(chain, Name("www.cut.z."), budget()), Unproven)


def test_a_delegation_nsec3_denies_only_ds() -> None:
    chain = records({"cut": {rr.NS}})
    assert isinstance(prove_nodata(chain, Name("cut.z."), rr.A, budget()), Unproven)
    assert isinstance(prove_nodata(chain, Name("cut.z."), rr.DS, budget()), Denial)


@pytest.mark.parametrize(
    ("hash_algorithm", "flags", "owner"),
    [(2, 0, None), (1, 2, None), (1, 0, "not-base32hex-.z."), (1, 0, "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.below.z.")],
)
def test_records_that_a_validator_must_ignore_are_ignored(hash_algorithm: int, flags: int, owner: str | None) -> None:
    """RFC 5155 §8.1, §8.2, §3."""
    rdata = bytes([hash_algorithm, flags, 0, 0, 0, 20]) + bytes(20)
    name = Name(owner or "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.z.")
    assert parse_nsec3(name, RRset(name, rr.NSEC3, 60, (rdata,)).nsec3s()[0], APEX) is None


def test_hashing_is_charged_before_it_is_done() -> None:
    chain = records({"a": {rr.A}}, Nsec3Denial(iterations=9))
    name = Name("x.y.z.")  # itself, y.z., z., then *.z.: four names of ten rounds each
    assert isinstance(prove_nxdomain(chain, name, Budget(Limits(nsec3_hashes=50))), Denial)
    with pytest.raises(OverLimit, match="nsec3_hashes"):
        prove_nxdomain(chain, name, Budget(Limits(nsec3_hashes=39)))

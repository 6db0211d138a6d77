"""Covering and proving by NSEC, against a brute-force model of the zone (RFC 4034 §4, §6.1; RFC 4592 §2.2)."""

from hypothesis import given
from hypothesis import strategies as st

from unbroken.authentication.nsec import NsecRecord, prove_no_ds, prove_nodata, prove_nxdomain, prove_wildcard_answer
from unbroken.authentication.unproven import Unproven
from unbroken.chain import Denial, DenialKind
from unbroken.dns import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.signing import nsec_rdata

APEX = Name("z.")
LABELS = ("a", "b", "*", "m", "zz")
RELATIVE = st.lists(st.sampled_from(LABELS), min_size=1, max_size=3).map(".".join)
OWNERS = st.sets(RELATIVE, max_size=7)


def records(owners: dict[str, set[int]]) -> tuple[NsecRecord, ...]:
    """The NSEC chain of a zone with these names (relative to `z.`; "" is the apex) and types."""
    names = sorted((Name(f"{owner}.z." if owner else "z."), types) for owner, types in owners.items())
    chain = []
    for (owner, types), (following, _) in zip(names, names[1:] + names[:1], strict=True):
        rrset = RRset(owner, rr.NSEC, 60, (nsec_rdata(following, types | {rr.NSEC, rr.RRSIG}),))
        nsec = rrset.nsec()
        assert nsec is not None
        chain.append(NsecRecord(owner, nsec, APEX))
    return tuple(chain)


def plain(owners: set[str]) -> tuple[NsecRecord, ...]:
    return records({"": {rr.SOA, rr.NS}} | {owner: {rr.A} for owner in owners})


def exists(owners: set[str], name: Name) -> bool:
    """A name exists when it or anything below it owns records."""
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
    proof = prove_nxdomain(plain(owners), name)
    assert isinstance(proof, Denial) == missing
    if isinstance(proof, Denial):
        assert proof.closest_encloser == encloser


@given(OWNERS, RELATIVE)
def test_a_chain_proves_nodata_exactly_where_a_name_or_its_wildcard_lacks_the_type(
    owners: set[str], asked: str
) -> None:
    name = Name(f"{asked}.z.")
    answered = exists(owners, name) or exists(owners, closest_encloser(owners, name).wildcard())
    assert isinstance(prove_nodata(plain(owners), name, rr.MX), Denial) == answered
    has_type = asked in owners or (
        not exists(owners, name) and str(closest_encloser(owners, name).wildcard())[: -len(".z.")] in owners
    )
    assert isinstance(prove_nodata(plain(owners), name, rr.A), Denial) == (answered and not has_type)


@given(OWNERS, RELATIVE)
def test_a_wildcard_answer_is_proven_only_from_the_closest_encloser(owners: set[str], asked: str) -> None:
    name = Name(f"{asked}.z.")
    for count in range(1, name.label_count):
        encloser = name.ancestor(count)
        right = not exists(owners, name) and closest_encloser(owners, name) == encloser
        assert isinstance(prove_wildcard_answer(plain(owners), name, encloser), Denial) == right


def test_an_insecure_delegation_needs_the_ns_bit() -> None:
    chain = records({"": {rr.SOA, rr.NS}, "cut": {rr.NS}, "signed": {rr.NS, rr.DS}, "host": {rr.A}})
    kinds = {}
    for name in ("cut", "signed", "host", "missing"):
        proof = prove_no_ds(chain, Name(f"{name}.z."))
        kinds[name] = proof.kind if isinstance(proof, Denial) else None
    assert kinds == {
        "cut": DenialKind.NO_DS,
        "signed": None,
        "host": DenialKind.NOT_A_CUT,
        "missing": DenialKind.NOT_A_CUT,
    }


def test_a_child_apex_nsec_proves_no_missing_ds() -> None:
    chain = records({"": {rr.SOA, rr.NS}, "cut": {rr.NS, rr.SOA}})
    assert isinstance(prove_no_ds(chain, Name("cut.z.")), Unproven)


def test_nodata_needs_the_cname_bit_clear() -> None:
    chain = records({"": {rr.SOA, rr.NS}, "alias": {rr.CNAME}})
    assert isinstance(prove_nodata(chain, Name("alias.z."), rr.A), Unproven)


def test_delegation_and_dname_nsecs_deny_nothing_below_them() -> None:
    for types in ({rr.NS}, {rr.NS, rr.DS}, {rr.DNAME}):
        chain = records({"": {rr.SOA, rr.NS}, "cut": set(types)})
        assert isinstance(prove_nxdomain(chain, Name("www.cut.z.")), Unproven)
        assert isinstance(prove_nxdomain(chain, Name("www.other.z.")), Denial)


def test_nxname_must_stand_alone() -> None:
    """RFC 9824 §3.1."""
    alone = records({"": {rr.SOA, rr.NS}, "gone": {rr.NXNAME}})
    proof = prove_nodata(alone, Name("gone.z."), rr.A)
    assert isinstance(proof, Denial) and proof.compact and proof.kind is DenialKind.NXDOMAIN
    mixed = records({"": {rr.SOA, rr.NS}, "gone": {rr.NXNAME, rr.MX}})
    assert isinstance(prove_nodata(mixed, Name("gone.z."), rr.A), Unproven)

"""Signed zones: what is signed by whom, and the chains of the RFCs' own examples."""

import os
from itertools import product
from pathlib import Path

import pytest

from unbroken._kernel import VERIFIED, signed_data, verify
from unbroken.dns import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.dns.presentation import rrsets_from_text
from unbroken.errors import InputError, UsageError
from unbroken.keys import ZoneKey, generate, generate_set, tags_in_use
from unbroken.signing import NSEC, Nsec3Denial, SigningParameters, Zone, sign_rrset, sign_zone

DATA = Path(__file__).parent / "data"
EXAMPLE = Name("example.")
KEYS = generate_set(EXAMPLE, 13)
RFC5155 = Nsec3Denial(bytes.fromhex("aabbccdd"), 12, opt_out=True)


def parameters(denial: Nsec3Denial | None = None, *, dnskey_by_all: bool = False) -> SigningParameters:
    return SigningParameters(1_700_000_000, 1_800_000_000, denial or NSEC, dnskey_by_all)


def signed(text: str, denial: Nsec3Denial | None = None, keys: tuple[ZoneKey, ...] = KEYS) -> Zone:
    return sign_zone(Zone.from_text(text, EXAMPLE), keys, parameters(denial))


def chain(zone: Zone, rdtype: int) -> dict[Name, tuple[int, tuple[bytes, ...]]]:
    return {rrset.owner: (rrset.ttl, rrset.canonical_rdatas()) for rrset in zone if rrset.rdtype == rdtype}


def published_chain(name: str) -> dict[Name, tuple[int, tuple[bytes, ...]]]:
    rrsets = rrsets_from_text((DATA / name).read_text(), EXAMPLE)
    return {rrset.owner: (rrset.ttl, rrset.canonical_rdatas()) for rrset in rrsets}


def test_rfc4035_a_the_nsec_chain_of_the_example_zone() -> None:
    zone = signed((DATA / "rfc4035.zone").read_text())
    assert chain(zone, rr.NSEC) == published_chain("rfc4035.chain")


def test_rfc5155_a_the_nsec3_chain_of_the_example_zone() -> None:
    zone = signed((DATA / "rfc5155.zone").read_text(), RFC5155)
    assert chain(zone, rr.NSEC3) == published_chain("rfc5155.chain")
    nsec3param = zone.rrset(EXAMPLE, rr.NSEC3PARAM)
    assert nsec3param is not None and nsec3param.rdatas == (bytes.fromhex("01 00 000c 04 aabbccdd"),)


def shared_zone(name: str) -> str:
    root = Path(os.environ.get("UNBROKEN_SHARED", Path(__file__).parents[4] / "shared"))
    path = root / "vectors" / "rfc-zones" / name
    if not path.exists():
        pytest.skip(f"{name} of the shared material is absent")
    return path.read_text()


def test_rfc2181_data_at_a_cut_that_is_not_the_parents_shows_neither_in_the_bitmap_nor_signed() -> None:
    zone = signed(shared_zone("rfc4035-appendix-A.zone"))
    expected = {owner: (1800, rdatas) for owner, (_, rdatas) in published_chain("rfc4035.chain").items()}
    assert chain(zone, rr.NSEC) == expected
    assert zone.rrsigs(Name("b.example."), rr.A) is None


def test_rfc9077_3_nsec3_records_take_the_soa_minimum_as_ttl() -> None:
    zone = signed(shared_zone("rfc5155-appendix-A.zone"), RFC5155)
    assert {ttl for ttl, _ in chain(zone, rr.NSEC3).values()} == {1800}


def signers(zone: Zone, owner: Name, rdtype: int) -> set[int]:
    rrsigs = zone.rrsigs(owner, rdtype)
    return set() if rrsigs is None else {rrsig.key_tag for rrsig in rrsigs.rrsigs()}


@pytest.mark.parametrize("denial", [None, RFC5155, Nsec3Denial()])
def test_every_signature_verifies_and_has_the_fields_of_its_rrset(denial: Nsec3Denial | None) -> None:
    zone = signed((DATA / "rfc5155.zone").read_text(), denial)
    by_tag = {key.key_tag: key.dnskey for key in KEYS}
    count = 0
    for rrsigs in (rrset for rrset in zone if rrset.rdtype == rr.RRSIG):
        covered = zone.rrset(rrsigs.owner, rrsigs.covers)
        assert covered is not None and covered.ttl == rrsigs.ttl
        for rrsig in rrsigs.rrsigs():
            assert verify(covered, rrsig, by_tag[rrsig.key_tag]) == VERIFIED
            assert (rrsig.original_ttl, rrsig.signer) == (covered.ttl, EXAMPLE)
            assert (rrsig.labels, rrsig.inception, rrsig.expiration) == (
                covered.owner.rrsig_labels,
                1_700_000_000,
                1_800_000_000,
            )
            count += 1
    assert count > 20


@pytest.mark.parametrize("denial", [None, RFC5155])
def test_rfc4035_2_2_all_that_is_authoritative_is_signed_and_nothing_else(denial: Nsec3Denial | None) -> None:
    zone = signed((DATA / "rfc5155.zone").read_text() + "d DNAME t.\nu.d TXT hidden\n", denial)
    unsigned = {(rrset.owner, rrset.rdtype) for rrset in zone if rrset.rdtype != rr.RRSIG} - {
        (rrset.owner, rrset.covers) for rrset in zone if rrset.rdtype == rr.RRSIG
    }
    expected = {(f"{cut}.example.", rr.NS) for cut in "ac"} | {("u.d.example.", rr.TXT)}
    expected |= {(f"ns{number}.{cut}.example.", rr.A) for number, cut in product((1, 2), "ac")}
    assert unsigned == {(Name(owner), rdtype) for owner, rdtype in expected}


def test_ksk_signs_the_keys_and_zsk_the_data() -> None:
    zone = signed((DATA / "rfc4035.zone").read_text())
    ksk, zsk = KEYS
    assert signers(zone, EXAMPLE, rr.DNSKEY) == {ksk.key_tag}
    assert signers(zone, EXAMPLE, rr.SOA) == {zsk.key_tag}


def test_on_request_all_keys_sign_the_dnskey_rrset() -> None:
    zone = Zone.from_text((DATA / "rfc4035.zone").read_text(), EXAMPLE)
    both = sign_zone(zone, KEYS, parameters(dnskey_by_all=True))
    assert signers(both, EXAMPLE, rr.DNSKEY) == {key.key_tag for key in KEYS}


def test_rfc7344_4_1_cds_and_cdnskey_are_signed_by_the_ksk() -> None:
    zone = signed(f"@ SOA ns root 1 2 3 4 5\n@ CDS 1 13 2 {'00' * 32}\n@ CDNSKEY 257 3 13 AAAA")
    assert signers(zone, EXAMPLE, rr.CDS) == signers(zone, EXAMPLE, rr.CDNSKEY) == {KEYS[0].key_tag}


def test_rfc4035_2_2_each_algorithm_signs_everything_whatever_its_keys_roles() -> None:
    extra = generate(EXAMPLE, 15, secure_entry_point=True, avoid=tags_in_use(key.dnskey for key in KEYS))
    zone = signed("@ SOA ns root 1 2 3 4 5", keys=(*KEYS, extra))
    assert signers(zone, EXAMPLE, rr.SOA) == {KEYS[1].key_tag, extra.key_tag}
    assert signers(zone, EXAMPLE, rr.DNSKEY) == {KEYS[0].key_tag, extra.key_tag}


def test_a_key_outside_the_kernel_signs_beside_one_inside() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey

    outside = generate(EXAMPLE, 16, secure_entry_point=True, csk=True, avoid=tags_in_use(key.dnskey for key in KEYS))
    zone = signed((DATA / "rfc4035.zone").read_text(), keys=(outside, *KEYS))
    public = Ed448PublicKey.from_public_bytes(outside.dnskey.public_key)
    for rrset in zone:
        rrsigs = zone.rrsigs(rrset.owner, rrset.rdtype) if rrset.rdtype != rr.RRSIG else None
        if rrsigs is None:
            continue
        assert {rrsig.algorithm for rrsig in rrsigs.rrsigs()} == {13, 16}
        for rrsig in rrsigs.rrsigs():
            if rrsig.algorithm == 16:
                public.verify(rrsig.signature, signed_data(rrset, rrsig))
            else:
                assert any(verify(rrset, rrsig, key.dnskey) == VERIFIED for key in KEYS)


def test_signing_again_replaces_what_the_first_signing_left() -> None:
    text = (DATA / "rfc5155.zone").read_text()
    once = signed(text, Nsec3Denial(b"\x01", 3))
    again = sign_zone(once, KEYS, parameters(RFC5155))
    assert chain(again, rr.NSEC3) == published_chain("rfc5155.chain")
    assert not chain(sign_zone(once, KEYS, parameters()), rr.NSEC3)


def hashes(zone: Zone) -> int:
    return len(chain(zone, rr.NSEC3))


def test_rfc5155_7_1_opt_out_leaves_out_unsigned_delegations_but_not_the_empty_names_above_them() -> None:
    text = f"@ SOA ns root 1 2 3 4 5\nu.e NS ns\ns.f NS ns\ns.f DS 1 13 2 {'00' * 32}\n"
    assert hashes(signed(text, Nsec3Denial())) == 5
    assert hashes(signed(text, Nsec3Denial(opt_out=True))) == 4


def test_a_root_zone_is_signed() -> None:
    root = Name(".")
    keys = generate_set(root, 13)
    zone = Zone.from_text("@ SOA ns root 1 2 3 4 5\n@ NS ns.\nns. A 192.0.2.1\ntest. NS ns.test.\n", root)
    for denial in (None, Nsec3Denial()):
        result = sign_zone(zone, keys, parameters(denial))
        assert signers(result, root, rr.SOA) == {keys[1].key_tag}


def test_a_zone_that_cannot_be_signed_is_refused() -> None:
    zone = Zone.from_text("@ SOA ns root 1 2 3 4 5", EXAMPLE)
    with pytest.raises(UsageError, match="without keys"):
        sign_zone(zone, (), parameters())
    with pytest.raises(UsageError, match="belongs to"):
        sign_zone(zone, generate_set(Name("other.")), parameters())
    with pytest.raises(InputError, match="no SOA"):
        sign_zone(zone.remove(EXAMPLE, rr.SOA), KEYS, parameters())


def test_a_bent_rrsig_holds_the_bent_field_and_is_signed_as_it_stands() -> None:
    rrset = RRset(Name("a.b.example."), rr.A, 60, (b"\x7f\0\0\1",))
    key = KEYS[1]
    other = Name("other.")
    bent = sign_rrset(rrset, key, 1, 2, labels=2, signer=other, key_tag=7, original_ttl=9).rrsigs()[0]
    assert (bent.labels, bent.signer, bent.key_tag, bent.original_ttl) == (2, other, 7, 9)
    assert verify(rrset, bent, key.dnskey) == VERIFIED
    assert sign_rrset(rrset, key, 1, 2, labels=9).rrsigs()[0].labels == 9
    assert sign_rrset(rrset, key, 1, 2, algorithm=8, type_covered=28).rrsigs()[0].type_covered == 28

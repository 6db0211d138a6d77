"""Whole zones through the kernel: the chain of RFC 4035 Appendix A, and the real root zone, every bit of which counts."""

from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from support.shared_material import shared
from support.small_zones import EXAMPLE, in_memory, signed_text

from unbroken._kernel import KernelZone, Name, RRset, WireError
from unbroken.chain import Severity
from unbroken.chain.zone_catalogue import ZoneCode
from unbroken.dns import rdtype as rr
from unbroken.dns.presentation import rrsets_from_text
from unbroken.signing.publish import read_finished
from unbroken.signing.read import read_zone
from unbroken.signing.verify import EntrySet, ZoneReport, check_zone

_DATA = Path(__file__).parents[2] / "unit" / "signing" / "data"
_AT = int(datetime(2023, 11, 9, tzinfo=UTC).timestamp())
_KSK_2017 = ". 60 IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
_KSK_2024 = ". 60 IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16"


def chain(text: str) -> dict[Name, tuple[bytes, ...]]:
    return {
        rrset.owner: rrset.canonical_rdatas() for rrset in rrsets_from_text(text, EXAMPLE) if rrset.rdtype == rr.NSEC
    }


def test_rfc4035_a_the_kernel_makes_the_nsec_chain_of_the_example_zone(tmp_path: Path) -> None:
    expected = chain((_DATA / "rfc4035.chain").read_text())
    assert chain(signed_text(tmp_path / "a", (_DATA / "rfc4035.zone").read_text())) == expected


def test_rfc4035_a_glue_at_a_cut_shows_not_in_the_bitmap(tmp_path: Path) -> None:
    """The zone as others keep it has such glue."""
    text = shared("vectors", "rfc-zones", "rfc4035-appendix-A.zone").read_text()
    signed = signed_text(tmp_path / "a", text)
    assert chain(signed) == chain((_DATA / "rfc4035.chain").read_text())
    assert in_memory(signed).rrsigs(Name("b.example."), rr.A) is None


# --- the root zone ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def path() -> str:
    return str(shared("real", "root-zone", "root-2023110500.zone"))


@pytest.fixture(scope="module")
def root(path: str) -> KernelZone:
    return read_finished(path)


def check(zone: KernelZone, earlier: KernelZone | None = None, ds: str = _KSK_2017) -> ZoneReport:
    return check_zone(zone, _AT, earlier=earlier, entries=(EntrySet("IANA", rrsets_from_text(ds, None)[0].dses()),))


def test_the_real_root_zone_verifies_in_full(root: KernelZone) -> None:
    report = check(root)
    # Its ZONEMD was of a private hash algorithm then, which nobody is to check.
    assert {finding.code for finding in report.findings} == {ZoneCode.ZONE_ZONEMD_UNSUPPORTED}
    assert (report.errors, report.warnings) == (0, 0)
    assert (report.serial, report.denial) == (2023110500, "NSEC")
    assert report.verified == report.signed_rrsets > 2700
    assert check(root, ds=_KSK_2024).errors == 1


_SIGNED = (rr.SOA, rr.NS, rr.DNSKEY, rr.DS, rr.NSEC, rr.ZONEMD)


def samples(root: KernelZone, path: str) -> list[tuple[Name, int]]:
    """Signed RRsets from all over the zone, those of the apex among them."""
    owners = sorted({Name(line.split(None, 1)[0]) for line in Path(path).read_text().splitlines() if line[:1] > " "})
    chosen = [Name.ROOT] * 6 + Random(20231105).sample(owners, 300)
    found = [(owner, _SIGNED[place % 6]) for place, owner in enumerate(chosen)]
    return [(owner, rdtype) for owner, rdtype in found if root.rrset(owner, rr.RRSIG, rdtype) is not None]


def flipped(rrset: RRset, random: Random) -> RRset | None:
    """One bit of one record; None where what comes out is no such record, or the same to DNSSEC (letter case)."""
    rdatas = list(rrset.rdatas)
    place = random.randrange(len(rdatas))
    octets = bytearray(rdatas[place])
    bit = random.randrange(8 * len(octets))
    octets[bit // 8] ^= 1 << bit % 8
    rdatas[place] = bytes(octets)
    try:
        changed = RRset(rrset.owner, rrset.rdtype, rrset.ttl, tuple(rdatas))
    except WireError:
        return None
    return changed if changed.canonical_rdatas() != rrset.canonical_rdatas() else None


@pytest.mark.slow
def test_one_flipped_bit_anywhere_in_a_signed_rrset_of_the_root_zone_is_found(root: KernelZone, path: str) -> None:
    random = Random(4035)
    found = 0
    for owner, rdtype in samples(root, path):
        for kind in (rdtype, rr.RRSIG):
            rrset = root.rrset(owner, kind, rdtype if kind == rr.RRSIG else 0)
            changed = flipped(rrset, random) if rrset is not None else None
            if changed is None:
                continue
            builder = read_zone(path)
            if kind == rr.RRSIG:
                kept = [root.rrset(owner, kind, covers) for covers in _SIGNED if covers != rdtype]
                builder.drop_types([kind], owner)
                for other in kept:
                    if other is not None:
                        builder.add(other)
            else:
                builder.drop_types([kind], owner)
            builder.add(changed)
            report = check(builder.finish(), root)
            assert any(finding.owner == owner and finding.severity is Severity.ERROR for finding in report.findings), (
                f"{owner} {kind}"
            )
            found += 1
    assert found > 60

"""The NSEC3 chain of RFC 5155 Appendix A, through the kernel."""

from pathlib import Path

from support.shared_material import shared
from support.small_zones import EXAMPLE, in_memory, judge, signed_text

from unbroken._kernel import Name
from unbroken.dns import rdtype as rr
from unbroken.dns.presentation import rrsets_from_text
from unbroken.signing import Nsec3Denial
from unbroken.signing.prepare import ZonePlan

_DATA = Path(__file__).parents[2] / "unit" / "signing" / "data"
_PLAN = ZonePlan(denial=Nsec3Denial(bytes.fromhex("aabbccdd"), 12, opt_out=True))


def chain(text: str) -> dict[Name, tuple[bytes, ...]]:
    rrsets = rrsets_from_text(text, EXAMPLE)
    return {rrset.owner: rrset.canonical_rdatas() for rrset in rrsets if rrset.rdtype == rr.NSEC3}


def test_rfc5155_a_the_kernel_makes_the_nsec3_chain_of_the_example_zone(tmp_path: Path) -> None:
    signed = signed_text(tmp_path / "a", (_DATA / "rfc5155.zone").read_text(), plan=_PLAN)
    assert chain(signed) == chain((_DATA / "rfc5155.chain").read_text())
    assert judge(tmp_path / "a").errors == 0


def test_rfc5155_a_so_it_does_for_the_zone_as_others_keep_it(tmp_path: Path) -> None:
    text = shared("vectors", "rfc-zones", "rfc5155-appendix-A.zone").read_text()
    # That copy lacks the one record whose owner is the hash of another name.
    text += "2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. 3600 IN A 192.0.2.127\n"
    signed = signed_text(tmp_path / "a", text, plan=_PLAN)
    assert chain(signed) == chain((_DATA / "rfc5155.chain").read_text())
    # RFC 9077 §3 came later than the example: its TTL is that of negative answers.
    assert {rrset.ttl for rrset in in_memory(signed) if rrset.rdtype == rr.NSEC3} == {1800}

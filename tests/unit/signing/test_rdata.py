"""Rdata that a signer writes."""

from hypothesis import given
from hypothesis import strategies as st

from unbroken.dns import Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.signing import Nsec3Denial, nsec3_rdata, nsec_rdata, type_bitmap


def test_rfc4034_4_3_the_example_bitmap() -> None:
    expected = "0006400100000003" + "041b" + "00" * 26 + "20"
    assert type_bitmap([1, 15, 46, 47, 1234]) == bytes.fromhex(expected)


def test_no_types_no_windows() -> None:
    assert type_bitmap([]) == b""


@given(st.frozensets(st.integers(0, 65535), min_size=1, max_size=40))
def test_the_kernel_reads_the_types_that_were_written(rdtypes: frozenset[int]) -> None:
    nsec = RRset(Name("a."), rr.NSEC, 0, (nsec_rdata(Name("b."), rdtypes),)).nsec()
    assert nsec is not None and nsec.types == rdtypes and nsec.next_name == Name("b.")
    rdata = nsec3_rdata(Nsec3Denial(b"\xaa", 5), 1, bytes(20), rdtypes)
    (nsec3,) = RRset(Name("a."), rr.NSEC3, 0, (rdata,)).nsec3s()
    assert (nsec3.types, nsec3.opt_out, nsec3.iterations, nsec3.salt) == (rdtypes, True, 5, b"\xaa")

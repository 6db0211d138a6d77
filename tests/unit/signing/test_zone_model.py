"""Odd zones by hypothesis: what the kernel reads, orders, denies and signs is what a slow and simple model comes to, which
knows the zone from dnspython only."""

import base64
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import dns.exception
import dns.rdataset
import dns.version
import dns.zone
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.small_zones import EXAMPLE, NSEC3, OPT_OUT, keys_of, sign
from support.zone_model import NSEC as NSEC_TYPE
from support.zone_model import NSEC3 as NSEC3_TYPE
from support.zone_model import RRSIG, ZoneModel, name_of, path_of, read, types_of
from support.zone_model import Path as NamePath

from fuzz.words import mutate_text
from fuzz.zones import random_zone
from unbroken._kernel import ScanError
from unbroken.errors import InputError
from unbroken.signing import NSEC, Nsec3Denial
from unbroken.signing.parameters import Denial
from unbroken.signing.prepare import ZonePlan
from unbroken.signing.publish import Gate, read_finished
from unbroken.signing.read import read_zone_text

DENIALS = {"nsec": NSEC, "nsec3": NSEC3, "opt-out": OPT_OUT, "salted": Nsec3Denial(b"\xab\xcd", 3)}
KEYS = keys_of(15, csk=True)
_FROM_BASE32HEX = bytes.maketrans(b"0123456789ABCDEFGHIJKLMNOPQRSTUV", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
randoms = st.integers(0, 2**64).map(Random)
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


def signed(text: str, denial: Denial) -> str:
    with TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        sign(out, text, KEYS, plan=ZonePlan(denial=denial), gate=Gate.NONE)
        return out.read_text()


def only(zone: dns.zone.Zone, rdtype: int) -> dict[NamePath, dns.rdataset.Rdataset]:
    return {path_of(name): found for name, found in zone.iterate_rdatasets(rdtype)}  # type: ignore[arg-type]


def owners_in_order(text: str) -> list[NamePath]:
    names = dict.fromkeys(line.split(" ", 1)[0] for line in text.splitlines())
    return [path_of(dns.name.from_text(name)) for name in names]


@pytest.mark.parametrize("denial", DENIALS.values(), ids=DENIALS)
@given(random=randoms)
@settings(relaxed, max_examples=40)
def test_rfc4034_6_1_rfc4035_2_rfc5155_7_1_order_chain_and_signatures(denial: Denial, random: Random) -> None:
    text = random_zone(random)
    written = signed(text, denial)
    after = read(written)
    model = ZoneModel.of(after)
    # DNSKEY and NSEC3PARAM came at the apex; all else is as it was.
    before = ZoneModel.of(read(text))
    before.types[model.apex] |= {48} if denial == NSEC else {48, 51}
    assert model.types == before.types
    owners = owners_in_order(written)
    assert owners == sorted(owners)
    _check_chain(after, model, denial)
    _check_signatures(after, model)


def _check_chain(zone: dns.zone.Zone, model: ZoneModel, denial: Denial) -> None:
    if not isinstance(denial, Nsec3Denial):
        nsec = {
            path: (path_of(found[0].next), types_of(found[0].windows)) for path, found in only(zone, NSEC_TYPE).items()
        }
        assert nsec == model.nsec_chain()
        return
    found = only(zone, NSEC3_TYPE)
    nsec3 = {_decoded(path[-1]): (each[0].next, types_of(each[0].windows)) for path, each in found.items()}
    assert nsec3 == model.nsec3_chain(denial.salt, denial.iterations, opt_out=denial.opt_out)
    assert {each[0].flags for each in found.values()} == {1 if denial.opt_out else 0}


def _decoded(label: bytes) -> bytes:
    return base64.b32decode(label.upper().translate(_FROM_BASE32HEX))


def _check_signatures(zone: dns.zone.Zone, model: ZoneModel) -> None:
    """RFC 4035 §2.2: each RRset of the zone's own, and each denial record, and nothing else."""
    expected = {(path, rdtype) for path in model.existing() for rdtype in model.signed(path)}
    expected |= {(path, NSEC_TYPE) for path in only(zone, NSEC_TYPE)}
    expected |= {(path, NSEC3_TYPE) for path in only(zone, NSEC3_TYPE)}
    covered = [
        (path_of(name), int(rdataset.covers), rdataset.ttl, rdataset)  # type: ignore[arg-type]
        for name, node in zone.nodes.items()
        for rdataset in node.rdatasets
        if rdataset.rdtype == RRSIG
    ]
    assert {(path, rdtype) for path, rdtype, _, _ in covered} == expected
    for path, _, ttl, rdataset in covered:
        labels = len(path) - (path[-1] == b"*")
        assert [(each.labels, each.original_ttl) for each in rdataset] == [(labels, ttl)]


# --- reading ----------------------------------------------------------------------------------------------------------


# Older ones take a TTL that a record states for that of those which follow, in spite of $TTL (RFC 2308 §4).
as_dnspython_reads = pytest.mark.skipif(
    (dns.version.MAJOR, dns.version.MINOR) < (2, 9), reason="this dnspython reads TTLs in another way"
)


def assert_reads_alike(text: str, zone: dns.zone.Zone) -> None:
    ours = read_zone_text("zone", text.encode("ascii"), EXAMPLE, 3600).finish()
    count = 0
    for name, node in zone.nodes.items():
        for rdataset in node.rdatasets:
            found = ours.rrset(name_of(path_of(name)), int(rdataset.rdtype), int(rdataset.covers))  # type: ignore[arg-type]
            assert found is not None, (name, rdataset)
            wires = {rdata.to_digestable() for rdata in rdataset}
            count += len(wires)
            assert set(found.canonical_rdatas()) == wires, (name, rdataset, found.rdatas)
            assert found.ttl == rdataset.ttl, (name, rdataset)
    assert ours.record_count == count


@as_dnspython_reads
@given(random=randoms)
@settings(relaxed, max_examples=80)
def test_rfc1035_5_1_a_zone_is_read_as_dnspython_reads_it(random: Random) -> None:
    text = random_zone(random)
    assert_reads_alike(text, read(text))


@as_dnspython_reads
@given(random=randoms)
@settings(relaxed, max_examples=200)
def test_a_zone_that_was_bent_is_read_as_dnspython_reads_it_where_both_do(random: Random) -> None:
    octets = mutate_text(random, random_zone(random))
    try:
        zone = read(octets.decode("ascii"))
        ours = read_zone_text("zone", octets, EXAMPLE, 3600).finish()
    except (dns.exception.DNSException, ValueError, KeyError, InputError, ScanError):
        return  # one of them refuses it
    if ours.origin != EXAMPLE or ours.misfits():
        return  # the zone is that of the SOA here, that of the caller there; of two CNAMEs dnspython keeps one
    assert_reads_alike(octets.decode("ascii"), zone)


# --- writing ----------------------------------------------------------------------------------------------------------


@given(random=randoms)
@settings(relaxed, max_examples=50)
def test_what_is_written_is_read_again_to_the_same(random: Random) -> None:
    text = random_zone(random)
    builder = read_zone_text("zone", text.encode(), EXAMPLE)
    before = builder.finish()
    written = signed(text, NSEC)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "zone"
        path.write_text(written)
        after = read_finished(str(path))
    for name, node in read(text).nodes.items():
        for rdataset in node.rdatasets:
            owner = name_of(path_of(name))  # type: ignore[arg-type]
            first, second = (zone.rrset(owner, int(rdataset.rdtype)) for zone in (before, after))
            assert first is not None and second is not None
            assert (first.rdatas, first.ttl) == (second.rdatas, second.ttl)
    assert after.record_count == written.count("\n")

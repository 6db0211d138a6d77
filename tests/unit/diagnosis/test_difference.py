"""Two checks side by side: the first link that changed is where the change was made."""

import pytest
from support.small_internet import NOW, PARENT, WWW, ZONE, SmallInternet
from support.wrongs import WRONGS, another, put_rrset

from unbroken.delegation import ds_for
from unbroken.diagnosis.diagnose import Diagnosis, diagnose
from unbroken.diagnosis.difference import Difference, compare_checks
from unbroken.dns import RRset
from unbroken.dns import rdtype as rr
from unbroken.lab.faults.bending import with_rrset


def check(net: SmallInternet) -> Diagnosis:
    return diagnose(net.inspect(), net.resolver().anchors, NOW)


def after(change: object) -> Difference:
    net = SmallInternet()
    before = check(net)
    assert callable(change)
    change(net)
    return compare_checks(before, check(net))


def test_nothing_changed_is_nothing() -> None:
    assert after(lambda net: None).is_empty


def test_a_zone_that_was_signed_again_is_as_it_was() -> None:
    assert after(lambda net: net.put(net.zone().signed_anew())).is_empty


def _new_ds(net: SmallInternet) -> None:
    parent = net.zone(PARENT)
    ds = ds_for(ZONE, another(net, sep=True).dnskey)
    net.put(with_rrset(parent, RRset(ZONE, rr.DS, 300, (ds.rdata,))))


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (_new_ds, "zone.test. DS"),
        (lambda net: net.break_zone("no-ds"), "zone.test. DS"),
        (lambda net: net.break_zone("no-zsk"), "zone.test. DNSKEY"),
        (lambda net: net.break_zone("rrsig-exp-a"), "www.zone.test. A"),
        (lambda net: put_rrset(net, RRset(WWW, rr.A, 300, (bytes(4),))), "www.zone.test. A"),
        (lambda net: net.break_zone("rrsig-exp-all", PARENT), "test. DNSKEY"),
    ],
)
def test_the_first_link_is_the_one_that_was_changed(change: object, where: str) -> None:
    first, *_ = after(change).links
    assert first.where == where and first.was != first.now


def test_servers_and_findings_that_came_and_went_are_told() -> None:
    difference = after(WRONGS["SERIAL_DIFFERS"])
    assert [(each.where, each.was, each.now) for each in difference.servers] == [
        ("ns2.zone.test (192.0.2.22)", "serial 1", "serial 7")
    ]
    assert {finding.code for finding in difference.came} == {"SERIAL_DIFFERS"} and not difference.went


def test_the_other_way_round_what_came_went() -> None:
    net = SmallInternet()
    before = check(net)
    WRONGS["SERVER_SILENT"](net)
    later = check(net)
    there, back = compare_checks(before, later), compare_checks(later, before)
    assert there.came == back.went and "SERVER_SILENT" in {finding.code for finding in there.came}

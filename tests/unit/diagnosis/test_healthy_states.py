"""States that a well-kept zone passes through: nothing in them is an error, and nothing that is meant is a warning."""

from dataclasses import replace

import pytest
from support.small_internet import NOW, PARENT, WWW, ZONE, SmallInternet, changed
from support.wrongs import another, bend, each, ksk, zsk

from unbroken.chain import Severity, Status
from unbroken.delegation import cdnskey_rrset, cds_rrset, ds_for
from unbroken.diagnosis.diagnose import diagnose
from unbroken.dns import Message, RRset
from unbroken.dns import rdtype as rr
from unbroken.keys import ZoneKey, dnskey_rrset, generate_set
from unbroken.lab.faults.bending import signatures, signers_of, with_all_signatures, with_rrset
from unbroken.lab.signed import SignedZone
from unbroken.signing import type_bitmap


def signed_by(net: SmallInternet, keys: tuple[ZoneKey, ...], published: tuple[ZoneKey, ...] = ()) -> SignedZone:
    """The zone with these keys; `published` are in its DNSKEY RRset beside them and sign nothing here."""
    zone = replace(net.zone(), keys=keys)
    dnskeys = (key.dnskey for key in (*keys, *published))
    zone = zone.with_zone(zone.zone.replace(dnskey_rrset(ZONE, dnskeys, 300)))

    def sign(rrset: RRset) -> RRset:
        return signatures(rrset, signers_of(zone, rrset.rdtype), zone.inception, zone.expiration)

    return with_all_signatures(zone, sign)


def ds_of(net: SmallInternet, *keys: ZoneKey) -> SignedZone:
    rdatas = tuple(ds_for(ZONE, key.dnskey).rdata for key in keys)
    return with_rrset(net.zone(PARENT), RRset(ZONE, rr.DS, 300, rdatas))


def prepublished_zsk(net: SmallInternet) -> set[str]:
    net.put(signed_by(net, net.zone().keys, (another(net, sep=False),)))
    return {"KEY_STANDBY"}


def double_signed_zsk(net: SmallInternet) -> set[str]:
    net.put(signed_by(net, (*net.zone().keys, another(net, sep=False))))
    return set()


def double_ksk_and_double_ds(net: SmallInternet) -> set[str]:
    new = another(net, sep=True)
    net.put(signed_by(net, (*net.zone().keys, new)))
    net.put(ds_of(net, ksk(net), new))
    return set()


def double_ksk_before_its_ds(net: SmallInternet) -> set[str]:
    net.put(signed_by(net, (*net.zone().keys, another(net, sep=True))))
    return set()


def algorithm_roll(net: SmallInternet) -> set[str]:
    new = generate_set(ZONE, 15)
    net.put(signed_by(net, (*net.zone().keys, *new)))
    net.put(ds_of(net, ksk(net), new[0]))
    return set()


def several_signers(net: SmallInternet) -> set[str]:
    """RFC 8901 §2.1.2: each signer has keys of its own, publishes those of all, and signs with its own."""
    ours, theirs = net.zone().keys, generate_set(ZONE, 13)
    first, second = signed_by(net, ours, theirs), signed_by(net, theirs, ours)
    net.put(first)
    net.put(second, only="192.0.2.22")
    net.put(ds_of(net, ours[0], theirs[0]))
    return set()


def cds_for_the_present_key(net: SmallInternet) -> set[str]:
    zone, key = net.zone(), ksk(net)
    dses = [ds_for(ZONE, key.dnskey)]
    content = zone.zone.replace(cds_rrset(ZONE, dses, 300), cdnskey_rrset(ZONE, [key.dnskey], 300))
    net.put(zone.signed_anew(content))
    return set()


def revoked_and_signing(net: SmallInternet) -> set[str]:
    old = another(net, sep=True).revoked()
    net.put(signed_by(net, (*net.zone().keys, old)))
    return {"KEY_REVOKED"}


def dnskey_signed_by_zsk_too(net: SmallInternet) -> set[str]:
    zone = net.zone()
    present = zone.zone.rrset(ZONE, rr.DNSKEY)
    assert present is not None
    net.put(with_rrset(zone, present, (ksk(net), zsk(net))))
    return set()


@pytest.mark.parametrize(
    "state",
    [
        prepublished_zsk,
        double_signed_zsk,
        double_ksk_and_double_ds,
        double_ksk_before_its_ds,
        algorithm_roll,
        several_signers,
        cds_for_the_present_key,
        revoked_and_signing,
        dnskey_signed_by_zsk_too,
    ],
)
def test_a_state_that_is_meant_is_no_error(state: object) -> None:
    net = SmallInternet()
    assert callable(state)
    expected = state(net)
    diagnosis = diagnose(net.inspect(WWW), net.resolver().anchors, NOW)
    assert diagnosis.status is Status.SECURE
    assert {finding.code for finding in diagnosis.all_findings} - {"NS_WITHOUT_IPV6"} == expected
    assert diagnosis.count(Severity.ERROR) == diagnosis.count(Severity.WARNING) == 0


def test_an_nsec_made_for_one_question_may_list_types_that_are_not_there() -> None:
    net = SmallInternet()
    types = [rr.SOA, rr.NS, rr.DNSKEY, rr.RRSIG, rr.NSEC, rr.CDS, rr.CSYNC]
    nsec = RRset(ZONE, rr.NSEC, 300, (ZONE.prepend(b"\x00").wire + type_bitmap(types),))
    rrsigs = signatures(nsec, (zsk(net),), NOW - 3600, NOW + 9 * 86400)

    def made(query: Message, reply: Message) -> Message:
        is_asked = query.question is not None and query.question[0] == ZONE and not reply.answer
        soa = tuple(each for each in reply.authority if (each.covers or each.rdtype) == rr.SOA)
        return changed(reply, authority=(*soa, nsec, rrsigs)) if is_asked and query.edns is not None else reply

    bend(net, made)
    diagnosis = diagnose(net.inspect(WWW), net.resolver().anchors, NOW)
    assert "BITMAP_EXTRA_TYPE" not in {finding.code for finding in diagnosis.all_findings}


def test_a_denial_whose_soa_alone_has_a_lower_ttl_is_as_it_may_be() -> None:
    net = SmallInternet()

    def lowered(rrset: RRset) -> RRset:
        return rrset.with_ttl(60)

    bend(net, lambda query, reply: changed(reply, authority=each(reply.authority, rr.SOA, lowered)))
    diagnosis = diagnose(net.inspect(WWW), net.resolver().anchors, NOW)
    assert "SIGNATURE_TTL_DIFFERS" not in {finding.code for finding in diagnosis.all_findings}

"""Whoever answers chooses how much there is to look at. All of it is bounded, and none of it raises."""

import pytest
from support.small_internet import NOW, PARENT, WWW, ZONE, SmallInternet, changed
from support.wrongs import add_ds, add_keys, bend, ds_rdata, ksk, of_algorithm, put_rrset

from unbroken.chain import Limits
from unbroken.diagnosis.case import MAX_RECORDS
from unbroken.diagnosis.diagnose import Diagnosis, diagnose
from unbroken.diagnosis.json import inspection_from_json, inspection_to_json
from unbroken.diagnosis.rules.book import MAX_FOUND
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError
from unbroken.lab.faults.bending import signatures


def diagnosis_of(net: SmallInternet) -> Diagnosis:
    return diagnose(net.inspect(WWW), net.resolver().anchors, NOW)


def test_replies_full_of_signed_records_are_looked_at_in_bounds() -> None:
    net = SmallInternet()
    (zsk,) = net.zone().data_keys
    rrsets = [RRset(Name(f"n{number}.zone.test."), rr.A, 300, (bytes(4),)) for number in range(500)]
    rrsigs = [signatures(rrset, (zsk,), NOW - 3600, NOW + 60) for rrset in rrsets]

    def full(query: Message, reply: Message) -> Message:
        return changed(reply, answer=(*reply.answer, *rrsets[:240], *rrsigs[:240]), authority=tuple(rrsets[240:]))

    bend(net, full)
    diagnosis = diagnosis_of(net)
    for server in diagnosis.case.servers:
        assert len([fact for fact in diagnosis.case.signatures if fact.server == server.address]) <= MAX_RECORDS
    counts: dict[str, int] = {}
    for finding in diagnosis.all_findings:
        counts[finding.code] = counts.get(finding.code, 0) + 1
    assert counts["SIGNATURE_EXPIRES_SOON"] <= MAX_FOUND


def test_very_many_ds_of_very_many_kinds() -> None:
    net = SmallInternet()
    tag = ksk(net).dnskey.key_tag
    add_ds(net, *(ds_rdata(tag, 13, 2, number.to_bytes(32, "big")) for number in range(90)))
    net.put(net.zone(PARENT))
    diagnosis = diagnosis_of(net)
    assert len(diagnosis.case.dses) <= Limits().ds_per_zone


def test_parents_that_each_have_other_ds() -> None:
    net = SmallInternet()
    for first, address in ((0, "192.0.2.11"), (100, "192.0.2.12")):
        dses = RRset(ZONE, rr.DS, 300, tuple(ds_rdata(first + n, 13, 2, bytes(32)) for n in range(30)))
        net.bend(
            address,
            lambda query, reply, dses=dses: (
                changed(reply, answer=(dses,), authority=())
                if query.question is not None and query.question[:2] == (ZONE, rr.DS)
                else reply
            ),
        )
    diagnosis = diagnosis_of(net)
    assert len(diagnosis.case.dses) <= Limits().ds_per_zone
    assert "DS_DIFFERS" in {finding.code for finding in diagnosis.all_findings}


def test_very_many_keys_of_one_tag() -> None:
    net = SmallInternet()
    public_key = net.zone().data_keys[0].dnskey.public_key
    add_keys(net, *(of_algorithm(13, public_key[at:] + public_key[:at]) for at in range(2, 64, 2)))
    found = [each for each in diagnosis_of(net).all_findings if each.code == "KEY_TAG_COLLISION"]
    assert 0 < len(found) <= MAX_FOUND


def test_very_many_cds() -> None:
    net = SmallInternet()
    put_rrset(net, RRset(ZONE, rr.CDS, 300, tuple(ds_rdata(n, 13, 2, bytes(32)) for n in range(1000))))
    found = [each for each in diagnosis_of(net).all_findings if each.code == "CDS_KEY_ABSENT"]
    assert 0 < len(found) <= Limits().ds_per_zone


@pytest.mark.parametrize("rdata", [b"\x01\x00\x00\x00\x00", b"\x01\x00\x00\x00\x01", b"\x01", b""])
def test_nsec3param_of_any_shape(rdata: bytes) -> None:
    net = SmallInternet()
    generic = bytes(rdata)

    def odd(query: Message, reply: Message) -> bytes:
        wire = changed(reply, answer=(), authority=(), additional=(), edns=None).to_wire()
        record = b"\xc0\x0c\x00\x33\x00\x01\x00\x00\x00\x3c" + len(generic).to_bytes(2, "big") + generic
        return wire[:6] + b"\x00\x01" + wire[8:] + record

    bend(net, odd)
    assert diagnosis_of(net).findings


def test_the_made_up_name_of_a_file_must_be_below_its_zone() -> None:
    document = inspection_to_json(SmallInternet().inspect())
    document["absent"] = "."
    with pytest.raises(InputError, match="absent"):
        inspection_from_json(document)


def test_names_full_of_control_characters_are_told_in_ascii() -> None:
    net = SmallInternet()
    name = Name.from_labels((b"\x1b[2J\xe2\x80\xae\x00", b"zone", b"test"))
    diagnosis = diagnose(net.inspect(name), net.resolver().anchors, NOW)
    for finding in diagnosis.all_findings:
        assert finding.sentence.isascii() and finding.sentence.isprintable()

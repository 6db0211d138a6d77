"""The root's own DNSKEY RRsets, as they were signed from 2023 to 2026, and the IANA trust anchors."""

import pytest
from root_series import Apex, root_apex_series

from unbroken.anchors.builtin import iana_root
from unbroken.chain import Chain, Code, Question, Status
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.validation.drivers import drive
from unbroken.validation.protocol import Answer, Failure, Lookup, NoAnswer, Response
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate


def _check(apex: Apex, rdtype: int, now: int) -> Chain:
    def fetch(lookup: Lookup) -> Response:
        section = apex.section(lookup.rdtype)
        if not lookup.name.is_root or not section:
            return NoAnswer(Failure.NOT_IN_CAPTURE)
        return Answer(Message(0, rr.QR | rr.AA, (lookup.name, lookup.rdtype, rr.CLASS_IN), section))

    question = Question(Name.ROOT, rdtype)
    return drive(validate(question, anchors=iana_root(), now=now, trust=TrustCache()), fetch)


def test_every_recorded_key_set_is_secure_within_its_window() -> None:
    series = root_apex_series()
    assert len(series) >= 100
    for apex in series:
        for now in apex.window:
            chain = _check(apex, rr.DNSKEY, now)
            assert chain.status is Status.SECURE, (apex.heading, chain.reason)


def test_every_recorded_key_set_is_bogus_one_second_outside_its_window() -> None:
    for apex in root_apex_series():
        first, last = apex.window
        late, early = _check(apex, rr.DNSKEY, last + 1), _check(apex, rr.DNSKEY, first - 1)
        assert late.status is early.status is Status.BOGUS, apex.heading
        assert late.reason is not None and late.reason.code is Code.SIGNATURE_EXPIRED
        assert early.reason is not None and early.reason.code is Code.SIGNATURE_NOT_YET_VALID


def test_every_recorded_soa_is_secure_while_it_and_the_keys_are_valid() -> None:
    for apex in root_apex_series():
        rrsigs = [rrsig for rrset in apex.section(rr.SOA) if rrset.covers for rrsig in rrset.rrsigs()]
        now = max(apex.window[0], *(rrsig.inception for rrsig in rrsigs))
        assert _check(apex, rr.SOA, now).status is Status.SECURE, apex.heading


@pytest.mark.parametrize("index", [0, 50, -1])
def test_a_key_set_with_one_key_taken_out_is_bogus(index: int) -> None:
    """RFC 4035 §5.3.2: the signature is over the whole RRset."""
    apex = root_apex_series()[index]
    keys, rrsigs = apex.section(rr.DNSKEY)
    fewer = RRset(keys.owner, keys.rdtype, keys.ttl, keys.rdatas[1:])
    assert _check(Apex(apex.heading, (fewer, rrsigs)), rr.DNSKEY, apex.window[0]).status is Status.BOGUS

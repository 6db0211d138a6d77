"""RRsets signed by other implementations (unbound's unit test vectors): each verifies or not as its file says."""

from datetime import UTC, datetime

import pytest
from rpl_dsa import verify_dsa
from rpl_scenario import Entry, parse_scenario
from shared_material import shared

from unbroken._kernel import base32hex, ds_digest, nsec3_hash
from unbroken.authentication.policy import Policy
from unbroken.authentication.rrsig import verify_rrset
from unbroken.chain import Budget, Evidence, Limits, SignatureOutcome
from unbroken.dns import RRset
from unbroken.dns import rdtype as rr
from unbroken.dns.section import find_rrsigs

FOLDER = ("vectors", "unbound-unit")
CLOCKS = {
    "test_signatures.1": "20070818005004",
    "test_signatures.2": "20080414005004",
    "test_signatures.3": "20080416005004",
    "test_signatures.4": "20080416005004",
    "test_signatures.5": "20080416005004",
    "test_signatures.6": "20080416005004",
    "test_signatures.7": "20070829144150",
    "test_signatures.8": "20070829144150",
    "test_signatures.9": "20171215000000",
    "test_sigs.rsasha256": "20070829144150",
    "test_sigs.sha1_and_256": "20070829144150",
    "test_sigs.rsasha512_draft": "20070829144150",
    "test_sigs.rsasha256_draft": "20090101000000",
    "test_sigs.hinfo": "20090107100022",
    "test_sigs.revoked": "20080414005004",
    "test_sigs.ecdsa_p256": "20100908100439",
    "test_sigs.ecdsa_p384": "20100908100439",
    "test_sigs.ed25519": "20170530140439",
    "test_sigs.ed448": "20180408143630",
}
EARLY_DRAFTS = {"test_sigs.rsasha256_draft", "test_sigs.rsasha512_draft"}


def _entries(file: str) -> list[Entry]:
    text = shared(*FOLDER, file).read_text(encoding="latin-1")
    # The files hold entries and nothing around them; with this they are a scenario of one fake server.
    wrapped = f"CONFIG_END\nSCENARIO_BEGIN x\nRANGE_BEGIN 0 1\n{text}\nRANGE_END\nSCENARIO_END\n"
    return list(parse_scenario(wrapped.encode("latin-1")).ranges[0].entries)


def _evidence(entry: Entry) -> list[Evidence]:
    section = entry.section("ANSWER")
    found = (Evidence(rrset, find_rrsigs(section, rrset.owner, rrset.rdtype)) for rrset in section)
    # Whole zones are among the entries: their delegations and glue have no signatures.
    return [evidence for evidence in found if evidence.rrsigs]


def _has_several_algorithms(evidence: Evidence) -> bool:
    """RFC 6840 §5.11: for these the files expect every algorithm to be demanded, which validators should not do."""
    return len({rrsig.algorithm for rrsig in evidence.rrsigs}) > 1


def _required(name: str, evidence: Evidence) -> set[SignatureOutcome]:
    """Outcomes that must be among those of an entry's signatures."""
    if evidence.rrset.rdtype == rr.DNSKEY and all(key.is_revoked for key in evidence.rrset.dnskeys()):
        # RFC 5011 §2.1: a revoked key may sign its own RRset, to revoke itself; it never vouches for anything.
        return {SignatureOutcome.KEY_REVOKED}
    if not name.startswith("bogus"):
        return {SignatureOutcome.VERIFIED}
    return {SignatureOutcome.BAD_SIGNATURE} if _has_several_algorithms(evidence) else set()


def _forbidden(name: str, evidence: Evidence) -> set[SignatureOutcome]:
    """Outcomes that must not be."""
    is_bogus = name.startswith("bogus") and not _has_several_algorithms(evidence)
    return {SignatureOutcome.VERIFIED} if is_bogus else set()


@pytest.mark.parametrize("file", CLOCKS)
def test_signatures_of_other_implementations(file: str) -> None:
    now = int(datetime.strptime(CLOCKS[file], "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp())
    policy = Policy.historic({3: verify_dsa, 6: verify_dsa})
    first, *others = _entries(file)
    (keys,) = (rrset for rrset in first.section("ANSWER") if rrset.rdtype == rr.DNSKEY)
    checked = 0
    for entry in others:
        assert entry.question is not None
        name = str(entry.question[0])
        for evidence in _evidence(entry):
            verdict = verify_rrset(evidence, keys.owner, keys.dnskeys(), now, policy, Budget(Limits()), True)
            outcomes = {attempt.outcome for attempt in verdict.attempts}
            assert outcomes >= _required(name, evidence), (name, outcomes)
            assert not outcomes & _forbidden(name, evidence), (name, outcomes)
            checked += 1
    assert checked


def test_gost_is_unsupported_and_so_never_bad() -> None:
    """RFC 4035 §5.2, RFC 9558: algorithm 12 is historic; its signatures are as if they were not there."""
    first, *others = _entries("test_sigs.gost")
    (keys,) = (rrset for rrset in first.section("ANSWER") if rrset.rdtype == rr.DNSKEY)
    for entry in others:
        for evidence in _evidence(entry):
            now = evidence.rrsigs[0].inception
            verdict = verify_rrset(evidence, keys.owner, keys.dnskeys(), now, Policy(), Budget(Limits()), True)
            assert {attempt.outcome for attempt in verdict.attempts} == {SignatureOutcome.UNSUPPORTED_ALGORITHM}


@pytest.mark.parametrize("file", ["test_ds.sha1", "test_ds.sha384"])
def test_ds_digests_of_other_implementations(file: str) -> None:
    """RFC 4034 §5.1.4: digest of owner name and DNSKEY RDATA."""
    for entry in _entries(file):
        answer = entry.section("ANSWER")
        (ds,) = next(rrset for rrset in answer if rrset.rdtype == rr.DS).dses()
        keys = next(rrset for rrset in answer if rrset.rdtype == rr.DNSKEY)
        matches = _matches(keys, ds.key_tag, ds.algorithm, ds.digest_type, ds.digest)
        assert entry.question is not None
        assert matches == str(entry.question[0]).startswith("yes"), entry.question


def _matches(keys: RRset, tag: int, algorithm: int, digest_type: int, digest: bytes) -> bool:
    return any(
        (key.key_tag, key.algorithm) == (tag, algorithm) and ds_digest(keys.owner, key, digest_type) == digest
        for key in keys.dnskeys()
    )


def test_nsec3_hashes_of_other_implementations() -> None:
    """RFC 5155 §5."""
    for entry in _entries("test_nsec3_hash.1"):
        (expected,) = entry.section("ANSWER")
        (nsec3,) = entry.section("AUTHORITY")[0].nsec3s()
        assert entry.question is not None
        digest = nsec3_hash(entry.question[0], nsec3.salt, nsec3.iterations)
        assert base32hex(digest).encode() == expected.owner.labels[0].lower()

"""Some rounds of every fuzz target, and that the oracles see what they are there to see."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fuzz import runner
from fuzz.__main__ import main
from fuzz.case import Case, Result, dump, load
from fuzz.judge import violation
from fuzz.targets import zone
from fuzz.targets.message import corner_cases
from fuzz.targets.proof import ProofTarget, honest_proofs, walk
from fuzz.world import NOW, QUESTIONS, small_world
from unbroken.authentication import rrsig
from unbroken.chain import SignatureAttempt, SignatureOutcome, Status
from unbroken.chain.evidence import Evidence
from unbroken.chain.zone_catalogue import ZoneCode
from unbroken.keys import ZoneKey
from unbroken.signing import NSEC, Nsec3Denial
from unbroken.signing.verify import ZoneReport, check_zone
from unbroken.validation import context

SEED = 20_260_101
ROUNDS = {
    "message": 6000,
    "validate": 2000,
    "proof": 3000,
    "anchors": 1500,
    "state": 1000,
    "capture": 700,
    "zonefile": 700,
    "cli": 700,
    "server": 4000,
    "resolve": 500,
    "client": 1500,
    "zone": 700,
}


@pytest.mark.parametrize("name", runner.TARGETS)
def test_bad_input_does_no_harm(name: str) -> None:
    report = runner.run_range(name, SEED, range(ROUNDS[name]))
    assert report.rounds == ROUNDS[name]
    assert not report.failures, report.failures[0].reason


def test_every_honest_proof_verifies() -> None:
    """`honest_proofs` asserts it of each, positive and negative; a DS of a name that does not exist is among them."""
    proofs = honest_proofs(small_world())
    assert len(proofs) > len(QUESTIONS) - 5
    assert {proof.question for proof in proofs} < set(QUESTIONS)


def test_the_same_seed_gives_the_same_cases() -> None:
    for name in ("message", "anchors", "server"):
        target = runner.open_target(name)
        first, again = (dump(target.make(runner.generator(name, 5, 3))) for _ in range(2))
        other = dump(target.make(runner.generator(name, 5, 4)))
        if name != "anchors":  # the signed document has a new key each time
            assert first == dump(runner.open_target(name).make(runner.generator(name, 5, 3)))
        assert first == again != other


def test_every_octet_of_a_proof_counts() -> None:
    """Each in turn, of a short proof: the verdict is no longer Secure, or what was signed is still the same."""
    target = ProofTarget()
    number = next(n for n, proof in enumerate(target.proofs) if str(proof.question.name) == "example.")
    proof = target.proofs[number]
    for position in range(len(proof.wire)):
        wire = bytearray(proof.wire)
        wire[position] ^= 1 << position % 8
        case = {"number": number, "wire": bytes(wire), "all_paths": False}
        assert not target.check(case).violation, position


# --- the oracles can fail -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["validate", "proof"])
def test_a_verifier_that_takes_any_signature_is_found_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target = runner.open_target(name)
    monkeypatch.setattr(rrsig, "verify_signature", lambda *_: SignatureOutcome.VERIFIED)
    assert runner.run_range(name, SEED, range(600), target=target).failures


def test_a_validator_that_asks_not_when_it_was_signed_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    target = runner.open_target("validate")
    monkeypatch.setattr(rrsig, "check_rrsig", lambda *_: None)
    assert runner.run_range("validate", SEED, range(1000), target=target).failures


def test_a_chain_that_outlives_the_original_ttl_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 4035 §5.3.3: the TTL is capped by the original TTL."""

    def uncapped(self: context.Context, evidence: Evidence, attempts: tuple[SignatureAttempt, ...]) -> int:
        return self.now + evidence.rrset.ttl

    target = runner.open_target("validate")
    small_world().truth(QUESTIONS[0])
    monkeypatch.setattr(context.Context, "valid_until", uncapped)
    assert runner.run_range("validate", SEED, range(3000), target=target).failures


def test_a_zone_checker_that_overlooks_signatures_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def lenient(*arguments: Any, **options: Any) -> ZoneReport:
        report = check_zone(*arguments, **options)
        overlooked = (ZoneCode.ZONE_SIGNATURE_BAD, ZoneCode.ZONE_SIGNATURE_MISSING)
        return replace(report, findings=tuple(f for f in report.findings if f.code not in overlooked))

    monkeypatch.setattr(zone, "check_zone", lenient)
    found = runner.run_range("zone", SEED, range(400)).failures
    assert found and "is not what was signed" in "".join(failure.reason for failure in found)


def test_a_signer_of_zones_that_differs_from_the_model_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(text: bytes, out: Path, keys: tuple[ZoneKey, ...], denial: object) -> str:
        return compare(text, out, keys, NSEC if denial != NSEC else Nsec3Denial())

    compare = zone._other_than_the_model
    monkeypatch.setattr(zone, "_other_than_the_model", other)
    assert runner.run_range("zone", SEED, range(100)).failures


def test_honest_evidence_passes_the_oracle() -> None:
    world = small_world()
    for question in QUESTIONS:
        assert violation(world.truth(question), world) == ""
    assert {world.truth(question).status for question in QUESTIONS} == set(Status) - {Status.BOGUS}


def test_the_proof_that_is_needed_is_most_of_a_proof() -> None:
    """A guard for the proof target: leaving an RRset out changes the verdict, but for the SOA of a denial."""
    world = small_world()
    for proof in honest_proofs(world):
        if world.truth(proof.question).status is Status.SECURE and proof.question.rdtype != 255:
            left_over = [item.rrset.rdtype for item in proof.parsed.records if item not in proof.needed]
            assert set(left_over) <= {6}, proof.question
            assert walk(world, proof.parsed, proof.question).status is Status.SECURE


# --- the runner -----------------------------------------------------------------------------------------------------


class Broken:
    """A target that fails when its number is odd."""

    def make(self, random: object) -> Case:
        return {"octets": b"\x00\xff", "list": [1, None, b""]}

    def check(self, case: Case) -> Result:
        assert case["octets"] == b"\x00\xff"
        raise RuntimeError("as it should")


def test_a_failure_leaves_a_reproducer_and_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runner, "open_target", lambda _: Broken())
    assert main(["message", "--rounds", "20", "--seed", "9", "--out", str(tmp_path)]) == 1
    paths = sorted(tmp_path.iterdir())
    assert len(paths) == runner.MAX_FAILURES
    assert "as it should" in json.loads(paths[0].read_text(encoding="utf-8"))["reason"]
    assert main(["--replay", str(paths[0])]) == 1
    assert "RuntimeError: as it should" in capsys.readouterr().out


def test_a_case_survives_its_file() -> None:
    case = {"a": b"\x00", "b": [b"", None, -1, "\u202e"], "c": {"d": [b"x"]}}
    assert load(dump(case)) == case


def test_corner_cases_and_clock_are_fixed() -> None:
    assert corner_cases() == corner_cases() and NOW == 1_800_000_000

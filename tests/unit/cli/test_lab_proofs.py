"""Every kind of answer that the lab has, written as a proof and read back: the same verdict, offline."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from unbroken.chain import Chain, Status
from unbroken.chain.json import chain_from_json, chain_to_json
from unbroken.chain.rfc9102 import read, write
from unbroken.cli import main
from unbroken.report.text import render
from unbroken.validation.drivers import drive
from unbroken.validation.proof_source import ProofSource
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

if TYPE_CHECKING:
    from unbroken.lab.run import Lab

pytest.importorskip("unbroken.lab.run")

NAMES = [
    ("www.one.example", "A"),
    ("www.one.example", "TXT"),
    ("no.one.example", "A"),
    ("alias.one.example", "A"),
    ("no.two.example", "A"),
    ("www.two.example", "TXT"),
    ("a.b.no.two.test", "A"),
    ("no.test", "A"),
    ("x.wildcard.test", "A"),
    ("x.wildcard.test", "MX"),
    ("x.y.wildcard3.test", "A"),
    ("x.wildcard3.test", "MX"),
    ("www.dname.example", "A"),
    ("www.unsigned.example", "A"),
    ("www.unsigned.test", "A"),
    ("www.unsigned.optout.example", "A"),
    ("one.example", "DS"),
    ("unsigned.example", "DS"),
    ("unsigned.test", "DS"),
    ("one.example", "DNSKEY"),
    ("one.example", "ANY"),
    (".", "NS"),
    (".", "DS"),
    (".", "TXT"),
    ("nope.unsigned.test", "A"),
]


def essence(chain: Chain) -> tuple[object, ...]:
    return chain.question, chain.status, chain.last.outcome, chain.last.rcode, chain.rrset


@pytest.mark.parametrize(("name", "rdtype"), NAMES)
def test_what_the_lab_answers_is_proven_offline_too(signed_internet: "Lab", name: str, rdtype: str) -> None:
    chain, now = signed_internet.check(name, rdtype), signed_internet.clock.now()
    proof = read(write(chain))
    assert proof.question == chain.question
    validation = validate(chain.question, anchors=signed_internet.anchors, now=now, trust=TrustCache())
    again = drive(validation, ProofSource(proof).fetch)
    if chain.status is Status.INSECURE:  # what an unsigned zone says is in no proof
        assert again.status is chain.status
    else:
        assert essence(again) == essence(chain)


@pytest.mark.parametrize(("name", "rdtype"), NAMES)
def test_what_the_lab_answers_can_be_told(signed_internet: "Lab", name: str, rdtype: str) -> None:
    chain = signed_internet.check(name, rdtype)
    assert chain_from_json(json.loads(json.dumps(chain_to_json(chain)))) == chain
    text = render(chain, signed_internet.clock.now(), colour=False)
    assert chain.status.value.upper() in text
    for link in chain.all_links:
        assert str(link.zone) in text


def test_prove_and_verify_through_the_lab(
    signed_internet: "Lab", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, proof = signed_internet.directory, tmp_path / "proof.bin"
    asking = ["--hints", str(folder / "root.hints"), "--port", str(signed_internet.port), "--ipv4"]
    anchor = ["--anchor", str(folder / "root.anchor")]
    assert main.run(["prove", "no.two.example", "A", "-o", str(proof), *asking, *anchor]) == 0
    proven = capsys.readouterr().out
    assert main.run(["verify", str(proof), *anchor]) == 0
    assert capsys.readouterr().out.splitlines()[0] == proven.splitlines()[0]
    assert main.run(["verify", str(proof), *anchor, "--at", "2100-01-01"]) == 1


def test_check_lab_finds_its_own_lab(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["check", "--lab", "www.unsigned.example"]) == 3
    assert "INSECURE" in capsys.readouterr().out


def test_rfc5155_6_what_an_opt_out_span_leaves_open_is_not_told_as_proven(signed_internet: "Lab") -> None:
    chain, now = signed_internet.check("nope.unsigned.test"), signed_internet.clock.now()
    validation = validate(chain.question, anchors=signed_internet.anchors, now=now, trust=TrustCache())
    text = " ".join(render(drive(validation, ProofSource(read(write(chain))).fetch), now, colour=False).split())
    assert "INSECURE" in text and "nothing signed at nope.unsigned.test." in text
    assert "exists, but" not in text and "no such type" not in text and "no A at" not in text

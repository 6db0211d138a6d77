"""RFC 9102 proofs, altered: what the verdict needs must be there as it was signed, or there is no such verdict."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Final

from fuzz.case import Case, Result, Target
from fuzz.judge import violation
from fuzz.octets import Record, mutate, put, records
from fuzz.world import NOW, QUESTIONS, World, small_world
from unbroken.chain import Chain, Evidence, LinkKind, Question, Status
from unbroken.chain.rfc9102 import Proof, read, write
from unbroken.dns import Rrsig
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError
from unbroken.validation.drivers import drive
from unbroken.validation.proof_source import ProofSource
from unbroken.validation.protocol import Effort
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

_REFUSED: Final = (Status.BOGUS, Status.INDETERMINATE)
_Signature = tuple[bytes, bytes, bytes]


def create() -> Target:
    """The target."""
    return ProofTarget()


def walk(world: World, proof: Proof, question: Question, *, all_paths: bool = False) -> Chain:
    """As `unbroken verify` does it."""
    effort = Effort.ALL_PATHS if all_paths else Effort.FIRST_PATH
    validation = validate(question, anchors=world.anchors, now=NOW, trust=TrustCache(), effort=effort)
    return drive(validation, ProofSource(proof).fetch)


@dataclass(frozen=True)
class HonestProof:
    """A proof as `unbroken prove` writes it."""

    world: World
    question: Question
    wire: bytes

    @cached_property
    def parsed(self) -> Proof:
        """Its records."""
        return read(self.wire)

    @cached_property
    def spans(self) -> list[Record]:
        """Where its records lie."""
        return records(self.wire, 0)

    @cached_property
    def needed(self) -> tuple[Evidence, ...]:
        """The RRsets without which the verdict is another: each is left out in turn."""
        honest = self.world.truth(self.question)
        found = []
        unprotected = [
            evidence.rrset
            for link in honest.all_links
            for evidence in link.evidence
            if link.kind is LinkKind.DATA and (link.status is Status.INSECURE or self.question.rdtype == rr.ANY)
        ]
        for item in self.parsed.records:
            if item.rrset in unprotected:
                continue  # data below an insecure delegation, or a part of ANY, which may be left out (RFC 8482 §4.1)
            rest = tuple(other for other in self.parsed.records if other is not item)
            chain = walk(self.world, Proof(rest, self.question), self.question)
            if not _is_same(chain, honest):
                found.append(item)
        return tuple(found)


def _is_same(chain: Chain, honest: Chain) -> bool:
    """The same verdict. Of an insecure answer nothing but its being so is proven, not even whether the name exists: an
    opt-out span may hide it (RFC 5155 §6, §9.2)."""
    if honest.status is Status.INSECURE:
        return chain.status is Status.INSECURE
    return (chain.status, chain.outcome, chain.rrset) == (honest.status, honest.outcome, honest.rrset)


def honest_proofs(world: World) -> list[HonestProof]:
    """A proof of each question that has an answer; all of them verify."""
    proofs = []
    for question in QUESTIONS:
        chain = world.truth(question)
        if chain.status in _REFUSED or question.rdtype == rr.RRSIG:
            continue  # RRSIGs are not signed (RFC 4035 §2.2): there is nothing to prove of them
        proof = HonestProof(world, question, write(chain))
        again = walk(world, proof.parsed, question)
        if not _is_same(again, chain):
            raise AssertionError(f"{question}: proven {chain.status}, verified {again.status}")
        proofs.append(proof)
    return proofs


class ProofTarget:
    """Octets and records of honest proofs are altered, and records of several proofs mixed."""

    def __init__(self) -> None:
        self.world: Final = small_world()
        self.proofs: Final = honest_proofs(self.world)

    def make(self, random: Random) -> Case:
        """Half of the cases change octets in place, and so mostly signatures, digests and keys."""
        number = random.randrange(len(self.proofs))
        proof = self.proofs[number]
        kind = random.randrange(10)
        if kind < 5:
            wire = bytearray(proof.wire)
            for _ in range(random.choice((1, 1, 1, 2, 5))):
                wire[random.randrange(len(wire))] ^= 1 << random.randrange(8)
            data = bytes(wire)
        elif kind == 5:
            data = mutate(random, proof.wire)
        else:
            data = self._rearranged(random, proof)
        return {"proof": str(proof.question.name), "number": number, "wire": data, "all_paths": random.random() < 0.5}

    def _rearranged(self, random: Random, proof: HonestProof) -> bytes:
        parts = [proof.wire[span.start : span.end] for span in proof.spans]
        for _ in range(random.randint(1, 4)):
            position = random.randrange(len(parts)) if parts else 0
            kind = random.randrange(8)
            if kind == 0 or not parts:
                donor = random.choice(self.proofs)
                span = random.choice(donor.spans)
                parts.insert(random.randint(0, len(parts)), donor.wire[span.start : span.end])
            elif kind == 1:
                del parts[position]
            elif kind == 2:
                parts.append(parts[position])
            elif kind == 3:
                random.shuffle(parts)
            elif kind == 4:
                donor = random.choice(self.proofs)
                parts += [donor.wire[span.start : span.end] for span in donor.spans]
            else:
                parts[position] = _bent(random, parts[position], random.choice(parts))
        return b"".join(parts)

    def check(self, case: Case) -> Result:
        """Judged by the question that it is asked, and by the one that the file itself names."""
        proof = self.proofs[case["number"]]
        try:
            parsed = read(case["wire"])
        except InputError:
            return Result("rejected")
        chain = walk(self.world, parsed, proof.question, all_paths=case["all_paths"])
        reason = violation(chain, self.world)
        lacking = [item for item in proof.needed if not _holds(parsed.records, item)]
        if chain.status not in _REFUSED and lacking:
            reason = (
                reason or f"{chain.question}: {chain.status} without {lacking[0].rrset.owner} {lacking[0].rrset.rdtype}"
            )
        own = parsed.question
        if own is not None and own != proof.question:
            reason = reason or violation(walk(self.world, parsed, own), self.world)
        label = chain.status.value if chain.status in _REFUSED else f"{chain.status.value}, all needed records intact"
        return Result(label, reason)


def _holds(found: Iterable[Evidence], needed: Evidence) -> bool:
    """Whether the RRset is there with what was signed of it, and with its signatures: not TTL, letter case, order."""
    wanted = Counter(map(_essence, needed.rrsigs))
    return any(item.rrset == needed.rrset and not wanted - Counter(map(_essence, item.rrsigs)) for item in found)


def _essence(rrsig: Rrsig) -> _Signature:
    """RFC 4034 §3.1.8.1: all of the RRSIG's rdata is signed, the signer's name in lower case."""
    return rrsig.rdata[:18], rrsig.signer.canonical_wire, rrsig.signature


def _bent(random: Random, part: bytes, other: bytes) -> bytes:
    """One record with another owner, type, class, TTL, letter case, or rdata."""
    span = records(part, 0)[0]
    buffer = bytearray(part)
    kind = random.randrange(7)
    if kind == 0:
        return other[: records(other, 0)[0].fixed] + part[span.fixed :]
    if kind == 1:
        put(buffer, span.fixed, random.choice((1, 5, 6, 39, 43, 46, 47, 48, 50, 255)), 2)
    elif kind == 2:
        put(buffer, span.fixed + 2, random.choice((0, 3, 254, 255)), 2)
    elif kind == 3:
        put(buffer, span.fixed + 4, random.choice((0, 1, 86400, 0x7FFFFFFF, 0xFFFFFFFF)), 4)
    elif kind == 4:
        return part[: span.fixed].swapcase() + part[span.fixed :]
    else:
        rdata = mutate(random, part[span.fixed + 10 : span.end], 2)[:65535]
        return part[: span.fixed + 8] + len(rdata).to_bytes(2, "big") + rdata
    return bytes(buffer)

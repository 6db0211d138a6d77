"""One face for both mechanisms of denial: which proof is wanted, and the records to make it from."""

from collections.abc import Callable

from unbroken.authentication import nsec, nsec3
from unbroken.authentication.unproven import Unproven
from unbroken.chain import Budget, Denial, DenialKind
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.records import dataclass


@dataclass(frozen=True, slots=True)
class DenialRecords:
    """The authenticated denial records of one zone that came with one response."""

    nsecs: nsec.NsecRecords
    nsec3s: tuple[nsec3.Nsec3Records, ...]
    """One group for each set of hash parameters."""

    @property
    def iterations(self) -> int:
        """The highest NSEC3 iteration count, to be held against RFC 9276 §3.2 before any hash is computed."""
        return max((group.iterations for group in self.nsec3s), default=0)


def _prove(
    records: DenialRecords,
    by_nsec: Callable[[nsec.NsecRecords], Denial | Unproven],
    by_nsec3: Callable[[nsec3.Nsec3Records], Denial | Unproven],
) -> Denial | Unproven:
    failures: list[Unproven] = []
    if records.nsecs:
        proof = by_nsec(records.nsecs)
        if isinstance(proof, Denial):
            return proof
        failures.append(proof)
    for group in records.nsec3s[:2]:
        proof = by_nsec3(group)
        if isinstance(proof, Denial):
            return proof
        failures.append(proof)
    return failures[0] if failures else Unproven("there is no NSEC or NSEC3 record", has_records=False)


def prove_negative(records: DenialRecords, qname: Name, qtype: int, rcode: int, budget: Budget) -> Denial | Unproven:
    """What a response without data claims: NXDOMAIN by its rcode, NODATA otherwise. Raises OverLimit."""
    if rcode == rr.NXDOMAIN:
        return _prove(
            records,
            lambda nsecs: nsec.prove_nxdomain(nsecs, qname),
            lambda nsec3s: nsec3.prove_nxdomain(nsec3s, qname, budget),
        )
    return _prove(
        records,
        lambda nsecs: nsec.prove_nodata(nsecs, qname, qtype),
        lambda nsec3s: nsec3.prove_nodata(nsec3s, qname, qtype, budget),
    )


def prove_wildcard_answer(records: DenialRecords, qname: Name, encloser: Name, budget: Budget) -> Denial | Unproven:
    """That `qname` itself does not exist, where an RRset was expanded from `*.encloser`. Raises OverLimit."""
    return _prove(
        records,
        lambda nsecs: nsec.prove_wildcard_answer(nsecs, qname, encloser),
        lambda nsec3s: nsec3.prove_wildcard_answer(nsec3s, qname, encloser, budget),
    )


def prove_no_ds(records: DenialRecords, name: Name, budget: Budget) -> Denial | Unproven:
    """That `name` has no DS: NO_DS at an insecure delegation, NOT_A_CUT where there is no zone cut. Raises OverLimit."""
    return _prove(
        records,
        lambda nsecs: nsec.prove_no_ds(nsecs, name),
        lambda nsec3s: nsec3.prove_no_ds(nsec3s, name, budget),
    )


__all__ = ["DenialKind", "DenialRecords", "prove_negative", "prove_no_ds", "prove_wildcard_answer"]

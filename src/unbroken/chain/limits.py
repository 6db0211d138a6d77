"""Bounds on the work that one question may cause, and the account they are charged to.

KeyTrap (CVE-2023-50387) multiplies keys of one tag by signatures; the closest-encloser attack (CVE-2023-50868) multiplies
labels by NSEC3 iterations. Both are stopped by charging the budget before the work is done.
"""

from unbroken.records import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Each is the largest number that is still allowed; one more is over the limit."""

    signatures_per_rrset: int = 8
    """RRSIGs of one RRset that are tried with a key; one that is refused before that does not count."""
    keys_per_tag: int = 4
    """DNSKEYs of one zone that share a key tag and algorithm and are tried for one signature."""
    signature_attempts: int = 2048
    """RRSIGs and denial records looked at for one question, those too that are refused without cryptography."""
    extra_attempts: int = 512
    """RRSIGs looked at, and keys tried, for one question after its RRset has verified: they inform, they decide nothing."""
    walk_steps: int = 1024
    """Names that are looked at for a zone cut in one question; one that comes again counts again."""
    ds_per_zone: int = 32
    """DS records of one zone that are looked at."""
    dnskeys_per_zone: int = 64
    """DNSKEYs of one zone that are looked at."""
    verifications: int = 256
    """Signature verifications for one question, all its CNAME hops included."""
    failed_verifications: int = 32
    """So many of them may fail; after that none is made any more."""
    digests: int = 256
    """DS digests computed for one question."""
    nsec3_iterations_insecure: int = 50
    """Additional iterations above which an NSEC3 proof makes its zone insecure (RFC 9276 §3.2)."""
    nsec3_iterations_bogus: int = 500
    """Additional iterations above which an NSEC3 proof is refused altogether (RFC 9276 §3.2)."""
    nsec3_hashes: int = 4096
    """SHA-1 rounds for NSEC3 in one question: (iterations + 1) for each name hashed."""
    denial_records: int = 24
    """NSEC or NSEC3 RRsets of one response whose signatures are tried with a key."""
    rrsets_per_response: int = 512
    """RRsets in answer and authority of one response; one with more is not looked at."""
    hops: int = 12
    """CNAME and DNAME redirections that are followed."""
    lookups: int = 160
    """Look-ups a question may ask for."""
    verifications_per_turn: int = 16
    """After so many, the validator yields an empty batch, so that its driver can let others run."""
    attempts_per_turn: int = 256
    """So it does after so many RRSIGs, denial records and names that were looked at."""


class OverLimit(Exception):  # noqa: N818 - it is a signal inside the validator, never seen by a caller
    """The budget for one kind of work is spent. `limit` is the name of the field of `Limits`."""

    def __init__(self, limit: str) -> None:
        self.limit = limit
        super().__init__(limit)


class Budget:
    """What is left of the `Limits` for one question. Charge before the work; `OverLimit` means: don't do it."""

    __slots__ = (
        "_attempts",
        "_digests",
        "_extra",
        "_failed",
        "_lookups",
        "_nsec3",
        "_steps",
        "_turn",
        "_turn_attempts",
        "_verifications",
        "limits",
    )

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._verifications = 0
        self._failed = 0
        self._digests = 0
        self._nsec3 = 0
        self._lookups = 0
        self._attempts = 0
        self._extra = 0
        self._steps = 0
        self._turn = 0
        self._turn_attempts = 0

    def charge_attempt(self) -> None:
        """One RRSIG, or one denial record, is about to be looked at."""
        if self._attempts >= self.limits.signature_attempts:
            raise OverLimit("signature_attempts")
        self._attempts += 1
        self._turn_attempts += 1

    def charge_extra(self) -> None:
        """One RRSIG is about to be looked at, or tried with a key, that can't change the verdict any more."""
        if self._extra >= self.limits.extra_attempts:
            raise OverLimit("extra_attempts")
        self._extra += 1
        self._turn += 1

    def charge_step(self) -> None:
        """One name is about to be looked at for a zone cut."""
        if self._steps >= self.limits.walk_steps:
            raise OverLimit("walk_steps")
        self._steps += 1
        self._turn_attempts += 1

    def charge_verification(self) -> None:
        """One signature verification is about to be made."""
        if self._verifications >= self.limits.verifications:
            raise OverLimit("verifications")
        if self._failed >= self.limits.failed_verifications:
            raise OverLimit("failed_verifications")
        self._verifications += 1
        self._turn += 1

    def count_failure(self) -> None:
        """The verification just made failed."""
        self._failed += 1

    def charge_digest(self) -> None:
        """One DS digest is about to be computed."""
        if self._digests >= self.limits.digests:
            raise OverLimit("digests")
        self._digests += 1

    def charge_nsec3(self, iterations: int) -> None:
        """One name is about to be hashed with that many additional iterations."""
        if self._nsec3 + iterations + 1 > self.limits.nsec3_hashes:
            raise OverLimit("nsec3_hashes")
        self._nsec3 += iterations + 1

    def charge_lookups(self, count: int) -> None:
        """`count` look-ups are about to be asked for."""
        if self._lookups + count > self.limits.lookups:
            raise OverLimit("lookups")
        self._lookups += count

    def is_turn_over(self) -> bool:
        """Whether enough was done since the last time this was true to let others run."""
        if self._turn < self.limits.verifications_per_turn and self._turn_attempts < self.limits.attempts_per_turn:
            return False
        self._turn = self._turn_attempts = 0
        return True

    @property
    def verifications(self) -> int:
        """Signature verifications made so far."""
        return self._verifications

"""The verdict: a chain of links from the trust anchor to the answer, complete up to and including the broken one."""

from collections.abc import Iterator
from enum import Enum

from unbroken.chain.catalogue import Code
from unbroken.chain.denial import Denial
from unbroken.chain.evidence import DsAttempt, Evidence, Question, SignatureAttempt
from unbroken.chain.finding import Finding
from unbroken.chain.status import Status
from unbroken.dns import Name, RRset
from unbroken.dns.ede import Ede
from unbroken.records import dataclass, field


class LinkKind(Enum):
    """What a link does in the chain."""

    ANCHOR = "anchor"  # the configured DS or DNSKEY that all trust starts from
    DELEGATION = "delegation"  # the parent's signed DS RRset, or its proof that there is none
    KEY = "key"  # the zone's DNSKEY RRset, vouched for by anchor or DS
    DATA = "data"  # an RRset of the answer, signed by a key of its zone
    DENIAL = "denial"  # a proof of non-existence


class Outcome(Enum):
    """What the response says of its question, apart from whether that can be trusted."""

    ANSWER = "answer"
    NODATA = "nodata"
    NXDOMAIN = "nxdomain"
    REDIRECT = "redirect"  # CNAME or DNAME: the next hop goes on
    NONE = "none"  # there was no response


@dataclass(frozen=True, slots=True)
class Link:
    """One step. `zone` is the zone whose keys made the signatures, but for DELEGATION and KEY, where it is the child zone."""

    kind: LinkKind
    zone: Name
    status: Status
    evidence: tuple[Evidence, ...] = ()
    attempts: tuple[SignatureAttempt, ...] = ()
    ds_attempts: tuple[DsAttempt, ...] = ()
    denial: Denial | None = None
    findings: tuple[Finding, ...] = ()
    valid_until: int | None = None
    """Epoch second after which the link must be made anew: the earlier of TTL and signature expiry (RFC 4035 §5.3.3)."""

    @property
    def is_broken(self) -> bool:
        """Whether the chain ends here without reaching what it was meant to reach."""
        return self.status in (Status.BOGUS, Status.INDETERMINATE)


@dataclass(frozen=True, slots=True)
class Chain:
    """The whole verdict on one question. Text, JSON and EDE are renderings of it."""

    question: Question
    status: Status = Status.INDETERMINATE
    """Of the question with all its hops (the worst of them)."""
    anchor: Name | None = None
    """Owner of the trust anchor the chain starts from."""
    links: tuple[Link, ...] = ()
    hops: tuple["Chain", ...] = ()
    """The chains of the CNAME or DNAME targets, in order. Hops have no hops of their own."""
    outcome: Outcome = Outcome.NONE
    rcode: int = 0
    valid_from: int | None = None
    """Latest inception of the signatures that count, epoch seconds."""
    valid_until: int | None = None
    """Earliest end of a link, epoch seconds."""
    findings: tuple[Finding, ...] = field(default=())
    """Of the chain as a whole (no anchor, a loop of CNAMEs); those of a link are with the link."""

    @property
    def all_links(self) -> tuple[Link, ...]:
        """The links of the chain and of its hops."""
        return self.links + tuple(link for hop in self.hops for link in hop.links)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Every finding, in chain order."""
        return tuple(self._iterate_findings())

    def _iterate_findings(self) -> Iterator[Finding]:
        for chain in (self, *self.hops):
            for link in chain.links:
                yield from link.findings
            yield from chain.findings

    @property
    def broken_link(self) -> Link | None:
        """The link that decided against the answer: the first BOGUS one, else the first INDETERMINATE one."""
        for status in (Status.BOGUS, Status.INDETERMINATE):
            for link in self.all_links:
                if link.status is status:
                    return link
        return None

    @property
    def reason(self) -> Finding | None:
        """The finding that decided the status: of the broken link, of the link that made it insecure, or of the chain."""
        if self.status is Status.SECURE:
            return None
        for chain in (self, *self.hops):
            for link in chain.links:
                if link.status is self.status and link.findings:
                    return link.findings[0]
            # What is found of a chain as a whole (no anchor, no response, a loop) explains only why it is undetermined.
            if self.status is Status.INDETERMINATE and chain.findings:
                return chain.findings[0]
        return None

    @property
    def only_lacks_anchor(self) -> bool:
        """Whether it is INDETERMINATE for want of a trust anchor alone, as where DNSSEC is not set up (RFC 4033 §5).

        RFC 4035 §4.3: undetermined for want of signatures or keys that could not be had is another matter. Whoever drops
        those queries brings it about, so that data must not pass for what was never meant to be validated.
        """
        if self.status is not Status.INDETERMINATE:
            return False
        if any(link.status is Status.INDETERMINATE and link.findings for link in self.all_links):
            return False
        own = [finding for chain in (self, *self.hops) for finding in chain.findings]
        return bool(own) and all(finding.code is Code.NO_TRUST_ANCHOR for finding in own)

    @property
    def ede(self) -> Ede | None:
        """The Extended DNS Error that the deciding finding stands for (RFC 8914)."""
        reason = self.reason
        return reason.ede if reason else None

    @property
    def last(self) -> "Chain":
        """The chain of the last hop: the one that ends at the data."""
        return self.hops[-1] if self.hops else self

    @property
    def rrset(self) -> RRset | None:
        """The RRset that was asked for, when the last hop has one. Whether to trust it is `status`."""
        last = self.last
        if last.outcome is not Outcome.ANSWER:
            return None
        for link in reversed(last.links):
            if link.kind is LinkKind.DATA:
                return link.evidence[0].rrset
        return None

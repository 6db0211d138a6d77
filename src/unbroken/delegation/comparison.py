"""Whether the parent's DS RRset matches the child's keys, and what has to change: pure, from records at hand."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from unbroken._kernel import Dnskey, Ds, Name, RRset, ds_digest
from unbroken.authentication.ds import match_dses
from unbroken.authentication.policy import Policy
from unbroken.authentication.rrsig import verify_rrset
from unbroken.chain import Budget, DsAttempt, DsOutcome, Evidence, Limits, SignatureOutcome
from unbroken.delegation.ds import ds_of_keys, entry_points
from unbroken.delegation.wishes import Wish, read_wish
from unbroken.dns import registry

_UNSUPPORTED: Final = (DsOutcome.UNSUPPORTED_ALGORITHM, DsOutcome.UNSUPPORTED_DIGEST)


class DelegationStatus(Enum):
    """How a delegation stands."""

    IN_ORDER = "in_order"  # every DS that counts leads to a key that signs the DNSKEY RRset
    STALE = "stale"  # one does, another does not
    BROKEN = "broken"  # none does: the zone is bogus for everyone who validates
    INSECURE = "insecure"  # no DS that counts: the zone is unsigned for everyone


@dataclass(frozen=True, slots=True)
class DsVerdict:
    """One DS of the parent. `dnskey` is the key it matches, or the one that comes nearest; `signs`: that key signs the
    DNSKEY RRset, without which no DS is of use (RFC 4035 §5.2)."""

    ds: Ds
    outcome: DsOutcome
    dnskey: Dnskey | None
    signs: bool

    @property
    def is_good(self) -> bool:
        return self.outcome is DsOutcome.MATCHED and self.signs

    @property
    def counts(self) -> bool:
        """Whether validators look at it at all. RFC 4509 §3: not at SHA-1 when there is better."""
        return self.outcome not in (*_UNSUPPORTED, DsOutcome.WEAKER_DIGEST_IGNORED)


@dataclass(frozen=True, slots=True)
class Published:
    """What child and parent publish. `keys`: the DNSKEY RRset with its signatures; None where there is nothing."""

    zone: Name
    dses: tuple[Ds, ...]
    keys: Evidence | None
    cds: RRset | None = None
    cdnskey: RRset | None = None

    @property
    def dnskeys(self) -> tuple[Dnskey, ...]:
        return () if self.keys is None else self.keys.rrset.dnskeys()


@dataclass(frozen=True, slots=True)
class Comparison:
    """The verdict on a delegation, and the change to the parent's DS RRset that would put it in order, or that the child
    asks for by CDS and CDNSKEY."""

    zone: Name
    status: DelegationStatus
    verdicts: tuple[DsVerdict, ...]
    signing: tuple[Dnskey, ...]
    add: tuple[Ds, ...]
    remove: tuple[Ds, ...]
    wish: Wish
    notes: tuple[str, ...] = field(default=())


def compare(published: Published, now: int, policy: Policy | None = None, limits: Limits | None = None) -> Comparison:
    """Judge a delegation as of `now` (epoch seconds). What comes from the network is bounded by `limits`."""
    policy, budget = policy or Policy(), Budget(limits or Limits())
    signing = _signing_keys(published, now, policy, budget)
    match = match_dses(published.zone, published.dses, published.dnskeys, policy, budget)
    verdicts = tuple(_verdict(ds, match.attempts, signing) for ds in published.dses)
    wish = read_wish(published.zone, published.cds, published.cdnskey)
    status = _status(verdicts)
    wanted, notes = _wanted(published, verdicts, signing, wish)
    present = set(published.dses)
    add = tuple(ds for ds in wanted if ds not in present)
    remove = tuple(ds for ds in published.dses if ds not in set(wanted))
    # A DS that validators pass over, since they can't use it, harms nobody; the child may know why it is there.
    if wish.dses is None or notes:
        kept = {verdict.ds for verdict in verdicts if verdict.outcome in _UNSUPPORTED}
        remove = tuple(ds for ds in remove if ds not in kept)
    told = (*_observations(published, verdicts, signing), *notes)
    return Comparison(published.zone, status, verdicts, signing, add, remove, wish, told)


def _signing_keys(published: Published, now: int, policy: Policy, budget: Budget) -> tuple[Dnskey, ...]:
    """The keys whose signatures over the DNSKEY RRset verify."""
    if published.keys is None:
        return ()
    found = verify_rrset(published.keys, published.zone, published.dnskeys, now, policy, budget, all_paths=True)
    verified = {each.dnskey for each in found.attempts if each.outcome is SignatureOutcome.VERIFIED}
    return tuple(key for key in published.dnskeys if key in verified)


def _verdict(ds: Ds, attempts: tuple[DsAttempt, ...], signing: tuple[Dnskey, ...]) -> DsVerdict:
    mine = [attempt for attempt in attempts if attempt.ds == ds]
    matched = [attempt for attempt in mine if attempt.outcome is DsOutcome.MATCHED]
    best = (matched or mine)[0]
    return DsVerdict(ds, best.outcome, best.dnskey, best.dnskey in signing)


def _status(verdicts: tuple[DsVerdict, ...]) -> DelegationStatus:
    counting = [verdict for verdict in verdicts if verdict.counts]
    # RFC 4035 §5.2: without a DS that can be used, the child is as good as unsigned.
    if not counting:
        return DelegationStatus.INSECURE
    good = sum(verdict.is_good for verdict in counting)
    if good == len(counting):
        return DelegationStatus.IN_ORDER
    return DelegationStatus.STALE if good else DelegationStatus.BROKEN


def _wanted(
    published: Published, verdicts: tuple[DsVerdict, ...], signing: tuple[Dnskey, ...], wish: Wish
) -> tuple[tuple[Ds, ...], tuple[str, ...]]:
    """The DS RRset that the parent should hold, and why it is not what the child asks for, if it is not."""
    notes = (wish.problem,) if wish.problem else ()
    if wish.dses is not None:
        # RFC 7344 §4.1: what the child asks for must not break the delegation, or the parent must not do it.
        if wish.is_delete or any(_leads_in(published.zone, ds, signing) for ds in wish.dses):
            return wish.dses, notes
        notes = ("what CDS and CDNSKEY ask for would break the delegation: no key of theirs signs the DNSKEY RRset",)
    # RFC 9904 §2, RFC 9905 §2: SHA-1 is MUST NOT for delegation.
    good = tuple(v.ds for v in verdicts if v.is_good and v.ds.digest_type != registry.SHA1)
    if good:
        return good, notes
    return ds_of_keys(published.zone, entry_points(signing), (registry.SHA256,)), notes


def _leads_in(zone: Name, ds: Ds, signing: tuple[Dnskey, ...]) -> bool:
    named = [key for key in signing if (key.key_tag, key.algorithm) == (ds.key_tag, ds.algorithm)]
    return any(ds_digest(zone, key, ds.digest_type) == ds.digest for key in named)


def _observations(
    published: Published, verdicts: tuple[DsVerdict, ...], signing: tuple[Dnskey, ...]
) -> tuple[str, ...]:
    notes = []
    if not published.dnskeys:
        notes.append("the zone publishes no DNSKEY: it is not signed, or this is no zone of its own")
    elif not signing:
        notes.append(
            "no signature over the DNSKEY RRset verifies: the zone has to be signed anew before any DS can help"
        )
    if verdicts and not any(verdict.counts for verdict in verdicts):
        notes.append(
            "no DS is of an algorithm and digest type that validators use, so that the zone counts as unsigned"
        )
    if any(verdict.ds.digest_type == registry.SHA1 for verdict in verdicts):
        notes.append("a DS with SHA-1 must not be used any more (RFC 9905 §2)")
    return tuple(notes)

"""What earlier questions found: messages, delegations and failures, each until its time, and a bounded number of them."""

from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar

from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.dns.section import find_rrset, find_rrsigs
from unbroken.dns.serial import seconds_until
from unbroken.records import dataclass
from unbroken.resolving.clock import Clock
from unbroken.resolving.redirection import NOT_REDIRECTED, synthesise
from unbroken.resolving.transport import Server
from unbroken.resolving.work import ResolverLimits
from unbroken.validation.protocol import Answer, Lookup, NoAnswer

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_PER_ENTRY: Final = 400
_PER_RECORD: Final = 150
_PER_RDATA: Final = 40
"""Octets that hold an entry, an RRset or server, and an rdata, beside the data themselves: roughly, as measured."""
_EXPIRED_SIGNATURE_TTL: Final = 5
"""Seconds that data under an expired signature is kept: long enough for one question, short enough for a repair."""


@dataclass(frozen=True, slots=True)
class _Entry(Generic[_Value]):
    until: float
    value: _Value
    octets: int


class ExpiringMap(Generic[_Key, _Value]):
    """Values that last until a moment of the monotonic clock. When it is full, the oldest entries go first.

    It is full at so many entries, or at so many octets: whoever stores values of different sizes tells each one's size.
    """

    def __init__(self, capacity: int, clock: Clock, octets: int = 0) -> None:
        self._capacity = capacity
        self._clock = clock
        self._most_octets = octets
        self._octets = 0
        self._entries: dict[_Key, _Entry[_Value]] = {}

    def get(self, key: _Key) -> _Value | None:
        """The value, unless it is gone or its time is up."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.until <= self._clock.monotonic():
            self.discard(key)
            return None
        return entry.value

    def put(self, key: _Key, value: _Value, seconds: float, octets: int = 0) -> None:
        """Keep `value`, of about so many octets, for so many seconds; nothing is kept for 0, nor what has no room at all."""
        self.discard(key)
        if seconds <= 0 or octets > self._most_octets:
            return
        self._entries[key] = _Entry(self._clock.monotonic() + seconds, value, octets)
        self._octets += octets
        while len(self._entries) > self._capacity or self._octets > self._most_octets:
            self.discard(next(iter(self._entries)))

    def renew(self, key: _Key) -> None:
        """Let an entry go last again when it is full: it is in use."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._entries[key] = entry

    def shorten(self, key: _Key, seconds: float) -> None:
        """Let an entry last no longer than `seconds` from now."""
        entry = self._entries.get(key)
        if entry is not None:
            until = min(entry.until, self._clock.monotonic() + seconds)
            self._entries[key] = _Entry(until, entry.value, entry.octets)

    def seconds_left(self, key: _Key) -> float:
        """Seconds that an entry still lasts, 0 when it is gone."""
        entry = self._entries.get(key)
        return max(0.0, entry.until - self._clock.monotonic()) if entry is not None else 0.0

    def discard(self, key: _Key) -> None:
        """Forget one entry."""
        entry = self._entries.pop(key, None)
        self._octets -= entry.octets if entry is not None else 0

    def discard_where(self, is_doomed: Callable[[_Key], bool]) -> int:
        """Forget the entries whose keys are; how many."""
        doomed = [key for key in self._entries if is_doomed(key)]
        for key in doomed:
            self.discard(key)
        return len(doomed)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._octets = 0

    @property
    def octets(self) -> int:
        """The sum of what the entries were said to take."""
        return self._octets

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[_Key]:
        return iter(self._entries)


@dataclass(frozen=True, slots=True)
class _Stored:
    answer: Answer
    stored_at: float


class MessageCache:
    """Answers by name and type. An alias answers for every type of its name, a DNAME for every name below it."""

    def __init__(self, limits: ResolverLimits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._answers: ExpiringMap[Lookup, _Stored] = ExpiringMap(limits.messages, clock, limits.message_octets)
        self._holds_dnames = False

    def get(self, lookup: Lookup) -> Answer | None:
        """The answer, its TTLs counted down by the time that it lay here."""
        answer = self._stored(lookup)
        if answer is not None:
            return answer
        # RFC 4035 §3.1.4.1: DS is the parent's data. A CNAME at the apex of the child is the child's, and says nothing of it.
        if lookup.rdtype == rr.DS:
            return None
        # RFC 1034 §3.6.2: a CNAME restarts the query whatever its type; RFC 6672 §3.2: a DNAME above does, and makes a CNAME.
        if lookup.rdtype not in NOT_REDIRECTED:
            alias = self._stored(Lookup(lookup.name, rr.CNAME))
            if alias is not None and find_rrset(alias.message.answer, lookup.name, rr.CNAME) is not None:
                return alias
        is_redirected = self._holds_dnames and (lookup.rdtype == rr.CNAME or lookup.rdtype not in NOT_REDIRECTED)
        return self._synthesised(lookup.name) if is_redirected else None

    def put(self, lookup: Lookup, answer: Answer) -> None:
        """Keep an answer for as long as its TTLs and signatures allow."""
        self._put(lookup, answer)
        if lookup.rdtype == rr.CNAME or lookup.rdtype not in NOT_REDIRECTED:
            for part, message in alias_parts(answer.message, lookup.name):
                if part != lookup:
                    self._put(part, Answer(message, answer.provenance))
                self._holds_dnames |= part.rdtype == rr.DNAME

    def shorten(self, lookup: Lookup, seconds: float) -> None:
        """Let an answer, and any alias that would stand in for it, last no longer than `seconds` from now."""
        for key in self._standing_in(lookup):
            self._answers.shorten(key, seconds)

    def discard(self, lookup: Lookup) -> None:
        """Forget one answer, and any alias that would stand in for it."""
        for key in self._standing_in(lookup):
            self._answers.discard(key)

    def discard_where(self, is_doomed: Callable[[Lookup], bool]) -> int:
        """Forget the answers to such look-ups; how many."""
        return self._answers.discard_where(is_doomed)

    def clear(self) -> None:
        """Forget everything."""
        self._answers.clear()
        self._holds_dnames = False

    @property
    def octets(self) -> int:
        """About what is taken."""
        return self._answers.octets

    def __len__(self) -> int:
        return len(self._answers)

    def _put(self, lookup: Lookup, answer: Answer) -> None:
        seconds = lifetime(answer.message, self._clock.now(), self._limits)
        stored = _Stored(answer, self._clock.monotonic())
        self._answers.put(lookup, stored, seconds, message_octets(answer.message))

    def _stored(self, lookup: Lookup) -> Answer | None:
        stored = self._answers.get(lookup)
        if stored is None:
            return None
        elapsed = int(self._clock.monotonic() - stored.stored_at)
        return aged(stored.answer, elapsed) if elapsed > 0 else stored.answer

    def _synthesised(self, name: Name) -> Answer | None:
        for owner in _ancestors(name):
            answer = self._stored(Lookup(owner, rr.DNAME))
            dname = find_rrset(answer.message.answer, owner, rr.DNAME) if answer is not None else None
            # Unsigned, it is not used for other names than the one it came for: one forged reply would turn a whole subtree.
            if answer is not None and dname is not None and find_rrsigs(answer.message.answer, owner, rr.DNAME):
                try:
                    cname = synthesise(name, dname, name.replace_suffix(owner, dname.target()))
                except ValueError:
                    return None
                message = Message(0, rr.QR | rr.AA, None, (*answer.message.answer, cname), answer.message.authority)
                return Answer(message, answer.provenance)
        return None

    def _standing_in(self, lookup: Lookup) -> tuple[Lookup, ...]:
        dnames = [Lookup(owner, rr.DNAME) for owner in _ancestors(lookup.name)] if self._holds_dnames else []
        return (lookup, Lookup(lookup.name, rr.CNAME), *dnames)


def _ancestors(name: Name) -> Iterator[Name]:
    for count in range(name.label_count - 1, -1, -1):
        yield name.ancestor(count)


def alias_parts(message: Message, name: Name) -> Iterator[tuple[Lookup, Message]]:
    """The look-ups that an answer settles on its way: the CNAME of the name, or the DNAME above it that led on.

    A CNAME comes with the proof that no closer name exists, in case that it was expanded from a wildcard.
    """
    if not message.answer:
        return
    dname = next((r for r in message.answer if r.rdtype == rr.DNAME and name.is_below(r.owner)), None)
    owner, rdtype = (name, rr.CNAME) if dname is None else (dname.owner, rr.DNAME)
    records = tuple(r for r in message.answer if r.owner == owner and rdtype in (r.rdtype, r.covers))
    if not any(rrset.rdtype == rdtype for rrset in records):
        return
    proof = (
        tuple(r for r in message.authority if (r.covers or r.rdtype) in (rr.NSEC, rr.NSEC3)) if dname is None else ()
    )
    question = (owner, rdtype, rr.CLASS_IN)
    yield Lookup(owner, rdtype), Message(0, message.flags, question, records, proof, edns=message.edns)


def lifetime(message: Message, now: int, limits: ResolverLimits) -> int:
    """Seconds that a message may be kept, at epoch second `now`."""
    ttls = [rrset.ttl for rrset in (*message.answer, *message.authority)]
    cap = limits.maximum_ttl
    # RFC 2308 §5 and §2.1: an answer with a SOA denies something, if only at the end of its CNAMEs.
    denies = not message.answer or any(rrset.rdtype == rr.SOA for rrset in message.authority)
    if message.rcode != rr.NOERROR or denies:
        cap = limits.maximum_negative_ttl
        ttls.append(_negative_ttl(message))
    seconds = min([*ttls, cap])
    for rrset in (*message.answer, *message.authority):
        if rrset.rdtype == rr.RRSIG:
            # RFC 4035 §5.3.3: not longer than the signature is valid, nor than the original TTL.
            for rrsig in rrset.rrsigs():
                left = seconds_until(rrsig.expiration, now)
                seconds = min(seconds, max(left, _EXPIRED_SIGNATURE_TTL), rrsig.original_ttl)
    return seconds


def _negative_ttl(message: Message) -> int:
    """RFC 2308 §5: the smaller of the SOA's TTL and its MINIMUM field; without a SOA, a negative answer is not kept.

    RFC 9077 §3: NSEC and NSEC3 have that TTL too, so that the proof in a referral, which has no SOA, goes by its own.
    """
    for rrset in message.authority:
        if rrset.rdtype == rr.SOA:
            return min(rrset.ttl, int.from_bytes(rrset.rdatas[0][-4:], "big"))
    proofs = [rrset.ttl for rrset in message.authority if rrset.rdtype in (rr.NSEC, rr.NSEC3)]
    return min(proofs, default=0)


def message_octets(message: Message) -> int:
    """About what a message takes in memory: its records, and what holds them."""
    sections = (*message.answer, *message.authority, *message.additional)
    return _PER_ENTRY + sum(
        _PER_RECORD + len(rrset.owner.wire) + sum(_PER_RDATA + len(rdata) for rdata in rrset.rdatas)
        for rrset in sections
    )


def aged(answer: Answer, elapsed: int) -> Answer:
    """The answer with all TTLs lowered by `elapsed` seconds."""

    def age(section: tuple[RRset, ...]) -> tuple[RRset, ...]:
        return tuple(rrset.with_ttl(max(0, rrset.ttl - elapsed)) for rrset in section)

    old = answer.message
    message = Message(
        old.id,
        old.flags,
        old.question,
        age(old.answer),
        age(old.authority),
        age(old.additional),
        rcode=old.rcode,
        edns=old.edns,
    )
    return Answer(message, answer.provenance)


@dataclass(frozen=True, slots=True)
class Delegation:
    """The name servers of a zone, with the addresses that are known: hints, stub configuration or glue."""

    zone: Name
    nameservers: tuple[tuple[Name, tuple[Server, ...]], ...]

    @property
    def servers(self) -> tuple[Server, ...]:
        """Every known address."""
        return tuple(dict.fromkeys(server for _, found in self.nameservers for server in found))

    @property
    def octets(self) -> int:
        """About what it takes in memory."""
        return _PER_ENTRY + sum(
            _PER_RECORD + len(name.wire) + _PER_RECORD * len(found) for name, found in self.nameservers
        )

    @property
    def without_address(self) -> tuple[Name, ...]:
        """Names of servers that would have to be resolved first."""
        return tuple(name for name, found in self.nameservers if not found)


class DelegationCache:
    """Zone cuts that parents told of, and the zones whose servers are configured, which stay."""

    def __init__(self, limits: ResolverLimits, clock: Clock) -> None:
        self._limits = limits
        self._fixed: dict[Name, Delegation] = {}
        self._learnt: ExpiringMap[Name, Delegation] = ExpiringMap(limits.delegations, clock, limits.delegation_octets)

    def fix(self, delegation: Delegation) -> None:
        """Configure the servers of a zone: hints or a stub."""
        self._fixed[delegation.zone] = delegation

    def put(self, delegation: Delegation, ttl: int, through: Name | None = None) -> None:
        """Remember a referral for its TTL. A configured zone is not overridden, but for the root by priming.

        `through`: the zone whose servers referred here. A cut is not kept for longer than the one that it was learnt
        through, lest a zone that was taken off the DNS live on by new cuts below it (CVE-2022-30698).
        """
        if delegation.zone not in self._fixed or delegation.zone.is_root:
            seconds = float(min(ttl, self._limits.maximum_ttl))
            if through is not None and through not in self._fixed:
                seconds = min(seconds, self._learnt.seconds_left(through))
            # A TTL of 0 would send this very question round again: a cut is kept at least until it was used.
            self._learnt.put(delegation.zone, delegation, max(seconds, 1), delegation.octets)

    def get(self, zone: Name) -> Delegation | None:
        """The servers of exactly this zone."""
        return self._learnt.get(zone) or self._fixed.get(zone)

    def is_learnt(self, zone: Name) -> bool:
        """Whether something was put there that still lasts."""
        return self._learnt.get(zone) is not None

    def closest(self, name: Name) -> Delegation | None:
        """The deepest known zone at or above `name`; None without root hints."""
        for count in range(name.label_count, -1, -1):
            found = self.get(name.ancestor(count))
            if found is not None:
                return found
        return None

    def glue(self, name: Name) -> tuple[Server, ...]:
        """The addresses of a name server that serves the zone it lies in, as that zone's parent gave them."""
        delegation = self.closest(name)
        if delegation is None:
            return ()
        return next((servers for known, servers in delegation.nameservers if known == name), ())

    def configured_for(self, name: Name) -> Delegation | None:
        """The configured servers of the deepest configured zone at or above `name`."""
        zone = self.configured_above(name)
        return self._fixed[zone] if zone is not None else None

    def configured_above(self, name: Name) -> Name | None:
        """The deepest configured zone at or above `name`."""
        for count in range(name.label_count, -1, -1):
            zone = name.ancestor(count)
            if zone in self._fixed:
                return zone
        return None

    def discard(self, zone: Name) -> None:
        """Forget what was learnt of a zone."""
        self._learnt.discard(zone)

    def discard_below(self, name: Name) -> int:
        """Forget what was learnt of zones at and below a name; how many."""
        return self._learnt.discard_where(lambda zone: zone.is_subdomain_of(name))

    def clear(self) -> None:
        """Forget everything that was learnt."""
        self._learnt.clear()

    def __len__(self) -> int:
        return len(self._learnt)


class FailureCache:
    """Look-ups that failed a moment ago (RFC 9520 §3.2: failures must be cached, lest they be repeated at once)."""

    def __init__(self, limits: ResolverLimits, clock: Clock) -> None:
        self._ttl = limits.failure_ttl
        self._failures: ExpiringMap[Lookup, NoAnswer] = ExpiringMap(limits.messages, clock)

    def get(self, lookup: Lookup) -> NoAnswer | None:
        """The failure, while it lasts."""
        return self._failures.get(lookup)

    def put(self, lookup: Lookup, failure: NoAnswer) -> None:
        """Remember a failure."""
        self._failures.put(lookup, failure, self._ttl)

    def discard(self, lookup: Lookup) -> None:
        """Forget it."""
        self._failures.discard(lookup)

    def discard_where(self, is_doomed: Callable[[Lookup], bool]) -> int:
        """Forget the failures of such look-ups; how many."""
        return self._failures.discard_where(is_doomed)

    def clear(self) -> None:
        """Forget everything."""
        self._failures.clear()

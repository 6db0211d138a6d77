"""One recursor-style message from the answers to a name and to each of the names it is an alias of."""

from unbroken.chain import Provenance
from unbroken.dns import Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.records import dataclass, field
from unbroken.resolving.redirection import follow
from unbroken.validation.protocol import Answer, Failure, Lookup, NoAnswer

_PROOFS = (rr.NSEC, rr.NSEC3)


@dataclass(slots=True)
class Merged:
    """Answers gathered along a chain of CNAMEs."""

    lookup: Lookup
    answer: list[RRset] = field(default_factory=list)
    authority: list[RRset] = field(default_factory=list)
    rcode: int = rr.NOERROR
    provenance: Provenance = field(default_factory=Provenance)
    failure: NoAnswer | None = None
    first: Answer | None = None
    """The answer to the question itself."""
    visited: set[Name] = field(default_factory=set)
    _keys: set[tuple[str, Name, int, int]] = field(default_factory=set)

    def add(self, name: Name, answer: Answer) -> Name | None:
        """Take in the answer to `name`; the name to ask for next, or None when the way ends here."""
        message = answer.message
        if self.first is None:
            self.first, self.provenance = answer, answer.provenance
        self.visited.add(name)
        trail = follow(message.answer, name, self.lookup.rdtype)
        # RFC 6672 §3.2: a CNAME that the message leaves to be made from its DNAME belongs to the answer too.
        self._extend("answer", self.answer, message.answer + trail.records)
        redirected = trail.is_loop or (trail.end != name and not trail.found)
        if redirected and not _is_final(message, trail.end):
            # The proof that a wildcard applied goes along with the CNAME it gave (RFC 4035 §3.1.3.3).
            self._extend(
                "authority", self.authority, tuple(r for r in message.authority if (r.covers or r.rdtype) in _PROOFS)
            )
            if trail.end not in self.visited and not trail.is_loop:
                return trail.end
            self.failure = NoAnswer(Failure.OVER_LIMIT, f"the aliases of {self.lookup.name} lead in a circle")
            return None
        self.rcode = message.rcode
        self._extend("authority", self.authority, message.authority)
        return None

    def message(self) -> Message:
        """The message, RA set, without AD: that is for the validator to earn."""
        rcode = rr.SERVFAIL if self.failure is not None else self.rcode
        question = (self.lookup.name, self.lookup.rdtype, rr.CLASS_IN)
        return Message(0, rr.QR | rr.RA, question, tuple(self.answer), tuple(self.authority), rcode=rcode)

    def _extend(self, section: str, into: list[RRset], rrsets: tuple[RRset, ...]) -> None:
        for rrset in rrsets:
            key = (section, rrset.owner, rrset.rdtype, rrset.covers)
            if key not in self._keys:
                self._keys.add(key)
                into.append(rrset)


def _is_final(message: Message, end: Name) -> bool:
    """Whether the message itself says what becomes of the last target: NXDOMAIN (RFC 6604 §3), or NODATA with its SOA."""
    if message.rcode != rr.NOERROR:
        return True
    return any(rrset.rdtype == rr.SOA and end.is_subdomain_of(rrset.owner) for rrset in message.authority)

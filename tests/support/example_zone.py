"""The example zone of an RFC, signed anew, served in process and validated from its own anchor."""

from collections.abc import Callable

from shared_material import shared

from unbroken.anchors.store import TrustAnchors
from unbroken.authority import Authority, answer
from unbroken.chain import Chain, Limits, Question
from unbroken.delegation.ds import ds_rrset
from unbroken.dns import Edns, Message, Name, RRset
from unbroken.dns import rdtype as rr
from unbroken.keys import generate_set
from unbroken.signing import NSEC, Nsec3Denial, NsecDenial, SigningParameters, Zone, sign_zone
from unbroken.validation.drivers import drive
from unbroken.validation.protocol import Answer, Lookup, Response
from unbroken.validation.trust import TrustCache
from unbroken.validation.validator import validate

NOW = 1_700_000_000
EXAMPLE = Name("example.")
_LIMITS = Limits()
Tamper = Callable[[Lookup, Message], Message]


class ExampleZone:
    """`check` answers a question as a validator that trusts the zone's key."""

    def __init__(self, file: str, denial: NsecDenial | Nsec3Denial = NSEC) -> None:
        keys = generate_set(EXAMPLE, 13)
        text = shared("vectors", "rfc-zones", file).read_text()
        bare = Zone.from_text(text, EXAMPLE)
        self.zone = sign_zone(bare, keys, SigningParameters(NOW - 3600, NOW + 3600, denial))
        self.anchors = TrustAnchors.from_records([ds_rrset(EXAMPLE, keys)], "test")
        self._authority = Authority([self.zone])

    def ask(self, lookup: Lookup) -> Message:
        """The zone's own answer."""
        return answer(self._authority, Message(1, 0, (lookup.name, lookup.rdtype, rr.CLASS_IN), edns=Edns()))

    def check(self, name: str, rdtype: int, tamper: Tamper | None = None, limits: Limits = _LIMITS) -> Chain:
        """Validate the answer, after `tamper` has had its way with each message."""

        def fetch(lookup: Lookup) -> Response:
            message = self.ask(lookup)
            return Answer(tamper(lookup, message) if tamper is not None else message)

        question = Question(Name(name), rdtype)
        return drive(validate(question, anchors=self.anchors, now=NOW, trust=TrustCache(), limits=limits), fetch)


def without(message: Message, rrset: RRset) -> Message:
    """The message less one denial RRset of its authority section, and the signatures over it."""
    kept = tuple(
        other
        for other in message.authority
        if other.owner != rrset.owner or rrset.rdtype not in (other.rdtype, other.covers)
    )
    return Message(
        message.id, message.flags, message.question, message.answer, kept, message.additional, rcode=message.rcode
    )


def lacking(question: Question, rrset: RRset) -> Tamper:
    """Takes one denial RRset out of the answer to one question."""
    return lambda lookup, message: without(message, rrset) if lookup == question else message


def denials(message: Message) -> list[RRset]:
    """The NSEC and NSEC3 RRsets of a message."""
    return [rrset for rrset in message.authority if rrset.rdtype in (rr.NSEC, rr.NSEC3)]

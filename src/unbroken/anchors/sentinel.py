"""The root key trust anchor sentinel (RFC 8509): a name by which a client learns whether its resolver trusts a root key.

`root-key-sentinel-is-ta-20326.example.` is answered as ever when the root key with that tag is trusted, and with SERVFAIL
if not;
`root-key-sentinel-not-ta-20326.example.` the other way round.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from unbroken.anchors.keytags import anchor_tags
from unbroken.anchors.store import TrustAnchors
from unbroken.chain import Question, Status
from unbroken.dns import Name

# RFC 8509 §2: the tag is decimal, padded with zeros to five digits. RFC 4343: case does not matter.
_LABEL: Final = re.compile(rb"root-key-sentinel-(is|not)-ta-([0-9]{5})", re.IGNORECASE)
_ADDRESSES: Final = (1, 28)  # A, AAAA
_QUERY: Final = 0  # opcode


@dataclass(frozen=True, slots=True)
class Sentinel:
    """What a sentinel name asks: whether the root key with this tag is trusted (`is_ta`), or is not."""

    is_ta: bool
    key_tag: int


class SentinelAnswer(Enum):
    """How a resolver must answer (RFC 8509 §2.2)."""

    ORIGINAL = "original"
    """As if there were no such mechanism."""
    SERVFAIL = "servfail"
    """With rcode SERVFAIL and an empty answer section."""


def parse_sentinel(name: Name) -> Sentinel | None:
    """The sentinel that a query name's leftmost label is; None for any other name."""
    match = _LABEL.fullmatch(name.labels[0]) if name.label_count else None
    if match is None or int(match.group(2)) > 65535:
        return None
    return Sentinel(match.group(1).lower() == b"is", int(match.group(2)))


def answer_for(
    question: Question, status: Status, anchors: TrustAnchors, *, checking_disabled: bool, opcode: int = _QUERY
) -> SentinelAnswer:
    """How to answer a client's question whose answer has that status. `question` is the client's own, before any alias.

    `anchors` are those in force: keys that RFC 5011 has pending or revoked are not among them (§2.2).
    """
    # RFC 8509 §2.1: all of the preconditions must be met, or the response MUST NOT be altered: it was validated and is Secure,
    # CD is not set, the type is A or AAAA, the opcode is QUERY, and the leftmost label is one of the two.
    if status is not Status.SECURE or checking_disabled or opcode != _QUERY or question.rdtype not in _ADDRESSES:
        return SentinelAnswer.ORIGINAL
    sentinel = parse_sentinel(question.name)
    if sentinel is None:
        return SentinelAnswer.ORIGINAL
    root = anchors.get(Name.ROOT)
    is_trusted = root is not None and sentinel.key_tag in anchor_tags(root)
    # RFC 8509 §2.2: the four combinations.
    return SentinelAnswer.ORIGINAL if sentinel.is_ta == is_trusted else SentinelAnswer.SERVFAIL

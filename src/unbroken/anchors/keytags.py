"""Telling a zone's servers which trust anchors its validators have (RFC 8145): by an EDNS option, and by a query name.

Pure functions: what to send, and what was sent. They help the operator of the zone before a key roll, and decide nothing here.
"""

import re
from collections.abc import Iterable
from typing import Final

from unbroken.anchors.store import TrustAnchor, TrustAnchors
from unbroken.chain import Question
from unbroken.dns import Name

OPTION_CODE: Final = 14
"""EDNS option "edns-key-tag" (RFC 8145 §4.1)."""
NULL: Final = 10
"""The type of a Key Tag query (RFC 8145 §5.1)."""
MAX_TAGS: Final = 256
"""Of one option or query name that is read; nobody has more anchors for one zone."""
_DNSKEY: Final = 48
_TAGS_PER_LABEL: Final = 12  # "_ta" and twelve times "-" with four digits: 63 octets (RFC 1035 §2.3.4)
_LABEL: Final = re.compile(rb"_ta((?:-[0-9a-f]{4}){1,12})", re.IGNORECASE)


def anchor_tags(anchor: TrustAnchor) -> tuple[int, ...]:
    """The key tags of a trust anchor, digests included, in ascending order without doubles (RFC 8145 §5.1)."""
    tags = {ds.key_tag for ds in anchor.dses} | {key.key_tag for key in anchor.dnskeys}
    return tuple(sorted(tags))


def option(tags: Iterable[int]) -> tuple[int, bytes]:
    """The EDNS option: code 14, and 16 bits for each key tag (RFC 8145 §4.1). Raises ValueError without tags."""
    data = b"".join(tag.to_bytes(2) for tag in tags)
    if not data:
        raise ValueError("an edns-key-tag option lists at least one key tag")
    return OPTION_CODE, data


def option_for(question: Question, anchors: TrustAnchors) -> tuple[int, bytes] | None:
    """The option to send along with a question, if one belongs there: with a DNSKEY query for a zone that has a trust
    anchor, and with no other (RFC 8145 §4.2)."""
    anchor = anchors.get(question.name) if question.rdtype == _DNSKEY else None
    tags = anchor_tags(anchor) if anchor is not None else ()
    return option(tags) if tags else None


def parse_option(data: bytes) -> tuple[int, ...] | None:
    """The key tags in an option's data, in the order sent. None: empty, of odd length, or absurdly long."""
    if not data or len(data) % 2 or len(data) > 2 * MAX_TAGS:
        return None
    return tuple(int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2))


def query_names(anchor: TrustAnchor) -> tuple[Name, ...]:
    """The names to query, with type NULL, to signal an anchor's key tags (RFC 8145 §5.1): `_ta-4f66-9728.` for the root.

    One name, but when more than 12 tags make a label too long; none when the zone's own name leaves no room for the label. They
    are to be asked when the zone's DNSKEY RRset is, past caches of denials: only a query that arrives tells anything (§5.3).
    """
    tags = anchor_tags(anchor)
    names = []
    for at in range(0, len(tags), _TAGS_PER_LABEL):
        label = "_ta" + "".join(f"-{tag:04x}" for tag in tags[at : at + _TAGS_PER_LABEL])
        try:
            names.append(anchor.owner.prepend(label.encode()))
        except ValueError:
            return ()
    return tuple(names)


def parse_query_name(name: Name) -> tuple[Name, tuple[int, ...]] | None:
    """The zone and the key tags that a Key Tag query's name signals; None: it is not one (RFC 8145 §5.1)."""
    match = _LABEL.fullmatch(name.labels[0]) if name.label_count else None
    if match is None:
        return None
    return name.parent(), tuple(int(text, 16) for text in match.group(1).split(b"-")[1:])

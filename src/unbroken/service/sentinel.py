"""The root key sentinel (RFC 8509): anybody can find out by two names whether a resolver trusts a certain key of the root."""

import re
from typing import Final

from unbroken.anchors.store import TrustAnchors
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.dns.ede import Ede
from unbroken.service.extended_error import ExtendedError
from unbroken.service.query import Query
from unbroken.service.reply import Content, refusal

# RFC 8509 §2: the key tag is five decimal digits, with zeros before.
_LABEL: Final = re.compile(rb"root-key-sentinel-(is|not)-ta-([0-9]{5})", re.IGNORECASE)


def sentinel(query: Query, content: Content, anchors: TrustAnchors) -> Content:
    """The content, or SERVFAIL where the name asks about a key and the answer is no.

    RFC 8509 §3.1: only for A and AAAA, and only when the response is secure.
    """
    if not content.is_secure or query.rdtype not in (rr.A, rr.AAAA) or query.checking_disabled:
        return content
    found = _LABEL.fullmatch(query.name.labels[0]) if query.name.labels else None
    if found is None:
        return content
    # RFC 8509 §3.2: "is-ta" fails when the key is no trust anchor, "not-ta" when it is one.
    if (int(found[2]) in _tags(anchors)) is (found[1].lower() == b"is"):
        return content
    return refusal(rr.SERVFAIL, ExtendedError(Ede.OTHER, "what the root key sentinel asks about is not so (RFC 8509)"))


def _tags(anchors: TrustAnchors) -> set[int]:
    root = anchors.get(Name.ROOT)
    return set() if root is None else {ds.key_tag for ds in root.dses} | {key.key_tag for key in root.dnskeys}

"""Trust anchors: where validation starts, and where it is told to stop.

`verify_signature` and its types are loaded on first use, since they need `cryptography`.
"""

from typing import TYPE_CHECKING

from unbroken.anchors.builtin import iana_root
from unbroken.anchors.files import Format, detect, load, parse, read
from unbroken.anchors.store import NegativeTrustAnchor, TrustAnchor, TrustAnchors

if TYPE_CHECKING:
    from unbroken.anchors.iana import Reason, SignatureRefused, SignedBy, verify_signature

__all__ = [
    "Format",
    "NegativeTrustAnchor",
    "Reason",
    "SignatureRefused",
    "SignedBy",
    "TrustAnchor",
    "TrustAnchors",
    "detect",
    "iana_root",
    "load",
    "parse",
    "read",
    "verify_signature",
]

_LAZY = ("Reason", "SignatureRefused", "SignedBy", "verify_signature")


def __getattr__(name: str) -> object:
    if name in _LAZY:
        from unbroken.anchors import iana

        return getattr(iana, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

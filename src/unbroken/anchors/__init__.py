"""Trust anchors: where validation starts, and where it is told to stop.

All is loaded on first use: most who need anchors need the store of them only, and few need `cryptography`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unbroken.anchors.builtin import iana_root
    from unbroken.anchors.files import Format, detect, load, parse, read
    from unbroken.anchors.iana import Reason, SignatureRefused, SignedBy, verify_signature
    from unbroken.anchors.store import NegativeTrustAnchor, TrustAnchor, TrustAnchors

_HOMES = {
    "Format": "files",
    "NegativeTrustAnchor": "store",
    "Reason": "iana",
    "SignatureRefused": "iana",
    "SignedBy": "iana",
    "TrustAnchor": "store",
    "TrustAnchors": "store",
    "detect": "files",
    "iana_root": "builtin",
    "load": "files",
    "parse": "files",
    "read": "files",
    "verify_signature": "iana",
}

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


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"unbroken.anchors.{home}"), name)

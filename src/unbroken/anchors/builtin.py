"""The trust anchors of the root zone that IANA publishes, compiled in (RFC 9718; data.iana.org/root-anchors)."""

from typing import Final

from unbroken.anchors.store import TrustAnchor, TrustAnchors
from unbroken.dns import Name, RRset

SOURCE: Final = "built-in IANA root anchors"

# DS RDATA (RFC 4034 §5.1): key tag, algorithm, digest type, digest.
_ROOT_DS: Final = (
    bytes.fromhex("4f66 08 02 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d"),  # 20326, KSK-2017
    bytes.fromhex("9728 08 02 683d2d0acb8c9b712a1948b27f741219298d0a450d612c483af444a4c0fb2b16"),  # 38696, KSK-2024
)


def iana_root() -> TrustAnchors:
    """The root anchors in force: KSK-2017 and KSK-2024. Only a new release of this package changes them."""
    rrset = RRset(Name.ROOT, 43, 0, _ROOT_DS)
    return TrustAnchors((TrustAnchor(Name.ROOT, rrset.dses(), (), SOURCE),))

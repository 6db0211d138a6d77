"""The trust anchors of the root zone that IANA publishes, compiled in (RFC 9718; data.iana.org/root-anchors)."""

from typing import Final

from unbroken.anchors.store import TrustAnchor, TrustAnchors
from unbroken.dns import Name, RRset

SOURCE: Final = "built-in IANA root anchors"

# validFrom of IANA's file, epoch seconds; DS RDATA (RFC 4034 §5.1): key tag, algorithm, digest type, digest.
_ROOT_DS: Final = (
    # 20326, KSK-2017, from 2017-02-02
    (1485993600, bytes.fromhex("4f66 08 02 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d")),
    # 38696, KSK-2024, from 2024-07-18
    (1721260800, bytes.fromhex("9728 08 02 683d2d0acb8c9b712a1948b27f741219298d0a450d612c483af444a4c0fb2b16")),
)


def iana_root(now: int | None = None) -> TrustAnchors:
    """The root anchors: KSK-2017 and KSK-2024, without those that were not yet in force at `now` (epoch seconds), if that is
    given. Only a new release of this package changes them."""
    # RFC 9718 §2: a digest is not used before its validFrom time.
    in_force = tuple(rdata for valid_from, rdata in _ROOT_DS if now is None or valid_from <= now)
    if not in_force:
        return TrustAnchors()
    return TrustAnchors((TrustAnchor(Name.ROOT, RRset(Name.ROOT, 43, 0, in_force).dses(), (), SOURCE),))

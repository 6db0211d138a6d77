"""Zone keys: make, store, load. Policy and rollovers build on them."""

from unbroken.keys.signer import (
    Ed448Signer,
    KernelSigner,
    PrivateKey,
    Signer,
    generate_private_key,
    private_key_from_pkcs8,
    require_may_sign,
)
from unbroken.keys.store import load, store
from unbroken.keys.zone_key import (
    REVOKE,
    SECURE_ENTRY_POINT,
    ZONE_KEY,
    ZoneKey,
    dnskey_rrset,
    generate,
    generate_set,
    make_dnskey,
    tags_in_use,
    with_flags,
    zone_key,
)

__all__ = [
    "REVOKE",
    "SECURE_ENTRY_POINT",
    "ZONE_KEY",
    "Ed448Signer",
    "KernelSigner",
    "PrivateKey",
    "Signer",
    "ZoneKey",
    "dnskey_rrset",
    "generate",
    "generate_private_key",
    "generate_set",
    "load",
    "make_dnskey",
    "private_key_from_pkcs8",
    "require_may_sign",
    "store",
    "tags_in_use",
    "with_flags",
    "zone_key",
]

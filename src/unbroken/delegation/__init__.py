"""What a parent must hold for its child."""

from unbroken.delegation.comparison import Comparison, DelegationStatus, DsVerdict, Published, compare
from unbroken.delegation.ds import (
    cdnskey_rrset,
    cds_rrset,
    delete_cdnskey,
    delete_cds,
    ds_for,
    ds_of_keys,
    ds_rrset,
    entry_points,
)
from unbroken.delegation.wishes import Wish, read_wish

__all__ = [
    "Comparison",
    "DelegationStatus",
    "DsVerdict",
    "Published",
    "Wish",
    "cdnskey_rrset",
    "cds_rrset",
    "compare",
    "delete_cdnskey",
    "delete_cds",
    "ds_for",
    "ds_of_keys",
    "ds_rrset",
    "entry_points",
    "read_wish",
]

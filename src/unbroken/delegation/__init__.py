"""What a parent must hold for its child."""

from unbroken.delegation.ds import ds_for, ds_rrset

__all__ = ["ds_for", "ds_rrset"]

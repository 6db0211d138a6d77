"""Whole zones in memory: their layout, their denial chains, their signatures."""

from unbroken.signing.chains import nsec3_chain, nsec3param_rrset, nsec_chain
from unbroken.signing.layout import Layout
from unbroken.signing.parameters import NSEC, Nsec3Denial, NsecDenial, SigningParameters
from unbroken.signing.rdata import RrsigFields, nsec3_rdata, nsec3param_rdata, nsec_rdata, type_bitmap
from unbroken.signing.rrsig import RrsigOverrides, sign_rrset
from unbroken.signing.sign import sign_zone, signable_rrsets
from unbroken.signing.zone import Zone, merge_rrsets

__all__ = [
    "NSEC",
    "Layout",
    "Nsec3Denial",
    "NsecDenial",
    "RrsigFields",
    "RrsigOverrides",
    "SigningParameters",
    "Zone",
    "merge_rrsets",
    "nsec3_chain",
    "nsec3_rdata",
    "nsec3param_rdata",
    "nsec3param_rrset",
    "nsec_chain",
    "nsec_rdata",
    "sign_rrset",
    "sign_zone",
    "signable_rrsets",
    "type_bitmap",
]

"""Names, RRsets, messages and the IANA registries: the vocabulary that every other room shares.

The types come from the kernel; this room adds what needs no speed, and is the only door to dnspython.
"""

from unbroken._kernel import Dnskey, Ds, Edns, Message, Name, Nsec, Nsec3, RRset, Rrsig, WireError

__all__ = ["Dnskey", "Ds", "Edns", "Message", "Name", "Nsec", "Nsec3", "RRset", "Rrsig", "WireError"]

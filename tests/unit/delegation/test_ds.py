"""DS records."""

import pytest

from unbroken.delegation import ds_for, ds_rrset
from unbroken.dns import Name
from unbroken.dns.presentation import rrsets_from_text
from unbroken.errors import UsageError
from unbroken.keys import generate_set

# RFC 4034 §5.4, RFC 4509 §2.3 and RFC 6605 §6.1, §6.2: keys with their DS records.
EXAMPLES = """
dskey.example.com. 86400 IN DNSKEY 256 3 5 ( AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/
  2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/r
  ljwvFw== )
dskey.example.com. 86400 IN DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
dskey.example.com. 86400 IN DS 60485 5 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A
example.net. 3600 IN DNSKEY 257 3 13 ( GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA== )
example.net. 3600 IN DS 55648 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17
"""


def test_ds_records_of_the_rfcs_are_reproduced() -> None:
    rrsets = rrsets_from_text(EXAMPLES, None)
    keys = {rrset.owner: rrset.dnskeys()[0] for rrset in rrsets if rrset.rdtype == 48}
    published = [(rrset.owner, ds) for rrset in rrsets if rrset.rdtype == 43 for ds in rrset.dses()]
    assert len(published) == 3
    for owner, ds in published:
        assert ds_for(owner, keys[owner], ds.digest_type) == ds


def test_only_entry_points_get_a_ds() -> None:
    zone = Name("example.")
    ksk, zsk = generate_set(zone, 15)
    rrset = ds_rrset(zone, (ksk, zsk), (2, 4), ttl=60)
    assert {(ds.key_tag, ds.digest_type, len(ds.digest)) for ds in rrset.dses()} == {
        (ksk.key_tag, 2, 32),
        (ksk.key_tag, 4, 48),
    }
    assert (rrset.owner, rrset.ttl) == (zone, 60)
    with pytest.raises(UsageError, match="none signs"):
        ds_rrset(zone, (zsk, ksk.revoked()))


@pytest.mark.parametrize("digest_type", [0, 1, 3, 5, 255])
def test_digests_that_must_not_delegate_or_are_unknown_are_refused(digest_type: int) -> None:
    zone = Name("example.")
    with pytest.raises(UsageError):
        ds_rrset(zone, generate_set(zone, 15), (digest_type,))

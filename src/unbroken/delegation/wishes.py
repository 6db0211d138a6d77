"""What a child asks its parent for: CDS and CDNSKEY read together (RFC 7344, RFC 8078)."""

from dataclasses import dataclass

from unbroken._kernel import Dnskey, Ds, Name, RRset, ds_digest
from unbroken.delegation.ds import DELETE_CDNSKEY, DELETE_CDS, ds_of_keys
from unbroken.dns import registry


@dataclass(frozen=True, slots=True)
class Wish:
    """The DS RRset that the child wants; None for `dses` when it asks for nothing. `problem` says why a parent will not
    act on it, or is empty."""

    dses: tuple[Ds, ...] | None
    problem: str = ""

    @property
    def is_delete(self) -> bool:
        """Whether the child asks for all DS to be taken away (RFC 8078 §4)."""
        return self.dses == ()


def read_wish(zone: Name, cds: RRset | None, cdnskey: RRset | None) -> Wish:
    """What the two RRsets, either of which may be absent, ask for."""
    wants, problem = _dses(cds)
    keys, key_problem = _dnskeys(cdnskey)
    problem = problem or key_problem
    if problem:
        return Wish(None, problem)
    if wants is None:
        return Wish(None if keys is None else ds_of_keys(zone, keys, (registry.SHA256,)))
    # RFC 7344 §4: if both are published, they MUST match in content.
    if keys is not None and not _agree(zone, wants, keys):
        return Wish(None, "CDS and CDNSKEY do not ask for the same keys (RFC 7344 §4); publish them from the same keys")
    return Wish(wants)


def _dses(cds: RRset | None) -> tuple[tuple[Ds, ...] | None, str]:
    if cds is None:
        return None, ""
    # RFC 8078 §4: algorithm 0 asks for deletion, and the RRset must then hold that one record.
    if all(ds.algorithm != 0 for ds in cds.dses()):
        return cds.dses(), ""
    if cds.rdatas == (DELETE_CDS,):
        return (), ""
    return None, "CDS holds algorithm 0, but is not just `0 0 0 00` (RFC 8078 §4)"


def _dnskeys(cdnskey: RRset | None) -> tuple[tuple[Dnskey, ...] | None, str]:
    if cdnskey is None:
        return None, ""
    if all(dnskey.algorithm != 0 for dnskey in cdnskey.dnskeys()):
        return cdnskey.dnskeys(), ""
    if cdnskey.rdatas == (DELETE_CDNSKEY,):
        return (), ""
    return None, "CDNSKEY holds algorithm 0, but is not just `0 3 0 AA==` (RFC 8078 §4)"


def _agree(zone: Name, dses: tuple[Ds, ...], dnskeys: tuple[Dnskey, ...]) -> bool:
    """Whether each DS is of one of the keys, and each key has a DS. Digests that can't be computed are taken by tag."""
    served: set[Dnskey] = set()
    for ds in dses:
        named = [key for key in dnskeys if (key.key_tag, key.algorithm) == (ds.key_tag, ds.algorithm)]
        # Two keys with one tag are chance, three an attempt to cost digests.
        fitting = [key for key in named[:2] if ds_digest(zone, key, ds.digest_type) in (ds.digest, None)]
        if not fitting:
            return False
        served.update(fitting)
    return len(served) == len(dnskeys)

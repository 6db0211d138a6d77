"""Making RRSIGs: one with any field bent at will, or a batch, in parallel through the kernel."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypedDict, Unpack

from unbroken._kernel import Name, RRset, Rrsig, SignJob, sign_many, signed_data
from unbroken.dns import rdtype as rr
from unbroken.keys import KernelSigner, ZoneKey
from unbroken.signing.rdata import RrsigFields


class RrsigOverrides(TypedDict, total=False):
    """Fields that shall not be what they should be, for tests and faults. They are signed as they stand."""

    type_covered: int
    algorithm: int
    labels: int
    original_ttl: int
    key_tag: int
    signer: Name


def sign_rrset(
    rrset: RRset, key: ZoneKey, inception: int, expiration: int, **overrides: Unpack[RrsigOverrides]
) -> RRset:
    """The RRSIG RRset with the one signature of `rrset` by `key`; times are epoch seconds. Labels that exceed the
    owner's count, which no signed data can express, are written into an otherwise right signature."""
    fields = RrsigFields(
        type_covered=rrset.rdtype,
        algorithm=key.algorithm,
        labels=rrset.owner.rrsig_labels,
        original_ttl=rrset.ttl,
        expiration=expiration,
        inception=inception,
        key_tag=key.key_tag,
        signer=key.zone,
    )
    bent = replace(fields, **overrides)
    signable = bent if bent.labels <= fields.labels else replace(bent, labels=fields.labels)
    signature = key.private.sign(signed_data(rrset, _unsigned(rrset.owner, signable)))
    return RRset(rrset.owner, rr.RRSIG, rrset.ttl, (bent.rdata(signature),), rrset.rdclass)


def _unsigned(owner: Name, fields: RrsigFields) -> Rrsig:
    """The typed RRSIG whose signature is still a stand-in; the signed data leaves the signature out (RFC 4034
    §3.1.8.1)."""
    return RRset(owner, rr.RRSIG, 0, (fields.rdata(b"\x00"),)).rrsigs()[0]


@dataclass(frozen=True, slots=True)
class Task:
    """An RRset and the keys that shall sign it."""

    rrset: RRset
    keys: tuple[ZoneKey, ...]


def sign_all(tasks: Sequence[Task], inception: int, expiration: int) -> list[RRset]:
    """One RRSIG RRset a task, in order, with one signature a key. Kernel keys sign in one parallel batch."""
    jobs: list[SignJob] = []
    for task in tasks:
        for key in task.keys:
            if isinstance(key.private, KernelSigner):
                handle = key.private.handle
                jobs.append(SignJob(task.rrset, handle, key.key_tag, key.zone, inception % 2**32, expiration % 2**32))
    batch = iter(sign_many(jobs))
    signed = []
    for task in tasks:
        rdatas = tuple(
            next(batch)
            if isinstance(key.private, KernelSigner)
            else sign_rrset(task.rrset, key, inception, expiration).rdatas[0]
            for key in task.keys
        )
        # RFC 4035 §2.2: the RRSIG has the TTL of the RRset that it covers.
        signed.append(RRset(task.rrset.owner, rr.RRSIG, task.rrset.ttl, rdatas, task.rrset.rdclass))
    return signed

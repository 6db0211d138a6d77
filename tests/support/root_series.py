"""The recorded apexes of the real root zone, 2023 to 2026."""

from dataclasses import dataclass
from functools import cache

from rpl_scenario import merge, parse_record
from shared_material import shared

from unbroken.dns import RRset
from unbroken.dns import rdtype as rr


@dataclass(frozen=True)
class Apex:
    """One state of the root's apex."""

    heading: str
    rrsets: tuple[RRset, ...]

    def section(self, rdtype: int) -> tuple[RRset, ...]:
        return tuple(rrset for rrset in self.rrsets if rdtype in (rrset.rdtype, rrset.covers))

    @property
    def window(self) -> tuple[int, int]:
        """Inception and expiration over the DNSKEY RRset that hold for all of its signatures."""
        rrsigs = [rrsig for rrset in self.section(rr.DNSKEY) if rrset.covers for rrsig in rrset.rrsigs()]
        return max(rrsig.inception for rrsig in rrsigs), min(rrsig.expiration for rrsig in rrsigs)


@cache
def root_apex_series() -> tuple[Apex, ...]:
    """One state for each distinct DNSKEY RRset, in order of time; the test is skipped when they are not there."""
    states: list[tuple[str, list[str]]] = []
    for line in shared("real", "root-apex-series", "series.txt").read_text().splitlines():
        if line.startswith(";"):
            states.append((line, []))
        elif line.strip():
            states[-1][1].append(line)
    return tuple(Apex(heading, merge(map(parse_record, lines))) for heading, lines in states if lines)

"""Two full checks side by side: the first link that is not as it was, what came and what went."""

from collections.abc import Iterator
from dataclasses import dataclass

from unbroken._kernel import type_to_text
from unbroken.chain import Chain, Link, LinkKind
from unbroken.diagnosis.diagnose import Diagnosis
from unbroken.diagnosis.finding import Diagnosed
from unbroken.dns import rdtype as rr
from unbroken.dns.presentation import rdata_to_text

_MAX_RECORDS = 12  # records of one link that are compared one by one in words


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was. `where`: a link ("example.com. DNSKEY") or a server; `was` and `now` are words, empty
    where there is nothing."""

    where: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Difference:
    """`links` in chain order, so that the first is where to look; then servers; then findings that came and went."""

    links: tuple[Change, ...]
    servers: tuple[Change, ...]
    came: tuple[Diagnosed, ...]
    went: tuple[Diagnosed, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the two are alike."""
        return not (self.links or self.servers or self.came or self.went)


def compare_checks(before: Diagnosis, after: Diagnosis) -> Difference:
    """What changed from one to the other. Signatures and times count only by what they lead to: they are new each time."""
    old, new = _facts(before.chain), _facts(after.chain)
    links = tuple(
        Change(where, old.get(where, ""), new.get(where, ""))
        for where in _in_chain_order(old, new)
        if old.get(where) != new.get(where)
    )
    first, second = ({_identity(each): each for each in check.all_findings} for check in (before, after))
    came = tuple(finding for key, finding in second.items() if key not in first)
    went = tuple(finding for key, finding in first.items() if key not in second)
    return Difference(links, tuple(_servers(before, after)), came, went)


def _in_chain_order(old: dict[str, str], new: dict[str, str]) -> Iterator[str]:
    """All links of both, from the anchor down: those that only one has where they stand there."""
    places = {where: index for table in (old, new) for index, where in enumerate(table)}
    yield from sorted(places, key=lambda where: (places[where], where))


def _facts(chain: Chain) -> dict[str, str]:
    """Each link in words that stay the same while nothing but time goes on."""
    facts: dict[str, str] = {}
    for part in (chain, *chain.hops):
        for link in part.links:
            where = _where(link, type_to_text(part.question.rdtype))
            facts[where] = f"{link.status.value}: {_records(link)}"
    return facts


def _where(link: Link, asked: str) -> str:
    if link.kind is LinkKind.ANCHOR:
        return f"{link.zone} trust anchor"
    if link.kind is LinkKind.KEY:
        return f"{link.zone} DNSKEY"
    if link.kind is LinkKind.DELEGATION:
        return f"{link.zone} DS"
    if link.kind is LinkKind.DENIAL or not link.evidence:
        return f"{link.zone} denial of {asked}"
    rrset = link.evidence[0].rrset
    return f"{rrset.owner} {type_to_text(rrset.rdtype)}"


def _records(link: Link) -> str:
    if link.denial is not None and link.kind is not LinkKind.DATA:
        return f"{link.denial.kind.value.replace('_', ' ')} by {link.denial.mechanism.value.upper()}"
    words = []
    for item in link.evidence[:1]:
        for rdata in sorted(item.rrset.rdatas)[:_MAX_RECORDS]:
            words.append(_key_word(item.rrset.rdtype, rdata) or rdata_to_text(item.rrset.rdtype, rdata))
    return ", ".join(words) or (link.findings[0].code.value if link.findings else "nothing")


def _key_word(rdtype: int, rdata: bytes) -> str:
    """A key by tag and flags: all of it would be a line of its own."""
    if rdtype != rr.DNSKEY:
        return ""
    from unbroken.keys import make_dnskey

    key = make_dnskey(int.from_bytes(rdata[:2], "big"), rdata[3], rdata[4:], rdata[2])
    return f"key {key.key_tag} (flags {key.flags}, algorithm {key.algorithm})"


def _servers(before: Diagnosis, after: Diagnosis) -> Iterator[Change]:
    old, new = (dict(_server_words(check)) for check in (before, after))
    for where in dict.fromkeys((*old, *new)):
        if old.get(where) != new.get(where):
            yield Change(where, old.get(where, ""), new.get(where, ""))


def _server_words(check: Diagnosis) -> Iterator[tuple[str, str]]:
    for server in check.case.servers:
        name = check.inspection.zone.name_of(server.address)
        numbers = check.case.soa(server)
        serial = f"serial {numbers[0]}" if numbers is not None else "no SOA"
        yield f"{name} ({server.address})", serial if server.is_alive else "no reply"


def _identity(finding: Diagnosed) -> tuple[object, ...]:
    """What makes a finding the same as one of the other check: not its times."""
    return finding.code, finding.where, finding.fact("tag"), finding.servers

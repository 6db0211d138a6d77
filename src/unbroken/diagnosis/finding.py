"""What a full check finds: a code with its catalogue row, where, the facts, and the servers that show it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from unbroken._kernel import type_to_text
from unbroken.chain.catalogue import CATALOGUE, Row, Severity
from unbroken.chain.finding import Finding
from unbroken.dns import RRset


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule saw: `where` names the zone, RRset or server; `params` fill the row's sentences; `servers` are addresses."""

    where: str
    servers: tuple[str, ...] = ()
    params: tuple[tuple[str, str], ...] = ()


def found(where: object, servers: tuple[str, ...] | str = (), **params: object) -> Found:
    """Make one; facts are rendered with `str`."""
    addresses = (servers,) if isinstance(servers, str) else servers
    return Found(str(where), addresses, tuple((name, str(value)) for name, value in params.items()))


def describe(rrset: RRset) -> str:
    """How findings name an RRset: "example.com. DNSKEY"."""
    return f"{rrset.owner} {type_to_text(rrset.rdtype)}"


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """One finding. `beneath`: what follows from it, so that it need not be mended by itself."""

    code: str
    row: Row
    where: str
    params: tuple[tuple[str, str], ...] = ()
    servers: tuple[str, ...] = ()
    beneath: tuple["Diagnosed", ...] = ()

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return self.row.severity

    @property
    def sentence(self) -> str:
        """What is wrong, for a person."""
        return self._filled(self.row.sentence)

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return self._filled(self.row.remedy)

    def fact(self, name: str) -> str | None:
        """One of the facts; None when there is no such."""
        return dict(self.params).get(name)

    def _filled(self, template: str) -> str:
        text = template.format_map(_Facts((*self.params, ("where", self.where))))
        # A domain name at the end of a sentence brings its own full stop.
        return text[:-1] if text.endswith("..") else text

    def all(self) -> Iterator["Diagnosed"]:
        """This one and all beneath it."""
        # Two levels are all there are: what is folded away holds nothing itself (see `folding`).
        yield self
        yield from self.beneath

    def with_beneath(self, *more: "Diagnosed") -> "Diagnosed":
        """The same with more beneath it."""
        return replace(self, beneath=(*self.beneath, *more))


class _Facts(dict[str, str]):
    """A fact that a finding does not know reads as "?", so that no rendering ever fails."""

    def __missing__(self, key: str) -> str:
        return "?"


def of_chain(finding: Finding, servers: tuple[str, ...]) -> Diagnosed:
    """A finding of the validator, as these servers' answers led to it."""
    return Diagnosed(finding.code.value, CATALOGUE[finding.code], finding.where, finding.params, servers)

"""A finding: a code, where it was found, and the facts that its sentences need."""

from unbroken.chain.catalogue import CATALOGUE, Code, Row, Severity
from unbroken.dns.ede import Ede
from unbroken.records import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`where` names the zone or RRset ("example.com. DNSKEY"); `params` fill the catalogue row's sentences."""

    code: Code
    where: str
    params: tuple[tuple[str, str], ...] = ()

    @property
    def row(self) -> Row:
        """The catalogue row of this code."""
        return CATALOGUE[self.code]

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return self.row.severity

    @property
    def ede(self) -> Ede | None:
        """The Extended DNS Error it stands for."""
        return self.row.ede

    @property
    def sentence(self) -> str:
        """What is wrong, for a person."""
        return _with_one_stop(self.row.sentence.format_map(self._facts()))

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return _with_one_stop(self.row.remedy.format_map(self._facts()))

    def _facts(self) -> dict[str, str]:
        facts = _Facts(self.params)
        facts["where"] = self.where
        return facts


def _with_one_stop(text: str) -> str:
    """A domain name at the end of a sentence brings its own full stop."""
    return text[:-1] if text.endswith("..") else text


class _Facts(dict[str, str]):
    """A fact that a finding does not know reads as "?", so that no rendering ever fails."""

    def __missing__(self, key: str) -> str:
        return "?"


def finding(code: Code, where: object, **params: object) -> Finding:
    """Make a finding; parameters are rendered with `str`."""
    return Finding(code, str(where), tuple((name, str(value)) for name, value in params.items()))

"""Rules as data: a row of the catalogue, a small pure function over the evidence, and what may be its root cause."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from unbroken.chain.catalogue import Row, Severity
from unbroken.diagnosis.case import Case
from unbroken.diagnosis.finding import Diagnosed, Found
from unbroken.dns.ede import Ede

MAX_FOUND: Final = 64
"""Findings of one code that are told: more are no more help, and whoever answers chooses how many there could be."""

Check = Callable[[Case], Iterable[Found]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`under`: codes whose findings explain this one, so that it is told beneath them."""

    code: str
    row: Row
    check: Check
    under: tuple[str, ...] = ()

    def apply(self, case: Case) -> Iterator[Diagnosed]:
        """What it finds, the servers that show the same thing joined."""
        servers: dict[tuple[str, tuple[tuple[str, str], ...]], dict[str, None]] = {}
        for each in self.check(case):
            key = each.where, each.params
            if key in servers or len(servers) < MAX_FOUND:
                servers.setdefault(key, {}).update(dict.fromkeys(each.servers))
        for (where, params), seen in servers.items():
            yield Diagnosed(self.code, self.row, where, params, tuple(seen))


@dataclass(slots=True)
class Rulebook:
    """The rules of one group, in the order in which they are written."""

    rules: list[Rule] = field(default_factory=list)

    def rule(
        self,
        code: str,
        severity: Severity,
        source: str,
        sentence: str,
        remedy: str,
        *,
        ede: Ede | None = None,
        under: tuple[str, ...] = (),
    ) -> Callable[[Check], Check]:
        """Enter the decorated function. `sentence` and `remedy` are templates over `{where}` and the facts it yields."""

        def enter(check: Check) -> Check:
            self.rules.append(Rule(code, Row(severity, ede, source, sentence, remedy), check, under))
            return check

        return enter

"""One cause, one headline: findings that follow from another are told beneath it, and like ones beneath the first of them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from unbroken.chain import Code, Finding, Severity
from unbroken.diagnosis.finding import Diagnosed

_SERVER_TROUBLES: Final = (
    "SERVER_MALFORMED",
    "SERVER_REFUSES",
    "SERVER_LAME",
    "SERVER_WITHOUT_EDNS",
    "SERVER_DROPS_EDNS",
    "SERVER_STRIPS_SIGNATURES",
    "SERVER_TRUNCATES",
)
# What the validator finds at a server that does not do what a server must.
_CHAIN_UNDER: Final[dict[str, tuple[str, ...]]] = {
    code.value: _SERVER_TROUBLES
    for code in (
        Code.LOOKUP_FAILED,
        Code.SERVER_FAILED,
        Code.LOOKUP_OVER_LIMIT,
        Code.EVIDENCE_MISSING,
        Code.SIGNATURE_MISSING,
        Code.DENIAL_MISSING,
        Code.DENIAL_INCOMPLETE,
        Code.DELEGATION_UNPROVEN,
        Code.DNSKEY_MISSING,
        Code.DNSKEY_NOT_SIGNED,
        Code.WILDCARD_UNPROVEN,
    )
}
_CHAIN_UNDER[Code.LOOKUP_FAILED.value] += ("SERVER_SILENT",)
_CHAIN_UNDER[Code.DENIAL_MISSING.value] += (Code.DELEGATION_UNPROVEN.value,)
_CHAIN_UNDER[Code.DENIAL_INCOMPLETE.value] += (Code.DELEGATION_UNPROVEN.value,)
_CHAIN_UNDER[Code.DELEGATION_INSECURE.value] = ("DS_MISSING",)
_CHAIN_UNDER[Code.DENIAL_OPT_OUT.value] = ("NSEC3_OPT_OUT", "DS_MISSING", Code.DELEGATION_INSECURE.value)
_CHAIN_UNDER[Code.SIGNATURE_BAD.value] = ("KEYS_DIFFER",)
_CHAIN_UNDER[Code.SIGNATURE_KEY_MISSING.value] = ("KEYS_DIFFER",)
_SEVERITIES: Final = tuple(Severity)


def fold(
    findings: Iterable[tuple[Diagnosed, tuple[str, ...]]],
    order: Mapping[str, int],
    servers: frozenset[str],
    first: Finding | None = None,
) -> tuple[Diagnosed, ...]:
    """The headlines, gravest first, each with what follows from it. With each finding comes what its rule says may be its
    cause; `order` says which code is told before which, at the same severity, `first` which finding before all of them;
    `servers` are the addresses of the zone."""

    def is_first(finding: Diagnosed) -> bool:
        return first is not None and (finding.code, finding.where) == (first.code.value, first.where)

    def rank(item: tuple[Diagnosed, tuple[str, ...]]) -> tuple[int, bool, int]:
        finding = item[0]
        return _SEVERITIES.index(finding.severity), not is_first(finding), order.get(finding.code, -1)

    ranked = sorted(findings, key=rank)
    found = [finding for finding, _ in ranked]
    causes = [under or _CHAIN_UNDER.get(finding.code, ()) for finding, under in ranked]
    by_code: dict[str, list[int]] = {}
    for index, finding in enumerate(found):
        by_code.setdefault(finding.code, []).append(index)
    # What the ordinary walk could not fetch, no server gave it, whichever of them is named.
    everywhere = {i for i, each in enumerate(found) if each.code == Code.LOOKUP_FAILED.value and is_first(each)}

    def covers(cause: int, effect: int) -> bool:
        return cause in everywhere or _covers(found[cause], found[effect], servers)

    parents = [_parent(index, found, by_code, causes[index], covers) for index in range(len(found))]
    # Of findings that name each other as cause: what decided the verdict, else what a server does, else what that led to.
    weights = [0 if is_first(finding) else 2 if finding.code in _CHAIN_UNDER else 1 for finding in found]
    roots = [_root(index, parents, weights) for index in range(len(found))]
    beneath: dict[int, list[Diagnosed]] = {}
    for index, finding in enumerate(found):
        if roots[index] != index:
            beneath.setdefault(roots[index], []).append(finding)
    heads = [index for index in range(len(found)) if roots[index] == index]
    return tuple(replace(found[index], beneath=tuple(beneath.get(index, ()))) for index in heads)


def _parent(
    index: int,
    found: list[Diagnosed],
    by_code: Mapping[str, list[int]],
    causes: tuple[str, ...],
    covers: Callable[[int, int], bool],
) -> int | None:
    """The finding that explains this one: one of the codes that may, at the same servers; or the first of its own code."""
    this = found[index]
    for code in causes:
        for other in by_code.get(code, ()):
            if other != index and covers(other, index):
                return other
    alike = (other for other in by_code[this.code] if other < index and found[other].remedy == this.remedy)
    return next(alike, None)


def _covers(cause: Diagnosed, effect: Diagnosed, servers: frozenset[str]) -> bool:
    """Whether the one can explain the other: nothing at one server of the zone explains what is seen at another too. What is
    seen at the parent concerns them all."""
    of_cause, of_effect = servers.intersection(cause.servers), servers.intersection(effect.servers)
    return not of_cause or not of_effect or of_effect <= of_cause


def _root(index: int, parents: list[int | None], weights: list[int]) -> int:
    """Where the way up ends. Of findings that name each other in a circle, the lightest is the root of all, or the first."""
    way = [index]
    while (above := parents[way[-1]]) is not None:
        if above in way:
            return min(way[way.index(above) :], key=lambda each: (weights[each], each))
        way.append(above)
    return way[-1]

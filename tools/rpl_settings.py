"""From a scenario's configuration to what a resolver is made of, or to why there is no such resolver here."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from rpl_dsa import verify_dsa
from rpl_scenario import Scenario, ScenarioError, merge, parse_record
from rpl_servers import EVERYWHERE

from unbroken.anchors.store import NegativeTrustAnchor, TrustAnchors
from unbroken.authentication.policy import Policy
from unbroken.chain import Limits
from unbroken.chain.times import parse_moment
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.errors import InputError
from unbroken.resolving.hints import Hints
from unbroken.resolving.options import Options
from unbroken.resolving.transport import Server

_ITERATIONS: Final = 150
"""What resolvers of the time took without demur (RFC 9276 §3.2 names 150); above it scenarios expect insecure."""
_OUT_OF_SCOPE: Final = {
    "serve-expired": "serving expired answers",
    "prefetch": "prefetching",
    "dns-error-reporting": "error reporting (RFC 9567)",
    "forward-first": "resolving what a forwarder fails to",
    "stub-first": "resolving what a stub fails to",
}
_ON: Final = frozenset(("yes", "on", "true"))
_GOST_ALGORITHM: Final = 12
_GOST_DIGEST: Final = 3
_STEPS: Final = {
    "CHECK_AUTOTRUST": "RFC 5011 state files",
    "CHECK_TEMPFILE": "written zone files",
    "INFRA_RTT": "set round-trip times",
    "FLUSH_MESSAGE": "cache control",
    "EXPIRE_MESSAGE": "cache control",
    "ASSIGN": "variables of RFC 5011 tests",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the resolver is made of."""

    hints: Hints
    stubs: tuple[Hints, ...]
    forwards: dict[Name, tuple[Server, ...]]
    anchors: TrustAnchors
    policy: Policy
    limits: Limits
    options: Options
    now: int


def skip_reason(scenario: Scenario) -> str | None:
    """Why the scenario tests something that is not a validating resolver's verdict; None when it can be replayed."""
    if "AUTOTRUST_FILE" in scenario.blocks:
        return "out of scope: RFC 5011 state files"
    if (configured := _configured_out_of_scope(scenario)) is not None:
        return configured
    for step in scenario.steps:
        if step.kind in _STEPS:
            return f"out of scope: {_STEPS[step.kind]}"
        if step.kind == "TIME_PASSES" and "EVAL" in step.words:
            return f"out of scope: {_STEPS['ASSIGN']}"
    if _uses_gost(scenario):
        return "out of scope: GOST R 34.10-2001 (RFC 5933, historic)"
    if not any(step.kind == "CHECK_ANSWER" for step in scenario.steps):
        return "nothing to check: no CHECK_ANSWER"
    return None


def _configured_out_of_scope(scenario: Scenario) -> str | None:
    for clause in scenario.clauses:
        if clause.kind in ("auth-zone", "rpz", "view", "cachedb", "python"):
            return f"out of scope: {clause.kind}"
    for key, what in _OUT_OF_SCOPE.items():
        if (scenario.last(key) or "no") in _ON:
            return f"out of scope: {what}"
    if scenario.last("harden-dnssec-stripped") == "no":
        return "out of scope: taking stripped data for insecure (harden-dnssec-stripped: no)"
    if scenario.all("local-data") or any(" refuse" in value for value in scenario.all("access-control")):
        return "out of scope: what a server gives of its own"
    for value in scenario.all("module-config"):
        foreign = set(value.split()) - {"validator", "iterator"}
        if foreign:
            return f"out of scope: module {', '.join(sorted(foreign))}"
    return None


def _uses_gost(scenario: Scenario) -> bool:
    for entry in scenario.entries():
        for rrset in entry.rrsets():
            if rrset.rdtype == rr.DNSKEY and any(key.algorithm == _GOST_ALGORITHM for key in rrset.dnskeys()):
                return True
            if rrset.rdtype == rr.DS and any(ds.digest_type == _GOST_DIGEST for ds in rrset.dses()):
                return True
    return False


def settings(scenario: Scenario) -> Settings:
    """Read the configuration. Raises ScenarioError."""
    try:
        hints, stubs, forwards = _zones(scenario)
        return Settings(
            hints, stubs, forwards, _anchors(scenario), _policy(), _limits(scenario), _options(scenario), _now(scenario)
        )
    except (InputError, ValueError) as error:
        raise ScenarioError(f"configuration: {error}") from None


def _zones(scenario: Scenario) -> tuple[Hints, tuple[Hints, ...], dict[Name, tuple[Server, ...]]]:
    roots: list[str] = []
    stubs: list[Hints] = []
    forwards: dict[Name, tuple[Server, ...]] = {}
    for clause in scenario.clauses:
        addresses = clause.all("stub-addr")
        if clause.kind == "forward-zone" or (clause.kind == "server" and clause.all("forward-addr")):
            name = Name((clause.all("name") or ["."])[0])
            forwards[name] = tuple(_server(text) for text in clause.all("forward-addr"))
        elif clause.kind == "stub-zone":
            name = Name((clause.all("name") or ["."])[0])
            if name.is_root:
                roots += addresses
            elif addresses:
                stubs.append(Hints.from_addresses(name, *addresses))
        else:
            roots += addresses
    if not forwards and not _has_referral(scenario):
        # Nothing leads from one server to the next: these are the answers of a recursive server.
        forwards[Name.ROOT] = (Server(EVERYWHERE),)
    return Hints.from_addresses(Name.ROOT, *roots), tuple(stubs), forwards


def _has_referral(scenario: Scenario) -> bool:
    """Whether the servers can be walked: one refers to another, or there is only one, or all are configured."""
    addresses = {address for item in scenario.ranges for address in item.addresses}
    if len(addresses) < 2 or addresses <= set(scenario.all("stub-addr")):
        return True
    return any(
        any(rrset.rdtype == rr.NS for rrset in entry.section("AUTHORITY")) and not entry.section("ANSWER")
        for item in scenario.ranges
        for entry in item.entries
    )


def _server(text: str) -> Server:
    address, at, port = text.partition("@")
    return Server(address, int(port) if at else 53)


def _anchors(scenario: Scenario) -> TrustAnchors:
    validates = all("validator" in value for value in scenario.all("module-config"))
    records = [parse_record(_uncommented(text)) for text in scenario.all("trust-anchor")] if validates else []
    negatives = [NegativeTrustAnchor(Name(text), None, "domain-insecure") for text in scenario.all("domain-insecure")]
    return TrustAnchors.from_records(merge(records)).with_negatives(negatives)


def _uncommented(text: str) -> str:
    return text.partition(";")[0]


def _policy() -> Policy:
    return Policy.historic({3: verify_dsa, 6: verify_dsa})


def _limits(scenario: Scenario) -> Limits:
    """One ceiling for all: that of the smallest key size, where the file names several."""
    words = (scenario.last("val-nsec3-keysize-iterations") or "").split()
    ceiling = min((int(word) for word in words[1::2]), default=_ITERATIONS)
    return Limits(nsec3_iterations_insecure=ceiling, nsec3_iterations_bogus=65535)


def _options(scenario: Scenario) -> Options:
    minimise = scenario.last("qname-minimisation") or scenario.last("query-minimization")
    return Options(
        minimise=minimise in _ON if minimise is not None else not scenario.is_flat,
        # Unbound and Knot Resolver do so unless they are told not to.
        aggressive=(scenario.last("aggressive-nsec") or "yes") in _ON,
        use_ipv4=scenario.last("do-ip4") != "no",
        use_ipv6=scenario.last("do-ip6") != "no",
        shuffle=False,
    )


def _now(scenario: Scenario) -> int:
    """The time that the file sets; where it sets none, or ignores dates, one at which most signatures are valid."""
    text = scenario.last("val-override-date") or scenario.last("val-override-timestamp") or "-1"
    return _best_moment(scenario) if text.startswith("-") else parse_moment(text)


def _best_moment(scenario: Scenario) -> int:
    windows = Counter(
        (rrsig.inception, rrsig.expiration)
        for entry in scenario.entries()
        for rrset in entry.rrsets()
        if rrset.rdtype == rr.RRSIG
        for rrsig in rrset.rrsigs()
    )
    starts = {start for start, _ in windows}
    if not starts:
        return 1_000_000_000

    def valid(moment: int) -> int:
        return sum(count for (start, end), count in windows.items() if start <= moment <= end)

    return max(sorted(starts), key=valid)

"""The chain as a picture, before anything is drawn: one lane a zone, in it keys, DS and data as nodes, signatures as edges.

Both drawings, SVG and DOT, are made of this. What a hostile zone can put into it is bounded.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from unbroken._kernel import type_to_text
from unbroken.chain import (
    Chain,
    DsAttempt,
    DsOutcome,
    Link,
    LinkKind,
    Question,
    SignatureAttempt,
    SignatureOutcome,
    Status,
)
from unbroken.chain.times import to_iso
from unbroken.dns import Dnskey, Ds
from unbroken.dns import rdtype as rr
from unbroken.dns.registry import algorithm_text, digest_text
from unbroken.dns.serial import to_epoch
from unbroken.report.escape import safe
from unbroken.report.style import ASCII
from unbroken.report.words import denial_sentences, link_name, record_values, sentence

_MAX_NODES: Final = 12  # of one row
_MAX_TITLE: Final = 600  # characters of a tooltip


class Shade(Enum):
    """What a node or edge is worth."""

    GOOD = "good"
    BAD = "bad"
    UNSIGNED = "unsigned"
    UNKNOWN = "unknown"
    IDLE = "idle"  # it plays no part


_BY_STATUS: Final = {
    Status.SECURE: Shade.GOOD,
    Status.INSECURE: Shade.UNSIGNED,
    Status.BOGUS: Shade.BAD,
    Status.INDETERMINATE: Shade.UNKNOWN,
}


@dataclass(slots=True)
class Node:
    """A box. `key` tells it from all others; `lines` stand in it, `title` is told on hover or focus."""

    key: str
    lines: tuple[str, ...]
    title: str
    shade: Shade
    is_round: bool = False
    """Keys are round, records are not."""


@dataclass(frozen=True, slots=True)
class Edge:
    """From what vouches to what is vouched for, by the keys of both nodes."""

    start: str
    end: str
    title: str
    shade: Shade


@dataclass(slots=True)
class Lane:
    """One zone: rows of nodes, in the order of trust."""

    zone: str
    shade: Shade
    rows: list[list[Node]] = field(default_factory=list)


@dataclass(slots=True)
class Picture:
    """All of it. `summary` is one sentence for those who do not see it."""

    title: str
    summary: str
    lanes: list[Lane] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)


def paint(chain: Chain) -> Picture:
    """The picture of a chain and its hops."""
    return _Painter(chain).picture()


class _Painter:
    """Nodes and edges so far, by key, so that what hops share is drawn once."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._lanes: dict[str, Lane] = {}
        self._nodes: dict[str, Node] = {}
        self._edges: dict[tuple[str, str], Edge] = {}
        self._by_tag: dict[tuple[str, int, int], str] = {}

    def picture(self) -> Picture:
        for part in (self._chain, *self._chain.hops):
            for link in part.links:
                self._link(link, part.question)
        question = self._chain.question
        title = safe(f"{question.name} {type_to_text(question.rdtype)}")
        broken = self._chain.broken_link
        where = f"; it breaks at {safe(str(broken.zone))}" if broken is not None else ""
        summary = sentence(f"The chain of trust of {title} is {self._chain.status.value}{where}")
        lanes = [lane for lane in self._lanes.values() if any(lane.rows)]
        for lane in lanes:
            lane.rows = [row for row in lane.rows if row]
        edges = [edge for edge in self._edges.values() if edge.start in self._nodes and edge.end in self._nodes]
        return Picture(title, summary, lanes, edges)

    def _lane(self, zone: str, shade: Shade) -> Lane:
        """Four rows: what leads in, keys that are entry points, other keys, data and denials."""
        lane = self._lanes.setdefault(zone, Lane(zone, shade, [[], [], [], []]))
        if shade in (Shade.BAD, Shade.UNKNOWN):
            lane.shade = shade
        return lane

    def _add(self, lane: Lane, row: int, node: Node) -> None:
        if node.key in self._nodes:
            if node.shade in (Shade.BAD, Shade.GOOD) and self._nodes[node.key].shade is Shade.IDLE:
                self._nodes[node.key].shade = node.shade
            return
        nodes = lane.rows[row]
        if len(nodes) == _MAX_NODES:
            nodes.append(Node(f"{lane.zone} more {row}", ("and more",), "more than are drawn", Shade.IDLE))
        if len(nodes) < _MAX_NODES:
            nodes.append(node)
            self._nodes[node.key] = node

    def _edge(self, edge: Edge) -> None:
        known = self._edges.get((edge.start, edge.end))
        if known is None or known.shade is not Shade.GOOD:
            self._edges[edge.start, edge.end] = edge

    # --- links ----------------------------------------------------------------------------------------------------------

    def _link(self, link: Link, question: Question) -> None:
        if link.kind is LinkKind.ANCHOR:
            self._anchor(link)
        elif link.kind is LinkKind.KEY:
            self._keys(link)
        elif link.kind is LinkKind.DELEGATION:
            self._delegation(link, question)
        else:
            self._data(link, question)

    def _anchor(self, link: Link) -> None:
        zone = safe(str(link.zone))
        lane = self._lane(zone, _BY_STATUS[link.status])
        for item in link.evidence:
            for ds in item.rrset.dses() if item.rrset.rdtype == rr.DS else ():
                node = _ds_node(zone, ds, "anchor", Shade.GOOD)
                self._add(lane, 0, node)
            for key in item.rrset.dnskeys() if item.rrset.rdtype == rr.DNSKEY else ():
                self._add(lane, 0, Node(f"{zone} anchor {key.key_tag}", ("anchor", str(key.key_tag)), "", Shade.GOOD))

    def _keys(self, link: Link) -> None:
        zone = safe(str(link.zone))
        lane = self._lane(zone, _BY_STATUS[link.status])
        signing = {each.dnskey for each in link.attempts if each.outcome is SignatureOutcome.VERIFIED}
        for item in link.evidence:
            for key in item.rrset.dnskeys()[: 4 * _MAX_NODES]:
                shade = Shade.GOOD if link.status is Status.SECURE else Shade.IDLE
                is_entry = key.is_secure_entry_point or key in signing
                node = _key_node(zone, key, shade)
                self._by_tag.setdefault((zone, key.algorithm, key.key_tag), node.key)
                self._add(lane, 1 if is_entry else 2, node)
        if not link.evidence:
            reason = link.findings[0].sentence if link.findings else "no keys"
            self._add(lane, 1, Node(f"{zone} no keys", ("no DNSKEY",), safe(reason), _BY_STATUS[link.status], True))
        self._ds_edges(zone, link.ds_attempts)
        self._key_signatures(zone, link.attempts, [key for item in link.evidence for key in item.rrset.dnskeys()])

    def _ds_edges(self, zone: str, attempts: Iterable[DsAttempt]) -> None:
        for attempt in attempts:
            if attempt.ds is None or attempt.outcome is DsOutcome.WEAKER_DIGEST_IGNORED:
                continue
            is_good = attempt.outcome is DsOutcome.MATCHED
            title = f"DS {attempt.ds.key_tag}: {attempt.outcome.value.replace('_', ' ')}"
            for kind in ("anchor", "ds"):
                start = _ds_key(zone, attempt.ds, kind)
                if attempt.dnskey is not None:
                    shade = Shade.GOOD if is_good else Shade.BAD
                    self._edge(Edge(start, _dnskey_key(zone, attempt.dnskey), title, shade))
                if start in self._nodes and not is_good:
                    self._nodes[start].shade = Shade.BAD
                    self._nodes[start].title += f"\n{title}"

    def _key_signatures(self, zone: str, attempts: Iterable[SignatureAttempt], keys: list[Dnskey]) -> None:
        """What an entry point says of the other keys of the set."""
        for attempt in attempts:
            for key in keys if attempt.dnskey is not None else ():
                if attempt.dnskey is not None and key != attempt.dnskey and not key.is_secure_entry_point:
                    start = _dnskey_key(zone, attempt.dnskey)
                    self._edge(_signature_edge(start, _dnskey_key(zone, key), attempt))

    def _delegation(self, link: Link, question: Question) -> None:
        zone = safe(str(link.zone))
        shade = _BY_STATUS[link.status]
        if link.denial is not None and link.status is not Status.INSECURE:
            return  # a name on the way that is no zone cut
        lane = self._lane(zone, shade)
        end = ""
        for item in link.evidence:
            for ds in item.rrset.dses() if item.rrset.rdtype == rr.DS else ():
                node = _ds_node(zone, ds, "ds", shade)
                self._add(lane, 0, node)
                self._signed_by(link.attempts, node.key)
                end = node.key
        if not end:
            told = denial_sentences(link.denial, link, question, ASCII) if link.denial is not None else []
            told += [finding.sentence for finding in link.findings]
            node = Node(f"{zone} no ds", ("no DS",), safe(" ".join(told))[:_MAX_TITLE], shade)
            self._add(lane, 0, node)
            self._signed_by(link.attempts, node.key)

    def _data(self, link: Link, question: Question) -> None:
        zone, name = safe(str(link.zone)), safe(str(link_name(link, question)))
        lane = self._lane(zone, _BY_STATUS[link.status])
        rrset = link.evidence[0].rrset if link.evidence else None
        if link.kind is LinkKind.DENIAL or rrset is None:
            mnemonic = f"no {type_to_text(question.rdtype)}"
            told = denial_sentences(link.denial, link, question, ASCII) if link.denial is not None else []
        else:
            mnemonic = type_to_text(rrset.rdtype)
            told = record_values(rrset)[:8]
        told += [finding.sentence for finding in link.findings]
        key = f"{zone} {name} {mnemonic}"
        self._add(lane, 3, Node(key, (mnemonic, name), safe("; ".join(told))[:_MAX_TITLE], _BY_STATUS[link.status]))
        self._signed_by(link.attempts, key)

    def _signed_by(self, attempts: Iterable[SignatureAttempt], end: str) -> None:
        for attempt in attempts:
            signer, rrsig = safe(str(attempt.rrsig.signer)), attempt.rrsig
            # A signature that was refused before any key was tried still names the one that made it.
            named = self._by_tag.get((signer, rrsig.algorithm, rrsig.key_tag))
            start = _dnskey_key(signer, attempt.dnskey) if attempt.dnskey is not None else named
            if start is not None:
                self._edge(_signature_edge(start, end, attempt))


def _signature_edge(start: str, end: str, attempt: SignatureAttempt) -> Edge:
    rrsig = attempt.rrsig
    is_good = attempt.outcome is SignatureOutcome.VERIFIED
    until = to_iso(to_epoch(rrsig.expiration, rrsig.inception))
    title = f"signature by {rrsig.key_tag}, {attempt.outcome.value.replace('_', ' ')}, until {until}"
    return Edge(start, end, title, Shade.GOOD if is_good else Shade.BAD)


def _ds_key(zone: str, ds: Ds, kind: str) -> str:
    return f"{zone} {kind} {ds.rdata.hex()}"


def _dnskey_key(zone: str, key: Dnskey) -> str:
    return f"{zone} key {key.flags} {key.algorithm} {key.key_tag} {key.public_key[-8:].hex()}"


def _ds_node(zone: str, ds: Ds, kind: str, shade: Shade) -> Node:
    word = "anchor" if kind == "anchor" else "DS"
    title = f"{word} of {zone}: key {ds.key_tag}, {algorithm_text(ds.algorithm)}, {digest_text(ds.digest_type)}"
    return Node(_ds_key(zone, ds, kind), (f"{word} {ds.key_tag}", digest_text(ds.digest_type)), title, shade)


def _key_node(zone: str, key: Dnskey, shade: Shade) -> Node:
    role = "KSK" if key.is_secure_entry_point else "ZSK"
    revoked = ", revoked" if key.is_revoked else ""
    title = f"DNSKEY of {zone}: {key.key_tag}, {algorithm_text(key.algorithm)}, flags {key.flags}{revoked}"
    return Node(_dnskey_key(zone, key), (f"{role} {key.key_tag}", algorithm_text(key.algorithm)), title, shade, True)


def all_nodes(picture: Picture) -> Iterator[Node]:
    """Every node, from the anchor down."""
    for lane in picture.lanes:
        for row in lane.rows:
            yield from row

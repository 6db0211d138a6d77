"""The links of a chain and its hops as one tree: zones below zones, data and denials at their zone."""

from collections.abc import Iterator

from unbroken.chain import Chain, DenialKind, Link, LinkKind
from unbroken.dns import Name
from unbroken.dns import rdtype as rr
from unbroken.records import dataclass, field


@dataclass(slots=True)
class Node:
    """A zone with its DS and DNSKEY links, or a leaf with one link of data or denial."""

    zone: Name
    links: list[Link] = field(default_factory=list)
    children: list["Node"] = field(default_factory=list)
    is_leaf: bool = False


def build(chain: Chain) -> list[Node]:
    """The roots of the tree: one for each anchor that the chain and its hops start from."""
    roots: list[Node] = []
    zones: list[Node] = []
    for part in (chain, *chain.hops):
        current: Node | None = None
        for link in part.links:
            current = _place(link, current, roots, zones)
    return roots


def _place(link: Link, current: Node | None, roots: list[Node], zones: list[Node]) -> Node | None:
    """Put a link where it belongs; returns the zone node that the chain has reached."""
    if _is_leaf(link):
        parent = _enclosing(link.zone, zones) if link.kind is not LinkKind.DELEGATION else _above(link.zone, zones)
        parent = parent or current
        siblings = parent.children if parent else roots
        if not any(_is_shown(link, sibling) for sibling in siblings):
            siblings.append(Node(link.zone, [link], is_leaf=True))
        return current
    node = next((zone for zone in zones if zone.zone == link.zone), None)
    if node is None:
        node = Node(link.zone)
        above = _above(link.zone, zones) if link.kind is not LinkKind.ANCHOR else None
        (above.children if above else roots).append(node)
        zones.append(node)
    if not _is_shown(link, node):
        node.links.append(link)
    return node


def _is_shown(link: Link, node: Node) -> bool:
    """Whether the node has a link like this one: hops share the way from the anchor, if not every signature on it."""
    return any(_essence(link) == _essence(other) for other in node.links)


def _essence(link: Link) -> tuple[object, ...]:
    rrsets = tuple(item.rrset for item in link.evidence)
    return link.kind, link.status, rrsets, link.denial, link.findings


def _is_leaf(link: Link) -> bool:
    if link.kind in (LinkKind.DATA, LinkKind.DENIAL):
        return True
    if link.denial is not None:
        return link.denial.kind is DenialKind.NOT_A_CUT
    # A CNAME where a DS was looked for shows too that there is no zone cut.
    return link.kind is LinkKind.DELEGATION and any(item.rrset.rdtype == rr.CNAME for item in link.evidence)


def _enclosing(name: Name, zones: list[Node]) -> Node | None:
    return _deepest([node for node in zones if name.is_subdomain_of(node.zone)])


def _above(name: Name, zones: list[Node]) -> Node | None:
    return _deepest([node for node in zones if name.is_below(node.zone)])


def _deepest(nodes: list[Node]) -> Node | None:
    return max(nodes, key=lambda node: node.zone.label_count, default=None)


@dataclass(frozen=True, slots=True)
class Place:
    """A node on its way to the screen. `rails` tells, from the left, which ancestors have more siblings to come."""

    node: Node
    rails: tuple[bool, ...]
    is_last: bool


def walk(roots: list[Node]) -> Iterator[Place]:
    """Depth first, without recursion."""
    stack = [Place(node, (), index == len(roots) - 1) for index, node in reversed(list(enumerate(roots)))]
    while stack:
        place = stack.pop()
        yield place
        children = place.node.children
        rails = (*place.rails, not place.is_last)
        for index, child in reversed(list(enumerate(children))):
            stack.append(Place(child, rails, index == len(children) - 1))

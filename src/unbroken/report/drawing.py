"""The picture drawn: as SVG by our own layered layout, and as text for Graphviz."""

from dataclasses import dataclass
from typing import Final

from unbroken.report.picture import Edge, Lane, Node, Picture, Shade, all_nodes
from unbroken.report.templates import environment

_NODE_WIDTH: Final = 158
_NODE_HEIGHT: Final = 44
_GAP: Final = 18
_ROW: Final = 84  # from the top of one row of nodes to that of the next
_LANE_HEAD: Final = 30
_LANE_FOOT: Final = 22
_LANE_GAP: Final = 22
_LEFT: Final = 14
_MIN_WIDTH: Final = 760
_LABEL: Final = 24  # characters of a label that have room


@dataclass(frozen=True, slots=True)
class PlacedNode:
    """A node and its upper left corner."""

    node: Node
    x: float
    y: float
    width: int = _NODE_WIDTH
    height: int = _NODE_HEIGHT


@dataclass(frozen=True, slots=True)
class PlacedLane:
    """A lane and the box that it fills."""

    lane: Lane
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class PlacedEdge:
    """An edge and the path that it takes (SVG path data)."""

    edge: Edge
    path: str


def to_svg(picture: Picture, *, standalone: bool = True) -> str:
    """An SVG document; not `standalone`, the element alone, for a page that has the styles. Everything is escaped."""
    width, height, lanes, nodes = _place(picture)
    places = {placed.node.key: placed for placed in nodes}
    edges = [PlacedEdge(edge, _path(places[edge.start], places[edge.end])) for edge in _drawn(picture, places)]
    template = environment().get_template("picture.svg.j2")
    return template.render(
        picture=picture, width=width, height=height, lanes=lanes, nodes=nodes, edges=edges, standalone=standalone,
        short=_short,
    )  # fmt: skip


def _drawn(picture: Picture, places: dict[str, PlacedNode]) -> list[Edge]:
    return [edge for edge in picture.edges if edge.start in places and edge.end in places]


def _place(picture: Picture) -> tuple[int, int, list[PlacedLane], list[PlacedNode]]:
    most = max((len(row) for lane in picture.lanes for row in lane.rows), default=1)
    width = max(2 * _LEFT + most * (_NODE_WIDTH + _GAP) + _GAP, _MIN_WIDTH)
    y, lanes, nodes = float(_LEFT), [], []
    for lane in picture.lanes:
        height = _LANE_HEAD + (len(lane.rows) - 1) * _ROW + _NODE_HEIGHT + _LANE_FOOT
        lanes.append(PlacedLane(lane, y, height))
        for number, row in enumerate(lane.rows):
            taken = len(row) * _NODE_WIDTH + (len(row) - 1) * _GAP
            x = (width - taken) / 2
            for node in row:
                nodes.append(PlacedNode(node, x, y + _LANE_HEAD + number * _ROW))
                x += _NODE_WIDTH + _GAP
        y += height + _LANE_GAP
    return width, int(y), lanes, nodes


def _path(start: PlacedNode, end: PlacedNode) -> str:
    """A curve from the lower edge of one node to the upper edge of the other; around the side within a row."""
    x1, y1 = start.x + start.width / 2, start.y + start.height
    x2, y2 = end.x + end.width / 2, end.y
    if y2 > y1:
        middle = (y1 + y2) / 2
        return f"M{x1:.0f} {y1:.0f} C{x1:.0f} {middle:.0f} {x2:.0f} {middle:.0f} {x2:.0f} {y2:.0f}"
    low = max(y1, end.y + end.height) + 22
    return f"M{x1:.0f} {y1:.0f} C{x1:.0f} {low:.0f} {x2:.0f} {low:.0f} {x2:.0f} {end.y + end.height:.0f}"


def _short(text: str) -> str:
    """A label that fits; all of it is in the title."""
    return text if len(text) <= _LABEL else text[: _LABEL - 1] + "…"


# --- Graphviz -----------------------------------------------------------------------------------------------------------

_COLOURS: Final = {
    Shade.GOOD: "#1a7f37",
    Shade.BAD: "#c1121f",
    Shade.UNSIGNED: "#9a6700",
    Shade.UNKNOWN: "#8250df",
    Shade.IDLE: "#6e7781",
}


def to_dot(picture: Picture) -> str:
    """A digraph for `dot -Tsvg`: one cluster a zone."""
    names = {node.key: f"n{number}" for number, node in enumerate(all_nodes(picture))}
    lines = [
        "digraph chain {",
        f"  label={_quoted(picture.summary)}; labelloc=t; rankdir=TB; fontname=sans;",
        "  node [fontname=sans, fontsize=11, style=filled, fillcolor=white]; edge [fontname=sans, fontsize=9];",
    ]
    for number, lane in enumerate(picture.lanes):
        lines.append(f"  subgraph cluster_{number} {{")
        lines.append(f"    label={_quoted('zone ' + lane.zone)}; color={_quoted(_COLOURS[lane.shade])};")
        lines += [f"    {names[node.key]} {_attributes(node)};" for row in lane.rows for node in row]
        lines.append("  }")
    for edge in picture.edges:
        if edge.start in names and edge.end in names:
            style = "solid" if edge.shade is Shade.GOOD else "dashed"
            colour = _quoted(_COLOURS[edge.shade])
            facts = f"color={colour}, style={style}, tooltip={_quoted(edge.title)}"
            lines.append(f"  {names[edge.start]} -> {names[edge.end]} [{facts}];")
    return "\n".join([*lines, "}"]) + "\n"


def _attributes(node: Node) -> str:
    shape = "ellipse" if node.is_round else "box"
    colour = _quoted(_COLOURS[node.shade])
    label = _quoted("\n".join(node.lines))
    return f"[label={label}, shape={shape}, color={colour}, tooltip={_quoted(node.title)}]"


def _quoted(text: str) -> str:
    """A string of the DOT language: backslashes would be escapes, quotes its end."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'

"""What came from what, as a layered graph: origins on the left, what was made of them to the right."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from assay.rendering.pictures.canvas import Picture, Point, element, label, path, plain, svg

NODE_WIDTH, NODE_HEIGHT = 176.0, 46.0
GAP_ACROSS, GAP_DOWN = 28.0, 16.0
SLOT = NODE_HEIGHT + GAP_DOWN


@dataclass(frozen=True)
class Node:
    """One record. `kind` is written in the box ("dataset version"); `colour` is that of its state, whose word stands
    in `note`; `gone` marks what was withdrawn or outdated."""

    id: str
    name: str
    kind: str
    note: str = ""
    url: str = ""
    here: bool = False
    gone: bool = False
    colour: str = ""


@dataclass(frozen=True)
class Edge:
    """`target` was made with `source`; `words` say how."""

    source: str
    target: str
    words: str = ""


Route = tuple[str, ...]


def lineage(nodes: Sequence[Node], edges: Sequence[Edge], *, title: str = "") -> Picture:
    """Boxes in layers, each right of everything it came from, joined by arrows that pass no box.

    Raises ValueError for two nodes of one id, an edge to an unknown node, and a circle (nothing is its
    own origin), naming the records.
    """
    by_id = {node.id: node for node in nodes}
    if len(by_id) != len(nodes):
        raise ValueError("two records of a lineage have the same id")
    for edge in edges:
        for end in (edge.source, edge.target):
            if end not in by_id:
                raise ValueError(f"the lineage names {end!r}, which is none of its records")
    layer = _layers(by_id, edges)
    columns, routes = _columns(layer, edges)
    columns = _ordered(columns, routes)
    places = _places(columns)
    width = max(len(columns), 1) * (NODE_WIDTH + GAP_ACROSS) - GAP_ACROSS + 4
    height = max((len(column) for column in columns), default=1) * SLOT - GAP_DOWN + 4
    parts = [part for route in routes for part in _arrow(route, places)]
    parts += [_box(node, *places[node.id]) for node in nodes]
    rows = [(by_id[edge.source].name, edge.words or gettext("went into"), by_id[edge.target].name) for edge in edges]
    said = "; ".join(" ".join(row) for row in rows)
    sentence = f"{said}." if said else gettext("Nothing came from it, and it came from nothing recorded.")
    role = "group" if any(node.url for node in nodes) else "img"  # an image hides the links inside it from readers
    markup = svg(parts, width, height, title or gettext("Lineage"), sentence, "a-pic a-lineage", role)
    return Picture(markup, sentence, (gettext("From"), gettext("How"), gettext("To")), rows)


def _layers(by_id: dict[str, Node], edges: Sequence[Edge]) -> dict[str, int]:
    """Layer of each node: one more than the furthest of its origins (longest path)."""
    origins: dict[str, set[str]] = {node_id: set() for node_id in by_id}
    for edge in edges:
        origins[edge.target].add(edge.source)
    layer: dict[str, int] = {}
    waiting = list(by_id)
    while waiting:
        settled = [node_id for node_id in waiting if all(origin in layer for origin in origins[node_id])]
        if not settled:
            raise ValueError(f"the lineage runs in a circle through {', '.join(sorted(waiting))}")
        for node_id in settled:
            layer[node_id] = 1 + max((layer[origin] for origin in origins[node_id]), default=-1)
        waiting = [node_id for node_id in waiting if node_id not in layer]
    return layer


def _columns(layer: dict[str, int], edges: Sequence[Edge]) -> tuple[list[list[str]], list[Route]]:
    """Nodes by layer, with an empty place in every layer that a longer arrow crosses; and each arrow's stops."""
    columns: list[list[str]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for node_id, number in layer.items():
        columns[number].append(node_id)
    routes: list[Route] = []
    for index, edge in enumerate(edges):
        stops = [edge.source]
        for number in range(layer[edge.source] + 1, layer[edge.target]):
            stops.append(f"\0{index}/{number}")  # no record can have this id
            columns[number].append(stops[-1])
        routes.append((*stops, edge.target))
    return columns, routes


def _ordered(columns: list[list[str]], routes: Sequence[Route]) -> list[list[str]]:
    """Each column sorted by the mean place of what leads into it, so that few arrows cross."""
    steps = [step for route in routes for step in pairwise(route)]
    place = {node_id: float(index) for column in columns for index, node_id in enumerate(column)}
    ordered = []
    for column in columns:
        wish = {}
        for node_id in column:
            origins = [place[source] for source, target in steps if target == node_id]
            wish[node_id] = sum(origins) / len(origins) if origins else place[node_id]
        ranked = sorted(column, key=lambda node_id: (wish[node_id], place[node_id]))
        place |= {node_id: float(index) for index, node_id in enumerate(ranked)}
        ordered.append(ranked)
    return ordered


def _places(columns: list[list[str]]) -> dict[str, Point]:
    """Upper left corner of each box or empty place; columns are centred on the tallest one."""
    tallest = max((len(column) for column in columns), default=0)
    places = {}
    for across, column in enumerate(columns):
        shift = (tallest - len(column)) * SLOT / 2
        for down, node_id in enumerate(column):
            places[node_id] = (2 + across * (NODE_WIDTH + GAP_ACROSS), 2 + shift + down * SLOT)
    return places


def _arrow(route: Route, places: dict[str, Point]) -> list[SafeString]:
    """A curve from box to box, level across every empty place on its way, and its head."""
    middle = {stop: places[stop][1] + NODE_HEIGHT / 2 for stop in route}
    drawn = ""
    for source, target in pairwise(route):
        start = places[source][0] + NODE_WIDTH
        end = places[target][0] - (6 if target == route[-1] else 0)
        bend = (start + end) / 2
        drawn += f"{'L' if drawn else 'M'}{plain(start)} {plain(middle[source])}"
        drawn += f"C{plain(bend)} {plain(middle[source])} {plain(bend)} {plain(middle[target])}"
        drawn += f" {plain(end)} {plain(middle[target])}"
    tip = places[route[-1]][0] - 1
    head = f"M{plain(tip)} {plain(middle[route[-1]])}l-7-4v8z"
    return [path(drawn, "p-edge"), path(head, "p-edge-head")]


def _box(node: Node, x: float, y: float) -> SafeString:
    tone = "p-box gone" if node.gone else "p-box here" if node.here else "p-box"
    under = ", ".join(part for part in (node.kind, node.note) if part)
    parts = [
        element("title", escape(f"{node.name}, {under}")),
        element("rect", tone=tone, x=x, y=y, width=NODE_WIDTH, height=NODE_HEIGHT, rx=3),
    ]
    if node.colour:
        parts.append(element("rect", tone=f"p-stripe {node.colour}", x=x + 1, y=y + 4, width=3, height=NODE_HEIGHT - 8))
    group = element(
        "g",
        *parts,
        label(x + 10, y + 19, _cut(node.name, 27), "b"),
        label(x + 10, y + 35, _cut(under, 30)),
    )
    return element("a", group, href=node.url) if node.url else group


def _cut(words: str, length: int) -> str:
    return words if len(words) <= length else words[: length - 1] + "\u2026"

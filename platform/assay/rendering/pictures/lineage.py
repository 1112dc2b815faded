"""What came from what, as a layered graph: origins on the left, what was made of them to the right."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from assay.rendering.pictures.canvas import Picture, element, label, path, plain, svg

NODE_WIDTH, NODE_HEIGHT = 170.0, 46.0
GAP_ACROSS, GAP_DOWN = 56.0, 16.0


@dataclass(frozen=True)
class Node:
    """One record. `kind` is written in the box ("dataset version"); `gone` marks what was withdrawn or outdated."""

    id: str
    name: str
    kind: str
    note: str = ""
    url: str = ""
    here: bool = False
    gone: bool = False


@dataclass(frozen=True)
class Edge:
    """`target` was made with `source`; `words` say how."""

    source: str
    target: str
    words: str = ""


def lineage(nodes: Sequence[Node], edges: Sequence[Edge], *, title: str = "") -> Picture:
    """Boxes in layers, each right of everything it came from, joined by arrows.

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
    columns = _ordered(_layers(by_id, edges), edges)
    places = _places(columns)
    tallest = max((len(column) for column in columns), default=1)
    width = max(len(columns), 1) * (NODE_WIDTH + GAP_ACROSS) - GAP_ACROSS + 4
    height = tallest * (NODE_HEIGHT + GAP_DOWN) - GAP_DOWN + 4
    parts = [part for edge in edges for part in _arrow(edge, places)]
    parts += [_box(by_id[node_id], *places[node_id]) for column in columns for node_id in column]
    said = [
        f"{by_id[edge.source].name} {edge.words or gettext('went into')} {by_id[edge.target].name}" for edge in edges
    ]
    sentence = "; ".join(said) + "." if said else gettext("Nothing came from it, and it came from nothing recorded.")
    rows = [(by_id[edge.source].name, edge.words or gettext("went into"), by_id[edge.target].name) for edge in edges]
    headers = (gettext("From"), gettext("How"), gettext("To"))
    markup = svg(parts, width, height, title or gettext("Lineage"), sentence, "a-pic a-lineage")
    return Picture(markup, sentence, headers, rows)


def _layers(by_id: dict[str, Node], edges: Sequence[Edge]) -> list[list[str]]:
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
    columns: list[list[str]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for node_id in by_id:
        columns[layer[node_id]].append(node_id)
    return columns


def _ordered(columns: list[list[str]], edges: Sequence[Edge]) -> list[list[str]]:
    """Each column sorted by the mean place of its origins, so that few arrows cross."""
    place = {node_id: float(index) for column in columns for index, node_id in enumerate(column)}
    ordered = []
    for column in columns:
        wish = {}
        for node_id in column:
            origins = [place[edge.source] for edge in edges if edge.target == node_id]
            wish[node_id] = sum(origins) / len(origins) if origins else place[node_id]
        ranked = sorted(column, key=lambda node_id: (wish[node_id], place[node_id]))
        place |= {node_id: float(index) for index, node_id in enumerate(ranked)}
        ordered.append(ranked)
    return ordered


def _places(columns: list[list[str]]) -> dict[str, tuple[float, float]]:
    """Upper left corner of each box; columns are centred on the tallest one."""
    tallest = max((len(column) for column in columns), default=0)
    places = {}
    for across, column in enumerate(columns):
        shift = (tallest - len(column)) * (NODE_HEIGHT + GAP_DOWN) / 2
        for down, node_id in enumerate(column):
            places[node_id] = (2 + across * (NODE_WIDTH + GAP_ACROSS), 2 + shift + down * (NODE_HEIGHT + GAP_DOWN))
    return places


def _arrow(edge: Edge, places: dict[str, tuple[float, float]]) -> list[SafeString]:
    (left, upper), (right, lower) = places[edge.source], places[edge.target]
    x1, y1 = left + NODE_WIDTH, upper + NODE_HEIGHT / 2
    x2, y2 = right - 6, lower + NODE_HEIGHT / 2
    bend = x1 + GAP_ACROSS / 2
    controls = f"{plain(bend)} {plain(y1)} {plain(x2 - GAP_ACROSS / 2)} {plain(y2)}"
    curve = f"M{plain(x1)} {plain(y1)}C{controls} {plain(x2)} {plain(y2)}"
    head = f"M{plain(x2 + 5)} {plain(y2)}l-7-4v8z"
    return [path(curve, "p-edge"), path(head, "p-edge-head")]


def _box(node: Node, x: float, y: float) -> SafeString:
    tone = "p-box gone" if node.gone else "p-box here" if node.here else "p-box"
    under = " · ".join(part for part in (node.kind, node.note) if part)
    drawing = [
        element("title", escape(f"{node.name}, {under}")),
        element("rect", tone=tone, x=x, y=y, width=NODE_WIDTH, height=NODE_HEIGHT, rx=3),
        label(x + 10, y + 19, _cut(node.name, 24), "b"),
        label(x + 10, y + 35, _cut(under, 28)),
    ]
    group = element("g", *drawing)
    return element("a", group, href=node.url) if node.url else group


def _cut(words: str, length: int) -> str:
    return words if len(words) <= length else words[: length - 1] + "\u2026"

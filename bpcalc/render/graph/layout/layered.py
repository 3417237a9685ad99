"""picture -> coordinates: inputs at the top, the output at the bottom, arrows downward.

A layered drawing after Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical
system structures", IEEE Transactions on Systems, Man, and Cybernetics 11 (1981): ranks (layers.py),
an order in each rank with few crossings (ordering.py), then x (columns.py) and y. Labels have ranks
of their own between those of the boxes, as in Graphviz (Gansner, Koutsofios, North and Vo, "A
technique for drawing directed graphs", 1993): so no label can lie on a box, an arrow or another
label.

Lengths are px, y grows downward, and (0, 0) is the top left corner of what is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bpcalc.render.graph.layout.columns import Columns
from bpcalc.render.graph.layout.layers import Layers
from bpcalc.render.graph.layout.sizes import BESIDE
from bpcalc.render.graph.picture import Picture

TIP = 8
"""The length of the tip of an arrow, px."""

_LOWEST, _LOW, _HIGHEST = 14, 22, 70
"""The gap between two levels, px: of straight arrows, of others at least and at most."""

_SLOPE = 0.16
"""How much of it there is for each px that an arrow leads to the side."""


class Rectangle(NamedTuple):
    """Where a box or a label stands: its left top corner and its size, px."""

    x: float
    y: float
    width: float
    height: float


class Run(NamedTuple):
    """A vertical piece of an arrow, px."""

    x: float
    top: float
    bottom: float


class Route(NamedTuple):
    """How an arrow leads: vertical runs, with a curve from each to the next."""

    runs: Sequence[Run]
    label: Rectangle
    """Where its label stands; without one, a place of no size beside the arrow."""


class Layout(NamedTuple):
    """Where everything stands, in the order of the picture."""

    width: float
    height: float
    boxes: Sequence[Rectangle]
    routes: Sequence[Route]


def layout(picture: Picture) -> Layout:
    """The coordinates of every box and arrow."""
    layers = Layers(picture)
    columns = Columns(layers)
    rows = _rows(layers, columns)
    boxes = [_box(at, layers, columns, rows) for at in range(len(layers.boxes))]
    routes = [_route(at, layers, columns, rows, boxes) for at in range(len(layers.ends))]
    return _from_the_left(boxes, routes, rows[-1].bottom if rows else 0)


class _Row(NamedTuple):
    """From where to where a level reaches, px."""

    top: float
    bottom: float

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def _rows(layers: Layers, columns: Columns) -> list[_Row]:
    """The rows of all levels: further apart where arrows lead further to the side."""
    rows: list[_Row] = []
    top = 0.0
    for level in layers.order:
        rows.append(_Row(top, top + max(layers.heights[point] for point in level)))
        links = [(upper, lower) for upper in level for lower in layers.below[upper]]
        aside = max((columns.aside(*link) for link in links), default=0)
        gap = min(_LOW + _SLOPE * aside, _HIGHEST) if aside > 1 else _LOWEST
        top = rows[-1].bottom + gap
    return rows


def _box(at: int, layers: Layers, columns: Columns, rows: Sequence[_Row]) -> Rectangle:
    width, height = layers.boxes[at]
    middle = rows[layers.level[at]].middle
    return Rectangle(columns.x[at] - width / 2, middle - height / 2, width, height)


def _route(
    at: int,
    layers: Layers,
    columns: Columns,
    rows: Sequence[_Row],
    boxes: Sequence[Rectangle],
) -> Route:
    tail, head = layers.ends[at]
    leaves, meets = columns.ends(at)
    runs = [
        Run(leaves, boxes[tail].y + boxes[tail].height, rows[layers.level[tail]].bottom),
        *(Run(columns.x[bend], *rows[layers.level[bend]]) for bend in layers.bends[at]),
        Run(meets, rows[layers.level[head]].top - TIP, boxes[head].y),
    ]
    bend = layers.label_bend(at)
    width, height = layers.labels[at]
    top = rows[layers.level[bend]].middle - height / 2
    return Route(runs, Rectangle(columns.x[bend] + BESIDE, top, width, height))


def _from_the_left(boxes: Sequence[Rectangle], routes: Sequence[Route], height: float) -> Layout:
    """All of it, moved so that the leftmost thing begins at 0."""
    bends = [run.x for route in routes for run in route.runs]
    labels = [label.x + label.width for _, label in routes]
    left = min([*(box.x for box in boxes), *bends], default=0)
    right = max([*(box.x + box.width for box in boxes), *bends, *labels], default=0)
    return Layout(
        right - left,
        height,
        [box._replace(x=box.x - left) for box in boxes],
        [
            Route([run._replace(x=run.x - left) for run in runs], label._replace(x=label.x - left))
            for runs, label in routes
        ],
    )

"""picture -> its legend: only what occurs in the picture is explained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from bpcalc.render.graph.layout import Rectangle, Run
from bpcalc.render.graph.layout.sizes import BESIDE, SMALL, label_size, width_of
from bpcalc.render.graph.picture import Picture
from bpcalc.render.graph.shapes import (
    arrow_shapes,
    cross,
    label_shapes,
    numbers,
    outlines,
    sample_lines,
    text,
)

_HEIGHT = 60
_ROW = 18
"""Of a key, px."""

_ROWS = 4
"""Keys in a column."""

_GAP = 26
_KEY = 34
"""From the left of a key's sign to its words, px."""

_KINDS = {
    "variable": "variable",
    "constant": "constant",
    "operation": "operation",
    "group": "several operations",
    "outside": "from elsewhere",
}


class Part(NamedTuple):
    """A piece of a drawing: its size, px, and its SVG, drawn from (0, 0) on."""

    width: float
    height: float
    svg: str


def legend(picture: Picture, widest: float) -> Part:
    """The legend, in rows of at most `widest` px where its parts allow that."""
    x = y = width = height = 0.0
    placed = []
    for part in _parts(picture):
        if x and x + part.width > widest:
            x, y, height = 0, y + height + _ROW, 0
        placed.append(f'<g transform="translate({numbers(x, y)})">{part.svg}</g>')
        width, height = max(width, x + part.width), max(height, part.height)
        x += part.width + _GAP
    return Part(width, y + height, f'<g class="legend">{"".join(placed)}</g>')


def _parts(picture: Picture) -> Iterator[Part]:
    if any(box.gradient for box in picture.boxes):
        yield _sample_box()
    if any(arrow.share for arrow in picture.arrows):
        yield _sample_arrow()
    keys = list(_keys(picture))
    for first in range(0, len(keys), _ROWS):
        yield _column(keys[first : first + _ROWS])


def _sample_box() -> Part:
    """Value above the line, gradient below it."""
    place = Rectangle(0, 9, 84, 42)
    return Part(84, _HEIGHT, outlines("operation", place) + sample_lines(place))


def _sample_arrow() -> Part:
    lines = ["upstream × local", "= share of the gradient"]
    width, height = label_size(lines)
    label = label_shapes(lines, Rectangle(5 + BESIDE, (_HEIGHT - height) / 2, width, height))
    way = f'<g class="arrow">{arrow_shapes([Run(5, 4, _HEIGHT - 2)])}</g>'
    return Part(5 + BESIDE + width, _HEIGHT, way + label)


def _keys(picture: Picture) -> Iterator[tuple[str, str]]:
    """(sign, words) for what occurs in the picture."""
    sign = Rectangle(0, 2, 26, 12)
    kinds = {box.kind for box in picture.boxes}
    for kind, words in _KINDS.items():
        if kind in kinds:
            yield f'<g class="{kind}">{outlines(kind, sign)}</g>', words
    if any(box.output for box in picture.boxes):
        yield outlines("operation", sign, output=True), "output"
    if any(not arrow.flows for arrow in picture.arrows):
        yield '<g class="blocked"><path class="way" d="M0 8H26"/></g>', "no gradient flows"
    if any(box.right for box in picture.boxes):
        yield cross(13, 8), "the check disagrees"


def _column(keys: list[tuple[str, str]]) -> Part:
    rows = [
        f'<g transform="translate(0 {_ROW * at})">{sign}{text(words, "key", _KEY, 8, SMALL)}</g>'
        for at, (sign, words) in enumerate(keys)
    ]
    width = _KEY + max(width_of(words, SMALL) for _, words in keys)
    return Part(width, _ROW * len(rows), "".join(rows))

"""picture -> SVG: one text that needs no other file, no script and no font.

In every box the value stands above the line and the gradient below it; every arrow leads the way of
the values, and beside it stands what comes back: upstream × local = share.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import NamedTuple

from bpcalc.errors import printable
from bpcalc.render.graph.layout import Layout, layout
from bpcalc.render.graph.layout.sizes import SMALL, SMALL_LINE, label_lines
from bpcalc.render.graph.legend import Part, legend
from bpcalc.render.graph.picture import Arrow, Box, Picture
from bpcalc.render.graph.shapes import (
    arrow_shapes,
    box_shapes,
    escaped,
    label_shapes,
    number,
    numbers,
    spoken,
    text,
)
from bpcalc.render.graph.style import STYLE

_MARGIN = 14
_BEFORE_LEGEND = 24
_LEGEND = 430
"""The legend may be as wide as the graph, or this: px."""

_SPOKEN = 12
"""Variables whose gradients the description says."""


class Drawing(NamedTuple):
    """The graph alone, for a page that puts its own frame around it."""

    width: float
    height: float
    """px."""
    body: str
    """SVG elements, from (0, 0) on; they want STYLE, and the class bpcalc-graph around them."""


def svg(picture: Picture, *, prefix: str = "") -> str:
    """The whole picture with legend and notes; `prefix` goes before every id."""
    graph = drawing(picture, prefix=prefix)
    widest = max(graph.width, _LEGEND)
    below = [legend(picture, widest), _notes(picture, widest)]
    below = [part for part in below if part.width]
    width = max(graph.width, *(part.width for part in below), 0) + 2 * _MARGIN
    parts = [_shifted(graph.body, (width - graph.width) / 2, _MARGIN)]
    bottom = _MARGIN + graph.height
    for part in below:
        parts.append(_shifted(part.svg, _MARGIN, bottom + _BEFORE_LEGEND))
        bottom += _BEFORE_LEGEND + part.height
    return _framed(picture, prefix, width, bottom + _MARGIN, "\n".join(parts))


def drawing(picture: Picture, *, prefix: str = "") -> Drawing:
    """The boxes and arrows alone.

    A box is <g class="box KIND" data-node="n5">, an arrow <g class="arrow" data-tail="n4"
    data-head="n5" data-arg="0">, in the order of the picture; data-arg is missing where an arrow
    stands for several edges.
    """
    placed = layout(picture)
    body = [*_arrows(picture, placed, prefix), *_boxes(picture, placed, prefix)]
    return Drawing(placed.width, placed.height, "\n".join(body))


def _framed(picture: Picture, prefix: str, width: float, height: float, body: str) -> str:
    w, h, ids = number(width), number(height), escaped(prefix)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" class="bpcalc-graph" width="{w}" height="{h}" \
viewBox="0 0 {w} {h}" role="img" aria-labelledby="{ids}title {ids}desc">
<title id="{ids}title">{escaped(picture.title) or "computation graph"}</title>
<desc id="{ids}desc">{escaped(described(picture), 2000)}</desc>
<style>{STYLE}</style>
<rect class="paper" width="{w}" height="{h}"/>
{body}
</svg>
"""


def described(picture: Picture) -> str:
    """What the picture shows, in a few sentences."""
    boxes, arrows = len(picture.boxes), len(picture.arrows)
    said = [f"A computation graph of {boxes} nodes and {arrows} arrows, from inputs to output."]
    said += [f"Output {spoken(box)}." for box in picture.boxes if box.output]
    inputs = [box for box in picture.boxes if box.kind == "variable"]
    said += [f"Variable {spoken(box)}." for box in inputs[:_SPOKEN]]
    if len(inputs) > _SPOKEN:
        said.append(f"{len(inputs) - _SPOKEN} more variables.")
    return " ".join([*said, *picture.notes])


def _shifted(body: str, x: float, y: float) -> str:
    return f'<g transform="translate({numbers(x, y)})">\n{body}\n</g>'


def _boxes(picture: Picture, placed: Layout, prefix: str) -> Iterator[str]:
    chosen = any(box.selected for box in picture.boxes)
    for box, place in zip(picture.boxes, placed.boxes):
        name = escaped(box.id)
        yield (
            f'<g class="{_classes(box, chosen)}" id="{escaped(prefix)}{name}" data-node="{name}">'
            f"{box_shapes(box, place)}</g>"
        )


def _arrows(picture: Picture, placed: Layout, prefix: str) -> Iterator[str]:
    chosen = any(box.selected for box in picture.boxes)
    for at, (arrow, route) in enumerate(zip(picture.arrows, placed.routes)):
        arg = "" if arrow.arg is None else f' data-arg="{arrow.arg}"'
        yield (
            f'<g class="{_arrow_classes(arrow, chosen)}" id="{escaped(prefix)}arrow{at}" '
            f'data-tail="{escaped(arrow.tail)}" data-head="{escaped(arrow.head)}"{arg}>'
            f"{arrow_shapes(route.runs)}{label_shapes(label_lines(arrow), route.label)}</g>"
        )


def _classes(box: Box, chosen: bool) -> str:
    marks = {
        "output": box.output,
        "wrong": bool(box.right),
        "selected": box.selected,
        "faint": chosen and not box.selected,
    }
    return " ".join(["box", box.kind, *(name for name, is_so in marks.items() if is_so)])


def _arrow_classes(arrow: Arrow, chosen: bool) -> str:
    marks = {
        "blocked": not arrow.flows,
        "selected": arrow.selected,
        "faint": chosen and not arrow.selected,
    }
    return " ".join(["arrow", *(name for name, is_so in marks.items() if is_so)])


def _notes(picture: Picture, widest: float) -> Part:
    """The notes, broken into lines."""
    lines = [
        line
        for note in picture.notes
        for line in wrap(printable(note), max(20, int(min(widest, 900) / (SMALL * 0.58))))
    ]
    drawn = [text(line, "note", 0, SMALL_LINE * (at + 0.5), SMALL) for at, line in enumerate(lines)]
    return Part(min(widest, 900) if lines else 0, SMALL_LINE * len(lines), "".join(drawn))

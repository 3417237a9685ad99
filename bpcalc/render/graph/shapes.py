"""The pieces of a drawing as SVG: text, outlines, arrows.

Only here does text become markup, and every text passes `escaped`: what a formula says can neither
end an element nor begin one. Coordinates are px, rounded to a tenth.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise

from bpcalc.errors import printable
from bpcalc.render.graph.layout import TIP, Rectangle, Run
from bpcalc.render.graph.layout.sizes import FONT, LINE, PADDING, SMALL, BoxText, box_text
from bpcalc.render.graph.picture import Box

_CORNER = 9
"""Of a constant, cut off; of a variable, rounded: px."""

_BASELINE = 0.34
"""From the middle of a line down to its baseline, over the size of the font."""

_WORST_TITLE = 500
"""Characters of the longest tooltip."""


def escaped(text: str, longest: int = _WORST_TITLE) -> str:
    """`text` on one line, for XML, between tags or in an attribute; control characters go."""
    return escape(printable(text, longest))


def number(px: float) -> str:
    """A coordinate: `12`, `12.5`."""
    text = f"{px:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def numbers(*px: float) -> str:
    """Coordinates with spaces between."""
    return " ".join(map(number, px))


def text(words: str, css: str, x: float, middle: float, font: float = FONT) -> str:
    """A line of text; `middle` is the height of its middle."""
    y = middle + font * _BASELINE
    return f'<text class="{css}" x="{number(x)}" y="{number(y)}">{_runs(words, css)}</text>'


def _runs(words: str, css: str) -> str:
    """The text of a line; in a heading the name stands out."""
    if css != "heading":
        return escaped(words)
    name, equals, formula = words.partition(" = ")
    return f'<tspan class="name">{escaped(name)}</tspan>{equals}{escaped(formula)}'


# Boxes


def box_shapes(box: Box, place: Rectangle) -> str:
    """A box with everything in it."""
    lines = box_text(box)
    return "".join(
        [
            f"<title>{escaped(spoken(box))}</title>",
            outlines(box.kind, place, output=box.output),
            *_lines(lines, place),
            _cross(place) if box.right else "",
        ]
    )


def spoken(box: Box) -> str:
    """The box in words: for the tooltip, and for who cannot see it."""
    said = [f"value {box.value}"] if box.value else []
    said += [f"gradient {box.gradient}"] if box.gradient else []
    said += [f"the check says {box.right}"] if box.right else []
    return f"{printable(box.heading, 300)}: {', '.join(said)}" if said else box.heading


def _lines(lines: BoxText, place: Rectangle) -> list[str]:
    x = place.x + place.width / 2
    first = place.y + (PADDING + LINE) / 2
    words = [
        (lines.heading, "heading"),
        *((line, "value") for line in lines.above),
        *((line, "gradient") for line in lines.below),
        *((line, "right") for line in lines.right),
    ]
    drawn = [text(line, css, x, first + LINE * at) for at, (line, css) in enumerate(words)]
    if lines.below:
        drawn.insert(-1, _rule(place, first + LINE * (len(lines.above) + 0.5)))
    return drawn


def _rule(place: Rectangle, y: float) -> str:
    """The line between value and gradient, from side to side."""
    return (
        f'<path class="rule" d="M{numbers(place.x + 5, y)}H{number(place.x + place.width - 5)}"/>'
    )


def sample_lines(place: Rectangle) -> str:
    """What the legend says in its box."""
    x, y, width, height = place
    words = (("value", 0.25), ("gradient", 0.75))
    lines = [text(word, word, x + width / 2, y + height * at, SMALL) for word, at in words]
    return _rule(place, y + height / 2) + "".join(lines)


def outlines(kind: str, place: Rectangle, *, output: bool = False) -> str:
    """The outline by the kind, so that kinds differ without any colour; the output's is double."""
    drawn = []
    if kind == "group":
        shifted = place._replace(x=place.x + 4, y=place.y - 4)
        drawn.append(_outline(kind, shifted, "behind"))
    drawn.append(_outline(kind, place, "outline"))
    if output:
        x, y, width, height = place
        drawn.append(_outline(kind, Rectangle(x + 3, y + 3, width - 6, height - 6), "inner"))
    return "".join(drawn)


def _outline(kind: str, place: Rectangle, css: str) -> str:
    """A rounded outline for a variable, cut corners for a constant, else a rectangle."""
    x, y, width, height = place
    corner = min(_CORNER, height / 3)
    if kind == "constant":
        h, v = number(width - 2 * corner), number(height - 2 * corner)
        c = number(corner)
        path = f"M{numbers(x + corner, y)}h{h}l{c} {c}v{v}l-{c} {c}h-{h}l-{c} -{c}v-{v}z"
        return f'<path class="{css}" d="{path}"/>'
    rx = number(min(16, height / 2) if kind == "variable" else 2)
    return (
        f'<rect class="{css}" x="{number(x)}" y="{number(y)}" width="{number(width)}" '
        f'height="{number(height)}" rx="{rx}"/>'
    )


def _cross(place: Rectangle) -> str:
    """A cross on the top right corner: the check says something else."""
    return cross(place.x + place.width - 1, place.y + 1)


def cross(x: float, y: float) -> str:
    """A cross around a point."""
    return f'<path class="cross" d="M{numbers(x - 5, y - 5)}l10 10m0 -10l-10 10"/>'


# Arrows


def arrow_shapes(runs: Sequence[Run]) -> str:
    """An arrow along vertical runs, and its tip."""
    x, _, end = runs[-1]
    tip = f"M{numbers(x, end)}l-4 -{TIP + 1}h8z"
    return f'<path class="way" d="{_way(runs)}"/><path class="tip" d="{tip}"/>'


def _way(runs: Sequence[Run]) -> str:
    """The vertical runs, joined by curves that leave and arrive vertically."""
    pieces = [f"M{numbers(runs[0].x, runs[0].top)}"]
    for before, run in pairwise(runs):
        if number(before.x) == number(run.x):
            continue
        if number(before.bottom) != number(before.top):
            pieces.append(f"V{number(before.bottom)}")
        half = (before.bottom + run.top) / 2
        pieces.append(f"C{numbers(before.x, half, run.x, half, run.x, run.top)}")
    end = runs[-1].bottom - TIP
    pieces.append(f"V{number(end)}")
    return "".join(pieces)


def label_shapes(lines: Sequence[str], place: Rectangle) -> str:
    """The lines beside an arrow."""
    height = place.height / max(1, len(lines))
    return "".join(
        text(line, "label", place.x, place.y + height * (at + 0.5), SMALL)
        for at, line in enumerate(lines)
    )

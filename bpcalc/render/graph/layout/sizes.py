"""box, arrow -> the lines of text in it, and the room they take, in px.

Widths are counted in cells of a monospaced font, so that a picture is the same on every machine
whatever fonts it has: a drawing that asked the font would need one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bpcalc.errors import cells, printable
from bpcalc.render.graph.picture import Arrow, Box

FONT = 13
"""Of the text in boxes, px."""

SMALL = 11
"""Of the text beside arrows, in the legend and in notes, px."""

LINE = 17
"""From one line of a box to the next, px."""

SMALL_LINE = 14
"""From one line beside an arrow to the next, px."""

PADDING = 9
"""From the outline of a box to its text, px."""

BESIDE = 5
"""From an arrow to its label, px."""

_CELL = 0.62
"""Of the font size; of the usual fonts SF Mono is the widest, with 0.616."""

_LONGEST = 40
"""Cells of the longest line; the tooltip of a box has all of it."""

_ONE_LINE = 15
"""Cells of the longest label on one line: `upstream × local = share` has two with long numbers."""

_NARROWEST = 40


class Size(NamedTuple):
    """Of a rectangle, px."""

    width: float
    height: float


class BoxText(NamedTuple):
    """The lines of a box: its heading, and where there are values what stands around the rule."""

    heading: str
    above: Sequence[str]
    """The value."""
    below: Sequence[str]
    """The gradient."""
    right: Sequence[str]
    """What the check says instead."""

    @property
    def size(self) -> Size:
        """Of the box, outline included."""
        lines = [self.heading, *self.above, *self.below, *self.right]
        width = max(width_of(line, FONT) for line in lines) + 2 * PADDING
        return Size(max(width, _NARROWEST), LINE * len(lines) + PADDING)


def box_text(box: Box) -> BoxText:
    """The lines of a box, cut where they are very long."""
    right = box.right.replace(", ", "\n").splitlines()
    return BoxText(
        clipped(box.heading),
        [clipped(box.value)] if box.value else [],
        [clipped(box.gradient)] if box.gradient else [],
        [clipped(f"check: {line}") for line in right],
    )


def label_lines(arrow: Arrow) -> list[str]:
    """The lines beside an arrow: `1 × 4 = 4`, in two where the numbers are long."""
    product, equals, share = arrow.share.partition(" = ")
    if not equals or cells(arrow.share) <= _ONE_LINE:
        return [clipped(arrow.share)] if arrow.share else []
    return [clipped(product), clipped(f"= {share}")]


def label_size(lines: Sequence[str]) -> Size:
    """Of the lines beside an arrow."""
    return Size(max((width_of(line, SMALL) for line in lines), default=0), SMALL_LINE * len(lines))


def width_of(text: str, font: float) -> float:
    """Of a line in a monospaced font of `font` px."""
    return cells(text) * _CELL * font


def clipped(text: str, longest: int = _LONGEST) -> str:
    """`text` on one line of at most `longest` cells, without control characters."""
    text = printable(text, longest + 1)
    while cells(text) > longest:
        text = text[:-2] + "…"
    return text

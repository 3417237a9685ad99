"""(step, loss) ... -> a small picture of characters: the loss over the steps.

A column is as high as the block characters show it, in eighths of a line: a point of the curve, or
the mean of many, where each is the loss of another batch.
Where the loss falls by more than a factor of a thousand, the axis is logarithmic, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from typing import TypeAlias

Points: TypeAlias = "Sequence[tuple[int, float]]"

LINES = 6
_BLOCKS = " ▁▂▃▄▅▆▇█"
_ASCII = " ...:::||"
_WIDE_RANGE = 1000.0


def loss_curve(points: Points, width: int, unicode: bool = True, means: bool = False) -> list[str]:
    """The lines of the picture; none where there is nothing to see."""
    columns = min(width - 14, len(points))
    if columns < 3:
        return []
    heights = _means(points, columns) if means else _samples(points, columns)
    if not all(height - height == 0 for height in heights):
        return []
    low, high = min(heights), max(heights)
    logarithmic = low > 0 and high / low > _WIDE_RANGE
    if logarithmic:
        heights = [log10(height) for height in heights]
    bottom, top = min(heights), max(heights)
    if not (top - bottom > 0 and top - bottom < 1e300):
        return []
    blocks = _BLOCKS if unicode else _ASCII
    levels = [1 + (8 * LINES - 1) * (height - bottom) / (top - bottom) for height in heights]
    lines = []
    for line in range(LINES - 1, -1, -1):
        label = {LINES - 1: f"{high:.3g}", 0: f"{low:.3g}"}.get(line, "")
        cells = "".join(blocks[max(0, min(8, round(level - 8 * line)))] for level in levels)
        lines.append(f"{label:>10} {'│' if unicode else '|'}{cells}".rstrip())
    first, last = str(points[0][0]), f"{points[-1][0]:,}"
    scale = "loss, logarithmic" if logarithmic else "loss"
    room = max(1, columns - len(first) - len(last))
    return [f" {scale}", *lines, f"{'':12}{first}{'':{room}}{last}"]


def _samples(points: Points, columns: int) -> list[float]:
    """The losses at even distances, the first and the last among them."""
    last = len(points) - 1
    return [points[round(column * last / (columns - 1))][1] for column in range(columns)]


def _means(points: Points, columns: int) -> list[float]:
    """The mean loss of the points that fall into each column."""
    found: list[list[float]] = [[] for _ in range(columns)]
    for place, (_, value) in enumerate(points):
        found[place * columns // len(points)].append(value)
    return [sum(part) / len(part) for part in found]

"""The paths of an SVG with as few points as look the same: a third of the file, or less."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

Point: TypeAlias = tuple[float, float]

TOLERANCE = 0.06
"""How far a line may move: pt."""

_PATH = re.compile(r' d="([^"]*)"')
_DECIMAL = re.compile(r"-?\d+\.\d+")
_CURVED = re.compile("[CQHVAST]")
_PARTS = re.compile(r"(?=M)")
_POINT = re.compile(r"[ML] (\S+) (\S+)")


def thinned(svg: str) -> str:
    """The same picture; coordinates are rounded to a hundredth of a point."""
    return _PATH.sub(lambda found: f' d="{_path(found[1])}"', svg)


def _path(path: str) -> str:
    if _CURVED.search(path):
        return " ".join(_DECIMAL.sub(lambda number: _text(float(number[0])), path).split())
    return "".join(_part(part) for part in _PARTS.split(path) if part)


def _part(part: str) -> str:
    """A line without a gap."""
    points = [(float(x), float(y)) for x, y in _POINT.findall(part)]
    kept = [f"{_text(x)} {_text(y)}" for x, y in fewer(points)]
    return f"M{'L'.join(kept)}{'z' if 'z' in part else ''}"


def _text(number: float) -> str:
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def fewer(points: Sequence[Point]) -> list[Point]:
    """The points from which no other is farther away than the tolerance (Ramer, Douglas, Peucker).

    >>> fewer([(0, 0), (1, 0.01), (2, 0), (2, 5)])
    [(0, 0), (2, 0), (2, 5)]
    """
    if not points:
        return []
    last = len(points) - 1
    kept = {0, last}
    waiting = [(0, last)]
    while waiting:
        begin, end = waiting.pop()
        if end - begin < 2:
            continue
        place, distance = _farthest(points, begin, end)
        if distance > TOLERANCE:
            kept.add(place)
            waiting += [(begin, place), (place, end)]
    return [points[place] for place in sorted(kept)]


def _farthest(points: Sequence[Point], begin: int, end: int) -> tuple[int, float]:
    """Which point between two is farthest from the line through them, and how far."""
    (x, y), (to_x, to_y) = points[begin], points[end]
    dx, dy = to_x - x, to_y - y
    length = (dx * dx + dy * dy) ** 0.5
    found = begin + 1, -1.0
    for place in range(begin + 1, end):
        px, py = points[place][0] - x, points[place][1] - y
        along = (px * dx + py * dy) / length**2 if length > 1e-9 else 0.0
        along = min(1.0, max(0.0, along))
        distance = ((px - along * dx) ** 2 + (py - along * dy) ** 2) ** 0.5
        if distance > found[1]:
            found = place, distance
    return found

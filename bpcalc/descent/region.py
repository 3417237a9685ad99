"""The way of a descent -> the part of the plane, or of the line, that a picture of it shows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from math import dist, hypot, isfinite
from typing import NamedTuple

from bpcalc.descent.trail import Point

MARGIN = 0.18
"""Around the way, as a part of its extent."""

FAR = 12.0
"""A run that leaves is followed until it is so many times as far from its start as that lies from
the origin, or as its first step was long: later steps would hide the first ones."""

NARROW = 4.0
"""Up to this ratio of the sides a picture has the same unit along both."""

_FLAT = 1e-6
"""Below this part of the other one an extent is none."""

_STILL = 1e-9
"""Below this part of the numbers themselves they have not moved."""

_TOO_LARGE = 1e100
"""Of which a picture's squares and margins would overflow."""


class Range(NamedTuple):
    """From where to where, along an axis."""

    low: float
    high: float


def visible(points: Sequence[Point], leaves: bool) -> list[Point]:
    """The points of the way that are shown, from the first one on; of one that leaves, a few."""
    usable = list(takewhile(lambda point: all(abs(x) < _TOO_LARGE for x in point), points))
    if not leaves or len(usable) < 3:
        return usable
    start = usable[0]
    far = FAR * max(hypot(*start), dist(start, usable[1]))
    for place, point in enumerate(usable):
        if place > 1 and dist(start, point) > far > 0:
            return usable[:place]
    return usable


def region(points: Sequence[Point]) -> tuple[list[Range], bool]:
    """What is shown along each axis, and whether the unit is the same along all."""
    lows, highs = (list(map(which, zip(*points))) for which in (min, max))
    extents = [high - low for low, high in zip(lows, highs)]
    longest = max(extents)
    if longest <= _STILL * max(map(abs, [*lows, *highs])):
        longest = 0.0  # the run stood still
    equal = all(extent * NARROW >= longest or extent <= _FLAT * longest for extent in extents)
    ranges = []
    for low, high, extent in zip(lows, highs, extents):
        width = (longest if equal else extent) or _some(lows)
        half = width * (0.5 + MARGIN)
        middle = low + (high - low) / 2
        ranges.append(Range(middle - half, middle + half))
    assert all(map(isfinite, [end for found in ranges for end in found]))
    return ranges, equal


def _some(point: Sequence[float]) -> float:
    """A width around a single point."""
    return max(map(abs, point)) / 2 or 1.0

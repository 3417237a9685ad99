"""A task and the way through it -> what a picture shows of them.

Of one learnt number the curve of the loss, with the first tangent; of two its contours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy

from bpcalc.descent.landscape import Landscape, Slope
from bpcalc.descent.region import Range, region, visible
from bpcalc.descent.task import Task
from bpcalc.descent.trail import Trail, labels

Array: TypeAlias = "numpy.ndarray[Any, Any]"

ALONG_A_CURVE = 400
ALONG_AN_AXIS = 121

_MARKED = 200
"""Points of a descent that stand on a curve."""


class Way(NamedTuple):
    """The steps that a picture shows."""

    points: Array
    """(points, numbers); where the run goes on outside, the last one lies there."""
    whole: bool
    """Whether these are all, or the run goes on outside."""


class Profile(NamedTuple):
    """The loss along the one number that is learnt."""

    label: str
    x: Array
    values: Array
    way: Way
    heights: Array
    """The loss at the points of the way."""
    tangent: Slope | None
    """Where the run began."""
    rows: tuple[int, int]
    """How many count, of how many."""


class Contours(NamedTuple):
    """The loss over the two numbers that are learnt."""

    labels: tuple[str, str]
    x: Array
    y: Array
    values: Array
    """(y, x); NaN where the loss is not defined."""
    way: Way
    equal: bool
    """Whether both axes have the same unit."""
    rows: tuple[int, int]
    """How many count, of how many."""


Scene: TypeAlias = Profile | Contours


def scene(task: Task, trail: Trail, leaves: bool) -> Scene | str:
    """What there is to be seen beside the loss; where there is nothing, the reason.

    `leaves` says that the run goes up or off: then it is followed on its first steps.
    """
    points = trail.all()
    shown = visible(points, leaves)
    if not shown:
        return "the numbers are too large"
    ranges, equal = region(shown)
    way = Way(numpy.array(points[: len(shown) + 1]), len(shown) == len(points))
    if len(ranges) == 1:
        return _profile(task, way, ranges[0]) or "its curve would take too long"
    return _contours(task, way, ranges, equal) or "contours would take too long"


def _profile(task: Task, way: Way, across: Range) -> Profile | None:
    landscape = Landscape(task, ALONG_A_CURVE)
    thinned = way.points[_spread(len(way.points), _MARKED)]
    x = numpy.linspace(*across, landscape.points)
    found = landscape.values(numpy.concatenate([x, thinned[:, 0]])[None])
    if found is None:
        return None
    values, heights = found[: len(x)], found[len(x) :]
    (label,) = labels(task.start)
    tangent = landscape.slope(float(way.points[0, 0]))
    rows = landscape.used, landscape.rows
    return Profile(label, x, values, way._replace(points=thinned), heights, tangent, rows)


def _spread(count: int, most: int) -> Any:
    """Places at even distances, the first ones and the last among them."""
    if count <= most:
        return slice(None)
    early = numpy.arange(most // 2)
    return numpy.concatenate([early, numpy.linspace(most // 2, count - 1, most // 2).astype(int)])


def _contours(task: Task, way: Way, ranges: Sequence[Range], equal: bool) -> Contours | None:
    landscape = Landscape(task, ALONG_AN_AXIS**2)
    count = int(landscape.points**0.5)
    x, y = (numpy.linspace(*across, count) for across in ranges)
    points = numpy.stack([grid.ravel() for grid in numpy.meshgrid(x, y)])
    found = landscape.values(points)
    if found is None:
        return None
    names = labels(task.start)
    values = found.reshape(count, count)
    values[~numpy.isfinite(values)] = numpy.nan
    rows = landscape.used, landscape.rows
    return Contours((names[0], names[1]), x, y, values, way, equal, rows)

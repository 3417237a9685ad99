"""A task with one or two learnt numbers -> its loss at many points, for a picture.

A formula of numbers is computed at all points in one go. Where there are arrays or data the loss is
computed point by point, and how many points and rows that may be follows from the work and not from
a clock, so that the same run gives the same picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any, NamedTuple, TypeAlias

import numpy

from bpcalc.codegen.function import Function
from bpcalc.codegen.loss import Loss
from bpcalc.descent.task import Task
from bpcalc.descent.trail import size
from bpcalc.engine.array_shapes import shape, shapes
from bpcalc.errors import BpcalcError

Array: TypeAlias = "numpy.ndarray[Any, Any]"

COARSE = 49
"""Points along an axis that there are at least: for them rows of the data are left out."""

_WORK = 1_500_000_000
"""Elements that are computed for a picture: two seconds."""
_CALL = 1500
"""What a call of NumPy takes, in elements."""
_SECONDS = 20.0
"""Until a picture does without: the estimate was wrong."""


class Slope(NamedTuple):
    """A point of a curve, and how steep it is there."""

    x: float
    value: float
    slope: float


class Landscape:
    """The loss as a function of the numbers that are learnt, over the data or a part of them."""

    def __init__(self, task: Task, points: int) -> None:
        """For about so many points, if the work allows."""
        self.task = task
        batches = task.batches
        self.rows = 0 if batches is None else batches.rows
        self.used = self.rows
        """Rows that count; fewer than all where these were too many."""
        self.points = points
        self._function: Function | None = None
        if task.is_plain and batches is None:
            self._function = Function(task.graph, [], task.fixed)
            return
        self._fit(points)
        self._data = {} if batches is None else self._part(batches.arrays)
        self._loss = Loss(task.graph, list(task.start), task.reduction)

    def _fit(self, points: int) -> None:
        """Fewer points, and if that is not enough fewer rows, until the work is bearable."""
        fewest = min(points, COARSE ** size(self.task.start))
        work = self._work()
        self.points = max(fewest, min(points, _WORK // work))
        if self.rows and self.points * work > _WORK:
            self.used = max(1, min(self.rows, self.rows * _WORK // (fewest * work)))

    def _work(self) -> int:
        """Of one point."""
        task = self.task
        first = task.batches.in_order(0) if task.batches is not None else {}
        batch = task.batches.rows_of(0) if task.batches is not None else 1
        found = shapes(task.graph, {**task.start, **task.fixed, **first})
        elements = sum(int(numpy.prod(of_node)) for of_node in found)
        return elements * max(1, self.rows) // batch + _CALL * len(found)

    def _part(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """The rows that count, at even distances."""
        places = numpy.arange(self.used) * self.rows // self.used
        return {
            name: numpy.ascontiguousarray(array[places], float) for name, array in arrays.items()
        }

    def values(self, points: Array) -> Array | None:
        """The loss at each of the points, (numbers, points) -> (points); None if it takes too long.

        Where it is not defined it is NaN.
        """
        with numpy.errstate(all="ignore"):
            if self._function is not None:
                found = self._function(**dict(zip(self.task.start, points)))
                return numpy.array(numpy.broadcast_to(found, points.shape[1]), float)
            return self._one_by_one(points)

    def _one_by_one(self, points: Array) -> Array | None:
        end = monotonic() + _SECONDS
        found = numpy.empty(points.shape[1])
        for place, point in enumerate(points.T):
            found[place] = self._value(point)
            if monotonic() > end:
                return None
        return found

    def _value(self, point: Sequence[float] | Array) -> float:
        try:
            return self._loss.value(self._known(point))
        except BpcalcError:
            return numpy.nan

    def _known(self, point: Sequence[float] | Array) -> dict[str, Any]:
        """The values of all variables, at a point."""
        known: dict[str, Any] = {**self.task.fixed, **self._data}
        begin = 0
        for name, start in self.task.start.items():
            end = begin + int(numpy.prod(shape(start)))
            part = numpy.asarray(point[begin:end], float).reshape(shape(start))
            known[name] = part if shape(start) else float(part)
            begin = end
        return known

    def slope(self, x: float) -> Slope | None:
        """Of a single number: value and derivative at x."""
        task = self.task
        slope: Any
        with numpy.errstate(all="ignore"):
            if self._function is not None:
                (name,) = task.start
                value, slope = Function(task.graph, [name], task.fixed).value_and_grad(x)
            else:
                value, (slope,) = self._loss.value_and_gradients(self._known([x]))
        found = Slope(x, float(value), float(numpy.ravel(slope)[0]))
        return found if numpy.isfinite(found).all() else None

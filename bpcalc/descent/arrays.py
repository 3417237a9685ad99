"""A formula of arrays or over data: its loss and gradient batch by batch, its steps in place.

What is learnt lies in one flat array, each variable a view of its part, so that a step is a few
calls however many variables there are. There are two such arrays in turn: the last step can be
taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite, prod, sqrt
from typing import Any, TypeAlias

import numpy

from bpcalc.codegen.loss import Loss, Reduction
from bpcalc.descent.batches import Batches
from bpcalc.descent.methods import Method
from bpcalc.graph import Graph
from bpcalc.ops.op import Value

Array: TypeAlias = "numpy.ndarray[Any, Any]"


class ArrayProblem:
    """Where a descent on arrays stands."""

    def __init__(
        self,
        graph: Graph,
        start: Mapping[str, Value],
        fixed: Mapping[str, Value],
        method: Method,
        difference: float | None,
        batches: Batches | None,
        reduction: Reduction,
        dtype: str,
    ) -> None:
        self.graph = graph
        self.method = method
        self.batches = batches
        self.reduction: Reduction = reduction
        self.count = 1 if batches is None else batches.count
        self.names = [name for name in graph.variables if name in start]
        self.shapes = {name: numpy.shape(start[name]) for name in self.names}
        size = sum(prod(shape) for shape in self.shapes.values())
        self.flat, self._other, self.slopes = (numpy.zeros(size, dtype) for _ in range(3))
        self.memory = [numpy.zeros(size, dtype) for _ in method.recipe.memory]
        self.fixed = {name: _typed(value, dtype) for name, value in fixed.items()}
        self._views = {id(flat): self._parts(flat) for flat in (self.flat, self._other)}
        self._slope_views = list(self._parts(self.slopes).values())
        for name, view in self._views[id(self.flat)].items():
            view[...] = start[name]
        self._loss = Loss(graph, self.names, reduction)
        self._slopes_of = self._exactly if difference is None else self._by_differences(difference)
        self._batch: Mapping[str, Value] = {}

    def _parts(self, flat: Array) -> dict[str, Array]:
        """Each variable's part of a flat array, in its shape."""
        found, begin = {}, 0
        for name, shape in self.shapes.items():
            end = begin + prod(shape)
            found[name] = flat[begin:end].reshape(shape)
            begin = end
        return found

    def quiet(self) -> numpy.errstate:
        """Within which NumPy says nothing of what overflows: the loss does."""
        return numpy.errstate(all="ignore")

    def evaluated(self, k: int = 0) -> tuple[float, float]:
        """The loss of batch k of the epoch, and the length of its gradient."""
        if self.batches is not None:
            if k == 0:
                self.batches.begin()
            self._batch = self.batches.batch(k)
        value = self._slopes_of()
        return value, _length(self.slopes)

    def whole(self) -> tuple[float, float]:
        """The loss of all data, and the length of its gradient."""
        if self.batches is None or self.batches.count == 1:
            return self.evaluated()
        value, total = 0.0, numpy.zeros(len(self.slopes))
        for k in range(self.batches.count):
            self._batch = self.batches.in_order(k)
            value += self.weight(k) * self._slopes_of()
            total += self.weight(k) * self.slopes
        self.slopes[...] = total
        return value, _length(total)

    def value_of_all(self) -> float:
        """The loss of all data alone."""
        if self.batches is None:
            return self._loss.value(self._here())
        value = 0.0
        for k in range(self.batches.count):
            self._batch = self.batches.in_order(k)
            value += self.weight(k) * self._loss.value(self._here())
        return value

    def weight(self, k: int) -> float:
        """What batch k counts for in the loss of all data."""
        if self.batches is None or self.reduction == "sum":
            return 1.0
        return self.batches.rows_of(k) / self.batches.rows

    def _here(self) -> dict[str, Value]:
        """The values of all variables; numbers are given as such."""
        parts = self._views[id(self.flat)].items()
        learnt = {name: part if part.ndim else float(part) for name, part in parts}
        return {**self.fixed, **self._batch, **learnt}

    def _exactly(self) -> float:
        value, slopes = self._loss.value_and_gradients(self._here())
        for view, slope in zip(self._slope_views, slopes):
            view[...] = slope
        return value

    def _by_differences(self, h: float) -> Callable[[], float]:
        """Central differences, (f(x + h) - f(x - h)) / 2h by each element."""

        def computed() -> float:
            for i in range(len(self.flat)):
                x = self.flat[i].copy()
                self.flat[i] = x + h
                above = self._loss.value(self._here())
                self.flat[i] = x - h
                below = self._loss.value(self._here())
                self.flat[i] = x
                self.slopes[i] = (above - below) / (2 * h)
            return self._loss.value(self._here())

        return computed

    def advance(self, rate: float, t: int) -> None:
        """Take the step that the last gradient asks for."""
        update = self.method.recipe.arrays
        update(self.method.options, rate, t, self.memory, self.flat, self.slopes, self._other)
        self.flat, self._other = self._other, self.flat

    def retreat(self) -> None:
        """Go back to where the last step began."""
        self.flat, self._other = self._other, self.flat

    def values(self) -> dict[str, Any]:
        """The values that have been learnt up to now, by name."""
        return _copied(self._parts(self.flat))

    def gradient(self) -> dict[str, Any]:
        """The last gradient, by name."""
        return _copied(self._parts(self.slopes))

    def all_values(self) -> dict[str, Any]:
        """The value of every variable, those of data in the last batch."""
        return self._here()

    def restore(self, values: Mapping[str, Any], memory: Mapping[str, Any]) -> None:
        """Go on from a state that was saved."""
        for name, part in self._parts(self.flat).items():
            part[...] = values[name]
        self._other[...] = self.flat
        for kept, name in zip(self.memory, self.method.recipe.memory):
            kept[...] = memory[name]


def _typed(value: Value, dtype: str) -> Value:
    return numpy.asarray(value, dtype) if numpy.shape(value) else float(value)


def _copied(parts: Mapping[str, Array]) -> dict[str, Any]:
    return {name: part.copy() if part.ndim else float(part) for name, part in parts.items()}


def _length(flat: Array) -> float:
    """The length of a vector, also where its square is too large for a number."""
    square = float(numpy.dot(flat, flat))
    if isfinite(square):
        return sqrt(square)
    largest = float(numpy.abs(flat).max())
    if not isfinite(largest):
        return largest
    scaled = flat.astype(float) / largest
    return largest * sqrt(float(numpy.dot(scaled, scaled)))

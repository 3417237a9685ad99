"""A formula of arrays or over data: its loss and gradient batch by batch, its steps in place.

The arrays that are learnt, and those into which batches are gathered, are the same throughout, so
that the compiled loss is laid out once.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, sqrt
from typing import Any, TypeAlias

import numpy

from bpcalc.codegen.loss import Loss, Reduction
from bpcalc.descent.batches import Batches
from bpcalc.descent.methods import Method
from bpcalc.errors import RequestError
from bpcalc.graph import Graph
from bpcalc.ops.op import Value

Array: TypeAlias = "numpy.ndarray[Any, Any]"

LARGE = 4096
"""Elements. So many are not copied before every step, which takes a tenth of a small batch's time:
where a run has to go back, it goes back by up to `KEPT_EVERY` steps."""

KEPT_EVERY = 16


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
        self._weight = 1.0 if batches is None else batches.size / batches.rows
        self.names = [name for name in graph.variables if name in start]
        self.arrays = [_cast(name, start[name], dtype) for name in self.names]
        self.kept_every = KEPT_EVERY if sum(a.size for a in self.arrays) > LARGE else 1
        """Steps from one `keep` to the next."""
        self._scratch = [numpy.empty_like(array) for array in self.arrays]
        self._memory = [
            [numpy.zeros_like(array) for _ in method.recipe.memory] for array in self.arrays
        ]
        changing = [*self.arrays, *(array for memory in self._memory for array in memory)]
        self._changing = [(array, array.copy()) for array in changing]
        """What a step changes, and as it was when it was kept."""
        self._kept_at: tuple[int, Mapping[str, Any] | None] = (0, None)
        """The batch of the epoch, and with which state of the generator the epoch began."""
        self._values: dict[str, Value] = {
            **{name: _cast(name, value, dtype) for name, value in fixed.items()},
            **dict(zip(self.names, self.arrays)),
        }
        self._batch: Mapping[str, Value] = {}
        """What of the values comes from the batch."""
        self._loss = Loss(graph, self.names, reduction, dtype)
        self._difference = difference
        self.slopes: list[Value] = []

    def quiet(self) -> numpy.errstate:
        """Within which NumPy says nothing of what overflows: the loss does."""
        return numpy.errstate(all="ignore")

    def evaluated(self, k: int = 0, norm: bool = True) -> tuple[float, float]:
        """The loss of batch k of the epoch; and the length of its gradient, if that is wanted."""
        if self.batches is not None:
            if k == 0:
                self.batches.begin()
            self._use(self.batches.batch(k))
        value = self._evaluated()
        return value, _length(self.slopes) if norm else 0.0

    def whole(self) -> tuple[float, float]:
        """The loss of all data, and the length of its gradient."""
        if self.batches is None or self.batches.count == 1:
            return self.evaluated()
        value, total = 0.0, [numpy.zeros(array.shape) for array in self.arrays]
        for k in range(self.batches.count):
            self._use(self.batches.in_order(k))
            value += self.weight(k) * self._evaluated()
            for sum_, slope in zip(total, self.slopes):
                sum_ += self.weight(k) * slope
        self.slopes = list(total)
        return value, _length(total)

    def value_of_all(self) -> float:
        """The loss of all data alone."""
        if self.batches is None:
            return self._loss.value(self._values)
        value = 0.0
        for k in range(self.batches.count):
            self._use(self.batches.in_order(k))
            value += self.weight(k) * self._loss.value(self._values)
        return value

    def weight(self, k: int) -> float:
        """What batch k counts for in the loss of all data."""
        if self.batches is None or self.reduction == "sum":
            return 1.0
        whole = k + 1 < self.count
        return self._weight if whole else self.batches.rows_of(k) / self.batches.rows

    def _use(self, batch: Mapping[str, Value]) -> None:
        if batch is not self._batch:  # the next one often stands in the same arrays
            self._batch = batch
            self._values.update(batch)

    def _evaluated(self) -> float:
        if self._difference is not None:
            return self._by_differences(self._difference)
        value, self.slopes = self._loss.value_and_gradients(self._values)
        return value

    def _by_differences(self, h: float) -> float:
        """Central differences, (f(x + h) - f(x - h)) / 2h by each element."""
        self.slopes = [numpy.empty_like(array) for array in self.arrays]
        for array, slope in zip(self.arrays, self.slopes):
            for place in numpy.ndindex(array.shape):
                x = array[place].copy()
                array[place] = x + h
                above = self._loss.value(self._values)
                array[place] = x - h
                below = self._loss.value(self._values)
                array[place] = x
                slope[place] = (above - below) / (2 * h)
        return self._loss.value(self._values)

    def advance(self, rate: float, t: int) -> None:
        """Take the step that the last gradient asks for."""
        update, options = self.method.recipe.arrays, self.method.options
        for memory, array, slope, scratch in zip(
            self._memory, self.arrays, self.slopes, self._scratch
        ):
            update(options, rate, t, memory, array, slope, scratch)

    def keep(self, k: int = 0) -> None:
        """Keep where we are, before the step of batch k of the epoch, to come back to it."""
        for array, kept in self._changing:
            numpy.copyto(kept, array)
        self._kept_at = k, self.batches.state(within=True) if self.batches is not None else None

    def retreat(self) -> None:
        """Go back to what was kept: values, the method's memory, the order of the rows."""
        for array, kept in self._changing:
            numpy.copyto(array, kept)
        k, generator = self._kept_at
        if self.batches is not None and generator is not None:
            self.batches.restore(generator, within=k != 0)

    @property
    def memory(self) -> list[Any]:
        """What the method keeps, all variables one after the other."""
        kept = range(len(self.method.recipe.memory))
        return [numpy.concatenate([memory[i].ravel() for memory in self._memory]) for i in kept]

    def values(self) -> dict[str, Any]:
        """The values that have been learnt up to now, by name."""
        return {name: _copied(array) for name, array in zip(self.names, self.arrays)}

    def gradient(self) -> dict[str, Any]:
        """The last gradient, by name."""
        return {name: _copied(numpy.asarray(s)) for name, s in zip(self.names, self.slopes)}

    def all_values(self) -> dict[str, Any]:
        """The value of every variable, those of data in the last batch."""
        return dict(self._values)

    def restore(self, values: Mapping[str, Any], memory: Mapping[str, Any]) -> None:
        """Go on from a state that was saved."""
        for name, array in zip(self.names, self.arrays):
            array[...] = values[name]
        for i, name in enumerate(self.method.recipe.memory):
            begin = 0
            for parts in self._memory:
                end = begin + parts[i].size
                parts[i][...] = numpy.reshape(memory[name][begin:end], parts[i].shape)
                begin = end


def _cast(name: str, value: Value, dtype: str) -> Array:
    """A value as an array of this type, to which it has to be finite.

    Raises:
        RequestError: it is beyond the type's largest number.
    """
    with numpy.errstate(over="ignore"):
        found = numpy.array(value, dtype)
    finite = numpy.isfinite(found)
    if not finite.all():
        place = numpy.unravel_index(int(finite.argmin()), found.shape)
        where = f"[{', '.join(map(str, place))}]" if found.shape else ""
        large = float(numpy.asarray(value)[place])
        limit = numpy.finfo(found.dtype).max
        raise RequestError(
            f"{name}{where} is {large:g}, beyond {dtype}'s {float(limit):.2g}",
            hint="--dtype float64 has numbers up to 1.797e308",
        )
    return found


def _copied(array: Array) -> Any:
    return array.copy() if array.ndim else float(array)


def _length(slopes: list[Value]) -> float:
    """The length of a gradient, also where its square is too large for a number."""
    square = sum(float(numpy.dot(flat, flat)) for flat in map(numpy.ravel, slopes))
    if isfinite(square):
        return sqrt(square)
    largest = max(float(numpy.abs(slope).max()) for slope in slopes)
    if not isfinite(largest):
        return largest
    scaled = [numpy.asarray(slope, float).ravel() / largest for slope in slopes]
    return largest * sqrt(sum(float(numpy.dot(flat, flat)) for flat in scaled))

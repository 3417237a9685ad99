"""A formula of numbers: its value and gradient by compiled code, its steps on plain floats."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from math import hypot
from typing import Any

from bpcalc.codegen.floats import RowFunction, row_function
from bpcalc.descent.methods import Method
from bpcalc.graph import Graph


class FloatProblem:
    """Where a descent on numbers stands."""

    count = 1
    kept_every = 1

    def __init__(
        self,
        graph: Graph,
        start: Mapping[str, float],
        fixed: Mapping[str, float],
        method: Method,
        difference: float | None,
    ) -> None:
        self.graph = graph
        self.fixed = dict(fixed)
        self.method = method
        self.names = [name for name in graph.variables if name in start]
        self.flat = [float(start[name]) for name in self.names]
        self.slopes: list[float] = []
        self.memory = [[0.0] * len(self.flat) for _ in method.recipe.memory]
        self._kept = (self.flat, list(self.memory))
        self._update = method.recipe.floats
        if difference is None:
            self._function = row_function(graph, self.names, self.fixed)
        else:
            self._function = _differences(row_function(graph, [], self.fixed), difference)

    def quiet(self) -> AbstractContextManager[object]:
        """Within which nothing warns: numbers do not."""
        return nullcontext()

    def evaluated(self, k: int = 0, norm: bool = True) -> tuple[float, float]:
        """The value here, and the length of the gradient."""
        value, *self.slopes = self._function(*self.flat)
        return value, hypot(*self.slopes)

    def whole(self) -> tuple[float, float]:
        """The same: there are no batches."""
        return self.evaluated()

    def value_of_all(self) -> float:
        """The value here alone."""
        return self.evaluated()[0]

    def weight(self, k: int) -> float:
        """There are no batches."""
        return 1.0

    def advance(self, rate: float, t: int) -> None:
        """Take the step that the last gradient asks for."""
        self.flat = self._update(self.method.options, rate, t, self.memory, self.flat, self.slopes)

    def keep(self, k: int = 0) -> None:
        """Keep where we are, to come back to it: no list is changed in place."""
        self._kept = (self.flat, list(self.memory))

    def retreat(self) -> None:
        """Go back to what was kept."""
        self.flat, self.memory = self._kept[0], list(self._kept[1])

    def values(self) -> dict[str, Any]:
        """The values that have been learnt up to now, by name."""
        return dict(zip(self.names, self.flat))

    def gradient(self) -> dict[str, Any]:
        """The last gradient, by name."""
        return dict(zip(self.names, self.slopes))

    def all_values(self) -> dict[str, Any]:
        """The value of every variable."""
        return {**self.fixed, **self.values()}

    def restore(self, values: Mapping[str, Any], memory: Mapping[str, Any]) -> None:
        """Go on from a state that was saved."""
        self.flat = [float(values[name]) for name in self.names]
        self.memory = [list(map(float, memory[name])) for name in self.method.recipe.memory]


def _differences(value_at: RowFunction, h: float) -> RowFunction:
    """Value and central differences, (f(x + h) - f(x - h)) / 2h by each variable."""

    def function(*point: float) -> tuple[float, ...]:
        slopes = []
        for i, x in enumerate(point):
            above, below = (
                value_at(*point[:i], moved, *point[i + 1 :])[0] for moved in (x + h, x - h)
            )
            slopes.append((above - below) / (2 * h))
        return (*value_at(*point), *slopes)

    return function

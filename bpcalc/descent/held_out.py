"""Data held out from training: what a formula makes of it with the values learnt so far."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from bpcalc.engine.array_shapes import shapes

if TYPE_CHECKING:
    from bpcalc.graph import Graph


class Best(NamedTuple):
    """The best measurement so far, and in which epoch it was made; epoch 0 is the start."""

    epoch: int = 0
    value: float | None = None

    def after(self, epoch: int, value: float, greater: bool) -> Best:
        """The better one of this and another; NaN is no measurement."""
        if value != value:
            return self
        if self.value is None or (value > self.value if greater else value < self.value):
            return Best(epoch, value)
        return self


def _without_mean(graph: Graph) -> Graph:
    """What the formula takes the mean of, where that is all it does at its end; else itself."""
    if graph.output < len(graph.leaves):
        return graph
    op = graph.op(graph.output)
    if op.name != "mean" or any(op.options.values()) or op.options.get("axis") is not None:
        return graph
    inner = copy(graph)
    (inner.output,) = graph.inputs(graph.output)
    return inner


class HeldOut:
    """A formula over held-out data."""

    def __init__(
        self,
        graph: Graph,
        data: Mapping[str, Any],
        fixed: Mapping[str, Any],
        patience: int | None,
        greater: bool,
        dtype: str = "float64",
    ) -> None:
        from bpcalc.codegen.loss import Loss

        graph = _without_mean(graph)
        self._loss = Loss(graph, [], "sum", dtype)
        self._graph = graph
        self._count: int | None = None
        """How many numbers are added up."""
        self._known = {**fixed, **data}
        self._names = [name for name in graph.variables if name not in self._known]
        self.patience = patience
        self.greater = greater
        """Whether more is better."""
        self.values: list[tuple[int, float]] = []
        """(epoch, value) of every measurement."""
        self.undefined: int | None = None
        """The first epoch in which the value was NaN."""

    def measured(self, epoch: int, learnt: Mapping[str, Any]) -> float:
        """The formula's value; of one number per row the mean."""
        here = {name: learnt[name] for name in self._names}
        known = {**self._known, **here}
        if self._count is None:
            self._count = prod(shapes(self._graph, known)[self._graph.output])
        # Not times 1/n, which for 352 of 360 gives 0.9777777777777779.
        value = self._loss.value(known) / self._count
        if value != value and self.undefined is None:
            self.undefined = epoch
        self.values.append((epoch, value))
        return value

    def cut(self, epoch: int) -> None:
        """Forget what was measured after this epoch."""
        self.values = [entry for entry in self.values if entry[0] <= epoch]

    def exhausted(self, epoch: int, best: Best) -> bool:
        """Whether it has not become better for too long."""
        return self.patience is not None and epoch - best.epoch >= self.patience

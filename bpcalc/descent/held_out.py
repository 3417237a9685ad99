"""Data held out from training: what a formula makes of it with the values learnt so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

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

        self._loss = Loss(graph, [], "mean", dtype)
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
        value = self._loss.value({**self._known, **here})
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

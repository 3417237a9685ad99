"""graph -> a function of the variables' values that gives one loss and its gradients: for training.

Where the formula gives a number, that is the loss. Where it gives one number per row of a batch,
since data variables are columns of the batch's length, the loss is their mean (or sum).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from bpcalc.engine import forward, gradients
from bpcalc.graph import Graph
from bpcalc.ops.op import Value

Reduction = Literal["mean", "sum"]


class Loss:
    """The loss of a formula, and its gradients with respect to what is learnt."""

    def __init__(self, graph: Graph, learn: Sequence[str], reduction: Reduction = "mean") -> None:
        self.graph = graph
        self.learn = tuple(learn)
        self.reduction = reduction
        self._wanted = [graph.index(name) for name in learn]

    def value(self, values: Mapping[str, Value]) -> float:
        """The loss alone."""
        return self._reduced(forward(self.graph, values)[self.graph.output])

    def value_and_gradients(self, values: Mapping[str, Value]) -> tuple[float, list[Value]]:
        """The loss, and a gradient for each learnt variable, of its shape and type.

        An array of gradients may be written to by the next call.
        """
        import numpy

        found = forward(self.graph, values)
        output = found[self.graph.output]
        shape = getattr(output, "shape", ())
        share = 1 / output.size if shape and self.reduction == "mean" else 1.0
        seed = numpy.full(shape, share) if shape else 1.0
        slopes = gradients(self.graph, found, seed, self._wanted)
        return self._reduced(output), [slopes[index] for index in self._wanted]

    def _reduced(self, output: Value) -> float:
        if not getattr(output, "shape", ()):
            return float(output)
        return float(output.mean() if self.reduction == "mean" else output.sum())

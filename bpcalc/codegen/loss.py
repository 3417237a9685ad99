"""graph -> a function of the variables' values that gives one loss and its gradients: for training.

Where the formula gives a number, that is the loss. Where it gives one number per row of a batch,
since data variables are columns of the batch's length, the loss is their mean (or sum).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from bpcalc.codegen.floats import RowFunction, row_function
from bpcalc.engine.array_shapes import shapes
from bpcalc.graph import Graph
from bpcalc.ops.op import Shape, Value

Reduction = Literal["mean", "sum"]


class Loss:
    """The loss of a formula, and its gradients with respect to what is learnt.

    For each set of shapes the calculation is laid out once, in buffers that every call uses again;
    so give the same arrays again, with new numbers in them, and not new arrays: these would have
    to be copied. `dtype` is float64 or float32.
    """

    def __init__(
        self,
        graph: Graph,
        learn: Sequence[str],
        reduction: Reduction = "mean",
        dtype: str = "float64",
    ) -> None:
        self.graph = graph
        self.learn = tuple(learn)
        self.reduction = reduction
        self.dtype = dtype
        self._laid_out: dict[tuple[Any, ...], _LaidOut] = {}
        self._last: dict[str, _LaidOut] = {}
        self._row: RowFunction | None = None

    def value(self, values: Mapping[str, Value]) -> float:
        """The loss alone."""
        row = self._of_numbers(values)
        return row[0] if row is not None else float(self._run("value", values)[0])

    def gradients(self, values: Mapping[str, Value]) -> list[Value]:
        """The gradients alone, without the work for the value that they do not need."""
        row = self._of_numbers(values)
        return list(row[1:]) if row is not None else self._run("gradients", values)

    def value_and_gradients(self, values: Mapping[str, Value]) -> tuple[float, list[Value]]:
        """The loss, and a gradient for each learnt variable, of its shape and type.

        The next call writes to these arrays again; nobody else may.

        Raises:
            RequestError: shapes do not fit each other.
        """
        row = self._of_numbers(values)
        if row is not None:
            return row[0], list(row[1:])
        value, *found = self._run("both", values)
        return float(value), found

    def _of_numbers(self, values: Mapping[str, Value]) -> tuple[float, ...] | None:
        """Value and gradient of a formula of numbers, by plain Python; None for arrays."""
        if self.graph.structural or any(type(value) is not float for value in values.values()):
            return None
        if self._row is None:
            self._row = row_function(self.graph, self.learn)
        return self._row(*[values[name] for name in self.graph.variables])

    def _run(self, what: str, values: Mapping[str, Value]) -> list[Any]:
        last = self._last.get(what)
        if last is not None and last.is_bound_to(values):
            return last.bound.run()
        known = {name: values[name] for name in self.graph.variables}
        key = (what, *[getattr(value, "shape", ()) for value in known.values()])
        laid_out = self._laid_out.get(key)
        if laid_out is None:
            laid_out = self._laid_out[key] = _LaidOut(self, what, known)
        self._last[what] = laid_out
        return laid_out.run(known)


class _LaidOut:
    """A loss for variables of certain shapes."""

    def __init__(self, loss: Loss, what: str, values: Mapping[str, Value]) -> None:
        from bpcalc.codegen.arrays import array_program

        given: dict[str, Shape] = {n: getattr(v, "shape", ()) for n, v in values.items()}
        output = shapes(loss.graph, values)[loss.graph.output]
        rows = 1
        for length in output:
            rows *= length
        share = 1 / rows if loss.reduction == "mean" and rows else None
        self.program = array_program(loss.graph, given, loss.learn, share)
        gradients = self.program.gradients
        self.outputs = {
            "value": [self.program.value],
            "gradients": gradients,
            "both": [self.program.value, *gradients],
        }[what]
        self.dtype = loss.dtype
        self.given: dict[str, Any] = {}
        """The arrays of the last call."""
        self.own: dict[str, Any] = {}
        """Arrays of ours, into which those are copied that were not the same in every call."""
        self._bind(values)

    def is_bound_to(self, values: Mapping[str, Value]) -> bool:
        """Whether these are the arrays of the last call, so that nothing has to be copied."""
        if self.own:
            return False
        for name, array in self.given.items():  # noqa: SIM110 - half the time of all(...)
            if values[name] is not array:
                return False
        return True

    def run(self, values: Mapping[str, Value]) -> list[Any]:
        changed = [n for n, v in values.items() if n not in self.own and v is not self.given[n]]
        if changed:
            self._bind(values, changed)
        for name, own in self.own.items():
            own[...] = values[name]
        return self.bound.run()

    def _bind(self, values: Mapping[str, Value], changed: Sequence[str] = ()) -> None:
        import numpy

        from bpcalc.codegen.array_calls import Bound

        for name, value in values.items():
            wrong = getattr(value, "dtype", None) != self.dtype
            if name not in self.own and (wrong or name in changed):
                self.own[name] = numpy.empty(getattr(value, "shape", ()), self.dtype)
        self.given = dict(values)
        inputs: dict[str, Any] = {n: self.own.get(n, value) for n, value in values.items()}
        self.bound = Bound(self.program, inputs, self.outputs, self.dtype)

"""The rows of a block -> value and gradient of each, and which of them could not be computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from math import isfinite, nan
from typing import NamedTuple, TypeAlias

from bpcalc.codegen.floats import row_function
from bpcalc.codegen.program import is_of_numbers
from bpcalc.engine import forward, gradients
from bpcalc.engine.array_shapes import shape, shapes
from bpcalc.engine.diagnosis import failure_of_gradients, failure_of_values
from bpcalc.errors import BpcalcError, CalculationError, RequestError
from bpcalc.graph import Graph
from bpcalc.ops.op import Value
from bpcalc.rows.plan import Plan, Trouble
from bpcalc.rows.tables import Rows

Numbers: TypeAlias = "tuple[float, ...]"
"""The value and the gradient of a row."""


class Computed(NamedTuple):
    """What came of the rows of a block."""

    results: list[Numbers]
    bad: list[int]
    """The rows that could not be computed, in order; some of their numbers are not finite."""
    first: Trouble | None


class Computing:
    """Computes rows by a plan."""

    def __init__(self, graph: Graph, plan: Plan) -> None:
        self.graph = graph
        self.plan = plan
        self.nothing: Numbers = (nan,) * (1 + len(plan.wrt))
        self.function = _function(graph, plan)

    def __call__(self, rows: Rows) -> Computed:
        """Value and gradient of every row."""
        function = self.function
        if rows.columns:
            results = list(map(function, *rows.columns))
        else:
            results = [function()] * len(rows.records)
        bad = set(rows.bad)
        for row in bad:
            results[row] = self.nothing
        if not isfinite(sum(chain.from_iterable(results))):
            bad.update(row for row, found in enumerate(results) if not all(map(isfinite, found)))
        if not bad:
            return Computed(results, [], None)
        return Computed(results, sorted(bad), self._trouble(rows, min(bad)))

    def _trouble(self, rows: Rows, row: int) -> Trouble:
        why = rows.bad.get(row)
        return Trouble(rows.lines[row], why or self.failure(rows, row).message)

    def failure(self, rows: Rows, row: int) -> BpcalcError:
        """What is wrong with a row that could not be computed, as `grad` would say it."""
        if row in rows.bad:
            return CalculationError(rows.bad[row])
        numbers = [column[row] for column in rows.columns]
        return failure(self.graph, self.plan, numbers)


def failure(graph: Graph, plan: Plan, numbers: Sequence[float]) -> BpcalcError:
    """Why value or gradient are not finite at these numbers, in the order of `plan.used`."""
    names = [name for name, _ in plan.used]
    variables = {**plan.fixed, **dict(zip(names, numbers))}
    values = forward(graph, variables)
    found = failure_of_values(graph, values, variables)
    if found is None:
        wanted = [graph.variables[name] for name in plan.wrt]
        back = gradients(graph, values)
        found = failure_of_gradients(graph, values, back, 1.0, variables, wanted)
    return found or CalculationError("the result is not finite")


def has_program(graph: Graph, plan: Plan) -> bool:
    """Whether there are no arrays, neither in the formula nor bound by options."""
    return is_of_numbers(graph) and not any(shape(value) for value in plan.fixed.values())


def _function(graph: Graph, plan: Plan) -> Callable[..., Numbers]:
    """The value and gradient, from the numbers of the used columns."""
    if has_program(graph, plan):
        return row_function(graph, plan.wrt, plan.fixed)
    return _by_engine(graph, plan.wrt, plan.fixed)


def _by_engine(
    graph: Graph, wrt: Sequence[str], fixed: Mapping[str, Value]
) -> Callable[..., Numbers]:
    """The same for a formula with arrays in it.

    Raises:
        RequestError: shapes do not fit, or the output is no number.
    """
    free = [name for name in graph.variables if name not in fixed]
    _refuse_array(graph, shapes(graph, {**fixed, **dict.fromkeys(free, 1.0)}))
    wanted = [graph.variables[name] for name in wrt]

    def function(*numbers: float) -> Numbers:
        values = forward(graph, {**fixed, **dict(zip(free, numbers))})
        found = gradients(graph, values, wanted=wanted)
        return (float(values[graph.output]), *[float(found[index]) for index in wanted])

    return function


def _refuse_array(graph: Graph, found: Sequence[tuple[int, ...]]) -> None:
    if found[graph.output]:
        raise RequestError(
            f"the output is an array of the shape {found[graph.output]}, and a cell holds a number",
            source=graph.source,
            span=graph.span(graph.output),
            hint="sum(...) of it, or one element by its index",
        )

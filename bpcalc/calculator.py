"""One calculation, whole: formula + values -> graph -> values -> gradients -> check -> result.

>>> import bpcalc
>>> result = bpcalc.grad("x**2*y + (y + 2)", x=3, y=4)
>>> result.value, result.gradient
(42.0, {'x': 24.0, 'y': 10.0})
>>> result.check.ok
True
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bpcalc import engine
from bpcalc.bindings import Quantity, bound, matched, quantity
from bpcalc.engine import forward
from bpcalc.engine.array_shapes import shape, shapes
from bpcalc.engine.backward import holds_arrays
from bpcalc.engine.diagnosis import (
    expression_text,
    failure_of_gradients,
    failure_of_values,
    kinks,
)
from bpcalc.errors import RequestError, did_you_mean, printable
from bpcalc.formula import parse
from bpcalc.graph import Graph
from bpcalc.ops.domain import Kink
from bpcalc.ops.op import Value
from bpcalc.results import Result

if TYPE_CHECKING:
    from bpcalc.checks.check import Check

_TOLD = 8
"""So many kinks are named one by one."""


def grad(
    formula: str | Graph,
    values: Mapping[str, Value] | None = None,
    /,
    *,
    wrt: Sequence[str] | str | None = None,
    upstream: Value = 1.0,
    check: bool = True,
    **variables: Value,
) -> Result:
    """Value and gradient of every node of a formula, each with a SymPy check.

    Args:
        formula: the text of a formula, or a graph from `parse`.
        values: the variables' values by name, for names that are no Python keywords.
        wrt: the variables (or named statements) by which to differentiate; all by default.
        upstream: the gradient from which the backward pass starts.
        check: whether SymPy checks the result (which imports it).
        variables: the variables' values; a text may be a constant expression, as "pi/4".

    Returns:
        The result. Where the calculation leaves the real numbers it is still returned, with
        `failure` saying why.

    Raises:
        RequestError: the formula or a value is wrong.
    """
    given = _values(values, variables)
    graph = formula if isinstance(formula, Graph) else parse(formula, given)
    return calculated(graph, matched(graph, given), wrt, quantity("upstream", upstream), check)


def _values(
    values: Mapping[str, Value] | None, variables: Mapping[str, Value]
) -> dict[str, Quantity]:
    twice = [name for name in variables if values and name in values]
    if twice:
        raise RequestError(f"{twice[0]} has two values")
    return bound({**(values or {}), **variables})


def calculated(
    graph: Graph,
    variables: Mapping[str, Quantity],
    wrt: Sequence[str] | str | None,
    seed: Quantity,
    check: bool,
) -> Result:
    """The calculation on a graph whose variables all have their values."""
    names = wanted_names(graph, wrt)
    start = _seed(graph, variables, seed)
    values = forward(graph, variables)
    gradients = engine.gradients(graph, values, start)
    result = Result(graph, values, gradients, start, names)
    wanted = [graph.index(name) for name in names]
    result.failure = failure_of_values(graph, values, variables) or failure_of_gradients(
        graph, values, gradients, start, variables, wanted
    )
    result.kinks = kinks(graph, values, gradients)
    result.warnings += _ids_taken(graph)
    result.warnings += _kinks_said(graph, result.kinks)
    if check:
        result.check = _checked(result, variables, seed)
        result.warnings += result.check.warnings
    return result


def _checked(result: Result, variables: Mapping[str, Quantity], seed: Quantity) -> Check:
    """What SymPy says of it."""
    graph, values, gradients = result.graph, result.values, result.gradients
    if holds_arrays(graph, values):
        from bpcalc.checks.array_check import check as check_of_arrays

        return check_of_arrays(graph, variables, values, gradients, seed)
    from bpcalc.checks.check import check

    return check(graph, variables, values, gradients, seed, result.wrt)  # type: ignore[arg-type]


def _seed(graph: Graph, variables: Mapping[str, Quantity], seed: Quantity) -> Value:
    """The gradient from which the backward pass starts, in the shape of the output.

    Raises:
        RequestError: shapes in the formula do not fit; or the output is an array, and nothing
            says what of it is to be differentiated.
    """
    if not graph.structural and not any(shape(value) for value in variables.values()):
        if shape(seed):
            raise RequestError("--upstream is an array, and the output a number")
        return float(seed)
    found = shapes(graph, variables)[graph.output]
    if not found:
        if shape(seed):
            raise RequestError("--upstream is an array, and the output a number")
        return float(seed)
    if not shape(seed):
        raise RequestError(
            f"the output is an array of the shape {found}, and a gradient is that of a number",
            source=graph.source,
            span=graph.span(graph.output),
            hint="sum(...) of it; or --upstream with an array of that shape; "
            "or bpcalc jacobian for the derivative of every element",
        )
    if shape(seed) != found:
        raise RequestError(
            f"--upstream has the shape {shape(seed)}, and the output {found}",
        )
    return seed


def wanted_names(graph: Graph, wrt: Sequence[str] | str | None) -> list[str]:
    """The names by which to differentiate; of all variables where none are given."""
    if wrt is None:
        return list(graph.variables)
    names = [name.strip() for name in wrt.split(",")] if isinstance(wrt, str) else list(wrt)
    named = dict.fromkeys([*graph.variables, *graph.names.values()])
    for name in names:
        if name in named:
            continue
        if name in graph.unused:
            raise RequestError(f"the output does not depend on {name}")
        listed = ", ".join(list(named)[:12])
        raise RequestError(
            f"there is no variable {printable(name, 60)} to differentiate by"
            if name
            else "the list of variables to differentiate by has an empty name",
            hint=did_you_mean(name, list(named)) or f"the formula has {listed or 'none'}",
        )
    return list(dict.fromkeys(names))


def _ids_taken(graph: Graph) -> list[str]:
    """A warning where a name of the formula is the id of another node."""
    said = []
    for name, index in graph.by_name.items():
        number = name[1:] if name[0] == "n" and name.isascii() and name[1:].isdigit() else ""
        if (
            number
            and len(number) < 9
            and 1 <= int(number) <= len(graph)
            and int(number) - 1 != index
        ):
            said.append(f"{name} is a name in the formula, and the id of another node")
    return said


def _kinks_said(graph: Graph, kinks: Sequence[tuple[int, Kink]]) -> list[str]:
    said = [_kink_said(graph, index, kink) for index, kink in kinks[:_TOLD]]
    if len(kinks) > _TOLD:
        said.append(f"{len(kinks) - _TOLD} more nodes sit on a kink")
    return said


def _kink_said(graph: Graph, index: int, kink: Kink) -> str:
    op = graph.op(index)
    return (
        f"{expression_text(graph, index)} sits on a kink of {op.symbol or op.name} ({kink.when}): "
        f"the derivative is a choice, here {kink.ours} (PyTorch: {kink.torch}; JAX: {kink.jax})"
    )

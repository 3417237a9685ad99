"""One calculation, whole: formula + values -> graph -> values -> gradients -> check -> result.

>>> import bpcalc
>>> result = bpcalc.grad("x**2*y + (y + 2)", x=3, y=4)
>>> result.value, result.gradient
(42.0, {'x': 24.0, 'y': 10.0})
>>> result.check.ok
True
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from bpcalc import engine
from bpcalc.bindings import bound, matched, quantity
from bpcalc.engine import backward, forward
from bpcalc.engine.diagnosis import (
    expression_text,
    failure_of_gradients,
    failure_of_values,
    kinks,
)
from bpcalc.errors import CalculationError, RequestError, did_you_mean, printable
from bpcalc.formula import parse
from bpcalc.graph import Graph, Node
from bpcalc.ops.constants import Constant
from bpcalc.ops.domain import Kink
from bpcalc.ops.op import Value

if TYPE_CHECKING:
    from bpcalc.checks.check import Check

SCHEMA = 1
"""The version of the JSON."""


class Edge(NamedTuple):
    """One use of a node, and what it brings to the node's gradient."""

    consumer: int
    input: int
    arg: int
    """Which input of the consumer it is, from 0."""
    local: Value | None
    """The local derivative; None where nothing flows."""
    upstream: Value
    gradient: Value
    """upstream * local."""


class Result:
    """What `grad` found: everything that the JSON holds, under the same names."""

    def __init__(
        self,
        graph: Graph,
        values: Sequence[Value],
        gradients: Sequence[Value],
        seed: float,
        wrt: Sequence[str],
    ) -> None:
        self.graph: Graph = graph
        self.values = values
        """The value of every node, by index."""
        self.gradients = gradients
        """The gradient of the output with respect to every node, by index."""
        self.seed = seed
        """The gradient from which the backward pass started."""
        self.wrt = tuple(wrt)
        self.check: Check | None = None
        self.kinks: Sequence[tuple[int, Kink]] = ()
        self.failure: CalculationError | None = None
        """Why a result is not finite, if so."""
        self.warnings: list[str] = list(graph.warnings)

    @property
    def formula(self) -> str:
        return self.graph.source

    @property
    def value(self) -> Value:
        """The value of the formula."""
        return self.values[self.graph.output]

    @property
    def gradient(self) -> dict[str, Value]:
        """The derivative of the output by each variable, in order of appearance."""
        return {name: self.gradients[self.graph.index(name)] for name in self.wrt}

    @property
    def ok(self) -> bool:
        """Whether everything is finite and no check disagrees."""
        return self.failure is None and not (self.check is not None and self.check.ok is False)

    @property
    def nodes(self) -> Sequence[Node]:
        return self.graph.nodes

    @property
    def edges(self) -> list[Edge]:
        """Every edge, in the order in which the backward pass takes them."""
        return list(self.each_edge())

    def each_edge(self) -> Iterator[Edge]:
        """The edges one by one, from a backward pass of their own: a million need no memory."""
        contributions = backward(self.graph, self.values, [], self.seed)
        told = next(contributions, None)
        for consumer in range(len(self.graph) - 1, len(self.graph.leaves) - 1, -1):
            for arg, target in enumerate(self.graph.inputs(consumer)):
                if told is None or told[:3] != (consumer, target, arg):
                    yield Edge(consumer, target, arg, None, 0.0, 0.0)
                    continue
                _, _, _, local, upstream, gradient = told
                yield Edge(consumer, target, arg, float(local), float(upstream), float(gradient))
                told = next(contributions, None)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of the contract as Python's dicts and lists."""
        return {key: self[key] for key in self.keys()}

    def __getitem__(self, key: str) -> Any:
        """What stands under this key of the JSON.

        Raises:
            KeyError: the JSON has no such key.
        """
        from bpcalc.render.data import PARTS

        if key not in self.keys():
            raise KeyError(key)
        return PARTS[key](self)

    def keys(self) -> Collection[str]:
        """The keys of the JSON, so that `dict(result)` works."""
        from bpcalc.render.data import PARTS

        return [key for key in PARTS if key != "check" or self.check is not None]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __repr__(self) -> str:
        slopes = ", ".join(f"{name}: {value!r}" for name, value in self.gradient.items())
        return f"<Result value {self.value!r}, gradient {{{slopes}}}>"

    def _repr_html_(self) -> str:
        """The table, for notebooks."""
        from bpcalc.render.html import table

        return table(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))


def grad(
    formula: str | Graph,
    values: Mapping[str, float | str] | None = None,
    /,
    *,
    wrt: Sequence[str] | str | None = None,
    upstream: float | str = 1.0,
    check: bool = True,
    **variables: float | str,
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
    values: Mapping[str, float | str] | None, variables: Mapping[str, float | str]
) -> dict[str, Constant]:
    twice = [name for name in variables if values and name in values]
    if twice:
        raise RequestError(f"{twice[0]} has two values")
    return bound({**(values or {}), **variables})


def calculated(
    graph: Graph,
    variables: Mapping[str, Constant],
    wrt: Sequence[str] | str | None,
    seed: Constant,
    check: bool,
) -> Result:
    """The calculation on a graph whose variables all have their values."""
    names = _wrt(graph, wrt)
    values = forward(graph, variables)
    gradients = [float(gradient) for gradient in engine.gradients(graph, values, float(seed))]
    result = Result(graph, values, gradients, float(seed), names)
    wanted = [graph.index(name) for name in names]
    result.failure = failure_of_values(graph, values, variables) or failure_of_gradients(
        graph, values, gradients, float(seed), variables, wanted
    )
    result.kinks = kinks(graph, values, gradients)
    result.warnings += [_kink_said(graph, index, kink) for index, kink in result.kinks]
    if check:
        from bpcalc.checks.check import check as checked

        result.check = checked(graph, variables, values, gradients, seed, result.kinks, names)
        result.warnings += result.check.warnings
    return result


def _wrt(graph: Graph, wrt: Sequence[str] | str | None) -> list[str]:
    """The names by which to differentiate; of all variables where none are given."""
    if wrt is None:
        return list(graph.variables)
    names = [name.strip() for name in wrt.split(",")] if isinstance(wrt, str) else list(wrt)
    named = [*graph.variables, *graph.names.values()]
    for name in names:
        if name in named:
            continue
        if name in graph.unused:
            raise RequestError(f"the output does not depend on {name}")
        shown = printable(name, 60) or "an empty name"
        raise RequestError(
            f"there is no variable {shown} to differentiate by",
            hint=did_you_mean(name, named) or f"the formula has {', '.join(named[:12]) or 'none'}",
        )
    return list(dict.fromkeys(names))


def _kink_said(graph: Graph, index: int, kink: Kink) -> str:
    op = graph.op(index)
    return (
        f"{expression_text(graph, index)} sits on a kink of {op.symbol or op.name} ({kink.when}): "
        f"the derivative is a choice, here {kink.ours} (PyTorch: {kink.torch}; JAX: {kink.jax})"
    )

"""Why an operation for arrays cannot be written: there are arrays, or none are known without."""

from __future__ import annotations

from bpcalc.errors import RequestError
from bpcalc.graph import Graph
from bpcalc.ops.of_numbers import OnlyOfArrays, meaning
from bpcalc.ops.op import Op
from bpcalc.ops.terms import Term, text


def refused_operation(graph: Graph, index: int | None = None) -> RequestError | None:
    """What is said of the first node that is an array; of none, that the operation is refused."""
    first = _first_array(graph)
    if first is not None:
        said = "code is generated for formulas of numbers, and this one has arrays in it"
        return RequestError(said, source=graph.source, span=graph.span(first))
    if index is None:
        return None
    name = graph.op(index).name
    return RequestError(
        f"code is generated for operations on numbers, and {name} is one on arrays",
        source=graph.source,
        span=graph.span(index),
        hint=_of_numbers(graph.op(index)),
    )


def _first_array(graph: Graph) -> int | None:
    """The first node that is no number, where the variables are numbers."""
    for index, leaf in enumerate(graph.leaves):
        if hasattr(leaf.constant, "array"):
            return index
    for index, op, inputs in graph.operations:
        if op.shape is not None and _shape(op, len(inputs)) != ():
            return index
    return None


def _shape(op: Op, inputs: int) -> object:
    assert op.shape is not None
    try:
        return op.shape(*[()] * inputs, **op.options)
    except (TypeError, ValueError, IndexError):
        return None  # x[0], x @ y


def _of_numbers(op: Op) -> str:
    """What to write instead."""
    args = [Term(name) for name in op.parameters[: op.arity]]
    try:
        return f"{op.name}({', '.join(op.parameters)}) of numbers is {text(meaning(op, args))}"
    except OnlyOfArrays:
        return f"bpcalc ops {op.name} tells what it means; write that out for numbers"

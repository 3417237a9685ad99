"""graph + values of the variables -> the value of every node, in one pass from inputs to output."""

from __future__ import annotations

from collections.abc import Mapping

from bpcalc.graph import Graph
from bpcalc.ops.op import MATH_RAISES, Value, quietly


def forward(graph: Graph, variables: Mapping[str, Value]) -> list[Value]:
    """The values of all nodes, indexed by node number (the literature: primals).

    Raises:
        KeyError: a variable of the graph has no value.
    """
    values: list[Value] = []
    plain = not graph.structural
    for leaf in graph.leaves:
        value = variables[leaf.name] if leaf.constant is None else leaf.constant  # type: ignore[index]
        if isinstance(value, (float, int)):
            value = float(value)
        else:
            plain = False
            value = getattr(value, "array", value)
        values.append(value)
    if not plain:
        return quietly(_of_arrays, graph, values)  # type: ignore[no-any-return]
    ops, inputs = graph.columns
    add = values.append
    for op, indices in zip(ops, inputs):
        try:
            if len(indices) == 2:
                a, b = indices
                add(op.scalar(values[a], values[b]))
            else:
                add(op.scalar(*[values[i] for i in indices]))
        except MATH_RAISES:
            add(op.asked_of_numpy(tuple(values[i] for i in indices)))
    return values


def _of_arrays(graph: Graph, values: list[Value]) -> list[Value]:
    """The values of the leaves, and those of the operations behind them."""
    for op, indices in zip(*graph.columns):
        values.append(op(*[values[i] for i in indices]))
    return values

"""graph + values of the variables -> the value of every node, in one pass from inputs to output."""

from __future__ import annotations

from collections.abc import Mapping

from bpcalc.graph import Graph
from bpcalc.ops.op import MATH_RAISES, Value


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
    ops, inputs = graph.columns
    if not plain:
        for op, indices in zip(ops, inputs):
            values.append(op(*[values[i] for i in indices]))
        return values
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

"""graph + values -> the gradient of the output with respect to every node.

One loop over the operations in reversed order. Every edge makes a contribution, the gradient that
has arrived at the consumer (upstream) times the local derivative; a node's gradient is the sum of
what its edges bring (Rumelhart, Hinton and Williams 1986; Griewank and Walther, "Evaluating
Derivatives", algorithm 3.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from bpcalc.graph import Graph
from bpcalc.ops.op import MATH_RAISES, Op, Value, quietly

Contribution: TypeAlias = "tuple[int, int, int, Value | None, Value, Value]"
"""(consumer, input, arg, local, upstream, upstream * local): one edge, told with its numbers.

`local` is the literal 0 where nothing flows, and None where it would be a full Jacobian. Edges to
which no gradient has come are not told.
"""

NOTHING = 0
"""The literal 0 of the rules. CPython has one object for it: `is` tells it from a computed 0.0."""


def backward(
    graph: Graph,
    values: Sequence[Value],
    gradients: list[Value],
    seed: Value = 1.0,
    needed: Sequence[bool] | None = None,
    told: bool = True,
) -> Iterator[Contribution]:
    """Go from the output to the leaves and yield the contribution of every edge.

    `gradients` is filled on the way; when the loop is through, it holds for each node the gradient
    of the output with respect to it (the literature: adjoint, cotangent), and the literal 0 where
    nothing has arrived. The backward pass starts from `seed`. On arrays it goes only to the nodes
    that are needed, if that is said; and if it is not told what it did, only gradients are right
    afterwards, and not the local derivatives that were yielded.
    """
    leaves = len(graph.leaves)
    ops, inputs = graph.columns
    gradients[:] = [NOTHING] * len(graph)
    gradients[graph.output] = seed
    if holds_arrays(graph, values):
        from bpcalc.engine.array_backward import array_backward

        yield from array_backward(graph, values, gradients, needed, told)
        return
    for index in range(graph.output, leaves - 1, -1):
        upstream = gradients[index]
        if upstream is NOTHING:
            continue
        indices = inputs[index - leaves]
        rule = ops[index - leaves].rule
        if len(indices) == 2:
            a, b = indices
            try:
                locals_ = rule(values[index], values[a], values[b])
            except MATH_RAISES:
                locals_ = _by_numpy(ops[index - leaves], values, index, indices)
        else:
            try:
                locals_ = rule(values[index], *[values[i] for i in indices])
            except MATH_RAISES:
                locals_ = _by_numpy(ops[index - leaves], values, index, indices)
            if len(indices) == 1 and type(locals_) is not tuple:
                locals_ = (locals_,)
        arg = 0  # counting by hand takes a fifth less than enumerate(zip(...))
        for local in locals_:
            target = indices[arg]
            if local is NOTHING:
                yield index, target, arg, NOTHING, upstream, NOTHING
            else:
                contribution = upstream * local
                arrived = gradients[target]
                gradients[target] = contribution if arrived is NOTHING else arrived + contribution
                yield index, target, arg, local, upstream, contribution
            arg += 1  # noqa: SIM113


def holds_arrays(graph: Graph, values: Sequence[Value]) -> bool:
    """Whether there may be arrays among the values."""
    return graph.structural or any(
        type(value) is not float for value in values[: len(graph.leaves)]
    )


def gradients(
    graph: Graph,
    values: Sequence[Value],
    seed: Value = 1.0,
    wanted: Iterable[int] | None = None,
) -> list[Value]:
    """The gradient of the output with respect to every node, indexed by node number.

    Where nothing has arrived it is 0, of the shape of the node's value. Arrays are read-only, as
    nodes may have one in common: `a + b` brings to both what has come to it.

    If it is said which nodes are wanted, arrays are not computed for nodes that lead to none of
    them, as data: None stands there.
    """
    found: list[Value] = []
    if not holds_arrays(graph, values):
        _run(backward(graph, values, found, seed))
        return [0.0 if g is NOTHING else g for g in found]
    needed = None if wanted is None else depends_on(graph, wanted)
    quietly(_run, backward(graph, values, found, seed, needed, told=False))
    return [
        None if needed and not needed[i] else _fixed(zero_like(values[i]) if g is NOTHING else g)
        for i, g in enumerate(found)
    ]


def _run(contributions: Iterator[Contribution]) -> None:
    for _ in contributions:
        pass


def _fixed(gradient: Value) -> Value:
    """A view of an array that cannot be written to."""
    if not getattr(gradient, "shape", ()):
        return gradient
    view = gradient.view()
    view.flags.writeable = False
    return view


def depends_on(graph: Graph, nodes: Iterable[int]) -> list[bool]:
    """For each node whether it is one of `nodes` or computed from one."""
    depends = [False] * len(graph)
    for index in nodes:
        depends[index] = True
    for index, indices in enumerate(graph.columns[1], len(graph.leaves)):
        for i in indices:
            if depends[i]:
                depends[index] = True
    return depends


def zero_like(value: Value) -> Value:
    """Zero, or zeros in the shape of an array."""
    if not getattr(value, "shape", ()):
        return 0.0
    import numpy

    return numpy.zeros(value.shape)


def _by_numpy(op: Op, values: Sequence[Value], index: int, indices: tuple[int, ...]) -> Value:
    """The local derivatives where plain arithmetic raises (1/0): inf or NaN, as NumPy has it."""
    import numpy

    with numpy.errstate(all="ignore"):
        found = op.rule(numpy.float64(values[index]), *[numpy.float64(values[i]) for i in indices])
    found = found if type(found) is tuple else (found,)
    return tuple(local if local is NOTHING else float(local) for local in found)

"""graph + shapes of the variables -> the shape of every node, before anything is computed.

A shape that does not fit is an error here, in its place in the formula; so is an array that would
not fit into memory.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence

from bpcalc.engine.diagnosis import expression_text
from bpcalc.errors import CalculationError, RequestError
from bpcalc.graph import Graph
from bpcalc.ops.arrays import MAX_DIMENSIONS
from bpcalc.ops.op import Shape, Value
from bpcalc.ops.shapes import of_result, of_value, shown

_COPIES = 3
"""Of each node's array: its value, its gradient, and what is computed on the way."""


def shape(value: Value) -> Shape:
    """The shape of a number or an array."""
    return of_value(value)


def shapes(graph: Graph, variables: Mapping[str, Value]) -> list[Shape]:
    """The shape of every node, by its index.

    Raises:
        RequestError: shapes do not fit each other.
        CalculationError: the arrays would not fit into memory.
    """
    found: list[Shape] = []
    for index, leaf in enumerate(graph.leaves):
        found.append(shape(variables[leaf.name] if leaf.constant is None else leaf.constant))  # type: ignore[index]
        _refuse_other_length(graph, index, found[index])
    for index, op, inputs in graph.operations:
        try:
            found.append(_refuse_many_axes(of_result(op, [found[i] for i in inputs])))
        except ValueError as why:
            raise _misfit(graph, index, found, str(why)) from None
        _refuse_other_length(graph, index, found[index])
    _refuse_more_than_memory(graph, found)
    return found


def _refuse_other_length(graph: Graph, index: int, found: Shape) -> None:
    """What `scan` wrote out for three steps goes along three elements, and not four."""
    length = graph.lengths.get(index)
    if length is not None and found[:1] != (length,):
        raise RequestError(
            f"the graph was built for {length} steps of scan, and now there are "
            f"{found[0] if found else 'none'}",
            source=graph.source,
            span=graph.span(index),
            hint="parse the formula again, with these values",
        )


def _refuse_many_axes(shape: Shape) -> Shape:
    if len(shape) > MAX_DIMENSIONS:
        raise ValueError(f"an array has at most {MAX_DIMENSIONS} axes, and this has {len(shape)}")
    return shape


def _misfit(graph: Graph, index: int, found: Sequence[Shape], why: str) -> RequestError:
    lines = [
        f"{expression_text(graph, i)} {'has the shape ' if found[i] else 'is '}{shown(found[i])}"
        for i in dict.fromkeys(graph.inputs(index))
    ]
    hint = ""
    if "two ways" in why:
        hint = "write @ for the matrix product, * or ⊙ element by element"
    return RequestError(
        why, source=graph.source, span=graph.span(index), values=lines[:6], hint=hint
    )


def _refuse_more_than_memory(graph: Graph, found: Sequence[Shape]) -> None:
    sizes = [math.prod(shape) for shape in found]
    needed = 8 * _COPIES * sum(sizes)
    if needed < 2**28 or needed < memory():
        return
    index = max(range(len(sizes)), key=sizes.__getitem__)
    raise CalculationError(
        f"this needs about {needed / 2**30:,.1f} GiB of memory, and there are "
        f"{memory() / 2**30:,.1f}",
        source=graph.source,
        span=graph.span(index),
        values=[f"{expression_text(graph, index)} has the shape {found[index]}"],
        hint="the same by parts: fewer rows at a time",
    )


def memory() -> float:
    """How many bytes of memory the machine has."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return math.inf

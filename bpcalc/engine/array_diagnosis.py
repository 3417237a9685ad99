"""Where a calculation on arrays left the real numbers: the first element, and what it came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy

from bpcalc.engine.diagnosis import expression_text
from bpcalc.errors import CalculationError

if TYPE_CHECKING:
    from bpcalc.graph import Graph
    from bpcalc.ops.op import Value


def array_failure(graph: Graph, values: Sequence[Value], index: int) -> CalculationError:
    """An error about a node that is not finite in some element, though its inputs are."""
    op, inputs = graph.op(index), graph.inputs(index)
    arguments = [values[i] for i in inputs]
    shown = op.symbol or op.name
    allowed = numpy.asarray(op.domain.contains(*arguments, **op.options))
    lines = []
    if not allowed.all():
        message = f"{shown} needs {op.domain.words}"
        if allowed.ndim:
            place = first(~allowed)
            concerned = range(len(inputs)) if op.domain.of is None else [op.domain.of]
            lines = [element(graph, inputs[i], values[inputs[i]], place) for i in concerned]
            got = " and ".join(line.rpartition(" = ")[2] for line in lines)
            message += f", and got {got}"
        else:
            lines = [_matrix(graph, inputs[0], arguments[0])]
    else:
        found = numpy.asarray(values[index])
        place = first(~numpy.isfinite(found))
        what = "gives NaN" if numpy.isnan(found[place]) else "overflows: beyond 1.797e308"
        message = f"{shown} {what}"
        if found.ndim:
            lines = [element(graph, i, values[i], place) for i in dict.fromkeys(inputs)]
    return CalculationError(
        message,
        source=graph.source,
        span=graph.span(index),
        values=[line for line in lines if line],
        hint=op.domain.hint.format(x=expression_text(graph, inputs[0])) if not allowed.all() else "",
    )


def array_gradient_failure(
    graph: Graph, values: Sequence[Value], consumer: int, target: int, contribution: Value
) -> CalculationError:
    """An error about an edge that brings a gradient which is not finite in some element."""
    place = first(~numpy.isfinite(contribution))
    op = graph.op(consumer)
    return CalculationError(
        f"the derivative of {op.symbol or op.name} is not finite here",
        source=graph.source,
        span=graph.span(consumer),
        values=[element(graph, target, values[target], place)],
        hint="the value is defined, and has no finite slope at this point",
    )


def first(condition: Any) -> tuple[int, ...]:
    """The indices of the first element that is true."""
    return tuple(int(i) for i in numpy.argwhere(condition)[0])


def element(graph: Graph, index: int, value: Value, place: tuple[int, ...]) -> str:
    """`x[3] = -2.0`, in the place of a broadcast array that was found."""
    shape = numpy.shape(value)
    if len(shape) > len(place):
        return ""
    own = place[len(place) - len(shape) :]
    own = tuple(0 if n == 1 else i for i, n in zip(own, shape))
    name = expression_text(graph, index)
    if not own:
        return f"{name} = {value}"
    name = name if name.isidentifier() else f"({name})"
    return f"{name}[{', '.join(map(str, own))}] = {numpy.asarray(value)[own]}"


def _matrix(graph: Graph, index: int, value: Value) -> str:
    """What is wrong with a matrix, in one number."""
    name = expression_text(graph, index)
    with numpy.errstate(all="ignore"):
        try:
            return (
                f"{name} has the determinant {numpy.linalg.det(value):.6g}, and the condition "
                f"number {numpy.max(numpy.linalg.cond(value)):.6g}"
            )
        except numpy.linalg.LinAlgError:
            return ""

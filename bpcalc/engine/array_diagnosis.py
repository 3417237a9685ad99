"""Where a calculation on arrays left the real numbers: the first element, and what it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy

from bpcalc.engine.array_backward import moved
from bpcalc.engine.diagnosis import expression_text, failure_of_numbers, is_finite
from bpcalc.errors import CalculationError
from bpcalc.ops.domain import EVERYWHERE

if TYPE_CHECKING:
    from bpcalc.graph import Graph
    from bpcalc.ops.op import Op, Value

_SINGULAR = 1e15
"""A condition number from here on is made of rounding errors."""

_FEW = 8
"""So many elements are shown one by one."""


def failure_of_arrays(
    graph: Graph, values: Sequence[Value], variables: Mapping[str, Value]
) -> CalculationError | None:
    """An error about the first node that is not finite in an element that counts."""
    guarded = any(op.shape is not None and op.domain is not EVERYWHERE for op in graph.columns[0])
    if not guarded and all(map(is_finite, values)):
        return None
    counts = counting_elements(graph, values)
    for index, op, indices in graph.operations:
        if counts[index] is False:
            continue
        arguments = [values[i] for i in indices]
        bad = ~numpy.isfinite(values[index]) & counts[index]
        # What linear algebra gives of a singular matrix is NaN: no need for its condition again.
        doubtful = op.shape is not None and (op.family != "linear" or bad.any())
        if doubtful and not _is_defined(op, arguments):
            return _undefined(graph, values, index)
        if bad.any():
            if not bad.ndim and not any(map(numpy.ndim, arguments)):
                return failure_of_numbers(graph, values, variables, index, op, indices)
            return _not_finite(graph, values, index, bad)
    return None


def counting_elements(graph: Graph, values: Sequence[Value]) -> list[Any]:
    """For each node which elements the output depends on: not those that `where` left out.

    True stands for all of them, False for none. An operation that mixes elements needs all.
    """
    counts: list[Any] = [False] * len(graph)
    counts[graph.output] = True
    for index, op, indices in reversed(list(graph.operations)):
        if counts[index] is False:
            continue
        for i, mask in zip(indices, _counting_inputs(op, counts[index], index, indices, values)):
            counts[i] = _either(counts[i], _fitted(mask, numpy.shape(values[i])))
    return counts


def _counting_inputs(
    op: Op, mask: Any, index: int, indices: Sequence[int], values: Sequence[Value]
) -> Sequence[Any]:
    """Which elements of the inputs are needed for those of the output that count."""
    arguments = [values[i] for i in indices]
    if op.used is not None:
        return [_both(mask, used) for used in op.used(*arguments)]
    if op.shape is None or mask is True:
        return [mask] * len(indices)
    if op.family != "layout":
        return [True] * len(indices)
    masks = moved(op, mask, values[index], arguments)
    return [True if mask is None else mask for mask in masks]


def _both(a: Any, b: Any) -> Any:
    if a is True or b is True:
        return b if a is True else a
    return a & numpy.asarray(b)


def _either(a: Any, b: Any) -> Any:
    if a is False or b is True:
        return b
    return a if a is True else a | b


def _fitted(mask: Any, shape: tuple[int, ...]) -> Any:
    """A mask in the shape of an input: an element counts that counts wherever it is repeated."""
    if mask is True:
        return True
    mask = numpy.broadcast_to(mask, numpy.broadcast_shapes(numpy.shape(mask), shape))
    axes = tuple(range(mask.ndim - len(shape)))
    mask = mask.any(axis=axes)
    axes = tuple(a for a, n in enumerate(shape) if n == 1)
    mask = mask.any(axis=axes, keepdims=True) if shape else mask
    return bool(mask.any()) if not shape or mask.all() or not mask.any() else mask


def _is_defined(op: Op, arguments: Sequence[Value]) -> bool:
    return op.domain is EVERYWHERE or bool(numpy.all(op.domain.contains(*arguments, **op.options)))


def _undefined(graph: Graph, values: Sequence[Value], index: int) -> CalculationError:
    """An error about an operation on whole arrays, outside its domain."""
    op, inputs = graph.op(index), graph.inputs(index)
    allowed = numpy.asarray(op.domain.contains(*[values[i] for i in inputs], **op.options))
    concerned = inputs[op.domain.of or 0]
    value = values[concerned]
    lines = []
    if op.domain.of is None:  # it concerns an option
        pass
    elif op.family == "linear":
        lines = [_matrix(graph, concerned, value, first(~allowed) if allowed.ndim else ())]
    elif allowed.shape == numpy.shape(value) and allowed.ndim:
        lines = [element(graph, concerned, value, first(~allowed))]
    elif numpy.size(value) <= _FEW:
        shown = numpy.array2string(numpy.asarray(value), separator=", ").replace("\n", "")
        lines = [f"{expression_text(graph, concerned)} = {shown}"]
    return _error(graph, index, f"{_called(op)} needs {op.domain.words}", lines, op.domain.hint)


def _not_finite(graph: Graph, values: Sequence[Value], index: int, bad: Any) -> CalculationError:
    """An error about the first element that is not finite."""
    op, inputs = graph.op(index), graph.inputs(index)
    arguments = [values[i] for i in inputs]
    if op.shape is None:
        outside = ~numpy.asarray(op.domain.contains(*arguments, **op.options)) & bad
        if outside.any():
            place = first(outside)
            concerned = inputs if op.domain.of is None else (inputs[op.domain.of],)
            got = " and ".join(str(_at(values[i], place)) for i in concerned)
            message = f"{_called(op)} needs {op.domain.words}, and got {got}"
            return _error(
                graph, index, message, _elements(graph, values, index, place), op.domain.hint
            )
    place = first(bad)
    found = numpy.asarray(values[index])[place]
    what = "gives NaN" if numpy.isnan(found) else "overflows: the result is beyond 1.797e308"
    lines = _elements(graph, values, index, place) if op.shape is None else []
    return _error(graph, index, f"{_called(op)} {what}", lines, "")


def _error(
    graph: Graph, index: int, message: str, lines: Sequence[str], hint: str
) -> CalculationError:
    return CalculationError(
        message,
        source=graph.source,
        span=graph.span(index),
        values=[line for line in dict.fromkeys(lines) if line],
        hint=hint.format(x=expression_text(graph, graph.inputs(index)[0])),
    )


def _called(op: Op) -> str:
    return op.symbol or op.name


def _elements(
    graph: Graph, values: Sequence[Value], index: int, place: tuple[int, ...]
) -> list[str]:
    """The elements from which an elementwise operation computed one of its own."""
    return [element(graph, i, values[i], place) for i in graph.inputs(index)]


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
    """`x[3] = -2.0`, in the place of a broadcast array that was found; empty for a constant."""
    own = _own_place(numpy.shape(value), place)
    name = expression_text(graph, index)
    if not own:
        constant = index < len(graph.leaves) and graph.leaves[index].constant is not None
        return "" if constant else f"{name} = {value}"
    return f"{_indexed(name, own)} = {_at(value, place)}"


def _own_place(shape: tuple[int, ...], place: tuple[int, ...]) -> tuple[int, ...]:
    """Which element of an array was broadcast to a place."""
    own = place[len(place) - len(shape) :]
    return tuple(0 if n == 1 else i for i, n in zip(own, shape))


def _at(value: Value, place: tuple[int, ...]) -> float:
    return float(numpy.asarray(value)[_own_place(numpy.shape(value), place)])


def _indexed(name: str, place: tuple[int, ...]) -> str:
    plain = name.isidentifier() or (name[0] == "[" and name[-1] == "]")
    return f"{name if plain else f'({name})'}[{', '.join(map(str, place))}]"


def _matrix(graph: Graph, index: int, value: Value, place: tuple[int, ...]) -> str:
    """What is wrong with a matrix, or with one of a stack, in two numbers."""
    name = expression_text(graph, index)
    with numpy.errstate(all="ignore"):
        try:
            if numpy.ndim(value) > 2:
                place = place or first(numpy.linalg.cond(value) == numpy.linalg.cond(value).max())
                name, value = _indexed(name, place), value[place]
            condition = numpy.linalg.cond(value)
            shown = f"{condition:.6g}" if condition < _SINGULAR else f"above {_SINGULAR:g}"
            return (
                f"{name} has the determinant {numpy.linalg.det(value):.6g}, and the condition "
                f"number {shown}"
            )
        except (numpy.linalg.LinAlgError, IndexError):  # of the NaN among its elements
            return ""

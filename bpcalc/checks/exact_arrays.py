"""A graph of arrays computed with mpmath's numbers, and beforehand what that costs.

Elementwise operations are computed from SymPy's meaning, structural ones from their own; linear
algebra by elimination, since determinants by minors would never end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, TypeAlias

import mpmath
import numpy
from mpmath import mpf

from bpcalc.checks.expansion import constant
from bpcalc.checks.reference import COMPUTING_FAILS, number, real
from bpcalc.checks.symbolic import MpNumber, valued
from bpcalc.graph import Graph
from bpcalc.ops.arrays import ConstantArray
from bpcalc.ops.op import TABLE, Op, Shape, Value, register_kind

Exact: TypeAlias = "MpNumber | numpy.ndarray[Any, Any]"
"""An mpmath number, or an array of them."""

_FUNCTION = 25
"""How many additions an exponential takes."""


class TooCostly(Exception):  # noqa: N818  (it is raised to say how a formula is, and always caught)
    """The calculation would take too long."""


def exact_leaves(graph: Graph, variables: Mapping[str, Value]) -> list[Exact]:
    """The leaves' values, from the decimals as typed."""
    return [
        _exact(variables[leaf.name or ""] if leaf.constant is None else leaf.constant)
        for leaf in graph.leaves
    ]


def _exact(value: Value) -> Exact:
    value = value.array if isinstance(value, ConstantArray) else value
    if not getattr(value, "shape", ()):
        return number(constant(value))
    return numpy.frompyfunc(lambda x: mpf(repr(float(x))), 1, 1)(value)


def computed(graph: Graph, leaves: Sequence[Exact]) -> Exact:
    """The value of the output. What is no real number is NaN.

    Raises:
        ZeroDivisionError, ValueError, ...: one of COMPUTING_FAILS, within a structural operation.
    """
    values = list(leaves)
    for _, op, inputs in graph.operations:
        values.append(_applied(op, [values[i] for i in inputs]))
    return values[graph.output]


def _applied(op: Op, args: Sequence[Exact]) -> Exact:
    if op.shape is not None:
        function = _BY_ELIMINATION.get(op.key)
        return op.of_objects(tuple(args)) if function is None else function(*args)
    if op.name in _ARITHMETIC:
        try:
            return op.forward(*args)  # type: ignore[operator]
        except COMPUTING_FAILS:
            pass  # one element divides by 0: the others still count
    return numpy.frompyfunc(lambda *xs: _of_numbers(op, xs), len(args), 1)(*args)


_ARITHMETIC = {"add", "sub", "mul", "div", "neg"}


def _of_numbers(op: Op, args: tuple[Value, ...]) -> MpNumber:
    """An elementwise operation on numbers."""
    if op.variadic and len(args) != 2:
        rest = TABLE[op.name]
        return reduce(lambda a, b: _of_numbers(rest, (a, b)), args)
    try:
        result = real(valued(op)(*args))
    except COMPUTING_FAILS:
        result = None
    return mpmath.nan if result is None else result


def _of_kind(op: Op, args: tuple[Value, ...]) -> Value:
    """An operation with a number of mpmath's among its inputs; beside it there may be arrays."""
    if op.shape is not None:
        objects = tuple(numpy.asarray(arg, dtype=object) for arg in args)
        return op.of_objects(args if op.variadic else objects)
    if any(getattr(arg, "shape", ()) for arg in args):
        return op.of_objects(args)
    return _of_numbers(op, args)


register_kind(mpf, _of_kind)


# Linear algebra


def _eliminated(A: Value, b: Value) -> tuple[MpNumber, Value]:
    """The determinant of a matrix, and the solution of A @ x = b; b a matrix.

    Raises:
        ZeroDivisionError: the matrix is singular.
    """
    n = len(A)
    rows = numpy.concatenate([A, b], axis=1).astype(object)
    found = mpf(1)
    for k in range(n):
        best = max(range(k, n), key=lambda i: abs(rows[i, k]))
        if best != k:
            rows[[k, best]] = rows[[best, k]]
            found = -found
        found = found * rows[k, k]
        if found == 0:
            return found, None
        rows[k, k:] = rows[k, k:] / rows[k, k]
        others = [i for i in range(n) if i != k]
        rows[others, k:] = rows[others, k:] - rows[others, k : k + 1] * rows[k, k:]
    return found, rows[:, n:]


def _solved(A: Value, b: Value) -> Value:
    _, found = _eliminated(A, b if b.ndim == 2 else b[:, None])
    if found is None:
        raise ZeroDivisionError("singular")
    return found.reshape(b.shape)


def _stacked(function: Callable[[Value], Value]) -> Callable[[Value], Value]:
    """A function of one matrix, for a stack of them."""

    def applied(A: Value) -> Value:
        if A.ndim == 2:
            return function(A)
        return numpy.array([applied(part) for part in A], dtype=object)

    return applied


def _determinant(A: Value) -> MpNumber:
    return _eliminated(A, A[:, :0])[0]


def _logdet(A: Value) -> MpNumber:
    found = _determinant(A)
    return mpmath.log(found) if found > 0 else mpmath.nan


def _inverse(A: Value) -> Value:
    return _solved(A, numpy.eye(len(A), dtype=int).astype(object))


_BY_ELIMINATION: dict[str, Callable[..., Value]] = {
    "det": _stacked(_determinant),
    "logdet": _stacked(_logdet),
    "inv": _stacked(_inverse),
    "solve": _solved,
}


# Costs


class Tally:
    """Stands for any number, and counts what is done with it, in additions."""

    __slots__ = ("count", "most")

    def __init__(self, most: int) -> None:
        self.count = 0
        self.most = most

    def add(self, count: int) -> Tally:
        """Count so many additions.

        Raises:
            TooCostly: they are too many.
        """
        self.count += count
        if self.count > self.most:
            raise TooCostly
        return self

    def __add__(self, _: Value) -> Tally:
        return self.add(1)

    __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __add__
    __truediv__ = __rtruediv__ = __pow__ = __rpow__ = __add__

    def __neg__(self) -> Tally:
        return self.add(1)


def _tallied(op: Op, args: tuple[Value, ...]) -> Value:
    if op.shape is not None:
        return op.of_objects(tuple(numpy.asarray(arg, dtype=object) for arg in args))
    if any(getattr(arg, "shape", ()) for arg in args):
        return op.of_objects(args)
    tally: Tally = next(arg for arg in args if isinstance(arg, Tally))
    return tally.add(_cost(op))


register_kind(Tally, _tallied)


def _cost(op: Op) -> int:
    return 1 if op.name in _ARITHMETIC else _FUNCTION


def cost(graph: Graph, shapes: Sequence[Shape], most: int) -> int:
    """How many additions one calculation takes, roughly.

    Raises:
        TooCostly: more than `most`.
    """
    tally = Tally(most)
    for index in graph.variables.values():
        tally.add(2 * int(numpy.prod(shapes[index], dtype=float)))  # they are moved
    for index, op, inputs in graph.operations:
        size = int(numpy.prod(shapes[index], dtype=float))
        if op.shape is None:
            tally.add(size * _cost(op) * max(1, len(inputs) - 1))
        elif op.key in _BY_ELIMINATION:
            matrix = shapes[inputs[0]]
            columns = matrix[-1] + size
            tally.add(int(numpy.prod(matrix, dtype=float)) * columns)
        else:
            tally.add(size)
            op.of_objects(tuple(_full(shapes[i], tally) for i in inputs))
    return tally.count


def _full(shape: Shape, tally: Tally) -> Value:
    found = numpy.empty(shape, dtype=object)
    found.fill(tally)
    return found

"""One step of a program -> a Polars expression that gives the same numbers, to the bit.

Polars asks the same mathematical library of the machine as Python's `math`. Where it does not,
or has no such function, Python's own is applied to each element.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import NamedTuple

import polars as pl

from bpcalc.ops import TABLE
from bpcalc.ops.op import MATH_RAISES, Op


class Operand(NamedTuple):
    """What a step is applied to, and whether that may be NaN."""

    expression: pl.Expr
    never_nan: bool = False


def expression(op: str, operands: Sequence[Operand]) -> pl.Expr:
    """The result of an operation, or of a condition, in each row."""
    if op in _COMPARISONS:
        return _compared(op, *operands)
    expressions = [operand.expression for operand in operands]
    if op in _SIGNS:
        return _SIGNS[op](*expressions)
    if op in _BY_NAME and hasattr(pl.Expr, _BY_NAME[op]):
        return getattr(expressions[0], _BY_NAME[op])()  # type: ignore[no-any-return]
    return _by_python(TABLE[op], expressions)


def needs_column(op: str, place: int, number: float) -> bool:
    """Whether a number among the inputs of a step has to be a column, full of it.

    Polars leaves out x + 0, which makes 0 of -0, multiplies by the reciprocal of a divisor, and
    multiplies for small powers. A number that is chosen in all rows stays a number.
    """
    if op in ("add", "sub"):
        return number == 0
    if op == "div":
        return place == 1 and not _has_exact_reciprocal(number)
    return op not in _COMPARISONS and op != "mul"


def _has_exact_reciprocal(number: float) -> bool:
    return math.frexp(number)[0] in (0.5, -0.5) and 1e-300 < abs(number) < 1e300


_BY_NAME = {
    **{op: op for op in ("abs", "cos", "cosh", "erf", "erfc", "exp", "log", "log1p", "neg")},
    **{op: op for op in ("sin", "sinh", "sqrt", "tan", "tanh")},
    **{f"a{op}": f"arc{op}" for op in ("cos", "cosh", "sin", "sinh", "tan")},
}
"""Functions of one number for which Polars gives what `math` gives. Its cbrt, atanh, log2 and
log10 differ in the last bit, and it has no expm1, gamma and lgamma."""


def _without_minus_zero(x: pl.Expr) -> pl.Expr:
    """What `math` makes of a rounded number: it is an integer at first."""
    return pl.when(x == 0).then(x.abs()).otherwise(x)


_SIGNS: dict[str, Callable[..., pl.Expr]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "atan2": pl.arctan2,
    "floor": lambda x: _without_minus_zero(x.floor()),
    "ceil": lambda x: _without_minus_zero(x.ceil()),
    "where": lambda c, a, b: pl.when(c).then(a).otherwise(b),
    "and": operator.and_,
    "or": operator.or_,
    "not": operator.invert,
    "number": lambda c: c.cast(pl.Float64),
}

_COMPARISONS: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
}


def _compared(op: str, a: Operand, b: Operand) -> pl.Expr:
    """A comparison as IEEE 754 has it; to Polars NaN is equal to NaN, and above all numbers."""
    found = _COMPARISONS[op](a.expression, b.expression)
    for operand in (a, b):
        if not operand.never_nan:
            if op == "not_equal":
                found = found | operand.expression.is_nan()
            else:
                found = found & operand.expression.is_not_nan()
    return found


def _by_python(op: Op, expressions: Sequence[pl.Expr]) -> pl.Expr:
    def applied(columns: Sequence[pl.Series]) -> pl.Series:
        found = _elementwise(op, [column.fill_null(math.nan).to_list() for column in columns])
        return pl.Series(found, dtype=pl.Float64)

    return pl.map_batches(list(expressions), applied, return_dtype=pl.Float64, is_elementwise=True)


def _elementwise(op: Op, columns: Sequence[Sequence[float]]) -> list[float]:
    try:
        return list(map(op.scalar, *columns))
    except MATH_RAISES:
        return list(map(op, *columns))

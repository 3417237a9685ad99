"""Choosing between values: where, the larger, the smaller, the nearest within bounds."""

from __future__ import annotations

from functools import reduce

from bpcalc.ops.comparisons import equal
from bpcalc.ops.declare import elementwise
from bpcalc.ops.domain import Kink
from bpcalc.ops.op import Value


@elementwise(
    "where",
    sympy="where",
    latex=r"\begin{{cases}} {a} & \text{{if }} {c} \\ {b} & \text{{otherwise}} \end{{cases}}",
    used=lambda c, a, b: (True, c != 0, c == 0),
    kink=Kink(
        "the condition is a number, and 0: the result switches there",
        at=lambda c, a, b: c == 0,
        ours="0 with respect to the condition",
        torch="no gradient with respect to the condition",
        jax="0 with respect to the condition",
        example="where(0, 1, 2)",
        jump=True,
    ),
)
def where(y: Value, c: Value, a: Value, b: Value) -> Value:
    """The value a where c is true (not 0), else b. What was not chosen counts in no way."""
    return 0, where(c, 1, 0), where(c, 0, 1)


def _larger(a: Value, b: Value) -> Value:
    return where(a >= b, a, where(a < b, b, a + b))  # a + b is NaN where one of them is


def _smaller(a: Value, b: Value) -> Value:
    return where(a <= b, a, where(a > b, b, a + b))


def _tie(example: str) -> Kink:
    return Kink(
        "a and b are equal",
        at=lambda a, b: a == b,
        ours="half to each",
        torch="half to each",
        jax="half to each",
        example=example,
    )


@elementwise(
    _larger,
    meaning=lambda a, b: where(a >= b, a, b),
    textbook=lambda y, a, b: (where(a > b, 1, 0), where(b > a, 1, 0)),
    latex=r"\max({a}, {b})",
    kink=_tie("maximum(1, 1)"),
)
def maximum(y: Value, a: Value, b: Value) -> Value:
    """The larger of a and b; NaN where one of them is."""
    return where(a > b, 1, where(a < b, 0, 0.5)), where(b > a, 1, where(b < a, 0, 0.5))


@elementwise(
    _smaller,
    meaning=lambda a, b: where(a <= b, a, b),
    textbook=lambda y, a, b: (where(a < b, 1, 0), where(b < a, 1, 0)),
    latex=r"\min({a}, {b})",
    kink=_tie("minimum(1, 1)"),
)
def minimum(y: Value, a: Value, b: Value) -> Value:
    """The smaller of a and b; NaN where one of them is."""
    return where(a < b, 1, where(a > b, 0, 0.5)), where(b < a, 1, where(b > a, 0, 0.5))


def _largest(*xs: Value) -> Value:
    return reduce(maximum, xs)


def _smallest(*xs: Value) -> Value:
    return reduce(minimum, xs)


def _equal_shares(y: Value, xs: tuple[Value, ...]) -> tuple[Value, ...]:
    """1 to the input that was taken, 1/n to each of n that tie, nothing to the others."""
    ties = sum(where(equal(x, y), 1, 0) for x in xs)
    return tuple(where(equal(x, y), 1 / maximum(ties, 1), 0) for x in xs)


def _ties(xs: tuple[Value, ...], sign: int) -> Value:
    """How many of the inputs are the extreme one."""
    extreme = reduce(lambda a, b: a * (sign * a >= sign * b) + b * (sign * a < sign * b), xs)
    return sum(x == extreme for x in xs)


def _several(which: str, example: str) -> Kink:
    return Kink(
        f"several inputs are the {which}",
        at=lambda *xs: _ties(xs, -1 if which == "smallest" else 1) > 1,
        ours="equal shares",
        torch="equal shares (amax, amin)",
        jax="equal shares",
        example=example,
    )


def _where_it_is(y: Value, *xs: Value) -> tuple[Value, ...]:
    """1 to the input that was taken, where there is one."""
    return tuple(where(equal(x, y), 1, 0) for x in xs)


@elementwise(
    _largest,
    textbook=_where_it_is,
    sympy="Max",
    latex=r"\max({xs})",
    kink=_several("largest", "max(1, 3, 3)"),
)
def max_(y: Value, *xs: Value) -> Value:
    """The largest of the inputs; of one alone its largest element, also along an axis."""
    return _equal_shares(y, xs)


@elementwise(
    _smallest,
    textbook=_where_it_is,
    sympy="Min",
    latex=r"\min({xs})",
    kink=_several("smallest", "min(1, 1, 3)"),
)
def min_(y: Value, *xs: Value) -> Value:
    """The smallest of the inputs; of one alone its smallest element, also along an axis."""
    return _equal_shares(y, xs)


@elementwise(
    lambda x, low, high: minimum(maximum(x, low), high),
    latex=r"\operatorname{{clip}}({x}, {low}, {high})",
    kink=Kink(
        "x sits on a bound",
        at=lambda x, low, high: (x == low) | (x == high) | (low == high),
        ours="1 to x, nothing to the bound",
        torch="1 to x, nothing to the bound",
        jax="half to x, half to the bound",
        example="clip(1, 0, 1)",
    ),
)
def clip(y: Value, x: Value, low: Value, high: Value) -> Value:
    """x, but no less than low and no more than high (which wins where the bounds cross)."""
    to_x = where(x < low, 0, where(x > high, 0, 1))
    to_low = where(x < low, where(low <= high, 1, 0), 0)
    to_high = where(maximum(x, low) > high, 1, 0)
    return to_x, to_low, to_high

"""The operators: + - * / and powers."""

from __future__ import annotations

import operator

from bpcalc.ops.choices import where
from bpcalc.ops.comparisons import equal
from bpcalc.ops.declare import elementwise
from bpcalc.ops.domain import Domain, Kink
from bpcalc.ops.exponential import log
from bpcalc.ops.op import OPERATORS, Value


@elementwise(operator.add, symbol="+", latex="{a} + {b}")
def add(y: Value, a: Value, b: Value) -> Value:
    """The sum of a and b."""
    return 1, 1


@elementwise(operator.sub, symbol="-", latex="{a} - {b}")
def sub(y: Value, a: Value, b: Value) -> Value:
    """The difference of a and b."""
    return 1, -1


@elementwise(operator.mul, symbol="*", latex=r"{a} \cdot {b}")
def mul(y: Value, a: Value, b: Value) -> Value:
    """The product of a and b."""
    return b, a


OPERATORS["·"] = mul.spelled("·")


@elementwise(
    operator.truediv,
    symbol="/",
    latex=r"\frac{{{a}}}{{{b}}}",
    domain=Domain("a divisor other than 0", lambda a, b: b != 0, of=1),
)
def div(y: Value, a: Value, b: Value) -> Value:
    """The quotient of a and b."""
    return 1 / b, -y / b


@elementwise(operator.neg, symbol="-", latex="-{x}")
def neg(y: Value, x: Value) -> Value:
    """The negative of x."""
    return -1


_POWER = Domain(
    "a base above 0 (below 0 the exponent has to be whole, at 0 it may not be negative)",
    lambda a, b: (a > 0) | ((a == 0) & (b >= 0)) | ((a < 0) & (b % 1 == 0)),
)


@elementwise(
    operator.pow,
    textbook=lambda y, a, b: (b * a ** (b - 1), y * log(a)),
    symbol="**",
    text="{a}^{b}",
    sympy="Pow",
    latex="{a}^{{{b}}}",
    domain=_POWER,
    kink=(
        Kink(
            "the base is 0",
            at=lambda a, b: (a == 0) & (b != 0),
            ours="0 with respect to the exponent",
            torch="0 with respect to the exponent",
            jax="0 with respect to the exponent",
            example="(1-1)**(1+1)",
        ),
        Kink(
            "base and exponent are 0: the result jumps there",
            at=lambda a, b: (a == 0) & (b == 0),
            ours="0",
            torch="0",
            jax="NaN with respect to the base, 0 with respect to the exponent",
            example="(1-1)**(1-1)",
            jump=True,
        ),
    ),
)
def pow_(y: Value, a: Value, b: Value) -> Value:
    """The power of a base a and an exponent b, both of them computed. Also written ^."""
    log_a = log(where(equal(a, 0), 1, a))  # 0 ** b is 0 on either side of b: no slope, no 0 * inf
    less = where(equal(b, 0), 1, b) - 1  # a ** 0 is 1 at a = 0 too: no 0 * inf there either
    return b * pow_(a, less), y * log_a


@elementwise(
    lambda x, *, exponent: pow_(x, exponent),
    symbol="^",
    text="{x}^{exponent}",
    latex="{x}^{{{exponent}}}",
    domain=Domain(_POWER.words, lambda x, *, exponent: _POWER.contains(x, exponent)),
)
def power(y: Value, x: Value, *, exponent: float = 2) -> Value:
    """The power of x with a number as exponent, which belongs to the node. Also written **."""
    if exponent == 2:
        return exponent * x  # of a large array x^1 would be a copy
    return exponent * power(x, exponent=exponent - 1) if exponent else 0  # x^0 is 1 at 0 too

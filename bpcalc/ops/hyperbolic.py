"""Hyperbolic functions and their inverses."""

from __future__ import annotations

from bpcalc.ops.declare import elementwise
from bpcalc.ops.domain import at_least, between
from bpcalc.ops.exponential import exp, log, sqrt
from bpcalc.ops.op import Value
from bpcalc.ops.rounding import abs_
from bpcalc.ops.trigonometric import hypot


@elementwise("sinh", latex=r"\sinh\left({x}\right)")
def sinh(y: Value, x: Value) -> Value:
    """The hyperbolic sine."""
    return cosh(x)


@elementwise("cosh", latex=r"\cosh\left({x}\right)")
def cosh(y: Value, x: Value) -> Value:
    """The hyperbolic cosine."""
    return sinh(x)


@elementwise("tanh", textbook=lambda y, x: 1 - y**2, latex=r"\tanh\left({x}\right)")
def tanh(y: Value, x: Value) -> Value:
    """The hyperbolic tangent: the real line, squeezed into (-1, 1)."""
    z = exp(-abs_(x))  # 1 - y*y is exactly 0 from x = 19.1 on; 1 / cosh(x)^2 overflows at 711
    return (2 * z / (1 + z * z)) ** 2


@elementwise(
    "asinh",
    textbook=lambda y, x: 1 / sqrt(1 + x**2),
    latex=r"\operatorname{{arsinh}}\left({x}\right)",
    aliases="arcsinh",
)
def asinh(y: Value, x: Value) -> Value:
    """The inverse of sinh."""
    return 1 / hypot(1, x)


@elementwise(
    "acosh",
    textbook=lambda y, x: 1 / sqrt(x**2 - 1),
    latex=r"\operatorname{{arcosh}}\left({x}\right)",
    aliases="arccosh",
    domain=at_least(1),
)
def acosh(y: Value, x: Value) -> Value:
    """The inverse of cosh, at least 0."""
    return 1 / (sqrt(x - 1) * sqrt(x + 1))


@elementwise(
    "atanh",
    meaning=lambda x: (log(1 + x) - log(1 - x)) / 2,
    textbook=lambda y, x: 1 / (1 - x**2),
    latex=r"\operatorname{{artanh}}\left({x}\right)",
    aliases="arctanh",
    domain=between(-1, 1),
)
def atanh(y: Value, x: Value) -> Value:
    """The inverse of tanh."""
    return 1 / ((1 - x) * (1 + x))

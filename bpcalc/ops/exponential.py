"""Exponentials, logarithms and roots."""

from __future__ import annotations

from bpcalc.ops.constants import LN2, LN10
from bpcalc.ops.declare import elementwise
from bpcalc.ops.domain import above, at_least
from bpcalc.ops.op import Value

_POSITIVE = above(0, hint="log(abs({x})), if that is what is meant, or other values")


@elementwise("exp", latex="e^{{{x}}}")
def exp(y: Value, x: Value) -> Value:
    """The exponential function, e to the power x."""
    return y


@elementwise("expm1", meaning=lambda x: exp(x) - 1, latex="e^{{{x}}} - 1")
def expm1(y: Value, x: Value) -> Value:
    """The exponential function less 1; accurate where x is near 0."""
    return exp(x)  # y + 1 is exactly 0 at x = -40


@elementwise("log", latex=r"\ln\left({x}\right)", aliases="ln", domain=_POSITIVE)
def log(y: Value, x: Value) -> Value:
    """The natural logarithm."""
    return 1 / x


@elementwise(
    "log2",
    meaning=lambda x: log(x) / LN2,
    latex=r"\log_{{2}}\left({x}\right)",
    domain=above(0),
)
def log2(y: Value, x: Value) -> Value:
    """The logarithm to base 2."""
    return 1 / x / LN2


@elementwise(
    "log10",
    meaning=lambda x: log(x) / LN10,
    latex=r"\log_{{10}}\left({x}\right)",
    domain=above(0),
)
def log10(y: Value, x: Value) -> Value:
    """The logarithm to base 10."""
    return 1 / x / LN10  # x * LN10 overflows at 1e308


@elementwise(
    "log1p",
    meaning=lambda x: log(1 + x),
    latex=r"\ln\left(1 + {x}\right)",
    domain=above(-1),
)
def log1p(y: Value, x: Value) -> Value:
    """The natural logarithm of 1 + x; accurate where x is near 0."""
    return 1 / (1 + x)


@elementwise(
    "sqrt",
    latex=r"\sqrt{{{x}}}",
    domain=at_least(0, hint="sqrt(abs({x})), or sqrt(max({x}, 0)), if that is what is meant"),
)
def sqrt(y: Value, x: Value) -> Value:
    """The square root. Also written √x."""
    return 0.5 / y


@elementwise(
    "cbrt",
    textbook=lambda y, x: 1 / (3 * y**2),
    sympy="real_cbrt",
    latex=r"\sqrt[3]{{{x}}}",
)
def cbrt(y: Value, x: Value) -> Value:
    """The real cube root, negative where x is."""
    return 1 / (3 * y * y)

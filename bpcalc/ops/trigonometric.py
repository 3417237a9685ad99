"""Angles in radians, and back."""

from __future__ import annotations

from bpcalc.ops.choices import where
from bpcalc.ops.comparisons import equal
from bpcalc.ops.declare import elementwise
from bpcalc.ops.domain import Kink, within
from bpcalc.ops.exponential import sqrt
from bpcalc.ops.op import Value


@elementwise("sin", latex=r"\sin\left({x}\right)")
def sin(y: Value, x: Value) -> Value:
    """The sine of an angle in radians."""
    return cos(x)


@elementwise("cos", latex=r"\cos\left({x}\right)")
def cos(y: Value, x: Value) -> Value:
    """The cosine of an angle in radians."""
    return -sin(x)


@elementwise("tan", latex=r"\tan\left({x}\right)")
def tan(y: Value, x: Value) -> Value:
    """The tangent of an angle in radians."""
    return 1 + y * y


@elementwise(
    "asin",
    textbook=lambda y, x: 1 / sqrt(1 - x**2),
    latex=r"\arcsin\left({x}\right)",
    aliases="arcsin",
    domain=within(-1, 1),
)
def asin(y: Value, x: Value) -> Value:
    """The angle in [-pi/2, pi/2] whose sine is x."""
    return 1 / sqrt((1 - x) * (1 + x))  # 1 - x*x loses its digits near 1


@elementwise(
    "acos",
    textbook=lambda y, x: -1 / sqrt(1 - x**2),
    latex=r"\arccos\left({x}\right)",
    aliases="arccos",
    domain=within(-1, 1),
)
def acos(y: Value, x: Value) -> Value:
    """The angle in [0, pi] whose cosine is x."""
    return -1 / sqrt((1 - x) * (1 + x))


@elementwise(
    "atan",
    textbook=lambda y, x: 1 / (1 + x**2),
    latex=r"\arctan\left({x}\right)",
    aliases="arctan",
)
def atan(y: Value, x: Value) -> Value:
    """The angle in (-pi/2, pi/2) whose tangent is x."""
    h = hypot(1, x)
    return 1 / h / h  # 1 + x*x overflows from x = 1.4e154 on


@elementwise(
    "atan2",
    textbook=lambda y, a, b: (b / (a**2 + b**2), -a / (a**2 + b**2)),
    latex=r"\operatorname{{atan2}}\left({a}, {b}\right)",
    aliases="arctan2",
    kink=(
        Kink(
            "both are 0",
            at=lambda a, b: (a == 0) & (b == 0),
            ours="0",
            torch="0",
            jax="NaN",
            example="atan2(0, 0)",
            jump=True,
        ),
        Kink(
            "a is 0 and b negative: the angle jumps from -pi to pi",
            at=lambda a, b: (a == 0) & (b < 0),
            ours="the slope on either side",
            torch="the slope on either side",
            jax="the slope on either side",
            example="atan2(0, -1)",
            jump=True,
        ),
    ),
)
def atan2(y: Value, a: Value, b: Value) -> Value:
    """The angle in (-pi, pi] of the point with ordinate a and abscissa b."""
    h = hypot(a, b)
    h = where(equal(h, 0), 1, h)
    return b / h / h, -a / h / h


@elementwise(
    "hypot",
    meaning=lambda a, b: sqrt(a * a + b * b),
    textbook=lambda y, a, b: (a / y, b / y),
    latex=r"\sqrt{{{a}^2 + {b}^2}}",
    kink=Kink(
        "both are 0",
        at=lambda a, b: (a == 0) & (b == 0),
        ours="0",
        torch="NaN",
        jax="0.5",
        example="hypot(0, 0)",
    ),
)
def hypot(y: Value, a: Value, b: Value) -> Value:
    """The length of the vector (a, b), without overflow on the way."""
    h = where(equal(y, 0), 1, y)
    return a / h, b / h

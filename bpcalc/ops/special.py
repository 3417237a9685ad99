"""The error function, the gamma function and their relatives."""

from __future__ import annotations

import math

from bpcalc.ops.choices import where
from bpcalc.ops.constants import PI, SQRT_PI
from bpcalc.ops.declare import elementwise
from bpcalc.ops.domain import Domain
from bpcalc.ops.exponential import exp, log
from bpcalc.ops.op import Value
from bpcalc.ops.rounding import abs_, floor
from bpcalc.ops.trigonometric import tan

_NO_POLE = Domain("a number that is not 0, -1, -2, ...", lambda x, **_: (x > 0) | (x % 1 != 0))


@elementwise("erf", latex=r"\operatorname{{erf}}\left({x}\right)")
def erf(y: Value, x: Value) -> Value:
    """The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    return 2 * exp(-x * x) / SQRT_PI


@elementwise("erfc", latex=r"\operatorname{{erfc}}\left({x}\right)")
def erfc(y: Value, x: Value) -> Value:
    """1 - erf(x); accurate where x is large."""
    return -2 * exp(-x * x) / SQRT_PI


@elementwise("gamma", latex=r"\Gamma\left({x}\right)", domain=_NO_POLE)
def gamma(y: Value, x: Value) -> Value:
    """The gamma function: (x - 1)! for whole numbers x."""
    return y * digamma(x)


@elementwise(
    "lgamma",
    meaning=lambda x: log(abs_(gamma(x))),
    latex=r"\ln\left|\Gamma\left({x}\right)\right|",
    domain=_NO_POLE,
)
def lgamma(y: Value, x: Value) -> Value:
    """The natural logarithm of the absolute value of gamma(x)."""
    return digamma(x)


# Bernoulli numbers B_2 ... B_16 of the asymptotic series, Abramowitz & Stegun 6.4.11.
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_HIGHEST_ORDER = 100
_SHIFT = 12  # the series is good to float64 from x = 12 on, for order 0 to 3


def _polygamma(x: Value, order: float) -> Value:
    """The derivative of digamma of that order, from the series at x + 12 and from reflection."""
    if order % 1 != 0 or not 0 <= order <= _HIGHEST_ORDER:
        return x * math.nan
    n = int(order)
    below = x < 0.5
    z = where(below, 1 - x, x)
    shifted = z + _SHIFT
    sign = -1 if n % 2 == 0 else 1
    recurrence = sum((1 / (z + k) ** (n + 1) for k in range(_SHIFT)), start=0)
    series = 0
    for k, bernoulli in reversed(list(enumerate(_BERNOULLI, start=1))):
        factor = bernoulli * math.factorial(2 * k + n - 1) / math.factorial(2 * k)
        series = series + factor / shifted ** (2 * k + n)
    series = series + math.factorial(n) / (2 * shifted ** (n + 1))
    if n == 0:
        above = log(shifted) - series - recurrence
    else:
        series = series + math.factorial(n - 1) / shifted**n
        above = sign * (series + math.factorial(n) * recurrence)
    # psi_n(x) = (-1)^n psi_n(1 - x) - d^n/dx^n pi cot(pi x), Abramowitz & Stegun 6.4.7
    reduced = where(below, x - floor(x + 0.5), 0.25)  # to the nearest pole: all digits
    cotangent = 1 / tan(PI * reduced)
    reflected = (-1) ** n * above - PI ** (n + 1) * _derivative_of_cot(cotangent, n)
    return where(below, reflected, above)


def _derivative_of_cot(c: Value, order: int) -> Value:
    """d^n cot(u) / du^n as a polynomial in c = cot(u), since c' = -(1 + c^2)."""
    polynomial = [0, 1]
    for _ in range(order):
        slope = [k * a for k, a in enumerate(polynomial)][1:]
        polynomial = [
            -((slope[k] if k < len(slope) else 0) + (slope[k - 2] if k >= 2 else 0))
            for k in range(len(slope) + 2)
        ]
    value: Value = 0
    for coefficient in reversed(polynomial):
        value = value * c + coefficient
    return value


@elementwise(
    lambda x: _polygamma(x, 0),
    sympy="digamma",
    latex=r"\psi\left({x}\right)",
    domain=_NO_POLE,
)
def digamma(y: Value, x: Value) -> Value:
    """The logarithmic derivative of the gamma function."""
    return polygamma(x, order=1)


@elementwise(
    lambda x, *, order: _polygamma(x, order),
    sympy="polygamma",
    latex=r"\psi^{{({order})}}\left({x}\right)",
    domain=Domain(
        f"a number that is not 0, -1, -2, ..., and a whole order from 1 to {_HIGHEST_ORDER}",
        lambda x, *, order: (
            _NO_POLE.contains(x) & (1 <= order <= _HIGHEST_ORDER) & (order % 1 == 0)
        ),
    ),
)
def polygamma(y: Value, x: Value, *, order: float = 1) -> Value:
    """The derivative of digamma of a whole order, 1 or more."""
    return polygamma(x, order=order + 1)

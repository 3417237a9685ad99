"""What stands between the layers of a network, under PyTorch's names and definitions."""

from __future__ import annotations

from bpcalc.ops.choices import maximum, minimum, where
from bpcalc.ops.constants import SQRT2, SQRT_TAU, Constant
from bpcalc.ops.declare import elementwise
from bpcalc.ops.domain import Kink
from bpcalc.ops.exponential import exp, expm1, log, log1p
from bpcalc.ops.op import Value
from bpcalc.ops.rounding import abs_
from bpcalc.ops.special import erf, erfc


def _at_0(ours: str, torch: str, jax: str, example: str, jump: bool = False) -> Kink:
    return Kink("x is 0", lambda x, **_: x == 0, ours, torch, jax, example, jump)


def _stable_sigmoid(x: Value) -> Value:
    z = exp(-abs_(x))  # at most 1: overflows at neither end
    return where(x >= 0, 1, z) / (1 + z)


@elementwise(
    _stable_sigmoid,
    meaning=lambda x: 1 / (1 + exp(-x)),
    textbook=lambda y, x: y * (1 - y),
    aliases="σ",
    latex=r"\sigma\left({x}\right)",
)
def sigmoid(y: Value, x: Value) -> Value:
    """The logistic function: the real line, squeezed into (0, 1)."""
    z = exp(-abs_(x))  # y * (1 - y) is exactly 0 from x = 37 on
    return z / (1 + z) ** 2


@elementwise(
    lambda x: where(x <= 0, 0, x),
    latex=r"\operatorname{{relu}}\left({x}\right)",
    kink=_at_0(ours="0", torch="0", jax="0", example="relu(0)"),
)
def relu(y: Value, x: Value) -> Value:
    """The rectifier: x where it is positive, else 0."""
    return where(x > 0, 1, 0)


@elementwise(
    lambda x, *, negative_slope: where(x > 0, x, negative_slope * x),
    latex=r"\operatorname{{leaky\_relu}}\left({x}\right)",
    kink=_at_0(ours="negative_slope", torch="negative_slope", jax="1", example="leaky_relu(0)"),
)
def leaky_relu(y: Value, x: Value, *, negative_slope: float = Constant(0.01, "0.01")) -> Value:
    """The rectifier that lets a little through: x where it is positive, else negative_slope * x."""
    return where(x > 0, 1, negative_slope)


@elementwise(
    lambda x, *, alpha: where(x > 0, x, alpha * expm1(minimum(x, 0))),
    meaning=lambda x, *, alpha: where(x > 0, x, alpha * (exp(x) - 1)),
    latex=r"\operatorname{{elu}}\left({x}\right)",
    kink=_at_0(ours="alpha", torch="alpha", jax="alpha", example="elu(0, alpha=2)"),
)
def elu(y: Value, x: Value, *, alpha: float = 1) -> Value:
    """The exponential linear unit: x where it is positive, else alpha * (e^x - 1)."""
    return where(x > 0, 1, alpha * exp(minimum(x, 0)))


# Klambauer et al., "Self-Normalizing Neural Networks" (2017), equation 14; digits as in PyTorch.
_ALPHA = Constant(1.6732632423543772848170429916717, "1.6732632423543772848170429916717")
_SCALE = Constant(1.0507009873554804934193349852946, "1.0507009873554804934193349852946")


@elementwise(
    lambda x: _SCALE * where(x > 0, x, _ALPHA * expm1(minimum(x, 0))),
    meaning=lambda x: _SCALE * where(x > 0, x, _ALPHA * (exp(x) - 1)),
    latex=r"\operatorname{{selu}}\left({x}\right)",
    kink=_at_0(ours="1.758", torch="1.758", jax="1.758", example="selu(0)"),
)
def selu(y: Value, x: Value) -> Value:
    """The scaled elu that keeps mean 0 and variance 1."""
    return _SCALE * where(x > 0, 1, _ALPHA * exp(minimum(x, 0)))


def _normal_below(x: Value) -> Value:
    """The probability that a standard normal variable is below x."""
    return erfc(-x / SQRT2) / 2  # 1 + erf(x / SQRT2) loses its digits at x = -5


@elementwise(
    lambda x: x * _normal_below(x),
    meaning=lambda x: x * (1 + erf(x / SQRT2)) / 2,
    latex=r"\operatorname{{gelu}}\left({x}\right)",
)
def gelu(y: Value, x: Value) -> Value:
    """The exact gelu: x times the probability that a standard normal variable is below x."""
    return _normal_below(x) + x * exp(-x * x / 2) / SQRT_TAU


@elementwise(
    lambda x: x * sigmoid(x),
    meaning=lambda x: x / (1 + exp(-x)),
    aliases="swish",
    latex=r"\operatorname{{silu}}\left({x}\right)",
)
def silu(y: Value, x: Value) -> Value:
    """The sigmoid linear unit: x times sigmoid(x)."""
    return sigmoid(x) * (1 + x * sigmoid(-x))


@elementwise(
    lambda x: maximum(x, 0) + log1p(exp(-abs_(x))),
    meaning=lambda x: log(1 + exp(x)),
    latex=r"\operatorname{{softplus}}\left({x}\right)",
)
def softplus(y: Value, x: Value) -> Value:
    """log(1 + e^x), the smooth rectifier."""
    return sigmoid(x)


@elementwise(
    lambda x: x / (1 + abs_(x)),
    textbook=lambda y, x: 1 / (1 + abs_(x)) ** 2,
    latex=r"\operatorname{{softsign}}\left({x}\right)",
)
def softsign(y: Value, x: Value) -> Value:
    """The gentle tanh x / (1 + |x|): the real line, squeezed into (-1, 1)."""
    s = 1 / (1 + abs_(x))
    return s * s


@elementwise(
    lambda x: where(x > 0, 1, where(x <= 0, 0, x)),
    meaning=lambda x: where(x > 0, 1, 0),
    latex=r"\operatorname{{step}}\left({x}\right)",
    kink=_at_0("0", torch="no gradient (heaviside)", jax="0", example="step(0)", jump=True),
)
def step(y: Value, x: Value) -> Value:
    """1 where x is positive, else 0."""
    return 0

"""Sums of exponentials without overflow, and what is made of them: softmax and its logarithm."""

from __future__ import annotations

from typing import Any

from bpcalc.ops import shapes
from bpcalc.ops.arrays import axes_of, numpy_axis
from bpcalc.ops.declare import structural
from bpcalc.ops.exponential import exp, expm1, log
from bpcalc.ops.layout import spread
from bpcalc.ops.op import Value
from bpcalc.ops.reductions import alike, sum_

_SOME = 1e-3
"""1 and so much keeps 13 digits of it."""


def powers_below(A: Value, axis: Any) -> tuple[Value, Value, Value]:
    """The elements less the largest, ln of the sum of their exponentials, and the largest.

    The sum is 1 and a rest, or 2 and a rest if two tie. The rest by itself keeps its digits: of
    [40, 0] the sum rounds to 1, and its logarithm is 4.2e-18.
    """
    import numpy

    axis = numpy_axis(axis)
    # numpy.max and numpy.sum take twice as long on the rows of a small batch
    largest = numpy.maximum.reduce(A, axis=axis, keepdims=True)
    below = A - largest
    powers = numpy.exp(below)
    whole = numpy.add.reduce(powers, axis=axis, keepdims=True)
    if (whole > 1 + _SOME).all():
        return below, numpy.log(whole), largest
    at = below == 0
    ties = numpy.sum(at, axis=axis, keepdims=True)
    rest = numpy.sum(powers - at, axis=axis, keepdims=True)
    return below, numpy.log(ties) + numpy.log1p(rest / ties), largest


def _logsumexp(A: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
    import numpy

    _, logarithm, largest = powers_below(A, axis)
    found = largest + logarithm
    return found if keepdims else numpy.squeeze(found, axis=axes_of(axis, numpy.ndim(A)))


@structural(
    _logsumexp,
    meaning=lambda A, **options: log(sum_(exp(A), **options)),
    shape=shapes.reduced,
    latex=r"\ln \sum e^{{{A}}}",
)
def logsumexp(g: Value, y: Value, A: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
    """The logarithm of the sum of the exponentials, without overflow."""
    # exp(A - y) has lost as many digits as y is large
    return spread(g, A, axis=axis, keepdims=keepdims) * softmax(A, axis=axis)


def _softmax(A: Value, *, axis: Any = -1) -> Value:
    import numpy

    axis = numpy_axis(axis)
    powers = numpy.exp(A - numpy.max(A, axis=axis, keepdims=True))
    return powers / numpy.sum(powers, axis=axis, keepdims=True)


@structural(
    _softmax,
    meaning=lambda A, *, axis=-1: exp(A) / sum_(exp(A), axis=axis, keepdims=1),
    shape=shapes.along,
    latex=r"\operatorname{{softmax}}\left({A}\right)",
    textbook=lambda g, y, A, *, axis=-1: y * (g - sum_(g * y, axis=axis, keepdims=1)),
)
def softmax(g: Value, y: Value, A: Value, *, axis: Any = -1) -> Value:
    """Exponentials, divided by their sum along an axis: probabilities."""
    return y * less_mean(g, y, axis=axis)


def _less_mean(a: Value, p: Value, *, axis: Any = -1) -> Value:
    """Less the element at the largest weight first: so nothing cancels where that is nearly 1."""
    import numpy

    axis = numpy_axis(axis)
    largest = numpy.max(p, axis=axis, keepdims=True)
    if numpy.any(largest > 1 - _SOME):
        at = p == largest
        ties = numpy.sum(at, axis=axis, keepdims=True)
        a = a - numpy.sum(numpy.where(at, a, 0.0), axis=axis, keepdims=True) / ties
    weights = numpy.sum(p, axis=axis, keepdims=True)
    return a * weights - numpy.sum(a * p, axis=axis, keepdims=True)


@structural(
    _less_mean,
    meaning=lambda a, p, *, axis=-1: (
        a * sum_(p, axis=axis, keepdims=1) - sum_(a * p, axis=axis, keepdims=1)
    ),
    shape=alike,
    internal=True,
)
def less_mean(g: Value, y: Value, a: Value, p: Value, *, axis: Any = -1) -> Value:
    """The elements of a less their mean, weighted by p; all that times the sum of the weights."""
    total = sum_(g, axis=axis, keepdims=1)
    weights = sum_(p, axis=axis, keepdims=1)
    return g * weights - p * total, sum_(g * a, axis=axis, keepdims=1) - a * total


def _log_softmax(A: Value, *, axis: Any = -1) -> Value:
    below, logarithm, _ = powers_below(A, axis)
    return below - logarithm


@structural(
    _log_softmax,
    meaning=lambda A, *, axis=-1: A - log(sum_(exp(A), axis=axis, keepdims=1)),
    shape=shapes.along,
    latex=r"\ln\operatorname{{softmax}}\left({A}\right)",
    textbook=lambda g, y, A, *, axis=-1: g - exp(y) * sum_(g, axis=axis, keepdims=1),
)
def log_softmax(g: Value, y: Value, A: Value, *, axis: Any = -1) -> Value:
    """The logarithm of softmax, accurate where the probabilities vanish."""
    others = sum_(g, axis=axis, keepdims=1) - g
    return -(expm1(y) * g + exp(y) * others)  # 1 - exp(y) is exactly 0 at y = -1e-17

"""Losses: how far predictions are from targets, as one number."""

from __future__ import annotations

from typing import Any

from bpcalc.ops import shapes
from bpcalc.ops.choices import minimum, where
from bpcalc.ops.comparisons import equal
from bpcalc.ops.domain import Domain, Kink
from bpcalc.ops.exponential import log
from bpcalc.ops.layout import spread
from bpcalc.ops.op import Shape, Value, structural
from bpcalc.ops.reductions import log_softmax, mean, softmax, sum_
from bpcalc.ops.rounding import abs_, sign


def _size(*args: Value) -> int:
    """How many elements the inputs have, broadcast."""
    import numpy

    return int(numpy.prod(numpy.broadcast_shapes(*map(numpy.shape, args))))


@structural(lambda a, b: mean((a - b) ** 2), shape=shapes.scalar)
def mse(g: Value, y: Value, a: Value, b: Value) -> Value:
    """The mean squared error over all elements."""
    slope = g * (2 / _size(a, b)) * (a - b)
    return slope, -slope


@structural(
    lambda a, b: mean(abs_(a - b)),
    shape=shapes.scalar,
    kink=Kink(
        "an error is 0",
        at=lambda a, b: a == b,
        ours="0",
        torch="0",
        jax="0",
        example="mae([1, 2], [1, 3])",
    ),
)
def mae(g: Value, y: Value, a: Value, b: Value) -> Value:
    """The mean absolute error over all elements."""
    slope = g / _size(a, b) * sign(a - b)
    return slope, -slope


@structural(lambda a, b: sum_((a - b) ** 2) / 2, shape=shapes.scalar)
def half_sse(g: Value, y: Value, a: Value, b: Value) -> Value:
    """Half the sum of the squared errors."""
    return g * (a - b), g * (b - a)


def _huber(a: Value, b: Value, *, delta: Any = 1) -> Value:
    error = abs_(a - b)
    small = minimum(error, delta)
    return mean(small * (error - small / 2))


@structural(
    _huber,
    meaning=lambda a, b, *, delta=1: mean(
        where(
            abs_(a - b) <= delta, (a - b) ** 2 / 2, delta * (abs_(a - b) - delta / 2)
        )
    ),
    shape=lambda a, b, **_: shapes.scalar(a, b),
)
def huber(g: Value, y: Value, a: Value, b: Value, *, delta: Any = 1) -> Value:
    """The mean of half the squared errors, from delta on of delta times the error less delta/2."""
    error = a - b
    slope = g / _size(a, b) * sign(error) * minimum(abs_(error), delta)
    return slope, -slope


def _times_log(t: Value, p: Value) -> Value:
    """t log p, and 0 where t is 0."""
    return where(equal(t, 0), 0, t * log(where(equal(t, 0), 1, p)))


def _over(t: Value, p: Value) -> Value:
    """t / p, and 0 where t is 0."""
    return where(equal(t, 0), 0, t / where(equal(t, 0), 1, p))


def _probabilities(p: Value, *_: Value) -> Any:
    return (p >= 0) & (p <= 1)


_PROBABILITIES = Domain("probabilities, from 0 to 1", _probabilities, of=0)


@structural(
    lambda p, t: -mean(_times_log(t, p) + _times_log(1 - t, 1 - p)),
    shape=shapes.scalar,
    domain=_PROBABILITIES,
    meaning=lambda p, t: -mean(t * log(p) + (1 - t) * log(1 - p)),
)
def bce(g: Value, y: Value, p: Value, t: Value) -> Value:
    """Binary cross entropy of probabilities p and targets t: the mean over all elements."""
    scale = g / _size(p, t)
    return scale * (_over(1 - t, 1 - p) - _over(t, p)), scale * (log(1 - p) - log(p))


def _targets(t: Value, p: Value) -> Value:
    """Class indices as one row of 0 and 1 each; one-hot or probabilities stay what they are.

    NaN where there is no such class.
    """
    import numpy

    if numpy.shape(t) == numpy.shape(p):
        return t
    if not _are_classes(p, t):
        return numpy.full(numpy.shape(p), numpy.nan)
    classes = numpy.arange(numpy.shape(p)[-1])
    return (numpy.asarray(t, dtype=float)[..., None] == classes) * 1.0


def _target_shape(t: Shape, p: Shape) -> Shape:
    if not p or t not in (p, p[:-1]):
        raise ValueError(
            f"targets of the shape {t} do not fit rows of the shape {p}: class indices have the "
            f"shape {p[:-1]}, one-hot or probabilities {p}"
        )
    return p


@structural(_targets, shape=_target_shape, internal=True)
def targets(g: Value, y: Value, t: Value, p: Value) -> Value:
    """Class indices t as rows of 0 and 1 in the shape of p; probabilities as they are."""
    import numpy

    return (g if numpy.shape(t) == numpy.shape(p) else 0), 0


def _rows(p: Value) -> int:
    """How many rows of classes there are."""
    import numpy

    return int(numpy.prod(numpy.shape(p)[:-1]))


def _are_classes(p: Value, t: Value) -> bool:
    """Whether the targets are class indices that exist, or weights."""
    import numpy

    if numpy.shape(t) == numpy.shape(p):
        return True
    t = numpy.asarray(t, dtype=float)
    return bool(numpy.all((t == numpy.floor(t)) & (t >= 0) & (t < numpy.shape(p)[-1])))


def _loss_shape(p: Shape, t: Shape) -> Shape:
    _target_shape(t, p)
    return ()


@structural(
    lambda p, t: -sum_(_times_log(targets(t, p), p)) / _rows(p),
    meaning=lambda p, t: -sum_(_times_log(targets(t, p), p)) / _rows(p),
    shape=_loss_shape,
    domain=Domain(
        "probabilities from 0 to 1 and targets that are class indices from 0 on, or weights",
        lambda p, t: _probabilities(p).all() and _are_classes(p, t),
    ),
)
def cross_entropy(g: Value, y: Value, p: Value, t: Value) -> Value:
    """Cross entropy of probabilities p along the last axis, the mean over the rows.

    The targets t are class indices, one-hot or probabilities.
    """
    import numpy

    q = targets(t, p)
    scale = -g / _rows(p)
    to_t = scale * log(p) if numpy.shape(t) == numpy.shape(p) else 0
    return scale * _over(q, p), to_t


@structural(
    lambda z, t: -sum_(targets(t, z) * log_softmax(z)) / _rows(z),
    shape=_loss_shape,
    domain=Domain(
        "targets that are class indices from 0 on, or weights", lambda z, t: _are_classes(z, t)
    ),
)
def softmax_cross_entropy(g: Value, y: Value, z: Value, t: Value) -> Value:
    """Cross entropy of the softmax of logits z along the last axis, the mean over the rows.

    The targets t are class indices, one-hot or probabilities. The stable form: no probability is
    computed before its logarithm.
    """
    import numpy

    q = targets(t, z)
    total = spread(sum_(q, axis=-1), z, axis=-1)
    scale = g / _rows(z)
    to_t = -scale * log_softmax(z) if numpy.shape(t) == numpy.shape(z) else 0
    return scale * (softmax(z) * total - q), to_t

"""Losses: how far predictions are from targets, as one number."""

from __future__ import annotations

from typing import Any

from bpcalc.ops import shapes
from bpcalc.ops.choices import where
from bpcalc.ops.comparisons import equal, less, less_equal
from bpcalc.ops.declare import structural
from bpcalc.ops.domain import Domain, Kink
from bpcalc.ops.exponential import log, log1p
from bpcalc.ops.layout import fixed, shaped_like
from bpcalc.ops.logic import and_
from bpcalc.ops.op import Shape, Value
from bpcalc.ops.reductions import alike, mean, number_of, sum_
from bpcalc.ops.rounding import abs_, sign
from bpcalc.ops.softmax import less_mean, log_softmax, powers_below, softmax
from bpcalc.ops.terms import Term


@structural(lambda a, b: mean((a - b) ** 2), shape=shapes.scalar)
def mse(g: Value, y: Value, a: Value, b: Value) -> Value:
    """The mean squared error over all elements."""
    slope = g * (2 / number_of(a, b)) * (a - b)
    return slope, -slope


@structural(
    lambda a, b: mean(abs_(a - b)),
    shape=shapes.scalar,
    kink=Kink(
        "an error is 0",
        at=lambda a, b: a == b,
        ours="0",
        torch="0",
        jax="1/n to a, -1/n to b, of n elements",
        example="mae([1, 2], [1, 3])",
    ),
)
def mae(g: Value, y: Value, a: Value, b: Value) -> Value:
    """The mean absolute error over all elements."""
    slope = g / number_of(a, b) * sign(a - b)
    return slope, -slope


@structural(lambda a, b: sum_((a - b) ** 2) / 2, shape=shapes.scalar)
def half_sse(g: Value, y: Value, a: Value, b: Value) -> Value:
    """Half the sum of the squared errors."""
    error = g * (a - b)
    return error, -error


def _huber(a: Value, b: Value, *, delta: Any = 1) -> Value:
    import numpy

    error = numpy.abs(a - b)
    small = numpy.minimum(error, delta)
    return numpy.mean(small * (error - small / 2))


def _meaning_of_huber(a: Value, b: Value, *, delta: Any = 1) -> Value:
    error = abs_(a - b)
    outer = delta * (error - delta / 2)
    return mean(where(less_equal(error, delta), (a - b) ** 2 / 2, outer))


@structural(
    _huber,
    meaning=_meaning_of_huber,
    shape=lambda a, b, **_: shapes.scalar(a, b),
    domain=Domain("a delta above 0", lambda a, b, *, delta=1: delta > 0),
)
def huber(g: Value, y: Value, a: Value, b: Value, *, delta: Any = 1) -> Value:
    """The mean of half the squared errors, from delta on of delta times the error less delta/2."""
    error = a - b
    near = where(less_equal(abs_(error), delta), error, delta * sign(error))
    slope = g / number_of(a, b) * near
    return slope, -slope


def _times_log(t: Value, p: Value) -> Value:
    """The product t log p, and 0 where t is 0."""
    return t * log(where(equal(t, 0), 1, p))


def _times_log1p(t: Value, x: Value) -> Value:
    """The product t log(1 + x), and 0 where t is 0."""
    return t * log1p(where(equal(t, 0), 0, x))


def _over(t: Value, p: Value) -> Value:
    """The quotient t / p, and 0 where t is 0."""
    return t / where(equal(t, 0), 1, p)


def _probabilities(p: Value, *_: Value) -> Any:
    return (p >= 0) & (p <= 1)


_PROBABILITIES = Domain("probabilities, from 0 to 1", _probabilities, of=0)


@structural(
    lambda p, t: 0.0 - mean(_times_log(t, p) + _times_log1p(1 - t, -p)),
    shape=shapes.scalar,
    domain=_PROBABILITIES,
    meaning=lambda p, t: -mean(t * log(p) + (1 - t) * log(1 - p)),
)
def bce(g: Value, y: Value, p: Value, t: Value) -> Value:
    """Binary cross entropy of probabilities p and targets t: the mean over all elements."""
    scale = g / number_of(p, t)
    to_t = log1p(-p) - log(p) + 0 * t  # of the common shape, which the engine sums up
    return scale * (_over(1 - t, 1 - p) - _over(t, p)), scale * to_t


def _targets(t: Value, p: Value) -> Value:
    """Class indices as one row of 0 and 1 each; one-hot or probabilities stay what they are.

    NaN where there is no such class.
    """
    import numpy

    if numpy.shape(t) == numpy.shape(p):
        return fixed(numpy.asarray(t)[...])
    if not _are_classes(p, t):
        return numpy.full(numpy.shape(p), numpy.nan)
    classes = numpy.arange(numpy.shape(p)[-1])
    return (numpy.asarray(t, dtype=float)[..., None] == classes) * 1.0


def _are_class(t: Value, p: Value) -> Value:
    """For class indices and every class whether it is that one, also of symbols.

    They lie in the middle between two switches, so that no index sits on one.
    """
    import numpy

    classes = numpy.arange(numpy.shape(p)[-1])
    t = numpy.asarray(t)[..., None]
    return and_(less(classes - 0.5, t), less(t, classes + 0.5))


def _meaning_of_targets(t: Value, p: Value) -> Value:
    import numpy

    if numpy.shape(t) == numpy.shape(p):
        return t
    found = _are_class(t, p)
    return found / sum_(found, axis=-1, keepdims=1)  # 0 / 0 where there is no such class


def _target_shape(t: Shape, p: Shape) -> Shape:
    if not p or t not in (p, p[:-1]):
        raise ValueError(
            f"targets of the shape {t} do not fit rows of the shape {p}: class indices have the "
            f"shape {p[:-1]}, one-hot or probabilities {p}"
        )
    return p


@structural(
    _targets,
    meaning=_meaning_of_targets,
    shape=_target_shape,
    domain=Domain("class indices from 0 on, or weights", lambda t, p: _are_classes(p, t), of=0),
    internal=True,
)
def targets(g: Value, y: Value, t: Value, p: Value) -> Value:
    """Class indices t as rows of 0 and 1 in the shape of p; probabilities as they are."""
    import numpy

    return (shaped_like(g, t) if numpy.shape(t) == numpy.shape(p) else 0), 0


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
    whole = t == numpy.floor(t)
    return bool(whole.all() and (t >= 0).all() and (t < numpy.shape(p)[-1]).all())


def _meaning_of_cross_entropy(p: Value, t: Value) -> Value:
    import numpy

    if numpy.shape(t) == numpy.shape(p):
        return -sum_(t * log(p)) / _rows(p)
    if isinstance(p, Term):  # to be read
        return -sum_(targets(t, p) * log(p)) / _rows(p)
    found = _are_class(t, p)
    known = log(sum_(found, axis=-1))  # 0, and undefined where there is no such class
    return -(sum_(where(found, log(p), 0)) + sum_(known)) / _rows(p)


def _loss_shape(p: Shape, t: Shape) -> Shape:
    _target_shape(t, p)
    return ()


@structural(
    lambda p, t: 0.0 - sum_(_times_log(targets(t, p), p)) / _rows(p),
    meaning=_meaning_of_cross_entropy,
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


def _of_logits(z: Value, t: Value) -> Value:
    """Of class indices only their elements are looked at."""
    import numpy

    if numpy.shape(t) == numpy.shape(z) or not _are_classes(z, t):
        return -numpy.sum(targets(t, z) * log_softmax(z)) / _rows(z)
    below, logarithm, _ = powers_below(z, -1)
    rows = below.reshape(-1, below.shape[-1])
    classes = numpy.asarray(t, dtype=int).reshape(-1)
    logs = rows[numpy.arange(len(rows)), classes] - logarithm.reshape(-1)
    return 0.0 - numpy.add.reduce(logs) / len(logs)


@structural(
    _of_logits,
    meaning=lambda z, t: -sum_(targets(t, z) * log_softmax(z)) / _rows(z),
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

    scale = g / _rows(z)
    to_t = -scale * log_softmax(z) if numpy.shape(t) == numpy.shape(z) else 0
    return scale * excess(z, targets(t, z)), to_t


def _excess(z: Value, q: Value) -> Value:
    """1 less the probability of the largest logit is the sum of the others, which keeps its digits.

    So the gradient does not stop at 0 where the classes are told apart by 40 and more.
    """
    import numpy

    rows = numpy.reshape(z, (-1, numpy.shape(z)[-1]))
    weights = numpy.reshape(q, rows.shape)
    at = numpy.arange(len(rows)), rows.argmax(axis=-1)
    powers = numpy.exp(rows - rows[at][:, None])
    powers[at] = 0.0
    rest = numpy.add.reduce(powers, axis=-1)
    all_weights = numpy.add.reduce(weights, axis=-1)
    share = 1 / (1 + rest)
    powers *= (all_weights * share)[:, None]
    powers -= weights
    there = weights[at]
    powers[at] = ((all_weights - there) - there * rest) * share
    return powers.reshape(numpy.shape(z))


@structural(
    _excess,
    meaning=lambda z, q: softmax(z) * sum_(q, axis=-1, keepdims=1) - q,
    shape=lambda z, q: alike(z, q, axis=-1),
    internal=True,
)
def excess(g: Value, y: Value, z: Value, q: Value) -> Value:
    """By how much the probabilities softmax(z) exceed the targets q, along the last axis."""
    p, weights = softmax(z), sum_(q, axis=-1, keepdims=1)
    return p * less_mean(g, p) * weights, sum_(g * p, axis=-1, keepdims=1) - g

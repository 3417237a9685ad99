"""Many elements to one: sums, means, extremes, spreads, norms; and softmax, which goes with them."""

from __future__ import annotations

from typing import Any

from bpcalc.ops import shapes
from bpcalc.ops.arrays import axes_of, numpy_axis
from bpcalc.ops.choices import max_ as larger
from bpcalc.ops.choices import min_ as smaller
from bpcalc.ops.choices import where
from bpcalc.ops.comparisons import equal
from bpcalc.ops.domain import Kink
from bpcalc.ops.exponential import exp, log, sqrt
from bpcalc.ops.layout import spread
from bpcalc.ops.op import Value, structural
from bpcalc.ops.rounding import abs_


def _by_numpy(name: str) -> Any:
    """A reduction of NumPy's, by its name."""

    def reduced(A: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
        import numpy

        return getattr(numpy, name)(A, axis=numpy_axis(axis), keepdims=bool(keepdims))

    return reduced


def count(A: Value, axis: Any) -> int:
    """How many elements a reduction takes together."""
    import numpy

    shape = numpy.shape(A)
    return int(numpy.prod([shape[a] for a in axes_of(axis, len(shape))]))


def _along_axes(function: Any) -> Any:
    """A function of many numbers, for arrays of symbols: each group of elements to one symbol."""

    def applied(A: Value, *, axis: Any = None, keepdims: Any = 0, **options: Any) -> Value:
        import numpy

        A = numpy.asarray(A, dtype=object)
        axes = axes_of(axis, A.ndim)
        rest = [a for a in range(A.ndim) if a not in axes]
        rows = numpy.transpose(A, (*rest, *axes)).reshape(*[A.shape[a] for a in rest], -1)
        found = numpy.empty(rows.shape[:-1], dtype=object)
        for place in numpy.ndindex(found.shape):
            found[place] = function(*rows[place], **options)
        return numpy.expand_dims(found, axes) if keepdims else found

    return applied


@structural(_by_numpy("sum"), shape=shapes.reduced, latex=r"\sum {A}")
def sum_(g: Value, y: Value, A: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
    """The sum of all elements, or of those along an axis."""
    return spread(g, A, axis=axis, keepdims=keepdims)


@structural(_by_numpy("mean"), shape=shapes.reduced)
def mean(g: Value, y: Value, A: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
    """The mean of all elements, or of those along an axis."""
    return spread(g / count(A, axis), A, axis=axis, keepdims=keepdims)


def _others(A: Value, *, axis: Any = None) -> Value:
    """For each element the product of all others in its group: no division, so zeros are fine."""
    import numpy

    axes = axes_of(axis, numpy.ndim(A))
    rest = tuple(a for a in range(numpy.ndim(A)) if a not in axes)
    moved = numpy.transpose(A, (*rest, *axes))
    rows = moved.reshape(*moved.shape[: len(rest)], -1)
    ones = numpy.ones((*rows.shape[:-1], 1))
    before = numpy.cumprod(numpy.concatenate([ones, rows[..., :-1]], axis=-1), axis=-1)
    behind = numpy.cumprod(numpy.concatenate([ones, rows[..., :0:-1]], axis=-1), axis=-1)
    found = (before * behind[..., ::-1]).reshape(moved.shape)
    return numpy.transpose(found, numpy.argsort((*rest, *axes)))


@structural(_others, shape=shapes.same, internal=True)
def product_of_others(g: Value, y: Value, A: Value, *, axis: Any = None) -> Value:
    """For each element the product of all the others: the derivative of `prod`."""
    raise ArithmeticError("the second derivative of prod is not known")


@structural(_by_numpy("prod"), shape=shapes.reduced, latex=r"\prod {A}")
def prod(g: Value, y: Value, A: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
    """The product of all elements, or of those along an axis."""
    return spread(g, A, axis=axis, keepdims=keepdims) * product_of_others(A, axis=axis)


def _extreme(name: str, variadic: Any, which: str) -> Any:
    return structural(
        _by_numpy(name),
        meaning=_along_axes(lambda *xs: variadic(*xs) if len(xs) > 1 else xs[0]),
        shape=shapes.reduced,
        name=name,
        internal=True,
        latex=rf"\{name} {{{{A}}}}",
        kink=Kink(
            f"several elements are the {which}",
            at=lambda A, **options: _ties(A, name, **options),
            ours="equal shares",
            torch="equal shares",
            jax="equal shares",
            example=f"{name}([1, 3, 3])" if name == "max" else f"{name}([1, 1, 3])",
        ),
    )


def _ties(A: Value, name: str, *, axis: Any = None, keepdims: Any = 0) -> Value:
    import numpy

    best = getattr(numpy, name)(A, axis=numpy_axis(axis), keepdims=True)
    return (numpy.asarray(best) == A).sum(axis=numpy_axis(axis)) > 1


def _to_the_extreme(g: Value, y: Value, A: Value, axis: Any, keepdims: Any) -> Value:
    """Equal shares to the elements that are the extreme one."""
    extreme = where(equal(A, spread(y, A, axis=axis, keepdims=keepdims)), 1, 0)
    ties = sum_(extreme, axis=axis, keepdims=1)
    return spread(g, A, axis=axis, keepdims=keepdims) * (extreme / ties)


@_extreme("max", larger, "largest")
def max_of(g: Value, y: Value, A: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
    """The largest element, of all or along an axis: max(A). Written max."""
    return _to_the_extreme(g, y, A, axis, keepdims)


@_extreme("min", smaller, "smallest")
def min_of(g: Value, y: Value, A: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
    """The smallest element, of all or along an axis: min(A). Written min."""
    return _to_the_extreme(g, y, A, axis, keepdims)


def _centred(A: Value, axis: Any) -> Value:
    return A - spread(mean(A, axis=axis), A, axis=axis)


def _degrees(A: Value, axis: Any, ddof: Any) -> float:
    """What the sum of squares is divided by; NaN where there are too few elements."""
    left = count(A, axis) - float(ddof)
    return left if left > 0 else float("nan")


def _variance(A: Value, *, axis: Any = None, ddof: Any = 0, keepdims: Any = 0) -> Value:
    squares = _centred(A, axis) ** 2
    return sum_(squares, axis=axis, keepdims=keepdims) / _degrees(A, axis, ddof)


@structural(_variance, shape=shapes.reduced, latex=r"\operatorname{{var}} {A}")
def var(
    g: Value, y: Value, A: Value, *, axis: Any = None, ddof: Any = 0, keepdims: Any = 0
) -> Value:
    """The variance, of all elements or along an axis; divided by their number less ddof."""
    scale = 2 / _degrees(A, axis, ddof)
    return spread(g * scale, A, axis=axis, keepdims=keepdims) * _centred(A, axis)


_AT_ZERO = {"ours": "0", "torch": "NaN", "jax": "NaN"}


@structural(
    lambda A, **options: sqrt(_variance(A, **options)),
    shape=shapes.reduced,
    latex=r"\operatorname{{std}} {A}",
    kink=Kink(
        "all elements are equal",
        at=lambda A, **options: _variance(A, **options) == 0,
        example="std([2, 2])",
        **_AT_ZERO,
    ),
)
def std(
    g: Value, y: Value, A: Value, *, axis: Any = None, ddof: Any = 0, keepdims: Any = 0
) -> Value:
    """The standard deviation, the square root of the variance."""
    scale = g / where(equal(y, 0), 1, y) / _degrees(A, axis, ddof)
    return spread(scale, A, axis=axis, keepdims=keepdims) * _centred(A, axis)


def _norm(A: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
    """Scaled by the largest element, so that squares neither overflow nor vanish."""
    largest = max_of(abs_(A), axis=axis, keepdims=1)
    scale = where(equal(largest, 0), 1, largest)
    found = sqrt(sum_((A / scale) ** 2, axis=axis, keepdims=1)) * scale
    return found if keepdims else sum_(found, axis=axis)


@structural(
    _norm,
    meaning=lambda A, **options: sqrt(sum_(A * A, **options)),
    shape=shapes.reduced,
    latex=r"\left\| {A} \right\|",
    kink=Kink(
        "all elements are 0",
        at=lambda A, **options: _norm(A, **options) == 0,
        ours="0",
        torch="0",
        jax="NaN",
        example="norm([0, 0])",
    ),
)
def norm(g: Value, y: Value, A: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
    """The Euclidean length (of a matrix: Frobenius), of all elements or along an axis."""
    scale = where(equal(y, 0), 1, y)
    length = spread(scale, A, axis=axis, keepdims=keepdims)
    return spread(g, A, axis=axis, keepdims=keepdims) * (A / length)


def _logsumexp(A: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
    largest = max_of(A, axis=axis, keepdims=1)
    total = sum_(exp(A - largest), axis=axis, keepdims=1)
    found = largest + log(total)
    return found if keepdims else sum_(found, axis=axis)


@structural(
    _logsumexp,
    meaning=lambda A, **options: log(sum_(exp(A), **options)),
    shape=shapes.reduced,
    latex=r"\ln \sum e^{{{A}}}",
)
def logsumexp(g: Value, y: Value, A: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
    """The logarithm of the sum of the exponentials, without overflow."""
    shares = exp(A - spread(y, A, axis=axis, keepdims=keepdims))
    return spread(g, A, axis=axis, keepdims=keepdims) * shares


def _softmax(A: Value, *, axis: Any = -1) -> Value:
    powers = exp(A - max_of(A, axis=axis, keepdims=1))
    return powers / sum_(powers, axis=axis, keepdims=1)


@structural(
    _softmax,
    meaning=lambda A, *, axis=-1: exp(A) / sum_(exp(A), axis=axis, keepdims=1),
    shape=shapes.along,
    latex=r"\operatorname{{softmax}}\left({A}\right)",
)
def softmax(g: Value, y: Value, A: Value, *, axis: Any = -1) -> Value:
    """Exponentials, divided by their sum along an axis: probabilities."""
    return y * (g - sum_(g * y, axis=axis, keepdims=1))


def _log_softmax(A: Value, *, axis: Any = -1) -> Value:
    return A - logsumexp(A, axis=axis, keepdims=1)


@structural(
    _log_softmax,
    meaning=lambda A, *, axis=-1: A - log(sum_(exp(A), axis=axis, keepdims=1)),
    shape=shapes.along,
    latex=r"\ln\operatorname{{softmax}}\left({A}\right)",
)
def log_softmax(g: Value, y: Value, A: Value, *, axis: Any = -1) -> Value:
    """The logarithm of softmax, accurate where the probabilities vanish."""
    return g - exp(y) * sum_(g, axis=axis, keepdims=1)



"""Many elements to one: sums, means, products, extremes, spreads, norms."""

from __future__ import annotations

from collections.abc import Callable
from math import prod as product
from typing import Any

from bpcalc.ops import shapes
from bpcalc.ops.arrays import axes_of, numpy_axis
from bpcalc.ops.choices import max_ as larger
from bpcalc.ops.choices import min_ as smaller
from bpcalc.ops.comparisons import equal
from bpcalc.ops.declare import structural
from bpcalc.ops.domain import Kink
from bpcalc.ops.exponential import sqrt
from bpcalc.ops.layout import spread
from bpcalc.ops.op import Op, Shape, Value


def _by_numpy(name: str) -> Any:
    """A reduction of NumPy's, by its name."""

    def reduced(A: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
        import numpy

        return getattr(numpy, name)(A, axis=numpy_axis(axis), keepdims=bool(keepdims))

    return reduced


def _count(*arrays: Value, axis: Any = None) -> int:
    import numpy

    shape = shapes.broadcast(*map(numpy.shape, arrays))
    return product(shape[a] for a in axes_of(axis, len(shape)))


def _count_shape(*given: Shape, axis: Any = None) -> Shape:
    axes_of(axis, len(shapes.broadcast(*given)))
    return ()


@structural(_count, shape=_count_shape, internal=True)
def count(g: Value, y: Value, *arrays: Value, axis: Any = None) -> Value:
    """How many elements the arrays have, broadcast: all, or those along an axis."""
    return (0,) * len(arrays)


def number_of(*arrays: Value, axis: Any = None) -> Value:
    """`count`, and at once a number where shapes are known."""
    known: list[Any] = [
        () if isinstance(a, (float, int)) else getattr(a, "shape", None) for a in arrays
    ]
    if None in known:
        return count(*arrays, axis=axis)
    shape: Shape = known[0] if len(known) == 1 else shapes.broadcast(*known)
    return product(shape if axis is None else [shape[a] for a in axes_of(axis, len(shape))])


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
    return spread(g / number_of(A, axis=axis), A, axis=axis, keepdims=keepdims)


_SAFE = 1e-280, 1e300
"""Products and sums of squares between these have lost nothing to underflow or to overflow."""


# Products


def _others(A: Value, *, axis: Any = None) -> Value:
    """For each element the product of all others in its group.

    By division where the whole product is far from 0 and from overflow, else without.
    """
    import numpy

    if getattr(A, "dtype", None) == numpy.float64:
        whole = numpy.prod(A, axis=numpy_axis(axis), keepdims=True)
        if numpy.all((abs(whole) > _SAFE[0]) & (abs(whole) < _SAFE[1])):
            return whole / A
    axes = axes_of(axis, numpy.ndim(A))
    order = (*(a for a in range(numpy.ndim(A)) if a not in axes), *axes)
    moved = numpy.transpose(A, order)
    rows = moved.reshape(*moved.shape[: len(order) - len(axes)], -1)
    ones = numpy.ones((*rows.shape[:-1], 1))
    before = numpy.cumprod(numpy.concatenate([ones, rows[..., :-1]], axis=-1), axis=-1)
    behind = numpy.cumprod(numpy.concatenate([ones, rows[..., :0:-1]], axis=-1), axis=-1)
    found = (before * behind[..., ::-1]).reshape(moved.shape)
    return numpy.transpose(found, numpy.argsort(order))


def _with_axes(shape: Shape, *, axis: Any = None) -> Shape:
    axes_of(axis, len(shape))
    return shape


@structural(_others, shape=_with_axes, internal=True)
def product_of_others(g: Value, y: Value, A: Value, *, axis: Any = None) -> Value:
    """For each element the product of all the others: the derivative of `prod`."""
    return products_along(A, g, axis=axis)


_TINY = 1e-100
"""A step whose square is nothing beside 1, and which is itself far from underflow."""


def _others_along(A: Value, G: Value, *, axis: Any = None) -> Value:
    """By a complex step, which loses no digits (Squire and Trapp, SIAM Review 40, 1998)."""
    import numpy

    size = numpy.max(numpy.abs(G))
    step = _TINY / (size if size > 0 else 1.0)
    return numpy.imag(_others(A + 1j * (step * G), axis=axis)) / step


def _others_along_by_pairs(A: Value, G: Value, *, axis: Any = None) -> Value:
    """The sum over all pairs, for arrays of symbols."""
    import numpy

    A, G = numpy.asarray(A, dtype=object), numpy.asarray(G, dtype=object)
    found: Value = 0
    for place in numpy.ndindex(A.shape):  # moving one element moves the products of the others
        without = A.copy()
        without[place] = A[place] * 0
        moving = A.copy()
        moving[place] = without[place] + 1
        change = _others(moving, axis=axis) - _others(without, axis=axis)
        found = found + G[place] * change
    return found


def alike(shape: Shape, other: Shape, *, axis: Any = None) -> Shape:
    """Two inputs of the same shape, which has the axis."""
    axes_of(axis, len(shape))
    if shape != other:
        raise ValueError(f"the shapes {shape} and {other} differ")
    return shape


@structural(_others_along, meaning=_others_along_by_pairs, shape=alike, internal=True)
def products_along(g: Value, y: Value, A: Value, G: Value, *, axis: Any = None) -> Value:
    """How, for each element, the product of all the others changes as A moves along G."""
    raise ArithmeticError("the third derivative of prod is not known")


@structural(_by_numpy("prod"), shape=shapes.reduced, latex=r"\prod {A}")
def prod(g: Value, y: Value, A: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
    """The product of all elements, or of those along an axis."""
    return spread(g, A, axis=axis, keepdims=keepdims) * product_of_others(A, axis=axis)


# Extremes


def _extreme(name: str, variadic: Any, which: str) -> Callable[[Callable[..., Value]], Op]:
    return structural(
        _by_numpy(name),
        meaning=_along_axes(lambda *xs: variadic(*xs) if len(xs) > 1 else xs[0]),
        shape=shapes.reduced,
        name=name,
        internal=True,
        latex=rf"\{name} {{A}}",
        kink=Kink(
            f"several elements are the {which}",
            at=lambda A, **options: _ties(A, name, **options),
            ours="equal shares",
            torch="equal shares (amax, amin)",
            jax="equal shares",
            example=f"{name}([1, 3, 3])" if name == "max" else f"{name}([1, 1, 3])",
        ),
    )


def _ties(A: Value, name: str, *, axis: Any = None, keepdims: Any = 0) -> Value:
    import numpy

    best = getattr(numpy, name)(A, axis=numpy_axis(axis), keepdims=True)
    return (numpy.asarray(best) == A).sum(axis=numpy_axis(axis)) > 1


def _to_the_extreme(g: Value, y: Value, A: Value, axis: Any, keepdims: Any) -> Value:
    """Equal shares to the elements that are the extreme one; none where there is a NaN."""
    extreme = equal(A, spread(y, A, axis=axis, keepdims=keepdims))
    ties = sum_(extreme, axis=axis, keepdims=keepdims)
    return spread(g / (ties + equal(ties, 0)), A, axis=axis, keepdims=keepdims) * extreme


@_extreme("max", larger, "largest")
def max_of(g: Value, y: Value, A: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
    """The largest element, of all or along an axis: max(A). Written max."""
    return _to_the_extreme(g, y, A, axis, keepdims)


@_extreme("min", smaller, "smallest")
def min_of(g: Value, y: Value, A: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
    """The smallest element, of all or along an axis: min(A). Written min."""
    return _to_the_extreme(g, y, A, axis, keepdims)


# Spreads and lengths


def _centred(A: Value, *, axis: Any = None) -> Value:
    """The elements less their mean.

    Less one of them first: equal elements give exactly 0, and those near 1e9 keep their digits.
    """
    import numpy

    A = numpy.asarray(A, dtype=float)
    axes = axes_of(axis, A.ndim)
    first = tuple(slice(0, 1) if a in axes else slice(None) for a in range(A.ndim))
    found = A - A[first]
    found -= numpy.sum(found, axis=axes, keepdims=True) / _count(A, axis=axis)
    return found


@structural(
    _centred,
    meaning=lambda A, *, axis=None: A - spread(mean(A, axis=axis), A, axis=axis),
    shape=_with_axes,
    internal=True,
)
def centred(g: Value, y: Value, A: Value, *, axis: Any = None) -> Value:
    """The elements less their mean, of all or along an axis."""
    return centred(g, axis=axis)


def _degrees(A: Value, axis: Any, ddof: Any) -> Value:
    """What the sum of squares is divided by."""
    return number_of(A, axis=axis) - ddof


def _of_more_than(shape: Shape, *, axis: Any = None, ddof: Any = 0, keepdims: Any = 0) -> Shape:
    found = shapes.reduced(shape, axis=axis, keepdims=keepdims)
    elements = product(shape[a] for a in axes_of(axis, len(shape)))
    if elements <= ddof:
        raise ValueError(
            f"with ddof={ddof:g} at least {int(ddof) + 1} elements are needed, and there "
            f"{'is' if elements == 1 else 'are'} {elements}"
        )
    return found


def _variance(A: Value, *, axis: Any = None, ddof: Any = 0, keepdims: Any = 0) -> Value:
    squares = centred(A, axis=axis) ** 2
    return sum_(squares, axis=axis, keepdims=keepdims) / _degrees(A, axis, ddof)


@structural(
    _variance,
    shape=_of_more_than,
    latex=r"\operatorname{{var}} {A}",
)
def var(
    g: Value, y: Value, A: Value, *, axis: Any = None, ddof: Any = 0, keepdims: Any = 0
) -> Value:
    """The variance, of all elements or along an axis; divided by their number less ddof."""
    scale = g * (2 / _degrees(A, axis, ddof))
    return spread(scale, A, axis=axis, keepdims=keepdims) * centred(A, axis=axis)


def _deviation(A: Value, *, axis: Any = None, ddof: Any = 0, keepdims: Any = 0) -> Value:
    """A length, and not the root of the variance: squares of 1e-200 are 0, of 1e200 infinite."""
    length = _norm(_centred(A, axis=axis), axis=axis, keepdims=keepdims)
    return length / _degrees(A, axis, ddof) ** 0.5


@structural(
    _deviation,
    meaning=lambda A, **options: sqrt(_variance(A, **options)),
    shape=_of_more_than,
    latex=r"\operatorname{{std}} {A}",
    textbook=lambda g, y, A, *, axis=None, ddof=0, keepdims=0: (
        spread(g / (_degrees(A, axis, ddof) * y), A, axis=axis, keepdims=keepdims)
        * centred(A, axis=axis)
    ),
    kink=Kink(
        "all elements are equal",
        at=lambda A, **options: _deviation(A, **options) == 0,
        ours="0",
        torch="0",
        jax="NaN",
        example="std([2, 2])",
    ),
)
def std(
    g: Value, y: Value, A: Value, *, axis: Any = None, ddof: Any = 0, keepdims: Any = 0
) -> Value:
    """The standard deviation, the square root of the variance."""
    scale = g / (_degrees(A, axis, ddof) * _not_zero(y))
    return spread(scale, A, axis=axis, keepdims=keepdims) * centred(A, axis=axis)


def _not_zero(y: Value) -> Value:
    """A length to divide elements by; 1 where it is 0, as they are all 0 then."""
    return y + equal(y, 0)


def _norm(A: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
    """The root of the sum of squares; those that leave float64 are computed in another scale."""
    import numpy

    A = numpy.asarray(A, dtype=float)
    axes = axes_of(axis, A.ndim)
    with numpy.errstate(over="ignore", under="ignore"):
        squares = numpy.sum(A * A, axis=axes, keepdims=bool(keepdims))
    if numpy.all((squares > _SAFE[0]) & (squares < _SAFE[1])):
        return numpy.sqrt(squares)
    largest = numpy.max(numpy.abs(A), axis=axes, keepdims=True)
    scale = numpy.where((largest > 0) & (largest < numpy.inf), largest, 1.0)
    squares = numpy.sum((A / scale) ** 2, axis=axes, keepdims=bool(keepdims))
    return numpy.sqrt(squares) * (scale if keepdims else scale.reshape(numpy.shape(squares)))


@structural(
    _norm,
    meaning=lambda A, **options: sqrt(sum_(A * A, **options)),
    shape=shapes.reduced,
    latex=r"\left\| {A} \right\|",
    textbook=lambda g, y, A, *, axis=None, keepdims=0: (
        spread(g, A, axis=axis, keepdims=keepdims) * A / spread(y, A, axis=axis, keepdims=keepdims)
    ),
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
    return spread(g / _not_zero(y), A, axis=axis, keepdims=keepdims) * A

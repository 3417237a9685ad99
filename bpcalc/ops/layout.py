"""Where elements stand: transposing, reshaping, picking out, putting together, spreading."""

from __future__ import annotations

from typing import Any

from bpcalc.ops import shapes
from bpcalc.ops.arrays import Key, axes_of, numpy_axis, subscript, whole
from bpcalc.ops.op import OPERATORS, Value, structural


def _spread(a: Value, like: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
    import numpy

    shape = numpy.shape(like)
    a = numpy.asarray(a)
    if not keepdims and a.ndim < len(shape):
        a = numpy.expand_dims(a, axes_of(axis, len(shape)))
    return numpy.broadcast_to(a, shape)


@structural(_spread, shape=shapes.spread, internal=True)
def spread(g: Value, y: Value, a: Value, like: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
    """What a reduction of `like` gave, repeated along the axes that it took away."""
    from bpcalc.ops.reductions import sum_

    return sum_(g, axis=axis, keepdims=keepdims), 0


def _transposed(A: Value) -> Value:
    import numpy

    return numpy.transpose(A)


@structural(_transposed, shape=shapes.transposed, text="{A}'", latex=r"{A}^{{\mathsf{{T}}}}")
def transpose(g: Value, y: Value, A: Value) -> Value:
    """The transpose: the axes in reversed order. Also written A' and A.T."""
    return transpose(g)


OPERATORS["'"] = transpose


def _reshaped(A: Value, *, shape: Any = -1) -> Value:
    import numpy

    return numpy.reshape(A, shapes.reshaped(numpy.shape(A), shape=shape))


@structural(_reshaped, shape=shapes.reshaped, positional="shape")
def reshape(g: Value, y: Value, A: Value, *, shape: Any = -1) -> Value:
    """The same elements, row by row, in another shape: reshape(x, 2, 3); -1 is found."""
    return shaped_like(g, A)


def _shaped_like(a: Value, like: Value) -> Value:
    import numpy

    return numpy.reshape(a, numpy.shape(like))


@structural(_shaped_like, shape=shapes.spread, internal=True)
def shaped_like(g: Value, y: Value, a: Value, like: Value) -> Value:
    """The elements of the first in the shape of the second."""
    return shaped_like(g, a), 0


def _indexed(A: Value, *, key: Key = ()) -> Value:
    import numpy

    return numpy.asarray(A)[subscript(key)]


@structural(_indexed, shape=shapes.indexed, text="{A}[{key}]", latex="{A}_{{[{key}]}}", internal=True)
def getitem(g: Value, y: Value, A: Value, *, key: Key = ()) -> Value:
    """An element or a slice, counted from 0: W[1, 2], x[0:2], x[-1]."""
    return scattered(g, A, key=key)


OPERATORS["[]"] = getitem


def _scattered(a: Value, like: Value, *, key: Key = ()) -> Value:
    import numpy

    a = numpy.asarray(a)
    found = numpy.zeros(numpy.shape(like), dtype=a.dtype)
    found[subscript(key)] = a
    return found


@structural(_scattered, shape=shapes.spread, internal=True)
def scattered(g: Value, y: Value, a: Value, like: Value, *, key: Key = ()) -> Value:
    """Zeros in the shape of the second, with the first in the places of a key."""
    return getitem(g, key=key), 0


def _stacked(*arrays: Value) -> Value:
    import numpy

    objects = any(getattr(a, "dtype", float) == object or not _is_number(a) for a in arrays)
    return numpy.array(arrays, dtype=object) if objects else numpy.stack(arrays)


def _is_number(value: Value) -> bool:
    return isinstance(value, (float, int)) or hasattr(value, "dtype")


@structural(_stacked, shape=shapes.stacked, text="[{rows}]", latex=r"\left[{rows}\right]", internal=True)
def stack(g: Value, y: Value, *rows: Value) -> Value:
    """An array of the values in it, one row each: [a, b]."""
    return tuple(getitem(g, key=(place,)) for place in range(len(rows)))


OPERATORS["["] = stack


def _concatenated(*arrays: Value, axis: Any = 0) -> Value:
    import numpy

    return numpy.concatenate(arrays, axis=numpy_axis(axis))


@structural(_concatenated, shape=shapes.concatenated)
def concat(g: Value, y: Value, *arrays: Value, axis: Any = 0) -> Value:
    """Arrays one behind the other, along an axis: concat(a, b, axis=0)."""
    import numpy

    place = whole(float(axis)) % len(numpy.shape(arrays[0]))
    ends, found = 0, []
    for array in arrays:
        begin, ends = ends, ends + numpy.shape(array)[place]
        found.append(getitem(g, key=(*[(None, None, None)] * place, (begin, ends, None))))
    return tuple(found)

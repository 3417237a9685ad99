"""Where elements stand: transposing, reshaping, picking out, putting together, spreading."""

from __future__ import annotations

from typing import Any

from bpcalc.ops import shapes
from bpcalc.ops.arrays import Key, axes_of, numpy_axis, subscript, whole
from bpcalc.ops.declare import structural
from bpcalc.ops.op import OPERATORS, Shape, Value


def fixed(view: Value) -> Value:
    """A view that nobody can write to: what it shows belongs to another value.

    Reversing, cutting and repeating cost no copy so; adding to the result in place is an error
    and not a change of somebody's input.
    """
    flags = getattr(view, "flags", None)
    if flags is not None and view.ndim:
        flags.writeable = False
    return view


def _spread(a: Value, like: Value, *, axis: Any = None, keepdims: Any = 0) -> Value:
    import numpy

    shape = numpy.shape(like)
    a = numpy.asarray(a)
    if a.ndim < len(shape) and axis is not None and not keepdims:
        axes = axes_of(axis, len(shape))
        a = a.reshape([1 if k in axes else n for k, n in enumerate(shape)])
    return numpy.broadcast_to(a, shape)


def _spread_shape(shape: Shape, like: Shape, *, axis: Any = None, keepdims: Any = 0) -> Shape:
    if shape != shapes.reduced(like, axis=axis, keepdims=keepdims):
        raise ValueError(f"{shape} is not what a reduction makes of {like}")
    return like


@structural(_spread, shape=_spread_shape, implicit=True)
def spread(
    g: Value, y: Value, a: Value, like: Value, *, axis: Any = None, keepdims: Any = 0
) -> Value:
    """What a reduction of `like` gave, repeated along the axes that it took away."""
    from bpcalc.ops.reductions import sum_

    return sum_(g, axis=axis, keepdims=keepdims), 0


def _transposed(A: Value) -> Value:
    import numpy

    return fixed(numpy.transpose(A))


@structural(_transposed, shape=shapes.transposed, text="{A}'", latex=r"{A}^{{\mathsf{{T}}}}")
def transpose(g: Value, y: Value, A: Value) -> Value:
    """The transpose: the axes in reversed order. Also written A' and A.T."""
    return transpose(g)


OPERATORS["'"] = transpose


def _reshaped(A: Value, *, shape: Any = -1) -> Value:
    import numpy

    return fixed(numpy.reshape(A, shapes.reshaped(numpy.shape(A), shape=shape)))


@structural(_reshaped, shape=shapes.reshaped, positional="shape")
def reshape(g: Value, y: Value, A: Value, *, shape: Any = -1) -> Value:
    """The same elements, row by row, in another shape; of the lengths one may be -1."""
    return shaped_like(g, A)


def _shaped_like(a: Value, like: Value) -> Value:
    import numpy

    return fixed(numpy.reshape(a, numpy.shape(like)))


def _shape_of_as_many(shape: Shape, like: Shape) -> Shape:
    return shapes.reshaped(shape, shape=like)


@structural(_shaped_like, shape=_shape_of_as_many, implicit=True)
def shaped_like(g: Value, y: Value, a: Value, like: Value) -> Value:
    """The elements of the first in the shape of the second."""
    return shaped_like(g, a), 0


def _indexed(A: Value, *, key: Key = ()) -> Value:
    import numpy

    return fixed(numpy.asarray(A)[subscript(key)])


@structural(
    _indexed, shape=shapes.indexed, text="{A}[{key}]", latex="{A}_{{[{key}]}}", internal=True
)
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


def _scattered_shape(shape: Shape, like: Shape, *, key: Key = ()) -> Shape:
    if shape != shapes.indexed(like, key=key):
        raise ValueError(f"{shape} is not the shape of these places in {like}")
    return like


@structural(_scattered, shape=_scattered_shape, internal=True)
def scattered(g: Value, y: Value, a: Value, like: Value, *, key: Key = ()) -> Value:
    """Zeros in the shape of the second, with the first in the places of a key."""
    return getitem(g, key=key), 0


def _stacked(*arrays: Value) -> Value:
    import numpy

    plain = all(_is_number(a) and numpy.asarray(a).dtype != object for a in arrays)
    return numpy.stack(arrays) if plain else numpy.array(arrays, dtype=object)


def _is_number(value: Value) -> bool:
    return isinstance(value, (float, int)) or hasattr(value, "dtype")


@structural(
    _stacked, shape=shapes.stacked, text="[{rows}]", latex=r"\left[{rows}\right]", internal=True
)
def stack(g: Value, y: Value, *rows: Value) -> Value:
    """An array of the values in it, one row each: [a, b]."""
    return tuple(getitem(g, key=(place,)) for place in range(len(rows)))


OPERATORS["["] = stack


def _concatenated(*arrays: Value, axis: Any = 0) -> Value:
    import numpy

    return numpy.concatenate(arrays, axis=numpy_axis(axis))


def _one_axis(axis: Any, rank: int) -> int:
    found = axes_of(axis, rank)
    if len(found) != 1:
        raise ValueError(f"one axis is needed, and not {len(found)}")
    return found[0]


def _concatenated_shape(*given: Shape, axis: Any = 0) -> Shape:
    _one_axis(axis, len(given[0]) or 1)
    return shapes.concatenated(*given, axis=axis)


@structural(_concatenated, shape=_concatenated_shape)
def concat(g: Value, y: Value, *arrays: Value, axis: Any = 0) -> Value:
    """Arrays one behind the other, along an axis."""
    found, begin = [], 0
    for array in arrays:
        found.append(cut(g, array, axis=axis, begin=begin))
        begin = begin + length(array, axis=axis)
    return tuple(found)


def _length(A: Value, *, axis: Any = 0) -> int:
    import numpy

    return int(numpy.shape(A)[whole(float(axis))])


def _length_shape(shape: Shape, *, axis: Any = 0) -> Shape:
    _one_axis(axis, len(shape))
    return ()


@structural(_length, shape=_length_shape, internal=True)
def length(g: Value, y: Value, A: Value, *, axis: Any = 0) -> Value:
    """How many elements an array has along an axis."""
    return 0


def _cut_key(a: Value, like: Value, axis: Any, begin: Any) -> Key:
    import numpy

    place = whole(float(axis)) % numpy.ndim(like)
    first = whole(float(begin))
    return (*[(None, None, None)] * place, (first, first + numpy.shape(like)[place], None))


def _cut(a: Value, like: Value, *, axis: Any = 0, begin: Any = 0) -> Value:
    return _indexed(a, key=_cut_key(a, like, axis, begin))


def _cut_shape(shape: Shape, like: Shape, *, axis: Any = 0, begin: Any = 0) -> Shape:
    place = _one_axis(axis, len(like))
    beside = [n for k, n in enumerate(shape) if k != place]
    if len(shape) != len(like) or beside != [n for k, n in enumerate(like) if k != place]:
        raise ValueError(f"{like} is no part of {shape} along the axis {axis}")
    if not 0 <= begin <= shape[place] - like[place]:
        raise ValueError(f"{shape} has no part {like} from {begin} on")
    return like


@structural(_cut, shape=_cut_shape, internal=True)
def cut(g: Value, y: Value, a: Value, like: Value, *, axis: Any = 0, begin: Any = 0) -> Value:
    """The part of the first that is as long as the second, along an axis and from `begin` on."""
    return scattered(g, a, key=_cut_key(a, like, axis, begin)), 0

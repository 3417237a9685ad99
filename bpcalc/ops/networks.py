"""Images and layers of networks: convolution and pooling, laid out as PyTorch does (NCHW).

A convolution is one matrix product per image: the windows of the image, which a strided view
shows without copying, become the columns of a matrix, and the kernels are the rows of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import add
from typing import Any

from bpcalc.ops import shapes
from bpcalc.ops.choices import max_ as larger
from bpcalc.ops.declare import structural
from bpcalc.ops.domain import Kink
from bpcalc.ops.op import Shape, Value

_BLOCK = 2**17
"""So many numbers are columns at a time, 1 MiB: what lies in the cache is not fetched twice.

64 images of (6, 14, 14) and a (16, 6, 5, 5) kernel: 2.0 ms, in one go 2.6; 256 of (16, 16, 16)
and a (32, 16, 3, 3) kernel: 29 and 59.
"""


def _images(x: Value) -> Value:
    """(N, C, H, W), with 1 for the axes that an image lacks."""
    import numpy

    return numpy.reshape(x, (1,) * (4 - numpy.ndim(x)) + numpy.shape(x))


def _kernels(w: Value) -> Value:
    """(O, C, kh, kw), with 1 for the axes that a kernel lacks."""
    return _images(w)


def _padded(A: Value, padding: Any, fill: Any = 0.0) -> Value:
    """The last two axes lengthened at both ends."""
    import numpy

    down, across = shapes.pair("padding", padding)
    if not (down or across):
        return A
    *rest, height, width = A.shape
    found = numpy.full((*rest, height + 2 * down, width + 2 * across), fill, dtype=A.dtype)
    found[..., down : down + height, across : across + width] = A
    return found


def _cut(A: Value, padding: Any) -> Value:
    """The last two axes without what `_padded` has added."""
    down, across = shapes.pair("padding", padding)
    return A[..., down : A.shape[-2] - down, across : A.shape[-1] - across]


# Convolution


def _columns(images: Value, size: Shape, stride: Any) -> Value:
    """The windows as columns: (N, C, H, W) -> (N, C*kh*kw, number of windows)."""
    from numpy.lib.stride_tricks import sliding_window_view

    down, across = shapes.pair("stride", stride)
    windows = sliding_window_view(images, size, axis=(2, 3))[:, :, ::down, ::across]
    count = windows.shape[2] * windows.shape[3]
    channels = images.shape[1] * size[0] * size[1]
    return windows.transpose(0, 1, 4, 5, 2, 3).reshape(len(images), channels, count)


def _blocks(images: Value, kernels: Value, windows: int) -> Iterator[slice]:
    """The images in groups whose columns fit into the cache."""
    several = max(1, _BLOCK // (kernels[0].size * windows))
    for begin in range(0, len(images), several):
        yield slice(begin, begin + several)


def _convolved(x: Value, w: Value, b: Value = None, *, stride: Any = 1, padding: Any = 0) -> Value:
    import numpy

    shape = shapes.conv2d(numpy.shape(x), numpy.shape(w), stride=stride, padding=padding)
    kernels = _kernels(w)
    images = _padded(_images(x), padding)
    rows = kernels.reshape(len(kernels), -1)
    windows = shape[-2] * shape[-1]
    kind = numpy.result_type(images, kernels)
    found = numpy.empty((len(images), len(kernels), windows), dtype=kind)
    for block in _blocks(images, kernels, windows):
        columns = _columns(images[block], kernels.shape[2:], stride)
        numpy.matmul(rows, columns, out=found[block])
    if b is not None:
        found += numpy.reshape(b, (-1, 1))
    return found.reshape(shape)


def _image_gradient(g: Value, w: Value, like: Value, *, stride: Any = 1, padding: Any = 0) -> Value:
    import numpy

    kernels = _kernels(w)
    images = _padded(numpy.zeros_like(_images(like)), padding)
    arriving = numpy.reshape(g, (len(images), len(kernels), -1))
    rows = kernels.reshape(len(kernels), -1).T
    _, channels, *size = kernels.shape
    for block in _blocks(images, kernels, arriving.shape[2]):
        columns = numpy.matmul(rows, arriving[block])
        parts = columns.reshape(-1, channels, *size, *numpy.shape(g)[-2:])
        for i, j, place in _places(images[block], size, stride, numpy.shape(g)):
            place += parts[:, :, i, j]
    return _cut(images, padding).reshape(numpy.shape(like))


def _kernel_gradient(
    g: Value, x: Value, like: Value, *, stride: Any = 1, padding: Any = 0
) -> Value:
    import numpy

    kernels = _kernels(like)
    images = _padded(_images(x), padding)
    arriving = numpy.reshape(g, (len(images), len(kernels), -1))
    found = numpy.zeros_like(kernels).reshape(len(kernels), -1)
    for block in _blocks(images, kernels, arriving.shape[2]):
        columns = _columns(images[block], kernels.shape[2:], stride)
        found += numpy.matmul(arriving[block], columns.swapaxes(1, 2)).sum(axis=0)
    return found.reshape(numpy.shape(like))


def _places(A: Value, size: Any, stride: Any, shape: Shape) -> Iterator[tuple[int, int, Value]]:
    """For each place (i, j) in a window, row by row: the view of it in all windows."""
    down, across = shapes.pair("stride", stride)
    height, width = (shape[-2] - 1) * down + 1, (shape[-1] - 1) * across + 1
    for i in range(size[0]):
        for j in range(size[1]):
            yield i, j, A[..., i : i + height : down, j : j + width : across]


def _windows_of_symbols(A: Value, size: Any, stride: Any, padding: Any, shape: Shape) -> Value:
    """For arrays of symbols: the elements of each window in a row, None where there is none."""
    import numpy

    padded = _padded(numpy.asarray(A, dtype=object), padding, None)
    views = [view for *_, view in _places(padded, size, stride, shape)]
    return numpy.stack(views, axis=-1)


def _convolved_symbols(
    x: Value, w: Value, b: Value = None, *, stride: Any = 1, padding: Any = 0
) -> Value:
    """The sum of the products, written out for each element of the result."""
    import numpy

    shape = shapes.conv2d(numpy.shape(x), numpy.shape(w), stride=stride, padding=padding)
    images, kernels = _images(x), _kernels(w)
    windows = _windows_of_symbols(images, kernels.shape[2:], stride, padding, shape)
    bias = None if b is None else numpy.broadcast_to(numpy.asarray(b, dtype=object), len(kernels))
    found = numpy.empty((len(images), len(kernels), *shape[-2:]), dtype=object)
    for n, o, row, column in numpy.ndindex(found.shape):
        pairs = zip(windows[n, :, row, column].flat, kernels[o].flat)
        terms = [a * factor for a, factor in pairs if a is not None]
        if bias is not None:
            terms.append(bias[o])
        found[n, o, row, column] = reduce(add, terms) if terms else 0.0
    return found.reshape(shape)


@structural(
    _convolved, meaning=_convolved_symbols, shape=shapes.conv2d, positional="stride padding"
)
def conv2d(
    g: Value, y: Value, x: Value, w: Value, b: Value = None, *, stride: Any = 1, padding: Any = 0
) -> Value:
    """Cross-correlation of images x with kernels w, and a bias b; PyTorch's conv2d.

    x is (N, C, H, W), (C, H, W) or (H, W), w is (O, C, kh, kw) or (kh, kw), b a number or (O,);
    the result (N, O, H', W') lacks the axes that x and w lack.
    """
    to_x = image_gradient(g, w, x, stride=stride, padding=padding)
    to_w = kernel_gradient(g, x, w, stride=stride, padding=padding)
    return (to_x, to_w) if b is None else (to_x, to_w, sum_of_channels(g, b))


@structural(_image_gradient, shape=shapes.of_images, internal=True)
def image_gradient(
    g: Value, y: Value, a: Value, w: Value, like: Value, *, stride: Any = 1, padding: Any = 0
) -> Value:
    """What a brings to the images `like` of conv2d(like, w): the transposed convolution."""
    to_a = conv2d(g, w, stride=stride, padding=padding)
    return to_a, kernel_gradient(a, g, w, stride=stride, padding=padding), 0


@structural(_kernel_gradient, shape=shapes.of_kernels, internal=True)
def kernel_gradient(
    g: Value, y: Value, a: Value, x: Value, like: Value, *, stride: Any = 1, padding: Any = 0
) -> Value:
    """What a brings to the kernels `like` of conv2d(x, like)."""
    to_a = conv2d(x, g, stride=stride, padding=padding)
    return to_a, image_gradient(a, g, x, stride=stride, padding=padding), 0


def _sum_of_channels(a: Value, like: Value) -> Value:
    import numpy

    if not numpy.shape(like):
        return numpy.sum(a)
    return numpy.sum(_images(a), axis=(0, 2, 3))


@structural(_sum_of_channels, shape=shapes.of_bias, internal=True)
def sum_of_channels(g: Value, y: Value, a: Value, like: Value) -> Value:
    """The sum of each channel of a, as a bias has them; all of it where the bias is a number."""
    return channels(g, a), 0


def _channels(b: Value, like: Value) -> Value:
    import numpy

    by_channel = numpy.reshape(b, (-1, 1, 1) if numpy.ndim(like) > 2 else ())
    return numpy.broadcast_to(by_channel, numpy.shape(like))


@structural(_channels, shape=lambda b, like: (shapes.of_bias(like, b), like)[1], internal=True)
def channels(g: Value, y: Value, b: Value, like: Value) -> Value:
    """A bias, repeated over the channels of `like`."""
    return sum_of_channels(g, b), 0


# Pooling


def _windows(A: Value, size: Any, stride: Any, padding: Any, fill: Any) -> list[Value]:
    """For each place in a window the elements there, of all windows."""
    import numpy

    A = numpy.asarray(A)
    shape = shapes.pooled(A.shape, size=size, stride=stride, padding=padding)
    pair = shapes.pair("size", size)
    step = pair if stride is None else stride
    return [view for *_, view in _places(_padded(A, padding, fill), pair, step, shape)]


def _reduced(function: Any, windows: list[Value]) -> Value:
    """One array from several, and never a view."""
    return reduce(function, windows) if len(windows) > 1 else windows[0].copy()


def _spread_over_windows(
    shares: Any, like: Value, size: Any, stride: Any, padding: Any, shape: Shape
) -> Value:
    """The sum of what each place in a window gets, in the shape of what was pooled."""
    import numpy

    pair = shapes.pair("size", size)
    found = _padded(numpy.zeros_like(like), padding)
    views = _places(found, pair, pair if stride is None else stride, shape)
    for (*_, view), share in zip(views, shares):
        view += share
    return _cut(found, padding)


def _largest(x: Value, *, size: Any = None, stride: Any = None, padding: Any = 0) -> Value:
    import numpy

    return _reduced(numpy.maximum, _windows(x, size, stride, padding, -numpy.inf))


def _firsts(x: Value, size: Any, stride: Any, padding: Any) -> Iterator[Value]:
    """For each place in a window: whether the first of the largest elements stands there."""
    import numpy

    windows = _windows(x, size, stride, padding, -numpy.inf)
    largest = _reduced(numpy.maximum, windows)
    missing = numpy.ones(largest.shape, dtype=bool)
    for window in windows:
        here = missing & (window == largest)
        missing &= ~here
        yield here


def _to_the_largest(
    a: Value, x: Value, *, size: Any = None, stride: Any = None, padding: Any = 0
) -> Value:
    import numpy

    shares = (numpy.where(here, a, 0.0) for here in _firsts(x, size, stride, padding))
    return _spread_over_windows(shares, x, size, stride, padding, numpy.shape(a))


def _at_the_largest(
    a: Value, x: Value, *, size: Any = None, stride: Any = None, padding: Any = 0
) -> Value:
    import numpy

    pairs = zip(_firsts(x, size, stride, padding), _windows(a, size, stride, padding, 0.0))
    return sum(numpy.where(here, window, 0.0) for here, window in pairs)


def _several_are_the_largest(
    x: Value, *, size: Any = None, stride: Any = None, padding: Any = 0
) -> Value:
    import numpy

    windows = _windows(x, size, stride, padding, -numpy.inf)
    largest = _reduced(numpy.maximum, windows)
    return sum((window == largest) * 1 for window in windows) > 1


def _pooled_symbols(function: Any) -> Any:
    """A function of the elements of a window, for arrays of symbols."""

    def applied(x: Value, *, size: Any = None, stride: Any = None, padding: Any = 0) -> Value:
        import numpy

        shape = shapes.pooled(numpy.shape(x), size=size, stride=stride, padding=padding)
        pair = shapes.pair("size", size)
        step = pair if stride is None else stride
        windows = _windows_of_symbols(x, pair, step, padding, shape)
        found = numpy.empty(shape, dtype=object)
        for place in numpy.ndindex(shape):
            found[place] = function([a for a in windows[place] if a is not None], pair)
        return found

    return applied


@structural(
    _largest,
    meaning=_pooled_symbols(lambda xs, _: larger(*xs) if len(xs) > 1 else xs[0]),
    shape=shapes.pooled,
    positional="size stride padding",
    kink=Kink(
        "several elements of a window are the largest",
        at=_several_are_the_largest,
        ours="all to the first, row by row",
        torch="all to the first, row by row",
        jax="all to the first, row by row",
        example="max_pool2d([[1, 3], [3, 2]], 2)",
    ),
)
def max_pool2d(
    g: Value, y: Value, x: Value, *, size: Any = None, stride: Any = None, padding: Any = 0
) -> Value:
    """The largest element of each window of the last two axes of x.

    x is (N, C, H, W), (C, H, W) or (H, W); size, stride (by default the size) and padding are
    numbers or pairs: max_pool2d(x, 2), max_pool2d(x, [3, 2], stride=1).
    """
    return to_the_largest(g, x, size=size, stride=stride, padding=padding)


@structural(_to_the_largest, shape=shapes.of_windows, internal=True)
def to_the_largest(
    g: Value,
    y: Value,
    a: Value,
    x: Value,
    *,
    size: Any = None,
    stride: Any = None,
    padding: Any = 0,
) -> Value:
    """The elements of a, each where the largest of its window of x stands, else zeros."""
    return at_the_largest(g, x, size=size, stride=stride, padding=padding), 0


@structural(
    _at_the_largest,
    shape=shapes.of_same_windows,
    internal=True,
)
def at_the_largest(
    g: Value,
    y: Value,
    a: Value,
    x: Value,
    *,
    size: Any = None,
    stride: Any = None,
    padding: Any = 0,
) -> Value:
    """What stands in a where the largest element of each window of x stands."""
    return to_the_largest(g, x, size=size, stride=stride, padding=padding), 0


def _average(x: Value, *, size: Any = None, stride: Any = None, padding: Any = 0) -> Value:
    windows = _windows(x, size, stride, padding, 0.0)
    return _reduced(add, windows) / len(windows)


@structural(
    _average,
    meaning=_pooled_symbols(lambda xs, size: reduce(add, xs) / (size[0] * size[1])),
    shape=shapes.pooled,
    positional="size stride padding",
)
def avg_pool2d(
    g: Value, y: Value, x: Value, *, size: Any = None, stride: Any = None, padding: Any = 0
) -> Value:
    """The mean of each window of the last two axes of x. Padding counts as zeros.

    x is (N, C, H, W), (C, H, W) or (H, W); size, stride (by default the size) and padding are
    numbers or pairs: avg_pool2d(x, 2), avg_pool2d(x, [3, 2], stride=1).
    """
    return over_windows(g, x, size=size, stride=stride, padding=padding)


def _over_windows(
    a: Value, like: Value, *, size: Any = None, stride: Any = None, padding: Any = 0
) -> Value:
    import numpy

    height, width = shapes.pair("size", size)
    shares = [numpy.asarray(a) / (height * width)] * (height * width)
    return _spread_over_windows(shares, like, size, stride, padding, numpy.shape(a))


@structural(_over_windows, shape=shapes.of_windows, internal=True)
def over_windows(
    g: Value,
    y: Value,
    a: Value,
    like: Value,
    *,
    size: Any = None,
    stride: Any = None,
    padding: Any = 0,
) -> Value:
    """The elements of a in equal shares over their windows of `like`."""
    return avg_pool2d(g, size=size, stride=stride, padding=padding), 0

"""The shapes of outputs from the shapes of inputs, and what is wrong where they do not fit.

Every function raises ValueError with the reason in words; who knows the place in the formula adds
it. A shape is a tuple, () for a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from bpcalc.ops.arrays import Key, axes_of, subscript, whole
from bpcalc.ops.op import Op, Shape


def shown(shape: Shape) -> str:
    """`(2, 3)`, or `a number`."""
    return str(shape) if shape else "a number"


def of_value(value: Any) -> Shape:
    """The shape of a number, an array, a constant of a formula, or lists of lists."""
    if isinstance(value, (list, tuple)):
        import numpy

        return numpy.shape(value)
    return getattr(getattr(value, "array", value), "shape", ())


def of_result(op: Op, inputs: Sequence[Shape]) -> Shape:
    """The shape of what an operation gives for inputs of these shapes."""
    if op.shape is not None:
        return tuple(op.shape(*inputs, **op.options))
    if op.written == "·" and all(inputs):
        raise ValueError("· and × between two arrays can be read in two ways")
    return broadcast(*inputs)


def broadcast(*shapes: Shape) -> Shape:
    """As NumPy broadcasts: aligned at the last axis, 1 stretches."""
    found: list[int] = []
    for shape in shapes:
        rank = max(len(found), len(shape))
        a, b = [1] * (rank - len(found)) + found, [1] * (rank - len(shape)) + list(shape)
        for x, y in zip(a, b):
            if x != y and 1 not in (x, y):
                listed = " and ".join(shown(shape) for shape in shapes)
                raise ValueError(f"the shapes {listed} do not fit each other: {x} is not {y}")
        found = [y if x == 1 else x for x, y in zip(a, b)]
    return tuple(found)


def same(shape: Shape, **_: Any) -> Shape:
    """The shape of the input."""
    return shape


def reduced(shape: Shape, *, axis: Any = None, keepdims: Any = 0, **_: Any) -> Shape:
    """Without the axes that are reduced, or with 1 in their place."""
    axes = axes_of(axis, len(shape))
    if prod(shape) == 0:
        raise ValueError(f"an empty array has no such value; its shape is {shape}")
    if keepdims:
        return tuple(1 if a in axes else n for a, n in enumerate(shape))
    return tuple(n for a, n in enumerate(shape) if a not in axes)


def along(shape: Shape, *, axis: Any = -1) -> Shape:
    """The shape of the input, whose axis has to be there."""
    if not shape:
        raise ValueError("an array is needed, and not a number")
    axes_of(axis, len(shape))
    return shape


def scalar(*shapes: Shape, **_: Any) -> Shape:
    """A number, from inputs that broadcast."""
    broadcast(*shapes)
    return ()


def matmul(a: Shape, b: Shape) -> Shape:
    """(..., m, k) @ (..., k, n) -> (..., m, n); a vector is a row or a column, as it fits."""
    if not a or not b:
        raise ValueError("@ takes two arrays; a number times an array is written *")
    rows, columns = a[:-1][-1:], b[-1:] if len(b) > 1 else ()
    inner = b[-2] if len(b) > 1 else b[0]
    if a[-1] != inner:
        raise ValueError(
            f"the shapes {a} and {b} do not fit each other: the last axis of the left one has "
            f"{a[-1]} elements, {'the last but one' if len(b) > 1 else 'the axis'} of the right "
            f"one {inner}"
        )
    return (*broadcast(a[:-2], b[:-2]), *rows, *columns)


def dot(a: Shape, b: Shape) -> Shape:
    """Two vectors of the same length; or a matrix and what `@` takes."""
    if len(a) > 2 or len(b) > 2:
        raise ValueError("dot takes vectors and matrices; for more axes write @")
    return matmul(a, b) if a and b else broadcast(a, b)


def outer(a: Shape, b: Shape) -> Shape:
    """(m,) and (n,) -> (m, n)."""
    return prod(a), prod(b)


def transposed(shape: Shape) -> Shape:
    """The axes in reversed order."""
    return shape[::-1]


def square(shape: Shape) -> Shape:
    """(..., n, n)."""
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ValueError(f"a square matrix is needed, and not {_article(shape)}")
    return shape


def of_square(shape: Shape) -> Shape:
    """One number for each matrix of (..., n, n)."""
    return square(shape)[:-2]


def of_matrix(shape: Shape) -> Shape:
    """A number for a matrix."""
    if len(shape) != 2:
        raise ValueError(f"a matrix is needed, and not {_article(shape)}")
    return ()


def solved(a: Shape, b: Shape) -> Shape:
    """(n, n) and (n,) or (n, k) -> the same as the second."""
    square(a)
    if len(a) != 2 or not 1 <= len(b) <= 2 or b[0] != a[-1]:
        raise ValueError(f"a right side with {a[-1]} rows is needed, and not {_article(b)}")
    return b


def reshaped(old: Shape, *, shape: Any) -> Shape:
    """The same elements in another shape; one length may be -1, and is found."""
    given = shape if isinstance(shape, (tuple, list)) else (shape,)
    wanted = [whole(float(n)) for n in given]
    known = prod(n for n in wanted if n != -1)
    if wanted.count(-1) == 1 and known and prod(old) % known == 0:
        wanted[wanted.index(-1)] = prod(old) // known
    if any(n < 1 for n in wanted) or prod(wanted) != prod(old):
        made = ", ".join(map(str, wanted))
        raise ValueError(f"{_article(old)} has {prod(old)} elements, which do not make ({made})")
    return tuple(wanted)


def concatenated(*shapes: Shape, axis: Any = 0) -> Shape:
    """Arrays that differ at most in the length of one axis, one behind the other."""
    if not all(shapes):
        raise ValueError("concat takes arrays; numbers are put together as [a, b]")
    (place,) = axes_of(axis, len(shapes[0]))
    rests = {(*shape[:place], *shape[place + 1 :]) for shape in shapes}
    if len(rests) > 1 or len({len(shape) for shape in shapes}) > 1:
        raise ValueError(f"the shapes {' and '.join(map(str, shapes))} differ beside axis {place}")
    total = sum(shape[place] for shape in shapes)
    return (*shapes[0][:place], total, *shapes[0][place + 1 :])


def stacked(*shapes: Shape) -> Shape:
    """Arrays of the same shape as the rows of a new one."""
    if len(set(shapes)) > 1:
        listed = " and ".join(shown(shape) for shape in dict.fromkeys(shapes))
        raise ValueError(f"the rows of this array differ in shape: {listed}")
    return (len(shapes), *shapes[0])


def indexed(shape: Shape, *, key: Key) -> Shape:
    """What W[1, 0:2] has of W."""
    if not shape:
        raise ValueError("a number has no elements to pick from")
    if len(key) > len(shape):
        raise ValueError(f"{len(key)} indices are too many for {_article(shape)}")
    found: list[int] = []
    for part, length in zip(subscript(key), shape):
        if isinstance(part, int):
            if not -length <= part < length:
                raise ValueError(
                    f"the index {part} is outside an axis of {length} elements: "
                    f"it goes from 0 to {length - 1}, or from -1 back"
                )
        else:
            if part.step == 0:
                raise ValueError("the step of a slice cannot be 0")
            found.append(len(range(*part.indices(length))))
            if not found[-1]:
                raise ValueError(f"this slice of an axis of {length} elements is empty")
    return (*found, *shape[len(key) :])


def pair(name: str, value: Any) -> tuple[int, int]:
    """A number for both axes of an image, or one for each."""
    if value is None:
        raise ValueError(f"the {name} of the windows is missing: 2, or 2 x 3 as [2, 3]")
    given = value if isinstance(value, (tuple, list)) else (value, value)
    if len(given) != 2:
        raise ValueError(f"{name} is one number or two, and not {len(given)}")
    height, width = (whole(float(n)) for n in given)
    if min(height, width) < (name != "padding"):
        least = 0 if name == "padding" else 1
        raise ValueError(f"{name} has to be at least {least}, and not {min(height, width)}")
    return height, width


def conv2d(x: Shape, w: Shape, b: Shape = (), *, stride: Any = 1, padding: Any = 0) -> Shape:
    """(N, C, H, W) and (O, C, kh, kw) -> (N, O, H', W'), without the axes that both lack."""
    if not 2 <= len(x) <= 4:
        raise ValueError(f"conv2d takes {_IMAGES}, and not {_article(x)}")
    if len(w) not in (2, 4):
        raise ValueError(f"a kernel has the shape (kh, kw) or (O, C, kh, kw), and not {shown(w)}")
    kernels, for_channels = w[:2] if len(w) == 4 else (1, 1)
    channels = x[-3] if len(x) > 2 else 1
    if channels != for_channels:
        raise ValueError(
            f"the shapes {x} and {w} do not fit each other: the image has {_channels(channels)}, "
            f"and the kernel is for {_channels(for_channels)}"
        )
    if b not in ((), (kernels,)):
        raise ValueError(f"the bias of {_channels(kernels)} is a number or {(kernels,)}, not {b}")
    image = _windows("kernel", x, w[-2:], stride, padding)
    return (*x[:-3], *((kernels,) if len(x) > 2 or len(w) > 2 else ()), *image)


_IMAGES = "images (H, W), (C, H, W) or (N, C, H, W)"


def _channels(count: int) -> str:
    return f"{count} channel{'s' if count > 1 else ''}"


def _windows(what: str, x: Shape, size: Shape, stride: Any, padding: Any) -> Shape:
    """How many windows there are, one above the other and side by side."""
    steps, margins = pair("stride", stride), pair("padding", padding)
    room = tuple(length + 2 * margin for length, margin in zip(x[-2:], margins))
    if any(n > length for n, length in zip(size, room)):
        with_padding = " with its padding" if any(margins) else ""
        raise ValueError(
            f"the {what} of {size[0]} x {size[1]} is larger than the image, which is "
            f"{room[0]} x {room[1]}{with_padding}"
        )
    return tuple((length - n) // step + 1 for length, n, step in zip(room, size, steps))


def pooled(x: Shape, *, size: Any = None, stride: Any = None, padding: Any = 0) -> Shape:
    """(..., H, W) -> (..., H', W'): one element for each window."""
    if not 2 <= len(x) <= 4:
        raise ValueError(f"pooling takes {_IMAGES}, and not {_article(x)}")
    window, margins = pair("size", size), pair("padding", padding)
    if any(2 * margin > n for n, margin in zip(window, margins)):
        raise ValueError(
            f"the padding {margins[0]} x {margins[1]} is more than half the window, "
            f"{window[0]} x {window[1]}"
        )
    step = window if stride is None else stride
    return (*x[:-2], *_windows("window", x, window, step, padding))


def of_images(a: Shape, w: Shape, like: Shape, **options: Any) -> Shape:
    """The shape of the images, if a has that of their convolution."""
    return _back(a, conv2d(like, w, **options), like)


def of_kernels(a: Shape, x: Shape, like: Shape, **options: Any) -> Shape:
    """The shape of the kernels, if a has that of the convolution with them."""
    return _back(a, conv2d(x, like, **options), like)


def of_bias(a: Shape, like: Shape) -> Shape:
    """The shape of the bias: a number, or one element for each channel of a."""
    if not 2 <= len(a) <= 4 or like not in ((), a[-3:-2] or (1,)):
        raise ValueError(f"a bias of the shape {like} does not fit {_article(a)}")
    return like


def of_windows(a: Shape, like: Shape, **options: Any) -> Shape:
    """The shape of what was pooled, if a has that of its windows."""
    return _back(a, pooled(like, **options), like)


def of_same_windows(a: Shape, x: Shape, **options: Any) -> Shape:
    """The shape of x pooled, if a has that of x."""
    return pooled(_back(a, x, x), **options)


def _back(a: Shape, forward: Shape, like: Shape) -> Shape:
    if a != forward:
        raise ValueError(f"a gradient of the shape {a} does not fit a result of {forward}")
    return like


def _article(shape: Shape) -> str:
    return f"an array of the shape {shape}" if shape else "a number"

"""Arrays as they are given, nested lists or NumPy's, -> arrays of finite float64.

Nested lists are read level by level, so that no depth is too deep; an error names the first
element or row that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any

from bpcalc.engine.array_shapes import memory
from bpcalc.errors import RequestError, printable
from bpcalc.ops.arrays import MAX_DIMENSIONS

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

MAX_LISTED = 1 << 25
"""Elements of nested lists: a list in a list many times over has no end otherwise."""

_ROWS = (list, tuple)
_KINDS = {
    "O": "objects",
    "S": "texts",
    "T": "texts",
    "U": "texts",
    "V": "records",
    "M": "dates",
    "m": "spans of time",
    "b": "truth values",
    "c": "complex numbers",
}


def array(name: str, value: Any) -> Array:
    """An array of finite float64 that nobody else writes to.

    Raises:
        RequestError: it is ragged or empty, or holds something else than finite numbers.
    """
    import numpy

    found = _of_lists(name, value) if isinstance(value, _ROWS) else _of_numpy(name, value)
    if not found.size:
        raise RequestError(f"the array {name} is empty: its shape is {found.shape}")
    finite = numpy.isfinite(found)
    if not finite.all():
        place = tuple(int(i) for i in numpy.unravel_index(int(finite.argmin()), found.shape))
        raise RequestError(
            f"{_element(name, place)} is {found[place]}, and has to be a finite number",
            hint="rows without a value have to be left out, or filled in, before",
        )
    found.flags.writeable = False
    return found


def _of_numpy(name: str, value: Any) -> Array:
    """A copy of an array of NumPy's, or of another library's that NumPy understands."""
    import numpy

    if hasattr(value, "filled"):  # a masked array: what is masked has no value
        value = value.astype(float).filled(numpy.nan)
    try:
        given = numpy.asarray(value)
    except Exception as why:  # another library's array: its own errors
        raise RequestError(
            f"the value of {name} is no array that NumPy can read: {printable(str(why), 100)}"
        ) from None
    if given.dtype.kind not in "fiu":
        raise RequestError(f"the array {name} has to hold numbers, and not {kind_of(given.dtype)}")
    refuse_more_than_memory(name, given.shape)
    with numpy.errstate(all="ignore"):
        return given.astype(float, order="C")


def kind_of(dtype: numpy.dtype[Any]) -> str:
    """What the elements of such an array are, in words."""
    return _KINDS.get(dtype.kind, "something else")


def _of_lists(name: str, value: Sequence[Any]) -> Array:
    shape: list[int] = []
    level: list[Any] = [value]
    while True:
        level = _plain(level)
        kinds = dict.fromkeys(map(type, level))
        if not any(issubclass(kind, _ROWS) for kind in kinds):
            return _of_elements(name, level, shape, kinds)
        if len(shape) == MAX_DIMENSIONS:
            raise RequestError(
                f"the array {name} is nested too deeply: it has more than {MAX_DIMENSIONS} axes"
            )
        shape.append(_length_of_rows(name, level, shape))
        if prod(shape) > MAX_LISTED:
            raise RequestError(
                f"the lists of {name} have more than {MAX_LISTED:,} elements",
                hint="as an array of NumPy's, or an .npy file, they take a tenth of the memory",
            )
        level = list(chain.from_iterable(level))


def _plain(level: list[Any]) -> list[Any]:
    """Arrays and numbers of NumPy's as lists and numbers of Python's."""
    if not any(hasattr(kind, "tolist") for kind in dict.fromkeys(map(type, level))):
        return level
    return [item.tolist() if hasattr(item, "tolist") else item for item in level]


def _length_of_rows(name: str, level: Sequence[Any], shape: Sequence[int]) -> int:
    """The length that all rows of a level have."""
    rows = all(issubclass(kind, _ROWS) for kind in dict.fromkeys(map(type, level)))
    if rows and len(set(map(len, level))) == 1:
        return len(level[0])
    sizes = [len(item) if isinstance(item, _ROWS) else -1 for item in level]
    other = next(k for k, size in enumerate(sizes) if size != sizes[0])
    told = " and ".join(
        f"{_element(name, _place(k, shape))} {_size_said(sizes[k])}" for k in (0, other)
    )
    raise RequestError(f"the rows of {name} differ in length: {told}")


def _size_said(size: int) -> str:
    if size < 0:
        return "is no row"
    return f"has {size} {'element' if size == 1 else 'elements'}"


def _of_elements(name: str, level: list[Any], shape: Sequence[int], kinds: Iterable[type]) -> Array:
    import numpy

    strange = [kind for kind in kinds if kind is bool or not hasattr(kind, "__float__")]
    if strange:
        index = next(k for k, item in enumerate(level) if type(item) in strange)
        raise RequestError(
            f"{_element(name, _place(index, shape))} is {_said(level[index])}, "
            "and has to be a number"
        )
    try:
        return numpy.array(level, dtype=float).reshape(shape)
    except (OverflowError, ValueError, TypeError):
        index = next(k for k, item in enumerate(level) if not _fits(item))
        raise RequestError(
            f"{_element(name, _place(index, shape))} is outside the range of float64",
            hint="numbers go from 5e-324 to 1.797e308",
        ) from None


def _fits(number: Any) -> bool:
    try:
        float(number)
    except (OverflowError, ValueError, TypeError):
        return False
    return True


def _said(element: Any) -> str:
    """What an element is that is no number, without what stands in it."""
    kinds = {str: "a text", bool: "a truth value", dict: "a table", complex: "a complex number"}
    if element is None:
        return "null"
    return kinds.get(type(element), "something else")


def refuse_more_than_memory(name: str, shape: Sequence[int], size: int = 8) -> None:
    """An array is refused before memory is asked for that the machine does not have."""
    if size * prod(shape) > memory():
        raise RequestError(
            f"the array {name} would take {size * prod(shape) / 2**30:,.0f} GiB of memory, and "
            f"there are {memory() / 2**30:,.1f}"
        )


def _place(index: int, shape: Sequence[int]) -> tuple[int, ...]:
    """The indices of an element by its number in the order of rows."""
    found = []
    for length in reversed(shape):
        index, rest = divmod(index, length)
        found.append(rest)
    return tuple(reversed(found))


def _element(name: str, place: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, place))}]" if place else name

"""Arrays that know what they stand for, and the options of array operations, from formula text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

Slice: TypeAlias = "tuple[int | None, int | None, int | None]"
Key: TypeAlias = "tuple[int | Slice, ...]"
"""What stands between the brackets of W[1, 0:2]; slices as (start, stop, step)."""


MAX_DIMENSIONS = 64
"""NumPy's arrays have no more."""

LISTS = frozenset({"axis", "shape", "size", "stride", "padding"})
"""The options that may be several whole numbers; every other is one number."""


class ConstantArray:
    """An array in a formula: a constant leaf of the graph. `text` is how it was written."""

    __slots__ = ("array", "text")

    def __init__(self, array: Any, text: str) -> None:
        self.array = array
        self.text = text

    def __repr__(self) -> str:
        return self.text if len(self.text) <= 40 else f"{self.text[:39]}…"


def array_constant(text: str) -> ConstantArray:
    """The array of a literal that holds only numbers: `[[1, 2], [3, 4]]`.

    Raises:
        ValueError: its rows differ in length.
    """
    import numpy

    numbers = numpy.array([float(number) for number in numbers_in(text)])
    return ConstantArray(numbers.reshape(_shape_of(text.translate(_WITHOUT_NUMBERS))), text)


def numbers_in(text: str) -> list[str]:
    """The numbers of an array literal as they stand there."""
    return text.translate(_WITHOUT_BRACKETS).split(",")


def odd_numbers(constant: ConstantArray) -> list[str]:
    """Those that may be beyond float64: infinite, or 0, or of many digits."""
    import numpy

    flat, numbers = constant.array.ravel(), numbers_in(constant.text)
    odd = numpy.flatnonzero(~numpy.isfinite(flat) | (flat == 0))
    long = [number for number in numbers if len(number) > _MANY_DIGITS]
    return list(dict.fromkeys([*long, *[numbers[k] for k in odd]]))


_MANY_DIGITS = 100
_WITHOUT_BRACKETS = dict.fromkeys(map(ord, "[] "))
_WITHOUT_NUMBERS = dict.fromkeys(map(ord, "0123456789._eE+- "))


def _shape_of(brackets: str) -> tuple[int, ...]:
    """The shape of an array by its brackets and commas: `[[,],[,]]` is (2, 2).

    Raises:
        ValueError: its rows differ in length.
    """
    depth = len(brackets) - len(brackets.lstrip("["))
    row = ""
    shape: list[int] = []
    for level in range(depth - 1, -1, -1):
        end, count = level + 1 + len(row), 1
        while brackets.startswith(f",{row}", end) and (row or brackets[end : end + 2] != ",["):
            end += 1 + len(row)
            count += 1
        row = brackets[level : end + 1]
        if row[-1:] != "]":
            raise ValueError("the rows differ in length")
        shape.insert(0, count)
    if row != brackets:
        raise ValueError("the rows differ in length")
    return tuple(shape)


def whole_numbers(text: str) -> tuple[int, ...]:
    """`[0, 1]` as integers.

    Raises:
        ValueError: one is not whole, or there are brackets in the brackets.
    """
    return tuple(whole(float(part)) for part in text[1:-1].split(","))


def whole(number: float) -> int:
    """A number as an integer.

    Raises:
        ValueError: it is not whole.
    """
    if abs(number) >= 2**53 or number != int(number):
        raise ValueError(f"a whole number is needed, and not {float(number):g}")
    return int(number)


def key(text: str) -> Key:
    """`1, 0:2` as `(1, (0, 2, None))`."""
    return tuple(_part(part.strip()) for part in text.split(","))


def _part(text: str) -> int | Slice:
    if ":" not in text:
        return int(text)
    ends = [int(end) if end else None for end in text.split(":")]
    start, stop, step = [*ends, None][:3]
    return start, stop, step


def subscript(key: Key) -> tuple[Any, ...]:
    """The key as NumPy takes it."""
    return tuple(part if isinstance(part, int) else slice(*part) for part in key)


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """The axes that an option names, counted from 0; all of them for None.

    Raises:
        ValueError: the array has no such axis.
    """
    if axis is None:
        return tuple(range(rank))
    given = [whole(float(a)) for a in (axis if isinstance(axis, Sequence) else (axis,))]
    for a in given:
        if not -rank <= a < rank:
            has = f"the array has {rank} {'axis' if rank == 1 else 'axes'}"
            raise ValueError(f"there is no axis {a}: {has if rank else 'a number has none'}")
    found = tuple(a % rank for a in given)
    if len(set(found)) < len(found):
        raise ValueError("an axis is given twice")
    return found


def numpy_axis(axis: Any) -> Any:
    """An axis option as NumPy takes it."""
    if axis is None:
        return None
    if isinstance(axis, Sequence):
        return tuple(whole(float(a)) for a in axis)
    return whole(float(axis))

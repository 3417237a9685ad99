"""`--reduce`: many rows -> the sum or the mean of their values and gradients.

Sums are kept as integers, multiples of the smallest float64: exact, without an overflow. So the
result does not depend on the order of rows or parts, nor on where blocks end, and is rounded once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import fsum, inf, nan
from typing import NamedTuple, TypeAlias

from bpcalc.rows.computing import Computed, Numbers
from bpcalc.rows.plan import Block, Trouble

Exact: TypeAlias = int
"""A sum, in units of 2**-1074; of any numbers of float64 it has 2,200 bits at most."""

_UNIT = 1 << 1074
"""So many of them are 1."""


class Partial(NamedTuple):
    """What is known of some of the rows."""

    rows: int
    bad: int
    sums: tuple[Exact, ...]
    """Of the rows that could be computed: of the value, then of each gradient."""
    first: tuple[str, Trouble] | None
    """The file and the line of the first row that could not be."""


Partially: TypeAlias = Callable[[Block], Partial]

_LARGE = 2.0**960
"""The sum of 2**63 smaller numbers does not overflow."""

REDUCTIONS = ("mean", "sum")


def nothing(width: int) -> Partial:
    """What is known of no rows."""
    return Partial(0, 0, (0,) * width, None)


def partial(file: str, rows: int, computed: Computed, width: int) -> Partial:
    """What is known of the rows of a block."""
    left_out = set(computed.bad)
    good = computed.results
    if left_out:
        good = [found for row, found in enumerate(good) if row not in left_out]
    sums = tuple(exact(column) for column in zip(*good)) or (0,) * width
    first = None if computed.first is None else (file, computed.first)
    return Partial(rows, len(left_out), sums, first)


def merged(a: Partial, b: Partial) -> Partial:
    """What is known of both; a's rows come before b's."""
    sums = tuple(map(int.__add__, a.sums, b.sums))
    return Partial(a.rows + b.rows, a.bad + b.bad, sums, a.first or b.first)


def reduced(how: str, found: Partial) -> Numbers:
    """The value and the gradient over all rows that could be computed.

    The sum of no rows is 0; their mean is NaN.
    """
    count = found.rows - found.bad
    if how == "mean" and not count:
        return (nan,) * len(found.sums)
    return tuple(_rounded(total, count if how == "mean" else 1) for total in found.sums)


def _rounded(total: Exact, count: int) -> float:
    """A sum divided by a count."""
    try:
        return total / (count * _UNIT)  # Python rounds quotients of integers correctly
    except OverflowError:
        return inf if total > 0 else -inf


def exact(numbers: Sequence[float]) -> Exact:
    """The sum of finite numbers.

    `math.fsum` gives it rounded, then what that left out, and so on: two or three rounds for the
    numbers of a block.
    """
    rest = list(numbers)
    found = 0
    try:
        while total := fsum(rest):
            found += _units(total)
            rest.append(-total)
    except OverflowError:
        small = [number for number in numbers if abs(number) < _LARGE]
        return exact(small) + sum(_units(n) for n in numbers if abs(n) >= _LARGE)
    return found


def _units(number: float) -> Exact:
    numerator, denominator = number.as_integer_ratio()
    return numerator * (_UNIT // denominator)

"""`--reduce`: many rows -> the sum or the mean of their values and gradients.

Sums are kept as numbers that do not overlap, whose exact sum is the sum so far (Shewchuk 1997,
"Adaptive Precision Floating-Point Arithmetic", as in `math.fsum`): so the result does not depend
on where blocks end, nor on the order in which parts are merged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import fsum, inf, isfinite, nan
from typing import NamedTuple, TypeAlias

from bpcalc.rows.computing import Computed, Numbers
from bpcalc.rows.plan import Block, Trouble

Exact: TypeAlias = "tuple[float, ...]"
"""A sum, as numbers that do not overlap."""


class Partial(NamedTuple):
    """What is known of some of the rows."""

    rows: int
    bad: int
    sums: tuple[Exact, ...]
    """Of the rows that could be computed: of the value, then of each gradient."""
    first: tuple[str, Trouble] | None
    """The file and the line of the first row that could not be."""


Partially: TypeAlias = Callable[[Block], Partial]

_FEW = 8

REDUCTIONS = ("mean", "sum")


def nothing(width: int) -> Partial:
    """What is known of no rows."""
    return Partial(0, 0, ((),) * width, None)


def partial(file: str, rows: int, computed: Computed, width: int) -> Partial:
    """What is known of the rows of a block."""
    left_out = set(computed.bad)
    good = computed.results
    if left_out:
        good = [found for row, found in enumerate(good) if row not in left_out]
    sums = tuple(_exact(column) for column in zip(*good)) or ((),) * width
    first = None if computed.first is None else (file, computed.first)
    return Partial(rows, len(left_out), sums, first)


def merged(a: Partial, b: Partial) -> Partial:
    """What is known of both; a's rows come before b's."""
    sums = tuple(_added(x, y) for x, y in zip(a.sums, b.sums))
    return Partial(a.rows + b.rows, a.bad + b.bad, sums, a.first or b.first)


def reduced(how: str, found: Partial) -> Numbers:
    """The value and the gradient over all rows that could be computed.

    The sum of no rows is 0; their mean is NaN.
    """
    count = found.rows - found.bad
    sums = tuple(map(_total, found.sums))
    if how == "sum":
        return sums
    return tuple(total / count if count else nan for total in sums)


def _total(numbers: Iterable[float]) -> float:
    try:
        return fsum(numbers)
    except OverflowError:
        return inf
    except ValueError:  # both inf and -inf
        return nan


def _added(a: Exact, b: Exact) -> Exact:
    """The exact sum of both, in numbers that do not overlap."""
    found = list(a)
    for x in b:
        kept = []
        for y in found:
            if abs(x) < abs(y):
                x, y = y, x
            high = x + y
            if not isfinite(high):
                return (high,)
            low = y - (high - x)
            if low:
                kept.append(low)
            x = high
        found = [*kept, x]
    return tuple(found) if len(found) <= _FEW else _exact(found)


def _exact(numbers: Iterable[float]) -> Exact:
    """Their exact sum in as few numbers as it takes: 2,100 bits are 40 of them at most.

    Each is the sum rounded, and what that leaves out is summed again: two or three rounds for the
    numbers of a block.
    """
    rest = list(numbers)
    found: list[float] = []
    while total := _total(rest):
        if not isfinite(total):
            return (total,)
        found.insert(0, total)
        rest.append(-total)
    return tuple(found)

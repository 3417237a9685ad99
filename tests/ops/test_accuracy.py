"""Value and slope keep nine digits wherever float64 can hold them, also at saturation."""

from __future__ import annotations

import math

import mpmath
import pytest
from every_op import LARGEST, SMALLEST, VARIANTS, extreme_points, name, truth, value_and_slopes

from bpcalc.ops import Op

TOLERANCE = 1e-9


def is_beyond_mpmath(op: Op, args: tuple[float, ...]) -> bool:
    """mpmath walks from a negative number up to 0 in steps of 1 for gamma's derivatives."""
    return "gamma" in op.name and args[0] < -1000


def is_close(got: float, true: mpmath.mpf) -> bool:
    if abs(true) > LARGEST:  # of (-2.0)**1e160 the sign is lost with the last bit of 1e160
        return math.isinf(got)
    if abs(true) < 10 * SMALLEST:  # float64 has fewer digits there, and from 5e-324 on none
        return abs(got) < 20 * SMALLEST
    return math.isfinite(got) and bool(abs(mpmath.mpf(got) - true) <= abs(true) * TOLERANCE)


def is_off_by_the_library(op: Op, got: float, true: mpmath.mpf) -> bool:
    """C's lgamma is right to 1e-15 beside its roots at 1 and 2: few digits of a small number."""
    return op.primitive and bool(abs(mpmath.mpf(got) - true) <= 1e-15)


@pytest.mark.parametrize("op", VARIANTS, ids=name)
def test_value_and_slope_keep_nine_digits_at_extreme_points(op: Op) -> None:
    wrong = []
    for args in extreme_points(op):
        if is_beyond_mpmath(op, args):
            continue
        try:
            exact = truth(op, args)
        except (ZeroDivisionError, OverflowError):
            continue  # an infinite slope, or a number that mpmath cannot hold: nothing to compare
        for index, (got, true) in enumerate(zip(value_and_slopes(op, args), exact)):
            if not isinstance(true, mpmath.mpf):
                continue  # (-2)**3 has no real slope by its exponent
            if index == 0 and is_off_by_the_library(op, got, true):
                continue
            if not is_close(got, true):
                what = f"the slope by input {index}" if index else "the value"
                wrong.append(f"{what} at {args} is {got}, and should be {mpmath.nstr(true, 17)}")
    assert not wrong, "\n".join(wrong[:10])

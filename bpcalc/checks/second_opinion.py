"""SymPy's derivatives of the whole formula, evaluated: the reference has to agree with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import mpmath
import sympy
from mpmath import mpf

from bpcalc.checks.reference import (
    BEYOND,
    COARSE,
    COMPUTING_FAILS,
    DIGITS,
    FINE,
    FINEST,
    LARGEST,
    number,
    real,
)
from bpcalc.checks.symbolic import MODULES, Expression, MpNumber
from bpcalc.ops.constants import Constant


def evaluated(
    expressions: Sequence[Expression], variables: Mapping[str, Constant]
) -> list[float | None]:
    """The expressions at these values as floats; None where two precisions do not agree on one.

    The code that SymPy generates for it names its slots v0, v1, ...: no text of the formula.
    """
    slots = {
        sympy.Symbol(name, real=True): sympy.Symbol(f"v{k}", real=True)
        for k, name in enumerate(variables)
    }
    found = []
    for expression in expressions:
        try:
            function = sympy.lambdify(list(slots.values()), expression.xreplace(slots), MODULES)
            found.append(_agreed(function, list(variables.values())))
        except (*COMPUTING_FAILS, RecursionError, SyntaxError, NameError, KeyError):
            found.append(None)
    return found


def _agreed(function: Callable[..., MpNumber], values: Sequence[Constant]) -> float | None:
    """What two precisions agree on; a 0 may be one that needs more digits."""
    coarse = None
    for digits in (COARSE, FINE, FINEST, BEYOND):
        with mpmath.workdps(digits):
            fine = real(function(*[number(value) for value in values]))
        if coarse is not None and fine is not None and abs(fine) <= LARGEST:
            last = digits == BEYOND
            if abs(fine - coarse) <= abs(fine) * mpf(10) ** -DIGITS and (fine or last):
                return float(fine)
        coarse = fine
    return None

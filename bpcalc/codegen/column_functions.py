"""A name that operations are declared with -> the function for columns, called with `out`."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy

from bpcalc.ops import TABLE
from bpcalc.ops.domain import EVERYWHERE


@cache
def function(name: str) -> Callable[..., Any]:
    """NumPy's; what NumPy lacks (erf, erfc, gamma, lgamma) is SciPy's or Python's."""
    return getattr(numpy, name, None) or _of_scipy(name) or _by_python(name)


def _of_scipy(name: str) -> Callable[..., Any] | None:
    """The same function of SciPy, where that is installed."""
    try:
        from scipy import special
    except ImportError:
        return None
    found: Callable[..., Any] = getattr(special, {"lgamma": "gammaln"}.get(name, name))
    domain = TABLE[name].domain
    if domain is EVERYWHERE:
        return found

    def within_domain(column: Any, out: Any) -> None:
        undefined = ~numpy.asarray(domain.contains(column))  # SciPy has inf at the poles of gamma
        found(column, out=out)
        numpy.copyto(out, math.nan, where=undefined)

    return within_domain


def _by_python(name: str) -> Callable[..., Any]:
    """Python's function, element by element."""
    scalar = TABLE[name].scalar

    def guarded(x: float) -> float:
        try:
            return float(scalar(x))
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    elementwise = numpy.frompyfunc(guarded, 1, 1)

    def applied(column: Any, out: Any) -> None:
        numpy.copyto(out, elementwise(column), casting="unsafe")

    return applied

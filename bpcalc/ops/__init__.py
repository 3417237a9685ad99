"""What the language can compute: every operation, declared once, one file per family."""

from bpcalc.ops import (  # noqa: F401  (importing a family enters its operations)
    comparisons,
    choices,
    logic,
    exponential,
    arithmetic,
    rounding,
    trigonometric,
    hyperbolic,
    special,
    activations,
)
from bpcalc.ops.op import FUNCTIONS, OPERATORS, TABLE, Op

__all__ = ["FUNCTIONS", "OPERATORS", "TABLE", "Op"]

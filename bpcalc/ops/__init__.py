"""What the language can compute: every operation, declared once, one file per family."""

from bpcalc.ops import (  # noqa: F401, I001  (this enters the families, in this order)
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
    layout,
    reductions,
    linear,
    losses,
    networks,
)
from bpcalc.ops.op import FUNCTIONS, OPERATORS, TABLE, Op

__all__ = ["FUNCTIONS", "OPERATORS", "TABLE", "Op"]

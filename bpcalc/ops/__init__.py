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
)
from bpcalc.ops.op import FUNCTIONS, OPERATORS, TABLE, Op

__all__ = ["FUNCTIONS", "OPERATORS", "TABLE", "Op", "load_arrays"]


def load_arrays() -> None:
    """Enter the families that work on arrays, too: 20 ms that a formula of numbers can do without.

    Whoever looks up an operation that is not in the tables yet calls this first.
    """
    from bpcalc.ops import on_arrays  # noqa: F401

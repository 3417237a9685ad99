"""The families of operations on arrays; importing this enters them into the tables."""

from bpcalc.ops import (  # noqa: F401, I001  (in this order)
    layout,
    reductions,
    softmax,
    linear,
    losses,
    networks,
)

"""and, or, not: 1 for true, 0 for false; no gradient flows through them."""

from __future__ import annotations

from bpcalc.ops.choices import where
from bpcalc.ops.op import Value, elementwise


@elementwise(
    lambda a, b: where(a, where(b, 1, 0), 0), symbol="and", latex=r"{a} \land {b}", switch=True
)
def and_(y: Value, a: Value, b: Value) -> Value:
    """1 where neither a nor b is 0, else 0."""
    return 0, 0


@elementwise(
    lambda a, b: where(a, 1, where(b, 1, 0)), symbol="or", latex=r"{a} \lor {b}", switch=True
)
def or_(y: Value, a: Value, b: Value) -> Value:
    """1 where a or b is not 0, else 0."""
    return 0, 0


@elementwise(lambda x: where(x, 0, 1), symbol="not", latex=r"\lnot {x}", switch=True)
def not_(y: Value, x: Value) -> Value:
    """1 where x is 0, else 0."""
    return 0

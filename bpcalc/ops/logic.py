"""and, or, not: 1 for true, 0 for false; no gradient flows through them."""

from __future__ import annotations

from bpcalc.ops.choices import where
from bpcalc.ops.declare import elementwise
from bpcalc.ops.domain import Kink
from bpcalc.ops.op import Value


def _zero(example: str) -> Kink:
    return Kink(
        "an input is 0: the result switches there",
        at=lambda *xs: sum(x == 0 for x in xs) > 0,
        ours="0",
        torch="no gradient",
        jax="0",
        example=example,
        jump=True,
    )


@elementwise(
    lambda a, b: where(a, where(b, 1, 0), 0),
    symbol="and",
    kink=_zero("0 and 1"),
    latex=r"{a} \land {b}",
    switch=True,
)
def and_(y: Value, a: Value, b: Value) -> Value:
    """1 where neither a nor b is 0, else 0."""
    return 0, 0


@elementwise(
    lambda a, b: where(a, 1, where(b, 1, 0)),
    symbol="or",
    kink=_zero("0 or 0"),
    latex=r"{a} \lor {b}",
    switch=True,
)
def or_(y: Value, a: Value, b: Value) -> Value:
    """1 where a or b is not 0, else 0."""
    return 0, 0


@elementwise(
    lambda x: where(x, 0, 1), symbol="not", kink=_zero("not 0"), latex=r"\lnot {x}", switch=True
)
def not_(y: Value, x: Value) -> Value:
    """1 where x is 0, else 0."""
    return 0

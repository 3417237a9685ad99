"""Comparisons: 1 for true, 0 for false; no gradient flows through them."""

from __future__ import annotations

import operator

from bpcalc.ops.declare import elementwise
from bpcalc.ops.domain import Kink
from bpcalc.ops.op import Value


def _switch(sign: str) -> Kink:
    return Kink(
        "a and b are equal: the result switches there",
        at=lambda a, b: a == b,
        ours="0",
        torch="no gradient",
        jax="0",
        example=f"1 {sign} 1",
        jump=True,
    )


@elementwise(operator.lt, symbol="<", sympy="Lt", latex="{a} < {b}", switch=True, kink=_switch("<"))
def less(y: Value, a: Value, b: Value) -> Value:
    """1 where a is less than b, else 0."""
    return 0, 0


@elementwise(
    operator.le, symbol="<=", sympy="Le", latex=r"{a} \le {b}", switch=True, kink=_switch("<=")
)
def less_equal(y: Value, a: Value, b: Value) -> Value:
    """1 where a is at most b, else 0."""
    return 0, 0


@elementwise(operator.gt, symbol=">", sympy="Gt", latex="{a} > {b}", switch=True, kink=_switch(">"))
def greater(y: Value, a: Value, b: Value) -> Value:
    """1 where a is greater than b, else 0."""
    return 0, 0


@elementwise(
    operator.ge, symbol=">=", sympy="Ge", latex=r"{a} \ge {b}", switch=True, kink=_switch(">=")
)
def greater_equal(y: Value, a: Value, b: Value) -> Value:
    """1 where a is at least b, else 0."""
    return 0, 0


@elementwise(
    operator.eq, symbol="==", sympy="Eq", latex="{a} = {b}", switch=True, kink=_switch("==")
)
def equal(y: Value, a: Value, b: Value) -> Value:
    """1 where a and b are the same number, else 0."""
    return 0, 0


@elementwise(
    operator.ne, symbol="!=", sympy="Ne", latex=r"{a} \ne {b}", switch=True, kink=_switch("!=")
)
def not_equal(y: Value, a: Value, b: Value) -> Value:
    """1 where a and b differ, else 0."""
    return 0, 0

"""The absolute value, the sign, and rounding to whole numbers."""

from __future__ import annotations

from bpcalc.ops.choices import where
from bpcalc.ops.declare import elementwise
from bpcalc.ops.domain import Kink
from bpcalc.ops.op import Value


@elementwise(
    "abs",
    sympy="Abs",
    latex=r"\left|{x}\right|",
    kink=Kink("x is 0", lambda x: x == 0, ours="0", torch="0", jax="1", example="abs(0)"),
)
def abs_(y: Value, x: Value) -> Value:
    """The absolute value."""
    return sign(x)


@elementwise(
    lambda x: where(x > 0, 1, where(x < 0, -1, x)),
    sympy="sign",
    latex=r"\operatorname{{sgn}}\left({x}\right)",
    kink=Kink(
        "x is 0: the result jumps there",
        at=lambda x: x == 0,
        ours="0",
        torch="0",
        jax="0",
        example="sign(0)",
        jump=True,
    ),
)
def sign(y: Value, x: Value) -> Value:
    """1 for positive numbers, -1 for negative ones, 0 for 0."""
    return 0


def _jump(example: str) -> Kink:
    return Kink(
        "x is a whole number: the result jumps there",
        at=lambda x: x % 1 == 0,
        ours="0",
        torch="0",
        jax="0",
        example=example,
        jump=True,
    )


@elementwise("floor", latex=r"\left\lfloor {x} \right\rfloor", kink=_jump("floor(2)"))
def floor(y: Value, x: Value) -> Value:
    """The greatest whole number that is not above x."""
    return 0


@elementwise("ceil", sympy="ceiling", latex=r"\left\lceil {x} \right\rceil", kink=_jump("ceil(2)"))
def ceil(y: Value, x: Value) -> Value:
    """The least whole number that is not below x."""
    return 0

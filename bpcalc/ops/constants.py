"""Numbers that know what they stand for: `0.1` as typed, the exact pi.

A `Constant` is a float wherever floats are computed with. What it stands for is its `text`, a
decimal or the name of an exact constant; the 50-digit reference and SymPy read that.
"""

from __future__ import annotations

import math


class Constant(float):
    """A float64 that remembers the decimal, or the exact constant, that it was rounded from."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, value: float, text: str) -> Constant:
        self = super().__new__(cls, value)
        self.text = text
        return self

    def __repr__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[type[Constant], tuple[float, str]]:
        return Constant, (float(self), self.text)


PI = Constant(math.pi, "pi")
E = Constant(math.e, "e")
TAU = Constant(math.tau, "tau")
LN2 = Constant(math.log(2.0), "log(2)")
LN10 = Constant(math.log(10.0), "log(10)")
SQRT2 = Constant(math.sqrt(2.0), "sqrt(2)")
SQRT_PI = Constant(math.sqrt(math.pi), "sqrt(pi)")
SQRT_TAU = Constant(math.sqrt(math.tau), "sqrt(2*pi)")


NAMED = {**{constant.text: constant for constant in (PI, E, TAU)}, "π": PI}
"""Constants that a formula may use by name, unless the user binds the name."""

"""Numbers as text: rounded for people, in their shortest form for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bpcalc.ops.op import Value

DIGITS = 9
"""Significant digits of tables and traces, unless asked otherwise."""


INLINE = 24
"""Elements of the largest array that is written in full."""


def rounded(value: Value, digits: int = DIGITS) -> str:
    """`value` to significant digits: 42.0 as `42`, minus zero as `0`.

    An array in full, `[[1, 2], [3, 4]]`, or if it is large its shape and what it is like.
    """
    if getattr(value, "shape", ()):
        return _listed(value.tolist(), digits) if value.size <= INLINE else summary(value, digits)
    text = f"{value:.{digits}g}"
    return "0" if text == "-0" else text


def _listed(value: Value, digits: int) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_listed(entry, digits) for entry in value)}]"
    return rounded(value, digits)


def summary(array: Value, digits: int) -> str:
    """`(64, 100): min -1.5, max 3, mean 0.25, norm 12`."""
    import math

    few = min(digits, 4)
    norm = math.sqrt(float((array * array).sum()))
    numbers = {"min": array.min(), "max": array.max(), "mean": array.mean(), "norm": norm}
    told = ", ".join(f"{name} {rounded(float(number), few)}" for name, number in numbers.items())
    return f"{array.shape}: {told}"


def is_large(value: Value) -> bool:
    """Whether it is an array that is not written in full."""
    return getattr(value, "size", 1) > INLINE


def shortest(value: Value | None) -> str:
    """The shortest text that reads back to the same float64; empty for None."""
    if value is None:
        return ""
    if getattr(value, "shape", ()):
        return str(value.tolist()).replace("nan", "NaN").replace("inf", "Infinity")
    if value != value:
        return "NaN"
    return repr(value).replace("inf", "Infinity")

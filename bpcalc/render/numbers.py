"""Numbers as text: rounded for people, in their shortest form for programs."""

from __future__ import annotations

DIGITS = 9
"""Significant digits of tables and traces, unless asked otherwise."""


def rounded(value: float, digits: int = DIGITS) -> str:
    """`value` to significant digits: 42.0 as `42`, minus zero as `0`."""
    text = f"{value:.{digits}g}"
    return "0" if text == "-0" else text


def shortest(value: float | None) -> str:
    """The shortest text that reads back to the same float64; empty for None."""
    if value is None:
        return ""
    if value != value:
        return "NaN"
    return repr(value).replace("inf", "Infinity")

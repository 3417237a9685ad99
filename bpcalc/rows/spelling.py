"""How numbers are written in tables: the shortest text that reads back to the same float64.

One spelling for every way rows are computed, so that all give the same bytes: that of Python's
`repr`, but 1e-05 is 0.00001 and 1e-07 is 1e-7, as Polars has it. What is not finite is
`NaN` in the cells of rows; in those of their reduction it is said in full.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

NAN = "NaN"
INFINITY = "Infinity"

_PADDED = "e-0"
"""Only exponents from -5 to -9 are spelled otherwise."""


def shortest(number: float) -> str:
    """The spelling of one finite number."""
    text = repr(number)
    return _unpadded(text) if _PADDED in text else text


def spelled(numbers: Iterable[float]) -> list[str]:
    """Numbers of which all are finite."""
    texts = list(map(repr, numbers))
    if _PADDED in " ".join(texts):
        return [_unpadded(text) if _PADDED in text else text for text in texts]
    return texts


def spelled_or_nan(numbers: Iterable[float]) -> list[str]:
    """Numbers of which some may not be finite."""
    return [shortest(number) if isfinite(number) else NAN for number in numbers]


def spelled_in_full(numbers: Iterable[float]) -> list[str]:
    """Numbers of which some may be infinite or none, and are said to be."""
    return [shortest(number) if isfinite(number) else _not_finite(number) for number in numbers]


def _not_finite(number: float) -> str:
    if number != number:
        return NAN
    return INFINITY if number > 0 else f"-{INFINITY}"


def _unpadded(text: str) -> str:
    digits, _, exponent = text.partition(_PADDED)
    if exponent != "5":
        return f"{digits}e-{exponent}"
    sign = "-" if digits[0] == "-" else ""
    return f"{sign}0.0000{digits.lstrip('-').replace('.', '')}"

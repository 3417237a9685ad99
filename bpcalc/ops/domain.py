"""Where an operation is defined, and where its derivative is a choice.

Both are declared with the operation, and serve the error messages, the points the tests draw,
the warnings at kinks and `bpcalc ops NAME`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple


class Domain(NamedTuple):
    """The inputs for which an operation is a real number."""

    words: str
    """What it needs, to be read after "NAME needs": `a number above 0`."""
    contains: Callable[..., bool]
    """Whether it is defined at these inputs (one argument per input, options by keyword)."""
    low: float = -math.inf
    """No input below this lies in the domain (where all tests should draw from)."""
    high: float = math.inf
    of: int | None = None
    """Which input it concerns, where that is one of several."""
    hint: str = ""
    """What to write instead; `{x}` is the text of the first input."""


EVERYWHERE = Domain("any numbers", lambda *_, **__: True)


def above(bound: float, hint: str = "") -> Domain:
    """Every number greater than `bound`."""
    return Domain(f"a number above {bound:g}", lambda x: x > bound, low=bound, hint=hint)


def at_least(bound: float, hint: str = "") -> Domain:
    """`bound` and every greater number."""
    return Domain(f"a number of at least {bound:g}", lambda x: x >= bound, low=bound, hint=hint)


def within(low: float, high: float) -> Domain:
    """The closed interval [low, high]."""
    words = f"a number from {low:g} to {high:g}"
    return Domain(words, lambda x: (low <= x) & (x <= high), low=low, high=high)


def between(low: float, high: float) -> Domain:
    """The open interval (low, high)."""
    words = f"a number between {low:g} and {high:g}, bounds excluded"
    return Domain(words, lambda x: (low < x) & (x < high), low=low, high=high)


class Kink(NamedTuple):
    """Inputs at which the derivative does not exist, and what is returned there."""

    when: str
    """The inputs in words: `x is 0`."""
    at: Callable[..., Any]
    """Whether these inputs are such a place."""
    ours: str
    """The convention that bpcalc follows, in words."""
    torch: str
    """What PyTorch returns there."""
    jax: str
    """What JAX returns there."""
    example: str
    """A call that sits on the kink: `abs(0)`."""
    jump: bool = False
    """Whether the value itself jumps there: then no gradient near it can be trusted, not even 0."""

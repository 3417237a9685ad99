"""What a language is to the writer of expressions: how it spells operations and numbers.

An operation is a template and how tightly it binds, as is known of its inputs what they need to
stand there without brackets: so expressions get the brackets they need and no others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

CHOICE, OR, AND, NOT, COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(10)
"""How tightly the outermost operator of a text binds, from the loosest."""


class Form(NamedTuple):
    """How a language writes an operation."""

    template: str
    binding: int
    needs: tuple[int, ...]
    """How tightly each input has to bind to stand there without brackets."""


def call(name: str, inputs: int = 1) -> Form:
    """The form of a function's call."""
    return Form(f"{name}({', '.join(['{}'] * inputs)})", ATOM, (CHOICE,) * inputs)


def _comparison(sign: str) -> Form:
    return Form(f"{{}} {sign} {{}}", COMPARISON, (SUM, SUM))


ARITHMETIC = {
    "add": Form("{} + {}", SUM, (SUM, PRODUCT)),
    "sub": Form("{} - {}", SUM, (SUM, PRODUCT)),
    "mul": Form("{}*{}", PRODUCT, (PRODUCT, POWER)),
    "div": Form("{}/{}", PRODUCT, (PRODUCT, POWER)),
    "neg": Form("-{}", SIGN, (POWER,)),
    "less": _comparison("<"),
    "less_equal": _comparison("<="),
    "greater": _comparison(">"),
    "greater_equal": _comparison(">="),
    "equal": _comparison("=="),
    "not_equal": _comparison("!="),
}
"""What all languages write alike. Sums and products keep their order: each rounds by itself."""

SIGNS_OF_C = {
    **ARITHMETIC,
    "and": Form("{} && {}", AND, (AND, NOT)),
    "or": Form("{} || {}", OR, (NOT, NOT)),  # compilers want brackets around && beside ||
    "not": Form("!{}", SIGN, (ATOM,)),
    "where": Form("{0} ? {1} : {2}", CHOICE, (OR, OR, CHOICE)),
}
"""What C and JavaScript write alike."""


@dataclass(frozen=True)
class Language:
    """How expressions are written in a language."""

    title: str
    """What messages call it."""
    forms: Mapping[str, Form]
    """By operation of a program; one that is not there the language lacks."""
    number: Callable[[float], str]
    """The shortest text that reads back to the same float64."""
    power: Callable[[float], Form | None] = lambda exponent: None
    """The form of a power with this exponent, where it has one of its own."""
    square: Form | None = None
    """The form of a square, where it is written as a product: the name stands there twice."""
    lazy: bool = True
    """Whether a branch of `where` can be left out; of arrays every branch is computed."""
    deepest: int = 30
    """How many brackets may stand in each other."""


_LARGEST_POWER = 100


def raised(exponent: float) -> Form | None:
    """`x**2` for the small whole exponents that people write."""
    if exponent % 1 == 0 and abs(exponent) <= _LARGEST_POWER:
        return Form(f"{{}}**{int(exponent)}", POWER, (ATOM,))
    return None


def numbers(
    inf: str,
    nan: str,
    named: Mapping[str, float] | None = None,
    plain: Callable[[float], str] = repr,
) -> Callable[[float], str]:
    """A speller of numbers; `named` are constants that the language has, equal to the bit."""
    names = {value: name for name, value in (named or {}).items()}

    def number(value: float) -> str:
        if value in names:
            return names[value]
        if math.isnan(value):
            return nan
        if math.isinf(value):
            return inf if value > 0 else f"-{inf}"
        return plain(value)

    return number


def without_point(value: float) -> str:
    """A whole number without `.0`, for languages that know only one kind of number."""
    return repr(value).removesuffix(".0")

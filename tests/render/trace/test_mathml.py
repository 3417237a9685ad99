"""MathML says what the formula says: it is read back, as a reader sees it, and computed."""

from __future__ import annotations

import math
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from engine.random_formulas import formulas, points
from hypothesis import given, settings

import bpcalc
from bpcalc.checks.check import Derivative
from bpcalc.ops import TABLE
from bpcalc.ops.describe import called, meaning
from bpcalc.render.sentences import ENGLISH
from bpcalc.render.trace import mathml
from bpcalc.render.trace.mathml import MathML
from bpcalc.render.trace.story import chapters, story

A1 = bpcalc.grad("x**2*y + y + 2", x=3, y=4)
NOTATION = MathML(A1, ENGLISH, 9)


def drawn(formula: str) -> Element:
    """The <math> of a formula."""
    derivative = Derivative(formula, None)  # type: ignore[arg-type]
    return ElementTree.fromstring(mathml.math(NOTATION.symbolic(derivative)))


SIGNS = {"·": "*", "×": "*", "−": "-", "≤": "<=", "≥": ">=", "≠": "!=", "\u2061": ""}

FENCES = {"||": "abs", "⌊⌋": "floor", "⌈⌉": "ceil"}


def read(seen: Element) -> str:
    """What a reader sees, as formula text; brackets only where there are some, or a line."""
    parts = [read(part) for part in seen]
    match seen.tag:
        case "mi" | "mn":
            return (seen.text or "").replace("π", "pi")
        case "mo":
            sign = SIGNS.get(seen.text or "", seen.text or "")
            return f" {sign} " if sign.isalpha() else sign
        case "mfrac":
            return "(({})/({}))".format(*parts)
        case "msup":
            bare = [part.tag for part in seen[0]] == ["mfrac"]
            assert not bare, "a fraction under an exponent wants brackets"
            return "{}**({})".format(*parts)
        case "msub":
            return "".join(parts)
        case "msqrt":
            return f"sqrt({''.join(parts)})"
        case "mroot":
            return f"cbrt({parts[0]})"
        case "mrow" if len(seen) > 2 and f"{seen[0].text}{seen[-1].text}" in FENCES:
            function = FENCES[f"{seen[0].text}{seen[-1].text}"]
            return f"{function}({''.join(parts[1:-1])})"
        case "mrow" | "math":
            return "".join(parts)
    raise AssertionError(f"<{seen.tag}> is not expected")


def value(formula: str, point: dict[str, float]) -> float:
    """The value of a formula that need not have all of the names."""
    needed = {name: point[name] for name in bpcalc.parse(formula).variables}
    return float(bpcalc.grad(formula, needed, check=False).value)


@settings(deadline=None)
@given(formulas(most=5), points)
def test_what_is_drawn_is_the_formula(formula: str, point: dict[str, float]) -> None:
    seen = read(drawn(formula))
    assert value(seen, point) == pytest.approx(value(formula, point), rel=1e-9, nan_ok=True), seen


@pytest.mark.parametrize(
    "formula",
    [
        "(-x)^2", "-(x^2)", "-(-x)", "x - (y - z)", "x - (-y)", "(x/y)^z", "x/y/z", "x/(y/z)",
        "(x^y)^z", "x^y^z", "x^(-2)", "(x + y)*z", "2*(-x)", "(1e-9*x)^2", "1e-9^2 + 2^1e-9",
        "abs(x - y)*floor(z)", "sqrt(x)^3 + cbrt(x)", "not (x < y)",
        "leaky_relu(-x, negative_slope=0.3)",
    ],
)  # fmt: skip
def test_brackets_stand_where_they_are_needed(formula: str) -> None:
    point = {"x": 1.5, "y": 2.5, "z": 3}
    seen = read(drawn(formula))
    assert value(seen, point) == pytest.approx(value(formula, point), rel=1e-12), seen


@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_every_operation_and_its_meaning_is_well_formed(op: bpcalc.ops.Op) -> None:
    for term in called(op), meaning(op):
        if term is not None:
            written = NOTATION.formula(term, NOTATION.label)
            ElementTree.fromstring(mathml.math(written))


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("x", "<mi>x</mi>"),
        ("w41", "<msub><mi>w</mi><mn>41</mn></msub>"),
        ("w_41", "<msub><mi>w</mi><mn>41</mn></msub>"),
        ("net_h1", "<msub><mi>net</mi><mi>h1</mi></msub>"),
        ("σ₁", "<msub><mi>σ</mi><mn>1</mn></msub>"),
        ("x′", "<mi>x′</mi>"),
        ("_", "<mi>_</mi>"),
        ("a<b>&", "<mi>a&lt;b&gt;&amp;</mi>"),
    ],
)
def test_an_index_is_lowered(name: str, seen: str) -> None:
    assert mathml.name(name) == seen


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (0.5, "0.5"),
        (-3, "-3"),
        (1e-5, "1*10**(-5)"),
        (-2.5e20, "-2.5*10**(20)"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (math.nan, "NaN"),
    ],
)
def test_a_number_has_its_exponent_as_a_power_of_ten(value: float, seen: str) -> None:
    assert read(ElementTree.fromstring(mathml.math(NOTATION.number(value)))) == seen


def test_a_derivative_that_is_no_formula_stays_as_sympy_writes_it() -> None:
    derivative = Derivative("Piecewise((1, x < 2), (0, True))", None)  # type: ignore[arg-type]
    written = mathml.math(NOTATION.symbolic(derivative))
    assert written == "<code>Piecewise((1, x &lt; 2), (0, True))</code>"


def test_a_line_of_the_backward_pass_is_a_chain_of_fractions() -> None:
    told = {chapter.key: list(chapter.lines) for chapter in chapters(story(A1, ENGLISH), NOTATION)}
    line = told["backward"][3]
    sides = [read(ElementTree.fromstring(mathml.math(side))) for side in line.sides]
    assert read(ElementTree.fromstring(mathml.math(line.left))) == "((∂f)/(∂n4))"
    assert sides == ["((∂f)/(∂n5))*((∂n5)/(∂n4))", "1*y", "1*4", "4"]


def test_words_stand_outside_of_the_mathematics() -> None:
    told = {chapter.key: list(chapter.lines) for chapter in chapters(story(A1, ENGLISH), NOTATION)}
    total = next(line for line in told["backward"] if "span" in line.sides[0])
    assert mathml.math(total.sides[0]) == (
        '<math displaystyle="true"><mn>9</mn></math>'
        "<span> (through <math><msub><mi>n</mi><mn>5</mn></msub></math>) </span>"
        '<math displaystyle="true"><mo form="infix">+</mo><mn>1</mn></math>'
        "<span> (through <math><msub><mi>n</mi><mn>6</mn></msub></math>) </span>"
    )

"""A node's own operation as formula text and as LaTeX."""

from __future__ import annotations

import pytest

from bpcalc.formula import parse
from bpcalc.graph.text import latex, latex_name


def last_expression(formula: str) -> str:
    graph = parse(formula)
    return graph[graph.output].expr


def last_latex(formula: str) -> str:
    graph = parse(formula)
    return latex(graph, graph.output)


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("a+b", "a + b"),
        ("a-b", "a - b"),
        ("a *  b", "a*b"),
        ("a÷b", "a/b"),
        ("a**b", "a^b"),
        ("x²", "x^2"),
        ("x**-1.50", "x^-1.50"),
        ("(-2)^2", "(-2)^2"),
        ("(-2)^b", "(-2)^b"),
        ("-x", "-x"),
        ("-(3)", "-(3)"),
        ("- -3", "-(-3)"),
        ("not a", "not a"),
        ("a and b", "a and b"),
        ("a ≤ b", "a <= b"),
        ("√x", "sqrt(x)"),
        ("ln(x)", "log(x)"),
        ("σ(x)", "sigmoid(x)"),
        ("max(a,b,2)", "max(a, b, 2)"),
        ("where(c,a,b)", "where(c, a, b)"),
        ("elu(x)", "elu(x)"),
        ("elu(x, alpha=1)", "elu(x)"),
        ("elu(x, alpha=.5)", "elu(x, alpha=.5)"),
        ("z = a*b; z + 1", "z + 1"),
        ("a*b + 1", "n4 + 1"),
        ("2*pi", "2*pi"),
        ("1_000 + x", "1000 + x"),
    ],
)
def test_a_node_is_written_as_a_formula_would_write_it(formula: str, text: str) -> None:
    assert last_expression(formula) == text


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("a + b", "a + b"),
        ("a*b", r"a \cdot b"),
        ("a/b", r"\frac{a}{b}"),
        ("x^2", "x^{2}"),
        ("(-2)^2", r"\left(-2\right)^{2}"),
        ("- -3", r"-\left(-3\right)"),
        ("sqrt(w1)", r"\sqrt{w_{1}}"),
        ("exp(x)", "e^{x}"),
        ("max(a, b, 2)", r"\max(a, b, 2)"),
        ("x + 1e-5", r"x + 1 \cdot 10^{-5}"),
        ("2*pi", r"2 \cdot \pi"),
        ("a*b + tau", r"n_{4} + \tau"),
        ("z = a*b; z + 1", "z + 1"),
    ],
)
def test_a_node_as_latex(formula: str, text: str) -> None:
    assert last_latex(formula) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x", "x"),
        ("loss", r"\mathrm{loss}"),
        ("x1", "x_{1}"),
        ("x₁", "x_{1}"),
        ("w_41", "w_{41}"),
        ("w41", "w_{41}"),
        ("σ", r"\sigma"),
        ("σ1", r"\sigma_{1}"),
        ("δ_out", r"\delta_{out}"),
        ("x_max2", "x_{max2}"),
        ("x′", "x'"),
        ("x₁′", "x_{1}'"),
        ("h_1_2", r"h_{1\_2}"),
        ("x_", r"x_{\_}"),
        ("x__", r"x_{\_\_}"),
        ("math_", r"\mathrm{math}_{\_}"),
        ("_", r"\mathrm{\_}"),
        ("_w1", r"\mathrm{\_w}_{1}"),
        ("数", "数"),
    ],
)
def test_a_name_as_latex(name: str, text: str) -> None:
    assert latex_name(name) == text

"""Statements, line breaks and comments."""

from __future__ import annotations

import pytest

from bpcalc.engine import forward
from bpcalc.errors import RequestError
from bpcalc.formula import parse


def value(formula: str, **variables: float) -> float:
    graph = parse(formula, variables)
    return forward(graph, variables)[graph.output]


@pytest.mark.parametrize(
    "formula",
    [
        "z = x + 1; z*2",
        "z = x + 1\nz*2",
        "z = x + 1;\nz*2;",
        "\n\n z = x + 1 # one\n\n# two\n z*2 # three\n\n",
        "z = x + 1；z*2",
        "z = x + 1\r\nz*2\r\n",
        ";;z = x + 1;;;z*2;;",
        "\ufeffz = x + 1\u2028z*2",
    ],
)
def test_statements_are_separated_by_line_breaks_or_semicolons(formula: str) -> None:
    assert value(formula, x=4) == 10


@pytest.mark.parametrize(
    "formula",
    [
        "(x\n+ 1)*2",
        "(\nx + 1\n)*2",
        "(x # the input\n + 1)*2",
        "max(\n  x,\n  2\n)*2 + 2",
        "max(x\n, 2)*2 + 2",
        "((x + 1)\n*2)",
        "elu(\nx,\nalpha=2)*2 + 2",
    ],
)
def test_a_line_break_inside_brackets_ends_nothing(formula: str) -> None:
    assert value(formula, x=4) == 10


@pytest.mark.parametrize("sign", ["+", "-", "*", "/", "^", "**", "<", "==", "and", "or", "≤", "·"])
def test_a_line_that_begins_with_a_binary_operator_is_refused_with_a_hint(sign: str) -> None:
    with pytest.raises(RequestError, match="a line begins with") as raised:
        parse(f"x\n{sign} y")
    assert "brackets" in raised.value.hint
    assert raised.value.span == (2, 2 + len(sign))


@pytest.mark.parametrize("formula", ["x +\ny", "x = \n y", "x*(y)^\n2", "-\nx", "not\nx"])
def test_a_line_that_is_not_finished_is_refused(formula: str) -> None:
    with pytest.raises(RequestError, match="missing"):
        parse(formula)


@pytest.mark.parametrize("formula", ["-x", "-x\n", "\n-x", "# c\n-x", "y = 2\n\n(-x)", "y = 2; -x"])
def test_the_first_line_may_begin_with_a_minus(formula: str) -> None:
    assert value(formula, x=3) == -3


@pytest.mark.parametrize("formula", ["", " ", "\n", "# nothing", ";", ";\n; # none", "\ufeff"])
def test_a_formula_without_a_statement_is_refused(formula: str) -> None:
    with pytest.raises(RequestError, match="the formula is empty") as raised:
        parse(formula)
    assert raised.value.span is None


@pytest.mark.parametrize(
    "formula", ["x = 1\nx = 2", "f(a) = a\nf = 2\nf", "x = 1; y = 2; x = 3; y"]
)
def test_a_name_gets_one_value(formula: str) -> None:
    with pytest.raises(RequestError, match="gets a value twice"):
        parse(formula)


def test_a_statement_may_give_a_constant_s_name_another_value() -> None:
    assert value("pi = 3\npi*2") == 6
    assert value("e*2", e=5) == 10


def test_the_last_statement_is_the_output_also_where_it_has_a_name() -> None:
    graph = parse("a = x\nloss = a^2")
    assert graph[graph.output].name == "loss"


def test_a_last_statement_that_only_renames_gives_its_node() -> None:
    graph = parse("a = x^2\nb = a")
    assert graph[graph.output].name == "a"
    assert graph["b"] == graph["a"]
